//! Pins: who built a project's files when they were first seen, kept in `touchplate.lock.toml`.
//!
//! [`Pins`] is the text of such a file and what it says; [`PinFile`] is the file itself, changed by one process at a time.
//! The format is described in `docs/guide/pins.md`.

mod candidate;
mod file;
mod format;

use std::fmt;

use jiff::civil::Date;
use touchplate_attest::{Mismatch, OtherIds, PinnedIds, Proven, Publisher, Verified};
use touchplate_packaging::Version;

pub use candidate::publisher_of;
pub use file::{PinFile, PinFileError, find};
pub use format::{MAX_PINS_BYTES, Pins, PinsError};

/// The name of the file.
pub const FILE_NAME: &str = "touchplate.lock.toml";

/// One identity that may build a project's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Who.
    pub who: Who,
    /// The numbers of their repository and its owner, as far as they were known. A name can come to mean somebody else.
    pub ids: PinnedIds,
    /// The release in which they were first seen.
    pub version: Version,
    /// The day.
    pub date: Date,
    /// The index that the file was from, for readers; nothing is decided by it.
    pub index: Option<String>,
}

/// Who a pin is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A publisher, in whatever release.
    Publisher(Publisher),
    /// Exactly this holder of a certificate.
    Identity {
        /// The subject alternative name.
        san: String,
        /// Who vouches for it.
        issuer: String,
    },
}

/// A proof by somebody who is pinned.
#[derive(Clone, Debug)]
pub enum Matched {
    /// By a pinned publisher.
    Publisher(Box<Verified>),
    /// By a pinned identity.
    Identity(Box<Proven>),
}

/// A proof by somebody who is not pinned.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NotPinned {
    /// Another name.
    #[error("expected {}, as pinned; found {found}", listed(pinned))]
    Other {
        /// Everybody who is pinned.
        pinned: Vec<Who>,
        /// Who it was.
        found: String,
    },
    /// The pinned name, and other numbers behind it.
    #[error("{who} is not who was pinned under that name")]
    Renumbered {
        /// The pinned name.
        who: Box<Who>,
        /// How it differs.
        source: OtherIds,
    },
}

fn listed(pinned: &[Who]) -> String {
    let shown: Vec<_> = pinned.iter().map(ToString::to_string).collect();
    shown.join(" or ")
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publisher(publisher) => f.write_str(&publisher.describe()),
            Self::Identity { san, issuer } => write!(f, "{san} (vouched for by {issuer})"),
        }
    }
}

impl Who {
    /// The holder of a proof's certificate: as a publisher where that says the same in every release, else by name; none
    /// for a certificate with several names, which would have to be told apart.
    pub fn of(proven: &Proven) -> Option<Self> {
        if let Some(publisher) = publisher_of(proven) {
            return Some(Self::Publisher(publisher));
        }
        Some(Self::Identity {
            san: proven.identity().only_san()?.as_str().to_owned(),
            issuer: proven.identity().issuer().to_owned(),
        })
    }

    fn matches(&self, proven: Proven) -> Result<Matched, Mismatch> {
        match self {
            Self::Publisher(publisher) => {
                let verified = proven.by(publisher)?;
                Ok(Matched::Publisher(Box::new(verified)))
            }
            Self::Identity { san, issuer } => {
                let proven = proven.by_identity(san, issuer)?;
                Ok(Matched::Identity(Box::new(proven)))
            }
        }
    }
}

impl Matched {
    /// The numbers behind the name.
    fn ids(&self) -> PinnedIds {
        match self {
            Self::Publisher(verified) => verified.ids(),
            Self::Identity(_) => PinnedIds::default(),
        }
    }
}

impl Pin {
    /// A pin for the holder of a proof's certificate; none where there is no telling who that is.
    pub fn of(
        proven: &Proven,
        version: &Version,
        date: Date,
        index: Option<String>,
    ) -> Option<Self> {
        let who = Who::of(proven)?;
        let ids = who.matches(proven.clone()).ok()?.ids();
        Some(Self {
            who,
            ids,
            version: version.clone(),
            date,
            index,
        })
    }

    /// Whether the proof is by whom one of `pins` is for, under the same numbers.
    ///
    /// # Errors
    /// It is by somebody else; or by somebody of the same name.
    pub fn any_matches<'p>(
        pins: impl IntoIterator<Item = &'p Self>,
        proven: &Proven,
    ) -> Result<Matched, NotPinned> {
        let mut pinned = Vec::new();
        let mut renumbered = None;
        for pin in pins {
            if let Ok(matched) = pin.who.matches(proven.clone()) {
                match pin.ids.check_ids(&matched.ids()) {
                    Ok(_) => return Ok(matched),
                    Err(source) => {
                        let who = Box::new(pin.who.clone());
                        renumbered = Some(NotPinned::Renumbered { who, source });
                    }
                }
            }
            pinned.push(pin.who.clone());
        }
        let found = Who::of(proven).map_or_else(
            || {
                let identity = proven.identity();
                format!(
                    "{} (vouched for by {})",
                    identity.san().as_str(),
                    identity.issuer()
                )
            },
            |who| who.to_string(),
        );
        Err(renumbered.unwrap_or(NotPinned::Other { pinned, found }))
    }
}

#[cfg(test)]
mod tests;

//! Whom the caller expects to have built a file: by flags, or by pins.

use std::path::PathBuf;

use jiff::Timestamp;
use touchplate_attest::{
    EnvironmentCheck, Mismatch, NoMatch, Proven, Publisher, VerificationRecord, Verified,
};
use touchplate_client::pins::{self, Matched, NotPinned, Pin, PinFile, PinFileError};

use super::judge::{Evidence, Judged};
use crate::report::{Failure, causes};

/// Whom the caller expects.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    /// Any of these publishers; one at least.
    Publishers(Vec<Publisher>),
    /// Exactly this holder of a certificate.
    Identity {
        /// The subject alternative name.
        san: String,
        /// Who vouches for it.
        issuer: String,
    },
    /// Any of those who are pinned for the file's project; one at least.
    Pinned(Vec<Pin>),
    /// The caller did not say: nothing can be the answer they want.
    Nobody,
}

/// Reads `--publisher`.
pub(crate) fn publisher(given: &str) -> Result<Publisher, String> {
    // Clap shows one text, so the causes are put into it.
    Publisher::parse(given.as_bytes())
        .map_err(|error| causes(&error).collect::<Vec<_>>().join(": "))
}

/// A proof tied to whom the caller expected, as far as they said.
#[derive(Debug)]
pub(crate) enum Tied {
    /// By one of the expected publishers.
    Publisher(Box<Verified>),
    /// By the expected identity.
    Identity(Box<Proven>),
    /// By somebody, and nobody was expected.
    Nobody(Box<Proven>),
}

/// Somebody else made it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unexpected {
    #[error(transparent)]
    Publisher(NoMatch),
    #[error("the attestation was made by another identity than expected")]
    Identity(#[source] Mismatch),
    #[error(transparent)]
    Pinned(NotPinned),
}

impl Expected {
    /// Ties a proof to whom is expected.
    pub(crate) fn tie(&self, proven: Proven) -> Result<Tied, Unexpected> {
        match self {
            Self::Publishers(publishers) => {
                let verified = proven.by_any(publishers).map_err(Unexpected::Publisher)?;
                Ok(Tied::Publisher(Box::new(verified)))
            }
            Self::Identity { san, issuer } => {
                let proven = proven
                    .by_identity(san, issuer)
                    .map_err(Unexpected::Identity)?;
                Ok(Tied::Identity(Box::new(proven)))
            }
            Self::Pinned(pins) => match Pin::any_matches(pins, &proven) {
                Ok(Matched::Publisher(verified)) => Ok(Tied::Publisher(verified)),
                Ok(Matched::Identity(proven)) => Ok(Tied::Identity(proven)),
                Err(not_pinned) => Err(Unexpected::Pinned(not_pinned)),
            },
            Self::Nobody => Ok(Tied::Nobody(Box::new(proven))),
        }
    }
}

impl Tied {
    /// What was proved.
    pub(crate) fn proven(&self) -> &Proven {
        match self {
            Self::Publisher(verified) => verified.proven(),
            Self::Identity(proven) | Self::Nobody(proven) => proven,
        }
    }

    /// The expected publisher that made it, and whether its environment could be compared.
    pub(crate) fn publisher(&self) -> Option<(&Publisher, EnvironmentCheck)> {
        match self {
            Self::Publisher(verified) => Some((verified.publisher(), verified.environment())),
            Self::Identity(_) | Self::Nobody(_) => None,
        }
    }

    /// What is kept of it where it is kept; only a match by publisher is.
    pub(crate) fn record(&self) -> Option<VerificationRecord> {
        match self {
            Self::Publisher(verified) => Some(verified.record()),
            Self::Identity(_) | Self::Nobody(_) => None,
        }
    }

    /// Whether it is whom the caller expected.
    pub(crate) fn is_expected(&self) -> bool {
        match self {
            Self::Publisher(_) | Self::Identity(_) => true,
            Self::Nobody(_) => false,
        }
    }
}

/// How the caller says whom they expect.
#[derive(Debug)]
pub(crate) enum Expectation {
    /// By flags: the same for every file.
    Flags(Expected),
    /// By pins, each project its own.
    Pins {
        /// The file of pins; perhaps one that is not there yet.
        file: Box<PinFile>,
        /// Whether who is seen first is pinned.
        first_use: bool,
    },
}

#[derive(Debug, thiserror::Error)]
#[error("there is no `{}`", .0.display())]
struct NoPins(PathBuf);

impl From<PinFileError> for Failure {
    fn from(error: PinFileError) -> Self {
        if error.is_outside() {
            return Self::outside(error);
        }
        Self::usage(error).hint("its format is described in docs/guide/pins.md")
    }
}

impl Expectation {
    /// By flags; clap lets only one kind through. None if there are no flags.
    pub(crate) fn of_flags(
        publishers: Vec<Publisher>,
        identity: Option<(String, String)>,
    ) -> Option<Self> {
        match identity {
            Some((san, issuer)) => Some(Self::Flags(Expected::Identity { san, issuer })),
            None if publishers.is_empty() => None,
            None => Some(Self::Flags(Expected::Publishers(publishers))),
        }
    }

    /// By pins: those in `lock`, or in the file that belongs to the working directory.
    pub(crate) fn of_pins(lock: Option<PathBuf>, first_use: bool) -> Result<Self, Failure> {
        let is_explicit = lock.is_some();
        let path = match lock {
            Some(path) => path,
            None => pins::find(&std::env::current_dir().unwrap_or_default()),
        };
        let file = PinFile::read(&path)?;
        if is_explicit && !first_use && !file.exists() {
            let hint = "--first-use makes it, and pins who built the files";
            return Err(Failure::usage(NoPins(path)).hint(hint));
        }
        Ok(Self::Pins {
            file: Box::new(file),
            first_use,
        })
    }

    /// Judges files in turn: who is pinned for one of them is expected of the next. On return the pins are saved.
    pub(crate) fn judge(
        &mut self,
        all: Vec<Evidence>,
        now: Timestamp,
    ) -> Result<Vec<Judged>, Failure> {
        if let Self::Pins {
            file,
            first_use: true,
        } = self
        {
            // Read again under the lock: what another process has pinned meanwhile counts.
            **file = PinFile::take(file.path())?;
        }
        let mut judged = Vec::with_capacity(all.len());
        for evidence in all {
            judged.push(match self {
                Self::Flags(expected) => evidence.tie(expected.clone(), Vec::new()),
                Self::Pins { file, first_use } => {
                    let project = evidence.target.facts.filename.project().clone();
                    let mut pinned = Vec::new();
                    if *first_use && file.pins().of(&project).is_empty() {
                        pinned = first_pins(&evidence, now);
                        for pin in &pinned {
                            let added = file.pins_mut().add(&project, pin.clone());
                            added.map_err(Failure::usage)?;
                        }
                    }
                    let pins = file.pins().of(&project).to_vec();
                    let expected = if pins.is_empty() {
                        Expected::Nobody
                    } else {
                        Expected::Pinned(pins)
                    };
                    evidence.tie(expected, pinned)
                }
            });
        }
        if let Self::Pins { file, .. } = self
            && judged.iter().any(|judged| !judged.pinned.is_empty())
        {
            file.save()?;
        }
        Ok(judged)
    }

    /// The file of pins, if it decides.
    pub(crate) fn pin_file(&self) -> Option<&PinFile> {
        match self {
            Self::Flags(_) => None,
            Self::Pins { file, .. } => Some(file),
        }
    }

    /// Who is expected of every file.
    pub(crate) fn of_every_file(&self) -> &Expected {
        match self {
            Self::Flags(expected) => expected,
            Self::Pins { .. } => &Expected::Nobody,
        }
    }
}

/// Everybody who made an attestation of a file all of whose attestations hold, each once; nobody if one of them cannot be
/// pinned, since the file would not verify the next time.
fn first_pins(evidence: &Evidence, now: Timestamp) -> Vec<Pin> {
    if !evidence.holds() {
        return Vec::new();
    }
    let version = evidence.target.facts.filename.version();
    let date = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let server = evidence.target.server.as_ref();
    let index = server.and_then(|server| Some(server.index.as_ref()?.to_string()));
    let mut pins: Vec<Pin> = Vec::new();
    for proven in evidence.proofs() {
        match Pin::of(proven, version, date, index.clone()) {
            Some(pin) if !pins.contains(&pin) => pins.push(pin),
            Some(_) => {}
            None => return Vec::new(),
        }
    }
    pins
}

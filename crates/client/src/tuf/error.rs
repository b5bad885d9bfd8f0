//! Why no trust root came of a TUF repository.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use sigstore_tuf::Error;
use touchplate_attest::domain::{DomainName, TrustConfigError};
use url::Url;

use crate::fetch::{Cause, FetchError};

/// Why no trust root came of a TUF repository.
#[derive(Debug, thiserror::Error)]
pub enum TufError {
    /// The repository, or the way to it, failed.
    #[error("the TUF repository could not be read")]
    Fetch(#[source] FetchError),
    /// A file that every repository has is not there.
    #[error("expected a TUF repository, found none: a file that it must have is missing")]
    Absent(#[source] FetchError),
    /// A file is longer than any of its kind, or than its metadata says.
    #[error("expected at most {limit} bytes, found more at {url}")]
    TooLarge {
        /// The file.
        url: Url,
        /// What it may have.
        limit: u64,
    },
    /// Metadata is no longer in force: the repository is out of date, or somebody keeps it so (a freeze attack).
    #[error(
        "the repository's {role} metadata expired at {expires}: it is out of date, or somebody holds back what is newer"
    )]
    Expired {
        /// Which metadata.
        role: String,
        /// When.
        expires: Timestamp,
    },
    /// Too few of the keys that may sign have signed.
    #[error(
        "expected {threshold} valid signatures of the repository's {role} metadata, found {found}"
    )]
    Signatures {
        /// Which metadata.
        role: String,
        /// How many keys must sign.
        threshold: usize,
        /// How many did.
        found: usize,
    },
    /// The repository offers something older than it once did (a rollback attack).
    #[error(
        "expected version {known} or later of the repository's {role} metadata, found {found}: it was newer before"
    )]
    Rollback {
        /// Which metadata.
        role: String,
        /// The version seen before.
        known: u64,
        /// The version offered.
        found: u64,
    },
    /// A root does not follow the one before it.
    #[error("expected version {expected} of the repository's root metadata, found {found}")]
    RootVersion {
        /// One more than the one before.
        expected: u64,
        /// The version offered.
        found: u64,
    },
    /// A file is not the one that its metadata names, by length or digest.
    #[error("a file of the repository is not the one that its metadata names")]
    Integrity(#[source] Error),
    /// The repository has no trust root.
    #[error("the repository does not list the target {target:?}")]
    NoTarget {
        /// The target.
        target: String,
    },
    /// Metadata is malformed, or signed in a way that is not known here.
    #[error("the repository's metadata is not readable")]
    Malformed(#[source] Error),
    /// The root to walk on from does not hold.
    #[error("the first TUF root is not usable")]
    FirstRoot(#[source] Error),
    /// There is no root to walk on from.
    #[error(
        "the trust domain {domain} has no first TUF root: none is embedded for it, and none was given"
    )]
    NoFirstRoot {
        /// The domain.
        domain: DomainName,
    },
    /// The target holds, and is no trust root.
    #[error("the repository's trust root is not usable")]
    TrustRoot(#[from] TrustConfigError),
    /// The signing configuration is no text.
    #[error("the repository's signing configuration is not UTF-8")]
    SigningConfig(#[source] std::string::FromUtf8Error),
    /// What was verified could not be remembered.
    #[error("the state of the TUF repository, `{}`, cannot be read or written", .path.display())]
    State {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl TufError {
    /// Who can mend it, as [`FetchError::cause`] says: what the repository offers and does not hold is a no.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Fetch(error) => error.cause(),
            Self::State { .. } => Cause::Outside,
            Self::NoFirstRoot { .. } | Self::FirstRoot(_) => Cause::Configuration,
            Self::Absent(_)
            | Self::TooLarge { .. }
            | Self::Expired { .. }
            | Self::Signatures { .. }
            | Self::Rollback { .. }
            | Self::RootVersion { .. }
            | Self::Integrity(_)
            | Self::NoTarget { .. }
            | Self::Malformed(_)
            | Self::TrustRoot(_)
            | Self::SigningConfig(_) => Cause::No,
        }
    }

    pub(super) fn of_fetch(error: FetchError) -> Self {
        match error {
            FetchError::TooLarge { url, limit } => Self::TooLarge { url, limit },
            error @ FetchError::Absent { .. } => Self::Absent(error),
            error => Self::Fetch(error),
        }
    }
}

impl From<Error> for TufError {
    fn from(error: Error) -> Self {
        match error {
            Error::Expired { role, expires } => Self::Expired { role, expires },
            Error::ThresholdNotMet {
                role,
                found,
                threshold,
            } => Self::Signatures {
                role,
                threshold,
                found,
            },
            Error::Rollback { role, trusted, new } => Self::Rollback {
                role,
                known: trusted,
                found: new,
            },
            Error::BadRootVersion { trusted, new } => Self::RootVersion {
                expected: trusted.saturating_add(1),
                found: new,
            },
            Error::IntegrityMismatch(_) => Self::Integrity(error),
            Error::TargetNotFound(target) => Self::NoTarget { target },
            // The enum is open: what is new there is a fault of the metadata until it is told apart here.
            error => Self::Malformed(error),
        }
    }
}

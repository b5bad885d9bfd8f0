//! Why a trust store cannot be read or written.

use std::io;
use std::path::PathBuf;

use touchplate_attest::Sha256;
use touchplate_attest::domain::{DomainName, DomainsError, TrustConfigError};

/// Why a trust store cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TrustStoreError {
    /// A file that must be there cannot be read.
    #[error("the trust store's file `{}` cannot be read", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("the trust store's file `{}` cannot be written", .path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is longer than any of its kind.
    #[error("expected at most {limit} bytes in the trust store's file `{}`, found more", .path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// The most that is read.
        limit: usize,
    },
    /// A file is no text.
    #[error("the trust store's file `{}` is not UTF-8", .path.display())]
    NotText {
        /// Which.
        path: PathBuf,
        /// Where not.
        source: std::string::FromUtf8Error,
    },
    /// The list is no TOML.
    #[error("the list of trust domains `{}` is not TOML", .path.display())]
    Syntax {
        /// Which.
        path: PathBuf,
        /// Where and why not.
        source: Box<toml::de::Error>,
    },
    /// The list is of another version, or of none.
    #[error(
        "expected `version = {expected}` in the list of trust domains `{}`, found {found}", .path.display()
    )]
    Version {
        /// Which.
        path: PathBuf,
        /// The version that this program reads.
        expected: u32,
        /// What stands there.
        found: String,
    },
    /// The list has unknown keys, or values of another kind.
    #[error("the list of trust domains `{}` is not as its version says", .path.display())]
    Shape {
        /// Which.
        path: PathBuf,
        /// Where and why not.
        source: Box<toml::de::Error>,
    },
    /// A private domain has no root, and none is embedded for it.
    #[error(
        "the trust domain {name} has no `root-sha256`: only Sigstore's two have embedded roots"
    )]
    NoRoot {
        /// The domain.
        name: DomainName,
    },
    /// A root without a date cannot be told from an older one.
    #[error("the trust domain {name} has a `root-sha256` and no `as-of`")]
    NoDate {
        /// The domain.
        name: DomainName,
    },
    /// A file is not the one that was written.
    #[error(
        "expected sha256 {expected} of the trust store's file `{}`, found {found}", .path.display()
    )]
    Digest {
        /// Which.
        path: PathBuf,
        /// The digest in the list.
        expected: Sha256,
        /// The file's.
        found: Sha256,
    },
    /// A root is unusable.
    #[error("the root in `{}` is not usable", .path.display())]
    Root {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: TrustConfigError,
    },
    /// The domains do not fit together.
    #[error("the trust domains in `{}` do not fit together", .path.display())]
    Domains {
        /// The list.
        path: PathBuf,
        /// Why not.
        source: DomainsError,
    },
}

impl TrustStoreError {
    /// Whether the disk failed, rather than what is on it being wrong.
    pub fn is_outside(&self) -> bool {
        match self {
            Self::Unreadable { .. } | Self::Unwritable { .. } => true,
            Self::TooLarge { .. }
            | Self::NotText { .. }
            | Self::Syntax { .. }
            | Self::Version { .. }
            | Self::Shape { .. }
            | Self::NoRoot { .. }
            | Self::NoDate { .. }
            | Self::Digest { .. }
            | Self::Root { .. }
            | Self::Domains { .. } => false,
        }
    }
}

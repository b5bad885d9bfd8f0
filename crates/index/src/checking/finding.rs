//! What a check finds, in words.

use touchplate_packaging::Sha256;

use super::Unsound;
use crate::ports::{BlobError, Came, StoreError, StoredBlob};

/// One thing that is wrong.
#[derive(Debug)]
pub enum Finding {
    /// With a file.
    File {
        /// Its name, as it stands in its row.
        filename: String,
        /// What.
        wrong: WrongFile,
    },
    /// With an attestation.
    Attestation {
        /// The name of its file, as it stands there.
        filename: String,
        /// When it came.
        came: Came,
        /// Its row.
        row: i64,
        /// What.
        wrong: WrongAttestation,
    },
    /// Bytes that nothing refers to, older than the grace time.
    Orphan(StoredBlob),
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum WrongFile {
    /// The database holds what no version of this program wrote.
    #[error("its row in the database does not read back")]
    Row(#[source] StoreError),
    /// Nothing is stored under the digest.
    #[error("its bytes are not there: expected a blob {sha256}")]
    Missing {
        /// Which.
        sha256: Sha256,
    },
    /// Something shorter or longer is.
    #[error("its blob {sha256} has {found} bytes: expected {expected}")]
    Length {
        /// Which.
        sha256: Sha256,
        /// As many as the row says.
        expected: u64,
        /// As many as there are.
        found: u64,
    },
    /// Something else is.
    #[error("its blob {expected} has other bytes: their SHA-256 is {found}")]
    Digest {
        /// Which.
        expected: Sha256,
        /// What is there.
        found: Sha256,
    },
    /// The blob store refuses to read it.
    #[error("its blob {sha256} cannot be read")]
    Unreadable {
        /// Which.
        sha256: Sha256,
        /// What it said.
        source: BlobError,
    },
    /// The METADATA file beside it is not there.
    #[error("its METADATA file {sha256} is not in the database")]
    MetadataMissing {
        /// Which.
        sha256: Sha256,
    },
    /// The METADATA file beside it is another one.
    #[error("its METADATA file {expected} is another one: its SHA-256 is {found}")]
    MetadataDigest {
        /// Which.
        expected: Sha256,
        /// What is there.
        found: Sha256,
    },
}

/// What is wrong with an attestation.
#[derive(Debug, thiserror::Error)]
pub enum WrongAttestation {
    /// The database holds what no version of this program wrote.
    #[error("its row in the database does not read back")]
    Row(#[source] StoreError),
    /// It does not hold.
    #[error(transparent)]
    Unsound(#[from] Unsound),
}

impl Finding {
    /// A word for programs, which stays.
    pub fn name(&self) -> &'static str {
        match self {
            Self::File { wrong, .. } => match wrong {
                WrongFile::Row(_) => "row",
                WrongFile::Missing { .. } => "missing",
                WrongFile::Length { .. } => "length",
                WrongFile::Digest { .. } => "digest",
                WrongFile::Unreadable { .. } => "unreadable",
                WrongFile::MetadataMissing { .. } => "metadata-missing",
                WrongFile::MetadataDigest { .. } => "metadata-digest",
            },
            Self::Attestation { wrong, .. } => match wrong {
                WrongAttestation::Row(_) => "attestation-row",
                WrongAttestation::Unsound(unsound) => unsound.name(),
            },
            Self::Orphan(_) => "orphan",
        }
    }
}

//! Everything that is stored, row by row: for whoever checks it.

use async_trait::async_trait;
use touchplate_packaging::{Filename, Sha256};

use super::{FileId, StoreError};
use crate::attesters::AttestationRecord;
use crate::checking::Review;

/// A file's row.
#[derive(Debug)]
pub struct InventoryFile {
    /// Its row.
    pub id: FileId,
    /// Its name as it stands there, whatever it is.
    pub name: String,
    /// What stands there of its bytes; a row that does not read back is one more finding, and no reason to stop.
    pub held: Result<HeldBytes, StoreError>,
}

/// What a file's row promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBytes {
    /// The file's length in bytes.
    pub size: u64,
    /// And its digest.
    pub sha256: Sha256,
    /// The METADATA file served beside it.
    pub core_metadata: Option<HeldMetadata>,
}

/// A METADATA file that a row names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldMetadata {
    /// As the row names it.
    pub sha256: Sha256,
    /// The digest of what is stored under that name; none where nothing is.
    pub stored: Option<Sha256>,
}

/// When an attestation came to its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Came {
    /// With an upload.
    WithUpload,
    /// After it.
    Later,
}

impl Came {
    /// Both.
    pub const ALL: [Self; 2] = [Self::WithUpload, Self::Later];
}

/// An attestation's row.
#[derive(Debug)]
pub struct InventoryAttestation {
    /// Its row, among those that came as it did.
    pub id: i64,
    /// The name of its file as it stands there.
    pub filename: String,
    /// What stands there of it.
    pub held: Result<HeldAttestation, StoreError>,
}

/// An attestation, what it is of, and what was noted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldAttestation {
    /// The file's name.
    pub filename: Filename,
    /// Its digest.
    pub sha256: Sha256,
    /// The JSON exactly as it came.
    pub json: String,
    /// What was checked.
    pub record: AttestationRecord,
}

/// Everything that is stored, in pages by row number. What is added while somebody walks through it may be passed over.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// At most `most` files whose rows come after `after`, in the order of their rows.
    async fn files_after(&self, after: FileId, most: u32)
    -> Result<Vec<InventoryFile>, StoreError>;

    /// At most `most` attestations whose rows come after `after`, in the order of their rows.
    async fn attestations_after(
        &self,
        came: Came,
        after: i64,
        most: u32,
    ) -> Result<Vec<InventoryAttestation>, StoreError>;

    /// Those of these digests that neither a file nor a kept page ([`KeptPages`](super::KeptPages)) refers to, in their order.
    async fn unreferenced(&self, digests: &[Sha256]) -> Result<Vec<Sha256>, StoreError>;

    /// The review that was kept last.
    async fn review(&self) -> Result<Option<Review>, StoreError>;

    /// Keeps a review in place of the one before.
    async fn keep_review(&self, review: &Review) -> Result<(), StoreError>;
}

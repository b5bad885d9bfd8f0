//! What the index needs of the world. A port's method is one whole transaction, named by its use; on return of a
//! changing method the change survives a power cut, and exactly one journal row was written with it (but for [`Downloads`],
//! [`Coverage`], [`KeptPages`], [`Inventory`] and [`Jobs`], which nobody follows).

mod accounts;
mod attesters;
mod blobs;
mod coverage;
mod downloads;
mod inventory;
mod jobs;
mod journal;
mod kept;
mod news;
mod projects;
mod publishers;
mod releases;
mod search;
mod trusted_publishing;

pub use accounts::{
    Accounts, AddUserError, Member, MemberError, NewToken, RevokeError, StoredToken, TokenError,
    User,
};
pub use attesters::{
    AddLateError, AttestedFile, AttesterId, Attesters, LateAttestations, LateOutcome, PutAttester,
    StoredAttester, WeighedFile,
};
pub use blobs::{BlobError, Blobs, Bytestream, Listing, StoredBlob};
pub use coverage::{Coverage, LostList};
pub use downloads::{Downloaded, Downloads};
pub use inventory::{
    Came, HeldAttestation, HeldBytes, HeldMetadata, Inventory, InventoryAttestation, InventoryFile,
};
pub use jobs::{Fence, JobName, Jobs, Turn};
pub use journal::{Hints, Journal, JournalRow, Serial};
pub use kept::{KeptPage, KeptPages, PageName};
pub use news::{News, ReleaseNews};
pub use projects::{
    CreateProjectError, NewProject, Project, ProjectId, ProjectListing, Projects, Quota,
    SeenProject, Usage, Viewer,
};
pub use publishers::{
    AddPublisherError, PinnedElsewhere, PublisherId, Publishers, StoredPublisher,
};
pub use releases::{
    AttestError, AttestedBy, ChangeError, FileId, Findings, FormSaid, MAX_WITH_UPLOADS, NewFile,
    ProjectFacts, ProjectFiles, ProjectTarget, RecordError, Release, ReleaseMetadata, Releases,
    StoredAttestation, StoredFile,
};
pub use search::{
    Blurb, Catalogue, CataloguedProject, CataloguedRelease, DocumentSet, DocumentSets, Filled,
    Listed, SearchIndex, SetId,
};
pub use trusted_publishing::{
    AddPendingError, Candidate, Candidates, FulfilError, MintError, NewMinted, PendingId,
    RatchetError, Reach, StoredMinted, StoredPending, TrustedPublishing, UploadRun,
};

/// The database failed in a way that no caller can mend. The cause is for the log, never for a reader.
#[derive(Debug, thiserror::Error)]
#[error("the database failed while it should {doing}")]
pub struct StoreError {
    /// What was being done, as an infinitive clause.
    pub doing: &'static str,
    /// What the database said.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

/// A cause that may be gone in a while, without anybody mending anything here: the same may be asked again.
#[derive(Debug, thiserror::Error)]
#[error("{said}")]
pub struct Unavailable {
    said: &'static str,
    no_writes: Option<NoWrites>,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl Unavailable {
    /// What the engine's answer comes to, and the answer.
    pub fn new(
        said: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let source = source.into();
        Self {
            said,
            no_writes: None,
            source,
        }
    }

    /// With why an engine takes nothing, where it can still be read.
    #[must_use]
    pub fn to_writes(mut self, no_writes: Option<NoWrites>) -> Self {
        self.no_writes = no_writes;
        self
    }

    /// Why the engine takes nothing, where it can still be read.
    pub fn no_writes(&self) -> Option<NoWrites> {
        self.no_writes
    }
}

/// Why an engine takes nothing for now, and may be read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoWrites {
    /// It has no room left.
    Full,
    /// Somebody made it read-only, on purpose or by mistake.
    ReadOnly,
}

impl NoWrites {
    /// Of a disk that says this.
    pub fn of_a_disk(error: &std::io::Error) -> Option<Self> {
        use std::io::ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded => Some(Self::Full),
            ReadOnlyFilesystem => Some(Self::ReadOnly),
            _ => None,
        }
    }
}

impl StoreError {
    /// A failure of `doing` for the reason `cause`.
    pub fn new(
        doing: &'static str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            doing,
            cause: cause.into(),
        }
    }
}

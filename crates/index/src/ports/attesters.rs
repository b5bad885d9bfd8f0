//! Attesters of projects, and what is attested after an upload.

use async_trait::async_trait;
use touchplate_packaging::{ProjectName, Sha256};

use super::{FileId, Project, ProjectId, StoreError, StoredFile};
use crate::accounts::UserName;
use crate::attesters::{
    AttestationFacts, Attester, Attributed, ChangeAttestersError, KnownAttestation,
};
use crate::origin::Origin;

/// An attester's row number; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttesterId(pub i64);

/// An attester as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAttester {
    /// Its row.
    pub id: AttesterId,
    /// Who it is, and what it may claim.
    pub attester: Attester,
}

/// What became of an attester that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutAttester {
    /// It is new.
    Added(AttesterId),
    /// It was there, with other predicate types.
    Changed(AttesterId),
    /// It was there just so, and nothing was written.
    Unchanged(AttesterId),
}

impl PutAttester {
    /// Its row.
    pub fn id(self) -> AttesterId {
        match self {
            Self::Added(id) | Self::Changed(id) | Self::Unchanged(id) => id,
        }
    }
}

/// Attesters of projects. No change of them is a change of what installers read, so a project's serial stays.
#[async_trait]
pub trait Attesters: Send + Sync {
    /// Adds an attester to a project, at most [`MAX_ATTESTERS`](crate::attesters::MAX_ATTESTERS). There is one for each
    /// role and identity; if it is there, its predicate types become as given. Refuses with `NoSuchProject`, `TooMany` or
    /// `Store`.
    async fn put(
        &self,
        origin: &Origin,
        project: &ProjectName,
        attester: &Attester,
    ) -> Result<PutAttester, ChangeAttestersError>;

    /// Makes the attester `id` of a project what is given; what equals it is left as it is, and nothing is written.
    /// Refuses with `NoSuchProject`, `NoSuchAttester`, `Exists` or `Store`.
    async fn replace(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: AttesterId,
        attester: &Attester,
    ) -> Result<(), ChangeAttestersError>;

    /// Removes an attester from a project; false when it is not there. What it vouched for stays.
    async fn remove(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: AttesterId,
    ) -> Result<bool, StoreError>;

    /// All attesters of a project, oldest first.
    async fn list(&self, project: ProjectId) -> Result<Vec<StoredAttester>, StoreError>;

    /// The attesters of a project whose lookup key is among `keys`, oldest first. Cost does not grow with the number of
    /// others.
    async fn candidates(
        &self,
        project: ProjectId,
        keys: &[String],
    ) -> Result<Vec<StoredAttester>, StoreError>;
}

/// What became of an attestation that was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LateOutcome {
    /// It is there now.
    Added,
    /// The same one was there, added before or come with the upload: nothing was written.
    Equal(Box<AttestationFacts>),
}

/// Why an attestation was not added. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AddLateError {
    /// The file is gone.
    #[error("there is no such file")]
    NoSuchFile,
    /// Another one of the same predicate type and identity is there.
    #[error("a different attestation of the same type by the same identity is there")]
    Different,
    /// The file has [`MAX_LATE`](crate::attesters::MAX_LATE), or
    /// [`MAX_LATE_BYTES`](crate::attesters::MAX_LATE_BYTES) of them.
    #[error("the file has as many later attestations as it may")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A file found by its digest, and how much there is to be read of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeighedFile {
    /// Its row.
    pub id: FileId,
    /// Its digest.
    pub sha256: Sha256,
    /// How many bytes its attestations and their verification records have, of its upload and later ones.
    pub bytes: u64,
}

/// A file and its attestations.
#[derive(Clone, Debug)]
pub struct AttestedFile {
    /// The project it belongs to.
    pub project: Project,
    /// The file.
    pub file: StoredFile,
    /// Whether the user asked about has a role in the project.
    pub is_member: bool,
    /// Those of its upload first, then the later ones, each oldest first.
    pub attestations: Vec<KnownAttestation>,
}

/// Attestations that were added to a file after its upload. They are no part of its provenance object: nothing that an
/// installer reads changes with them, and a project's serial stays.
#[async_trait]
pub trait LateAttestations: Send + Sync {
    /// Adds one to a file. Of each predicate type and identity a file has one, whether it came with the upload or later.
    async fn add(
        &self,
        origin: &Origin,
        file: FileId,
        attestation: &Attributed,
    ) -> Result<LateOutcome, AddLateError>;

    /// Those of a file, oldest first.
    async fn list(&self, file: FileId) -> Result<Vec<KnownAttestation>, StoreError>;

    /// The files with these digests that anybody may see, or that `member` may, oldest first, and how much there is to be read of
    /// each. One query, whose cost does not grow with the number of other files; it reads no attestation.
    async fn by_digest(
        &self,
        digests: &[Sha256],
        member: Option<&UserName>,
    ) -> Result<Vec<WeighedFile>, StoreError>;

    /// Those of these files that are there and that anybody may see, or that `member` may, oldest first, with every attestation of
    /// them, and whether `member` has a role in each one's project. One query.
    async fn of_files(
        &self,
        files: &[FileId],
        member: Option<&UserName>,
    ) -> Result<Vec<AttestedFile>, StoreError>;
}

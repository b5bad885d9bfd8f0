//! Releases and their files.

use async_trait::async_trait;
use jiff::Timestamp;
use touchplate_attest::{Publisher, VerificationRecord, Verified, provenance};
use touchplate_packaging::archive::{Difference, Note};
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_packaging::{
    CoreMetadata, Digests, FileKind, Filename, ProjectName, Sha256, Version,
};

use super::{
    NewProject, PinnedElsewhere, Project, ProjectId, Serial, StoreError, UploadRun, Viewer,
};
use crate::accounts::{TokenId, UserName};
use crate::origin::Origin;

/// A file's row number; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId(pub i64);

/// Which project an upload goes to, as seen when it was authorised.
#[derive(Clone, Debug)]
pub enum ProjectTarget {
    /// There was none: create it.
    New(NewProject),
    /// This one, in which the uploader has a role.
    Existing(ProjectId),
    /// This one, which has no members: the uploader becomes its owner.
    Unclaimed(ProjectId, UserName),
}

/// An accepted upload, whose bytes are already stored under their digest.
pub struct NewFile {
    /// Where it goes.
    pub target: ProjectTarget,
    /// Its name.
    pub filename: Filename,
    /// Its length in bytes.
    pub size: u64,
    /// Its digests.
    pub digests: Digests,
    /// The metadata its uploader declared, which agrees with the archive's where that matters.
    pub metadata: CoreMetadata,
    /// The archive's own METADATA file, served beside it (PEP 658); wheels only.
    pub core_metadata: Option<Vec<u8>>,
    /// Where form and archive differ in fields that may.
    pub differences: Vec<Difference>,
    /// What is odd about the archive.
    pub notes: Vec<Note>,
    /// The form's `pyversion`.
    pub pyversion: String,
    /// The form's comment.
    pub comment: Option<String>,
    /// Its attestations, each verified by a publisher of the project.
    pub attestations: Vec<Verified>,
    /// The uploader's software.
    pub user_agent: Option<String>,
    /// Whether the same bytes may exist under another filename (they may not under profile `pypi`).
    pub equal_bytes_allowed: bool,
    /// The run that uploads it, where that is trusted publishing.
    pub run: Option<UploadRun>,
    /// The token that it uses up, where that is for one upload.
    pub spends: Option<TokenId>,
    /// What [`Releases::sweeps`] said before the bytes were stored.
    pub sweeps: u64,
    /// How many bytes the project's files may have together, where the project has no quota of its own.
    pub max_project_bytes: Option<u64>,
}

impl NewFile {
    /// Whether it is a wheel or an sdist.
    pub fn kind(&self) -> FileKind {
        self.filename.kind()
    }

    /// The version it belongs to.
    pub fn version(&self) -> &Version {
        self.filename.version()
    }
}

/// Why an upload was not recorded. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A project of this name appeared meanwhile, or got its first member: authorise again.
    #[error("the project appeared or was claimed meanwhile")]
    ProjectAppeared,
    /// The project vanished meanwhile.
    #[error("the project was deleted meanwhile")]
    ProjectGone,
    /// Another project's name looks the same.
    #[error("the name `{given}` is too similar to an existing project")]
    Confusable {
        /// The name asked for.
        given: ProjectName,
    },
    /// The project takes no uploads in this state.
    #[error("the project is {}", .0.as_str())]
    NotAccepting(ProjectStatus),
    /// A file of this name is there.
    #[error("the filename is taken")]
    FileExists,
    /// A file of this name was there and was deleted.
    #[error("the filename was used before")]
    FilenameBurned,
    /// The release has an sdist already.
    #[error("the release has an sdist already")]
    SecondSdist,
    /// The same bytes are there under another filename.
    #[error("the same bytes are stored as `{0}`")]
    EqualBytes(Filename),
    /// A publisher's names mean somebody else by now.
    #[error(transparent)]
    PinnedElsewhere(Box<PinnedElsewhere>),
    /// The token was for one upload, and another one came first.
    #[error("the token was used up meanwhile")]
    UsedUp,
    /// The project's files may not have so many bytes.
    #[error("the project has {used} of at most {limit} bytes")]
    OverQuota {
        /// What they have without this one.
        used: u64,
        /// What they may have.
        limit: u64,
    },
    /// The bytes were swept away between their storing and now: store them again.
    #[error("the bytes were swept away meanwhile")]
    BytesSwept,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A file as stored.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// Its row.
    pub id: FileId,
    /// Its name.
    pub filename: Filename,
    /// Its length in bytes.
    pub size: u64,
    /// Its digests.
    pub digests: Digests,
    /// Digest of the METADATA file served beside it.
    pub core_metadata: Option<Sha256>,
    /// As declared.
    pub requires_python: Option<String>,
    /// When it was accepted.
    pub uploaded_at: Timestamp,
    /// Who uploaded it (`user:alice`).
    pub uploaded_by: String,
    /// The uploader's software.
    pub user_agent: Option<String>,
    /// Whether its release is yanked.
    pub yanked: Yanked,
    /// How many attestations it has that its provenance object may have: those that name this index are not among them.
    pub attestations: u32,
}

/// What an upload's form said of a file beside its metadata; nobody checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormSaid {
    /// The file.
    pub file: FileId,
    /// For which Python it was built: `py3`, `source`.
    pub pyversion: String,
    /// A comment.
    pub comment: Option<String>,
}

/// A release without its files.
#[derive(Clone, Debug)]
pub struct Release {
    /// Its version.
    pub version: Version,
    /// When its first file came.
    pub created_at: Timestamp,
    /// Whether it is yanked.
    pub yanked: Yanked,
}

/// A release and the metadata that its first file declared.
#[derive(Clone, Debug)]
pub struct ReleaseMetadata {
    /// The release.
    pub release: Release,
    /// As the first file declared it.
    pub metadata: CoreMetadata,
}

/// A project with all its files.
#[derive(Clone, Debug)]
pub struct ProjectFiles {
    /// The project.
    pub project: Project,
    /// Its files, in no particular order.
    pub files: Vec<StoredFile>,
}

/// A project with its releases, its files, and who is proved to have built them: what its pages tell.
#[derive(Clone, Debug)]
pub struct ProjectFacts {
    /// The project.
    pub project: Project,
    /// Its releases, in no particular order.
    pub releases: Vec<Release>,
    /// Its files, in no particular order.
    pub files: Vec<StoredFile>,
    /// One for each attestation that came with an upload, in no particular order.
    pub attested: Vec<AttestedBy>,
}

/// Who is proved to have built a file, by one of its attestations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedBy {
    /// The file.
    pub file: FileId,
    /// The publisher that it was verified by; none where a newer program wrote what this one cannot read.
    pub publisher: Option<Publisher>,
    /// The certificate's subject name.
    pub san: String,
    /// The repository that the certificate names.
    pub repository: Option<String>,
}

/// What was odd about a file when it was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Where form and archive differ in fields that may.
    pub differences: Vec<Difference>,
    /// What is odd about the archive.
    pub notes: Vec<Note>,
}

/// An attestation as stored, with what was checked when it came.
#[derive(Clone, Debug)]
pub struct StoredAttestation {
    /// The JSON exactly as it was uploaded.
    pub json: String,
    /// The publisher that it was verified by.
    pub publisher: Publisher,
    /// What was checked, when, against which root.
    pub record: VerificationRecord,
}

/// Why a release or file was not changed. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such project, release or file.
    #[error("there is no such project, release or file")]
    NotFound,
    /// The project was changed after the serial that the caller knows.
    #[error("the project was changed meanwhile")]
    Changed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Attestations that uploads bring to one file: each may be another publisher's, and readers, ours first, take a provenance
/// object of so many bundles. What comes on top is served at `/api/v1`
/// ([`LateAttestations`](super::LateAttestations)).
pub const MAX_WITH_UPLOADS: u32 = 8;

const _: () = assert!(
    MAX_WITH_UPLOADS as usize <= provenance::MAX_BUNDLES
        && MAX_WITH_UPLOADS as usize <= provenance::MAX_ATTESTATIONS
);

/// Why attestations were not added to a file. None was.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// The file is gone.
    #[error("there is no such file")]
    NoSuchFile,
    /// The file would have more than [`MAX_WITH_UPLOADS`], of those that name this index or of the others.
    #[error("the file has as many attestations as uploads may bring: {MAX_WITH_UPLOADS}")]
    TooMany,
    /// A publisher's names mean somebody else by now.
    #[error(transparent)]
    PinnedElsewhere(Box<PinnedElsewhere>),
    /// The token was for one upload, and another one came first.
    #[error("the token was used up meanwhile")]
    UsedUp,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Releases, files, and their attestations.
#[async_trait]
pub trait Releases: Send + Sync {
    /// Records an accepted upload: project, release, filename, file, attestations, follow-up work, journal row, in one
    /// transaction. Each attestation's publisher is pinned to the numbers it shows
    /// ([`StoredPublisher::held_to`](super::StoredPublisher::held_to)), or the upload is refused if it is pinned to others.
    /// A token for one upload is used up with it: of several that bring one token, one is recorded.
    async fn record(&self, origin: &Origin, file: &NewFile) -> Result<FileId, RecordError>;

    /// Adds verified attestations to a file, one per predicate type and identity; returns how many were new. With none
    /// new, nothing is written, but that a token for one upload is used up. A file has at most [`MAX_WITH_UPLOADS`], and as
    /// many that name this index, which [`StoredFile::attestations`] does not count. Publishers are pinned and held to it as
    /// in [`record`](Self::record).
    async fn attest(
        &self,
        origin: &Origin,
        file: FileId,
        attestations: &[Verified],
        spends: Option<&TokenId>,
    ) -> Result<u32, AttestError>;

    /// The file of that name and the project it belongs to, if the viewer may see that.
    async fn file(
        &self,
        filename: &Filename,
        viewer: Viewer<'_>,
    ) -> Result<Option<(Project, StoredFile)>, StoreError>;

    /// Whether a file of that name was there once and was deleted.
    async fn is_burned(&self, filename: &Filename) -> Result<bool, StoreError>;

    /// A project with all its files, in one consistent read, if the viewer may see it.
    async fn project_files(
        &self,
        name: &ProjectName,
        viewer: Viewer<'_>,
    ) -> Result<Option<ProjectFiles>, StoreError>;

    /// A project with its releases and files, and who built them, in one consistent read. It does not read the attestations
    /// themselves: its cost is that of the files' rows.
    /// Nothing, if the viewer may not see it.
    async fn project_facts(
        &self,
        name: &ProjectName,
        viewer: Viewer<'_>,
    ) -> Result<Option<ProjectFacts>, StoreError>;

    /// One release and its metadata; the version in any spelling.
    async fn release(
        &self,
        project: ProjectId,
        version: &Version,
    ) -> Result<Option<ReleaseMetadata>, StoreError>;

    /// A project's releases with their metadata, in no particular order.
    async fn metadata(&self, project: ProjectId) -> Result<Vec<ReleaseMetadata>, StoreError>;

    /// What the forms of a project's files said, in no particular order.
    async fn forms(&self, project: ProjectId) -> Result<Vec<FormSaid>, StoreError>;

    /// The attestations of a file, oldest first.
    async fn attestations(&self, file: FileId) -> Result<Vec<StoredAttestation>, StoreError>;

    /// What was odd about a file; nothing of a file that is not there.
    async fn findings(&self, file: FileId) -> Result<Findings, StoreError>;

    /// The METADATA file of that digest.
    async fn core_metadata(&self, digest: &Sha256) -> Result<Option<Vec<u8>>, StoreError>;

    /// Yanks a release (with a reason) or takes that back. With `since`, refused if the project was changed after it.
    async fn set_yanked(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
        yanked: &Yanked,
        since: Option<Serial>,
    ) -> Result<(), ChangeError>;

    /// Deletes one file; its name stays burned. A release without files stays listed nowhere.
    async fn delete_file(&self, origin: &Origin, filename: &Filename) -> Result<(), ChangeError>;

    /// Deletes a release with its files; their names stay burned.
    async fn delete_release(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
    ) -> Result<(), ChangeError>;

    /// How often a sweep of these bytes was begun. Read before bytes are stored; [`Releases::record`] refuses when it has
    /// grown since or a sweep is under way, for then the bytes may be gone.
    async fn sweeps(&self, digest: &Sha256) -> Result<u64, StoreError>;

    /// Begins to sweep bytes unless a file or a kept page ([`KeptPages`](super::KeptPages)) refers to them: false then. From here until [`Releases::swept`] no upload can
    /// refer to them. Beginning again what was begun succeeds.
    async fn begin_sweep(&self, digest: &Sha256) -> Result<bool, StoreError>;

    /// The bytes are gone; uploads may store them again.
    async fn swept(&self, digest: &Sha256) -> Result<(), StoreError>;

    /// Digests whose sweep was begun and not finished.
    async fn unfinished_sweeps(&self) -> Result<Vec<Sha256>, StoreError>;
}

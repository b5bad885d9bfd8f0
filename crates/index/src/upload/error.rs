//! Why an upload was refused, in words that clients and people match on (`reference/index-behaviour.md` §1).

use touchplate_packaging::archive::{ArchiveError, Disagreement};
use touchplate_packaging::simple::ProjectStatus;
use touchplate_packaging::{Filename, FilenameRefused, ProjectName};

use super::{AttestationRefused, FormError};
use crate::accounts::{CaveatUnmet, OutOfScope, UserName};
use crate::ports::{AttestError, BlobError, RecordError, StoreError, StoredFile};
use crate::spool::SpoolError;

/// Why an upload was refused. Each variant but the last ones is one that the uploader can act on.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The form does not hold what an upload needs.
    #[error(transparent)]
    Form(#[from] FormError),
    /// The caller may not.
    #[error("{reason} (project `{project}`)")]
    Forbidden {
        /// The project uploaded to.
        project: ProjectName,
        /// Why not.
        reason: Forbidden,
    },
    /// A minted token's holder named a project that is not there. The words are PyPI's.
    #[error(
        "Non-user identities cannot create new projects. This was probably caused by successfully using a pending publisher \
         but specifying the project name incorrectly (either in the publisher or in your project's metadata): there is no \
         project `{project}`"
    )]
    NoSuchProject {
        /// The project named.
        project: ProjectName,
    },
    /// The release is closed.
    #[error(
        "Uploading new files to releases older than {days} days is not allowed (project `{project}`)"
    )]
    ReleaseClosed {
        /// The project.
        project: ProjectName,
        /// After how many days.
        days: u32,
    },
    /// The project takes files with attestations alone.
    #[error(
        "The project `{project}` takes files with attestations alone, and none came with this one"
    )]
    NoAttestations {
        /// The project.
        project: ProjectName,
    },
    /// The index, or the project, takes files alone whose attestation names this index.
    #[error(
        "The project `{project}` takes files alone with an attestation that names this index (predicate type {}), and none \
         came with this one: `touchplate publish` makes it",
        touchplate_attest::PredicateType::IndexPublish
    )]
    NotBound {
        /// The project.
        project: ProjectName,
    },
    /// The run and an attestation name different commits.
    #[error(
        "The run that uploads the file is of the commit {run}, and an attestation of the commit {attested}; the project \
         `{project}` takes both of one commit alone"
    )]
    OtherCommit {
        /// The project.
        project: ProjectName,
        /// What the run's token says.
        run: String,
        /// What the attestation's certificate says.
        attested: String,
    },
    /// The project takes no uploads in its state.
    #[error("The project `{project}` is {} and takes no uploads", .status.as_str())]
    NotAccepting {
        /// The project.
        project: ProjectName,
        /// Its state.
        status: ProjectStatus,
    },
    /// The name may not be a project's.
    #[error("The name '{name}' isn't allowed: it is the name of a requirements file")]
    Reserved {
        /// The name.
        name: ProjectName,
    },
    /// The name looks like another's.
    #[error("The name '{name}' is too similar to an existing project")]
    Confusable {
        /// The name.
        name: ProjectName,
    },
    /// The filename is not spelled as installers expect.
    #[error(transparent)]
    Filename(#[from] FilenameRefused),
    /// The bytes are not the ones that were announced.
    #[error(
        "The digest supplied does not match a digest calculated from the uploaded file: {algorithm} was announced as {claimed} and is {actual}"
    )]
    Digest {
        /// Which digest.
        algorithm: &'static str,
        /// As the form has it.
        claimed: String,
        /// As the bytes have it.
        actual: String,
    },
    /// Other bytes are there under that name. The words `already exist` are what clients look for.
    #[error("File already exists ('{filename}', with blake2_256 hash '{blake2}')")]
    Exists {
        /// The filename.
        filename: Filename,
        /// Digest of what is there.
        blake2: String,
    },
    /// The same bytes are there under another name (profile `pypi`).
    #[error("File already exists: the same bytes were uploaded as '{other}'")]
    EqualBytes {
        /// The other name.
        other: Filename,
    },
    /// A file of that name was deleted; names are not used twice.
    #[error(
        "This filename was previously used by a file that has since been deleted ('{filename}'). Use a different version"
    )]
    Burned {
        /// The filename.
        filename: Filename,
    },
    /// The release has an sdist.
    #[error("Only one sdist may be uploaded per release")]
    SecondSdist,
    /// The archive is not what it says it is.
    #[error(transparent)]
    Archive(ArchiveError),
    /// The archive's metadata contradicts the form.
    #[error("The form and the metadata inside the file disagree")]
    Disagreement(#[from] Disagreement),
    /// The attestations do not hold.
    #[error("Invalid attestations supplied during upload")]
    Attestations(#[from] AttestationRefused),
    /// The file is too large.
    #[error("File too large: the limit is {limit} bytes")]
    TooLarge {
        /// The most a file may have.
        limit: u64,
    },
    /// The project has no room for it.
    #[error(
        "The project `{project}` has {used} of the {limit} bytes that its files may have together, and no room for this one: \
         delete files that nobody needs any more, or ask whoever runs this index for more"
    )]
    OverQuota {
        /// The project.
        project: ProjectName,
        /// What its files have.
        used: u64,
        /// What they may have.
        limit: u64,
    },
    /// Others changed the same project at the same moment, more than once.
    #[error("The project was changed by others at the same time; upload again")]
    Raced,
    /// The spool failed.
    #[error("the upload could not be spooled")]
    Spool(#[source] std::io::Error),
    /// The blob store failed.
    #[error("the file could not be stored")]
    Blobs(#[from] BlobError),
    /// The database failed.
    #[error("the upload could not be recorded")]
    Store(#[from] StoreError),
}

/// Why a caller may not upload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// They have no role in the project.
    #[error("The user '{user}' isn't allowed to upload to this project")]
    NotAMember {
        /// Who.
        user: UserName,
    },
    /// They are a reader there.
    #[error("The user '{user}' is a reader of this project and isn't allowed to upload to it")]
    OnlyReads {
        /// Who.
        user: UserName,
    },
    /// Their token is for reading.
    #[error("The given token is for reading alone and isn't allowed to upload")]
    TokenForReading,
    /// Their token is for another project.
    #[error(
        "The given token is valid for the project `{only}` alone and isn't allowed to upload to another"
    )]
    TokenForAnother {
        /// What it is for.
        only: ProjectName,
    },
    /// A holder narrowed their token.
    #[error("The given token isn't allowed to upload to this project: {0}")]
    Narrowed(CaveatUnmet),
    /// The project takes uploads by trusted publishing alone.
    #[error("The project takes uploads by trusted publishing alone, not with API tokens")]
    NotByTrustedPublishing,
    /// Their minted token is for other projects, or the publisher that it was minted for is no more.
    #[error(
        "The given token was minted for {publisher} and isn't allowed to upload to this project: it is for that publisher's \
         projects at the time, as long as it is their publisher"
    )]
    OutOfReach {
        /// Whom it was minted for.
        publisher: String,
    },
    /// Their minted token served the one upload that it was for.
    #[error("The given token was for one upload, which it has served; mint another")]
    UsedUp,
    /// A token for certain projects cannot create one of them.
    #[error(
        "The given token is for certain projects, and this one does not exist; only a token for all projects creates one"
    )]
    TokenCannotCreate,
}

impl From<OutOfScope> for Forbidden {
    fn from(why: OutOfScope) -> Self {
        match why {
            OutOfScope::MadeFor(only) => Self::TokenForAnother { only },
            OutOfScope::ReadsOthers => Self::TokenForReading,
            OutOfScope::Narrowed(unmet) => Self::Narrowed(unmet),
        }
    }
}

impl UploadError {
    pub(super) fn exists(existing: &StoredFile) -> Self {
        Self::Exists {
            filename: existing.filename.clone(),
            blake2: existing.digests.blake2b_256.to_string(),
        }
    }

    pub(super) fn from_record(error: RecordError, filename: &Filename) -> Self {
        match error {
            RecordError::ProjectAppeared
            | RecordError::ProjectGone
            | RecordError::FileExists
            | RecordError::BytesSwept => Self::Raced,
            RecordError::Confusable { given } => Self::Confusable { name: given },
            RecordError::NotAccepting(status) => Self::NotAccepting {
                project: filename.project().clone(),
                status,
            },
            RecordError::FilenameBurned => Self::Burned {
                filename: filename.clone(),
            },
            RecordError::SecondSdist => Self::SecondSdist,
            RecordError::PinnedElsewhere(cause) => {
                AttestationRefused::PinnedElsewhere(cause).into()
            }
            RecordError::UsedUp => Self::used_up(filename),
            RecordError::OverQuota { used, limit } => Self::OverQuota {
                project: filename.project().clone(),
                used,
                limit,
            },
            RecordError::EqualBytes(other) => Self::EqualBytes { other },
            RecordError::Store(cause) => Self::Store(cause),
        }
    }

    pub(super) fn from_attest(error: AttestError, filename: &Filename) -> Self {
        match error {
            AttestError::NoSuchFile => Self::Raced,
            AttestError::TooMany => AttestationRefused::TooMany.into(),
            AttestError::PinnedElsewhere(cause) => {
                AttestationRefused::PinnedElsewhere(cause).into()
            }
            AttestError::UsedUp => Self::used_up(filename),
            AttestError::Store(cause) => Self::Store(cause),
        }
    }

    fn used_up(filename: &Filename) -> Self {
        Self::Forbidden {
            project: filename.project().clone(),
            reason: Forbidden::UsedUp,
        }
    }
}

impl From<ArchiveError> for UploadError {
    fn from(error: ArchiveError) -> Self {
        match error {
            // Our disk, not the uploader's file.
            ArchiveError::Read(cause) => Self::Spool(cause),
            other => Self::Archive(other),
        }
    }
}

impl From<SpoolError> for UploadError {
    fn from(error: SpoolError) -> Self {
        match error {
            SpoolError::TooLarge { limit } => Self::TooLarge { limit },
            SpoolError::Disk(cause) => Self::Spool(cause),
        }
    }
}

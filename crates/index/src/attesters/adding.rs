//! Adding an attestation to a file that is there already.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use touchplate_attest::{
    Attestation, AttestationError, DomainError, FileFacts, Mismatch, PredicateType, Proven,
    TrustDomains,
};
use touchplate_packaging::{Filename, ProjectName, Version};

use super::attester::{lookup_keys, names_a_type};
use super::{AttestationFacts, Attributed, Capacity, LateAddition, NotAllowed, Predicates};
use crate::Index;
use crate::accounts::{Action, Caller, Reader};
use crate::binding::{self, OtherIndex};
use crate::files::FoundFile;
use crate::origin::Origin;
use crate::ports::{AddLateError, LateOutcome, PinnedElsewhere, Project, StoreError};
use crate::projects::ReadError;

/// What became of an accepted attestation.
#[derive(Clone, Debug)]
pub enum Added {
    /// It is there now.
    New(Box<AttestationFacts>),
    /// The same one was there already, and nothing changed.
    Equal(Box<AttestationFacts>),
}

/// Why an attestation was not added. Nothing was left behind.
#[derive(Debug, thiserror::Error)]
pub enum AddAttestationError {
    /// There is no such file, or the caller may not know that there is.
    #[error("there is no such project, release or file")]
    NotFound,
    /// The caller may not.
    #[error("only a member, with a token that reaches `{project}`, adds attestations to its files")]
    NotAllowed {
        /// The project.
        project: ProjectName,
        /// Why not.
        #[source]
        why: NotAllowed,
    },
    /// The body is no attestation.
    #[error("expected one attestation object of PEP 740")]
    Malformed(#[source] AttestationError),
    /// It does not hold for this file.
    #[error("the attestation does not verify for {filename}")]
    Unverified {
        /// The file.
        filename: Filename,
        /// Which rule failed.
        #[source]
        source: DomainError,
    },
    /// It names another index.
    #[error("the attestation is not for this index")]
    OtherIndex(#[source] OtherIndex),
    /// It holds, but was made by nobody whom the project expects.
    #[error(
        "the attestation was made by {identity}, which is no publisher or attester of `{project}`"
    )]
    NobodyExpected {
        /// The project.
        project: ProjectName,
        /// Who made it.
        identity: String,
        /// Whom the project expects.
        #[source]
        source: NobodyExpected,
    },
    /// It is by a publisher in name, whose repository or owner is another one by now.
    #[error(transparent)]
    PinnedElsewhere(Box<PinnedElsewhere>),
    /// Whoever made it may make others, but not this.
    #[error("`{project}` expects no {predicate_type} of {identity}: {}", shown_types(.role, .allowed))]
    PredicateType {
        /// The project.
        project: ProjectName,
        /// Who made it.
        identity: String,
        /// In which capacity.
        role: Capacity,
        /// What it claims.
        predicate_type: String,
        /// What they may claim.
        allowed: Predicates,
    },
    /// Another attestation claims the same.
    #[error(
        "{filename} has a different attestation of the type {predicate_type} by {identity}; the first one stays"
    )]
    Different {
        /// The file.
        filename: Filename,
        /// What both claim.
        predicate_type: PredicateType,
        /// Who made both.
        identity: String,
    },
    /// The file has as many as it may.
    #[error(
        "{filename} has as many later attestations as a file may have: {MAX_LATE} or {MAX_LATE_BYTES} bytes"
    )]
    TooMany {
        /// The file.
        filename: Filename,
    },
    /// The thread that verifies was stopped.
    #[error("the attestation could not be verified")]
    Interrupted(#[source] tokio::task::JoinError),
    /// The database failed.
    #[error("the attestation could not be recorded")]
    Store(#[from] StoreError),
}

/// Attestations added to one file. A builder, a few auditors and some dozen rebuilders, with a type or two each.
pub const MAX_LATE: usize = 64;

/// Bytes of the attestations added to one file: room for all of them at their usual size of 5 to 15 kB, or for a few of
/// the largest, as whoever reads a file's provenance gets all of it.
pub const MAX_LATE_BYTES: usize = 4 * 1024 * 1024;

fn shown_types(role: &Capacity, allowed: &Predicates) -> String {
    match allowed {
        Predicates::Any => "expected an https or urn URI as predicate type".to_owned(),
        Predicates::Only(types) => {
            let types: Vec<&str> = types.iter().map(PredicateType::as_str).collect();
            format!("as {role} it makes {}", types.join(", "))
        }
    }
}

/// Whom a project expects, of those who come nearest, and how each differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NobodyExpected {
    /// Some of those expected, in words, and how the certificate differs where that was looked at.
    pub expected: Vec<(String, Option<Mismatch>)>,
    /// How many more there are.
    pub more: usize,
}

/// Enough to see what is wrong; a project may have hundreds.
const SHOWN: usize = 5;

impl std::error::Error for NobodyExpected {}

impl fmt::Display for NobodyExpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.expected.is_empty() {
            return f.write_str("the project expects nobody");
        }
        f.write_str("expected ")?;
        for (at, (who, differs)) in self.expected.iter().enumerate() {
            let before = if at == 0 { "" } else { ", or " };
            write!(f, "{before}{who}")?;
            if let Some(differs) = differs {
                write!(f, " ({differs})")?;
            }
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, ", or one of {more} more"),
        }
    }
}

impl Index {
    /// Adds one attestation to a file, or refuses it and leaves nothing behind. It is served at `/api/v1` alone.
    ///
    /// 1. Is the file there, for the caller to see?
    /// 2. May the caller, by their role in its project, with a token that reaches it?
    /// 3. Is it an attestation?
    /// 4. Does it verify for the file under the index's trust root, and for no other index?
    /// 5. Is it by one of the project's publishers or attesters, and may they claim that?
    /// 6. It is recorded in one transaction, unless there is one of the same type by the same identity.
    ///
    /// The project's status is not asked: an audit of what was archived or quarantined is as welcome.
    pub async fn add_attestation(
        &self,
        origin: &Origin,
        caller: &Caller,
        (project, version, filename): (&ProjectName, &Version, &Filename),
        json: &[u8],
    ) -> Result<Added, AddAttestationError> {
        let found = self
            .file_of(&Reader::Account(caller.clone()), project, version, filename)
            .await?; // 1
        self.may_add(caller, &found.project).await?; // 2
        let attestation = Attestation::parse(json).map_err(AddAttestationError::Malformed)?; // 3
        let proven = prove(self.trust(), &found, attestation, origin.at).await?; // 4
        binding::check(&proven, self.settings.url.as_deref())
            .map_err(AddAttestationError::OtherIndex)?;
        let attributed = self.attribute(&found.project, &proven).await?; // 5
        let recorded = self
            .ports
            .late
            .add(origin, found.file.id, &attributed)
            .await; // 6
        let facts = |added| {
            Box::new(AttestationFacts {
                capacity: attributed.capacity(),
                record: attributed.record(),
                added,
            })
        };
        match recorded {
            Ok(LateOutcome::Added) => Ok(Added::New(facts(Some(LateAddition {
                at: origin.at,
                by: origin.actor.to_string(),
            })))),
            Ok(LateOutcome::Equal(facts)) => Ok(Added::Equal(facts)),
            Err(AddLateError::NoSuchFile) => Err(AddAttestationError::NotFound),
            Err(AddLateError::Different) => Err(AddAttestationError::Different {
                filename: filename.clone(),
                predicate_type: proven.predicate_type(),
                identity: signer(&proven),
            }),
            Err(AddLateError::TooMany) => Err(AddAttestationError::TooMany {
                filename: filename.clone(),
            }),
            Err(AddLateError::Store(error)) => Err(error.into()),
        }
    }

    async fn may_add(&self, caller: &Caller, project: &Project) -> Result<(), AddAttestationError> {
        let refused = |why| AddAttestationError::NotAllowed {
            project: project.name.clone(),
            why,
        };
        let allowed = caller.token_allows(&project.name, Action::Attest);
        allowed.map_err(refused)?;
        let role = self.ports.accounts.role(&caller.user, project.id).await?;
        caller.role_allows(role, Action::Attest).map_err(refused)
    }

    /// Step 5. Publishers come first: what a publisher says it says as such, even if the project names it in another role.
    async fn attribute(
        &self,
        project: &Project,
        proven: &Proven,
    ) -> Result<Attributed, AddAttestationError> {
        let predicate_type = proven.predicate_type();
        let not_expected = |role, allowed| AddAttestationError::PredicateType {
            project: project.name.clone(),
            identity: signer(proven),
            role,
            predicate_type: predicate_type.to_string(),
            allowed,
        };
        let publishers = self
            .ports
            .publishers
            .candidates(project.id, &proven.lookup_keys())
            .await?;
        let mut tried = Vec::new();
        match proven
            .clone()
            .by_any(publishers.iter().map(|stored| &stored.publisher))
        {
            Ok(verified) if names_a_type(predicate_type.as_str()) => {
                let mut stored = publishers.iter();
                if let Some(stored) = stored.find(|it| it.publisher == *verified.publisher()) {
                    stored
                        .held_to(&project.name, &verified.ids())
                        .map_err(AddAttestationError::PinnedElsewhere)?;
                }
                return Ok(Attributed::by_publisher(&verified));
            }
            Ok(_) => return Err(not_expected(Capacity::Publisher, Predicates::Any)),
            Err(no_match) => {
                let no_match = no_match.tried.into_iter();
                tried
                    .extend(no_match.map(|(who, why)| (format!("the publisher {who}"), Some(why))));
            }
        }
        let keys = lookup_keys(proven);
        let attesters = self.ports.attesters.candidates(project.id, &keys).await?;
        let mut silenced = None;
        for stored in attesters {
            let attester = stored.attester;
            match Attributed::by_attester(proven, &attester) {
                Ok(attributed) if attester.predicates.allow(&predicate_type) => {
                    return Ok(attributed);
                }
                Ok(_) => {
                    let role = Capacity::Attester(attester.role);
                    silenced.get_or_insert_with(|| not_expected(role, attester.predicates));
                }
                Err(why) => tried.push((format!("the {}", attester.describe()), Some(why))),
            }
        }
        if let Some(refused) = silenced {
            return Err(refused);
        }
        Err(AddAttestationError::NobodyExpected {
            project: project.name.clone(),
            identity: signer(proven),
            source: self.nobody_expected(project, tried).await?,
        })
    }

    /// Those tried, or, where nobody came near, those that the project expects.
    async fn nobody_expected(
        &self,
        project: &Project,
        mut expected: Vec<(String, Option<Mismatch>)>,
    ) -> Result<NobodyExpected, StoreError> {
        if expected.is_empty() {
            let publishers = self.ports.publishers.list(project.id).await?;
            let attesters = self.ports.attesters.list(project.id).await?;
            let publishers = publishers.iter().map(|stored| {
                (
                    format!("the publisher {}", stored.publisher.describe()),
                    None,
                )
            });
            let attesters = attesters
                .iter()
                .map(|stored| (format!("the {}", stored.attester.describe()), None));
            expected.extend(publishers.chain(attesters));
        }
        let more = expected.len().saturating_sub(SHOWN);
        expected.truncate(SHOWN);
        Ok(NobodyExpected { expected, more })
    }

    /// A file by its name, which must be of that project and version, in any spelling (PEP 740).
    async fn file_of(
        &self,
        reader: &Reader,
        project: &ProjectName,
        version: &Version,
        filename: &Filename,
    ) -> Result<FoundFile, AddAttestationError> {
        match self.file_in(reader, project, version, filename).await {
            Ok(found) => Ok(found),
            Err(ReadError::Store(error)) => Err(error.into()),
            Err(ReadError::NotFound | ReadError::NoProvenance(_) | ReadError::Blobs(_)) => {
                Err(AddAttestationError::NotFound)
            }
        }
    }
}

/// Step 4, on a thread that may block. Which predicate types hold at all is [`verify`](touchplate_attest::verify())'s to say; which of them an
/// attester may make, step 5's.
async fn prove(
    trust: Arc<TrustDomains>,
    found: &FoundFile,
    attestation: Attestation,
    now: Timestamp,
) -> Result<Proven, AddAttestationError> {
    let file = FileFacts {
        filename: found.file.filename.clone(),
        sha256: found.file.digests.sha256,
    };
    let filename = file.filename.clone();
    let proving =
        tokio::task::spawn_blocking(move || trust.verify_any_predicate(&file, &attestation, now))
            .await;
    proving
        .map_err(AddAttestationError::Interrupted)?
        .map(|vouched| vouched.proof)
        .map_err(|source| AddAttestationError::Unverified { filename, source })
}

fn signer(proven: &Proven) -> String {
    let identity = proven.identity();
    format!("`{}` (issuer {})", identity.san(), identity.issuer())
}

//! Whether an attestation holds for a file, and whose it is.

mod body;
mod content;
mod entry;
mod error;
mod evidence;
mod memory;
mod report;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use touchplate_packaging::{Filename, Sha256};

pub(crate) use body::pem;
pub(crate) use content::Content;
pub use error::{EntryError, TimestampError, VerifyError};
pub(crate) use evidence::{Evidence, Signer, establish};
pub use memory::CertificateMemory;
use memory::Holder;
pub use report::{Check, Failure, Outcome, Report, report};

use crate::attestation::Attestation;
use crate::certificate::Profile;
use crate::identity::{Claims, Identity};
use crate::json;
use crate::log::{LogEntryFacts, SignedTime};
use crate::publisher::{self, ClaimContradicted, EnvironmentCheck, Mismatch, Publisher};
use crate::root::TrustRoot;
use crate::statement::{self, PAYLOAD_TYPE, PredicateType, STATEMENT_TYPE, Statement, Subject};

/// The file that an attestation must be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// The name it is published under.
    pub filename: Filename,
    /// Its digest.
    pub sha256: Sha256,
}

/// Checks everything that the cryptography and the log prove of an attestation, whoever made it. Each step has its own
/// error, and every one must hold:
///
/// 1. the statement is in-toto's version 1 and has exactly one subject;
/// 2. the subject's name is a distribution's filename, and parsed the same as the file's;
/// 3. the subject's sha256 is the file's;
/// 4. the predicate is publish/v1 (with no body) or SLSA provenance v1;
/// 5. the certificate fits Fulcio's profile: P-256 key, for digital signatures and code signing only, no authority's, no
///    extension twice and no unknown critical one, with a subject name, an issuer claim and one certificate timestamp;
/// 6. the timestamp's log is in the root, believed at that time, and the time has come;
/// 7. the certificate's issuer is in the root, by name and key identifier;
/// 8. each log entry is `dsse` 0.0.1 (Rekor v1) or `hashedrekord` 0.0.2 (Rekor v2), of the log of the root that its id
///    names;
/// 9. the time is promised by the log, or stamped by a timestamp authority of the root, not in the future, and within
///    the certificate's validity;
/// 10. the log's key was believed at that time;
/// 11. the issuer was believed, and its certificate and those above it were valid at that time;
/// 12. the entry's inclusion proof and checkpoint agree on size and root, the checkpoint names the log as its origin and
///     signer, and the entry's index is in the tree;
/// 13. its body is readable, of the entry's kind, and hashes with SHA-256;
/// 14. the body's one signature, its certificate and its statement are the attestation's;
/// 15. the issuer signed the certificate;
/// 16. the certificate log signed the timestamp, for this certificate;
/// 17. the log signed the promise;
/// 18. the proof leads from the body to the root;
/// 19. the log signed the checkpoint;
/// 20. the certificate's key signed the statement.
///
/// Cheap rules come before signatures, so of two faults the cheaper one is named. Nothing but the arguments is looked at.
///
/// ```
/// use touchplate_attest::{Attestation, FileFacts, TrustRoot, verify};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let json = b"{}";
/// let file = FileFacts {
///     filename: "demo-1.0-py3-none-any.whl".parse()?,
///     sha256: touchplate_attest::Sha256::of(b"the file's bytes"),
/// };
/// let read = Attestation::parse(json);
/// let Ok(attestation) = read else {
///     println!("{}", read.unwrap_err());
///     return Ok(());
/// };
/// let proven = verify(&file, &attestation, &TrustRoot::public_good(), "2026-01-01T00:00:00Z".parse()?)?;
/// println!("{} was signed by {}", file.filename, proven.identity().san());
/// # Ok(())
/// # }
/// ```
pub fn verify(
    file: &FileFacts,
    attestation: &Attestation,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Proven, VerifyError> {
    check(file, attestation, root, now, Predicates::Published, None)
}

/// [`verify`] for attestations that are not served with a file's provenance, such as those of an auditor: in step 4 the
/// predicate may be of any type that a URI names, with any body that the type, where it is known here, allows.
pub fn verify_any_predicate(
    file: &FileFacts,
    attestation: &Attestation,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Proven, VerifyError> {
    check(file, attestation, root, now, Predicates::Any, None)
}

/// Which predicate types step 4 lets pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Predicates {
    /// The two that PEP 740's readers know.
    Published,
    Any,
}

/// [`verify`], for many files: a certificate that signed several of them has its chain and timestamp checked once.
/// Everything that depends on the file or on time is checked each time.
pub fn verify_remembering(
    memory: &mut CertificateMemory,
    file: &FileFacts,
    attestation: &Attestation,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Proven, VerifyError> {
    check(
        file,
        attestation,
        root,
        now,
        Predicates::Published,
        Some(memory),
    )
}

fn check(
    file: &FileFacts,
    attestation: &Attestation,
    root: &TrustRoot,
    now: Timestamp,
    predicates: Predicates,
    memory: Option<&mut CertificateMemory>,
) -> Result<Proven, VerifyError> {
    check_subject(file, attestation.statement())?; // 1 and 2
    check_digest(file, attestation.statement())?; // 3
    check_predicate(attestation.statement(), predicates)?; // 4
    let established = evidence::establish(&evidence_of(attestation), root, now, memory)?; // 5 to 20
    let holder = established.holder.ok_or(VerifyError::UnknownAuthority)?;
    Ok(Proven {
        file: file.clone(),
        attestation: attestation.clone(),
        holder,
        entries: established.entries,
        times: established.times,
        root_digest: *root.digest(),
        verified_at: now,
    })
}

/// What steps 5 to 20 look at.
fn evidence_of(attestation: &Attestation) -> Evidence<'_> {
    Evidence {
        profile: Profile::Attestation,
        signer: Signer::Certificate {
            der: &attestation.certificate,
            intermediates: &[],
        },
        content: Content::envelope(PAYLOAD_TYPE, &attestation.payload),
        hash: None,
        signature: &attestation.signature,
        entries: &attestation.entries,
        timestamps: &attestation.timestamps,
    }
}

/// Step 4.
fn check_predicate(statement: &Statement, predicates: Predicates) -> Result<(), VerifyError> {
    let predicate_type = statement.predicate_type();
    if predicates == Predicates::Published && *predicate_type == PredicateType::IndexPublish {
        return Err(VerifyError::PredicateType {
            found: predicate_type.to_string(),
        });
    }
    if let PredicateType::Other(uri) = predicate_type {
        // in-toto's TypeURI: an absolute URI.
        let is_uri = uri.split_once(':').is_some_and(|(scheme, rest)| {
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
                && !rest.is_empty()
                && !uri.contains(|c: char| c.is_whitespace() || c.is_control())
        });
        if predicates == Predicates::Any && is_uri {
            return Ok(());
        }
        return Err(VerifyError::PredicateType {
            found: json::shown(uri),
        });
    }
    if !statement::body_fits(predicate_type, statement.predicate()) {
        return Err(VerifyError::PredicateBody {
            predicate_type: predicate_type.clone(),
        });
    }
    Ok(())
}

/// Steps 1 and 2.
fn check_subject(file: &FileFacts, statement: &Statement) -> Result<(), VerifyError> {
    if statement.type_uri() != STATEMENT_TYPE {
        return Err(VerifyError::StatementType {
            found: json::shown(statement.type_uri()),
        });
    }
    let name = only_subject(statement)?
        .name
        .as_deref()
        .filter(|name| !name.is_empty());
    let name = name.ok_or(VerifyError::NoSubjectName)?;
    let filename: Filename = name.parse().map_err(|source| VerifyError::SubjectName {
        found: json::shown(name),
        source,
    })?;
    if !filename.is_same_distribution(&file.filename) {
        return Err(VerifyError::OtherFile {
            expected: file.filename.to_string(),
            found: filename.to_string(),
        });
    }
    Ok(())
}

fn only_subject(statement: &Statement) -> Result<&Subject, VerifyError> {
    match statement.subjects() {
        [subject] => Ok(subject),
        others => Err(VerifyError::SubjectCount {
            found: others.len(),
        }),
    }
}

/// Step 3.
fn check_digest(file: &FileFacts, statement: &Statement) -> Result<(), VerifyError> {
    let digests = &only_subject(statement)?.digests;
    let given = digests.get("sha256").ok_or(VerifyError::NoSha256)?;
    let parsed = given
        .parse::<Sha256>()
        .ok()
        .filter(|sha256| sha256.to_string() == *given);
    let sha256 = parsed.ok_or_else(|| VerifyError::Sha256Spelling {
        found: json::shown(given),
    })?;
    if sha256 != file.sha256 {
        return Err(VerifyError::OtherSha256 {
            expected: file.sha256,
            found: sha256,
        });
    }
    Ok(())
}

/// What [`verify`] proved: this attestation is about this file, and was made by the holder of this identity at the time
/// that the log says. It does not say that the identity is the right one: [`by`](Self::by) does.
#[derive(Clone, Debug)]
pub struct Proven {
    file: FileFacts,
    attestation: Attestation,
    holder: Arc<Holder>,
    entries: Vec<LogEntryFacts>,
    times: Vec<SignedTime>,
    root_digest: Sha256,
    verified_at: Timestamp,
}

impl Proven {
    /// Who signed.
    pub fn identity(&self) -> &Identity {
        &self.holder.certificate().identity
    }

    /// What the certificate says of the build.
    pub fn claims(&self) -> &Claims {
        &self.holder.certificate().claims
    }

    /// Each log entry, in the attestation's order.
    pub fn log_entries(&self) -> &[LogEntryFacts] {
        &self.entries
    }

    /// Every time at which it is proved to have been signed, one at least: by the promise of a log, or stamped by a
    /// timestamp authority.
    pub fn times(&self) -> &[SignedTime] {
        &self.times
    }

    /// Which trust root it was verified under.
    pub fn root_digest(&self) -> &Sha256 {
        &self.root_digest
    }

    /// The base URL of the index that it is for, if it names one ([`PredicateType::IndexPublish`]). Whether that is the one
    /// that asks is for whoever asks to compare.
    pub fn index(&self) -> Option<&str> {
        self.attestation.statement().index()
    }

    /// What kind of claim it is.
    pub fn predicate_type(&self) -> PredicateType {
        self.attestation.predicate_type().clone()
    }

    /// The file it was verified for.
    pub fn file(&self) -> &FileFacts {
        &self.file
    }

    /// The attestation itself.
    pub fn attestation(&self) -> &Attestation {
        &self.attestation
    }

    /// The time that was given to [`verify`].
    pub fn verified_at(&self) -> Timestamp {
        self.verified_at
    }

    /// The [`lookup_key`](Publisher::lookup_key) of every publisher that could match.
    pub fn lookup_keys(&self) -> Vec<String> {
        publisher::lookup_keys(self.identity(), self.claims())
    }

    /// Ties the proof to one expected publisher. Only [`Verified`] may be stored or called a match.
    pub fn by(self, expected: &Publisher) -> Result<Verified, Mismatch> {
        let environment = expected.check(self.identity(), self.claims())?;
        Ok(Verified {
            proven: self,
            publisher: expected.clone(),
            environment,
        })
    }

    /// Ties the proof to the first of `candidates` that matches, one whose environment the certificate shows before one
    /// whose environment it cannot show.
    pub fn by_any<'p>(
        self,
        candidates: impl IntoIterator<Item = &'p Publisher>,
    ) -> Result<Verified, NoMatch> {
        let mut best: Option<(u8, &Publisher, EnvironmentCheck)> = None;
        let mut tried = Vec::new();
        for candidate in candidates {
            match candidate.check(self.identity(), self.claims()) {
                Ok(environment) => {
                    let rank = match environment {
                        EnvironmentCheck::Matched => 2,
                        EnvironmentCheck::NotAsked => 1,
                        EnvironmentCheck::NotProvable => 0,
                    };
                    if best.is_none_or(|(other, ..)| rank > other) {
                        best = Some((rank, candidate, environment));
                    }
                }
                Err(mismatch) if tried.len() < NoMatch::SHOWN => {
                    tried.push((candidate.describe(), mismatch));
                }
                Err(_) => {}
            }
        }
        match best {
            Some((_, publisher, environment)) => Ok(Verified {
                proven: self,
                publisher: publisher.clone(),
                environment,
            }),
            None => Err(NoMatch {
                san: json::shown(self.identity().san().as_str()),
                issuer: json::shown(self.identity().issuer()),
                tried,
            }),
        }
    }

    /// Whether the signer is `san`, vouched for by `issuer`: both compared exactly.
    pub fn by_identity(self, san: &str, issuer: &str) -> Result<Self, Mismatch> {
        publisher::issued_by(self.identity(), issuer)?;
        let found = publisher::only_name(self.identity(), san)?.as_str();
        publisher::same("subject alternative name", san, Some(found))?;
        Ok(self)
    }

    /// Compares a further digest of the file with the statement, where it has one of this algorithm (such as `sha512`,
    /// in lower-case hex): in-toto wants each digest that a verifier knows to match. [`verify`] knows sha256 alone.
    pub fn check_digest(&self, algorithm: &str, expected: &str) -> Result<(), VerifyError> {
        let subjects = self.attestation.statement().subjects().iter();
        for found in subjects.filter_map(|subject| subject.digests.get(algorithm)) {
            if found != expected {
                return Err(VerifyError::OtherDigest {
                    algorithm: algorithm.to_owned(),
                    expected: expected.to_owned(),
                    found: json::shown(found),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn check_claims(
        &self,
        publisher: &Publisher,
        stated: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<(), ClaimContradicted> {
        publisher.check_claims(stated, self.identity(), self.claims())
    }
}

/// None of the candidates is the signer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct NoMatch {
    /// Who signed.
    pub san: String,
    /// On whose word.
    pub issuer: String,
    /// Some of those tried, in words, and how each differs.
    pub tried: Vec<(String, Mismatch)>,
}

impl NoMatch {
    /// Enough to see what is wrong; a project may have hundreds of publishers.
    const SHOWN: usize = 5;
}

impl std::fmt::Display for NoMatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "signed by {} (issuer {}), which is no expected publisher",
            self.san, self.issuer
        )?;
        self.tried
            .iter()
            .try_for_each(|(publisher, why)| write!(f, "; {publisher}: {why}"))
    }
}

/// An attestation that holds for a file and was made by an expected publisher.
#[derive(Clone, Debug)]
pub struct Verified {
    proven: Proven,
    publisher: Publisher,
    environment: EnvironmentCheck,
}

impl Verified {
    /// What was proved.
    pub fn proven(&self) -> &Proven {
        &self.proven
    }

    /// The expected publisher that it is by.
    pub fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    /// Whether the publisher's environment could be compared.
    pub fn environment(&self) -> EnvironmentCheck {
        self.environment
    }

    /// What is kept beside the stored attestation.
    pub fn record(&self) -> VerificationRecord {
        let proven = &self.proven;
        VerificationRecord {
            checked_at: proven.verified_at,
            trust_root_sha256: proven.root_digest,
            filename: proven.file.filename.to_string(),
            sha256: proven.file.sha256,
            predicate_type: proven.predicate_type(),
            publisher: self.publisher.clone(),
            environment: self.environment,
            identity: proven.identity().clone(),
            claims: proven.claims().clone(),
            log_entries: proven.entries.clone(),
            times: proven.times.clone(),
            checked: CHECKED.map(str::to_owned).to_vec(),
        }
    }
}

/// Two different attestations claim the same for one file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("attestations {first} and {second} are different, and both {predicate_type} by {san}")]
pub struct Repeated {
    /// The first one's place, counted from 1.
    pub first: usize,
    /// The second one's place, counted from 1.
    pub second: usize,
    /// What both claim.
    pub predicate_type: PredicateType,
    /// Who made both.
    pub san: String,
}

/// A file has one attestation for each predicate type and identity (issuer and subject name): of equal ones the first is
/// kept, two different ones are refused.
pub fn without_repeats(proven: Vec<Proven>) -> Result<Vec<Proven>, Repeated> {
    let mut kept: Vec<(usize, Proven)> = Vec::new();
    for (at, proven) in proven.into_iter().enumerate() {
        let same_claim = |other: &Proven| {
            other.identity() == proven.identity()
                && other.attestation.predicate_type() == proven.attestation.predicate_type()
        };
        match kept.iter().find(|(_, other)| same_claim(other)) {
            None => kept.push((at + 1, proven)),
            Some((_, other)) if other.attestation.is_same_as(&proven.attestation) => {}
            Some((first, _)) => {
                return Err(Repeated {
                    first: *first,
                    second: at + 1,
                    predicate_type: proven.predicate_type(),
                    san: json::shown(proven.identity().san().as_str()),
                });
            }
        }
    }
    Ok(kept.into_iter().map(|(_, proven)| proven).collect())
}

/// What was checked, when and against what, for an attestation that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerificationRecord {
    /// The time of the check.
    pub checked_at: Timestamp,
    /// SHA-256 of the trust root's JSON.
    pub trust_root_sha256: Sha256,
    /// The file's name.
    pub filename: String,
    /// The file's digest.
    pub sha256: Sha256,
    /// What kind of claim it is.
    pub predicate_type: PredicateType,
    /// The publisher that it matched.
    pub publisher: Publisher,
    /// Whether the publisher's environment could be compared.
    pub environment: EnvironmentCheck,
    /// Who signed.
    pub identity: Identity,
    /// What the certificate says of the build.
    pub claims: Claims,
    /// Each log entry.
    pub log_entries: Vec<LogEntryFacts>,
    /// Every time that is proved. Records from before step 2 have none here, but in their entries.
    #[serde(default)]
    pub times: Vec<SignedTime>,
    /// The checks, by name; each held.
    pub checked: Vec<String>,
}

/// The steps of [`verify`] and of [`Proven::by`], in the words that people are shown.
const CHECKED: [&str; 12] = [
    "the statement names exactly this file",
    "the statement's sha256 is the file's",
    "the predicate is of a known type",
    "the certificate fits the code-signing profile",
    "the certificate was issued by an authority of the trust root",
    "the certificate's timestamp is by a certificate log of the trust root",
    "each log entry is about this statement, signature and certificate",
    "the time of signing is promised by a log, or stamped by an authority, of the trust root",
    "each log entry is proved to be in the log under a signed checkpoint",
    "that time is within the validity of certificate, authority and log",
    "the certificate's key signed the statement",
    "the certificate's holder is the publisher",
];

//! What is known, as JSON.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use touchplate_attest::{
    Claims, EnvironmentCheck, Identity, LogEntryFacts, PinnedIds, Publisher, Run, SignedTime,
    SubjectName,
};
use touchplate_index::attesters::{
    AttestationFacts, Attester, Expected, KnownAttestation, KnownFile, LateAddition,
};
use touchplate_index::files::FoundFile;
use touchplate_index::ports::{
    AttestedFile, Project, StoreError, StoredAttester, StoredFile, StoredMinted, StoredPending,
    StoredPublisher,
};
use touchplate_index::provenance::{self, Place, Placed};
use touchplate_index::trusted_publishing::{RatchetSince, Terms};
use touchplate_packaging::archive::{Difference, Note};
use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{Digests, ProjectName, Sha256};

use super::VERSION;
use super::run::RunTold;

/// Whose file it is and which.
#[derive(Serialize)]
pub(super) struct FileTold<'k> {
    project: &'k str,
    release: String,
    filename: &'k str,
    sha256: Sha256,
}

impl<'k> FileTold<'k> {
    pub(super) fn of(project: &'k Project, file: &'k StoredFile) -> Self {
        Self {
            project: project.name.as_str(),
            release: file.filename.version().to_string(),
            filename: file.filename.as_str(),
            sha256: file.digests.sha256,
        }
    }
}

/// Who signed.
#[derive(Serialize)]
struct IdentityTold<'k> {
    san: &'k str,
    /// Every subject name of the certificate.
    sans: Vec<&'k str>,
    issuer: &'k str,
}

impl<'k> IdentityTold<'k> {
    fn of(identity: &'k Identity) -> Self {
        Self {
            san: identity.san().as_str(),
            sans: identity.sans().map(SubjectName::as_str).collect(),
            issuer: identity.issuer(),
        }
    }
}

/// What was checked, when, against which root.
#[derive(Serialize)]
pub(super) struct VerificationTold<'k> {
    predicate_type: &'k str,
    identity: IdentityTold<'k>,
    environment: EnvironmentCheck,
    claims: &'k Claims,
    log_entries: &'k [LogEntryFacts],
    /// Every time that is proved.
    times: &'k [SignedTime],
    verified_at: Timestamp,
    trust_root_sha256: Sha256,
    added: Option<AddedTold<'k>>,
}

#[derive(Serialize)]
struct AddedTold<'k> {
    at: Timestamp,
    by: &'k str,
}

impl<'k> AddedTold<'k> {
    fn of(added: &'k LateAddition) -> Self {
        Self {
            at: added.at,
            by: &added.by,
        }
    }
}

impl<'k> VerificationTold<'k> {
    fn of(facts: &'k AttestationFacts) -> Self {
        let record = &facts.record;
        Self {
            predicate_type: record.predicate_type.as_str(),
            identity: IdentityTold::of(&record.identity),
            environment: record.environment,
            claims: &record.claims,
            log_entries: &record.log_entries,
            times: &record.times,
            verified_at: record.checked_at,
            trust_root_sha256: record.trust_root_sha256,
            added: facts.added.as_ref().map(AddedTold::of),
        }
    }
}

/// One attestation: in which role, by whom it was expected, what was checked, and, where asked for, itself.
#[derive(Serialize)]
pub(super) struct AttestationTold<'k> {
    role: &'static str,
    /// `publisher` or `identity`.
    expected: &'k Expected,
    #[serde(flatten)]
    verification: VerificationTold<'k>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation: Option<Box<RawValue>>,
    /// Where it stands in the provenance object beside it.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_provenance: Option<PlaceTold>,
}

#[derive(Serialize)]
struct PlaceTold {
    bundle: usize,
    attestation: usize,
}

impl<'k> AttestationTold<'k> {
    pub(super) fn of(facts: &'k AttestationFacts) -> Self {
        Self {
            role: facts.capacity.as_str(),
            expected: &facts.record.expected,
            verification: VerificationTold::of(facts),
            attestation: None,
            in_provenance: None,
        }
    }

    fn whole(known: &'k KnownAttestation) -> Result<Self, StoreError> {
        Ok(Self {
            attestation: Some(raw(known)?),
            ..Self::of(&known.facts)
        })
    }

    /// Itself, or where it stands in the provenance object beside it: nothing is said twice.
    fn placed(known: &'k KnownAttestation, place: Option<Place>) -> Result<Self, StoreError> {
        let Some(Place {
            bundle,
            attestation,
        }) = place
        else {
            return Self::whole(known);
        };
        Ok(Self {
            in_provenance: Some(PlaceTold {
                bundle,
                attestation,
            }),
            ..Self::of(&known.facts)
        })
    }
}

/// The attestation as it came, byte for byte.
fn raw(known: &KnownAttestation) -> Result<Box<RawValue>, StoreError> {
    RawValue::from_string(known.json.clone())
        .map_err(|cause| StoreError::new("read back an attestation that it stored", cause))
}

/// `…/attestations`.
#[derive(Serialize)]
pub(super) struct AttestationsTold<'k> {
    version: u32,
    #[serde(flatten)]
    file: FileTold<'k>,
    attestations: Vec<AttestationTold<'k>>,
}

impl<'k> AttestationsTold<'k> {
    pub(super) fn of(
        found: &'k FoundFile,
        attestations: &'k [KnownAttestation],
    ) -> Result<Self, StoreError> {
        let attestations = attestations.iter().map(AttestationTold::whole);
        Ok(Self {
            version: VERSION,
            file: FileTold::of(&found.project, &found.file),
            attestations: attestations.collect::<Result<_, _>>()?,
        })
    }
}

/// A file with its provenance object, as the Integrity API serves it, and every attestation of it: whoever has this needs nothing
/// else of us to verify them.
#[derive(Serialize)]
pub(super) struct AttestedTold<'k> {
    #[serde(flatten)]
    file: FileTold<'k>,
    provenance: Option<Box<RawValue>>,
    attestations: Vec<AttestationTold<'k>>,
}

impl<'k> AttestedTold<'k> {
    pub(super) fn of(found: &'k AttestedFile) -> Result<Self, StoreError> {
        let Placed { provenance, places } = provenance::place(&found.attestations)?;
        let provenance = provenance.map(|it| it.to_json()).map(|json| {
            let read = String::from_utf8(json).map(RawValue::from_string);
            let doing = "make a provenance object of what it stored";
            read.map_err(|cause| StoreError::new(doing, cause))?
                .map_err(|cause| StoreError::new(doing, cause))
        });
        let attestations = found.attestations.iter().zip(places);
        let attestations = attestations.map(|(known, place)| AttestationTold::placed(known, place));
        Ok(Self {
            file: FileTold::of(&found.project, &found.file),
            provenance: provenance.transpose()?,
            attestations: attestations.collect::<Result<_, _>>()?,
        })
    }
}

/// What one attester or publisher says of a file, in the shape of the Integrity API's bundles.
#[derive(Serialize)]
struct BundleTold<'k> {
    role: &'static str,
    #[serde(flatten)]
    expected: &'k Expected,
    attestations: Vec<Box<RawValue>>,
    /// One for each of `attestations`, in their order.
    verifications: Vec<VerificationTold<'k>>,
}

#[derive(Serialize)]
pub(super) struct DigestsTold {
    sha256: String,
    blake2b_256: String,
    md5: String,
}

impl DigestsTold {
    pub(super) fn of(digests: &Digests) -> Self {
        Self {
            sha256: digests.sha256.to_string(),
            blake2b_256: digests.blake2b_256.to_string(),
            md5: digests.md5.to_string(),
        }
    }
}

/// `…/provenance`.
#[derive(Serialize)]
pub(super) struct ProvenanceTold<'k> {
    version: u32,
    #[serde(flatten)]
    file: FileTold<'k>,
    size: u64,
    digests: DigestsTold,
    uploaded_at: Timestamp,
    uploaded_by: &'k str,
    /// Null where a user uploaded it.
    run: Option<RunTold<'k>>,
    yanked: bool,
    yanked_reason: Option<&'k str>,
    /// Where the Integrity API has the publishers' part of it; null where it has none.
    integrity: Option<String>,
    /// What was odd about the file when it was accepted.
    findings: FindingsTold<'k>,
    attestation_bundles: Vec<BundleTold<'k>>,
}

#[derive(Serialize)]
struct FindingsTold<'k> {
    notes: &'k [Note],
    differences: &'k [Difference],
}

impl<'k> ProvenanceTold<'k> {
    pub(super) fn of(known: &'k KnownFile, integrity: Option<String>) -> Result<Self, StoreError> {
        let KnownFile {
            found,
            attestations,
            run,
            findings,
        } = known;
        let file = &found.file;
        let claims = || attestations.iter().map(|it| &it.facts.record.claims);
        Ok(Self {
            version: VERSION,
            file: FileTold::of(&found.project, file),
            size: file.size,
            digests: DigestsTold::of(&file.digests),
            uploaded_at: file.uploaded_at,
            uploaded_by: &file.uploaded_by,
            run: run.as_ref().map(|run| RunTold::of(run, claims())),
            yanked: file.yanked != Yanked::No,
            yanked_reason: match &file.yanked {
                Yanked::Yes(reason) => reason.as_deref(),
                Yanked::No => None,
            },
            integrity,
            findings: FindingsTold {
                notes: &findings.notes,
                differences: &findings.differences,
            },
            attestation_bundles: bundles(attestations)?,
        })
    }
}

/// One for each role and identity, in the order of their first attestation.
fn bundles(attestations: &[KnownAttestation]) -> Result<Vec<BundleTold<'_>>, StoreError> {
    let mut bundles: Vec<BundleTold<'_>> = Vec::new();
    for known in attestations {
        let (facts, attestation) = (&known.facts, raw(known)?);
        let (role, expected) = (facts.capacity.as_str(), &facts.record.expected);
        let verification = VerificationTold::of(facts);
        let same =
            |bundle: &&mut BundleTold<'_>| bundle.role == role && bundle.expected == expected;
        match bundles.iter_mut().find(same) {
            Some(bundle) => {
                bundle.attestations.push(attestation);
                bundle.verifications.push(verification);
            }
            None => bundles.push(BundleTold {
                role,
                expected,
                attestations: vec![attestation],
                verifications: vec![verification],
            }),
        }
    }
    Ok(bundles)
}

/// One attester of a project.
#[derive(Serialize)]
pub(super) struct AttesterTold<'k> {
    id: i64,
    #[serde(flatten)]
    attester: &'k Attester,
}

impl<'k> AttesterTold<'k> {
    pub(super) fn of(id: i64, attester: &'k Attester) -> Self {
        Self { id, attester }
    }
}

/// `…/attesters`.
#[derive(Serialize)]
pub(super) struct AttestersTold<'k> {
    version: u32,
    project: &'k str,
    attesters: Vec<AttesterTold<'k>>,
}

impl<'k> AttestersTold<'k> {
    pub(super) fn of(project: &'k Project, attesters: &'k [StoredAttester]) -> Self {
        let told = |stored: &'k StoredAttester| AttesterTold::of(stored.id.0, &stored.attester);
        Self {
            version: VERSION,
            project: project.name.as_str(),
            attesters: attesters.iter().map(told).collect(),
        }
    }
}

/// One publisher of a project.
#[derive(Serialize)]
pub(super) struct PublisherTold<'k> {
    id: i64,
    publisher: &'k Publisher,
    /// The numbers that its repository and owner are pinned to.
    ids: &'k PinnedIds,
    #[serde(flatten)]
    terms: &'k Terms,
}

impl<'k> PublisherTold<'k> {
    pub(super) fn of(stored: &'k StoredPublisher) -> Self {
        Self {
            id: stored.id.0,
            publisher: &stored.publisher,
            ids: &stored.ids,
            terms: &stored.terms,
        }
    }
}

/// `…/publishers`.
#[derive(Serialize)]
pub(super) struct PublishersTold<'k> {
    version: u32,
    project: &'k str,
    publishers: Vec<PublisherTold<'k>>,
}

impl<'k> PublishersTold<'k> {
    pub(super) fn of(project: &'k ProjectName, publishers: &'k [StoredPublisher]) -> Self {
        Self {
            version: VERSION,
            project: project.as_str(),
            publishers: publishers.iter().map(PublisherTold::of).collect(),
        }
    }
}

/// Who may create a project by a first mint.
#[derive(Serialize)]
pub(super) struct PendingTold<'k> {
    id: i64,
    project: &'k str,
    publisher: &'k Publisher,
    #[serde(flatten)]
    terms: &'k Terms,
    created_at: Timestamp,
    /// When it ends, unless a mint came first.
    expires_at: Timestamp,
}

impl<'k> PendingTold<'k> {
    pub(super) fn of(stored: &'k StoredPending) -> Self {
        let pending = &stored.pending;
        Self {
            id: stored.id.0,
            project: pending.display.as_str(),
            publisher: &pending.publisher,
            terms: &pending.terms,
            created_at: stored.created_at,
            expires_at: stored.expires_at,
        }
    }
}

/// `/api/v1/pending-publishers`.
#[derive(Serialize)]
pub(super) struct AllPendingTold<'k> {
    version: u32,
    pending_publishers: Vec<PendingTold<'k>>,
}

impl<'k> AllPendingTold<'k> {
    pub(super) fn of(pending: &'k [StoredPending]) -> Self {
        Self {
            version: VERSION,
            pending_publishers: pending.iter().map(PendingTold::of).collect(),
        }
    }
}

/// A minted token, without anything that it could be used with.
#[derive(Serialize)]
struct MintedTold<'k> {
    id: &'k str,
    publisher: &'k str,
    issuer: &'k str,
    subject: &'k str,
    run: &'k Run,
    single_use: bool,
    created_at: Timestamp,
    expires_at: Timestamp,
    revoked_at: Option<Timestamp>,
    used_at: Option<Timestamp>,
}

impl<'k> MintedTold<'k> {
    fn of(minted: &'k StoredMinted) -> Self {
        Self {
            id: minted.id.as_str(),
            publisher: &minted.publisher,
            issuer: &minted.issuer,
            subject: &minted.subject,
            run: &minted.run,
            single_use: minted.single_use,
            created_at: minted.created_at,
            expires_at: minted.expires_at,
            revoked_at: minted.revoked_at,
            used_at: minted.used_at,
        }
    }
}

/// `…/tokens`.
#[derive(Serialize)]
pub(super) struct TokensTold<'k> {
    version: u32,
    project: &'k str,
    tokens: Vec<MintedTold<'k>>,
}

impl<'k> TokensTold<'k> {
    pub(super) fn of(project: &'k ProjectName, minted: &'k [StoredMinted]) -> Self {
        Self {
            version: VERSION,
            project: project.as_str(),
            tokens: minted.iter().map(MintedTold::of).collect(),
        }
    }
}

/// A ratchet, and who turned it.
#[derive(Serialize)]
struct RatchetTold<'k> {
    ratchet: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
    at: Timestamp,
    by: &'k str,
}

/// `…/ratchets`.
#[derive(Serialize)]
pub(super) struct RatchetsTold<'k> {
    version: u32,
    project: &'k str,
    ratchets: Vec<RatchetTold<'k>>,
}

impl<'k> RatchetsTold<'k> {
    pub(super) fn of(project: &'k ProjectName, ratchets: &'k [RatchetSince]) -> Self {
        let told = |since: &'k RatchetSince| RatchetTold {
            ratchet: since.ratchet.kind().as_str(),
            days: since.ratchet.days(),
            at: since.at,
            by: &since.by,
        };
        Self {
            version: VERSION,
            project: project.as_str(),
            ratchets: ratchets.iter().map(told).collect(),
        }
    }
}

/// As the body of an answer.
pub(super) fn json(told: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(told).expect("structs of strings, numbers and JSON always become JSON")
}

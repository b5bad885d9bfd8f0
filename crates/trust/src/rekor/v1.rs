//! Proposals to a Rekor v1 log: `dsse` 0.0.1 and `hashedrekord` 0.0.1.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use touchplate_attest::crypto::{Algorithm, Hash, KeyKind};
use touchplate_attest::read_strict_json;

use super::encoding::{base64, to_base64};
use super::proposal::{
    Kind, MAX_V1_PROPOSAL_BYTES, Proposal, ProposalError, digest_bytes, form, sha256, shown,
};
use super::search::SearchKey;
use super::verifier::Verifier;

/// What an attestation's payload is (in-toto Attestation Framework, envelope layer).
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Subjects' digests that an entry is found by. PEP 740 has one subject; of a statement about a thousand files, these are
/// the first. A log's entry has eight search keys: these, two names, the verifier, the envelope and the payload.
const MAX_SUBJECT_KEYS: usize = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Proposed {
    kind: String,
    api_version: String,
    spec: Value,
}

/// Reads a proposal of either kind.
pub(super) fn read(document: &Value) -> Result<Proposal, ProposalError> {
    let proposed: Proposed = form(document.clone())?;
    match (proposed.kind.as_str(), proposed.api_version.as_str()) {
        ("dsse", "0.0.1") => dsse(form(proposed.spec)?),
        ("hashedrekord", "0.0.1") => hashed_rekord(form(proposed.spec)?),
        (kind, version) => Err(ProposalError::Kind {
            expected: "dsse 0.0.1 or hashedrekord 0.0.1",
            found: shown(&format!("{kind} {version}")),
        }),
    }
}

/// Some clients send null for what is the log's to compute.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DsseSpec {
    proposed_content: ProposedContent,
    envelope_hash: Option<IgnoredAny>,
    payload_hash: Option<IgnoredAny>,
    signatures: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposedContent {
    envelope: String,
    verifiers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeSignature {
    sig: String,
    // A hint for readers of the envelope, which is not logged.
    #[serde(rename = "keyid")]
    _key_id: Option<String>,
}

fn dsse(spec: DsseSpec) -> Result<Proposal, ProposalError> {
    for (member, found) in [
        ("envelopeHash", spec.envelope_hash.is_some()),
        ("payloadHash", spec.payload_hash.is_some()),
        ("signatures", spec.signatures.is_some()),
    ] {
        if found {
            return Err(ProposalError::Computed { member });
        }
    }
    let text = spec.proposed_content.envelope;
    let envelope = read_strict_json(text.as_bytes(), MAX_V1_PROPOSAL_BYTES)
        .map_err(ProposalError::Envelope)?;
    let envelope: Envelope =
        serde_json::from_value(envelope).map_err(ProposalError::EnvelopeForm)?;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(ProposalError::PayloadType {
            found: shown(&envelope.payload_type),
        });
    }
    let [signature] = envelope.signatures.as_slice() else {
        return Err(ProposalError::Signatures {
            found: envelope.signatures.len(),
        });
    };
    let [verifier] = spec.proposed_content.verifiers.as_slice() else {
        return Err(ProposalError::Verifiers {
            found: spec.proposed_content.verifiers.len(),
        });
    };
    let member = |member| ProposalError::Base64 { member };
    let payload = base64(&envelope.payload).ok_or_else(|| member("the envelope's payload"))?;
    let bytes = base64(&signature.sig).ok_or_else(|| member("the envelope's signature"))?;
    let verifier = base64(verifier).ok_or_else(|| member("the verifier"))?;
    let verifier = Verifier::from_pem(&verifier)?;
    check_envelope(&verifier, &payload, &bytes)?;

    let pem = verifier.to_pem()?;
    let (envelope_hash, payload_hash) = (sha256(text.as_bytes()), sha256(&payload));
    let mut search = signer_keys(&verifier, &pem);
    search.push(SearchKey::digest("sha256", &envelope_hash));
    search.push(SearchKey::digest("sha256", &payload_hash));
    search.extend(subject_keys(&payload));
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "dsse",
        "spec": {
            "envelopeHash": {"algorithm": "sha256", "value": envelope_hash},
            "payloadHash": {"algorithm": "sha256", "value": payload_hash},
            "signatures": [{"signature": signature.sig, "verifier": to_base64(pem.as_bytes())}],
        },
    });
    Proposal::new(Kind::Dsse, &body, search)
}

/// The signature over DSSE's pre-authentication encoding. Rekor hashes with SHA-256 whatever the curve; clients with keys on
/// other curves hash as strong as the curve is.
fn check_envelope(
    verifier: &Verifier,
    payload: &[u8],
    signature: &[u8],
) -> Result<(), ProposalError> {
    let start = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} ",
        PAYLOAD_TYPE.len(),
        payload.len()
    );
    let message = [start.as_bytes(), payload].concat();
    let usual = Algorithm::usual_for(verifier.kind());
    let checked = verifier.check(usual, &message, signature);
    let other = Algorithm::with_hash(verifier.kind(), Hash::Sha256);
    if checked.is_err() && other != usual {
        return Ok(verifier.check(other, &message, signature)?);
    }
    Ok(checked?)
}

fn signer_keys(verifier: &Verifier, pem: &str) -> Vec<SearchKey> {
    let names = verifier.names().iter().map(|name| SearchKey::name(name));
    names.chain([SearchKey::verifier(pem)]).collect()
}

/// The digests of what the statement is about. A payload that is no statement has none: what it says is not the log's
/// business.
fn subject_keys(payload: &[u8]) -> Vec<SearchKey> {
    let statement = read_strict_json(payload, MAX_V1_PROPOSAL_BYTES).unwrap_or_default();
    let subjects = statement["subject"].as_array();
    let digests = subjects
        .into_iter()
        .flatten()
        .filter_map(|subject| subject["digest"].as_object())
        .flatten();
    let keys = digests.filter_map(|(algorithm, value)| {
        let value = value.as_str()?;
        Some(SearchKey::digest(algorithm, value))
    });
    keys.take(MAX_SUBJECT_KEYS).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedRekordSpec {
    signature: RekordSignature,
    data: RekordData,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RekordSignature {
    content: String,
    public_key: RekordKey,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RekordKey {
    content: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RekordData {
    hash: RekordHash,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RekordHash {
    algorithm: String,
    value: String,
}

fn hashed_rekord(spec: HashedRekordSpec) -> Result<Proposal, ProposalError> {
    let RekordHash { algorithm, value } = spec.data.hash;
    let hash = match algorithm.as_str() {
        "sha256" => Hash::Sha256,
        "sha384" => Hash::Sha384,
        "sha512" => Hash::Sha512,
        _ => {
            return Err(ProposalError::HashAlgorithm {
                expected: "sha256, sha384 or sha512",
                found: shown(&algorithm),
            });
        }
    };
    let digest = hex::decode(&value).ok();
    let digest = digest.filter(|it| it.len() == digest_bytes(hash) && hex::encode(it) == value);
    let digest = digest.ok_or(ProposalError::Digest { hash })?;
    let member = |member| ProposalError::Base64 { member };
    let signature = spec.signature.content;
    let bytes = base64(&signature).ok_or_else(|| member("the signature's content"))?;
    let verifier = base64(&spec.signature.public_key.content);
    let verifier = verifier.ok_or_else(|| member("the public key's content"))?;
    let verifier = Verifier::from_pem(&verifier)?;
    if verifier.kind() == KeyKind::Ed25519 {
        return Err(ProposalError::NeedsMessage);
    }
    let way = Algorithm::with_hash(verifier.kind(), hash);
    verifier.check_digest(way, &digest, &bytes)?;

    let pem = verifier.to_pem()?;
    let mut search = signer_keys(&verifier, &pem);
    search.push(SearchKey::digest(&algorithm, &value));
    let body = json!({
        "apiVersion": "0.0.1",
        "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": algorithm, "value": value}},
            "signature": {
                "content": signature,
                "publicKey": {"content": to_base64(pem.as_bytes())},
            },
        },
    });
    Proposal::new(Kind::HashedRekord, &body, search)
}

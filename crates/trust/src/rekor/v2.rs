//! Proposals to a Rekor v2 log: `hashedrekord` 0.0.2 alone. An envelope is proposed as the digest of what its signature is
//! over (sigstore/architecture-docs, the client specification for Rekor v2).

use serde::Deserialize;
use serde_json::{Value, json};
use touchplate_attest::crypto::{Algorithm, Hash, KeyKind};

use super::encoding::{base64, to_base64};
use super::proposal::{Kind, Proposal, ProposalError, digest_bytes, form, shown};
use super::verifier::{Form, Verifier};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Request {
    hashed_rekord_request_v002: HashedRekord,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HashedRekord {
    digest: String,
    signature: Signature,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    content: String,
    verifier: SignedWith,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SignedWith {
    x509_certificate: Option<Raw>,
    public_key: Option<Raw>,
    key_details: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Raw {
    raw_bytes: String,
}

/// A way of signing that the log knows: its name in `PublicKeyDetails` of sigstore/protobuf-specs.
struct Details {
    name: &'static str,
    kind: KeyKind,
    hash: Hash,
    /// The name in `HashAlgorithm`.
    hash_name: &'static str,
}

const KNOWN: &str = "PKIX_ECDSA_P256_SHA_256, PKIX_ECDSA_P384_SHA_384 or PKIX_ECDSA_P521_SHA_512";

impl Details {
    fn of(name: &str) -> Option<Self> {
        let (name, kind, hash, hash_name) = match name {
            "PKIX_ECDSA_P256_SHA_256" => (
                "PKIX_ECDSA_P256_SHA_256",
                KeyKind::P256,
                Hash::Sha256,
                "SHA2_256",
            ),
            "PKIX_ECDSA_P384_SHA_384" => (
                "PKIX_ECDSA_P384_SHA_384",
                KeyKind::P384,
                Hash::Sha384,
                "SHA2_384",
            ),
            "PKIX_ECDSA_P521_SHA_512" => (
                "PKIX_ECDSA_P521_SHA_512",
                KeyKind::P521,
                Hash::Sha512,
                "SHA2_512",
            ),
            _ => return None,
        };
        Some(Self {
            name,
            kind,
            hash,
            hash_name,
        })
    }
}

/// Reads the one kind of proposal.
pub(super) fn read(document: Value) -> Result<Proposal, ProposalError> {
    if document.get("dsseRequestV002").is_some() {
        return Err(ProposalError::Kind {
            expected: "hashedrekord 0.0.2",
            found: "dsse 0.0.2".to_owned(),
        });
    }
    let request: Request = form(document)?;
    let HashedRekord { digest, signature } = request.hashed_rekord_request_v002;
    let given = &signature.verifier.key_details;
    let details = Details::of(given).ok_or_else(|| ProposalError::KeyDetails {
        expected: KNOWN,
        found: shown(given),
    })?;
    let hash = details.hash;
    let member = |member| ProposalError::Base64 { member };
    let octets = base64(&digest).ok_or_else(|| member("the digest"))?;
    if octets.len() != digest_bytes(hash) {
        return Err(ProposalError::Digest { hash });
    }
    let bytes = base64(&signature.content).ok_or_else(|| member("the signature's content"))?;
    let verifier = verifier(&signature.verifier)?;
    if verifier.kind() != details.kind {
        return Err(ProposalError::OtherKey {
            details: details.name,
        });
    }
    let way = Algorithm::with_hash(details.kind, hash);
    verifier.check_digest(way, &octets, &bytes)?;

    let raw = json!({"rawBytes": to_base64(verifier.der())});
    let member = match verifier.form() {
        Form::Certificate => "x509Certificate",
        Form::Key => "publicKey",
    };
    let body = json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": {"hashedRekordV002": {
            "data": {"algorithm": details.hash_name, "digest": digest},
            "signature": {
                "content": signature.content,
                "verifier": {"keyDetails": details.name, member: raw},
            },
        }},
    });
    Proposal::new(Kind::HashedRekordV2, &body, Vec::new())
}

fn verifier(given: &SignedWith) -> Result<Verifier, ProposalError> {
    let member = |member| ProposalError::Base64 { member };
    match (&given.x509_certificate, &given.public_key) {
        (Some(raw), None) => {
            let der = base64(&raw.raw_bytes).ok_or_else(|| member("the certificate"))?;
            Ok(Verifier::certificate(der)?)
        }
        (None, Some(raw)) => {
            let der = base64(&raw.raw_bytes).ok_or_else(|| member("the public key"))?;
            Ok(Verifier::key(der)?)
        }
        _ => Err(ProposalError::VerifierForm),
    }
}

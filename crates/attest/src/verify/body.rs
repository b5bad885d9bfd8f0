//! What a log recorded: the body of an entry, and whether it is about this signature.

use serde_json::Value;

use super::content::Content;
use super::error::EntryError;
use super::evidence::Signer;
use crate::attestation::MAX_ATTESTATION_BYTES;
use crate::crypto::Hash;
use crate::encoding;
use crate::entry::TransparencyEntry;
use crate::json::{self, Object};

/// The kinds of entry that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Rekor v1: a DSSE envelope; the log has hashes of envelope and payload.
    Dsse,
    /// Rekor v1: a signature over a digest.
    HashedRekord,
    /// Rekor v1, older: a DSSE envelope without its payload.
    Intoto,
    /// Rekor v2: a signature over a digest; for a DSSE envelope over that of its pre-authentication encoding.
    HashedRekordV2,
}

impl Kind {
    pub(crate) fn of(entry: &TransparencyEntry) -> Option<Self> {
        match (entry.kind.as_str(), entry.kind_version.as_str()) {
            ("dsse", "0.0.1") => Some(Self::Dsse),
            ("hashedrekord", "0.0.1") => Some(Self::HashedRekord),
            ("intoto", "0.0.2") => Some(Self::Intoto),
            ("hashedrekord", "0.0.2") => Some(Self::HashedRekordV2),
            _ => None,
        }
    }

    pub(crate) fn is_rekor_v1(self) -> bool {
        self != Self::HashedRekordV2
    }
}

/// Steps 13 and 14: the body is of the entry's kind, and about this content, signature and signer.
pub(super) fn check(
    entry: &TransparencyEntry,
    kind: Kind,
    content: &Content<'_>,
    signature: &[u8],
    signer: &Signer<'_>,
) -> Result<(), EntryError> {
    let body = json::read(&entry.body, MAX_ATTESTATION_BYTES)?;
    let body = Object::new(&body, "the entry's body")?;
    let found = (body.text("kind")?, body.text("apiVersion")?);
    if found != (entry.kind.as_str(), entry.kind_version.as_str()) {
        return Err(EntryError::BodyKind {
            entry: format!("{} {}", entry.kind, entry.kind_version),
            body: json::shown(&format!("{} {}", found.0, found.1)),
        });
    }
    body.only(&["apiVersion", "kind", "spec"])?;
    let spec = body.object("spec")?;
    match kind {
        Kind::Dsse => dsse(&spec, content, signature, signer),
        Kind::HashedRekord => hashed_rekord(&spec, content, signature, signer),
        Kind::Intoto => intoto(&spec, content, signature, signer),
        Kind::HashedRekordV2 => hashed_rekord_v2(&spec, content, signature, signer),
    }
}

/// Rekor's canonical body of a `dsse` 0.0.1 entry. Its `envelopeHash` covers the JSON text that was sent to the log,
/// which an attestation does not keep: nobody can compare it.
fn dsse(
    spec: &Object<'_>,
    content: &Content<'_>,
    signature: &[u8],
    signer: &Signer<'_>,
) -> Result<(), EntryError> {
    spec.only(&["envelopeHash", "payloadHash", "signatures"])?;
    same_payload(&spec.object("payloadHash")?, content)?;
    let logged = only_signature(spec.array("signatures", usize::MAX)?)?;
    logged.only(&["signature", "verifier"])?;
    same_signature(&logged.bytes("signature")?, signature)?;
    same_signer(&logged.bytes("verifier")?, signer)
}

/// `intoto` 0.0.2: Rekor drops the payload from the envelope that it records, and puts base64 around the signature.
fn intoto(
    spec: &Object<'_>,
    content: &Content<'_>,
    signature: &[u8],
    signer: &Signer<'_>,
) -> Result<(), EntryError> {
    spec.only(&["content"])?;
    let recorded = spec.object("content")?;
    same_payload(&recorded.object("payloadHash")?, content)?;
    let envelope = recorded.object("envelope")?;
    let payload_type = envelope.text("payloadType")?;
    if content.payload_type() != Some(payload_type) {
        return Err(EntryError::BodyPayloadType {
            logged: json::shown(payload_type),
        });
    }
    let logged = only_signature(envelope.array("signatures", usize::MAX)?)?;
    let inner = logged.bytes("sig")?;
    let inner = std::str::from_utf8(&inner)
        .ok()
        .and_then(|text| encoding::base64(text).ok());
    same_signature(&inner.ok_or(EntryError::BodySignature)?, signature)?;
    same_signer(&logged.bytes("publicKey")?, signer)
}

fn hashed_rekord(
    spec: &Object<'_>,
    content: &Content<'_>,
    signature: &[u8],
    signer: &Signer<'_>,
) -> Result<(), EntryError> {
    spec.only(&["data", "signature"])?;
    let hash = spec.object("data")?.object("hash")?;
    let algorithm = hash.text("algorithm")?;
    let known = match algorithm {
        "sha256" => Hash::Sha256,
        "sha384" => Hash::Sha384,
        "sha512" => Hash::Sha512,
        _ => return Err(unknown_hash(algorithm)),
    };
    same_digest(hash.text("value")?, content, known)?;
    let logged = spec.object("signature")?;
    logged.only(&["content", "publicKey"])?;
    same_signature(&logged.bytes("content")?, signature)?;
    same_signer(&logged.object("publicKey")?.bytes("content")?, signer)
}

fn hashed_rekord_v2(
    spec: &Object<'_>,
    content: &Content<'_>,
    signature: &[u8],
    signer: &Signer<'_>,
) -> Result<(), EntryError> {
    spec.only(&["hashedRekordV002"])?;
    let recorded = spec.object("hashedRekordV002")?;
    recorded.only(&["data", "signature"])?;
    let data = recorded.object("data")?;
    data.only(&["algorithm", "digest"])?;
    let algorithm = data.text("algorithm")?;
    let known = match algorithm {
        "SHA2_256" => Hash::Sha256,
        "SHA2_384" => Hash::Sha384,
        "SHA2_512" => Hash::Sha512,
        _ => return Err(unknown_hash(algorithm)),
    };
    same_digest(&hex::encode(data.bytes("digest")?), content, known)?;
    let logged = recorded.object("signature")?;
    logged.only(&["content", "verifier"])?;
    same_signature(&logged.bytes("content")?, signature)?;
    let verifier = logged.object("verifier")?;
    verifier.only(&["keyDetails", "x509Certificate", "publicKey"])?;
    let certificate = verifier.optional_object("x509Certificate")?;
    let key = verifier.optional_object("publicKey")?;
    match (certificate, key, signer) {
        (Some(certificate), None, Signer::Certificate { der, .. }) => {
            same_certificate(&certificate.bytes("rawBytes")?, der)
        }
        (None, Some(key), Signer::Key(managed)) if key.bytes("rawBytes")? == managed.spki() => {
            Ok(())
        }
        (None, Some(_), Signer::Key(_)) => Err(EntryError::BodyKey),
        _ => Err(EntryError::BodyVerifierKind),
    }
}

fn unknown_hash(algorithm: &str) -> EntryError {
    EntryError::BodyHashAlgorithm {
        found: json::shown(algorithm),
    }
}

/// The hash of the payload that was logged, which is SHA-256 in both kinds of entry that have one.
fn same_payload(hash: &Object<'_>, content: &Content<'_>) -> Result<(), EntryError> {
    let algorithm = hash.text("algorithm")?;
    if algorithm != "sha256" {
        return Err(unknown_hash(algorithm));
    }
    let logged = hash.text("value")?;
    let payload = content.payload().ok_or(EntryError::BodyContentKind)?;
    let actual = hex::encode(Hash::Sha256.of(payload));
    if logged == actual {
        return Ok(());
    }
    Err(EntryError::BodyPayload {
        logged: json::shown(logged),
        actual,
    })
}

fn same_digest(logged: &str, content: &Content<'_>, hash: Hash) -> Result<(), EntryError> {
    let actual = content
        .digest(hash)
        .ok_or(EntryError::BodyDigestNotKnown { hash })?;
    let actual = hex::encode(actual);
    if logged == actual {
        return Ok(());
    }
    Err(EntryError::BodyDigest {
        logged: json::shown(logged),
        actual,
    })
}

fn only_signature(signatures: &[Value]) -> Result<Object<'_>, EntryError> {
    let [signature] = signatures else {
        return Err(EntryError::BodySignatureCount {
            found: signatures.len(),
        });
    };
    Ok(Object::new(signature, "the signature in the entry's body")?)
}

fn same_signature(logged: &[u8], signature: &[u8]) -> Result<(), EntryError> {
    if logged == signature {
        return Ok(());
    }
    Err(EntryError::BodySignature)
}

/// Rekor v1 records certificate or key as PEM.
fn same_signer(logged: &[u8], signer: &Signer<'_>) -> Result<(), EntryError> {
    match signer {
        Signer::Certificate { der, .. } => {
            let certificate = pem("CERTIFICATE", logged);
            same_certificate(
                &certificate.ok_or(EntryError::BodyCertificateEncoding)?,
                der,
            )
        }
        Signer::Key(managed) => {
            let key = pem("PUBLIC KEY", logged).ok_or(EntryError::BodyKeyEncoding)?;
            if key == managed.spki() {
                return Ok(());
            }
            Err(EntryError::BodyKey)
        }
    }
}

fn same_certificate(logged: &[u8], certificate: &[u8]) -> Result<(), EntryError> {
    if logged == certificate {
        return Ok(());
    }
    Err(EntryError::BodyCertificate)
}

/// The DER inside one PEM text (RFC 7468 §5, §13).
pub(crate) fn pem(label: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?.trim_ascii();
    let text = text.strip_prefix("-----BEGIN ")?.strip_prefix(label)?;
    let text = text.strip_prefix("-----\n")?;
    let text = text.strip_suffix("-----")?.strip_suffix(label)?;
    let text = text.strip_suffix("\n-----END ")?;
    encoding::base64(&text.replace('\n', "")).ok()
}

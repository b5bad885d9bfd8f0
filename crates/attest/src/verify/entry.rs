//! Steps 8 to 14: what must hold of a log entry beside the cryptography.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use touchplate_packaging::Sha256;

use super::error::EntryError;
use crate::attestation::{Attestation, InclusionProof, MAX_ATTESTATION_BYTES, TransparencyEntry};
use crate::certificate::SigningCertificate;
use crate::json::{self, Object};
use crate::log::LogEntryFacts;
use crate::root::{Issuer, Log, TrustRoot};

const KIND: &str = "dsse";
const KIND_VERSION: &str = "0.0.1";

/// The number of the entry's log in the root, and its facts, once the cryptography agrees.
pub(super) fn check(
    attestation: &Attestation,
    entry: &TransparencyEntry,
    certificate: &SigningCertificate,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<(usize, LogEntryFacts), EntryError> {
    // 8. The entry's kind, and the log that its id names.
    let (number, log) = find_log(entry, root)?;
    // 9. The entry's time: promised, not in the future, within the certificate's validity.
    let time = entry_time(entry, certificate, now)?;
    // 10. The log's key was believed then.
    if !log.window.contains(time) {
        return Err(EntryError::LogNotInForce { time });
    }
    // 12. Proof and checkpoint are of one tree, and the entry is in it.
    let proof = entry.proof.as_ref().ok_or(EntryError::NoProof)?;
    agree(proof, log)?;
    // 13 and 14. The body is of the entry's kind, and about this statement, signature and certificate.
    check_body(attestation, entry)?;
    let facts = LogEntryFacts {
        log_id: hex::encode(entry.log_id),
        log_url: log.url.clone(),
        log_index: entry.log_index,
        integrated_time: time,
        kind: format!("{} {}", entry.kind, entry.kind_version),
        checkpoint_origin: proof.checkpoint.origin().to_owned(),
        tree_size: proof.checkpoint.tree_size(),
    };
    Ok((number, facts))
}

fn find_log<'r>(
    entry: &TransparencyEntry,
    root: &'r TrustRoot,
) -> Result<(usize, &'r Log), EntryError> {
    if (entry.kind.as_str(), entry.kind_version.as_str()) != (KIND, KIND_VERSION) {
        return Err(EntryError::Kind {
            kind: json::shown(&entry.kind),
            version: json::shown(&entry.kind_version),
        });
    }
    let found = root.material().log(&entry.log_id);
    let (number, log) = found.ok_or_else(|| EntryError::UnknownLog {
        log_id: hex::encode(entry.log_id),
    })?;
    if !log.is_rekor_v1 {
        return Err(EntryError::NotVersionOneLog {
            log_id: hex::encode(entry.log_id),
        });
    }
    Ok((number, log))
}

fn entry_time(
    entry: &TransparencyEntry,
    certificate: &SigningCertificate,
    now: Timestamp,
) -> Result<Timestamp, EntryError> {
    let seconds = entry.integrated_time.ok_or(EntryError::NoIntegratedTime)?;
    if entry.promise.is_none() {
        return Err(EntryError::NoPromise);
    }
    let time = Timestamp::from_second(seconds).map_err(|_| EntryError::Time { seconds })?;
    let (not_before, not_after) = (certificate.not_before, certificate.not_after);
    if time > now {
        Err(EntryError::InFuture { time, now })
    } else if time < not_before {
        Err(EntryError::BeforeCertificate { time, not_before })
    } else if time > not_after {
        Err(EntryError::AfterCertificate { time, not_after })
    } else {
        Ok(time)
    }
}

/// Step 11, for one issuer: it and the certificates above it were in force.
pub(super) fn in_force(issuer: &Issuer, time: Timestamp) -> Result<(), EntryError> {
    if !issuer.window.contains(time) {
        return Err(EntryError::AuthorityNotInForce { time });
    }
    let invalid = issuer
        .path
        .iter()
        .find(|it| time < it.not_before || it.not_after < time);
    invalid.map_or(Ok(()), |it| {
        Err(EntryError::AuthorityNotValid {
            subject: it.subject.clone(),
            not_before: it.not_before,
            not_after: it.not_after,
            time,
        })
    })
}

fn agree(proof: &InclusionProof, log: &Log) -> Result<(), EntryError> {
    let checkpoint = &proof.checkpoint;
    if proof.tree_size != checkpoint.tree_size() {
        return Err(EntryError::TreeSize {
            proof: proof.tree_size,
            checkpoint: checkpoint.tree_size(),
        });
    }
    if proof.root_hash != *checkpoint.root_hash() {
        return Err(EntryError::RootHash);
    }
    if !log.has_origin(checkpoint.origin()) {
        return Err(EntryError::CheckpointOrigin {
            expected: log.name().to_owned(),
            found: json::shown(checkpoint.origin()),
        });
    }
    if !checkpoint
        .signers()
        .iter()
        .any(|signer| signer == log.name())
    {
        return Err(EntryError::CheckpointSigner {
            expected: log.name().to_owned(),
            found: checkpoint
                .signers()
                .iter()
                .map(|signer| json::shown(signer))
                .collect(),
        });
    }
    if proof.log_index >= proof.tree_size {
        return Err(EntryError::IndexOutside {
            index: proof.log_index,
            size: proof.tree_size,
        });
    }
    Ok(())
}

/// Rekor's canonical body of a `dsse` 0.0.1 entry. Its `envelopeHash` covers the JSON text that was sent to the log,
/// which an attestation does not keep: nobody can compare it.
fn check_body(attestation: &Attestation, entry: &TransparencyEntry) -> Result<(), EntryError> {
    let body = json::read(&entry.body, MAX_ATTESTATION_BYTES)?;
    let body = Object::new(&body, "the entry's body")?;
    let (kind, version) = (body.text("kind")?, body.text("apiVersion")?);
    if (kind, version) != (KIND, KIND_VERSION) {
        return Err(EntryError::BodyKind {
            entry: format!("{KIND} {KIND_VERSION}"),
            body: json::shown(&format!("{kind} {version}")),
        });
    }
    body.only(&["apiVersion", "kind", "spec"])?;
    let spec = body.object("spec")?;
    spec.only(&["envelopeHash", "payloadHash", "signatures"])?;
    let hash = spec.object("payloadHash")?;
    let algorithm = hash.text("algorithm")?;
    if algorithm != "sha256" {
        return Err(EntryError::BodyHashAlgorithm {
            found: json::shown(algorithm),
        });
    }
    let logged = hash.text("value")?;
    let actual = Sha256::of(&attestation.payload).to_string();
    if logged != actual {
        return Err(EntryError::BodyPayload {
            logged: json::shown(logged),
            actual,
        });
    }
    let signatures = spec.array("signatures", usize::MAX)?;
    let [signature] = signatures else {
        return Err(EntryError::BodySignatureCount {
            found: signatures.len(),
        });
    };
    let signature = Object::new(signature, "the signature in the entry's body")?;
    signature.only(&["signature", "verifier"])?;
    if signature.bytes("signature")? != attestation.signature {
        return Err(EntryError::BodySignature);
    }
    let certificate =
        pem(&signature.bytes("verifier")?).ok_or(EntryError::BodyCertificateEncoding)?;
    if certificate != attestation.certificate {
        return Err(EntryError::BodyCertificate);
    }
    Ok(())
}

/// The DER inside one PEM certificate (RFC 7468 §5).
fn pem(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(bytes).ok()?.trim_ascii();
    let text = text.strip_prefix("-----BEGIN CERTIFICATE-----\n")?;
    let text = text.strip_suffix("\n-----END CERTIFICATE-----")?;
    STANDARD.decode(text.split('\n').collect::<String>()).ok()
}

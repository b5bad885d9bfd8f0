//! Sigstore bundles, judged by `sigstore-verify` with the rules that it leaves out.
//!
//! The library tries every log key whose four-byte hint fits; here each entry is checked under the one log that it
//! names. Digests other than SHA-256 and SHA-512 are not judged.

use std::error::Error;
use std::path::Path;

use jiff::Timestamp;
use sigstore_trust_root::{TransparencyLog, TrustedRoot};
use sigstore_types::bundle::{TransparencyLogEntry, VerificationMaterialContent};
use sigstore_types::{ArtifactDigest, Bundle, DerPublicKey, HashAlgorithm, Sha256Hash, Sha512Hash};
use sigstore_verify::{Policy, PublicKeyVerificationPolicy, VerificationPolicy, Verifier};
use touchplate_attest::read_strict_json;
use x509_cert::der::Decode as _;

use crate::Row;

/// Real bundles have some kilobytes.
const MAX_BUNDLE_BYTES: usize = 1024 * 1024;

type Refusal = Box<dyn Error>;

/// What was accepted in words, or `None` for a bundle that is not judged here.
pub(crate) fn judge(row: &Row, folder: &Path) -> Result<Option<String>, Refusal> {
    let Some(digest) = digest(row, folder)? else {
        return Ok(None);
    };
    let json = read_strict_json(&std::fs::read(folder.join(&row.path))?, MAX_BUNDLE_BYTES)?;
    if json.get("mediaType").is_none() {
        return Err("the bundle has no media type".into());
    }
    if json.get("messageSignature").is_some() && json.get("dsseEnvelope").is_some() {
        return Err("the bundle has two contents".into());
    }
    let bundle: Bundle = serde_json::from_value(json)?;
    let root = TrustedRoot::from_json(&std::fs::read_to_string(folder.join(&row.trusted_root))?)?;
    check_shape(&bundle)?;
    let policy = policy(row, folder)?;
    let entries = &bundle.verification_material.tlog_entries;
    for entry in entries {
        let log = find_log(entry, &root)?;
        let (mut alone, mut logs) = (bundle.clone(), root.clone());
        alone.verification_material.tlog_entries = vec![entry.clone()];
        logs.tlogs = vec![log.clone()];
        let result = Verifier::new(&logs)?.verify(digest.clone(), &alone, &*policy)?;
        let window = log.public_key.valid_for;
        for time in result.verified_timestamps() {
            if *time > Timestamp::now() || window.is_some_and(|window| !window.contains(*time)) {
                return Err(
                    format!("{time} is in the future, or the log was not believed then").into(),
                );
            }
        }
    }
    let result = Verifier::new(&root)?.verify(digest, &bundle, &*policy)?;
    let signer = result.identity().map(ToString::to_string);
    let signer = match (signer, &row.public_key) {
        (Some(signer), _) => signer,
        (None, Some(_)) => "the given key".to_owned(),
        (None, None) => return Err("the certificate names nobody".into()),
    };
    Ok(Some(format!("by {signer}")))
}

fn digest(row: &Row, folder: &Path) -> Result<Option<ArtifactDigest>, Refusal> {
    if let Some(path) = &row.artifact {
        let digest = touchplate_attest::Sha256::of(&std::fs::read(folder.join(path))?);
        return Ok(Some(Sha256Hash::new(*digest.as_bytes()).into()));
    }
    let sha512 = row
        .artifact_digest
        .as_ref()
        .and_then(|digests| digests.get("sha512"));
    Ok(match (&row.artifact_sha256, sha512) {
        (Some(sha256), _) => Some(Sha256Hash::from_hex(sha256)?.into()),
        (None, Some(sha512)) => Some(ArtifactDigest::new(
            HashAlgorithm::Sha2512,
            Sha512Hash::from_hex(sha512)?,
        )?),
        (None, None) => None,
    })
}

fn policy(row: &Row, folder: &Path) -> Result<Box<dyn Policy>, Refusal> {
    if let Some(path) = &row.public_key {
        let key = DerPublicKey::from_pem(&std::fs::read_to_string(folder.join(path))?)?;
        return Ok(Box::new(PublicKeyVerificationPolicy::new(key)));
    }
    let mut policy = VerificationPolicy::any_identity();
    if let Some(identity) = &row.identity {
        if let Some(san) = &identity.san {
            policy = policy.require_identity(san);
        }
        if let Some(issuer) = &identity.issuer {
            policy = policy.require_issuer(issuer);
        }
    }
    Ok(Box::new(policy))
}

/// No root among the certificates, every entry proved, nothing twice.
fn check_shape(bundle: &Bundle) -> Result<(), Refusal> {
    let material = &bundle.verification_material;
    if let VerificationMaterialContent::X509CertificateChain { certificates } = &material.content {
        for certificate in certificates {
            let certificate = x509_cert::Certificate::from_der(certificate.raw_bytes.as_bytes())?;
            if certificate.tbs_certificate.subject == certificate.tbs_certificate.issuer {
                return Err("the bundle's chain has a root certificate".into());
            }
        }
    }
    let entries = &material.tlog_entries;
    if entries
        .iter()
        .enumerate()
        .any(|(at, entry)| entries.iter().skip(at + 1).any(|later| later == entry))
    {
        return Err("the bundle has a log entry twice".into());
    }
    let stamps = &material.timestamp_verification_data.rfc3161_timestamps;
    if stamps
        .iter()
        .enumerate()
        .any(|(at, stamp)| stamps.iter().skip(at + 1).any(|later| later == stamp))
    {
        return Err("the bundle has a timestamp twice".into());
    }
    if entries.iter().any(|entry| entry.inclusion_proof.is_none()) {
        return Err("a log entry has no inclusion proof".into());
    }
    Ok(())
}

/// The log that the entry names; its checkpoint must bear the same name.
fn find_log<'r>(
    entry: &TransparencyLogEntry,
    root: &'r TrustedRoot,
) -> Result<&'r TransparencyLog, Refusal> {
    let log = root.tlogs.iter().find(|log| log.log_id == entry.log_id);
    let log = log.ok_or("the entry is of a log that the trust root does not have")?;
    let name = log.base_url.trim_end_matches('/');
    let name = name.split_once("://").map_or(name, |(_, name)| name);
    let checkpoint = entry
        .inclusion_proof
        .as_ref()
        .and_then(|proof| proof.checkpoint.checkpoint());
    let origin = checkpoint
        .map(sigstore_types::Checkpoint::origin)
        .unwrap_or_default();
    let tree = origin
        .strip_prefix(name)
        .map(|rest| rest.is_empty() || rest.starts_with(" - "));
    match tree {
        Some(true) => Ok(log),
        _ => Err(format!("expected a checkpoint of {name}, found one of {origin}").into()),
    }
}

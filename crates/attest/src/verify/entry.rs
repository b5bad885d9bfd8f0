//! Steps 8 to 14 and 17 to 19: a log entry, first beside the cryptography, then its log's signatures.

use jiff::Timestamp;

use super::body::{self, Kind};
use super::error::EntryError;
use super::evidence::{Evidence, Signer};
use crate::certificate::{Profile, SigningCertificate};
use crate::encoding;
use crate::entry::{InclusionProof, TransparencyEntry};
use crate::json;
use crate::log::{self, LogEntryFacts};
use crate::root::{Log, TrustRoot};

/// An entry that holds beside the cryptography.
pub(super) struct Checked<'r> {
    pub(super) log: &'r Log,
    pub(super) kind: Kind,
    /// The time that its promise claims, where it has one.
    pub(super) time: Option<Timestamp>,
    pub(super) facts: LogEntryFacts,
}

/// Steps 8 to 10 and 12 to 14.
pub(super) fn check<'r>(
    entry: &TransparencyEntry,
    evidence: &Evidence<'_>,
    certificate: Option<&SigningCertificate>,
    root: &'r TrustRoot,
    now: Timestamp,
) -> Result<Checked<'r>, EntryError> {
    // 8. The entry's kind, and the log that its id names.
    let (kind, log) = find_log(entry, evidence.profile, root)?;
    // 9. The entry's time: promised, not in the future, within the certificate's validity.
    let time = claimed_time(entry, kind, evidence, now)?;
    if let Some((time, certificate)) = time.zip(certificate) {
        within(certificate, time)?;
    }
    // 10. The log's key was believed then.
    if let Some(time) = time {
        believed(log, time)?;
    }
    // 12. Proof and checkpoint are of one tree, and the entry is in it.
    let proof = agree(entry, kind, log, evidence.profile)?;
    // 13 and 14. The body is of the entry's kind, and about this content, signature and signer.
    body::check(
        entry,
        kind,
        &evidence.content,
        evidence.signature,
        &evidence.signer,
    )?;
    let facts = LogEntryFacts {
        log_id: hex::encode(entry.log_id),
        log_url: log.url.clone(),
        log_index: entry.log_index,
        integrated_time: time,
        kind: format!("{} {}", entry.kind, entry.kind_version),
        checkpoint_origin: proof.checkpoint.origin().to_owned(),
        tree_size: proof.checkpoint.tree_size(),
    };
    Ok(Checked {
        log,
        kind,
        time,
        facts,
    })
}

/// Step 8.
pub(super) fn find_log<'r>(
    entry: &TransparencyEntry,
    profile: Profile,
    root: &'r TrustRoot,
) -> Result<(Kind, &'r Log), EntryError> {
    // PEP 740's signatures are DSSE envelopes, which Rekor v1 logs as such.
    let logged = |kind: &Kind| {
        profile == Profile::Bundle || matches!(kind, Kind::Dsse | Kind::HashedRekordV2)
    };
    let kind = Kind::of(entry).filter(logged);
    let kind = kind.ok_or_else(|| EntryError::Kind {
        kind: json::shown(&entry.kind),
        version: json::shown(&entry.kind_version),
    })?;
    let found = root.material().log(&entry.log_id);
    let log = found.ok_or_else(|| EntryError::UnknownLog {
        log_id: hex::encode(entry.log_id),
    })?;
    if kind.is_rekor_v1() && !log.is_rekor_v1 {
        return Err(EntryError::NotVersionOneLog {
            log_id: hex::encode(entry.log_id),
        });
    }
    Ok((kind, log))
}

/// The time that a Rekor v1 entry promises, which has come; `None` where it has no promise, and timestamps speak in its
/// place, or none is needed since a managed key does not expire. Rekor v2 promises none.
pub(super) fn claimed_time(
    entry: &TransparencyEntry,
    kind: Kind,
    evidence: &Evidence<'_>,
    now: Timestamp,
) -> Result<Option<Timestamp>, EntryError> {
    let expires = matches!(evidence.signer, Signer::Certificate { .. });
    let is_stamped = !evidence.timestamps.is_empty();
    if !kind.is_rekor_v1() {
        if expires && !is_stamped {
            return Err(EntryError::NoTimestamp);
        }
        return Ok(None);
    }
    if entry.promise.is_none() {
        return match entry.integrated_time {
            _ if !expires || is_stamped => Ok(None),
            None => Err(EntryError::NoIntegratedTime),
            Some(_) => Err(EntryError::NoPromise),
        };
    }
    let seconds = entry.integrated_time.ok_or(EntryError::NoIntegratedTime)?;
    let time = Timestamp::from_second(seconds).map_err(|_| EntryError::Time { seconds })?;
    if time > now {
        return Err(EntryError::InFuture { time, now });
    }
    Ok(Some(time))
}

/// Step 9: the certificate was valid then.
pub(super) fn within(certificate: &SigningCertificate, time: Timestamp) -> Result<(), EntryError> {
    let (not_before, not_after) = (certificate.not_before, certificate.not_after);
    if time < not_before {
        Err(EntryError::BeforeCertificate { time, not_before })
    } else if time > not_after {
        Err(EntryError::AfterCertificate { time, not_after })
    } else {
        Ok(())
    }
}

/// Step 10: the log's key was believed then.
pub(super) fn believed(log: &Log, time: Timestamp) -> Result<(), EntryError> {
    if log.window.contains(time) {
        Ok(())
    } else {
        Err(EntryError::LogNotInForce { time })
    }
}

/// Step 12: proof and checkpoint are of one tree, and the entry is in it.
pub(super) fn agree<'e>(
    entry: &'e TransparencyEntry,
    kind: Kind,
    log: &Log,
    profile: Profile,
) -> Result<&'e InclusionProof, EntryError> {
    let proof = entry.proof.as_ref().ok_or(EntryError::NoProof)?;
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
    if names_itself(kind, profile) {
        if !log.has_origin(checkpoint.origin()) {
            return Err(EntryError::CheckpointOrigin {
                expected: log.name().to_owned(),
                found: json::shown(checkpoint.origin()),
            });
        }
        if !checkpoint.signers().any(|signer| signer == log.name()) {
            return Err(EntryError::CheckpointSigner {
                expected: log.name().to_owned(),
                found: checkpoint.signers().map(json::shown).collect(),
            });
        }
    }
    if proof.log_index >= proof.tree_size {
        return Err(EntryError::IndexOutside {
            index: proof.log_index,
            size: proof.tree_size,
        });
    }
    // Rekor v1 counts over all its shards, and signs that number in the promise. In v2 nothing else covers it.
    if !kind.is_rekor_v1() && entry.log_index != proof.log_index {
        return Err(EntryError::IndexDiffers {
            entry: entry.log_index,
            proof: proof.log_index,
        });
    }
    Ok(proof)
}

/// Whether checkpoints must bear the log's address. A private Rekor v1 writes its container's name into them when it
/// was not told better, and Sigstore's bundles of such exist; its key alone selects it. In v2 the name is part of the
/// key's identifier.
fn names_itself(kind: Kind, profile: Profile) -> bool {
    profile == Profile::Attestation || !kind.is_rekor_v1()
}

/// Step 17: the log signed the promise, where it made one.
pub(super) fn check_promise(
    entry: &TransparencyEntry,
    log: &Log,
    kind: Kind,
) -> Result<(), EntryError> {
    if let Some((promise, seconds)) = entry.promise.as_ref().zip(entry.integrated_time)
        && kind.is_rekor_v1()
    {
        let signed = promised(entry, seconds);
        let held = log.key.verify(signed.as_bytes(), promise);
        held.map_err(EntryError::Promise)?;
    }
    Ok(())
}

/// Steps 18 and 19: the proof leads from the body to the root, and the log signed the checkpoint.
pub(super) fn check_tree(
    entry: &TransparencyEntry,
    log: &Log,
    kind: Kind,
    profile: Profile,
) -> Result<(), EntryError> {
    let proof = entry.proof.as_ref().ok_or(EntryError::NoProof)?;
    let leaf = log::leaf_hash(&entry.body);
    log::check_inclusion(&leaf, proof).map_err(EntryError::InclusionProof)?;
    let name = names_itself(kind, profile).then(|| log.name());
    let mut signatures = proof
        .checkpoint
        .signatures()
        .filter(|it| name.is_none_or(|name| it.name == name) && log.id.starts_with(&it.key_hint))
        .peekable();
    if signatures.peek().is_none() {
        return Err(EntryError::CheckpointKey);
    }
    let text = proof.checkpoint.text().as_bytes();
    let mut refused = None;
    for signature in signatures {
        match log.key.verify(text, &signature.bytes) {
            Ok(()) => return Ok(()),
            Err(bad) => refused = Some(bad),
        }
    }
    refused.map_or(Ok(()), |bad| Err(EntryError::Checkpoint(bad)))
}

/// What a Rekor v1 log signs as its promise (SET): canonical JSON (RFC 8785) of these four. None of the values needs
/// escaping.
fn promised(entry: &TransparencyEntry, seconds: i64) -> String {
    /// The keys, and the other three values.
    const BESIDE_BODY: usize = 160;
    let mut text = String::with_capacity(encoding::base64_length(&entry.body) + BESIDE_BODY);
    text.push_str(r#"{"body":""#);
    encoding::append_base64(&entry.body, &mut text);
    let log_id = hex::encode(entry.log_id);
    text.push_str(&format!(
        r#"","integratedTime":{seconds},"logID":"{log_id}","logIndex":{}}}"#,
        entry.log_index
    ));
    text
}

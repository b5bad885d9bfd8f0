//! Entries of a transparency log as attestations and Sigstore bundles carry them: protobuf's JSON of
//! `TransparencyLogEntry` (sigstore/protobuf-specs, `sigstore_rekor.proto`). Reading proves nothing.

use serde_json::Value;

use crate::json::{FieldError, Object};
use crate::log::{Checkpoint, CheckpointError};

/// Log entries of one attestation or bundle. Writers make one; each costs up to three signature checks and must hold.
pub const MAX_TRANSPARENCY_ENTRIES: usize = 8;

/// Hashes of one inclusion proof: a tree of fewer than 2⁶³ entries needs no more.
const MAX_PROOF_HASHES: usize = 63;

/// One entry of a transparency log, as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransparencyEntry {
    /// Index over all shards of the log.
    pub log_index: u64,
    /// Which log: for Rekor v1 the SHA-256 of its public key.
    pub log_id: [u8; 32],
    /// The entry's kind, such as `dsse`.
    pub kind: String,
    /// The kind's version, such as `0.0.1`.
    pub kind_version: String,
    /// Seconds since 1970 at which the log says it took the entry; believed only under the promise's signature.
    pub integrated_time: Option<i64>,
    /// The log's signature over body, time and index (the SET).
    pub promise: Option<Vec<u8>>,
    /// The proof that the entry is in the log.
    pub proof: Option<InclusionProof>,
    /// The entry's body, as the log hashed it.
    pub body: Vec<u8>,
}

/// A Merkle inclusion proof (RFC 9162 §2.1.3) with the checkpoint that it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    /// Index in the tree that the checkpoint is of.
    pub log_index: u64,
    /// The root that the hashes lead to.
    pub root_hash: [u8; 32],
    /// Entries in that tree.
    pub tree_size: u64,
    /// Sibling hashes, from the leaf upwards.
    pub hashes: Vec<[u8; 32]>,
    /// The signed tree head.
    pub checkpoint: Checkpoint,
}

/// Why a value is no log entry.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntryFormError {
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error(transparent)]
    Checkpoint(CheckpointError),
}

/// Reads the entry at `position`, counted from 1. Its format is protobuf's: unknown keys are refused.
pub(crate) fn read(value: &Value, position: usize) -> Result<TransparencyEntry, EntryFormError> {
    let entry = Object::numbered(value, "transparency log entry", position)?;
    entry.only(&[
        "logIndex",
        "logId",
        "kindVersion",
        "integratedTime",
        "inclusionPromise",
        "inclusionProof",
        "canonicalizedBody",
    ])?;
    let log_id = entry.object("logId")?;
    log_id.only(&["keyId"])?;
    let kind_version = entry.object("kindVersion")?;
    kind_version.only(&["kind", "version"])?;
    let promise = entry.optional_object("inclusionPromise")?;
    let proof = entry.optional_object("inclusionProof")?;
    Ok(TransparencyEntry {
        log_index: entry.number("logIndex")?,
        log_id: log_id.hash("keyId")?,
        kind: kind_version.text("kind")?.to_owned(),
        kind_version: kind_version.text("version")?.to_owned(),
        integrated_time: seconds(&entry)?,
        promise: promise
            .map(|promise| {
                promise.only(&["signedEntryTimestamp"])?;
                promise.bytes("signedEntryTimestamp")
            })
            .transpose()?,
        proof: proof.map(|proof| inclusion_proof(&proof)).transpose()?,
        body: entry.bytes("canonicalizedBody")?,
    })
}

/// Protobuf's JSON does not tell 0 from absent.
fn seconds(entry: &Object<'_>) -> Result<Option<i64>, FieldError> {
    let seconds = entry.number("integratedTime")?;
    Ok(i64::try_from(seconds).ok().filter(|&seconds| seconds > 0))
}

fn inclusion_proof(proof: &Object<'_>) -> Result<InclusionProof, EntryFormError> {
    proof.only(&["logIndex", "rootHash", "treeSize", "hashes", "checkpoint"])?;
    let checkpoint = proof.object("checkpoint")?;
    checkpoint.only(&["envelope"])?;
    Ok(InclusionProof {
        log_index: proof.number("logIndex")?,
        root_hash: proof.hash("rootHash")?,
        tree_size: proof.number("treeSize")?,
        hashes: proof.hashes("hashes", MAX_PROOF_HASHES)?,
        checkpoint: Checkpoint::parse(checkpoint.text("envelope")?)
            .map_err(EntryFormError::Checkpoint)?,
    })
}

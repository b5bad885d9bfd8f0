//! A log with Rekor's version 2 in front (sigstore/rekor-tiles, `rekor_service.proto`).

use jiff::Timestamp;
use serde::Serialize;

use super::encoding::to_base64;
use super::error::AddError;
use super::proposal::{Kind, Proposal};
use crate::log::{Appended, Log, NewEntry};

/// Rekor v2 over one log. Cheap to clone.
#[derive(Clone)]
pub struct Rekor2 {
    log: Log,
}

/// What became of a proposal.
#[derive(Clone, Debug)]
pub enum Added2 {
    /// It was logged.
    New(Box<TransparencyLogEntry>),
    /// The same was there, at this index.
    Exists(u64),
}

/// protobuf's JSON of `TransparencyLogEntry` (sigstore/protobuf-specs), where 64-bit numbers are texts.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TransparencyLogEntry {
    log_index: String,
    log_id: LogId,
    kind_version: KindVersion,
    inclusion_proof: InclusionProof,
    canonicalized_body: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogId {
    key_id: String,
}

#[derive(Clone, Debug, Serialize)]
struct KindVersion {
    kind: &'static str,
    version: &'static str,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InclusionProof {
    log_index: String,
    root_hash: String,
    tree_size: String,
    hashes: Vec<String>,
    checkpoint: Checkpoint,
}

#[derive(Clone, Debug, Serialize)]
struct Checkpoint {
    envelope: String,
}

impl Rekor2 {
    /// Puts Rekor v2 in front of `log`.
    pub fn new(log: Log) -> Self {
        Self { log }
    }

    /// The log behind.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Logs a proposal, and answers once a public checkpoint covers it.
    pub async fn add(&self, proposal: &Proposal, now: Timestamp) -> Result<Added2, AddError> {
        let entry = NewEntry {
            body: proposal.body().clone(),
            search: Vec::new(),
            at: now,
        };
        let appended = self.log.append(entry).await?;
        if appended.duplicate {
            return Ok(Added2::Exists(appended.index));
        }
        Ok(Added2::New(Box::new(self.told(proposal, appended))))
    }

    fn told(&self, proposal: &Proposal, appended: Appended) -> TransparencyLogEntry {
        let Appended {
            index,
            proof,
            checkpoint,
            ..
        } = appended;
        let (kind, version) = Kind::HashedRekordV2.named();
        TransparencyLogEntry {
            log_index: index.to_string(),
            log_id: LogId {
                key_id: to_base64(self.log.note_key().id()),
            },
            kind_version: KindVersion { kind, version },
            inclusion_proof: InclusionProof {
                log_index: index.to_string(),
                root_hash: to_base64(&proof.root),
                tree_size: proof.size.to_string(),
                hashes: proof.hashes.iter().map(|hash| to_base64(hash)).collect(),
                checkpoint: Checkpoint {
                    envelope: checkpoint,
                },
            },
            canonicalized_body: to_base64(proposal.body()),
        }
    }
}

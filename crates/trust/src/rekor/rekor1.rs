//! A log with Rekor's version 1 in front (sigstore/rekor, `openapi.yaml`).

use std::collections::BTreeSet;
use std::sync::Arc;

use der::pem::LineEnding;
use jiff::Timestamp;
use serde::Serialize;
use touchplate_attest::log::{NoteKey, TreeHash, checkpoint_text, leaf_hash};
use x509_cert::der;

use super::encoding::to_base64;
use super::error::{AddError, AnswerError};
use super::promise;
use super::proposal::Proposal;
use super::search::Query;
use super::uuid::{TreeId, Uuid};
use crate::keys::SigningKey;
use crate::layout::KeyRing;
use crate::log::{Entry, Head, Inclusion, Log, LogError, NewEntry};

/// Rekor v1 over one log. Cheap to clone.
#[derive(Clone)]
pub struct Rekor1 {
    log: Log,
    shared: Arc<Shared>,
}

struct Shared {
    keys: KeyRing,
    /// Of the key that signs checkpoints, PEM.
    public_key: String,
    /// What that key is known by.
    signer: [u8; 32],
    tree: TreeId,
}

/// What became of a proposal.
#[derive(Clone, Debug)]
pub enum Added1 {
    /// It was logged.
    New(LoggedEntry),
    /// The same was there, under this name.
    Exists(Uuid),
}

/// An entry as Rekor v1 tells of it.
#[derive(Clone, Debug)]
pub struct LoggedEntry {
    /// Its name.
    pub uuid: Uuid,
    /// What is told of it, in the shape of Rekor's `LogEntry`.
    pub told: ToldEntry,
}

/// Rekor's `LogEntry`, without the name.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToldEntry {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: Verification,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: ToldProof,
    signed_entry_timestamp: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ToldProof {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

/// Rekor's `LogInfo`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogInfo {
    root_hash: String,
    tree_size: u64,
    signed_tree_head: String,
    #[serde(rename = "treeID")]
    tree_id: String,
    inactive_shards: [(); 0],
}

/// Rekor's `ConsistencyProof`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsistencyProof {
    root_hash: String,
    hashes: Vec<String>,
}

/// Why there is no proof of growth between two sizes.
#[derive(Debug, thiserror::Error)]
pub enum GrowthError {
    /// Nothing grows backwards, and sizes are counted from 1.
    #[error("firstSize({first}) must be at least 1 and less than or equal to lastSize({last})")]
    Order {
        /// From where.
        first: u64,
        /// To where.
        last: u64,
    },
    /// The log is not that long yet.
    #[error(
        "the tree size requested({asked}) was greater than what is currently observable({size})"
    )]
    Beyond {
        /// What was asked for.
        asked: u64,
        /// What there is.
        size: u64,
    },
    /// The log could not be read.
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

impl Rekor1 {
    /// Puts Rekor v1 in front of `log`, which `key` signs. Promises are signed by the key of `keys` in whose time an entry
    /// came.
    pub fn new(log: Log, key: &SigningKey, keys: KeyRing) -> Result<Self, der::Error> {
        let public_key = der::pem::encode_string("PUBLIC KEY", LineEnding::LF, key.public())?;
        let shared = Shared {
            public_key,
            signer: key.id(),
            tree: TreeId::of(log.origin()),
            keys,
        };
        Ok(Self {
            log,
            shared: Arc::new(shared),
        })
    }

    /// The log behind.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The log's public key, PEM.
    pub fn public_key(&self) -> &str {
        &self.shared.public_key
    }

    /// Logs a proposal, and answers once a public checkpoint covers it.
    pub async fn add(&self, proposal: &Proposal, now: Timestamp) -> Result<Added1, AddError> {
        let entry = NewEntry {
            body: proposal.body().clone(),
            search: proposal.search().iter().map(|key| key.0).collect(),
            at: now,
        };
        let appended = self.log.append(entry).await?;
        if appended.duplicate {
            return Ok(Added1::Exists(self.uuid(proposal.body())));
        }
        let entry = Entry {
            body: proposal.body().clone(),
            at: appended.at,
        };
        let told = self.told(&entry, &appended.proof, appended.checkpoint)?;
        Ok(Added1::New(told))
    }

    /// The entry at an index.
    pub async fn by_index(&self, index: u64) -> Result<Option<LoggedEntry>, AnswerError> {
        let head = self.log.head().await?;
        if index >= head.size {
            return Ok(None);
        }
        let entry = self.log.entry(index).await?;
        let entry = entry.ok_or(LogError::Missing { what: "entry" })?;
        let proof = self.log.inclusion(index, head.size).await?;
        Ok(Some(self.told(&entry, &proof, head.note)?))
    }

    /// The entry of a name.
    pub async fn by_uuid(&self, uuid: &Uuid) -> Result<Option<LoggedEntry>, AnswerError> {
        if !uuid.is_of(self.shared.tree) {
            return Ok(None);
        }
        match self.log.find_leaf(uuid.leaf()).await? {
            Some(index) => self.by_index(index).await,
            None => Ok(None),
        }
    }

    /// The entry of a proposal that may have been logged.
    pub async fn by_proposal(
        &self,
        proposal: &Proposal,
    ) -> Result<Option<LoggedEntry>, AnswerError> {
        self.by_uuid(&self.uuid(proposal.body())).await
    }

    /// The names of the entries that a query finds, the newest first.
    pub async fn search(&self, query: &Query) -> Result<Vec<Uuid>, AnswerError> {
        let mut found: Option<BTreeSet<u64>> = None;
        for key in &query.keys {
            let indices: BTreeSet<u64> = self.log.search(&key.0).await?.into_iter().collect();
            found = Some(match found {
                None => indices,
                Some(before) if query.all => &before & &indices,
                Some(before) => &before | &indices,
            });
        }
        let mut uuids = Vec::new();
        for index in found.unwrap_or_default().into_iter().rev() {
            let entry = self.log.entry(index).await?;
            let entry = entry.ok_or(LogError::Missing { what: "entry" })?;
            uuids.push(self.uuid(&entry.body));
        }
        Ok(uuids)
    }

    /// The log's head.
    pub async fn info(&self) -> Result<LogInfo, AnswerError> {
        let Head { size, root, note } = self.log.head().await?;
        Ok(LogInfo {
            root_hash: hex::encode(root),
            tree_size: size,
            signed_tree_head: note,
            tree_id: self.shared.tree.to_string(),
            inactive_shards: [],
        })
    }

    /// The number of the log's one tree.
    pub fn tree(&self) -> TreeId {
        self.shared.tree
    }

    /// That the tree of `last` entries begins with that of `first`; without `last`, the tree of now.
    pub async fn growth(
        &self,
        first: u64,
        last: Option<u64>,
    ) -> Result<ConsistencyProof, GrowthError> {
        let head = self.log.head().await.map_err(AnswerError::from)?;
        let last = last.unwrap_or(head.size);
        if first == 0 || first > last {
            return Err(GrowthError::Order { first, last });
        }
        if last > head.size {
            return Err(GrowthError::Beyond {
                asked: last,
                size: head.size,
            });
        }
        let hashes = self.log.consistency(first, last).await;
        let hashes = hashes.map_err(AnswerError::from)?;
        let root = if last == head.size {
            head.root
        } else {
            let proof = self.log.inclusion(0, last).await;
            proof.map_err(AnswerError::from)?.root
        };
        Ok(ConsistencyProof {
            root_hash: hex::encode(root),
            hashes: hexes(&hashes),
        })
    }

    fn uuid(&self, body: &[u8]) -> Uuid {
        Uuid::new(self.shared.tree, leaf_hash(body))
    }

    /// The same checkpoint by a key of another time: verifiers look for the one key that an entry names, in promise and
    /// checkpoint alike.
    fn checkpoint_by(&self, key: &SigningKey, proof: &Inclusion) -> Result<String, AnswerError> {
        let origin = self.log.origin();
        let note = NoteKey::new(origin, key.public()).map_err(LogError::Key)?;
        let text = checkpoint_text(origin, proof.size, &proof.root);
        Ok(note.note(&text, &key.sign(text.as_bytes())?))
    }

    fn told(
        &self,
        entry: &Entry,
        proof: &Inclusion,
        checkpoint: String,
    ) -> Result<LoggedEntry, AnswerError> {
        let held = self.shared.keys.at(entry.at);
        let key = &held.ok_or(AnswerError::NoKey { at: entry.at })?.key;
        let checkpoint = if key.id() == self.shared.signer {
            checkpoint
        } else {
            self.checkpoint_by(key, proof)?
        };
        let log_id = hex::encode(key.id());
        let body = to_base64(&entry.body);
        let promise = promise::sign(key, &body, entry.at, &log_id, proof.index)?;
        let told = ToldEntry {
            body,
            integrated_time: entry.at.as_second(),
            log_id,
            log_index: proof.index,
            verification: Verification {
                inclusion_proof: ToldProof {
                    checkpoint,
                    hashes: hexes(&proof.hashes),
                    log_index: proof.index,
                    root_hash: hex::encode(proof.root),
                    tree_size: proof.size,
                },
                signed_entry_timestamp: to_base64(&promise),
            },
        };
        Ok(LoggedEntry {
            uuid: self.uuid(&entry.body),
            told,
        })
    }
}

fn hexes(hashes: &[TreeHash]) -> Vec<String> {
    hashes.iter().map(hex::encode).collect()
}

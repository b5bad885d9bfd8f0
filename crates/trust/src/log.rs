//! The transparency log's engine: entries get a place in a Merkle tree, durably and in batches, and every checkpoint that
//! is shown agrees with those before it.
//!
//! [`Log::append`] hands an entry to the sequencer, a task of its own. It takes whatever waits, computes the tree and the
//! checkpoint, and asks the store for **one transaction** that holds all of it, under a lease and a compare-and-swap of the
//! log's head. Only then are the appenders answered. Full tiles become files afterwards; until then they are read from
//! the rows of that transaction, so that the checkpoint never runs ahead of what is served.
//!
//! [`LogStore`] says what a store must promise.

mod edge;
mod error;
mod name;
mod reading;
mod sequencer;
mod signer;
mod store;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use touchplate_attest::log::{MAX_ENTRY_BYTES, NoteKey, TilePath, TreeHash, leaf_hash};

pub use error::{AppendError, LogError};
pub use name::{InvalidLogName, LogName};
pub use store::{
    Batch, Beat, Cell, CommitError, Committed, HashTile, Holder, Lease, LogStore, LogStoreError,
    NewRow, State,
};

use crate::keys::SigningKey;
use sequencer::{Request, Sequencer};
use signer::Signer;

/// Keys that one entry can be looked up by. A Rekor entry has four: its artifact's digest, its signer's key and identity, and
/// its payload's digest.
pub const MAX_SEARCH_KEYS: usize = 8;

/// Entries that may wait for the next batch: at most 64 MiB, and with the entries that are usual about one.
const WAITING: usize = 1024;

/// Indices that one search answers with: an artifact or an identity may have been signed many times.
const MAX_FOUND: u32 = 1000;

/// One log. Cheap to clone; the last clone's end ends its sequencer.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Request>,
}

struct Shared {
    name: LogName,
    signer: Arc<Signer>,
    store: Arc<dyn LogStore>,
}

/// What makes a log this one.
pub struct LogSettings {
    /// What stores know it by.
    pub name: LogName,
    /// What it calls itself in checkpoints: its address without the scheme. Fixed for good.
    pub origin: String,
    /// Signs checkpoints: Ed25519, or ECDSA on P-256.
    pub key: Arc<SigningKey>,
    /// Public keys (SubjectPublicKeyInfo, DER) that signed before this one: a head that one of them signed is signed anew.
    pub former_keys: Vec<Vec<u8>>,
}

/// An entry to append.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// What the leaf is the hash of; at most [`MAX_ENTRY_BYTES`].
    pub body: Bytes,
    /// What the entry can be looked up by; at most [`MAX_SEARCH_KEYS`] digests.
    pub search: Vec<[u8; 32]>,
    /// When it came. Kept beside the tree.
    pub at: Timestamp,
}

/// An entry's place. It is durable, and covered by a checkpoint that is public.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Its index, counted from 0.
    pub index: u64,
    /// When it was first appended.
    pub at: Timestamp,
    /// An entry with the same body was there before: index and time are that one's.
    pub duplicate: bool,
    /// That it is in the tree.
    pub proof: Inclusion,
    /// The checkpoint of that tree, a signed note.
    pub checkpoint: String,
}

/// That an entry is in a tree (RFC 9162 §2.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The entry's index.
    pub index: u64,
    /// Entries in the tree.
    pub size: u64,
    /// The tree's root.
    pub root: TreeHash,
    /// Sibling hashes, from the leaf upwards.
    pub hashes: Vec<TreeHash>,
}

/// The log as its newest checkpoint has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Entries.
    pub size: u64,
    /// The tree's root.
    pub root: TreeHash,
    /// The checkpoint, a signed note.
    pub note: String,
}

/// An entry that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the leaf is the hash of.
    pub body: Bytes,
    /// When it was appended.
    pub at: Timestamp,
}

impl Log {
    /// Opens a log, and begins it where the store has none of that name: with a checkpoint of the empty tree. Several
    /// processes may have it open; one at a time sequences.
    pub async fn open(settings: LogSettings, store: Arc<dyn LogStore>) -> Result<Self, LogError> {
        let shared = Arc::new(Shared {
            signer: Arc::new(Signer::new(&settings)?),
            name: settings.name,
            store,
        });
        let (requests, waiting) = mpsc::channel(WAITING);
        let mut sequencer = Sequencer::new(&shared, waiting)?;
        sequencer.begin().await?;
        tokio::spawn(sequencer.run());
        Ok(Self { shared, requests })
    }

    /// What stores know it by.
    pub fn name(&self) -> &LogName {
        &self.shared.name
    }

    /// What it calls itself in checkpoints.
    pub fn origin(&self) -> &str {
        self.shared.signer.note_key().name()
    }

    /// The key that its checkpoints are checked with, and its identifier.
    pub fn note_key(&self) -> &NoteKey {
        self.shared.signer.note_key()
    }

    /// Appends an entry and returns once it is durable and covered by a public checkpoint. An equal body is not appended
    /// again. After an error it may or may not be in the log: ask again, and the answer says.
    pub async fn append(&self, entry: NewEntry) -> Result<Appended, AppendError> {
        if entry.body.len() > MAX_ENTRY_BYTES {
            return Err(AppendError::TooLong {
                found: entry.body.len(),
            });
        }
        if entry.search.len() > MAX_SEARCH_KEYS {
            return Err(AppendError::TooManyKeys {
                found: entry.search.len(),
            });
        }
        let leaf = leaf_hash(&entry.body);
        let (answer, answered) = oneshot::channel();
        let request = Request {
            leaf,
            entry,
            answer,
        };
        match self.requests.try_send(request) {
            Ok(()) => answered.await.unwrap_or(Err(AppendError::Stopped)),
            Err(TrySendError::Full(_)) => Err(AppendError::Busy),
            Err(TrySendError::Closed(_)) => Err(AppendError::Stopped),
        }
    }

    /// The log as it is now: what the store has, whichever process wrote it.
    pub async fn head(&self) -> Result<Head, LogError> {
        let cell = self.shared.store.cell(&self.shared.name).await?;
        let cell = cell.ok_or(LogError::Missing { what: "head" })?;
        Ok(Head {
            size: cell.size,
            root: cell.root,
            note: cell.note,
        })
    }

    /// The entry at an index; none where the log is not that long.
    pub async fn entry(&self, index: u64) -> Result<Option<Entry>, LogError> {
        Ok(self.shared.store.entry(&self.shared.name, index).await?)
    }

    /// The index of the entry with that leaf hash.
    pub async fn find_leaf(&self, leaf: &TreeHash) -> Result<Option<u64>, LogError> {
        let leaves = [*leaf];
        let found = self.shared.store.find_leaves(&self.shared.name, &leaves);
        Ok(found.await?.first().copied().flatten())
    }

    /// The indices of the entries that can be looked up by `key`, the newest first, a thousand at most. The key's first 63
    /// bits decide, so look at what is found where somebody may gain by a collision.
    pub async fn search(&self, key: &[u8; 32]) -> Result<Vec<u64>, LogError> {
        let found = self.shared.store.search(&self.shared.name, key, MAX_FOUND);
        Ok(found.await?)
    }

    /// The proof that the entry at `index` is in the tree of the first `size` entries.
    pub async fn inclusion(&self, index: u64, size: u64) -> Result<Inclusion, LogError> {
        let head = self.head().await?;
        reading::inclusion(&*self.shared.store, &self.shared.name, &head, index, size).await
    }

    /// The proof that the tree of the first `to` entries begins with that of the first `from`.
    pub async fn consistency(&self, from: u64, to: u64) -> Result<Vec<TreeHash>, LogError> {
        let head = self.head().await?;
        reading::consistency(&*self.shared.store, &self.shared.name, &head, from, to).await
    }

    /// A tile, of hashes or of entries; none where the log has not that much of it.
    pub async fn tile(&self, path: TilePath) -> Result<Option<Bytes>, LogError> {
        Ok(self.shared.store.tile(&self.shared.name, path).await?)
    }
}

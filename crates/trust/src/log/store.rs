//! What the engine needs of a store. The contract is in the comments; `testkit` runs it on every implementation.

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use touchplate_attest::log::{TilePath, TreeHash};

use super::{Entry, LogName};

/// The store failed. What it was asked may or may not have been done. The cause is for the operator's log.
#[derive(Debug, thiserror::Error)]
#[error("the log's store failed while it should {doing}")]
pub struct LogStoreError {
    /// What was being done, as an infinitive clause.
    pub doing: &'static str,
    /// What it said.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

impl LogStoreError {
    /// A failure of `doing` for the reason `cause`.
    pub fn new(
        doing: &'static str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            doing,
            cause: cause.into(),
        }
    }
}

/// The log's head: what its newest checkpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Entries.
    pub size: u64,
    /// The tree's root.
    pub root: TreeHash,
    /// The checkpoint, a signed note.
    pub note: String,
}

/// The hashes of one tile at level 8·`level` of the tree, as many as there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashTile {
    /// The tile's level.
    pub level: u8,
    /// The tile's index.
    pub index: u64,
    /// Its hashes, 256 at most.
    pub hashes: Vec<TreeHash>,
}

/// What a sequencer starts from.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The head; none where the log was never begun.
    pub cell: Option<Cell>,
    /// Of each level the tile that is not full, where it has hashes.
    pub edge: Vec<HashTile>,
    /// Entries below this are in tiles that are files, and nowhere else.
    pub exported: u64,
}

/// Who sequences: one for each opened log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder(pub String);

/// What changes with each sign of life of a lease's holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// Counts the holders.
    pub epoch: u64,
    /// Counts the commits of this holder.
    pub beat: u64,
}

/// The answer to who wants to sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// The lease is the asker's.
    Taken {
        /// To be shown at each commit.
        epoch: u64,
    },
    /// Another has it, and finds at its next commit that it is wanted.
    Held(Beat),
}

/// An entry in a batch.
#[derive(Clone, Debug)]
pub struct NewRow {
    /// Its leaf hash.
    pub leaf: TreeHash,
    /// Its body.
    pub body: Bytes,
    /// When it came.
    pub at: Timestamp,
    /// What it can be looked up by.
    pub search: Vec<[u8; 32]>,
}

/// Everything that one step of the log changes.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The lease's epoch.
    pub epoch: u64,
    /// The head that this follows, by size and root; none where it begins the log.
    pub after: Option<(u64, TreeHash)>,
    /// The head that comes.
    pub cell: Cell,
    /// The entries from the old size up to the new.
    pub entries: Vec<NewRow>,
    /// The hash tiles that changed, each with all of its hashes.
    pub tiles: Vec<HashTile>,
    /// What [`LogStore::export`] returned: rows of full tiles below are no longer needed.
    pub exported: u64,
}

/// A batch that is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Another waits for the lease.
    pub wanted: bool,
}

/// Why a batch is not in the log.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The lease went to another. Nothing was changed.
    #[error("the lease went to another sequencer")]
    Fenced,
    /// The head is not the one that the batch follows. Nothing was changed.
    #[error("the log's head is another")]
    Moved,
    /// The store failed. The batch may or may not be in the log, now or soon; all of it or nothing.
    #[error(transparent)]
    Store(#[from] LogStoreError),
}

/// Keeps logs. A changing method is one transaction; on return it survives a power cut.
#[async_trait]
pub trait LogStore: Send + Sync {
    /// Gives the lease to `holder` where nobody has it, where `holder` has it already, or where whoever has it gave no
    /// sign of life since `silent` was seen. No clock is compared: the asker has waited. A lease that changes hands has a
    /// new epoch.
    async fn take_lease(
        &self,
        log: &LogName,
        holder: &Holder,
        silent: Option<Beat>,
    ) -> Result<Lease, LogStoreError>;

    /// Frees the lease of that epoch. Where it is another's by now nothing changes.
    async fn release_lease(&self, log: &LogName, epoch: u64) -> Result<(), LogStoreError>;

    /// Appends a batch: entries, hash tiles, what they are found by, and the head, all or nothing. The lease must have the
    /// batch's epoch and the head must be what the batch follows. From then on every reader of any process sees all of
    /// it, and no older head.
    async fn commit(&self, log: &LogName, batch: &Batch) -> Result<Committed, CommitError>;

    /// Puts every full tile that is still in rows where full tiles are kept for good, and returns how many entries they
    /// cover. On return the files survive a power cut; the rows stay until a later batch says that they may go. Doing it
    /// twice, or two at once, changes nothing more.
    async fn export(&self, log: &LogName) -> Result<u64, LogStoreError>;

    /// What a sequencer starts from, as one batch left it.
    async fn state(&self, log: &LogName) -> Result<State, LogStoreError>;

    /// The head.
    async fn cell(&self, log: &LogName) -> Result<Option<Cell>, LogStoreError>;

    /// Exactly the bytes of a tile, as `tlog-tiles` has them; none where the log has not that much of it.
    async fn tile(&self, log: &LogName, path: TilePath) -> Result<Option<Bytes>, LogStoreError>;

    /// The entry at an index.
    async fn entry(&self, log: &LogName, index: u64) -> Result<Option<Entry>, LogStoreError>;

    /// The indices of the entries with these leaf hashes.
    async fn find_leaves(
        &self,
        log: &LogName,
        leaves: &[TreeHash],
    ) -> Result<Vec<Option<u64>>, LogStoreError>;

    /// The indices of entries that can be looked up by `key`, the newest first. The first 63 bits of a key decide.
    async fn search(
        &self,
        log: &LogName,
        key: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<u64>, LogStoreError>;
}

//! Why a log cannot be opened, read or appended to.

use std::sync::Arc;

use touchplate_attest::log::{
    CheckpointError, EntryBundleError, MAX_ENTRY_BYTES, NoteError, NoteKeyError,
};

use super::store::LogStoreError;

/// Why a log could not be opened or read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The store.
    #[error(transparent)]
    Store(#[from] LogStoreError),
    /// Origin and key do not make a signer.
    #[error("the log's origin and key cannot sign notes")]
    Key(#[source] NoteKeyError),
    /// The signing failed.
    #[error("the log's key did not sign")]
    Signing,
    /// The operating system has no randomness.
    #[error("the operating system gives no random bytes")]
    Random,
    /// The kept checkpoint is none.
    #[error("the log's kept checkpoint cannot be read")]
    Note(#[source] CheckpointError),
    /// The kept checkpoint is another log's.
    #[error("expected the log `{expected}`, found the checkpoint of `{found}` in its place")]
    OtherLog {
        /// Its origin.
        expected: String,
        /// The other's.
        found: String,
    },
    /// The kept checkpoint was not signed by this log's keys.
    #[error("the log's kept checkpoint was not signed by its key")]
    OtherKey(#[source] NoteError),
    /// The kept tiles do not lead to the kept root.
    #[error("the log's kept tiles and its checkpoint of {size} entries are of different trees")]
    Damaged {
        /// The size that the checkpoint states.
        size: u64,
    },
    /// A kept bundle of entries is none.
    #[error("a kept bundle of entries cannot be read")]
    Bundle(#[from] EntryBundleError),
    /// What the head says there is, is not there.
    #[error("the log's {what} is missing from its store")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// More than the log has was asked for.
    #[error("expected an entry and sizes within a log of {size} entries, found {asked}")]
    Beyond {
        /// What was asked for.
        asked: u64,
        /// Its size.
        size: u64,
    },
    /// Another process has the lease and gives no sign of letting go.
    #[error("another process sequences the log and does not let go")]
    Held,
}

/// Why an entry is not known to be in the log.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The tile format has two bytes for the length.
    #[error("expected an entry of at most {MAX_ENTRY_BYTES} bytes, found {found}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// More than the bound.
    #[error(
        "expected at most {} search keys, found {found}",
        super::MAX_SEARCH_KEYS
    )]
    TooManyKeys {
        /// How many there are.
        found: usize,
    },
    /// Too many entries wait already. Nothing of this one was kept.
    #[error("too many entries wait for the log; try again")]
    Busy,
    /// The sequencer has ended.
    #[error("the log's sequencer has ended")]
    Stopped,
    /// The batch could not be written. The entry may be in the log all the same: appending it again tells.
    #[error("the log could not be written")]
    Unavailable(#[source] Arc<LogError>),
}

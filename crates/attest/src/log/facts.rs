//! What verification tells of a log entry.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A time at which a signature is proved to have been there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedTime {
    /// The time.
    pub time: Timestamp,
    /// Whose word it is.
    pub source: TimeSource,
}

/// Who says when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeSource {
    /// A Rekor v1 log, in its signed promise.
    Log {
        /// Its id, hex.
        log_id: String,
        /// Its address in the trust root.
        url: String,
    },
    /// A timestamp authority (RFC 3161).
    Authority {
        /// Its address in the trust root.
        uri: String,
    },
}

/// One verified entry of a transparency log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntryFacts {
    /// The log's id in hex: for Rekor v1 the SHA-256 of its public key.
    pub log_id: String,
    /// The log's address in the trust root.
    pub log_url: String,
    /// The entry's index over all of the log's shards: what its search page takes.
    pub log_index: u64,
    /// When the log took the entry, by its signed promise. Rekor v2 makes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integrated_time: Option<Timestamp>,
    /// The entry's kind and version, such as `dsse 0.0.1`.
    pub kind: String,
    /// The origin line of the checkpoint that the entry is proved under.
    pub checkpoint_origin: String,
    /// The size of the tree that the entry is proved to be in.
    pub tree_size: u64,
}

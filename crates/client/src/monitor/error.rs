//! Why a log was not followed.

use touchplate_attest::log::{CheckpointError, EntryBundleError};
use touchplate_attest::root::NotItsCheckpoint;
use url::Url;

use super::state::StateError;
use crate::fetch::{Cause, FetchError, IndexError};

/// Why a log was not followed.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// No root has a key of it.
    #[error("the trust root has no key of a log at that address")]
    UnknownLog,
    /// The log's address is none.
    #[error("the log's address in the trust root is not an http or https URL")]
    Address,
    /// The log gave no answer.
    #[error("the log could not be read")]
    Fetch(#[from] FetchError),
    /// The log says no.
    #[error("{url} answered {status}")]
    Status {
        /// What was asked for.
        url: Url,
        /// The status.
        status: u16,
    },
    /// The answer is something else.
    #[error("{url} answered without {expected}")]
    Answer {
        /// What was asked for.
        url: Url,
        /// What should be there.
        expected: &'static str,
    },
    /// The checkpoint is none.
    #[error("the log's checkpoint is malformed")]
    Checkpoint(#[source] CheckpointError),
    /// A tile of entries is none.
    #[error("{url} is not a bundle of entries")]
    Bundle {
        /// What was asked for.
        url: Url,
        /// Why.
        source: EntryBundleError,
    },
    /// Somebody else's checkpoint.
    #[error("the checkpoint is not the log's word")]
    NotItsCheckpoint(#[source] NotItsCheckpoint),
    /// The log shrank, or has two roots for one size, or its entries do not lead to its root.
    #[error(
        "the log contradicts itself: what it has signed now is not what it signed before with more entries after it"
    )]
    Contradiction {
        /// What it signed before, if anything is remembered.
        before: Option<String>,
        /// What it signed now.
        now: String,
    },
    /// Rekor v1 has begun another shard.
    #[error(
        "the log has begun another tree, `{now}` after `{before}`; begin anew with another --state"
    )]
    OtherTree {
        /// As remembered.
        before: String,
        /// As found.
        now: String,
    },
    /// More of one identity than can be remembered.
    #[error(
        "the log has more entries of this identity than are remembered; watch a narrower pattern"
    )]
    TooMany,
    /// What is remembered cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The index was not read.
    #[error("the index could not be read")]
    Index(#[from] IndexError),
}

impl MonitorError {
    /// Who can mend it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Fetch(source) => source.cause(),
            Self::Index(source) => source.cause(),
            Self::Contradiction { .. } | Self::NotItsCheckpoint(_) => Cause::No,
            Self::UnknownLog
            | Self::Address
            | Self::OtherTree { .. }
            | Self::TooMany
            | Self::State(_) => Cause::Configuration,
            Self::Status { .. }
            | Self::Answer { .. }
            | Self::Checkpoint(_)
            | Self::Bundle { .. } => Cause::Outside,
        }
    }
}

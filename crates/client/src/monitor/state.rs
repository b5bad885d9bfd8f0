//! What is remembered between two runs: the last checkpoint, the tree's edge, and what is of the watched identity.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use touchplate_attest::log::{Checkpoint, CheckpointError, TreeHash};
use touchplate_attest::{JsonError, read_strict_json};

use super::Watched;
use super::error::MonitorError;
use super::frontier::Frontier;

/// Entries of one identity that are remembered: a release a day with a hundred files each, for three years.
pub(super) const MAX_SEEN: usize = 100_000;

/// The longest state that is read: `MAX_SEEN` entries of 600 bytes.
pub const MAX_STATE_BYTES: usize = 64 << 20;

const VERSION: u32 = 1;

/// What is remembered. It is the watcher's own and must be kept where nobody else writes: who changes it can make a log
/// look as if it had never said what it said.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    version: u32,
    log: String,
    identity: String,
    issuer: Option<String>,
    /// The first entry that was looked at.
    start: u64,
    /// The last checkpoint, whole; none where nothing was read yet.
    checkpoint: Option<String>,
    size: u64,
    /// The tree's edge, the largest subtree first, in hex.
    edge: Vec<String>,
    seen: Vec<Seen>,
}

/// An entry of the watched identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Where it is in the log.
    pub index: u64,
    /// Its hash as a leaf, in hex.
    pub leaf: String,
    /// Its kind and version.
    pub kind: String,
    /// Who signed, or was certified.
    pub san: String,
    /// On whose word.
    pub issuer: String,
    /// The digest of what was signed, in hex: of a statement its payload's.
    pub digest: Option<String>,
    /// When the certificate was given: the signature is some minutes younger at most.
    pub certified_at: Timestamp,
    /// The page of the run that it was given to.
    pub run: Option<String>,
}

/// Why what is remembered cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// No strict JSON.
    #[error("the state is not readable")]
    Json(#[from] JsonError),
    /// Another document.
    #[error("the state is not one that this program wrote")]
    Malformed(#[source] serde_json::Error),
    /// Written by a later program.
    #[error("expected a state of version {VERSION}, found {found}")]
    Version {
        /// Its version.
        found: u32,
    },
    /// The note in it is none.
    #[error("the checkpoint in the state is malformed")]
    Checkpoint(#[from] CheckpointError),
    /// Its parts do not fit together.
    #[error("the state contradicts itself: its edge does not lead to the root of its checkpoint")]
    Edge,
    /// It is of something else.
    #[error("the state is of {what} {found}, and not of {expected}")]
    Other {
        /// Of what.
        what: &'static str,
        /// As asked for.
        expected: String,
        /// As remembered.
        found: String,
    },
}

impl State {
    pub(super) fn new(watched: &Watched, frontier: &Frontier) -> Self {
        let (log, identity, issuer) = named(watched);
        Self {
            version: VERSION,
            log,
            identity,
            issuer,
            start: frontier.size(),
            checkpoint: None,
            size: frontier.size(),
            edge: frontier.hashes().iter().map(hex::encode).collect(),
            seen: Vec::new(),
        }
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(json: &[u8]) -> Result<Self, StateError> {
        let value = read_strict_json(json, MAX_STATE_BYTES)?;
        let state: Self = serde_json::from_value(value).map_err(StateError::Malformed)?;
        if state.version != VERSION {
            let found = state.version;
            return Err(StateError::Version { found });
        }
        Ok(state)
    }

    /// The text to keep.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and numbers can be written as JSON")
    }

    /// Entries of the log, as of the last checkpoint.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The first entry that was looked at.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The last checkpoint.
    pub fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// All entries of the identity.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// Refuses a state of another log, identity or issuer: what it remembers would be something else.
    pub(super) fn of(self, watched: &Watched) -> Result<Self, MonitorError> {
        let (log, identity, issuer) = named(watched);
        let other = |what, expected: String, found: &str| {
            let found = found.to_owned();
            let error = StateError::Other {
                what,
                expected,
                found,
            };
            Err(MonitorError::State(error))
        };
        if self.log != log {
            return other("the log", log, &self.log);
        }
        if self.identity != identity {
            return other("the identity", identity, &self.identity);
        }
        if self.issuer != issuer {
            let shown = |issuer: Option<String>| issuer.unwrap_or_else(|| "anybody".to_owned());
            return other("the issuer", shown(issuer), &shown(self.issuer));
        }
        Ok(self)
    }

    /// The last checkpoint, read.
    pub(super) fn parsed(&self) -> Result<Option<Checkpoint>, StateError> {
        let note = self.checkpoint.as_deref();
        Ok(note.map(Checkpoint::parse).transpose()?)
    }

    /// The tree's edge, which must lead to the root of the checkpoint.
    pub(super) fn frontier(&self) -> Result<Frontier, StateError> {
        let hash = |text: &String| hex::decode(text).ok()?.try_into().ok();
        let hashes: Option<Vec<TreeHash>> = self.edge.iter().map(hash).collect();
        let frontier = hashes.and_then(|hashes| Frontier::new(self.size, hashes));
        let frontier = frontier.ok_or(StateError::Edge)?;
        if let Some(checkpoint) = self.parsed()? {
            let fits =
                checkpoint.tree_size() == self.size && *checkpoint.root_hash() == frontier.root();
            if !fits {
                return Err(StateError::Edge);
            }
        }
        Ok(frontier)
    }

    pub(super) fn advance(
        &mut self,
        note: String,
        frontier: &Frontier,
        seen: Vec<Seen>,
    ) -> Result<(), MonitorError> {
        if self.seen.len() + seen.len() > MAX_SEEN {
            return Err(MonitorError::TooMany);
        }
        self.checkpoint = Some(note);
        self.size = frontier.size();
        self.edge = frontier.hashes().iter().map(hex::encode).collect();
        self.seen.extend(seen);
        Ok(())
    }
}

fn named(watched: &Watched) -> (String, String, Option<String>) {
    let log = watched.keys.first().map(|log| log.url.clone());
    let identity = watched.identity.to_string();
    (log.unwrap_or_default(), identity, watched.issuer.clone())
}

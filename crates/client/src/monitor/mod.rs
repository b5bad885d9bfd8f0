//! Watching a log: who follows one sees each signature and certificate of an identity, and finds those that nobody meant to
//! make. Without somebody watching, a log finds no misuse.
//!
//! [`follow`] reads every entry since the last checkpoint and builds the tree itself: what was read is all there is, and the
//! log has only grown, or its signed root would be another. [`judge()`] then holds what is of the watched identity against
//! an index's files.

mod accounts;
mod error;
mod frontier;
mod judge;
mod pattern;
mod source;
mod state;

use std::sync::Arc;

use touchplate_attest::log::{Checkpoint, TreeHash, leaf_hash};
use touchplate_attest::logged::LoggedEntry;
use touchplate_attest::{FollowedLog, LogKind, TrustRoot};

use crate::fetch::Agent;
pub use accounts::{Account, Accounts, Unproven};
pub use error::MonitorError;
use frontier::Frontier;
pub use judge::{Judgement, Lacking, judge};
pub use pattern::{IdentityPattern, InvalidPattern};
use source::Source;
pub use state::{MAX_STATE_BYTES, Seen, State, StateError};

/// What is watched.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The log, with each key that it has had.
    pub keys: Vec<FollowedLog>,
    /// The root that has its keys.
    pub root: TrustRoot,
    /// Whose entries.
    pub identity: IdentityPattern,
    /// On whose word; anybody's, where there is none.
    pub issuer: Option<String>,
}

impl Watched {
    /// The log, as it is now.
    fn log(&self) -> Result<&FollowedLog, MonitorError> {
        self.keys.first().ok_or(MonitorError::UnknownLog)
    }

    /// Whether an identity is watched: by any of its names, so that nobody hides behind a second one.
    pub(crate) fn concerns(&self, identity: &touchplate_attest::Identity) -> bool {
        let by_issuer = |issuer: &String| issuer == identity.issuer();
        self.issuer.as_ref().is_none_or(by_issuer)
            && identity
                .sans()
                .any(|san| self.identity.matches(san.as_str()))
    }
}

/// Where watching begins where nothing is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With the log's first entry.
    First,
    /// With the next one: what is there already is not looked at.
    Now,
}

/// What following a log has brought.
#[derive(Clone, Debug)]
pub struct Followed {
    /// What to remember: the new checkpoint, and all that is of the identity.
    pub state: State,
    /// The size before; none where nothing was remembered.
    pub before: Option<u64>,
    /// Entries that were read.
    pub read: u64,
    /// Of these, the ones that are no entry of any known form. They are in the tree all the same.
    pub unreadable: u64,
    /// Entries with a certificate that names the identity, and that no authority of the root gave: somebody's pretence.
    pub foreign: u64,
    /// The indices of new entries of the identity.
    pub new: Vec<u64>,
}

/// Follows a log from `state` to its newest checkpoint; `progress` hears how many entries of how many are read.
///
/// # Errors
/// See [`MonitorError`]. What is remembered must then stay as it was.
pub fn follow(
    agent: &Arc<Agent>,
    watched: &Watched,
    state: Option<State>,
    begin: Begin,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Followed, MonitorError> {
    let log = watched.log()?;
    let source = Source::find(agent, log)?;
    let note = source.checkpoint()?;
    let checkpoint = Checkpoint::parse(&note).map_err(MonitorError::Checkpoint)?;
    is_its_word(watched, &checkpoint)?;
    let size = checkpoint.tree_size();
    let before = state.as_ref().map(State::size);
    let mut state = match state {
        Some(state) => state.of(watched)?,
        None => begun(&source, watched, begin, &checkpoint)?,
    };
    let mut frontier = state.frontier()?;
    has_grown(&state, &checkpoint)?;
    let from = frontier.size();
    let mut followed = Reading {
        watched,
        kind: log.kind,
        unreadable: 0,
        foreign: 0,
        seen: Vec::new(),
    };
    source.entries(from, size, &mut |index, body| {
        let leaf = leaf_hash(body);
        frontier.append(leaf);
        followed.entry(index, leaf, body)?;
        progress(index + 1 - from, size - from);
        Ok(())
    })?;
    if frontier.size() != size || frontier.root() != *checkpoint.root_hash() {
        return Err(MonitorError::Contradiction {
            before: state.checkpoint().map(str::to_owned),
            now: note,
        });
    }
    let new = followed.seen.iter().map(|seen| seen.index).collect();
    state.advance(note, &frontier, followed.seen)?;
    Ok(Followed {
        state,
        before,
        read: size - from,
        unreadable: followed.unreadable,
        foreign: followed.foreign,
        new,
    })
}

/// One of the log's keys signed it.
fn is_its_word(watched: &Watched, checkpoint: &Checkpoint) -> Result<(), MonitorError> {
    let mut refused = None;
    for key in &watched.keys {
        match watched.root.check_checkpoint(key, checkpoint) {
            Ok(()) => return Ok(()),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.map_or(MonitorError::UnknownLog, MonitorError::NotItsCheckpoint))
}

/// A log grows. What it has said it cannot take back.
fn has_grown(state: &State, now: &Checkpoint) -> Result<(), MonitorError> {
    let Some(before) = state.parsed()? else {
        return Ok(());
    };
    let contradiction = || MonitorError::Contradiction {
        before: Some(before.note().to_owned()),
        now: now.note().to_owned(),
    };
    if before.origin() != now.origin() {
        return Err(MonitorError::OtherTree {
            before: before.origin().to_owned(),
            now: now.origin().to_owned(),
        });
    }
    let shrank = now.tree_size() < before.tree_size();
    let same_size = now.tree_size() == before.tree_size();
    if shrank || (same_size && now.root_hash() != before.root_hash()) {
        return Err(contradiction());
    }
    Ok(())
}

/// A state in which nothing was read.
fn begun(
    source: &Source,
    watched: &Watched,
    begin: Begin,
    checkpoint: &Checkpoint,
) -> Result<State, MonitorError> {
    let frontier = match begin {
        Begin::First => Frontier::default(),
        Begin::Now => source.frontier(checkpoint)?,
    };
    Ok(State::new(watched, &frontier))
}

/// What is read of entries on the way.
struct Reading<'w> {
    watched: &'w Watched,
    kind: LogKind,
    unreadable: u64,
    foreign: u64,
    seen: Vec<Seen>,
}

impl Reading<'_> {
    fn entry(&mut self, index: u64, leaf: TreeHash, body: &[u8]) -> Result<(), MonitorError> {
        let entry = match self.kind {
            LogKind::Rekor1 | LogKind::Rekor2 => LoggedEntry::of_rekor(body),
            LogKind::Certificates => LoggedEntry::of_certificate_log(body),
        };
        let Ok(entry) = entry else {
            self.unreadable += 1;
            return Ok(());
        };
        let Some(signer) = &entry.signer else {
            return Ok(());
        };
        if !self.watched.concerns(&signer.identity) {
            return Ok(());
        }
        if !entry.is_issued_under(&self.watched.root) {
            self.foreign += 1;
            return Ok(());
        }
        self.seen.push(Seen {
            index,
            leaf: hex::encode(leaf),
            kind: entry.kind,
            san: signer.identity.san().to_string(),
            issuer: signer.identity.issuer().to_owned(),
            digest: entry.digest,
            certified_at: entry.at.unwrap_or(signer.not_before),
            run: signer.claims.run_invocation_uri.clone(),
        });
        if self.seen.len() > state::MAX_SEEN {
            return Err(MonitorError::TooMany);
        }
        Ok(())
    }
}

//! What the log has and no file accounts for, and what files have and the log lacks.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::accounts::{Account, Accounts, Unproven};
use super::state::{Seen, State};

/// A file whose entry the log does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lacking {
    /// What the file's attestation says.
    pub account: Account,
    /// The hash of the entry as a leaf, in hex.
    pub leaf: String,
}

/// What became of everything that is of the identity.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Entries that no file accounts for.
    pub unaccounted: Vec<Seen>,
    /// The same, but so young that the upload may be on its way.
    pub pending: Vec<Seen>,
    /// Entries that a file accounts for.
    pub accounted: u64,
    /// Entries that no file accounts for, and that somebody has looked at.
    pub ignored: u64,
    /// Files whose entry the log lacks.
    pub lacking: Vec<Lacking>,
    /// Files with an attestation that does not hold.
    pub unproven: Vec<Unproven>,
}

impl Judgement {
    /// Whether there is anything that somebody should look at.
    pub fn is_clean(&self) -> bool {
        self.unaccounted.is_empty() && self.lacking.is_empty() && self.unproven.is_empty()
    }
}

/// Holds all that the log has of the identity against the index. Without one, `new` entries are told, and nothing accounts
/// for them. The index must have been read before the log, so that no file is newer than what was read of the log.
pub fn judge(
    state: &State,
    accounts: Option<Accounts>,
    new: &[u64],
    ignored: &[u64],
    grace: SignedDuration,
    now: Timestamp,
) -> Judgement {
    let mut judgement = Judgement::default();
    let Some(accounts) = accounts else {
        let seen = state.seen().iter();
        let told = seen.filter(|it| new.contains(&it.index) && !ignored.contains(&it.index));
        judgement.unaccounted = told.cloned().collect();
        return judgement;
    };
    for seen in state.seen() {
        if accounts.entries.contains_key(&seen.leaf) {
            judgement.accounted += 1;
        } else if ignored.contains(&seen.index) {
            judgement.ignored += 1;
        } else if now.duration_since(seen.certified_at) < grace {
            judgement.pending.push(seen.clone());
        } else {
            judgement.unaccounted.push(seen.clone());
        }
    }
    let had: HashSet<&str> = state.seen().iter().map(|it| it.leaf.as_str()).collect();
    // What was before watching began, nobody has looked at: then only entries that say where they are can be missed.
    let looked_at = |account: &Account| match account.index {
        Some(index) => index >= state.start(),
        None => state.start() == 0,
    };
    for (leaf, account) in accounts.entries {
        if !had.contains(leaf.as_str()) && looked_at(&account) {
            judgement.lacking.push(Lacking { account, leaf });
        }
    }
    judgement
        .lacking
        .sort_by(|a, b| a.account.filename.cmp(&b.account.filename));
    judgement.unproven = accounts.unproven;
    judgement
}

//! What somebody has looked at and accepts for a while.

use jiff::civil::Date;
use touchplate_packaging::Version;

use super::Reason;

/// Findings that may be accepted: changes of origin and things that cannot be told. Evidence that is false is not to be
/// lived with, and who may build is a pin's to say.
const ACCEPTABLE: [&str; 29] = [
    "lost",
    "partial",
    "changed",
    "renumbered",
    "pinned-unattested",
    "not-at-index",
    "history-unread",
    "vcs",
    "directory",
    "url",
    "path",
    "included",
    "unknown-source",
    "no-version",
    "no-files",
    "no-index",
    "no-digest",
    "other-digest",
    "unattested",
    "unpinned",
    "missing-file",
    "editable",
    "no-record",
    "no-wheel",
    "other-build",
    "rewritten",
    "unread-file",
    "not-packed",
    "bytecode",
];

/// Somebody accepts a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// Its word.
    pub finding: String,
    /// Of this version; of every one where absent.
    pub version: Option<Version>,
    /// Why.
    pub reason: String,
    /// To the end of this day (UTC).
    pub until: Date,
}

/// What a project's entries are judged by.
#[derive(Clone, Debug)]
pub struct Rules<'r> {
    /// What is accepted of the project.
    pub accepted: &'r [Acceptance],
    /// The day (UTC).
    pub today: Date,
}

/// Whether a finding of this word may be accepted.
pub fn is_acceptable(word: &str) -> bool {
    ACCEPTABLE.contains(&word)
}

impl Acceptance {
    fn covers(&self, reason: &Reason, version: Option<&Version>) -> bool {
        self.finding == reason.finding.word()
            && (self.version.is_none() || self.version.as_ref() == version)
    }
}

impl Rules<'_> {
    /// The reason, with whoever accepts it.
    pub(super) fn apply(&self, mut reason: Reason, version: Option<&Version>) -> Reason {
        if !is_acceptable(reason.finding.word()) {
            return reason;
        }
        let covering = self
            .accepted
            .iter()
            .filter(|it| it.covers(&reason, version));
        let (current, over): (Vec<_>, Vec<_>) = covering.partition(|it| it.until >= self.today);
        match (current.first(), over.last()) {
            (Some(current), _) => reason.accepted = Some((*current).clone()),
            (None, Some(over)) => reason.expired = Some((*over).clone()),
            (None, None) => {}
        }
        reason
    }
}

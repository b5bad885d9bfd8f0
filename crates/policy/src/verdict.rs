//! Verdicts on what a lockfile installs: what is known of one entry, and what somebody has accepted, to reasons.
//!
//! A verdict never says that a file does no harm. It says what of it is proved, by whom, and what has changed.

mod acceptance;
mod finding;
mod judge;

use std::collections::{BTreeMap, BTreeSet};

use touchplate_attest::PinnedIds;
use touchplate_packaging::Version;

use crate::builder::Builder;
use crate::history::ReleaseFacts;

pub use acceptance::{Acceptance, Rules, is_acceptable};
pub use finding::{Class, Finding, Missing, Untold};
pub use judge::judge;

/// What is known of one entry of a lockfile.
#[derive(Clone, Debug, Default)]
pub struct EntryFacts {
    /// The version, where one is named.
    pub version: Option<Version>,
    /// Why nothing of it can be told; nothing else is known then.
    pub untold: Option<Untold>,
    /// What kept the index from saying anything of the release.
    pub unasked: Option<Finding>,
    /// Each file that the entry may be installed from.
    pub files: Vec<LockedFacts>,
    /// The release among the project's others; none where the index cannot say.
    pub history: Option<HistoryFacts>,
    /// Who is pinned for the project, in words.
    pub pinned: Vec<String>,
    /// Whom the lockfile itself records, in words.
    pub recorded: Vec<String>,
    /// The line on which the same release stands already.
    pub repeats: Option<usize>,
    /// What else was found of it, with the files that it is about.
    pub besides: Vec<(Finding, Vec<String>)>,
}

/// What is known of one file of an entry.
#[derive(Clone, Debug)]
pub struct LockedFacts {
    /// Its name, or its digest where it has none.
    pub shown: String,
    /// What there is of it.
    pub evidence: Evidence,
}

/// What there is of a file.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// Something that says all there is to say.
    Found(Finding),
    /// The index has no provenance of it.
    Absent,
    /// All of its attestations hold; one at least.
    Proven(Vec<Proof>),
}

/// One attestation that holds.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Who built the file.
    pub builder: Builder,
    /// The same in words, as pins have it.
    pub who: String,
    /// The numbers behind the name.
    pub ids: PinnedIds,
    /// How that stands to the pins.
    pub pin: Tie,
    /// How that stands to what the lockfile records.
    pub record: Tie,
}

/// How a proof stands to whom somebody expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tie {
    /// Nobody is expected.
    Open,
    /// It is by them.
    Expected,
    /// It is by somebody else.
    Other,
    /// It is by their name, with other numbers behind it.
    Renumbered {
        /// How they differ.
        why: String,
    },
}

/// A release, and the last earlier one that has provenance.
#[derive(Clone, Debug)]
pub struct HistoryFacts {
    /// The release.
    pub release: ReleaseFacts,
    /// The last earlier one that has provenance. Its builders may be some of those that it has: enough to find those of
    /// the release among them, or else all.
    pub earlier: Option<ReleaseFacts>,
    /// The numbers behind each of its builders.
    pub ids: BTreeMap<Builder, BTreeSet<IdPair>>,
    /// Why something of the earlier release is not known.
    pub unread: Vec<String>,
}

/// Repository and owner, in an order.
pub type IdPair = (Option<String>, Option<String>);

/// Why an entry is not simply verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What was found.
    pub finding: Finding,
    /// The files that it is about; none where it is about the whole entry.
    pub files: Vec<String>,
    /// Who is content with it, and until when.
    pub accepted: Option<Acceptance>,
    /// An acceptance that would have covered it, whose time is over.
    pub expired: Option<Acceptance>,
}

/// What is to be said of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The worst first.
    pub reasons: Vec<Reason>,
    /// The one word for it.
    pub standing: Standing,
}

/// The one word for an entry: each has exactly one, so that they add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// Something is wrong that nobody has accepted.
    Violation,
    /// Something cannot be told, and nobody has accepted that.
    Unknown,
    /// Something is wrong or cannot be told, and somebody has accepted it.
    Accepted,
    /// No file has provenance, and none ever had.
    Unattested,
    /// Every file is attested, and nobody is pinned.
    Unpinned,
    /// Every file is attested, by whom is pinned.
    Verified,
}

impl Standing {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Violation,
        Self::Unknown,
        Self::Accepted,
        Self::Unattested,
        Self::Unpinned,
        Self::Verified,
    ];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Unattested => "unattested",
            Self::Unpinned => "unpinned",
            Self::Verified => "verified",
        }
    }
}

impl Reason {
    /// A reason that nobody has accepted.
    fn new(finding: Finding, files: Vec<String>) -> Self {
        Self {
            finding,
            files,
            accepted: None,
            expired: None,
        }
    }

    /// How grave it is.
    pub fn class(&self) -> Class {
        self.finding.class()
    }

    /// Whether it stands, accepted by nobody.
    pub fn stands(&self) -> bool {
        self.accepted.is_none()
    }
}

impl Verdict {
    /// The gravest class of what nobody has accepted.
    pub fn worst(&self) -> Option<Class> {
        let standing = self.reasons.iter().filter(|reason| reason.stands());
        standing.map(Reason::class).min()
    }

    /// Whether the network, a server or an old pack kept something from being known.
    pub fn is_cut_off(&self) -> bool {
        let cut_off = |reason: &Reason| {
            matches!(
                reason.finding,
                Finding::Unreachable { .. } | Finding::NotPacked { .. }
            )
        };
        self.reasons.iter().any(cut_off)
    }
}

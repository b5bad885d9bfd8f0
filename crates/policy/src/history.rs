//! A project's releases in the order in which they came, and what their provenance says: is there some for each file, is it
//! by one builder, and is that the builder of before?

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use touchplate_packaging::Version;

pub use crate::builder::{Builder, Source};

/// What is known of one file's provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileProvenance {
    /// There is none.
    Absent,
    /// There is some, and this program cannot read whose it is. Unknown is not absent.
    Unreadable,
    /// These built it, as their attestations prove; one at least.
    By(BTreeSet<Builder>),
}

/// What is known of one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseFacts {
    /// Its version.
    pub version: Version,
    /// When its first file came.
    pub created_at: Timestamp,
    /// How many files it has.
    pub files: u32,
    /// How many of them have provenance.
    pub attested: u32,
    /// How many of those have provenance that this program cannot read.
    pub unreadable: u32,
    /// Each builder, and how many of the files it built.
    pub builders: BTreeMap<Builder, u32>,
}

/// What can be said of a release's provenance. One of the first three holds of each that has files; the others come on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Every file has provenance.
    Full,
    /// Some files have, others have not.
    Partial,
    /// No file has.
    None,
    /// More than one builder is proved: another source, or another workflow of the same.
    Inconsistent,
    /// No file has provenance, and an earlier release had.
    Lost,
    /// A builder came or went since the last earlier release that has provenance.
    Changed,
}

/// Who came and who went between two releases that have provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The last earlier release that has provenance.
    pub since: Version,
    /// Builders that it had not.
    pub added: BTreeSet<Builder>,
    /// Builders that only it had.
    pub removed: BTreeSet<Builder>,
}

/// A release, and what can be said of it in its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedRelease {
    /// What is known of it.
    pub facts: ReleaseFacts,
    /// What can be said; nothing of a release without files.
    pub states: BTreeSet<State>,
    /// The last earlier release that has provenance.
    pub earlier: Option<Version>,
    /// The difference to that release. None where there is no such release, where this one
    /// has no provenance, and where either has some that cannot be read.
    pub change: Option<Change>,
}

/// A project's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    releases: Vec<JudgedRelease>,
    positions: HashMap<Version, usize>,
}

impl ReleaseFacts {
    /// A release without files yet.
    pub fn new(version: Version, created_at: Timestamp) -> Self {
        Self {
            version,
            created_at,
            files: 0,
            attested: 0,
            unreadable: 0,
            builders: BTreeMap::new(),
        }
    }

    /// Counts one more file.
    pub fn count(&mut self, file: FileProvenance) {
        self.files += 1;
        match file {
            FileProvenance::Absent => {}
            FileProvenance::Unreadable => {
                self.attested += 1;
                self.unreadable += 1;
            }
            FileProvenance::By(builders) => {
                self.attested += 1;
                for builder in builders {
                    *self.builders.entry(builder).or_default() += 1;
                }
            }
        }
    }

    fn builders(&self) -> BTreeSet<Builder> {
        self.builders.keys().cloned().collect()
    }

    /// The states that need no other release.
    fn own_states(&self) -> BTreeSet<State> {
        let share = match (self.files, self.attested) {
            (0, _) => return BTreeSet::new(),
            (_, 0) => State::None,
            (files, attested) if attested < files => State::Partial,
            _ => State::Full,
        };
        let inconsistent = (self.builders.len() > 1).then_some(State::Inconsistent);
        std::iter::once(share).chain(inconsistent).collect()
    }
}

impl State {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::None => "none",
            Self::Inconsistent => "inconsistent",
            Self::Lost => "lost",
            Self::Changed => "changed",
        }
    }
}

impl Change {
    fn between(earlier: &ReleaseFacts, later: &ReleaseFacts) -> Self {
        let (before, after) = (earlier.builders(), later.builders());
        Self {
            since: earlier.version.clone(),
            added: after.difference(&before).cloned().collect(),
            removed: before.difference(&after).cloned().collect(),
        }
    }

    /// Whether nobody came and nobody went.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl History {
    /// Judges a project's releases, given in any order. They are taken in the order in which they came, and of those that
    /// came at once in the order of their versions: a fix of an old series came after what it is compared with.
    pub fn of(releases: impl IntoIterator<Item = ReleaseFacts>) -> Self {
        let mut facts: Vec<ReleaseFacts> = releases.into_iter().collect();
        facts.sort_by(|one, two| {
            (one.created_at, &one.version).cmp(&(two.created_at, &two.version))
        });
        let mut releases: Vec<JudgedRelease> = Vec::with_capacity(facts.len());
        let mut last_attested = None;
        for facts in facts {
            let earlier = last_attested.and_then(|at: usize| releases.get(at));
            let judged = JudgedRelease::of(facts, earlier.map(|it| &it.facts));
            if judged.facts.attested > 0 {
                last_attested = Some(releases.len());
            }
            releases.push(judged);
        }
        let versions = releases.iter().map(|it| it.facts.version.clone());
        let positions = versions.zip(0..).collect();
        Self {
            releases,
            positions,
        }
    }

    /// Its releases, the first one first.
    pub fn releases(&self) -> &[JudgedRelease] {
        &self.releases
    }

    /// One of them.
    pub fn release(&self, version: &Version) -> Option<&JudgedRelease> {
        self.releases.get(*self.positions.get(version)?)
    }

    /// The one that came last, of those that have files.
    pub fn last(&self) -> Option<&JudgedRelease> {
        self.releases.iter().rev().find(|it| it.facts.files > 0)
    }
}

impl JudgedRelease {
    /// Judges a release by the last earlier one that has provenance.
    fn of(facts: ReleaseFacts, earlier: Option<&ReleaseFacts>) -> Self {
        let mut states = facts.own_states();
        let mut change = None;
        if let Some(earlier) = earlier {
            let readable = earlier.unreadable == 0 && facts.unreadable == 0;
            if facts.attested > 0 && readable {
                change = Some(Change::between(earlier, &facts));
            }
            if change.as_ref().is_some_and(|change| !change.is_empty()) {
                states.insert(State::Changed);
            }
            if states.contains(&State::None) {
                states.insert(State::Lost);
            }
        }
        Self {
            facts,
            states,
            earlier: earlier.map(|it| it.version.clone()),
            change,
        }
    }

    /// Whether this can be said of it.
    pub fn is(&self, state: State) -> bool {
        self.states.contains(&state)
    }
}

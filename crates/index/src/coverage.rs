//! How much of the index has provenance: sums that a chore keeps up with the journal, so that nobody who asks waits for a
//! million files to be counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_packaging::{ProjectName, Version};
use touchplate_policy::history::{History, ReleaseFacts, State};

use crate::Index;
use crate::downloads::{Day, LATELY_DAYS};
use crate::history::ProjectHistory;
use crate::jobs::{Job, Shift, ShiftError};
use crate::ports::{AttestedBy, FileId, JobName, LostList, Project, StoreError};

/// Journal rows taken in at once. Their projects are counted in one transaction, for which uploads wait.
const BATCH: u32 = 500;

/// Months that are told one by one: this one and the 23 before it.
pub const MONTHS: i32 = 24;

/// Projects that lost their provenance and are told by name.
const MAX_LOST: u32 = 100;

/// What a file or a release is counted as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counted {
    /// A file, by whoever is proved to have built it.
    File(BuiltBy),
    /// A release, by how many of its files have provenance.
    Release(Share),
}

/// What is known of who built a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuiltBy {
    /// It has no provenance.
    Unknown,
    /// A publisher of this kind, or several of the same kind.
    Kind(String),
    /// Publishers of several kinds.
    SeveralKinds,
    /// It has provenance that this program cannot read.
    Unreadable,
}

/// How many files of a release have provenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Share {
    /// Every file.
    Full,
    /// Some, and others not.
    Partial,
    /// No file.
    None,
}

/// Spans of time that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// All time, which begins at day 0.
    Ever,
    /// Months, by their first day.
    Month,
    /// Days.
    Day,
}

/// So many were counted as one thing in one span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The span's first day.
    pub start: Day,
    /// As what.
    pub counted: Counted,
    /// How many.
    pub count: u64,
}

/// What is counted of one project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectCoverage {
    /// Files by the day of their upload, releases by that of their first file.
    pub by_day: BTreeMap<(Day, Counted), u64>,
    /// Whether its last release lost its provenance.
    pub lost: Option<LostProvenance>,
}

/// A project whose files had provenance, and have none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostProvenance {
    /// The project.
    pub project: ProjectName,
    /// The first release without.
    pub version: Version,
    /// When that came.
    pub at: Timestamp,
    /// The last release with some.
    pub had: Version,
}

/// The index's coverage.
#[derive(Clone, Debug)]
pub struct IndexCoverage {
    /// Everything.
    pub ever: Vec<Tally>,
    /// The last [`MONTHS`] months.
    pub months: Vec<Tally>,
    /// The last [`LATELY_DAYS`] days.
    pub days: Vec<Tally>,
    /// Downloads by day, since the first of those months.
    pub downloads: Vec<(Day, u64)>,
    /// Projects that lost their provenance.
    pub lost: LostList,
}

/// A word that stands for nothing that is counted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing is counted as `{given}`")]
pub struct UnknownCount {
    given: String,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(BuiltBy::Unknown) => f.write_str("file:none"),
            Self::File(BuiltBy::SeveralKinds) => f.write_str("file:several"),
            Self::File(BuiltBy::Unreadable) => f.write_str("file:unreadable"),
            Self::File(BuiltBy::Kind(kind)) => write!(f, "file:by:{kind}"),
            Self::Release(Share::Full) => f.write_str("release:full"),
            Self::Release(Share::Partial) => f.write_str("release:partial"),
            Self::Release(Share::None) => f.write_str("release:none"),
        }
    }
}

impl FromStr for Counted {
    type Err = UnknownCount;

    fn from_str(given: &str) -> Result<Self, UnknownCount> {
        Ok(match given {
            "file:none" => Self::File(BuiltBy::Unknown),
            "file:several" => Self::File(BuiltBy::SeveralKinds),
            "file:unreadable" => Self::File(BuiltBy::Unreadable),
            "release:full" => Self::Release(Share::Full),
            "release:partial" => Self::Release(Share::Partial),
            "release:none" => Self::Release(Share::None),
            _ => match given.strip_prefix("file:by:") {
                Some(kind) => Self::File(BuiltBy::Kind(kind.to_owned())),
                None => {
                    return Err(UnknownCount {
                        given: given.to_owned(),
                    });
                }
            },
        })
    }
}

impl Grain {
    /// The word stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ever => "ever",
            Self::Month => "month",
            Self::Day => "day",
        }
    }

    /// The first day of the span that a day lies in.
    pub fn start(self, day: Day) -> Day {
        match self {
            Self::Ever => Day(0),
            Self::Month => day.month(),
            Self::Day => day,
        }
    }
}

impl ProjectCoverage {
    /// What is counted of a project; nothing of one that not everybody may see.
    pub fn of(project: &ProjectHistory) -> Option<Self> {
        let ProjectHistory { facts, history, .. } = project;
        if !is_counted(&facts.project) {
            return None;
        }
        let mut by_day: BTreeMap<(Day, Counted), u64> = BTreeMap::new();
        let mut count = |at: Timestamp, counted: Counted| {
            *by_day.entry((Day::of(at), counted)).or_default() += 1;
        };
        let mut attested: BTreeMap<i64, Vec<&AttestedBy>> = BTreeMap::new();
        for by in &facts.attested {
            let FileId(file) = by.file;
            attested.entry(file).or_default().push(by);
        }
        for file in &facts.files {
            let by = attested.get(&file.id.0).map_or(&[][..], Vec::as_slice);
            count(file.uploaded_at, Counted::File(built_by(by)));
        }
        for release in history.releases() {
            if let Some(share) = share(&release.facts) {
                count(release.facts.created_at, Counted::Release(share));
            }
        }
        Some(Self {
            by_day,
            lost: lost(&facts.project.name, history),
        })
    }
}

fn is_counted(project: &Project) -> bool {
    project.is_public() && project.status != ProjectStatus::Quarantined
}

fn built_by(attested: &[&AttestedBy]) -> BuiltBy {
    let kind = |by: &&AttestedBy| Some(by.publisher.as_ref()?.kind());
    let Some(kinds) = attested.iter().map(kind).collect::<Option<BTreeSet<_>>>() else {
        return BuiltBy::Unreadable;
    };
    let mut kinds = kinds.into_iter();
    match (kinds.next(), kinds.next()) {
        (None, _) => BuiltBy::Unknown,
        (Some(kind), None) => BuiltBy::Kind(kind.to_owned()),
        (Some(_), Some(_)) => BuiltBy::SeveralKinds,
    }
}

fn share(facts: &ReleaseFacts) -> Option<Share> {
    match (facts.files, facts.attested) {
        (0, _) => None,
        (_, 0) => Some(Share::None),
        (files, attested) if attested < files => Some(Share::Partial),
        _ => Some(Share::Full),
    }
}

/// Whether the release that came last lost its provenance, and since when it is so.
fn lost(project: &ProjectName, history: &History) -> Option<LostProvenance> {
    if !history.last()?.states.contains(&State::Lost) {
        return None;
    }
    let mut first_without: Option<&ReleaseFacts> = None;
    for release in history.releases().iter().rev() {
        let facts = &release.facts;
        match (facts.files, facts.attested) {
            (0, _) => {}
            (_, 0) => first_without = Some(facts),
            _ => {
                return first_without.map(|without| LostProvenance {
                    project: project.clone(),
                    version: without.version.clone(),
                    at: without.created_at,
                    had: facts.version.clone(),
                });
            }
        }
    }
    None
}

/// Counting. Two seconds at least between two times, whichever processes they are of.
pub const COUNTING: Job = Job {
    name: JobName("coverage"),
    every: std::time::Duration::from_secs(2),
};

impl Index {
    /// Counts what changed since the last time, and does not run after what changes meanwhile. May run in several processes at once,
    /// and may be killed anywhere.
    pub async fn count_coverage(&self) -> Result<(), StoreError> {
        while self.count_some_coverage().await? {}
        Ok(())
    }

    /// The same, as long as the shift is ours.
    pub async fn count_coverage_in(&self, shift: &Shift) -> Result<(), ShiftError> {
        while self.count_some_coverage().await? {
            shift.goes_on().await?;
        }
        Ok(())
    }

    /// Counts a batch; says whether there may be more.
    async fn count_some_coverage(&self) -> Result<bool, StoreError> {
        let from = self.ports.coverage.counted_to().await?;
        let rows = self.ports.journal.after(from, BATCH).await?;
        let Some(last) = rows.last() else {
            return Ok(false);
        };
        let names: BTreeSet<&ProjectName> =
            rows.iter().filter_map(|row| row.project.as_ref()).collect();
        let mut projects = Vec::with_capacity(names.len());
        for name in names {
            // As it is now, which is at least as new as those rows; what came after them is counted once more.
            let history = self.history_of(name).await?;
            let coverage = history.as_ref().and_then(ProjectCoverage::of);
            projects.push((name.clone(), coverage));
        }
        // Where another process was first, what it did is done.
        let coverage = &self.ports.coverage;
        let was_first = coverage.count(from, last.serial, &projects).await?;
        Ok(!was_first || rows.len() == BATCH as usize)
    }

    /// How much of the index has provenance, of what anybody may see; counted until a few seconds ago.
    pub async fn coverage(&self, now: Timestamp) -> Result<IndexCoverage, StoreError> {
        let today = Day::of(now);
        let first_month = today.month().months_back(MONTHS.saturating_sub(1));
        let first_day = today.minus(LATELY_DAYS.saturating_sub(1));
        let coverage = &self.ports.coverage;
        Ok(IndexCoverage {
            ever: coverage.tallies(Grain::Ever, Day(0)).await?,
            months: coverage.tallies(Grain::Month, first_month).await?,
            days: coverage.tallies(Grain::Day, first_day).await?,
            downloads: self.ports.downloads.by_day(first_month..=today).await?,
            lost: coverage.lost(MAX_LOST).await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_read_back() {
        for counted in [
            Counted::File(BuiltBy::Unknown),
            Counted::File(BuiltBy::SeveralKinds),
            Counted::File(BuiltBy::Unreadable),
            Counted::File(BuiltBy::Kind("GitHub".to_owned())),
            Counted::Release(Share::Full),
            Counted::Release(Share::Partial),
            Counted::Release(Share::None),
        ] {
            assert_eq!(counted.to_string().parse(), Ok(counted));
        }
        assert!("file".parse::<Counted>().is_err());
    }
}

//! Every change of builder over time, in one strip: a lane for each builder, a column for each release.

use touchplate_policy::Builder;
use touchplate_policy::history::JudgedRelease;

use super::words::{self, BuilderTold};
use crate::pages::units;

/// The strip. Its lanes tell in words what their pictures show.
pub(super) struct Strip {
    /// Releases that have files, the first one at the left.
    pub(super) columns: usize,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) lanes: Vec<Lane>,
    /// Builders that have no lane.
    pub(super) without_lane: usize,
}

/// One builder, or what nobody is proved to have built.
pub(super) struct Lane {
    /// None: there is no provenance.
    pub(super) builder: Option<BuilderTold>,
    /// How many releases, from which and to which.
    pub(super) says: String,
    pub(super) runs: Vec<Run>,
}

/// Neighbouring releases of which the same holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) at: usize,
    pub(super) width: usize,
    /// Whether it holds of each of their files, and not of some alone.
    pub(super) is_whole: bool,
}

/// Lanes of builders. More than a dozen builders tell a story that a table tells better; there is one below.
const MAX_LANES: usize = 12;

impl Strip {
    /// The strip of these releases, the first one first; none where one release says nothing over time.
    pub(super) fn of(releases: &[&JudgedRelease]) -> Option<Self> {
        let (first, last) = match releases {
            [first, .., last] => (first, last),
            _ => return None,
        };
        let mut builders: Vec<&Builder> = Vec::new();
        // Who built last comes first.
        for builder in releases
            .iter()
            .rev()
            .flat_map(|it| it.facts.builders.keys())
        {
            if !builders.contains(&builder) {
                builders.push(builder);
            }
        }
        let without_lane = builders.len().saturating_sub(MAX_LANES);
        let built = builders.iter().take(MAX_LANES).filter_map(|builder| {
            let files_of = |it: &JudgedRelease| it.facts.builders.get(*builder).copied();
            lane(releases, Some(words::told(builder)), |it| {
                files_of(it).unwrap_or(0)
            })
        });
        let unproved = lane(releases, None, |it| it.facts.files - it.facts.attested);
        Some(Self {
            columns: releases.len(),
            first: told(first),
            last: told(last),
            lanes: built.chain(unproved).collect(),
            without_lane,
        })
    }
}

/// The lane of what `files` counts in each release; none if that is nowhere anything.
fn lane(
    releases: &[&JudgedRelease],
    builder: Option<BuilderTold>,
    files: impl Fn(&JudgedRelease) -> u32,
) -> Option<Lane> {
    let mut runs: Vec<Run> = Vec::new();
    let (mut first, mut last, mut count) = (None, None, 0);
    for (at, release) in releases.iter().enumerate() {
        let files = files(release);
        if files == 0 {
            continue;
        }
        count += 1;
        first = first.or(Some(release));
        last = Some(release);
        let is_whole = files == release.facts.files;
        match runs.last_mut() {
            Some(run) if run.at + run.width == at && run.is_whole == is_whole => run.width += 1,
            _ => runs.push(Run {
                at,
                width: 1,
                is_whole,
            }),
        }
    }
    let (first, last) = (told(first?), told(last?));
    let releases = words::count(count, "release", "releases");
    let says = if count == 1 {
        format!("{releases}: {first}")
    } else {
        format!("{releases}, from {first} to {last}")
    };
    Some(Lane {
        builder,
        says,
        runs,
    })
}

/// `1.0 (2026-11-24)`.
fn told(release: &JudgedRelease) -> String {
    let facts = &release.facts;
    format!("{} ({})", facts.version, units::day(facts.created_at))
}

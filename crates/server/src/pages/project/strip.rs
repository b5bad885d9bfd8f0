//! Every change of builder over time, in one strip: a lane for each builder, a column for each release.

use touchplate_policy::Builder;
use touchplate_policy::history::JudgedRelease;

use super::words::{self, BuilderTold};
use crate::pages::units;

/// The strip. Its lanes tell in words what their pictures show.
pub(super) struct Strip {
    /// Releases that have files, the first one at the left.
    pub(super) columns: usize,
    pub(super) first: End,
    pub(super) last: End,
    pub(super) lanes: Vec<Lane>,
    /// Builders that have no lane.
    pub(super) without_lane: usize,
}

/// One builder, or what nobody is proved to have built.
pub(super) struct Lane {
    /// None: there is no provenance.
    pub(super) builder: Option<BuilderTold>,
    pub(super) releases: usize,
    pub(super) first: End,
    pub(super) last: End,
    pub(super) runs: Vec<Run>,
}

/// A release at an end.
pub(super) struct End {
    pub(super) version: String,
    pub(super) day: String,
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
            first: end(first),
            last: end(last),
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
    Some(Lane {
        builder,
        releases: count,
        first: end(first?),
        last: end(last?),
        runs,
    })
}

fn end(release: &JudgedRelease) -> End {
    let facts = &release.facts;
    End {
        version: facts.version.to_string(),
        day: units::day(facts.created_at),
    }
}

//! How much of the index has provenance, counted ahead of whoever asks.

use async_trait::async_trait;
use touchplate_packaging::ProjectName;

use super::{Serial, StoreError};
use crate::coverage::{Grain, LostProvenance, ProjectCoverage, Tally};

/// Projects that lost their provenance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LostList {
    /// How many there are.
    pub count: u64,
    /// Those that lost it last, the last one first.
    pub latest: Vec<LostProvenance>,
}

/// Sums over the public projects, kept up by [`Index::count_coverage`](crate::Index::count_coverage).
#[async_trait]
pub trait Coverage: Send + Sync {
    /// The journal's serial that everything up to is counted.
    async fn counted_to(&self) -> Result<Serial, StoreError>;

    /// Counts what stands of these projects in place of what was counted of them before, none for those that are no more to
    /// be counted, and notes that all is counted up to `to`. False, and nothing is changed, where it is not counted up to
    /// `from` but further: another process was first. Writes no journal row: the journal is what it follows.
    async fn count(
        &self,
        from: Serial,
        to: Serial,
        projects: &[(ProjectName, Option<ProjectCoverage>)],
    ) -> Result<bool, StoreError>;

    /// What was counted in spans of time of one kind, from the one that begins at `since` on, in order of time.
    async fn tallies(
        &self,
        grain: Grain,
        since: crate::downloads::Day,
    ) -> Result<Vec<Tally>, StoreError>;

    /// The projects that lost their provenance, at most `limit` of them by name. A project that stopped being public is not
    /// among them, counted or not.
    async fn lost(&self, limit: u32) -> Result<LostList, StoreError>;
}

//! How much of the index has provenance.

use std::collections::BTreeMap;

use async_trait::async_trait;
use touchplate_index::coverage::{Grain, ProjectCoverage, Tally};
use touchplate_index::downloads::Day;
use touchplate_index::ports::{Coverage, LostList, Serial, StoreError};
use touchplate_index::projects::Visibility;
use touchplate_packaging::ProjectName;
use touchplate_packaging::simple::ProjectStatus;

use super::Memory;

/// What was counted, project by project, and how far.
#[derive(Default)]
pub(super) struct Sums {
    position: Serial,
    projects: BTreeMap<ProjectName, ProjectCoverage>,
}

#[async_trait]
impl Coverage for Memory {
    async fn counted_to(&self) -> Result<Serial, StoreError> {
        Ok(self.state().coverage.position)
    }

    async fn count(
        &self,
        from: Serial,
        to: Serial,
        projects: &[(ProjectName, Option<ProjectCoverage>)],
    ) -> Result<bool, StoreError> {
        let sums = &mut self.state().coverage;
        if sums.position != from {
            return Ok(false);
        }
        sums.position = to;
        for (name, coverage) in projects {
            match coverage {
                Some(coverage) => drop(sums.projects.insert(name.clone(), coverage.clone())),
                None => drop(sums.projects.remove(name)),
            }
        }
        Ok(true)
    }

    async fn tallies(&self, grain: Grain, since: Day) -> Result<Vec<Tally>, StoreError> {
        let state = self.state();
        let mut sums = BTreeMap::new();
        for coverage in state.coverage.projects.values() {
            for ((day, counted), count) in &coverage.by_day {
                let key = (grain.start(*day), counted.to_string());
                let (_, sum) = sums.entry(key).or_insert((counted.clone(), 0));
                *sum += count;
            }
        }
        let late = sums.into_iter().filter(|((start, _), _)| *start >= since);
        let tally = |((start, _), (counted, count))| Tally {
            start,
            counted,
            count,
        };
        Ok(late.map(tally).collect())
    }

    async fn lost(&self, limit: u32) -> Result<LostList, StoreError> {
        let state = self.state();
        let seen = |name: &ProjectName| {
            state.project(name).is_some_and(|p| {
                p.visibility == Visibility::Public && p.status != ProjectStatus::Quarantined
            })
        };
        let lost = state.coverage.projects.values();
        let mut latest: Vec<_> = lost.filter_map(|it| it.lost.clone()).collect();
        latest.retain(|it| seen(&it.project));
        latest.sort_by(|a, b| (b.at, &a.project).cmp(&(a.at, &b.project)));
        let count = latest.len() as u64;
        latest.truncate(limit as usize);
        Ok(LostList { count, latest })
    }
}

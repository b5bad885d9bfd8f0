//! How often files were downloaded.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use touchplate_index::downloads::{Day, DownloadCount};
use touchplate_index::ports::{Downloaded, Downloads, FileId, ProjectId, StoreError};
use touchplate_index::projects::Visibility;

use super::Memory;

/// What was counted.
#[derive(Default)]
pub(super) struct Counts {
    files: BTreeMap<(Day, i64), u64>,
    projects: BTreeMap<(Day, i64), u64>,
    public: BTreeMap<Day, u64>,
    ever: BTreeMap<i64, u64>,
}

fn within(counts: &BTreeMap<(Day, i64), u64>, days: &RangeInclusive<Day>, id: i64) -> u64 {
    let of = counts
        .iter()
        .filter(|((day, it), _)| days.contains(day) && *it == id);
    of.map(|(_, count)| count).sum()
}

#[async_trait]
impl Downloads for Memory {
    async fn add(&self, batch: &[Downloaded]) -> Result<(), StoreError> {
        let mut state = self.state();
        for it in batch {
            let Some(file) = state.files.iter().find(|f| f.stored.id == it.file) else {
                continue;
            };
            let project = file.project;
            let public = state
                .project_by_id(project)
                .is_some_and(|p| p.visibility == Visibility::Public);
            let counts = &mut state.downloads;
            *counts.files.entry((it.day, it.file.0)).or_default() += it.count;
            *counts.projects.entry((it.day, project.0)).or_default() += it.count;
            *counts.ever.entry(it.file.0).or_default() += it.count;
            if public {
                *counts.public.entry(it.day).or_default() += it.count;
            }
        }
        Ok(())
    }

    async fn of_file(
        &self,
        file: FileId,
        days: RangeInclusive<Day>,
    ) -> Result<DownloadCount, StoreError> {
        let state = self.state();
        let there = state.files.iter().any(|f| f.stored.id == file);
        let ever = state.downloads.ever.get(&file.0).copied();
        Ok(DownloadCount {
            ever: ever.filter(|_| there).unwrap_or_default(),
            lately: within(&state.downloads.files, &days, file.0),
        })
    }

    async fn of_project(
        &self,
        project: ProjectId,
        days: RangeInclusive<Day>,
    ) -> Result<DownloadCount, StoreError> {
        let state = self.state();
        let files = state.files.iter().filter(|f| f.project == project);
        let ever = files.filter_map(|f| state.downloads.ever.get(&f.stored.id.0));
        Ok(DownloadCount {
            ever: ever.sum(),
            lately: within(&state.downloads.projects, &days, project.0),
        })
    }

    async fn by_day(&self, days: RangeInclusive<Day>) -> Result<Vec<(Day, u64)>, StoreError> {
        let state = self.state();
        let public = state.downloads.public.range(days);
        Ok(public.map(|(day, count)| (*day, *count)).collect())
    }

    async fn forget_days_before(&self, day: Day) -> Result<(), StoreError> {
        let mut state = self.state();
        state.downloads.files.retain(|(of, _), _| *of >= day);
        state.downloads.projects.retain(|(of, _), _| *of >= day);
        Ok(())
    }
}

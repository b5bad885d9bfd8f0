//! How often files were downloaded.

use std::ops::RangeInclusive;

use async_trait::async_trait;

use super::{FileId, ProjectId, StoreError};
use crate::downloads::{Day, DownloadCount};

/// How often a file was downloaded on a day, as far as one process counted since it last said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downloaded {
    /// Which file.
    pub file: FileId,
    /// On which day.
    pub day: Day,
    /// How often.
    pub count: u64,
}

/// Counts of downloads. They are approximate by design: what a process had counted when it was killed is lost, and a batch
/// whose answer was lost is added again.
#[async_trait]
pub trait Downloads: Send + Sync {
    /// Adds a batch, all of it or nothing; what belongs to a file that is gone is passed over. Writes no journal row:
    /// nothing changed that anybody follows, and a busy index would write little else.
    async fn add(&self, batch: &[Downloaded]) -> Result<(), StoreError>;

    /// How often a file was downloaded ever, and in `days`.
    async fn of_file(
        &self,
        file: FileId,
        days: RangeInclusive<Day>,
    ) -> Result<DownloadCount, StoreError>;

    /// How often the files that a project has were downloaded ever, and those that it had in `days`.
    async fn of_project(
        &self,
        project: ProjectId,
        days: RangeInclusive<Day>,
    ) -> Result<DownloadCount, StoreError>;

    /// How often files of projects that were public when they were downloaded were downloaded, by day, in order; days
    /// without any are left out.
    async fn by_day(&self, days: RangeInclusive<Day>) -> Result<Vec<(Day, u64)>, StoreError>;

    /// Forgets on which days before this one which files and projects were downloaded. How often ever, and
    /// [`by_day`](Self::by_day), stay.
    async fn forget_days_before(&self, day: Day) -> Result<(), StoreError>;
}

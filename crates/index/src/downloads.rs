//! Downloads: counted in memory while files are sent, written down in batches. The counts are approximate, so that counting
//! costs a reader nothing.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use jiff::civil::Date;

use crate::Index;
use crate::files::FoundFile;
use crate::ports::{Downloaded, FileId, Project, StoreError};

/// Days that "lately" means: this one and the 29 before it.
pub const LATELY_DAYS: i32 = 30;

/// How long it is kept which file was downloaded on which day: somewhat more than a year, so that one year can be compared
/// with the same days of the next.
pub const KEPT_DAYS: i32 = 400;

/// Files and days counted before they are written down. A server that sends a thousand files a second, each another one,
/// gets there in a minute and a half; what comes on top is not counted. Some 4 MB.
const MAX_PENDING: usize = 100_000;

/// Files and days written down in one transaction. It takes a few milliseconds, for which uploads wait.
const BATCH: usize = 500;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;
const NANOSECONDS_A_DAY: i128 = SECONDS_A_DAY as i128 * 1_000_000_000;

/// A day (UTC), counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The day of a moment.
    pub fn of(time: Timestamp) -> Self {
        let days = time.as_nanosecond().div_euclid(NANOSECONDS_A_DAY);
        // A timestamp's years have four digits, so its days have seven.
        Self(i32::try_from(days).unwrap_or(i32::MAX))
    }

    /// The day so many days earlier.
    #[must_use]
    pub fn minus(self, days: i32) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// The day in the calendar.
    pub fn date(self) -> Date {
        let second = i64::from(self.0).saturating_mul(SECONDS_A_DAY);
        let midnight = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        jiff::tz::TimeZone::UTC.to_datetime(midnight).date()
    }

    /// The first day of its month.
    #[must_use]
    pub fn month(self) -> Self {
        let date = self.date();
        self.minus(i32::from(date.day()).saturating_sub(1))
    }

    /// The first day of the month that is so many months earlier.
    #[must_use]
    pub fn months_back(self, months: i32) -> Self {
        (0..months).fold(self.month(), |first, _| first.minus(1).month())
    }

    /// The first day of the next month.
    #[must_use]
    pub fn next_month(self) -> Self {
        // No month has more than 31 days, and none fewer than 28.
        self.month().minus(-31).month()
    }
}

/// How often something was downloaded, about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DownloadCount {
    /// Since this was first counted.
    pub ever: u64,
    /// In the last [`LATELY_DAYS`] days.
    pub lately: u64,
}

/// What was counted and not yet written down.
#[derive(Debug, Default)]
pub(crate) struct Counter(Mutex<HashMap<(FileId, Day), u64>>);

impl Counter {
    fn count(&self, file: FileId, day: Day, times: u64) {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.len() < MAX_PENDING || pending.contains_key(&(file, day)) {
            let count = pending.entry((file, day)).or_default();
            *count = count.saturating_add(times);
        }
    }

    fn take(&self) -> Vec<Downloaded> {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = std::mem::take(&mut *pending);
        drop(pending);
        let counted = taken.into_iter();
        counted
            .map(|((file, day), count)| Downloaded { file, day, count })
            .collect()
    }
}

impl Index {
    /// Counts a download, if what was sent of the file begins at its beginning: a client that reads the end of a wheel for
    /// its metadata, or goes on where it was cut off, counts once or not at all.
    pub fn downloaded(&self, found: &FoundFile, sent: &Range<u64>, now: Timestamp) {
        if sent.start == 0 {
            self.downloads.count(found.file.id, Day::of(now), 1);
        }
    }

    /// Writes down what was counted. What cannot be written is kept for the next time.
    pub async fn write_downloads_down(&self) -> Result<(), StoreError> {
        let mut counted = self.downloads.take();
        // In the order in which they are stored, so that a batch touches few pages of the database.
        counted.sort_unstable_by_key(|it| (it.day, it.file.0));
        let mut rest = counted.as_slice();
        while !rest.is_empty() {
            let (batch, after) = rest.split_at(rest.len().min(BATCH));
            if let Err(error) = self.ports.downloads.add(batch).await {
                for it in rest {
                    self.downloads.count(it.file, it.day, it.count);
                }
                return Err(error);
            }
            rest = after;
        }
        Ok(())
    }

    /// How often a file that the reader may see was downloaded.
    pub async fn downloads_of_file(
        &self,
        file: FileId,
        now: Timestamp,
    ) -> Result<DownloadCount, StoreError> {
        self.ports.downloads.of_file(file, lately(now)).await
    }

    /// How often the files of a project that the reader may see were downloaded.
    pub async fn downloads_of_project(
        &self,
        project: &Project,
        now: Timestamp,
    ) -> Result<DownloadCount, StoreError> {
        let days = lately(now);
        self.ports.downloads.of_project(project.id, days).await
    }

    /// Forgets the days that are too long ago; how often ever stays.
    pub async fn forget_old_downloads(&self, now: Timestamp) -> Result<(), StoreError> {
        let first_kept = Day::of(now).minus(KEPT_DAYS);
        self.ports.downloads.forget_days_before(first_kept).await
    }
}

fn lately(now: Timestamp) -> RangeInclusive<Day> {
    let today = Day::of(now);
    today.minus(LATELY_DAYS.saturating_sub(1))..=today
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let at = |time: &str| Day::of(time.parse().unwrap());
        assert_eq!(at("1970-01-01T23:59:59.9Z"), Day(0));
        assert_eq!(at("1969-12-31T23:59:59.9Z"), Day(-1));
        let leap = at("2024-02-29T12:00:00Z");
        assert_eq!(leap.date(), jiff::civil::date(2024, 2, 29));
        assert_eq!(leap.month().date(), jiff::civil::date(2024, 2, 1));
        assert_eq!(leap.month().month(), leap.month());
        assert_eq!(leap.next_month().date(), jiff::civil::date(2024, 3, 1));
        let year = leap.months_back(14);
        assert_eq!(year.date(), jiff::civil::date(2022, 12, 1));
        assert_eq!(year.next_month().date(), jiff::civil::date(2023, 1, 1));
        for odd in [Day(i32::MIN), Day(i32::MAX)] {
            let _ = (odd.date(), odd.month());
        }
        assert!(Day::of(Timestamp::MAX) > leap && Day::of(Timestamp::MIN) < leap);
    }

    #[test]
    fn a_counter_is_bounded_and_forgets_nothing_below() {
        let counter = Counter::default();
        for file in 0..200_000 {
            counter.count(FileId(file), Day(1), 1);
        }
        counter.count(FileId(0), Day(1), 4);
        counter.count(FileId(0), Day(2), 1);
        let counted = counter.take();
        assert_eq!(counted.len(), MAX_PENDING);
        let first = counted.iter().find(|it| it.file == FileId(0));
        assert_eq!(first.map(|it| (it.day, it.count)), Some((Day(1), 5)));
        assert!(counter.take().is_empty());
    }
}

//! What callers of a private trust stack may still ask, counted for all of its processes by the database's clock.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use touchplate_trust::allowance::{AllowanceError, Allowances};

use super::dialect::now;
use super::{Kind, Pool, PostgresUrl, logs, pool, said};

/// A statement takes a fraction of a millisecond, and no disk is waited for.
const COUNTERS: u32 = 2;

/// After so many, rows that mean nothing any more are removed.
const FORGET_EVERY: usize = 4096;

const MINUTE: Duration = Duration::from_mins(1);

/// The generic cell rate algorithm (ITU-T I.371), in one row: each time moves `until` by the interval, and it may be ahead of now by
/// all but one of them.
const TAKE: &str = concat!(
    "INSERT INTO allowances (who, until) VALUES (sha256(convert_to($1, 'UTF8')), ",
    now!(),
    " + $2) ON CONFLICT (who) DO UPDATE SET until = greatest(allowances.until, ",
    now!(),
    ") + $2 WHERE allowances.until <= ",
    now!(),
    " + $3"
);

const WAIT: &str = concat!(
    "SELECT until - ",
    now!(),
    " - $2 FROM allowances WHERE who = sha256(convert_to($1, 'UTF8'))"
);

/// No index: it would be written each time, and the table has a row for each caller of the last minutes.
const FORGET: &str = concat!("DELETE FROM allowances WHERE until <= ", now!());

/// Allowances on PostgreSQL.
pub struct PostgresAllowances {
    pool: Pool,
    taken: AtomicUsize,
}

impl PostgresAllowances {
    /// Opens the database, migrating it as needed.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(url: &PostgresUrl) -> Result<Self, AllowanceError> {
        let options = logs::open(url)
            .await
            .map_err(|cause| AllowanceError(Box::new(cause)))?;
        Ok(Self {
            pool: pool(url, COUNTERS, options, Kind::Writes),
            taken: AtomicUsize::new(1),
        })
    }

    async fn counted(
        &self,
        who: &str,
        interval: i64,
        ahead: i64,
    ) -> Result<Option<Duration>, sqlx::Error> {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed);
        if taken.is_multiple_of(FORGET_EVERY) {
            sqlx::query(FORGET).execute(&self.pool).await?;
        }
        let taken = sqlx::query(TAKE).bind(who).bind(interval).bind(ahead);
        if taken.execute(&self.pool).await?.rows_affected() == 1 {
            return Ok(None);
        }
        let wait = sqlx::query_scalar(WAIT).bind(who).bind(ahead);
        let wait: Option<i64> = wait.fetch_optional(&self.pool).await?;
        // Negative, or gone: it may again since a moment ago.
        let wait = u64::try_from(wait.unwrap_or(0)).unwrap_or(0);
        Ok(Some(Duration::from_micros(wait)))
    }
}

#[async_trait]
impl Allowances for PostgresAllowances {
    async fn take(
        &self,
        who: &str,
        in_a_minute: NonZeroU32,
    ) -> Result<Option<Duration>, AllowanceError> {
        let interval = MINUTE / in_a_minute.get();
        let ahead = interval * (in_a_minute.get() - 1);
        let [interval, ahead] = [interval, ahead].map(|it| {
            // A minute at most.
            i64::try_from(it.as_micros()).unwrap_or(i64::MAX)
        });
        let counted = self.counted(who, interval, ahead).await;
        counted.map_err(|cause| AllowanceError(said::explained(cause)))
    }
}

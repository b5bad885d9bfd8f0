//! Whose turn it is. All times are the database's.

use std::time::Duration;

use async_trait::async_trait;
use touchplate_index::ports::{Fence, JobName, Jobs, StoreError, Turn};

use super::dialect::now;
use super::rows::{column, signed, unsigned};
use super::{Store, failed};

fn microseconds(time: Duration) -> Result<i64, StoreError> {
    signed(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

#[async_trait]
impl Jobs for Store {
    async fn take(
        &self,
        job: JobName,
        lease: Duration,
        every: Duration,
    ) -> Result<Turn, StoreError> {
        let doing = "take a turn at a job";
        let (lease, every) = (microseconds(lease)?, microseconds(every)?);
        let taken = sqlx::query(concat!(
            "INSERT INTO jobs (name, fence, held_until, done_at) VALUES ($1, 1, ",
            now!(),
            " + $2, 0) ON CONFLICT (name) DO UPDATE SET fence = jobs.fence + 1, held_until = excluded.held_until \
             WHERE jobs.held_until <= ",
            now!(),
            " AND jobs.done_at + $3 <= ",
            now!(),
            " RETURNING fence"
        ))
        .bind(job.0)
        .bind(lease)
        .bind(every)
        .fetch_optional(&self.writer)
        .await
        .map_err(failed(doing))?;
        if let Some(row) = taken {
            return Ok(Turn::Taken(Fence(unsigned(&row, "fence")?)));
        }
        let row = sqlx::query(concat!(
            "SELECT CASE WHEN held_until > done_at + $2 THEN held_until ELSE done_at + $2 END - ",
            now!(),
            " AS left_over FROM jobs WHERE name = $1"
        ))
        .bind(job.0)
        .bind(every)
        .fetch_one(&self.writer)
        .await
        .map_err(failed(doing))?;
        // Negative: it has ended since.
        let left = u64::try_from(column::<i64>(&row, "left_over")?).unwrap_or(0);
        Ok(Turn::NotFor(Duration::from_micros(left)))
    }

    async fn renew(&self, job: JobName, turn: Fence, lease: Duration) -> Result<bool, StoreError> {
        let renewed = sqlx::query(concat!(
            "UPDATE jobs SET held_until = ",
            now!(),
            " + $3 WHERE name = $1 AND fence = $2 AND held_until > 0"
        ))
        .bind(job.0)
        .bind(signed(turn.0)?)
        .bind(microseconds(lease)?)
        .execute(&self.writer)
        .await
        .map_err(failed("renew a turn at a job"))?;
        Ok(renewed.rows_affected() == 1)
    }

    async fn end(&self, job: JobName, turn: Fence, done: bool) -> Result<(), StoreError> {
        sqlx::query(concat!(
            "UPDATE jobs SET held_until = 0, done_at = CASE WHEN $3 THEN ",
            now!(),
            " ELSE done_at END WHERE name = $1 AND fence = $2"
        ))
        .bind(job.0)
        .bind(signed(turn.0)?)
        .bind(done)
        .execute(&self.writer)
        .await
        .map_err(failed("end a turn at a job"))?;
        Ok(())
    }
}

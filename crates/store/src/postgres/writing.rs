//! Transactions that write.
//!
//! On SQLite one transaction writes at a time, and the code is written for that. Here all but a few, named where they begin
//! (`Store::write_with`), are alone too: they hold one advisory lock, which those few share. The few are what there is much
//! of: uploads, attestations, mints, sweeps, counts of downloads.

use std::ops::{Deref, DerefMut};

use sqlx::AssertSqlSafe;
use touchplate_index::ports::StoreError;

use super::sql::{Lock, failed};
use super::{Connection, Pool, Postgres};

/// The first number of every advisory lock of an index; the second is of what.
pub(super) const INDEX_LOCKS: [i32; 4] = [0x7470_0001, 0x7470_0002, 0x7470_0003, 0x7470_0004];

/// The journal's, which the trigger of the first migration takes: 0x7470_0005. And the one under which processes migrate.
pub(super) const MIGRATING: i32 = 0x7470_0006;

/// Whatever the server or the role has as default, but for whether it takes writes: who told it to take none means it.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// A transaction that is rolled back unless it is committed, also when its future is dropped in the middle of a statement or
/// of its beginning. (SQLx's own is not, in its beginning: its connection would go back to the pool with the locks.)
pub(crate) struct Writing {
    /// None after the end.
    connection: Option<Connection>,
}

impl Writing {
    /// Begins a transaction by the statements `sql`, which go to the server as one message.
    pub(crate) async fn begin(pool: &Pool, sql: String) -> Result<Self, sqlx::Error> {
        let mut writing = Self {
            connection: Some(pool.acquire().await?),
        };
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut *writing)
            .await?;
        Ok(writing)
    }

    /// Begins a transaction without locks.
    pub(crate) async fn apart(pool: &Pool) -> Result<Self, sqlx::Error> {
        Self::begin(pool, BEGIN.to_owned()).await
    }

    /// Begins a transaction that reads, all of it as it was at one moment.
    pub(crate) async fn snapshot(pool: &Pool) -> Result<Self, sqlx::Error> {
        let sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY".to_owned();
        Self::begin(pool, sql).await
    }

    /// Makes everything last.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        self.end("COMMIT").await
    }

    /// Undoes everything.
    pub(crate) async fn rollback(self) -> Result<(), sqlx::Error> {
        self.end("ROLLBACK").await
    }

    async fn end(mut self, how: &'static str) -> Result<(), sqlx::Error> {
        sqlx::raw_sql(how).execute(&mut *self).await?;
        self.connection = None;
        Ok(())
    }
}

impl Deref for Writing {
    type Target = Connection;

    #[expect(
        clippy::expect_used,
        reason = "it is taken at the end alone, with `self`"
    )]
    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("it has not ended")
    }
}

impl DerefMut for Writing {
    #[expect(
        clippy::expect_used,
        reason = "it is taken at the end alone, with `self`"
    )]
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("it has not ended")
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            // Nobody is left to ask for it: the server rolls back when the connection ends.
            connection.close();
            return;
        };
        runtime.spawn(async move {
            let undone = sqlx::raw_sql("ROLLBACK").execute(&mut connection).await;
            if undone.is_err() {
                connection.close();
            }
        });
    }
}

impl Postgres {
    /// Begins a transaction that writes: nobody else does until it ends.
    pub(super) async fn write(&self) -> Result<Writing, StoreError> {
        let [everything, ..] = INDEX_LOCKS;
        let sql = format!("{BEGIN}; SELECT pg_advisory_xact_lock({everything}, 0)");
        let begun = Writing::begin(&self.writer, sql).await;
        begun.map_err(failed("begin to write"))
    }

    /// Begins a transaction that writes and may run beside others, but for those with a lock in common.
    pub(super) async fn write_with(&self, locks: &[Lock<'_>]) -> Result<Writing, StoreError> {
        let [everything, bytes, attestations, owner] = INDEX_LOCKS;
        let mut sql = format!("{BEGIN}; SELECT pg_advisory_xact_lock_shared({everything}, 0)");
        for lock in locks {
            // Two that are cut to the same number wait for each other for nothing, and for no longer than a transaction.
            let (class, of) = match lock {
                Lock::Bytes(digest) => (bytes, first_bits(digest.as_bytes())),
                Lock::Attestations(file) => (attestations, low_bits(file.0)),
                Lock::Owner(project) => (owner, low_bits(*project)),
            };
            sql.push_str(&format!("; SELECT pg_advisory_xact_lock({class}, {of})"));
        }
        let begun = Writing::begin(&self.writer, sql).await;
        begun.map_err(failed("begin to write"))
    }

    /// Begins a transaction that writes what no other writes.
    pub(super) async fn write_apart(&self) -> Result<Writing, StoreError> {
        let begun = Writing::apart(&self.writer).await;
        begun.map_err(failed("begin to write"))
    }

    /// Begins a transaction that reads, all of it as it was at one moment.
    pub(super) async fn snapshot(&self, doing: &'static str) -> Result<Writing, StoreError> {
        let begun = Writing::snapshot(&self.readers).await;
        begun.map_err(failed(doing))
    }
}

fn first_bits(bytes: &[u8; 32]) -> i32 {
    bytes
        .first_chunk()
        .map_or(0, |first| i32::from_be_bytes(*first))
}

#[expect(clippy::cast_possible_truncation, reason = "it is cut on purpose")]
fn low_bits(number: i64) -> i32 {
    number as i32
}

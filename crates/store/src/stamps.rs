//! The time of the latest stamp, in a database file of its own beside the stack's keys: it is written at most once a
//! second, and must not wait for uploads.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use touchplate_trust::stamp::{FloorError, StampFloor};

/// Another process's statement takes milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// One row; `at` counts seconds since 1970 and only grows.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS floor (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT";

const RAISE: &str = "INSERT INTO floor (id, at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET at = max(at, excluded.at) RETURNING at";

/// The floor under a timestamp authority's stamps, on SQLite.
pub struct SqliteStampFloor {
    pool: SqlitePool,
}

impl SqliteStampFloor {
    /// Opens the file, making it as needed. Several processes may do so at the same moment.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(path: &Path) -> Result<Self, FloorError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: once a stamp is given out, its time survives power loss.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect_with(options).await.map_err(failed)?;
        sqlx::query(TABLE).execute(&pool).await.map_err(failed)?;
        Ok(Self { pool })
    }
}

#[async_trait]
impl StampFloor for SqliteStampFloor {
    async fn raise(&self, to: Timestamp) -> Result<Timestamp, FloorError> {
        let raised = sqlx::query_scalar(RAISE).bind(to.as_second());
        let at: i64 = raised.fetch_one(&self.pool).await.map_err(failed)?;
        Timestamp::from_second(at).map_err(|error| FloorError(Box::new(error)))
    }
}

fn failed(error: sqlx::Error) -> FloorError {
    FloorError(Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test]
    async fn the_floor_only_rises_whichever_process_asks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stamps.sqlite");
        let one = SqliteStampFloor::open(&path).await.unwrap();
        let other = SqliteStampFloor::open(&path).await.unwrap();
        assert_eq!(one.raise(at(100)).await.unwrap(), at(100));
        assert_eq!(other.raise(at(99)).await.unwrap(), at(100));
        assert_eq!(other.raise(at(101)).await.unwrap(), at(101));
        assert_eq!(one.raise(at(100)).await.unwrap(), at(101));
        drop((one, other));
        let later = SqliteStampFloor::open(&path).await.unwrap();
        assert_eq!(later.raise(at(5)).await.unwrap(), at(101));
    }

    #[tokio::test]
    async fn without_its_folder_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none/stamps.sqlite");
        assert!(SqliteStampFloor::open(&path).await.is_err());
    }
}

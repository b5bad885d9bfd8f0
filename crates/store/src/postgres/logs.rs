//! Logs, and the time of the latest stamp, in a schema of their own beside the index's tables.

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use touchplate_index::ports::StoreError;
use touchplate_trust::log::LogStoreError;
use touchplate_trust::stamp::{FloorError, StampFloor};

use super::log::LogFiles;
use super::{Kind, Pool, PostgresUrl, migrate, options, pool, said};
use crate::migrating::Migrations;

/// The pairs of SQLite's.
const MIGRATIONS: Migrations = &[
    (
        1,
        "first",
        include_str!("../../migrations/postgres_log/0001_first.sql"),
    ),
    (
        2,
        "allowances",
        include_str!("../../migrations/postgres_log/0002_allowances.sql"),
    ),
];

const SCHEMA: &str = "touchplate_logs";

/// One batch of a log at a time is written, and there are three logs.
const WRITERS: u32 = 3;

/// A stamp is written at most once a second.
const STAMPERS: u32 = 1;

pub(super) async fn open(
    url: &PostgresUrl,
) -> Result<sqlx::postgres::PgConnectOptions, StoreError> {
    let options = options(url).map_err(|cause| StoreError::new("open the database", cause))?;
    let options = options.options([("search_path", SCHEMA)]);
    migrate(&options, MIGRATIONS, Some(SCHEMA)).await?;
    Ok(options)
}

impl LogFiles {
    /// Opens the database and the folder of tiles, making and migrating them as needed. Several processes may do so.
    pub async fn open(url: &PostgresUrl, tiles: &Path) -> Result<Self, LogStoreError> {
        let options = open(url)
            .await
            .map_err(|cause| LogStoreError::new("open the logs' database", cause))?;
        let writer = pool(url, WRITERS, options.clone(), Kind::Writes);
        let readers = pool(url, url.connections(), options, Kind::Reads);
        Self::on(writer, readers, tiles)
    }
}

/// One row; `at` counts seconds since 1970 and only grows.
const RAISE: &str = "INSERT INTO floor (id, at) VALUES (1, $1) \
                     ON CONFLICT (id) DO UPDATE SET at = greatest(floor.at, excluded.at) RETURNING at";

/// The floor under a timestamp authority's stamps, on PostgreSQL.
pub struct PostgresStampFloor {
    pool: Pool,
}

impl PostgresStampFloor {
    /// Opens the database, migrating it as needed.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(url: &PostgresUrl) -> Result<Self, FloorError> {
        let options = open(url)
            .await
            .map_err(|cause| FloorError(Box::new(cause)))?;
        let pool = pool(url, STAMPERS, options, Kind::Writes);
        Ok(Self { pool })
    }
}

#[async_trait]
impl StampFloor for PostgresStampFloor {
    async fn raise(&self, to: Timestamp) -> Result<Timestamp, FloorError> {
        let raised = sqlx::query_scalar(RAISE).bind(to.as_second());
        let raised = raised.fetch_one(&self.pool).await;
        let at: i64 = raised.map_err(|cause| FloorError(said::explained(cause)))?;
        Timestamp::from_second(at).map_err(|error| FloorError(Box::new(error)))
    }
}

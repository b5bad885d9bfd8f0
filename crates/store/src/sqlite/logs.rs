//! Logs in a database file of their own, which must not wait for uploads.

use std::path::Path;

use touchplate_index::ports::StoreError;
use touchplate_trust::log::LogStoreError;

use super::Database;
use super::log::LogFiles;
use crate::migrating::Migrations;

/// Forward only, numbered. Never edit one that was released: add the next, and its pair.
const MIGRATIONS: Migrations = &[(
    1,
    "first",
    include_str!("../../migrations/log/0001_first.sql"),
)];

/// Pages of the database that its writer keeps, in KiB: the rows of the generation that grows, some eight megabytes.
const WRITER_CACHE_KIB: u32 = 16 << 10;

impl LogFiles {
    /// Opens the database and the folder, making and migrating them as needed. Several processes may do so.
    pub async fn open(database: &Path, tiles: &Path) -> Result<Self, LogStoreError> {
        let wrap = |cause: StoreError| LogStoreError::new("open the logs' database", cause);
        let opened = Database::open(database, MIGRATIONS, Some(WRITER_CACHE_KIB)).await;
        let Database { writer, readers } = opened.map_err(wrap)?;
        Self::on(writer, readers, tiles)
    }
}

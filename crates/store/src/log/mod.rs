//! Logs in a database and on disk: one transaction a batch, and full tiles as files. Like `sql`, each driver's module includes this
//! one and so compiles it for itself.
//!
//! What is in rows and what is in files: entries and hashes of tiles that are not full, and of full ones until they are
//! files, are rows. A row goes only after its file has survived a flush, so whoever finds no row finds the file.

mod commit;
mod export;
mod filter;
mod finding;
mod lease;
mod reading;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use sqlx::Row as _;
use touchplate_attest::log::{TilePath, TreeHash};
use touchplate_index::ports::StoreError;
use touchplate_trust::log::{
    Batch, Beat, Cell, CommitError, Committed, Entry, Holder, Lease, LogName, LogStore,
    LogStoreError, State,
};

use crate::moving::Session;

use super::{Driver, Pool, Row, Writing, dialect};
use filter::Filters;

/// Logs in a database and a folder of tiles.
pub struct LogFiles {
    writer: Pool,
    readers: Pool,
    tiles: PathBuf,
    ids: Mutex<HashMap<LogName, i64>>,
    filters: tokio::sync::Mutex<HashMap<i64, Arc<Filters>>>,
    /// Folders of tiles whose own names this process has flushed.
    named: Arc<Mutex<HashSet<PathBuf>>>,
}

impl LogFiles {
    /// On pools of a database that is up to date, with tiles in a folder, which it makes as needed.
    pub(super) fn on(writer: Pool, readers: Pool, tiles: &Path) -> Result<Self, LogStoreError> {
        std::fs::create_dir_all(tiles)
            .map_err(|cause| LogStoreError::new("make the folder of tiles", cause))?;
        Ok(Self {
            writer,
            readers,
            tiles: tiles.to_owned(),
            ids: Mutex::default(),
            filters: tokio::sync::Mutex::default(),
            named: Arc::default(),
        })
    }

    /// Begins to move all rows, out of here or to here; nobody else writes meanwhile.
    pub(crate) async fn moving(&self) -> Result<Box<dyn Session>, StoreError> {
        let begun = super::begin_apart(&self.writer).await;
        let begun = begun
            .map_err(|cause| StoreError::new("begin to move logs", dialect::explained(cause)))?;
        super::sql::moving::session(begun).await
    }

    /// Lets go of the database.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    fn readers(&self) -> &Pool {
        &self.readers
    }

    /// Begins a transaction that writes. What it must be alone with, it reads locked.
    async fn write(&self) -> Result<Writing, LogStoreError> {
        let begun = super::begin_apart(&self.writer).await;
        begun.map_err(failed("begin to write"))
    }

    /// Begins a transaction that reads, all of it as it was at one moment.
    async fn snapshot(&self) -> Result<Writing, sqlx::Error> {
        super::begin_snapshot(&self.readers).await
    }

    /// The number that the rows of a log have; none before its lease was first asked for.
    async fn id(&self, log: &LogName) -> Result<Option<i64>, LogStoreError> {
        let ids = || self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let known = ids().get(log).copied();
        if known.is_some() {
            return Ok(known);
        }
        let row = sqlx::query("SELECT id FROM logs WHERE name = $1")
            .bind(log.as_str())
            .fetch_optional(self.readers())
            .await
            .map_err(failed("look for a log"))?;
        let id = row.map(|row| column::<i64>(&row, "id")).transpose()?;
        if let Some(id) = id {
            ids().insert(log.clone(), id);
        }
        Ok(id)
    }
}

#[async_trait]
impl LogStore for LogFiles {
    async fn take_lease(
        &self,
        log: &LogName,
        holder: &Holder,
        silent: Option<Beat>,
    ) -> Result<Lease, LogStoreError> {
        self.take_one_lease(log, holder, silent).await
    }

    async fn release_lease(&self, log: &LogName, epoch: u64) -> Result<(), LogStoreError> {
        self.release_one_lease(log, epoch).await
    }

    async fn commit(&self, log: &LogName, batch: &Batch) -> Result<Committed, CommitError> {
        self.commit_one(log, batch).await
    }

    async fn export(&self, log: &LogName) -> Result<u64, LogStoreError> {
        self.export_full_tiles(log).await
    }

    async fn state(&self, log: &LogName) -> Result<State, LogStoreError> {
        self.read_state(log).await
    }

    async fn cell(&self, log: &LogName) -> Result<Option<Cell>, LogStoreError> {
        self.read_cell(log).await
    }

    async fn tile(&self, log: &LogName, path: TilePath) -> Result<Option<Bytes>, LogStoreError> {
        let Some(id) = self.id(log).await? else {
            return Ok(None);
        };
        self.read_tile(log, id, path).await
    }

    async fn entry(&self, log: &LogName, index: u64) -> Result<Option<Entry>, LogStoreError> {
        self.read_entry(log, index).await
    }

    async fn find_leaves(
        &self,
        log: &LogName,
        leaves: &[TreeHash],
    ) -> Result<Vec<Option<u64>>, LogStoreError> {
        self.find_all_leaves(log, leaves).await
    }

    async fn search(
        &self,
        log: &LogName,
        key: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<u64>, LogStoreError> {
        self.search_all(log, key, limit).await
    }
}

/// Turns the driver's error into the port's.
fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> LogStoreError {
    move |cause| LogStoreError::new(doing, dialect::explained(cause))
}

/// A value of a row.
fn column<'r, T>(row: &'r Row, name: &str) -> Result<T, LogStoreError>
where
    T: sqlx::Decode<'r, Driver> + sqlx::Type<Driver>,
{
    row.try_get(name).map_err(failed("read a row"))
}

/// SQLite's integers are signed; indices and sizes are not.
fn unsigned(row: &Row, name: &str) -> Result<u64, LogStoreError> {
    u64::try_from(column::<i64>(row, name)?)
        .map_err(|cause| LogStoreError::new("read a number", cause))
}

fn signed(number: u64) -> Result<i64, LogStoreError> {
    i64::try_from(number).map_err(|cause| LogStoreError::new("store a number", cause))
}

/// What leaf hashes and search keys are found by.
fn prefix(hash: &[u8; 32]) -> i64 {
    let first = hash
        .first_chunk()
        .map_or(0, |first| u64::from_be_bytes(*first));
    // Without its last bit it has room in a signed number.
    (first >> 1).cast_signed()
}

/// Entries that the rows of one generation are about: 2^16, of which the rows of leaves are some two megabytes.
const GENERATION_BITS: u32 = 16;

/// Runs `work` on a thread that may block.
async fn blocking<T: Send + 'static>(
    doing: &'static str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, LogStoreError> {
    let done = tokio::task::spawn_blocking(work)
        .await
        .map_err(|cause| LogStoreError::new(doing, cause))?;
    done.map_err(|cause| LogStoreError::new(doing, cause))
}

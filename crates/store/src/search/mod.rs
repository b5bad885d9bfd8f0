//! The search index: a file of SQLite with full-text tables, beside whatever database the index has. Everything in it can be
//! made again, so it is not flushed to the disk with each change: after a power cut it is as it was some changes before, and
//! the journal brings it up again.

mod finding;
mod writing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row as _, Sqlite as Driver, SqliteConnection, Transaction};
use touchplate_index::ports::{
    DocumentSet, DocumentSets, Filled, Listed, SearchIndex, Serial, SetId, StoreError,
};
use touchplate_index::search::{Document, Step};
use touchplate_packaging::ProjectName;

use crate::sqlite;

/// A step of another process takes a few hundredths of a second; dropping a large set takes longer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Questions answered at once. Each has a connection with its own thread and cache.
const READERS: u32 = 4;

/// Adding to a set of half a million projects comes back to the same pages again and again.
const WRITER_CACHE_KIB: &str = "-32768";

/// Of each reader: the upper levels of the lists of common words.
const READER_CACHE_KIB: &str = "-8192";

/// At most one set is searched and one is made. `filled_to` counts while `whole` is 0.
const SETS: &str = "CREATE TABLE IF NOT EXISTS sets (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    live      INTEGER NOT NULL UNIQUE CHECK (live IN (0, 1)),
    format    INTEGER NOT NULL,
    serial    INTEGER NOT NULL,
    whole     INTEGER NOT NULL,
    filled_to TEXT
) STRICT";

/// The search index in a file.
pub struct SearchFile {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SearchFile {
    /// Opens the file, making it as needed. Several processes may do so at the same moment. A file that cannot be read is put
    /// aside under another name: what was in it will be made again.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        match Self::open_once(path).await {
            Err(error) if is_unreadable(&error) => {
                put_aside(path)
                    .map_err(|cause| StoreError::new("put a broken search index aside", cause))?;
                Self::open_once(path)
                    .await
                    .map_err(failed("open the search index"))
            }
            opened => opened.map_err(failed("open the search index")),
        }
    }

    async fn open_once(path: &Path) -> Result<Self, sqlx::Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = sqlite::pool().max_connections(1);
        let writing = options.clone().pragma("cache_size", WRITER_CACHE_KIB);
        let writer = writer.connect_with(writing).await?;
        sqlx::query(SETS).execute(&writer).await?;
        let reading = options
            .read_only(true)
            .pragma("cache_size", READER_CACHE_KIB);
        let readers = sqlite::pool().max_connections(READERS);
        Ok(Self {
            writer,
            readers: readers.connect_lazy_with(reading),
        })
    }

    /// Begins a step that writes: nothing read in it can be outdated before it ends.
    async fn write(&self) -> Result<Transaction<'static, Driver>, StoreError> {
        let begun = self.writer.begin_with("BEGIN IMMEDIATE").await;
        begun.map_err(failed("begin to write the search index"))
    }
}

/// SQLite's codes for "malformed" and "not a database".
fn is_unreadable(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "11" || code == "26")
}

fn put_aside(path: &Path) -> std::io::Result<()> {
    let beside = |ending: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    std::fs::rename(path, beside(".unreadable"))?;
    for ending in ["-wal", "-shm"] {
        match std::fs::remove_file(beside(ending)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

#[async_trait]
impl SearchIndex for SearchFile {
    async fn sets(&self) -> Result<DocumentSets, StoreError> {
        let mut reader = self
            .readers
            .acquire()
            .await
            .map_err(failed("read the search index"))?;
        sets(&mut reader).await
    }

    async fn begin(&self, format: u32, serial: Serial) -> Result<bool, StoreError> {
        self.begin_set(format, serial).await
    }

    async fn fill(
        &self,
        seen: &DocumentSet,
        documents: &[Document],
        to: &Filled,
    ) -> Result<bool, StoreError> {
        self.fill_set(seen, documents, to).await
    }

    async fn follow(
        &self,
        seen: &DocumentSet,
        changes: &[(ProjectName, Option<Document>)],
        to: Serial,
    ) -> Result<bool, StoreError> {
        self.change_set(seen, changes, to).await
    }

    async fn switch(&self, seen: &DocumentSet) -> Result<bool, StoreError> {
        self.switch_to(seen).await
    }

    async fn abandon(&self, set: SetId) -> Result<(), StoreError> {
        self.abandon_set(set).await
    }

    async fn find(
        &self,
        steps: &[Step],
        most: usize,
        page: std::ops::Range<usize>,
    ) -> Result<Option<Listed>, StoreError> {
        self.list(steps, most, page).await
    }
}

async fn sets(connection: &mut SqliteConnection) -> Result<DocumentSets, StoreError> {
    let rows = sqlx::query("SELECT id, live, format, serial, whole, filled_to FROM sets");
    let rows = rows
        .fetch_all(connection)
        .await
        .map_err(failed("read the search index"))?;
    let mut sets = DocumentSets::default();
    for row in &rows {
        let set = Some(read_set(row)?);
        match column::<bool>(row, "live")? {
            true => sets.live = set,
            false => sets.building = set,
        }
    }
    Ok(sets)
}

fn read_set(row: &SqliteRow) -> Result<DocumentSet, StoreError> {
    let to: Option<String> = column(row, "filled_to")?;
    let to = to.map(|name| name.parse::<ProjectName>()).transpose();
    Ok(DocumentSet {
        id: SetId(column(row, "id")?),
        format: column(row, "format")?,
        serial: Serial(column::<i64>(row, "serial")?.unsigned_abs()),
        filled: match column::<bool>(row, "whole")? {
            true => Filled::Whole,
            false => Filled::To(to.map_err(|cause| StoreError::new(READING, cause))?),
        },
    })
}

const READING: &str = "read the search index";

fn column<'r, T>(row: &'r SqliteRow, name: &str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, Driver> + sqlx::Type<Driver>,
{
    row.try_get(name).map_err(failed(READING))
}

fn failed(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |cause| StoreError::new(doing, cause)
}

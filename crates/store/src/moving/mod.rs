//! An index from one location to another, whatever each is: every row out of one snapshot, every blob that a row refers to, and the
//! proof that the one has what the other had.
//!
//! Blobs come first, and rows are one transaction: what breaks off leaves a target without an index, and bytes that the next try
//! finds there. Blobs are copied twice: of the index as it is, which takes its time, and then of the snapshot, which has little left
//! to copy. So hardly anything that the snapshot has can be deleted and swept before it is copied.

mod bytes;
mod folder;
mod logs;
mod rows;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use touchplate_index::Ports;
use touchplate_index::ports::{BlobError, FileId, StoreError};
use touchplate_packaging::Sha256;

pub use bytes::{CopiedBlobs, WrongBlob};
pub use folder::{BackupError, back_up, restore};
pub use logs::LOG_TABLES;
pub(crate) use logs::{FILE as LOG_FILE, MOVED_FILE as MOVED_LOG_FILE, STAMPS, TILES};
pub(crate) use rows::{Batch, Column, Kind, Session, Shape, Value, batches};
pub use rows::{LEFT_OUT, MOVED};

use crate::{
    DatabaseUrl, Location, OpenError, OpenedBlobs, Postgres, PostgresUrl, Sqlite, open_blobs, ports,
};
use bytes::Copying;

/// What moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Each table.
    pub tables: Vec<MovedTable>,
    /// The serial of the last change that is among them.
    pub serial: u64,
    /// The blobs.
    pub blobs: CopiedBlobs,
    /// Each table of a private trust stack's logs, where they moved too.
    pub logs: Vec<MovedTable>,
}

/// A table that has the same rows on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedTable {
    /// Its name.
    pub name: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// The SHA-256 of all of them, written in one way whatever the database is.
    pub sha256: Sha256,
}

/// Why nothing moved; blobs may have.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// One of the locations.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Where it goes there is something already.
    #[error("`{database}` is not empty: its table `{table}` has rows")]
    NotEmpty {
        /// Where.
        database: String,
        /// The first table that has any.
        table: String,
    },
    /// The schema has a table that this program does not know what to do with.
    #[error(
        "the table `{table}` of `{database}` is none of this version's: nothing says whether it is to be moved"
    )]
    UnknownTable {
        /// Where.
        database: String,
        /// Which.
        table: String,
    },
    /// Both sides were read again, and differ.
    #[error(
        "the table `{table}` differs after it was moved: {from_rows} rows with the SHA-256 {from}, and {to_rows} rows with {to}; \
         nothing was kept"
    )]
    Differs {
        /// Which.
        table: &'static str,
        /// Rows on the one side.
        from_rows: u64,
        /// Their digest.
        from: Sha256,
        /// Rows on the other side.
        to_rows: u64,
        /// Their digest.
        to: Sha256,
    },
    /// Somebody changed the index meanwhile, and what they changed would be lost.
    #[error(
        "the index was changed while it was moved: its serial was {before} and is {now}; nothing was kept"
    )]
    Changed {
        /// At the beginning.
        before: u64,
        /// At the end.
        now: u64,
    },
    /// The logs of a trust stack have moved, and the file that they were in cannot be put aside.
    #[error("the logs of the trust stack have moved, and {} cannot be renamed", .file.display())]
    Retire {
        /// Which.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob store at one of the two ends is not there.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The spool, through which blobs go.
    #[error("the spool {} cannot be written", .folder.display())]
    Spool {
        /// Where.
        folder: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// What is wanted of a move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms<'t> {
    /// Whether whoever changes the index meanwhile makes the move fail: for one after which the old place is not used any more.
    pub unchanged: bool,
    /// The folder of a private trust stack whose logs go along, from beside SQLite into PostgreSQL.
    pub stack: Option<&'t Path>,
}

/// An opened location.
struct End {
    database: Arc<dyn Database>,
    ports: Ports,
    blobs: OpenedBlobs,
    name: String,
    /// Where it is PostgreSQL.
    postgres: Option<PostgresUrl>,
}

/// A database that rows are moved out of, or into.
#[async_trait::async_trait]
pub(crate) trait Database: Send + Sync {
    /// Begins to read, all of it as it is now, for as long as it takes.
    async fn reading(&self) -> Result<Box<dyn Session>, StoreError>;

    /// Begins to write, alone, for as long as it takes.
    async fn writing(&self) -> Result<Box<dyn Session>, StoreError>;

    /// Lets go of the database, so that its file is whole by itself.
    async fn close(&self);
}

impl End {
    async fn open(location: &Location) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Database {
            database: location.database.clone(),
            source,
        };
        let blobs = open_blobs(&location.blobs).await?;
        let shared = blobs.blobs.clone();
        let (database, ports): (Arc<dyn Database>, Ports) = match &location.database {
            DatabaseUrl::Sqlite(path) => {
                let opened = Arc::new(Sqlite::open(path).await.map_err(failed)?);
                (opened.clone(), ports(opened, shared).0)
            }
            DatabaseUrl::Postgres(url) => {
                let opened = Arc::new(Postgres::open(url).await.map_err(failed)?);
                (opened.clone(), ports(opened, shared).0)
            }
        };
        let name = location.database.to_string();
        let postgres = match &location.database {
            DatabaseUrl::Sqlite(_) => None,
            DatabaseUrl::Postgres(url) => Some(url.clone()),
        };
        Ok(Self {
            postgres,
            database,
            ports,
            blobs,
            name,
        })
    }
}

/// Moves an index. `spool` is where blobs wait that the target has no place for; each that is missing or wrong at the source is
/// told, and the others are moved.
///
/// # Errors
/// As [`MoveError`] says; then the target has no row.
pub async fn copy(
    from: &Location,
    to: &Location,
    terms: Terms<'_>,
    spool: &Path,
    tell: &mut (dyn FnMut(WrongBlob) + Send),
) -> Result<Moved, MoveError> {
    let (from, to) = (End::open(from).await?, End::open(to).await?);
    let moved = between(&from, &to, terms, spool, tell).await;
    to.database.close().await;
    from.database.close().await;
    moved
}

async fn between(
    from: &End,
    to: &End,
    terms: Terms<'_>,
    spool: &Path,
    tell: &mut (dyn FnMut(WrongBlob) + Send),
) -> Result<Moved, MoveError> {
    // Asked first, since copying takes long, and again under the lock.
    rows::is_empty(&mut *to.database.reading().await?, &to.name).await?;
    let folder = to.blobs.spool_folder.as_deref().unwrap_or(spool);
    let mut copying = Copying::new(&from.ports, &*to.blobs.blobs, folder, tell)?;
    let mut after = FileId(0);
    while let Some(last) = copying.live_page(after).await? {
        after = last;
    }
    let mut source = from.database.reading().await?;
    let serial = source.head().await?;
    copying.snapshot(&mut *source).await?;
    let blobs = copying.finish();
    let mut target = to.database.writing().await?;
    rows::is_empty(&mut *target, &to.name).await?;
    let tables = rows::copy(&mut *source, &mut *target, &from.name).await?;
    if terms.unchanged {
        let now = from.ports.journal.head().await?.0;
        if now != serial {
            return Err(MoveError::Changed {
                before: serial,
                now,
            });
        }
    }
    // Before the index is there: whoever comes back after this has failed finds no index, and logs that moved.
    let logs = match (terms.stack, &to.postgres) {
        (Some(folder), Some(url)) => logs::move_logs(folder, url).await?,
        _ => Vec::new(),
    };
    target.commit().await?;
    Ok(Moved {
        tables,
        serial,
        blobs,
        logs,
    })
}

//! The logs of a private trust stack, from the file beside its keys to the index's database. Full tiles are files, and stay.
//!
//! A log has one place: two that go on from the same head contradict each other, and everybody who watches sees it. So what is left
//! where it was is made unusable before anybody can use what moved.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tokio::sync::mpsc;
use touchplate_index::ports::StoreError;
use touchplate_trust::stamp::StampFloor as _;

use super::rows::{copy_all, read_again, summed};
use super::{Batch, MoveError, MovedTable, Session, Value};
use crate::{LogFiles, PostgresLogs, PostgresStampFloor, PostgresUrl, SqliteStampFloor};

/// Every table of a log.
pub const LOG_TABLES: &[&str] = &[
    "logs", "entries", "hashes", "times", "leaves", "search", "filters",
];

/// The table that every writer of a log needs: without it nobody appends.
const LOGS: &str = "logs";

/// The file, while its logs are there.
pub(crate) const FILE: &str = "log.sqlite";

/// The same, once they are not.
pub(crate) const MOVED_FILE: &str = "log.sqlite.moved";

/// The folder of full tiles.
pub(crate) const TILES: &str = "tiles";

/// The file of the latest stamp's time.
pub(crate) const STAMPS: &str = "stamps.sqlite";

/// Moves the logs of the stack in `folder`, and the time of its latest stamp; no table: it has none there, or they have moved before.
/// What breaks off is taken up by the next try.
///
/// # Errors
/// As [`MoveError`] says; then the logs are where they were.
pub(super) async fn move_logs(
    folder: &Path,
    to: &PostgresUrl,
) -> Result<Vec<MovedTable>, MoveError> {
    let file = folder.join(FILE);
    if !file.exists() {
        return Ok(Vec::new());
    }
    let log = |cause: touchplate_trust::log::LogStoreError| -> MoveError {
        StoreError::new("open the logs to move", cause).into()
    };
    let tiles = folder.join(TILES);
    let from = LogFiles::open(&file, &tiles).await.map_err(log)?;
    let target = PostgresLogs::open(to, &tiles).await.map_err(log)?;
    let moved = between(&from, &target, to).await;
    from.close().await;
    target.close().await;
    let moved = moved?;
    raise_floor(folder, to).await?;
    retire(&file, &folder.join(MOVED_FILE))?;
    Ok(moved)
}

async fn between(
    from: &LogFiles,
    to: &PostgresLogs,
    url: &PostgresUrl,
) -> Result<Vec<MovedTable>, MoveError> {
    // It keeps every writer of the old place out.
    let mut source = from.moving().await?;
    if !source.tables().await?.iter().any(|table| table == LOGS) {
        // An earlier try came as far as this.
        return Ok(Vec::new());
    }
    let mut target = to.moving().await?;
    let moved = match target.has_rows(LOGS).await? {
        true => already_there(&mut *source, &mut *target, url).await?,
        false => {
            let moved = copy_all(&mut *source, &mut *target, LOG_TABLES).await?;
            read_again(&mut *target, &moved).await?;
            let last = last_number(&mut *source).await?;
            target.set_last_number(LOGS, last).await?;
            target.commit().await?;
            moved
        }
    };
    // A server that still runs there appends nothing more.
    source.rename_table(LOGS, "logs_that_moved").await?;
    source.commit().await?;
    Ok(moved)
}

/// What an earlier try brought there, if it is still what is here.
async fn already_there(
    source: &mut dyn Session,
    target: &mut dyn Session,
    url: &PostgresUrl,
) -> Result<Vec<MovedTable>, MoveError> {
    let mut there = Vec::new();
    for &name in LOG_TABLES {
        let (here, shape) = (source.shape(name).await?, target.shape(name).await?);
        let (rows, sha256) = summed(source, &here).await?;
        if summed(target, &shape).await? != (rows, sha256) {
            return Err(MoveError::NotEmpty {
                database: url.to_string(),
                table: format!("touchplate_logs.{name}"),
            });
        }
        there.push(MovedTable { name, rows, sha256 });
    }
    Ok(there)
}

/// The highest number of a log.
async fn last_number(source: &mut dyn Session) -> Result<i64, StoreError> {
    let shape = source.shape(LOGS).await?;
    let at = shape.columns.iter().position(|column| column.name == "id");
    let (sender, mut batches) = mpsc::channel::<Batch>(1);
    let highest = async {
        let mut highest = 0;
        while let Some(batch) = batches.recv().await {
            for row in &batch {
                if let Some(Value::Number(id)) = at.and_then(|at| row.get(at)) {
                    highest = highest.max(*id);
                }
            }
        }
        highest
    };
    let (read, highest) = tokio::join!(source.rows(&shape, sender), highest);
    read.map(|()| highest)
}

/// No stamp of the new place is before one of the old.
async fn raise_floor(folder: &Path, to: &PostgresUrl) -> Result<(), MoveError> {
    let failed =
        |cause| MoveError::from(StoreError::new("move the time of the latest stamp", cause));
    let stamps = folder.join(STAMPS);
    if !stamps.exists() {
        return Ok(());
    }
    let before = SqliteStampFloor::open(&stamps).await.map_err(failed)?;
    let latest = before.raise(Timestamp::UNIX_EPOCH).await.map_err(failed)?;
    let now = PostgresStampFloor::open(to).await.map_err(failed)?;
    now.raise(latest).await.map_err(failed)?;
    Ok(())
}

/// So that nobody who comes later takes the file for a log's.
fn retire(file: &Path, to: &Path) -> Result<(), MoveError> {
    let failed = |source| MoveError::Retire {
        file: PathBuf::from(file),
        source,
    };
    std::fs::rename(file, to).map_err(failed)?;
    let folder = to.parent().unwrap_or(Path::new("."));
    let folder = std::fs::File::open(folder).map_err(failed)?;
    folder.sync_all().map_err(failed)
}

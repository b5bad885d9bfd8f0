//! Backups of the index that a configuration names, and moving it elsewhere. What is below the trust stack's folder is no part of
//! a backup: a log that was put back to an older state would contradict checkpoints that were given out. Logs move with the index, from
//! beside SQLite into PostgreSQL, and are in one place at every moment.

use std::path::{Path, PathBuf};

use touchplate_store::{InvalidLocation, Location};

pub use touchplate_store::moving::{
    BackupError, CopiedBlobs, MoveError, Moved, MovedTable, WrongBlob,
};

use crate::config::Config;
use crate::{trust, wiring};

/// Who is told of each blob that is missing or wrong.
pub type Tell<'t> = &'t mut (dyn FnMut(WrongBlob) + Send);

/// Why an index was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MovingError {
    /// The place to move to is none.
    #[error(transparent)]
    Location(#[from] InvalidLocation),
    /// The configuration names an index that is not there.
    #[error("there is no index at {}", .data.display())]
    NoIndex {
        /// Where it looked.
        data: PathBuf,
    },
    /// The backup's folder, or the move itself.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

impl From<MoveError> for MovingError {
    fn from(error: MoveError) -> Self {
        Self::Backup(error.into())
    }
}

/// Moves the index that the configuration names to an empty database and a blob store.
///
/// # Errors
/// As [`MovingError`] says; then the database has no row.
pub async fn migrate(
    config: &Config,
    database: &str,
    blobs: &str,
    tell: Tell<'_>,
) -> Result<Moved, MovingError> {
    let to = Location {
        database: database.parse()?,
        blobs: blobs.parse()?,
    };
    there(config)?;
    let stack = config.data.join(trust::FOLDER);
    let terms = touchplate_store::moving::Terms {
        unchanged: true,
        stack: Some(&stack),
    };
    let spool = config.data.join("spool");
    Ok(touchplate_store::moving::copy(&config.location, &to, terms, &spool, tell).await?)
}

/// Makes a folder a backup of the index that the configuration names.
///
/// # Errors
/// As [`MovingError`] says; then an earlier backup in the folder is as it was.
pub async fn back_up(config: &Config, folder: &Path, tell: Tell<'_>) -> Result<Moved, MovingError> {
    there(config)?;
    Ok(touchplate_store::moving::back_up(&config.location, folder, tell).await?)
}

/// Moves the index of a backup to where the configuration names nothing yet.
///
/// # Errors
/// As [`MovingError`] says; then the database has no row.
pub async fn restore(config: &Config, folder: &Path, tell: Tell<'_>) -> Result<Moved, MovingError> {
    let spool = config.data.join("spool");
    Ok(touchplate_store::moving::restore(folder, &config.location, &spool, tell).await?)
}

/// Whether the data folder has a trust stack, which no backup has.
pub fn has_stack(config: &Config) -> bool {
    config.data.join(trust::FOLDER).exists()
}

/// Whether the data folder has a search index, which may be of another state of the index.
pub fn has_search(config: &Config) -> bool {
    config.data.join(wiring::SEARCH).exists()
}

fn there(config: &Config) -> Result<(), MovingError> {
    match wiring::may_be_there(config) {
        true => Ok(()),
        false => Err(MovingError::NoIndex {
            data: config.data.clone(),
        }),
    }
}

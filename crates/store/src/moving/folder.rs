//! A backup: a folder that is an index's data folder, with SQLite and a folder of blobs, whatever the index stands on.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use touchplate_index::ports::StoreError;

use super::{MoveError, Moved, Terms, WrongBlob, copy};
use crate::{BlobsUrl, DatabaseUrl, Location, OpenError, Sqlite};

/// As [`Location`] has them where nothing else is configured.
const DATABASE: &str = "touchplate.sqlite";
const BLOBS: &str = "blobs";

/// Says that the folder is a backup, and keeps two commands apart that write into it.
const MARK: &str = "backup.lock";

/// Why a folder is none to keep a backup in, or has none.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It cannot be read or written.
    #[error("the backup's folder {} cannot be used", .folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Something else is in it.
    #[error(
        "the folder {} is not empty, and no backup: expected a new or empty folder, or an earlier backup",
        .folder.display()
    )]
    NotABackup {
        /// Which.
        folder: PathBuf,
    },
    /// There is none in it.
    #[error("there is no backup in {}: expected the file `{DATABASE}` there", .folder.display())]
    NoBackup {
        /// Which.
        folder: PathBuf,
    },
    /// Another command writes into it, or a server runs on it.
    #[error("the backup in {} is in use: {what}", .folder.display())]
    InUse {
        /// Which.
        folder: PathBuf,
        /// By what, and how that shows.
        what: &'static str,
    },
    /// It could not be moved.
    #[error(transparent)]
    Move(Box<MoveError>),
}

impl From<MoveError> for BackupError {
    fn from(error: MoveError) -> Self {
        Self::Move(Box::new(error))
    }
}

/// Where the index of a data folder is.
fn location(folder: &Path, database: &str) -> Location {
    Location {
        database: DatabaseUrl::Sqlite(folder.join(database)),
        blobs: BlobsUrl::File(folder.join(BLOBS)),
    }
}

/// Makes a folder a backup of the index at `from`, which may be in use. Blobs that an earlier backup brought there are not copied
/// again, and stay; its database is replaced at the end, at once.
///
/// # Errors
/// As [`BackupError`] says; then an earlier backup's database is as it was.
pub async fn back_up(
    from: &Location,
    folder: &Path,
    tell: &mut (dyn FnMut(WrongBlob) + Send),
) -> Result<Moved, BackupError> {
    let failed = |source| BackupError::Folder {
        folder: folder.to_owned(),
        source,
    };
    let _lock = marked(folder)?;
    let (name, new) = (folder.join(DATABASE), folder.join("touchplate.sqlite.new"));
    remove_database(&new).map_err(failed)?;
    let to = location(folder, "touchplate.sqlite.new");
    let terms = Terms::default();
    let moved = copy(from, &to, terms, &folder.join("spool"), tell).await?;
    settle(folder, &new).await?;
    if name.exists() {
        // What is left of the former one would be taken for a part of the new one.
        settle(folder, &name).await?;
    }
    File::open(&new)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    fs::rename(&new, &name).map_err(failed)?;
    File::open(folder)
        .and_then(|it| it.sync_all())
        .map_err(failed)?;
    Ok(moved)
}

/// Moves the index of a backup to where nothing is.
///
/// # Errors
/// As [`BackupError`] says; then the target has no row.
pub async fn restore(
    folder: &Path,
    to: &Location,
    spool: &Path,
    tell: &mut (dyn FnMut(WrongBlob) + Send),
) -> Result<Moved, BackupError> {
    let found = fs::metadata(folder.join(DATABASE));
    if let Err(source) = found {
        let folder = folder.to_owned();
        return Err(match source.kind() {
            io::ErrorKind::NotFound => BackupError::NoBackup { folder },
            _ => BackupError::Folder { folder, source },
        });
    }
    let terms = Terms {
        unchanged: true,
        stack: None,
    };
    Ok(copy(&location(folder, DATABASE), to, terms, spool, tell).await?)
}

/// Makes the folder, if it is not there, and marks it; the mark is this process's alone for as long as the value is there.
fn marked(folder: &Path) -> Result<File, BackupError> {
    let failed = |source| BackupError::Folder {
        folder: folder.to_owned(),
        source,
    };
    let mark = folder.join(MARK);
    make_private(folder).map_err(failed)?;
    let is_empty = fs::read_dir(folder).map_err(failed)?.next().is_none();
    if !is_empty && !mark.exists() {
        return Err(BackupError::NotABackup {
            folder: folder.to_owned(),
        });
    }
    let lock = File::options()
        .create(true)
        .append(true)
        .open(&mark)
        .map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => Err(BackupError::InUse {
            folder: folder.to_owned(),
            what: "another `touchplate admin backup` is writing into it",
        }),
        Err(fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// A folder that nobody else may read: the database has hashes of tokens, and private projects.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The files beside a database that belong to it.
fn beside(database: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|suffix| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

fn remove_database(database: &Path) -> io::Result<()> {
    for path in beside(database)
        .iter()
        .map(PathBuf::as_path)
        .chain([database])
    {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Sees to it that a database is in its one file.
async fn settle(folder: &Path, database: &Path) -> Result<(), BackupError> {
    let [wal, _] = beside(database);
    if !wal.exists() {
        return Ok(());
    }
    let opened = Sqlite::open(database).await;
    let opened = opened.map_err(|source: StoreError| {
        MoveError::Open(OpenError::Database {
            database: DatabaseUrl::Sqlite(database.to_owned()),
            source,
        })
    })?;
    super::Database::close(&opened).await;
    match wal.exists() {
        false => Ok(()),
        true => Err(BackupError::InUse {
            folder: folder.to_owned(),
            what: "somebody has its database open; a server, if one was started on it, is to be stopped first",
        }),
    }
}

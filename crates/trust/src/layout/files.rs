//! Files that only their owner may read, written once, and readers with bounds.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::LayoutError;

/// Makes a folder that only its owner may enter.
pub(super) fn make_folder(path: &Path) -> Result<(), LayoutError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| LayoutError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Who may read a file beside its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Nobody.
    Owner,
    /// Everybody who may enter the folder.
    All,
}

/// Writes a file that must not be there yet; on return it survives a power cut.
pub(super) fn create(path: &Path, contents: &[u8], readers: Readers) -> Result<(), LayoutError> {
    match try_create(path, contents, readers) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(LayoutError::FileExists {
                path: path.to_owned(),
            })
        }
        Err(source) => Err(LayoutError::Write {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Writes a file in the place of the one that may be there: readers see the old one or the new one.
pub(super) fn replace(path: &Path, contents: &[u8]) -> Result<(), LayoutError> {
    let beside = path.with_added_extension("new");
    let write = || {
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // Left by one that was killed: writers wait for each other.
            Ok(()) | Err(_) => {}
        }
        try_create(&beside, contents, Readers::All)?;
        fs::rename(&beside, path)?;
        sync_parent(path)
    };
    write().map_err(|source| LayoutError::Write {
        path: path.to_owned(),
        source,
    })
}

fn try_create(path: &Path, contents: &[u8], readers: Readers) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(
        &mut options,
        match readers {
            Readers::Owner => 0o600,
            Readers::All => 0o644,
        },
    );
    let mut file = options.open(path)?;
    file.write_all(contents)?;
    file.sync_all()?;
    sync_parent(path)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    // Where a folder is no file, the system sees to that.
    #[cfg(unix)]
    if let Some(parent) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// Reads a file of at most `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, LayoutError> {
    let missing = || LayoutError::Read {
        path: path.to_owned(),
        source: io::ErrorKind::NotFound.into(),
    };
    read_if_there(path, limit)?.ok_or_else(missing)
}

/// Reads a file of at most `limit` bytes; none if there is none.
pub(super) fn read_if_there(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, LayoutError> {
    let unreadable = |source| LayoutError::Read {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut contents = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut contents)
        .map_err(unreadable)?;
    if contents.len() as u64 > limit {
        return Err(LayoutError::TooLong {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(Some(contents))
}

/// Holds the folder against other writers until it is dropped.
pub(super) fn lock(folder: &Path) -> Result<File, LayoutError> {
    let path = folder.join("stack.lock");
    let locked = || {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)?;
        file.lock()?;
        Ok(file)
    };
    locked().map_err(|source| LayoutError::Write {
        path: path.clone(),
        source,
    })
}

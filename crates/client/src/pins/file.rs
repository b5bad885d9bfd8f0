//! `touchplate.lock.toml` on disk: found from a working directory, changed by one process at a time, replaced in one rename.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::FILE_NAME;
use super::format::{MAX_PINS_BYTES, Pins, PinsError};

/// The file, and what it says.
#[derive(Debug)]
pub struct PinFile {
    path: PathBuf,
    pins: Pins,
    exists: bool,
    /// Held for as long as the file may be changed through this value.
    turn: Option<File>,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PinFileError {
    /// It cannot be read.
    #[error("`{}` could not be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("`{}` could not be written", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no such file.
    #[error("`{}` cannot be used", path.display())]
    Pins {
        /// The file.
        path: PathBuf,
        /// Why.
        source: PinsError,
    },
}

impl PinFileError {
    /// Whether the disk is to blame, and not what stands in the file.
    pub fn is_outside(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::Unwritable { .. })
    }
}

/// The file for a working directory: the nearest one in it or above it, up to the root of the repository that it is in.
/// If there is none, where it would be: at that root. Without a repository only the directory itself counts, since
/// anybody may put a file above it (`/tmp`).
pub fn find(folder: &Path) -> PathBuf {
    let root = folder
        .ancestors()
        .find(|folder| folder.join(".git").exists())
        .unwrap_or(folder);
    let mut within = folder
        .ancestors()
        .take_while(|above| above.starts_with(root));
    let nearest = within.find_map(|folder| {
        let path = folder.join(FILE_NAME);
        path.exists().then_some(path)
    });
    nearest.unwrap_or_else(|| root.join(FILE_NAME))
}

impl PinFile {
    /// The file as it is now, to be read only; one that does not exist has no pins.
    ///
    /// # Errors
    /// See [`PinFileError`].
    pub fn read(path: &Path) -> Result<Self, PinFileError> {
        let unreadable = |source| PinFileError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(file) => file
                .take(MAX_PINS_BYTES as u64 + 1)
                .read_to_end(&mut bytes)
                .map_err(unreadable)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self {
                    path: path.to_owned(),
                    pins: Pins::default(),
                    exists: false,
                    turn: None,
                });
            }
            Err(error) => return Err(unreadable(error)),
        };
        let pins = Pins::parse(&bytes).map_err(|source| PinFileError::Pins {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            pins,
            exists: true,
            turn: None,
        })
    }

    /// The same, to be changed: until the value goes, other processes that want this wait.
    ///
    /// The folder is locked, not the file, which a rename replaces; and no lock file is left in a repository.
    ///
    /// # Errors
    /// See [`PinFileError`].
    pub fn take(path: &Path) -> Result<Self, PinFileError> {
        let unwritable = |source| PinFileError::Unwritable {
            path: path.to_owned(),
            source,
        };
        // A link is followed first, or the rename would put a file in its place.
        let path = &fs::canonicalize(path).unwrap_or_else(|_not_there| path.to_owned());
        let turn = File::open(folder(path)).map_err(unwritable)?;
        turn.lock().map_err(unwritable)?;
        let file = Self::read(path)?;
        Ok(Self {
            turn: Some(turn),
            ..file
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it was there.
    pub fn exists(&self) -> bool {
        self.exists
    }

    /// What it says.
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// What it is to say.
    pub fn pins_mut(&mut self) -> &mut Pins {
        &mut self.pins
    }

    /// Writes it, in one rename: readers see the old one or the new one. On return it survives a power cut.
    ///
    /// # Errors
    /// See [`PinFileError`].
    pub fn save(&self) -> Result<(), PinFileError> {
        debug_assert!(
            self.turn.is_some(),
            "only who has taken the file may change it"
        );
        self.replace().map_err(|source| PinFileError::Unwritable {
            path: self.path.clone(),
            source,
        })
    }

    fn replace(&self) -> io::Result<()> {
        let folder = folder(&self.path);
        let mut file = tempfile::Builder::new()
            .prefix(".touchplate-lock-")
            .tempfile_in(folder)?;
        file.write_all(self.pins.text().as_bytes())?;
        file.as_file().sync_all()?;
        let permissions = match fs::metadata(&self.path) {
            Ok(before) => before.permissions(),
            // As an editor would make it; a temporary file is its owner's alone.
            Err(_not_there) => new_file_permissions(file.as_file())?,
        };
        file.as_file().set_permissions(permissions)?;
        file.persist(&self.path)?;
        File::open(folder)?.sync_all()
    }
}

#[cfg(unix)]
fn new_file_permissions(_file: &File) -> io::Result<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn new_file_permissions(file: &File) -> io::Result<fs::Permissions> {
    Ok(file.metadata()?.permissions())
}

fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

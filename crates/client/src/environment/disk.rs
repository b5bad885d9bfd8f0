//! Files of an environment, read as what anybody may have put there: bounded, and never by a link that leads out of it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256 as Sha2};
use touchplate_packaging::Sha256;

/// Large enough to make reads cheap, small enough for any cache.
const PART_BYTES: usize = 128 << 10;

/// One environment's files.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    /// Folders that links may lead to, as they really are.
    within: Vec<PathBuf>,
}

/// Why there is nothing to read at a path.
#[derive(Debug)]
pub(crate) enum Off {
    /// Nothing is there.
    Absent,
    /// A link, its own or of a folder above it, that leads out of the environment; or no file.
    Outside,
    /// More than was asked for.
    Longer,
    /// The disk, or permissions.
    Failed(io::Error),
}

impl Disk {
    /// Files below any of these folders.
    pub(crate) fn within<'p>(folders: impl IntoIterator<Item = &'p Path>) -> Self {
        let real = folders
            .into_iter()
            .filter_map(|it| fs::canonicalize(it).ok());
        Self {
            within: real.collect(),
        }
    }

    /// Opens a file for reading; its length.
    fn open(&self, path: &Path) -> Result<(File, u64), Off> {
        let real = fs::canonicalize(path).map_err(|error| match error.kind() {
            // A link to nothing is there, and leads somewhere.
            io::ErrorKind::NotFound if fs::symlink_metadata(path).is_ok() => Off::Outside,
            io::ErrorKind::NotFound => Off::Absent,
            _ => Off::Failed(error),
        })?;
        if !self.within.iter().any(|folder| real.starts_with(folder)) {
            return Err(Off::Outside);
        }
        // Before it is opened: a pipe would wait for whoever writes into it.
        let found = fs::metadata(&real).map_err(Off::Failed)?;
        if !found.is_file() {
            return Err(Off::Outside);
        }
        Ok((File::open(&real).map_err(Off::Failed)?, found.len()))
    }

    /// How many bytes a file has.
    pub(crate) fn length(&self, path: &Path) -> Result<u64, Off> {
        Ok(self.open(path)?.1)
    }

    /// The bytes of a file, at most `limit`.
    pub(crate) fn read(&self, path: &Path, limit: usize) -> Result<Vec<u8>, Off> {
        let (file, _) = self.open(path)?;
        let mut bytes = Vec::new();
        let mut bounded = file.take(limit as u64 + 1);
        bounded.read_to_end(&mut bytes).map_err(Off::Failed)?;
        if bytes.len() > limit {
            return Err(Off::Longer);
        }
        Ok(bytes)
    }

    /// The digest of a file that should have `size` bytes; none of one with another length, which is not read.
    pub(crate) fn sha256(&self, path: &Path, size: u64) -> Result<Option<Sha256>, Off> {
        let (file, length) = self.open(path)?;
        if length != size {
            return Ok(None);
        }
        // One byte more, lest it grow meanwhile.
        let digest = digest(&mut file.take(size.saturating_add(1)));
        Ok(Some(digest.map_err(Off::Failed)?))
    }
}

fn digest(reader: &mut impl io::Read) -> io::Result<Sha256> {
    let mut hasher = Sha2::new();
    let mut part = vec![0; PART_BYTES];
    loop {
        match reader.read(&mut part) {
            Ok(0) => return Ok(Sha256::from_bytes(hasher.finalize().into())),
            Ok(count) => hasher.update(part.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

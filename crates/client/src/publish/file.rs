//! A distribution file of a run: its name, its bytes' digests, its size.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use touchplate_attest::FileFacts;
use touchplate_packaging::{Digests, FileKind, Filename, Hasher, InvalidFilename};

/// Large enough to make reads cheap, small enough for any cache.
const PART_BYTES: usize = 128 << 10;

/// A file to publish.
#[derive(Clone, Debug)]
pub struct Distribution {
    path: PathBuf,
    facts: FileFacts,
    digests: Digests,
    bytes: u64,
}

/// Why a file is none that could be published.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its name is no distribution's.
    #[error("`{}` is not a wheel or an sdist", .path.display())]
    Name {
        /// Where it is.
        path: PathBuf,
        /// Why not.
        source: InvalidFilename,
    },
    /// It could not be read.
    #[error("the file `{}` could not be read", .path.display())]
    Unreadable {
        /// Where it is.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Distribution {
    /// Reads a file once, all of it; `read` hears the count of bytes so far.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn read(path: &Path, read: &mut dyn FnMut(u64)) -> Result<Self, FileError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let filename: Filename = name.parse().map_err(|source| FileError::Name {
            path: path.to_owned(),
            source,
        })?;
        let (digests, bytes) = digests(path, read).map_err(|source| FileError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            facts: FileFacts {
                filename,
                sha256: digests.sha256,
            },
            digests,
            bytes,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Name and digest, which attestations are about.
    pub fn facts(&self) -> &FileFacts {
        &self.facts
    }

    /// Its name.
    pub fn filename(&self) -> &Filename {
        &self.facts.filename
    }

    /// Its digests.
    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// How many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Wheels first, then sdists, each by name: an installer that looks in between builds nothing that it need not.
pub fn wheels_first(files: &mut [Distribution]) {
    files.sort_by(|a, b| {
        let rank = |it: &Distribution| match it.filename().kind() {
            FileKind::Wheel => 0,
            FileKind::Sdist => 1,
        };
        let by_name = || a.filename().as_str().cmp(b.filename().as_str());
        rank(a).cmp(&rank(b)).then_with(by_name)
    });
}

fn digests(path: &Path, heard: &mut dyn FnMut(u64)) -> io::Result<(Digests, u64)> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::new();
    let mut part = vec![0; PART_BYTES];
    let mut count = 0;
    loop {
        match file.read(&mut part) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(read) => {
                hasher.update(part.get(..read).unwrap_or_default());
                count += read as u64;
                heard(count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

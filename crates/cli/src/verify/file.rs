//! The file to be verified: its name, its digest, and where its bytes are.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::Sha256 as Sha2;
use tempfile::NamedTempFile;
use touchplate_attest::FileFacts;
use touchplate_client::fetch::{Downloaded, FetchError};
use touchplate_packaging::{Filename, InvalidFilename, Sha256};
use url::Url;

use super::network::{Network, Remote};
use super::progress::Progress;
use crate::report::Failure;
use crate::screen::hex;

/// A file that is fetched: twice what the largest wheels have.
const MAX_FILE_BYTES: u64 = 10 << 30;

/// A file and what an attestation of it must say.
#[derive(Debug)]
pub(crate) struct Target {
    /// Where it is.
    pub(crate) place: Place,
    /// Its name and digest.
    pub(crate) facts: FileFacts,
    /// The server that it is from, if it is from one.
    pub(crate) server: Option<Server>,
}

/// Where a file was to be fetched.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// Its address.
    pub(crate) url: Url,
    /// The index that lists it, if one was asked.
    pub(crate) index: Option<Url>,
    /// Whether it was fetched. A file without any evidence is not: the digest is then the index's word.
    pub(crate) fetched: bool,
}

/// Where a file's bytes are.
#[derive(Debug)]
pub(crate) enum Place {
    /// Nowhere at hand: name and digest were given, or the index said them.
    Absent,
    /// On disk.
    Path(PathBuf),
    /// Fetched for this run.
    Fetched(NamedTempFile),
}

#[derive(Debug, thiserror::Error)]
enum TargetError {
    #[error("the file `{}` could not be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("`{}` is not the name of a wheel or sdist", .0.display())]
    Name(PathBuf, #[source] InvalidFilename),
    #[error("no temporary file could be made in `{}`", .0.display())]
    NoRoom(PathBuf, #[source] io::Error),
    #[error("{url} has {found} bytes, and the index announced {announced}")]
    Shorter {
        url: Url,
        announced: u64,
        found: u64,
    },
    #[error("{url} has more than the {announced} bytes that the index announced")]
    Longer { url: Url, announced: u64 },
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        match &error {
            TargetError::Unreadable(..) | TargetError::NoRoom(..) => Self::outside(error),
            TargetError::Name(..) => Self::usage(error),
            TargetError::Shorter { .. } | TargetError::Longer { .. } => Self::refused(error),
        }
    }
}

impl Target {
    /// A file that is not at hand.
    pub(crate) fn absent(filename: Filename, sha256: Sha256) -> Self {
        Self {
            place: Place::Absent,
            facts: FileFacts { filename, sha256 },
            server: None,
        }
    }

    /// A file that is not worth fetching, with the digest that the index names.
    pub(crate) fn announced(remote: &Remote, sha256: Sha256) -> Self {
        Self {
            server: Some(Server::of(remote, false)),
            ..Self::absent(remote.filename.clone(), sha256)
        }
    }

    /// The file at `path`, hashed.
    pub(crate) fn read(path: &Path, progress: &Progress) -> Result<Self, Failure> {
        let sha256 = hash::<Sha2>(path, progress)
            .map_err(|error| TargetError::Unreadable(path.to_owned(), error))?;
        let name = path.file_name().unwrap_or_default();
        let filename = name.to_string_lossy().parse();
        let filename = filename.map_err(|error| TargetError::Name(path.to_owned(), error))?;
        Ok(Self {
            place: Place::Path(path.to_owned()),
            facts: FileFacts {
                filename,
                sha256: Sha256::from_bytes(sha256.into()),
            },
            server: None,
        })
    }

    /// The file of a server, written into `folder` while it is hashed; it must be what was announced.
    pub(crate) fn fetch(
        remote: &Remote,
        network: &Network,
        folder: &Path,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        let mut spool = tempfile::Builder::new()
            .prefix(".touchplate-")
            .tempfile_in(folder)
            .map_err(|error| TargetError::NoRoom(folder.to_owned(), error))?;
        let limit = remote.size.unwrap_or(MAX_FILE_BYTES).min(MAX_FILE_BYTES);
        let mut file = progress.file(remote.size);
        let mut received = |count| file.at(count);
        let agent = network.agent();
        let downloaded = agent.download(&remote.url, limit, spool.as_file_mut(), &mut received);
        let Downloaded { sha256, bytes } = match (downloaded, remote.size) {
            (Err(FetchError::TooLarge { url, .. }), Some(announced)) if announced == limit => {
                return Err(TargetError::Longer { url, announced }.into());
            }
            (downloaded, _) => downloaded?,
        };
        if let Some(announced) = remote.size.filter(|announced| *announced != bytes) {
            return Err(TargetError::Shorter {
                url: remote.url.clone(),
                announced,
                found: bytes,
            }
            .into());
        }
        if let Some(expected) = remote.sha256.filter(|expected| *expected != sha256) {
            return Err(FetchError::Digest {
                url: remote.url.clone(),
                expected,
                found: sha256,
            }
            .into());
        }
        Ok(Self {
            place: Place::Fetched(spool),
            facts: FileFacts {
                filename: remote.filename.clone(),
                sha256,
            },
            server: Some(Server::of(remote, true)),
        })
    }

    /// Where its bytes can be read.
    pub(crate) fn bytes(&self) -> Option<&Path> {
        match &self.place {
            Place::Absent => None,
            Place::Path(path) => Some(path),
            Place::Fetched(spool) => Some(spool.path()),
        }
    }

    /// Where the caller has it.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Path(path) => Some(path),
            Place::Absent | Place::Fetched(_) => None,
        }
    }

    /// The file's digest by another algorithm that a statement may name, in lower-case hexadecimal; none where the file
    /// is not at hand or the algorithm is not known here.
    pub(crate) fn digest(&self, algorithm: &str) -> io::Result<Option<String>> {
        let Some(path) = self.bytes() else {
            return Ok(None);
        };
        let progress = Progress::hidden();
        Ok(match algorithm {
            "sha384" => Some(hex(&hash::<sha2::Sha384>(path, &progress)?)),
            "sha512" => Some(hex(&hash::<sha2::Sha512>(path, &progress)?)),
            _ => None,
        })
    }
}

impl Server {
    fn of(remote: &Remote, fetched: bool) -> Self {
        Self {
            url: remote.url.clone(),
            index: remote.index.clone(),
            fetched,
        }
    }
}

/// Large enough to make reads cheap, small enough for any cache.
const PART_BYTES: usize = 128 << 10;

/// Hashes a file.
pub(crate) fn hash<H: sha2::Digest>(
    path: &Path,
    progress: &Progress,
) -> io::Result<sha2::digest::Output<H>> {
    let mut file = File::open(path)?;
    let mut shown = progress.file(Some(file.metadata()?.len()));
    let mut hasher = H::new();
    let mut part = vec![0; PART_BYTES];
    let mut count = 0;
    loop {
        match file.read(&mut part) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(part.get(..read).unwrap_or_default());
                count += read as u64;
                shown.at(count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(hasher.finalize())
}

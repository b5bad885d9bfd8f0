//! The file to be verified: its name and its digest.

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use sha2::Sha256 as Sha2;
use touchplate_attest::FileFacts;
use touchplate_packaging::{Filename, InvalidFilename, Sha256};

use crate::report::Failure;
use crate::screen::hex;

/// A file and what an attestation of it must say.
#[derive(Debug)]
pub(crate) struct Target {
    /// Where it is, if it is at hand.
    pub(crate) path: Option<PathBuf>,
    /// Its name and digest.
    pub(crate) facts: FileFacts,
}

#[derive(Debug, thiserror::Error)]
enum TargetError {
    #[error("the file `{}` could not be read", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("`{}` is not the name of a wheel or sdist", .0.display())]
    Name(PathBuf, #[source] InvalidFilename),
    #[error("`{}` is a directory; expected a wheel or sdist", .0.display())]
    Directory(PathBuf),
    #[error("`{}` does not name a file", .0.display())]
    NoName(PathBuf),
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        match &error {
            TargetError::Unreadable(..) => Self::outside(error),
            TargetError::Name(..) => Self::usage(error)
                .hint("an attestation is about a filename: give the file the name that it is published under"),
            TargetError::Directory(_) | TargetError::NoName(_) => Self::usage(error),
        }
    }
}

impl Target {
    /// A file that is not at hand.
    pub(crate) fn absent(filename: Filename, sha256: Sha256) -> Self {
        Self {
            path: None,
            facts: FileFacts { filename, sha256 },
        }
    }

    /// The file at `path`, hashed.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path
            .file_name()
            .ok_or_else(|| TargetError::NoName(path.to_owned()))?;
        if path.is_dir() {
            return Err(TargetError::Directory(path.to_owned()).into());
        }
        let sha256 =
            hash::<Sha2>(path).map_err(|error| TargetError::Unreadable(path.to_owned(), error))?;
        let filename = name.to_string_lossy().parse();
        let filename = filename.map_err(|error| TargetError::Name(path.to_owned(), error))?;
        Ok(Self {
            path: Some(path.to_owned()),
            facts: FileFacts {
                filename,
                sha256: Sha256::from_bytes(sha256.into()),
            },
        })
    }

    /// The file's digest by another algorithm that a statement may name, in lower-case hexadecimal; none where the file
    /// is not at hand or the algorithm is not known here.
    pub(crate) fn digest(&self, algorithm: &str) -> io::Result<Option<String>> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        Ok(match algorithm {
            "sha384" => Some(hex(&hash::<sha2::Sha384>(path)?)),
            "sha512" => Some(hex(&hash::<sha2::Sha512>(path)?)),
            _ => None,
        })
    }
}

/// Hashing runs at some 300 MB/s without help from the processor: below this it takes less than a second.
const SHOW_PROGRESS_FROM_BYTES: u64 = 256 << 20;

/// Large enough to make reads cheap, small enough for any cache.
const PART_BYTES: usize = 128 << 10;

fn hash<H: sha2::Digest>(path: &Path) -> io::Result<sha2::digest::Output<H>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let bar = progress(path, length);
    let mut hasher = H::new();
    let mut part = vec![0; PART_BYTES];
    loop {
        match file.read(&mut part) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(part.get(..read).unwrap_or_default());
                bar.inc(read as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bar.finish_and_clear();
    Ok(hasher.finalize())
}

fn progress(path: &Path, length: u64) -> ProgressBar {
    if length < SHOW_PROGRESS_FROM_BYTES || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style =
        ProgressStyle::with_template("hashing {wide_msg} {bar:20} {bytes}/{total_bytes} {eta}");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let bar = ProgressBar::new(length).with_message(crate::screen::printable(&name).into_owned());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

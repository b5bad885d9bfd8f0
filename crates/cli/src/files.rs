//! Files that the command line names, read within bounds.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use touchplate_attest::provenance::MAX_PROVENANCE_BYTES;

use crate::report::Failure;

/// A file could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the file `{}` could not be read", .path.display())]
pub(crate) struct Unreadable {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        Self::outside(error)
    }
}

/// The first `limit` bytes of a file, and one more where it has more: what reads them refuses that.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Unreadable> {
    let unreadable = |cause| Unreadable {
        path: path.to_owned(),
        cause,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

/// The bytes of a file that holds attestations in any form: a provenance object is the longest.
pub(crate) fn read_evidence(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(read(path, MAX_PROVENANCE_BYTES)?)
}

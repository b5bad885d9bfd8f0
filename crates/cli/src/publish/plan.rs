//! What is published: the files that the command line names, read and hashed.

use std::path::PathBuf;

use touchplate_client::publish::{Distribution, FileError, wheels_first};

use crate::report::Failure;

/// The distributions among `given`, wheels first; what lies beside them as their evidence is passed over.
pub(super) fn files(given: &[PathBuf]) -> Result<Vec<Distribution>, Failure> {
    let paths = crate::verify::distributions(given)?;
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        files.push(Distribution::read(&path, &mut |_| {})?);
    }
    wheels_first(&mut files);
    Ok(files)
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Name { .. } => Self::usage(error),
            FileError::Unreadable { .. } => Self::outside(error),
        }
    }
}

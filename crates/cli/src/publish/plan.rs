//! What is published: the files that the command line names, read, hashed, and checked as the index will check them.

use std::path::PathBuf;

use touchplate_client::publish::{Distribution, FileError, checks, wheels_first};
use touchplate_packaging::Profile;
use touchplate_packaging::archive::Contents;

use super::progress::Phase;
use crate::report::Failure;

/// A file that an index would take, as far as can be told from the file.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) file: Distribution,
    pub(super) contents: Contents,
}

/// The distributions among `given`, wheels first; what lies beside them as their evidence is passed over. All of them are
/// checked before anything is said of any.
pub(super) fn files(given: &[PathBuf]) -> Result<Vec<Checked>, Failure> {
    let paths = crate::verify::distributions(given)?;
    let phase = Phase::files("checking", paths.len());
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        files.push(Distribution::read(&path, &mut |_| {})?);
    }
    wheels_first(&mut files);
    checks::each_once(&files).map_err(Failure::usage)?;
    let mut checked = Vec::with_capacity(files.len());
    for file in files {
        // What the most lenient index takes; a stricter one says so itself.
        let contents = checks::inspect(&file, Profile::Private)?;
        checked.push(Checked { file, contents });
        phase.one_more();
    }
    Ok(checked)
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Name { .. } => Self::usage(error),
            FileError::Unreadable { .. } => Self::outside(error),
        }
    }
}

impl From<checks::CheckError> for Failure {
    fn from(error: checks::CheckError) -> Self {
        match error {
            checks::CheckError::Unreadable { .. } => Self::outside(error),
            checks::CheckError::Filename { .. }
            | checks::CheckError::Archive { .. }
            | checks::CheckError::Metadata { .. }
            | checks::CheckError::Form { .. } => Self::refused(error)
                .hint("nothing was sent; build the file anew, and publish again"),
        }
    }
}

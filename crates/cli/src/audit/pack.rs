//! Packs on disk.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use touchplate_client::audit::{Pack, PackError, PackHead, Recorder};
use touchplate_packaging::Sha256;

use super::report::PackTold;
use crate::report::Failure;
use crate::root::Trust;

#[derive(Debug, thiserror::Error)]
enum PackFileError {
    #[error("the pack `{}` could not be opened", .0.display())]
    Unopened(PathBuf, #[source] io::Error),
    #[error("`{}` is no pack that can be used", .0.display())]
    Unusable(PathBuf, #[source] PackError),
    #[error("the pack could not be written to `{}`", .0.display())]
    Unwritable(PathBuf, #[source] io::Error),
    #[error("expected a pack with the seal {expected}, found {found}: it is another one")]
    OtherSeal {
        /// What was given.
        expected: Sha256,
        /// What is in it.
        found: Sha256,
    },
}

impl From<PackFileError> for Failure {
    fn from(error: PackFileError) -> Self {
        match &error {
            PackFileError::Unopened(..) | PackFileError::Unwritable(..) => Self::outside(error),
            PackFileError::Unusable(..) => Self::usage(error),
            PackFileError::OtherSeal { .. } => Self::refused(error),
        }
    }
}

/// Reads a pack; with the seal that its maker told, it has to be that one.
pub(super) fn read(path: &Path, seal: Option<Sha256>) -> Result<(Pack, PackTold), Failure> {
    let file = File::open(path);
    let file = file.map_err(|error| PackFileError::Unopened(path.to_owned(), error))?;
    let pack = Pack::read(io::BufReader::new(file));
    let pack = pack.map_err(|error| PackFileError::Unusable(path.to_owned(), error))?;
    if let Some(expected) = seal.filter(|expected| *expected != pack.seal) {
        let found = pack.seal;
        return Err(PackFileError::OtherSeal { expected, found }.into());
    }
    let told = PackTold {
        path: path.to_owned(),
        seal: pack.seal,
        made_at: pack.head.made_at,
    };
    Ok((pack, told))
}

/// Writes what was asked, whole or not at all.
pub(super) fn write(
    path: &Path,
    recorder: Recorder<'_>,
    head: &PackHead,
    trust: &Trust,
) -> Result<PackTold, Failure> {
    let unwritable = |error| PackFileError::Unwritable(path.to_owned(), error);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let export = trust.export(head.made_at);
    let written = || -> io::Result<Sha256> {
        let file = tempfile::Builder::new()
            .prefix(".touchplate-pack-")
            .tempfile_in(folder)?;
        let mut out = BufWriter::new(file);
        let seal = recorder.write(head, &export, &mut out)?;
        out.flush()?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(seal)
    };
    let seal = written().map_err(unwritable)?;
    Ok(PackTold {
        path: path.to_owned(),
        seal,
        made_at: head.made_at,
    })
}

//! `--keep DIR`: each verified file with its evidence and a record, in the form that `verify` finds again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::Sha256 as Sha2;
use tempfile::NamedTempFile;
use touchplate_packaging::Sha256;

use super::expected::Tied;
use super::file::hash;
use super::judge::Judged;
use super::progress::Progress;
use super::sources::{Form, is_sidecar};
use crate::report::Failure;

/// `FILE.verified.json`: the record, which is the file's part of the report.
pub(crate) const RECORD_ENDING: &str = ".verified.json";

/// Copied at once.
const PART_BYTES: usize = 128 << 10;

#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error("the directory `{}` could not be made", .0.display())]
    NoFolder(PathBuf, #[source] io::Error),
    #[error("`{}` could not be written", .0.display())]
    Unwritable(PathBuf, #[source] io::Error),
    #[error("`{}` is there already, with other contents; nothing is overwritten", .0.display())]
    Other(PathBuf),
    #[error("`{}` has changed since it was verified", .0.display())]
    Changed(PathBuf),
    #[error("there is nothing to keep of `{0}`: only its name and digest are at hand")]
    Absent(String),
}

impl From<KeepError> for Failure {
    fn from(error: KeepError) -> Self {
        match &error {
            KeepError::NoFolder(..) | KeepError::Unwritable(..) => Self::outside(error),
            KeepError::Other(_) | KeepError::Changed(_) => Self::refused(error),
            KeepError::Absent(_) => Self::usage(error),
        }
    }
}

/// Makes the folder, so that files can be fetched into it.
pub(crate) fn prepare(folder: &Path) -> Result<(), Failure> {
    let made = fs::create_dir_all(folder);
    Ok(made.map_err(|error| KeepError::NoFolder(folder.to_owned(), error))?)
}

/// Keeps a verified file: the evidence, then the record, then the file, so that a file that is there has all of it
/// beside it. Each appears under its name in one step, whole. Returns where they are.
pub(crate) fn keep(folder: &Path, judged: &Judged, record: &Value) -> Result<Vec<String>, Failure> {
    let name = judged.target.facts.filename.as_str();
    let Some(bytes) = judged.target.bytes() else {
        return Err(KeepError::Absent(name.to_owned()).into());
    };
    let file = folder.join(name);
    // Before anything is written: a conflict leaves no trace.
    if file.exists() && digest(&file)? != judged.target.facts.sha256 {
        return Err(KeepError::Other(file).into());
    }
    let evidence = evidence(judged);
    for (ending, contents) in &evidence {
        let path = folder.join(format!("{name}{ending}"));
        if path.exists() && !has(&path, contents)? {
            return Err(KeepError::Other(path).into());
        }
    }
    let mut kept = Vec::new();
    for (ending, contents) in &evidence {
        let path = folder.join(format!("{name}{ending}"));
        place(folder, &path, contents)?;
        kept.push(path);
    }
    let path = folder.join(format!("{name}{RECORD_ENDING}"));
    if !path.exists() {
        // The first one stays: it says when the file was verified that is there since.
        place(folder, &path, format!("{record:#}\n").as_bytes())?;
    }
    kept.push(path);
    if !file.exists() {
        let copy = copy(bytes, folder)?;
        if digest(copy.path())? != judged.target.facts.sha256 {
            return Err(KeepError::Changed(bytes.to_owned()).into());
        }
        put(copy, &file, || {
            Ok(digest(&file)? == judged.target.facts.sha256)
        })?;
    }
    kept.push(file);
    Ok(kept.iter().map(|path| path.display().to_string()).collect())
}

/// What there is beside the file: endings of its name, and contents.
fn evidence(judged: &Judged) -> Vec<(String, Vec<u8>)> {
    let name = judged.target.facts.filename.as_str();
    let mut evidence = Vec::new();
    let mut taken = BTreeSet::new();
    for finding in &judged.findings {
        let (Form::Attestation | Form::Attestations, Ok(tied)) =
            (finding.source.form, &finding.result)
        else {
            continue;
        };
        let own = finding
            .source
            .file_name()
            .filter(|own| finding.source.form == Form::Attestation && is_sidecar(name, own));
        let ending = own.and_then(|own| own.strip_prefix(name)).map_or_else(
            || format!(".{}.attestation", word(tied, &taken)),
            str::to_owned,
        );
        taken.insert(ending.clone());
        evidence.push((
            ending,
            tied.proven().attestation().json().as_bytes().to_vec(),
        ));
    }
    let provenance = judged.provenance.as_ref();
    evidence.extend(provenance.map(|bytes| (".provenance".to_owned(), bytes.to_vec())));
    evidence
}

/// The middle of a sidecar's name that is free: by the predicate, and counted from the second on.
fn word(tied: &Tied, taken: &BTreeSet<String>) -> String {
    let is_slsa = tied.proven().predicate_type().as_str().contains("slsa.dev");
    let word = if is_slsa { "slsa" } else { "publish" };
    let numbered = (2..).map(|number| format!("{word}-{number}"));
    let mut words = std::iter::once(word.to_owned()).chain(numbered);
    words
        .find(|word| !taken.contains(&format!(".{word}.attestation")))
        .expect("there are more numbers than attestations")
}

/// Writes `contents` under a name that is free, or has them already.
fn place(folder: &Path, path: &Path, contents: &[u8]) -> Result<(), KeepError> {
    let unwritable = |error| KeepError::Unwritable(path.to_owned(), error);
    let mut file = temporary(folder).map_err(unwritable)?;
    file.write_all(contents).map_err(unwritable)?;
    put(file, path, || has(path, contents))
}

fn copy(from: &Path, folder: &Path) -> Result<NamedTempFile, KeepError> {
    let unwritable = |error| KeepError::Unwritable(folder.to_owned(), error);
    let mut file = temporary(folder).map_err(unwritable)?;
    let mut source = File::open(from).map_err(unwritable)?;
    io::copy(&mut source, file.as_file_mut()).map_err(unwritable)?;
    Ok(file)
}

/// Gives a finished file its name. Where another process was faster, what is there must be the same.
fn put(
    file: NamedTempFile,
    path: &Path,
    is_same: impl FnOnce() -> Result<bool, KeepError>,
) -> Result<(), KeepError> {
    let unwritable = |error| KeepError::Unwritable(path.to_owned(), error);
    file.as_file().sync_all().map_err(unwritable)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            if is_same()? {
                Ok(())
            } else {
                Err(KeepError::Other(path.to_owned()))
            }
        }
        Err(error) => Err(unwritable(error.error)),
    }
}

fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".touchplate-");
    // As a download by any other tool would have it; a temporary file is its owner's alone otherwise.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    builder.tempfile_in(folder)
}

fn digest(path: &Path) -> Result<Sha256, KeepError> {
    let hashed = hash::<Sha2>(path, &Progress::hidden());
    let hashed = hashed.map_err(|error| KeepError::Unwritable(path.to_owned(), error))?;
    Ok(Sha256::from_bytes(hashed.into()))
}

/// Whether a file holds exactly these bytes.
fn has(path: &Path, contents: &[u8]) -> Result<bool, KeepError> {
    let unreadable = |error| KeepError::Unwritable(path.to_owned(), error);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut part = vec![0; PART_BYTES];
    let mut rest = contents;
    loop {
        let count = file.read(&mut part).map_err(unreadable)?;
        let read = part.get(..count).unwrap_or_default();
        match rest.strip_prefix(read) {
            Some(after) if count > 0 => rest = after,
            Some(_) => return Ok(rest.is_empty()),
            None => return Ok(false),
        }
    }
}

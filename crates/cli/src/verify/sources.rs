//! Where attestations come from: files given on the command line, or found beside the file.

use std::io;
use std::path::{Path, PathBuf};

use crate::files;
use crate::report::Failure;

/// A file that holds attestations, and in what form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// One attestation object.
    Attestation(PathBuf),
    /// An array of them.
    Attestations(PathBuf),
    /// A provenance object.
    Provenance(PathBuf),
}

#[derive(Debug, thiserror::Error)]
#[error("the folder of `{}` could not be searched for attestations", .0.display())]
struct Unlisted(PathBuf, #[source] io::Error);

impl Source {
    /// The file.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Attestation(path) | Self::Attestations(path) | Self::Provenance(path) => path,
        }
    }

    /// Its bytes.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Failure> {
        files::read_evidence(self.path())
    }
}

/// What lies beside `file`: `FILE.publish.attestation`, `FILE.slsa.attestation` and any other `FILE.*.attestation`, by
/// name, then `FILE.provenance`.
pub(crate) fn beside(file: &Path) -> Result<Vec<Source>, Failure> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let unlisted = |error| Failure::outside(Unlisted(file.to_owned(), error));
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(unlisted)? {
        let entry = entry.map_err(unlisted)?;
        if is_sidecar(&name, &entry.file_name().to_string_lossy()) {
            // Spelled like the file itself, so that reports name it as the reader would.
            found.push(file.with_file_name(entry.file_name()));
        }
    }
    found.sort();
    let mut sources: Vec<_> = found.into_iter().map(Source::Attestation).collect();
    let provenance = file.with_file_name(format!("{name}.provenance"));
    if provenance.exists() {
        sources.push(Source::Provenance(provenance));
    }
    Ok(sources)
}

/// Whether `candidate` is `FILE.<word>.attestation`. The word has no dot: what lies beside `demo-1.0.tar.gz` is not about
/// a file `demo-1.0`.
fn is_sidecar(file: &str, candidate: &str) -> bool {
    let word = candidate
        .strip_prefix(file)
        .and_then(|rest| rest.strip_prefix('.'));
    let word = word.and_then(|rest| rest.strip_suffix(".attestation"));
    word.is_some_and(|word| !word.is_empty() && !word.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidecars_are_told_by_their_names() {
        let file = "demo-1.0.tar.gz";
        for good in ["publish", "slsa", "x"] {
            assert!(is_sidecar(file, &format!("{file}.{good}.attestation")));
        }
        for bad in [
            "demo-1.0.tar.gz.attestation",
            "demo-1.0.tar.gz..attestation",
            "demo-1.0.tar.gz.a.b.attestation",
        ] {
            assert!(!is_sidecar(file, bad), "{bad}");
        }
        assert!(!is_sidecar(
            "demo-1.0",
            "demo-1.0.tar.gz.publish.attestation"
        ));
        assert!(!is_sidecar(file, "other.publish.attestation"));
    }
}

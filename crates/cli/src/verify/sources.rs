//! Where attestations come from: files given on the command line, found beside the file, or a server's word.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::files;
use crate::report::Failure;

/// What holds attestations.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// In what form.
    pub(crate) form: Form,
    /// Where it is from.
    pub(crate) origin: Origin,
}

/// The forms that attestations come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One attestation object.
    Attestation,
    /// An array of them.
    Attestations,
    /// A provenance object.
    Provenance,
}

/// Where a source is from.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// A file.
    File(PathBuf),
    /// A server.
    Fetched {
        /// The address.
        url: String,
        /// What it sent.
        bytes: Arc<Vec<u8>>,
    },
}

#[derive(Debug, thiserror::Error)]
#[error("the folder of `{}` could not be searched for attestations", .0.display())]
struct Unlisted(PathBuf, #[source] io::Error);

impl Source {
    /// A file in this form.
    pub(crate) fn file(form: Form, path: PathBuf) -> Self {
        Self {
            form,
            origin: Origin::File(path),
        }
    }

    /// A provenance object that a server sent.
    pub(crate) fn fetched(url: &url::Url, bytes: Vec<u8>) -> Self {
        Self {
            form: Form::Provenance,
            origin: Origin::Fetched {
                url: url.to_string(),
                bytes: Arc::new(bytes),
            },
        }
    }

    /// Where it is from, in words.
    pub(crate) fn place(&self) -> String {
        match &self.origin {
            Origin::File(path) => path.display().to_string(),
            Origin::Fetched { url, .. } => url.clone(),
        }
    }

    /// The name of the file that it is.
    pub(crate) fn file_name(&self) -> Option<&str> {
        match &self.origin {
            Origin::File(path) => path.file_name()?.to_str(),
            Origin::Fetched { .. } => None,
        }
    }

    /// Its bytes.
    pub(crate) fn read(&self) -> Result<Arc<Vec<u8>>, Failure> {
        match &self.origin {
            Origin::File(path) => Ok(Arc::new(files::read_evidence(path)?)),
            Origin::Fetched { bytes, .. } => Ok(bytes.clone()),
        }
    }
}

/// What lies in the folders of the files, each listed once: a folder of thousands of files would take seconds otherwise.
#[derive(Debug, Default)]
pub(crate) struct Neighbours(Mutex<HashMap<PathBuf, Arc<Listing>>>);

/// The names in a folder, by their text.
type Listing = BTreeMap<String, OsString>;

impl Neighbours {
    /// What lies beside `file`: `FILE.publish.attestation`, `FILE.slsa.attestation` and any other `FILE.*.attestation`,
    /// by name, then `FILE.provenance`.
    pub(crate) fn beside(&self, file: &Path) -> Result<Vec<Source>, Failure> {
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let listing = self
            .listing(folder)
            .map_err(|error| Failure::outside(Unlisted(file.to_owned(), error)))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mut sources = Vec::new();
        let from = format!("{name}.");
        let candidates = listing.range(from.clone()..);
        for (candidate, raw) in candidates.take_while(|(candidate, _)| candidate.starts_with(&from))
        {
            if is_sidecar(&name, candidate) {
                // Spelled like the file itself, so that reports name it as the reader would.
                sources.push(Source::file(Form::Attestation, file.with_file_name(raw)));
            }
        }
        let provenance = format!("{name}.provenance");
        if listing.contains_key(&provenance) {
            sources.push(Source::file(
                Form::Provenance,
                file.with_file_name(provenance),
            ));
        }
        Ok(sources)
    }

    fn listing(&self, folder: &Path) -> io::Result<Arc<Listing>> {
        // A thread that panicked did not leave the map half changed.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listing) = known.get(folder) {
            return Ok(listing.clone());
        }
        let mut listing = Listing::new();
        for entry in folder.read_dir()? {
            let name = entry?.file_name();
            listing.insert(name.to_string_lossy().into_owned(), name);
        }
        let listing = Arc::new(listing);
        known.insert(folder.to_owned(), listing.clone());
        Ok(listing)
    }
}

/// Whether `candidate` is `FILE.<word>.attestation`. The word has no dot: what lies beside `demo-1.0.tar.gz` is not about
/// a file `demo-1.0`.
pub(crate) fn is_sidecar(file: &str, candidate: &str) -> bool {
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

//! Provenance objects that were fetched before, by the digest of their file. Nothing in it is believed: whatever is read is
//! verified as if it had just come, and asked for anew where it does not hold.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use touchplate_attest::Sha256;
use touchplate_attest::provenance::MAX_PROVENANCE_BYTES;
use url::Url;

use crate::fetch::Environment;

/// Digits of the address's digest in a file's name: it tells indexes apart, and need not resist anybody.
const ADDRESS_DIGITS: usize = 16;

/// A folder of provenance objects, which may be deleted at any time.
#[derive(Clone, Debug)]
pub struct Cache(PathBuf);

impl Cache {
    /// In this folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The user's: below `XDG_CACHE_HOME`, or `~/.cache`; none without a home.
    pub fn of_environment(variable: Environment<'_>) -> Option<Self> {
        let set = |name| variable(name).filter(|value: &String| !value.is_empty());
        // As the specification has it, a relative path is none.
        let named = set("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|it| it.is_absolute());
        let folder = match named {
            Some(folder) => folder,
            None => Path::new(&set("HOME")?).join(".cache"),
        };
        Some(Self(folder.join("touchplate/provenance")))
    }

    /// Whether something was kept of a file under this address.
    pub(super) fn has(&self, sha256: &Sha256, url: &Url) -> bool {
        self.path(sha256, url).is_file()
    }

    /// What was kept of a file under this address.
    pub(super) fn read(&self, sha256: &Sha256, url: &Url) -> Option<Vec<u8>> {
        let file = File::open(self.path(sha256, url)).ok()?;
        let mut bytes = Vec::new();
        let limit = MAX_PROVENANCE_BYTES as u64 + 1;
        file.take(limit).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Keeps it, if that is possible: a full disk slows the next audit down, and that is all.
    pub(super) fn keep(&self, sha256: &Sha256, url: &Url, bytes: &[u8]) {
        let path = self.path(sha256, url);
        let Some(folder) = path.parent() else { return };
        let written = fs::create_dir_all(folder).and_then(|()| {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(bytes)?;
            file.persist(&path)?;
            Ok(())
        });
        drop(written);
    }

    fn path(&self, sha256: &Sha256, url: &Url) -> PathBuf {
        let digits = sha256.to_string();
        let address = Sha256::of(url.as_str().as_bytes()).to_string();
        let (first, address) = (digits.get(..2), address.get(..ADDRESS_DIGITS));
        let name = format!("{digits}-{}.json", address.unwrap_or_default());
        self.0.join(first.unwrap_or_default()).join(name)
    }
}

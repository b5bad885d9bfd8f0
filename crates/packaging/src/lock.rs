//! Lockfiles as values: what each common tool writes down to be installed, which files that may be, and where the rest
//! comes from.
//!
//! Six formats are read: `pylock.toml` (PEP 751), `uv.lock`, `poetry.lock`, `pdm.lock`, requirements with hashes, and
//! pip's installation report. Nothing in them is passed over: an entry that names no file of an index is an entry too, and says where it
//! is from ([`Source`]); a file without a digest says so ([`Digest`]).

mod error;
mod format;
mod pdm;
mod place;
mod poetry;
mod pylock;
mod report;
mod requirements;
mod uv;

use serde_json::Value;

use crate::{Filename, ProjectName, Sha256, Version};

pub use error::LockError;
pub use format::LockFormat;
pub use pylock::{IdentitiesError, Pylock, to_toml};

/// The largest lockfiles, of whole organisations' monorepos, have some ten megabytes.
pub const MAX_LOCK_BYTES: usize = 64 << 20;

/// A lockfile, as its tool wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lockfile {
    /// Which tool's.
    pub format: LockFormat,
    /// What it installs, in its order.
    pub entries: Vec<Entry>,
}

/// One thing that a lockfile installs.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The line where it stands, counted from 1; in pip's report, which has none, the first.
    pub line: usize,
    /// As it is called there: the name as written, or the whole line of requirements that name nothing.
    pub shown: String,
    /// Its project; none where the text is no name.
    pub name: Option<ProjectName>,
    /// The version, where exactly one is named.
    pub version: Option<Version>,
    /// Where its files come from.
    pub source: Source,
    /// The files that may be installed; any one of them.
    pub files: Vec<LockedFile>,
    /// PEP 751's `attestation-identities`, each an object; none where the key is absent or the format has none.
    pub identities: Option<Vec<Value>>,
}

/// Where an entry's files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An index, with its URL where the lockfile names it.
    Index(Option<String>),
    /// A checkout of somebody's repository, by URL.
    Vcs(String),
    /// A directory on this machine: the project itself, or one beside it.
    Directory(String),
    /// A file anywhere, by URL.
    Url(String),
    /// A file on this machine.
    Path(String),
    /// Another file with entries of its own, which this one includes.
    Included(String),
    /// None of these: the words of the lockfile.
    Unknown(String),
}

/// One file that an entry may be installed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedFile {
    /// Its name.
    pub name: LockedName,
    /// What its bytes have to be.
    pub digest: Digest,
}

/// The name of a file in a lockfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockedName {
    /// A distribution file's.
    Of(Box<Filename>),
    /// None is written: requirements have digests alone.
    Absent,
    /// What is written is the name of no distribution file.
    Unreadable(String),
}

/// The digest of a file in a lockfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Digest {
    /// SHA-256.
    Sha256(Sha256),
    /// Only by others, whose names these are: nothing can be looked up by them.
    Other(String),
    /// None.
    Absent,
    /// It should be SHA-256, and is no digest.
    Unreadable(String),
}

impl Lockfile {
    /// Reads a lockfile. What format it has, its name says, else its text.
    ///
    /// # Errors
    /// See [`LockError`]; what is wrong with single entries is said by them.
    pub fn parse(filename: &str, bytes: &[u8]) -> Result<Self, LockError> {
        if bytes.len() > MAX_LOCK_BYTES {
            return Err(LockError::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_not_text| LockError::Text)?;
        let format = LockFormat::of(filename, text)?;
        let entries = match format {
            LockFormat::Pylock => pylock::entries(text)?,
            LockFormat::Uv => uv::entries(text)?,
            LockFormat::Poetry => poetry::entries(text)?,
            LockFormat::Pdm => pdm::entries(text)?,
            LockFormat::Requirements => requirements::entries(text)?,
            LockFormat::Report => report::entries(text)?,
        };
        Ok(Self { format, entries })
    }
}

impl Entry {
    /// An entry of an index whose URL is not known, without files yet.
    fn new(line: usize, name: &str, version: Option<&str>) -> Self {
        Self {
            line,
            shown: name.to_owned(),
            name: name.parse().ok(),
            version: version.and_then(|version| version.parse().ok()),
            source: Source::Index(None),
            files: Vec::new(),
            identities: None,
        }
    }
}

impl LockedFile {
    /// A file by the name that is written, or the last part of its URL or path, with its digest as `sha256:…`.
    fn new(named: &str, digest: Option<&str>) -> Self {
        Self {
            name: LockedName::of(named),
            digest: digest.map_or(Digest::Absent, Digest::tagged),
        }
    }
}

impl LockedName {
    /// Of a name, URL or path.
    fn of(named: &str) -> Self {
        // What follows the path in a URL: neither stands in a distribution file's name.
        let path = named.split(['?', '#']).next().unwrap_or_default();
        let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
        // `+` of local versions, as indexes escape it in URLs.
        let name = last.replace("%2B", "+").replace("%2b", "+");
        match name.parse() {
            Ok(filename) => Self::Of(Box::new(filename)),
            Err(_) => Self::Unreadable(named.to_owned()),
        }
    }
}

impl Digest {
    /// Of `algorithm:hex`.
    fn tagged(text: &str) -> Self {
        match text.split_once(':') {
            Some(("sha256", digits)) => Self::sha256(digits),
            Some((algorithm, _)) => Self::Other(algorithm.to_owned()),
            None => Self::Unreadable(text.to_owned()),
        }
    }

    fn sha256(digits: &str) -> Self {
        digits
            .parse()
            .map_or_else(|_| Self::Unreadable(digits.to_owned()), Self::Sha256)
    }

    /// The one that can be used of several, by their algorithms.
    fn among<'a>(hashes: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut others = Vec::new();
        for (algorithm, digits) in hashes {
            if algorithm == "sha256" {
                return Self::sha256(digits);
            }
            others.push(algorithm);
        }
        match others.as_slice() {
            [] => Self::Absent,
            _ => Self::Other(others.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests;

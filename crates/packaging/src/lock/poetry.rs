//! `poetry.lock`: files by name; up to lock version 1.1 in a table of their own at the end.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::place::Lines;
use super::{Entry, LockError, LockFormat, LockedFile, Source};

#[derive(Deserialize)]
struct Head {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "lock-version")]
    lock_version: String,
    /// Until 1.1, by names as their packages have them.
    #[serde(default)]
    files: BTreeMap<String, Vec<File>>,
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: Spanned<String>,
    version: Option<String>,
    files: Option<Vec<File>>,
    source: Option<Origin>,
}

#[derive(Deserialize)]
struct Origin {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: Option<String>,
}

#[derive(Clone, Deserialize)]
struct File {
    file: Option<String>,
    hash: Option<String>,
}

pub(super) fn entries(text: &str) -> Result<Vec<Entry>, LockError> {
    let toml = |source| LockError::Toml {
        format: LockFormat::Poetry,
        source: Box::new(source),
    };
    let Head { metadata } = toml::from_str(text).map_err(toml)?;
    if !(metadata.lock_version.starts_with("1.") || metadata.lock_version.starts_with("2.")) {
        return Err(LockError::Version {
            format: LockFormat::Poetry,
            expected: "1 or 2",
            found: metadata.lock_version,
        });
    }
    let lock: Lock = toml::from_str(text).map_err(toml)?;
    let mut lines = Lines::of(text);
    let packages = lock.package.into_iter();
    let entry = |package: Package| package.entry(&metadata.files, &mut lines);
    Ok(packages.map(entry).collect())
}

impl Package {
    fn entry(self, older: &BTreeMap<String, Vec<File>>, lines: &mut Lines<'_>) -> Entry {
        let line = lines.at(self.name.span());
        let name = self.name.get_ref();
        let files = self.files.or_else(|| older.get(name).cloned());
        Entry {
            source: self.source.map_or(Source::Index(None), Origin::source),
            files: files
                .into_iter()
                .flatten()
                .map(|file| LockedFile::new(&file.file.unwrap_or_default(), file.hash.as_deref()))
                .collect(),
            ..Entry::new(line, name, self.version.as_deref())
        }
    }
}

impl Origin {
    fn source(self) -> Source {
        let url = self.url.unwrap_or_default();
        match self.kind.as_deref() {
            // An index that was named in place of the default one.
            None | Some("legacy" | "pypi") => Source::Index(Some(url).filter(|it| !it.is_empty())),
            Some("git" | "hg" | "svn" | "bzr") => Source::Vcs(url),
            Some("url") => Source::Url(url),
            Some("file") => Source::Path(url),
            Some("directory") => Source::Directory(url),
            Some(other) => Source::Unknown(format!("a source of the kind `{other}`")),
        }
    }
}

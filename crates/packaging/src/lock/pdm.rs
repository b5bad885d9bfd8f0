//! `pdm.lock`: files by name or URL; a package stands there again for each set of its extras, and then has files too.

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
    lock_version: String,
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
    #[serde(default)]
    files: Vec<File>,
    git: Option<String>,
    hg: Option<String>,
    svn: Option<String>,
    bzr: Option<String>,
    url: Option<String>,
    path: Option<String>,
}

#[derive(Deserialize)]
struct File {
    file: Option<String>,
    url: Option<String>,
    hash: Option<String>,
}

pub(super) fn entries(text: &str) -> Result<Vec<Entry>, LockError> {
    let toml = |source| LockError::Toml {
        format: LockFormat::Pdm,
        source: Box::new(source),
    };
    let Head { metadata } = toml::from_str(text).map_err(toml)?;
    if !metadata.lock_version.starts_with("4.") {
        return Err(LockError::Version {
            format: LockFormat::Pdm,
            expected: "4",
            found: metadata.lock_version,
        });
    }
    let lock: Lock = toml::from_str(text).map_err(toml)?;
    let mut lines = Lines::of(text);
    let packages = lock.package.into_iter();
    Ok(packages.map(|package| package.entry(&mut lines)).collect())
}

impl Package {
    fn entry(self, lines: &mut Lines<'_>) -> Entry {
        let line = lines.at(self.name.span());
        let repository = self.git.or(self.hg).or(self.svn).or(self.bzr);
        let source = match (repository, self.url, self.path) {
            (None, None, None) => Source::Index(None),
            (Some(url), _, _) => Source::Vcs(url),
            (None, Some(url), _) => Source::Url(url),
            (None, None, Some(path)) if is_file(&path) => Source::Path(path),
            (None, None, Some(path)) => Source::Directory(path),
        };
        let files = self.files.into_iter().map(|file| {
            let named = file.file.or(file.url).unwrap_or_default();
            LockedFile::new(&named, file.hash.as_deref())
        });
        Entry {
            source,
            files: files.collect(),
            ..Entry::new(line, self.name.get_ref(), self.version.as_deref())
        }
    }
}

fn is_file(path: &str) -> bool {
    [".whl", ".tar.gz", ".zip"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

//! `uv.lock`: one table for each package, its source by kind, files by URL, path or name.

use serde::Deserialize;
use toml::Spanned;

use super::place::Lines;
use super::{Entry, LockError, LockFormat, LockedFile, Source};

#[derive(Deserialize)]
struct Version {
    version: i64,
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
    source: Origin,
    sdist: Option<File>,
    #[serde(default)]
    wheels: Vec<File>,
}

/// One of these; a kind that is not known is kept as such.
#[derive(Deserialize)]
struct Origin {
    registry: Option<String>,
    git: Option<String>,
    url: Option<String>,
    path: Option<String>,
    directory: Option<String>,
    editable: Option<String>,
    #[serde(rename = "virtual")]
    project: Option<String>,
}

#[derive(Deserialize)]
struct File {
    url: Option<String>,
    path: Option<String>,
    filename: Option<String>,
    hash: Option<String>,
}

pub(super) fn entries(text: &str) -> Result<Vec<Entry>, LockError> {
    let toml = |source| LockError::Toml {
        format: LockFormat::Uv,
        source: Box::new(source),
    };
    let Version { version } = toml::from_str(text).map_err(toml)?;
    if version != 1 {
        return Err(LockError::Version {
            format: LockFormat::Uv,
            expected: "1",
            found: version.to_string(),
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
        let files = self.sdist.into_iter().chain(self.wheels);
        Entry {
            source: self.source.source(),
            files: files.map(File::locked).collect(),
            ..Entry::new(line, self.name.get_ref(), self.version.as_deref())
        }
    }
}

impl Origin {
    fn source(self) -> Source {
        let directory = self.directory.or(self.editable).or(self.project);
        match (self.registry, self.git, self.url, self.path, directory) {
            (Some(url), None, None, None, None) => Source::Index(Some(url)),
            (None, Some(url), None, None, None) => Source::Vcs(url),
            (None, None, Some(url), None, None) => Source::Url(url),
            (None, None, None, Some(path), None) => Source::Path(path),
            (None, None, None, None, Some(path)) => Source::Directory(path),
            _ => Source::Unknown("a source of no kind that is known".to_owned()),
        }
    }
}

impl File {
    fn locked(self) -> LockedFile {
        let named = self.filename.or(self.url).or(self.path);
        LockedFile::new(&named.unwrap_or_default(), self.hash.as_deref())
    }
}

//! What the command line asks about: files, releases, URLs, directories and patterns, told apart by their form.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use touchplate_client::fetch::{InvalidUrl, parse_url};
use touchplate_packaging::{
    Filename, InvalidFilename, InvalidName, InvalidVersion, ProjectName, Version,
};
use url::Url;

use crate::report::Failure;

/// Of directories inside each other. A tree of distributions is shallow; a loop of mounts is not.
const MAX_DEPTH: usize = 32;

/// In one run: what one machine can be expected to hold the names of.
const MAX_FILES: usize = 200_000;

/// One TARGET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A file on disk.
    File(PathBuf),
    /// Every file of a release.
    Release {
        /// Of this project.
        project: ProjectName,
        /// This version.
        version: Version,
    },
    /// A file on a server, and the `Authorization` header that its URL asks for.
    Url {
        /// Where it is.
        url: Url,
        /// Its name.
        filename: Box<Filename>,
        /// Who the caller is, there.
        authorization: Option<String>,
    },
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Release { project, version } => write!(f, "{project}=={version}"),
            Self::Url { url, .. } => url.fmt(f),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum TargetError {
    #[error("`{0}` cannot be fetched")]
    Url(String, #[source] InvalidUrl),
    #[error("the last part of {0} is not the name of a wheel or sdist")]
    UrlName(Url, #[source] InvalidFilename),
    #[error("`{0}` is not a release `name==version`")]
    ReleaseName(String, #[source] InvalidName),
    #[error("`{0}` is not a release `name==version`")]
    ReleaseVersion(String, #[source] InvalidVersion),
    #[error("`{}` could not be listed", .0.display())]
    Unlisted(PathBuf, #[source] io::Error),
    #[error("there is no wheel or sdist in the directory `{}`", .0.display())]
    EmptyDirectory(PathBuf),
    #[error("the directory `{}` goes deeper than {MAX_DEPTH} levels", .0.display())]
    TooDeep(PathBuf),
    #[error("expected at most {MAX_FILES} files, found more")]
    TooMany,
    #[error("`{0}` is not a pattern")]
    Pattern(String, #[source] glob::PatternError),
    #[error("no wheel or sdist matches the pattern `{0}`")]
    NoMatch(String),
    #[error("`{}` is evidence of a file that is not there", .0.display())]
    Evidence(PathBuf),
    #[error("`{}` is not the name of a wheel or sdist", .0.display())]
    Name(PathBuf, #[source] InvalidFilename),
    #[error("`{}` does not name a file", .0.display())]
    NoName(PathBuf),
}

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        match &error {
            TargetError::Unlisted(..) => Self::outside(error),
            TargetError::Name(..) | TargetError::UrlName(..) => Self::usage(error).hint(
                "an attestation is about a filename: give the file the name that it is published under; a release is written name==version",
            ),
            TargetError::EmptyDirectory(_) => {
                Self::usage(error).hint("--recursive looks into the directories below it too")
            }
            TargetError::Evidence(_) => {
                Self::usage(error).hint("name the file itself: what lies beside it is found")
            }
            TargetError::Url(..)
            | TargetError::ReleaseName(..)
            | TargetError::ReleaseVersion(..)
            | TargetError::TooDeep(_)
            | TargetError::TooMany
            | TargetError::Pattern(..)
            | TargetError::NoMatch(_)
            | TargetError::NoName(_) => Self::usage(error),
        }
    }
}

/// Reads every TARGET, and looks into directories and patterns. Each file is there once, in the order given.
pub(crate) fn read(given: &[PathBuf], recursive: bool) -> Result<Vec<Wanted>, Failure> {
    let mut wanted = Vec::new();
    let mut files = BTreeSet::new();
    for target in given {
        for one in read_one(target, recursive)? {
            let is_new = match &one {
                Wanted::File(path) => files.insert(path.clone()),
                Wanted::Release { .. } | Wanted::Url { .. } => true,
            };
            if is_new {
                wanted.push(one);
            }
            if wanted.len() > MAX_FILES {
                return Err(TargetError::TooMany.into());
            }
        }
    }
    Ok(wanted)
}

fn read_one(target: &Path, recursive: bool) -> Result<Vec<Wanted>, TargetError> {
    if target.is_dir() {
        let mut found = Vec::new();
        directory(target, recursive, 0, &mut found)?;
        if found.is_empty() {
            return Err(TargetError::EmptyDirectory(target.to_owned()));
        }
        return Ok(found.into_iter().map(Wanted::File).collect());
    }
    // What is there is a file, whatever its name looks like.
    if let (false, Some(text)) = (target.exists(), target.to_str()) {
        if text.contains("://") {
            return Ok(vec![url(text)?]);
        }
        if let Some((name, version)) = text.split_once("==") {
            return Ok(vec![release(text, name, version)?]);
        }
        if text.contains(['*', '?', '[']) {
            return pattern(text);
        }
    }
    file(target)
}

fn url(text: &str) -> Result<Wanted, TargetError> {
    // The scheme is shown, and not the rest: it may hold a password.
    let shown = || text.split_once("://").map_or("", |(scheme, _)| scheme);
    let (url, authorization) =
        parse_url(text).map_err(|error| TargetError::Url(format!("{}://…", shown()), error))?;
    let last = url.path_segments().and_then(|mut parts| parts.next_back());
    let last = percent_encoding::percent_decode_str(last.unwrap_or_default());
    let filename = last.decode_utf8_lossy().parse();
    let filename = filename.map_err(|error| TargetError::UrlName(url.clone(), error))?;
    Ok(Wanted::Url {
        filename: Box::new(filename),
        url,
        authorization,
    })
}

fn release(text: &str, name: &str, version: &str) -> Result<Wanted, TargetError> {
    Ok(Wanted::Release {
        project: name
            .trim()
            .parse()
            .map_err(|error| TargetError::ReleaseName(text.to_owned(), error))?,
        version: version
            .trim()
            .parse()
            .map_err(|error| TargetError::ReleaseVersion(text.to_owned(), error))?,
    })
}

/// A file that is named: it must be a distribution, or lie beside one, which says what it is evidence of.
fn file(path: &Path) -> Result<Vec<Wanted>, TargetError> {
    let name = path
        .file_name()
        .ok_or_else(|| TargetError::NoName(path.to_owned()))?;
    let name = name.to_string_lossy();
    match (Filename::from_str(&name), subject(&name)) {
        (Ok(_), _) => Ok(vec![Wanted::File(path.to_owned())]),
        // `verify dist/*` names the sidecars too.
        (Err(_), Some(subject)) => {
            let subject = path.with_file_name(subject);
            if subject.is_file() {
                Ok(vec![Wanted::File(subject)])
            } else {
                Err(TargetError::Evidence(path.to_owned()))
            }
        }
        (Err(error), None) => Err(TargetError::Name(path.to_owned(), error)),
    }
}

/// The distribution that a file of this name would be evidence of.
fn subject(name: &str) -> Option<&str> {
    let subject = match name.strip_suffix(".attestation") {
        Some(rest) => rest.rsplit_once('.')?.0,
        None => name
            .strip_suffix(".provenance")
            .or_else(|| name.strip_suffix(super::keep::RECORD_ENDING))?,
    };
    Filename::from_str(subject).is_ok().then_some(subject)
}

fn directory(
    folder: &Path,
    recursive: bool,
    depth: usize,
    found: &mut Vec<PathBuf>,
) -> Result<(), TargetError> {
    if depth > MAX_DEPTH {
        return Err(TargetError::TooDeep(folder.to_owned()));
    }
    let unlisted = |error| TargetError::Unlisted(folder.to_owned(), error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unlisted)? {
        entries.push(entry.map_err(unlisted)?.path());
    }
    entries.sort();
    for path in entries {
        // A link to a directory may lead back here; a link to a file is that file.
        if recursive && path.is_dir() && !path.is_symlink() {
            directory(&path, recursive, depth + 1, found)?;
        } else if is_distribution(&path)? && path.is_file() {
            found.push(path);
        }
        if found.len() > MAX_FILES {
            return Err(TargetError::TooMany);
        }
    }
    Ok(())
}

/// Whether a file that was found is to be verified. A `.whl` that is none by its name is not passed over: an installer
/// might take it all the same.
fn is_distribution(path: &Path) -> Result<bool, TargetError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match Filename::from_str(&name) {
        Ok(_) => Ok(true),
        Err(error) if path.extension() == Some(OsStr::new("whl")) => {
            Err(TargetError::Name(path.to_owned(), error))
        }
        Err(_) => Ok(false),
    }
}

fn pattern(text: &str) -> Result<Vec<Wanted>, TargetError> {
    let paths = glob::glob(text).map_err(|error| TargetError::Pattern(text.to_owned(), error))?;
    let mut found = Vec::new();
    for path in paths {
        let path =
            path.map_err(|error| TargetError::Unlisted(error.path().to_owned(), error.into()))?;
        if path.is_file() && is_distribution(&path)? {
            found.push(Wanted::File(path));
        }
        if found.len() > MAX_FILES {
            return Err(TargetError::TooMany);
        }
    }
    if found.is_empty() {
        return Err(TargetError::NoMatch(text.to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(target: &str) -> Result<Vec<Wanted>, String> {
        read_one(Path::new(target), false).map_err(|error| error.to_string())
    }

    #[test]
    fn forms_are_told_apart() {
        let file = |path: &str| Ok(vec![Wanted::File(path.into())]);
        assert_eq!(read("dist/demo-1.0.tar.gz"), file("dist/demo-1.0.tar.gz"));
        assert!(matches!(
            read("Demo == 1.0+cu121").unwrap().as_slice(),
            [Wanted::Release { project, .. }] if project.as_str() == "demo"
        ));
        let Wanted::Url {
            url,
            filename,
            authorization,
        } = read("https://u:p@h.example/x/demo-1.0%2Blocal-py3-none-any.whl?q#sha256=aa")
            .unwrap()
            .remove(0)
        else {
            panic!("not a URL");
        };
        assert_eq!(filename.as_str(), "demo-1.0+local-py3-none-any.whl");
        assert_eq!(url.fragment(), Some("sha256=aa"));
        assert!(authorization.is_some() && !url.as_str().contains("u:p"));
    }

    #[test]
    fn what_has_no_form_is_said() {
        for (target, message) in [
            ("demo", "`demo` is not the name of a wheel or sdist"),
            ("demo==1.*", "is not a release"),
            ("demo[extra]==1.0", "is not a release"),
            (
                "gopher://u:secret@h/demo-1.0.tar.gz",
                "`gopher://…` cannot be fetched",
            ),
            (
                "https://h.example/demo",
                "the last part of https://h.example/demo is not",
            ),
            ("nowhere/*.whl", "no wheel or sdist matches"),
            ("nowhere/[", "is not a pattern"),
            (
                "demo-1.0.tar.gz.publish.attestation",
                "is evidence of a file that is not there",
            ),
        ] {
            let error = read(target).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }

    #[test]
    fn evidence_says_what_it_is_of() {
        assert_eq!(subject("a-1.tar.gz.x.attestation"), Some("a-1.tar.gz"));
        assert_eq!(subject("a-1.tar.gz.provenance"), Some("a-1.tar.gz"));
        assert_eq!(subject("a-1.tar.gz.verified.json"), Some("a-1.tar.gz"));
        assert_eq!(subject("a-1.tar.gz.attestation"), None);
        assert_eq!(subject("notes.provenance"), None);
    }
}

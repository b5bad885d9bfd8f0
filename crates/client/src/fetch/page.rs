//! A project's page as an index serves it: PEP 691 JSON, or PEP 503 HTML from those that have only that.

mod html;
mod json;

use std::str::FromStr as _;

use jiff::Timestamp;
use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{Filename, InvalidDigest, ProjectName, Sha256, Version};
use url::Url;

use super::agent::Document;
use super::credentials::strip;
use super::proxy::is_loopback;

/// A page. The public index's longest have some 20 MB.
pub const MAX_PAGE_BYTES: usize = 64 << 20;

/// On a page. The public index's longest have some 10 000 files; one of them takes about a hundred bytes at least.
pub const MAX_PAGE_FILES: usize = 200_000;

/// What is asked of the list of all projects: in HTML its names are what links lead to, and those lead anywhere.
pub(super) const JSON_ACCEPT: &str = "application/vnd.pypi.simple.v1+json";

/// What a page's `Accept` says: JSON if there is any.
pub(super) const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// From this version on (PEP 740) a page that names no provenance says that there is none.
const SPEAKS_OF_PROVENANCE: (u32, u32) = (1, 3);

/// The names in an index's list of all projects.
pub(super) fn projects(document: &Document) -> Result<Vec<ProjectName>, PageError> {
    json::projects(document)
}

/// The files of one project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it was found; which server's word it is.
    pub url: Url,
    /// Wheels and sdists, as the page orders them. What has another kind of name is not among them.
    pub files: Vec<FileEntry>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Its name.
    pub filename: Filename,
    /// Where it is.
    pub url: Url,
    /// Its digest, if the page names that.
    pub sha256: Option<Sha256>,
    /// Its length in bytes (PEP 700).
    pub size: Option<u64>,
    /// Its `Requires-Python`.
    pub requires_python: Option<String>,
    /// When it was uploaded (PEP 700).
    pub uploaded_at: Option<Timestamp>,
    /// Is it yanked (PEP 592)?
    pub yanked: Yanked,
    /// Where its provenance object is (PEP 740).
    pub provenance: Announced,
}

/// What a page says of a file's provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announced {
    /// It is there.
    At(Url),
    /// There is none.
    Nowhere,
    /// Somewhere that PEP 740 does not allow: it wants a full URL of a secure origin.
    Unusable(String),
    /// The page is older than PEP 740 and cannot say.
    Unsaid,
}

/// Why a document is no page.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// Neither JSON nor HTML.
    #[error(
        "expected a page of the Simple API (PEP 691 JSON or PEP 503 HTML), found the content type `{found}`"
    )]
    ContentType {
        /// As the server has it.
        found: String,
    },
    /// Not JSON, or not of this form.
    #[error("it is not PEP 691 JSON")]
    Json(#[source] serde_json::Error),
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    Text,
    /// A version that changes what the rest means (PEP 629).
    #[error("expected version 1 of the Simple API, found `{found}`")]
    ApiVersion {
        /// As the page has it.
        found: String,
    },
    /// Too many.
    #[error("it lists more than {MAX_PAGE_FILES} files")]
    TooManyFiles,
    /// A digest that is none.
    #[error("the sha256 of `{filename}` is not a digest")]
    Digest {
        /// The file.
        filename: String,
        /// Why.
        source: InvalidDigest,
    },
}

/// One file as either form says it.
#[derive(Debug, Default)]
struct Raw {
    filename: String,
    url: String,
    sha256: Option<String>,
    size: Option<u64>,
    requires_python: Option<String>,
    upload_time: Option<String>,
    yanked: Yanked,
    provenance: Option<String>,
}

impl Page {
    /// Reads a page by its content type.
    ///
    /// # Errors
    /// See [`PageError`].
    pub fn read(document: &Document) -> Result<Self, PageError> {
        match document.content_type.as_str() {
            "application/vnd.pypi.simple.v1+json" | "application/json" => json::read(document),
            "application/vnd.pypi.simple.v1+html" | "text/html" | "application/xhtml+xml" => {
                html::read(document)
            }
            found => Err(PageError::ContentType {
                found: found.to_owned(),
            }),
        }
    }

    /// The files of one release.
    pub fn release(&self, version: &Version) -> Vec<&FileEntry> {
        let files = self.files.iter();
        files
            .filter(|file| file.filename.version() == version)
            .collect()
    }

    /// The versions that have files, each once, in order.
    pub fn versions(&self) -> Vec<&Version> {
        let mut versions: Vec<_> = self
            .files
            .iter()
            .map(|file| file.filename.version())
            .collect();
        versions.sort_by_key(|version| version.key());
        versions.dedup();
        versions
    }

    fn of(
        document: &Document,
        base: &Url,
        version: &str,
        raw: Vec<Raw>,
    ) -> Result<Self, PageError> {
        let speaks = speaks_of_provenance(version)?;
        if raw.len() > MAX_PAGE_FILES {
            return Err(PageError::TooManyFiles);
        }
        let mut files = Vec::new();
        for raw in raw {
            files.extend(raw.entry(base, speaks)?);
        }
        Ok(Self {
            url: document.url.clone(),
            files,
        })
    }
}

/// PEP 629: another minor version only adds, another major one is not for us. None is 1.0.
fn speaks_of_provenance(version: &str) -> Result<bool, PageError> {
    let parsed = || {
        let (major, minor) = version.split_once('.')?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    };
    match parsed() {
        Some((1, minor)) => Ok((1, minor) >= SPEAKS_OF_PROVENANCE),
        Some(_) | None => Err(PageError::ApiVersion {
            found: version.to_owned(),
        }),
    }
}

impl Raw {
    /// The entry, or none for an egg, an installer, or a link that leads nowhere.
    fn entry(self, base: &Url, speaks: bool) -> Result<Option<FileEntry>, PageError> {
        let Ok(filename) = Filename::from_str(&self.filename) else {
            return Ok(None);
        };
        let Some(url) = link(base, &self.url) else {
            return Ok(None);
        };
        let sha256 = self.sha256.map(|digest| digest.parse()).transpose();
        let sha256 = sha256.map_err(|source| PageError::Digest {
            filename: self.filename.clone(),
            source,
        })?;
        let provenance = match self.provenance {
            Some(found) => secure(&found).map_or(Announced::Unusable(found), Announced::At),
            None if speaks => Announced::Nowhere,
            None => Announced::Unsaid,
        };
        Ok(Some(FileEntry {
            filename,
            url,
            sha256,
            size: self.size,
            requires_python: self.requires_python,
            uploaded_at: self.upload_time.and_then(|time| time.parse().ok()),
            yanked: self.yanked,
            provenance,
        }))
    }
}

pub(super) fn fragment_sha256(url: &Url) -> Option<String> {
    html::sha256(url.fragment()?)
}

/// A link of a page, without credentials and fragment.
fn link(base: &Url, given: &str) -> Option<Url> {
    let mut url = base.join(given).ok()?;
    strip(&mut url);
    url.set_fragment(None);
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// A full URL of a secure origin: https, or this very machine.
fn secure(given: &str) -> Option<Url> {
    let mut url = Url::parse(given).ok()?;
    strip(&mut url);
    let secure = url.scheme() == "https" || url.scheme() == "http" && is_loopback(&url);
    (secure && url.host().is_some()).then_some(url)
}

#[cfg(test)]
mod tests;

//! The Simple API's pages, api-version 1.4: PEP 503 HTML and PEP 691 JSON with the keys of PEPs 592, 629, 658/714,
//! 700, 740 and 792. The bytes follow the public index, because installers were tested against those.

mod html;
mod json;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::excerpt::excerpt;
use crate::{DisplayName, Filename, ProjectName, Sha256};

/// The version of the Simple API that these pages speak.
pub const API_VERSION: &str = "1.4";

/// A project's state (PEP 792).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProjectStatus {
    /// Nothing special.
    #[default]
    Active,
    /// No further releases are expected; its files are still offered.
    Archived,
    /// Suspected to be harmful: no file is offered.
    Quarantined,
    /// Superseded or given up; its files are still offered.
    Deprecated,
}

impl ProjectStatus {
    /// The word in the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
            Self::Quarantined => "quarantined",
            Self::Deprecated => "deprecated",
        }
    }
}

impl fmt::Display for ProjectStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no project status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the project status `active`, `archived`, `quarantined` or `deprecated`, found `{given}`"
)]
pub struct UnknownStatus {
    /// What was given, shortened.
    pub given: String,
}

impl FromStr for ProjectStatus {
    type Err = UnknownStatus;

    fn from_str(given: &str) -> Result<Self, UnknownStatus> {
        match given {
            "active" => Ok(Self::Active),
            "archived" => Ok(Self::Archived),
            "quarantined" => Ok(Self::Quarantined),
            "deprecated" => Ok(Self::Deprecated),
            _ => Err(UnknownStatus {
                given: excerpt(given),
            }),
        }
    }
}

/// Is the file yanked (PEP 592), and why? An empty reason is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Yanked {
    /// Offered as usual.
    #[default]
    No,
    /// Only installed when asked for by its exact version.
    Yes(Option<String>),
}

impl Yanked {
    /// The reason, if there is one that says something.
    fn reason(&self) -> Option<&str> {
        match self {
            Self::No | Self::Yes(None) => None,
            Self::Yes(Some(reason)) => Some(reason.as_str()).filter(|reason| !reason.is_empty()),
        }
    }
}

/// One file of a project's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Its name.
    pub filename: Filename,
    /// Where it is fetched; absolute.
    pub url: String,
    /// Its digest.
    pub sha256: Sha256,
    /// Its length in bytes.
    pub size: u64,
    /// When it was uploaded.
    pub upload_time: Timestamp,
    /// Its `Requires-Python`.
    pub requires_python: Option<String>,
    /// Is it yanked?
    pub yanked: Yanked,
    /// The digest of its metadata file, if that is served beside it (PEP 658).
    pub core_metadata: Option<Sha256>,
    /// Where its provenance object is fetched; absolute (PEP 740).
    pub provenance: Option<String>,
}

/// The page of one project: `/simple/{project}/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectPage {
    /// The project.
    pub name: ProjectName,
    /// Its state. A page of a quarantined project offers no file, whatever `files` holds.
    pub status: ProjectStatus,
    /// Why it is in that state.
    pub status_reason: Option<String>,
    /// The last change of the project.
    pub serial: u64,
    /// Its files, in any order.
    pub files: Vec<FileEntry>,
}

impl ProjectPage {
    /// `application/vnd.pypi.simple.v1+json`: keys sorted, no blanks, a line feed at the end.
    pub fn to_json(&self) -> Vec<u8> {
        json::project(self)
    }

    /// `application/vnd.pypi.simple.v1+html`.
    pub fn to_html(&self) -> Vec<u8> {
        html::project(self).into_bytes()
    }

    /// What the page offers: by version, then by filename.
    fn offered(&self) -> Vec<&FileEntry> {
        if self.status == ProjectStatus::Quarantined {
            return Vec::new();
        }
        let mut files: Vec<&FileEntry> = self.files.iter().collect();
        files.sort_by(|one, two| by_version(&one.filename, &two.filename));
        files
    }
}

fn by_version(one: &Filename, two: &Filename) -> Ordering {
    one.version().cmp(two.version()).then_with(|| one.cmp(two))
}

/// One project of the list of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntry {
    /// The project.
    pub name: ProjectName,
    /// Its name as its owner writes it.
    pub display: DisplayName,
    /// The last change of the project.
    pub serial: u64,
}

/// The list of all projects: `/simple/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexPage {
    /// The last change of the index.
    pub serial: u64,
    /// The projects, in any order.
    pub projects: Vec<IndexEntry>,
}

impl IndexPage {
    /// `application/vnd.pypi.simple.v1+json`: keys sorted, no blanks, a line feed at the end.
    pub fn to_json(&self) -> Vec<u8> {
        json::index(self)
    }

    /// `application/vnd.pypi.simple.v1+html`.
    pub fn to_html(&self) -> Vec<u8> {
        html::index(self).into_bytes()
    }

    /// By normalised name.
    fn sorted(&self) -> Vec<&IndexEntry> {
        let mut projects: Vec<&IndexEntry> = self.projects.iter().collect();
        projects.sort_by(|one, two| one.name.cmp(&two.name));
        projects
    }
}

#[cfg(test)]
mod tests;

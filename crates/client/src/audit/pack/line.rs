//! The lines of a pack.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use touchplate_attest::Sha256;
use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{Filename, ProjectName};
use url::Url;

use crate::audit::contents::{WheelContents, WheelMember};
use crate::fetch::{Announced, FileEntry, Page};

/// The version that is written and read.
pub(super) const VERSION: u32 = 1;

/// One line, by its only key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The first.
    TouchplatePack(Head),
    /// The second: what `trust export` writes, as text.
    Trust(String),
    /// A project's page.
    Page(PackedPage),
    /// A project that the index has not.
    NoProject(PackedAbsence),
    /// A provenance object, or that there is none.
    Provenance(PackedObject),
    /// What is in a wheel.
    Wheel(PackedWheel),
    /// The last.
    Seal(Sha256),
}

/// A URL as text.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Address(pub(super) Url);

impl TryFrom<String> for Address {
    type Error = url::ParseError;

    fn try_from(text: String) -> Result<Self, url::ParseError> {
        Ok(Self(text.parse()?))
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0.into()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) version: u32,
    pub(super) made_at: Timestamp,
    pub(super) index: Option<Address>,
    pub(super) default_index: Option<Address>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackedPage {
    pub(super) index: String,
    pub(super) project: ProjectName,
    url: Address,
    files: Vec<PackedFile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackedAbsence {
    pub(super) index: String,
    pub(super) project: ProjectName,
}

/// What an audit looks at, and no more.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackedFile {
    filename: String,
    sha256: Option<Sha256>,
    uploaded_at: Option<Timestamp>,
    provenance: PackedProvenance,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PackedProvenance {
    At(Address),
    Nowhere,
    Unusable(String),
    Unsaid,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackedObject {
    pub(super) sha256: Sha256,
    pub(super) url: String,
    pub(super) object: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackedWheel {
    pub(super) index: String,
    pub(super) filename: String,
    sha256: Sha256,
    files: Vec<PackedMember>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackedMember {
    path: String,
    size: u64,
    sha256: Sha256,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Sha256>,
}

impl PackedWheel {
    pub(super) fn of(index: String, filename: String, wheel: WheelContents) -> Self {
        let files = wheel.files.into_iter().map(|file| PackedMember {
            path: file.path,
            size: file.size,
            sha256: file.sha256,
            body: file.body,
        });
        Self {
            index,
            filename,
            sha256: wheel.sha256,
            files: files.collect(),
        }
    }

    pub(super) fn wheel(self) -> WheelContents {
        let files = self.files.into_iter().map(|file| WheelMember {
            path: file.path,
            size: file.size,
            sha256: file.sha256,
            body: file.body,
        });
        WheelContents {
            sha256: self.sha256,
            files: files.collect(),
        }
    }
}

impl PackedPage {
    pub(super) fn of(index: &str, project: &ProjectName, page: &Page) -> Self {
        let files = page.files.iter().map(|file| PackedFile {
            filename: file.filename.as_str().to_owned(),
            sha256: file.sha256,
            uploaded_at: file.uploaded_at,
            provenance: match &file.provenance {
                Announced::At(url) => PackedProvenance::At(Address(url.clone())),
                Announced::Nowhere => PackedProvenance::Nowhere,
                Announced::Unusable(text) => PackedProvenance::Unusable(text.clone()),
                Announced::Unsaid => PackedProvenance::Unsaid,
            },
        });
        Self {
            index: index.to_owned(),
            project: project.clone(),
            url: Address(page.url.clone()),
            files: files.collect(),
        }
    }

    /// The page; none if one of its files is none, or is another project's.
    pub(super) fn page(self) -> Option<Page> {
        let mut files = Vec::with_capacity(self.files.len());
        for file in self.files {
            let filename: Filename = file.filename.parse().ok()?;
            if *filename.project() != self.project {
                return None;
            }
            files.push(FileEntry {
                filename,
                url: self.url.0.clone(),
                sha256: file.sha256,
                size: None,
                requires_python: None,
                uploaded_at: file.uploaded_at,
                yanked: Yanked::No,
                provenance: match file.provenance {
                    PackedProvenance::At(url) => Announced::At(url.0),
                    PackedProvenance::Nowhere => Announced::Nowhere,
                    PackedProvenance::Unusable(text) => Announced::Unusable(text),
                    PackedProvenance::Unsaid => Announced::Unsaid,
                },
            });
        }
        let url = self.url.0;
        Some(Page { url, files })
    }
}

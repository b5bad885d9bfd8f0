//! Packs: everything that an audit asked, in one file, so that the audit can be made again where there is no network.
//!
//! A pack is gzip of JSON lines: a head, the trust domains, pages, provenance objects, and the seal, which is the SHA-256 of
//! the lines before it. The seal finds damage. That a pack is the one that somebody made, only they can say, by telling the
//! seal: without that its trust roots are not believed. Signatures are verified from a pack as from an index.

mod line;
mod read;
mod write;

use std::collections::BTreeMap;

use jiff::Timestamp;
use touchplate_attest::Sha256;
use touchplate_packaging::ProjectName;
use url::Url;

use super::contents::WheelContents;
use super::source::{Found, Source, SourceError};
use crate::fetch::{Announced, FileEntry, IndexError, Page};
use crate::trust_store::TrustExport;

pub use read::PackError;
pub use write::Recorder;

/// A thousand attested files take some 20 MB, and the pages of their projects as much again.
const MAX_PACK_BYTES: u64 = 1 << 30;

/// What a pack holds.
#[derive(Debug)]
pub struct Pack {
    /// What it says of itself.
    pub head: PackHead,
    /// The trust domains that it was made under.
    pub trust: TrustExport,
    /// The digest of everything in it.
    pub seal: Sha256,
    /// None where the index has no such project.
    pages: BTreeMap<(String, ProjectName), Option<Page>>,
    objects: BTreeMap<ObjectKey, Option<Vec<u8>>>,
    wheels: BTreeMap<WheelKey, WheelContents>,
}

/// What a pack says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackHead {
    /// When it was made.
    pub made_at: Timestamp,
    /// The index that was asked whatever the lockfiles name.
    pub index: Option<Url>,
    /// The index that was asked where the lockfiles name none.
    pub default_index: Option<Url>,
}

/// A file's digest, and where its provenance is announced; nowhere, where the index cannot say.
type ObjectKey = (Sha256, String);

/// The index and the file's name.
type WheelKey = (String, String);

/// The key of a file's provenance object; none where there is nothing to ask for.
fn key(file: &FileEntry, sha256: &Sha256) -> Option<ObjectKey> {
    match &file.provenance {
        Announced::At(url) => Some((*sha256, url.to_string())),
        Announced::Unsaid => Some((*sha256, String::new())),
        Announced::Nowhere | Announced::Unusable(_) => None,
    }
}

impl Source for Pack {
    fn page(&self, index: &Url, project: &ProjectName) -> Result<Page, SourceError> {
        let key = (index.to_string(), project.clone());
        match self.pages.get(&key) {
            Some(Some(page)) => Ok(page.clone()),
            Some(None) => {
                let (index, project) = (index.clone(), project.clone());
                Err(IndexError::NoProject { index, project }.into())
            }
            None => Err(SourceError::NotPacked {
                what: format!("page of `{project}` at {index}"),
            }),
        }
    }

    fn provenance(
        &self,
        _index: &Url,
        file: &FileEntry,
        sha256: &Sha256,
        _anew: bool,
    ) -> Result<Option<Found>, SourceError> {
        if let Announced::Unusable(found) = &file.provenance {
            let (filename, found) = (file.filename.as_str().to_owned(), found.clone());
            return Err(IndexError::Insecure { filename, found }.into());
        }
        let Some(key) = key(file, sha256) else {
            return Ok(None);
        };
        match self.objects.get(&key) {
            Some(object) => Ok(object.clone().map(|bytes| Found {
                bytes,
                is_kept: false,
            })),
            None => Err(SourceError::NotPacked {
                what: format!("provenance object of `{}`", file.filename),
            }),
        }
    }

    fn contents(&self, index: &Url, file: &FileEntry) -> Result<WheelContents, SourceError> {
        let key = (index.to_string(), file.filename.as_str().to_owned());
        match self.wheels.get(&key) {
            Some(contents) if file.sha256.is_none_or(|it| it == contents.sha256) => {
                Ok(contents.clone())
            }
            Some(_) | None => Err(SourceError::NotPacked {
                what: format!("list of what is in `{}`", file.filename),
            }),
        }
    }
}

impl Pack {
    /// The same without what is in its wheels: nothing in a pack proves that, so whoever made it has to be believed.
    #[must_use]
    pub fn without_wheels(self) -> Self {
        let wheels = BTreeMap::new();
        Self { wheels, ..self }
    }
}

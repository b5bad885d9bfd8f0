//! Where an audit's facts come from: indexes over the network, or something that was kept of them.

use std::io;

use touchplate_attest::Sha256;
use touchplate_packaging::ProjectName;
use touchplate_packaging::archive::ArchiveError;
use url::Url;

use super::cache::Cache;
use super::contents::{MAX_WHEEL_BYTES, WheelContents};
use crate::fetch::{Agent, Announced, FetchError, FileEntry, Index, IndexError, Page};

/// Who is asked for pages and provenance.
pub trait Source: Sync {
    /// The page of a project.
    ///
    /// # Errors
    /// See [`SourceError`].
    fn page(&self, index: &Url, project: &ProjectName) -> Result<Page, SourceError>;

    /// The provenance object of a file with this digest; none if there is none. `anew`: what was kept before is of no use.
    ///
    /// # Errors
    /// See [`SourceError`].
    fn provenance(
        &self,
        index: &Url,
        file: &FileEntry,
        sha256: &Sha256,
        anew: bool,
    ) -> Result<Option<Found>, SourceError>;

    /// What is in a wheel, whose bytes have to be those that the index lists.
    ///
    /// # Errors
    /// See [`SourceError`].
    fn contents(&self, index: &Url, file: &FileEntry) -> Result<WheelContents, SourceError>;
}

/// A provenance object.
#[derive(Clone, Debug)]
pub struct Found {
    /// As it was served.
    pub bytes: Vec<u8>,
    /// Whether it was kept from before: then it is worth asking once more if it does not hold.
    pub is_kept: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The index gave none.
    #[error(transparent)]
    Index(IndexError),
    /// What was fetched is no wheel that can be read.
    #[error("the wheel cannot be read")]
    Wheel(#[source] ArchiveError),
    /// There is no room for what is to be fetched.
    #[error("there is no room for a file")]
    Room(#[source] io::Error),
    /// It is not in the pack.
    #[error("the pack has no {what}")]
    NotPacked {
        /// What was looked for.
        what: String,
    },
}

/// Indexes over the network, and what was kept of them in the user's cache.
#[derive(Debug)]
pub struct Online<'a> {
    agent: &'a Agent,
    cache: Option<Cache>,
}

impl<'a> Online<'a> {
    /// Asks through `agent`; provenance is kept in `cache`.
    pub fn new(agent: &'a Agent, cache: Option<Cache>) -> Self {
        Self { agent, cache }
    }
}

impl Source for Online<'_> {
    fn page(&self, index: &Url, project: &ProjectName) -> Result<Page, SourceError> {
        Ok(Index::new(self.agent, index).project(project)?)
    }

    fn provenance(
        &self,
        index: &Url,
        file: &FileEntry,
        sha256: &Sha256,
        anew: bool,
    ) -> Result<Option<Found>, SourceError> {
        // Only what is announced is looked up: an index that no longer says that there is provenance has none.
        let key = match &file.provenance {
            Announced::At(url) => Some((sha256, url)),
            Announced::Nowhere | Announced::Unusable(_) | Announced::Unsaid => None,
        };
        let kept = self.cache.as_ref().zip(key);
        if let (Some((cache, (sha256, url))), false) = (kept, anew)
            && let Some(bytes) = cache.read(sha256, url)
        {
            let is_kept = true;
            return Ok(Some(Found { bytes, is_kept }));
        }
        let document = Index::new(self.agent, index).provenance(file)?;
        Ok(document.map(|document| {
            if let Some((cache, (sha256, url))) = kept {
                cache.keep(sha256, url, &document.bytes);
            }
            Found {
                bytes: document.bytes,
                is_kept: false,
            }
        }))
    }
    /// The whole wheel is fetched: its digest is what is attested, and a part of it proves nothing.
    fn contents(&self, _index: &Url, file: &FileEntry) -> Result<WheelContents, SourceError> {
        let mut room = tempfile::tempfile().map_err(SourceError::Room)?;
        let limit = file.size.unwrap_or(MAX_WHEEL_BYTES).min(MAX_WHEEL_BYTES);
        let fetched = self
            .agent
            .download(&file.url, limit, &mut room, &mut |_| {})
            .map_err(IndexError::Fetch)?;
        if let Some(expected) = file.sha256.filter(|listed| *listed != fetched.sha256) {
            let (url, found) = (file.url.clone(), fetched.sha256);
            let error = FetchError::Digest {
                url,
                expected,
                found,
            };
            return Err(IndexError::Fetch(error).into());
        }
        WheelContents::read(&mut room, &file.filename, fetched.sha256).map_err(SourceError::Wheel)
    }
}

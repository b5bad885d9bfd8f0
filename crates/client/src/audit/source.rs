//! Where an audit's facts come from: indexes over the network, or something that was kept of them.

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use touchplate_attest::Sha256;
use touchplate_packaging::ProjectName;
use touchplate_packaging::archive::ArchiveError;
use url::Url;

use super::AT_ONCE;
use super::bulk::{self, BATCH, Doors, WORTH_ASKING};
use super::cache::Cache;
use super::contents::{MAX_WHEEL_BYTES, WheelContents};
use crate::crew;
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

    /// How many questions to a server it takes at once.
    fn at_once(&self, _url: &Url) -> usize {
        AT_ONCE
    }

    /// These files' provenance will be asked for: what has to be fetched for that is best fetched now, side by side.
    fn prepare(
        &self,
        _index: &Url,
        _files: &[(&FileEntry, Sha256)],
        _progress: &(dyn Fn(usize, usize) + Sync),
    ) {
    }

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
    doors: Doors,
    /// Fetched, and not asked for yet.
    held: Mutex<HashMap<Key, Result<Option<Found>, SourceError>>>,
}

/// A file's digest, and where its provenance is announced.
type Key = (Sha256, String);

/// None where the page says all there is to say.
fn key(file: &FileEntry, sha256: Sha256) -> Option<Key> {
    match &file.provenance {
        Announced::At(url) => Some((sha256, url.to_string())),
        Announced::Unsaid => Some((sha256, file.filename.to_string())),
        Announced::Nowhere | Announced::Unusable(_) => None,
    }
}

impl<'a> Online<'a> {
    /// Asks through `agent`; provenance is kept in `cache`.
    pub fn new(agent: &'a Agent, cache: Option<Cache>) -> Self {
        Self {
            agent,
            cache,
            doors: Doors::default(),
            held: Mutex::default(),
        }
    }

    /// Where a file's provenance is kept, or will be.
    fn kept_at<'f>(&self, file: &'f FileEntry) -> Option<(&Cache, &'f Url)> {
        // Only what is announced is looked up: an index that no longer says that there is provenance has none.
        match &file.provenance {
            Announced::At(url) => Some((self.cache.as_ref()?, url)),
            Announced::Nowhere | Announced::Unusable(_) | Announced::Unsaid => None,
        }
    }

    fn fetched(
        &self,
        index: &Url,
        file: &FileEntry,
        sha256: &Sha256,
    ) -> Result<Option<Found>, SourceError> {
        let document = Index::new(self.agent, index).provenance(file)?;
        Ok(document.map(|document| {
            if let Some((cache, url)) = self.kept_at(file) {
                cache.keep(sha256, url, &document.bytes);
            }
            Found {
                bytes: document.bytes,
                is_kept: false,
            }
        }))
    }

    /// Keeps an answer until it is asked for: its bytes only where they are not in the cache.
    fn hold(&self, file: &FileEntry, sha256: Sha256, answer: Result<Option<Found>, SourceError>) {
        let is_kept = self
            .kept_at(file)
            .is_some_and(|(cache, url)| cache.has(&sha256, url));
        if let (Some(key), false) = (key(file, sha256), is_kept && matches!(answer, Ok(Some(_)))) {
            // A thread that panicked did not leave the map half changed.
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.insert(key, answer);
        }
    }

    /// Asks for many in one question; those of which nothing came.
    fn in_bulk<'f>(
        &self,
        door: &Url,
        files: &[(&'f FileEntry, Sha256)],
    ) -> Vec<(&'f FileEntry, Sha256)> {
        let batches: Vec<_> = files.chunks(BATCH).collect();
        let left = crew::each(
            AT_ONCE,
            &batches,
            |_| true,
            |_, batch| {
                let digests: Vec<Sha256> = batch.iter().map(|(_, sha256)| *sha256).collect();
                let mut objects = bulk::ask(self.agent, door, &digests);
                let mut left = Vec::new();
                for &(file, sha256) in *batch {
                    let Some(bytes) = objects.remove(&(sha256, file.filename.to_string())) else {
                        left.push((file, sha256));
                        continue;
                    };
                    if let Some((cache, url)) = self.kept_at(file) {
                        cache.keep(&sha256, url, &bytes);
                    }
                    // If it does not hold, the index is asked once more, where its page says.
                    let is_kept = true;
                    self.hold(file, sha256, Ok(Some(Found { bytes, is_kept })));
                }
                left
            },
        );
        left.into_iter().flatten().flatten().collect()
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
        if anew {
            return self.fetched(index, file, sha256);
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = key(file, *sha256).and_then(|key| held.remove(&key));
        drop(held);
        if let Some(answer) = answer {
            return answer;
        }
        if let Some((cache, url)) = self.kept_at(file)
            && let Some(bytes) = cache.read(sha256, url)
        {
            let is_kept = true;
            return Ok(Some(Found { bytes, is_kept }));
        }
        self.fetched(index, file, sha256)
    }

    fn at_once(&self, url: &Url) -> usize {
        self.agent.at_once(url)
    }

    fn prepare(
        &self,
        index: &Url,
        files: &[(&FileEntry, Sha256)],
        progress: &(dyn Fn(usize, usize) + Sync),
    ) {
        let mut seen = HashSet::new();
        let mut missing: Vec<(&FileEntry, Sha256)> = Vec::new();
        for &(file, sha256) in files {
            let is_kept = self
                .kept_at(file)
                .is_some_and(|(cache, url)| cache.has(&sha256, url));
            let is_new = key(file, sha256).is_some_and(|key| seen.insert(key));
            if is_new && !is_kept {
                missing.push((file, sha256));
            }
        }
        if missing.len() >= WORTH_ASKING
            && let Some(door) = self.doors.of(self.agent, index)
        {
            missing = self.in_bulk(&door, &missing);
        }
        let first = missing
            .first()
            .and_then(|(file, _)| match &file.provenance {
                Announced::At(url) => Some(url),
                Announced::Nowhere | Announced::Unusable(_) | Announced::Unsaid => None,
            });
        let done = AtomicUsize::new(0);
        let fetched = crew::each(
            self.at_once(first.unwrap_or(index)),
            &missing,
            |_| true,
            |_, (file, sha256)| {
                let answer = self.fetched(index, file, sha256);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, missing.len());
                self.hold(file, *sha256, answer);
            },
        );
        drop(fetched);
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

//! A pack being made: a source that remembers what was asked of another.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256 as Sha2};
use touchplate_attest::Sha256;
use touchplate_packaging::ProjectName;
use url::Url;

use super::line::{
    Address, Head, Line, PackedAbsence, PackedObject, PackedPage, PackedWheel, VERSION,
};
use super::{ObjectKey, PackHead, WheelKey, key};
use crate::audit::contents::WheelContents;
use crate::audit::source::{Found, Source, SourceError};
use crate::fetch::{FileEntry, IndexError, Page};
use crate::trust_store::TrustExport;

/// Remembers what another source answers. That there is no such project is an answer; failures are none.
pub struct Recorder<'s> {
    source: &'s dyn Source,
    pages: Mutex<BTreeMap<(String, ProjectName), Option<Page>>>,
    objects: Mutex<BTreeMap<ObjectKey, Option<Vec<u8>>>>,
    wheels: Mutex<BTreeMap<WheelKey, WheelContents>>,
}

impl std::fmt::Debug for Recorder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Source for Recorder<'_> {
    fn page(&self, index: &Url, project: &ProjectName) -> Result<Page, SourceError> {
        let page = self.source.page(index, project);
        let known = match &page {
            Ok(page) => Some(page.clone()),
            Err(SourceError::Index(IndexError::NoProject { .. })) => None,
            Err(_) => return page,
        };
        // A thread that panicked did not leave the map half changed.
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.insert((index.to_string(), project.clone()), known);
        page
    }

    fn provenance(
        &self,
        index: &Url,
        file: &FileEntry,
        sha256: &Sha256,
        anew: bool,
    ) -> Result<Option<Found>, SourceError> {
        let found = self.source.provenance(index, file, sha256, anew)?;
        if let Some(key) = key(file, sha256) {
            let bytes = found.as_ref().map(|found| found.bytes.clone());
            let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
            objects.insert(key, bytes);
        }
        Ok(found)
    }

    fn at_once(&self, url: &Url) -> usize {
        self.source.at_once(url)
    }

    fn prepare(
        &self,
        index: &Url,
        files: &[(&FileEntry, Sha256)],
        progress: &(dyn Fn(usize, usize) + Sync),
    ) {
        self.source.prepare(index, files, progress);
    }

    fn contents(&self, index: &Url, file: &FileEntry) -> Result<WheelContents, SourceError> {
        let contents = self.source.contents(index, file)?;
        let key = (index.to_string(), file.filename.as_str().to_owned());
        let mut wheels = self.wheels.lock().unwrap_or_else(PoisonError::into_inner);
        wheels.insert(key, contents.clone());
        Ok(contents)
    }
}

impl<'s> Recorder<'s> {
    /// Nothing is remembered yet.
    pub fn new(source: &'s dyn Source) -> Self {
        Self {
            source,
            pages: Mutex::default(),
            objects: Mutex::default(),
            wheels: Mutex::default(),
        }
    }

    /// Writes what was remembered; returns the seal.
    ///
    /// # Errors
    /// It could not be written.
    pub fn write(
        self,
        head: &PackHead,
        trust: &TrustExport,
        out: impl Write,
    ) -> io::Result<Sha256> {
        let mut lines = Lines {
            out: GzEncoder::new(out, Compression::default()),
            hasher: Sha2::new(),
        };
        lines.line(&Line::TouchplatePack(Head {
            version: VERSION,
            made_at: head.made_at,
            index: head.index.clone().map(Address),
            default_index: head.default_index.clone().map(Address),
        }))?;
        lines.line(&Line::Trust(trust.to_json()))?;
        let pages = self.pages.into_inner();
        for ((index, project), page) in &pages.unwrap_or_else(PoisonError::into_inner) {
            lines.line(&match page {
                Some(page) => Line::Page(PackedPage::of(index, project, page)),
                None => Line::NoProject(PackedAbsence {
                    index: index.clone(),
                    project: project.clone(),
                }),
            })?;
        }
        let objects = self.objects.into_inner();
        for ((sha256, url), bytes) in objects.unwrap_or_else(PoisonError::into_inner) {
            // What is no text is no provenance object either, and stays one that cannot be read.
            let object = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            lines.line(&Line::Provenance(PackedObject {
                sha256,
                url,
                object,
            }))?;
        }
        let wheels = self.wheels.into_inner();
        for ((index, filename), wheel) in wheels.unwrap_or_else(PoisonError::into_inner) {
            lines.line(&Line::Wheel(PackedWheel::of(index, filename, wheel)))?;
        }
        lines.seal()
    }
}

/// Lines, and the digest of those so far.
struct Lines<W: Write> {
    out: GzEncoder<W>,
    hasher: Sha2,
}

impl<W: Write> Lines<W> {
    fn line(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.hasher.update(&text);
        self.out.write_all(&text)
    }

    fn seal(mut self) -> io::Result<Sha256> {
        let seal = Sha256::from_bytes(self.hasher.clone().finalize().into());
        self.line(&Line::Seal(seal))?;
        self.out.finish()?.flush()?;
        Ok(seal)
    }
}

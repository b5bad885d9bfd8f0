//! Search: what it is told of projects, and the index of its own that it keeps.

use std::ops::Range;

use async_trait::async_trait;
use jiff::Timestamp;
use touchplate_attest::Publisher;
use touchplate_packaging::{ProjectName, Version};

use super::{Project, ProjectId, Serial, StoreError};
use crate::search::{Document, Hit, Step};

/// What search is told of one project.
#[derive(Clone, Debug)]
pub struct CataloguedProject {
    /// The project.
    pub project: Project,
    /// Its releases that have files, in no particular order.
    pub releases: Vec<CataloguedRelease>,
    /// Who attested files of which release with an upload, once each, in no particular order.
    pub publishers: Vec<(Version, Publisher)>,
}

/// What search is told of one release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CataloguedRelease {
    /// Its version.
    pub version: Version,
    /// Whether it is yanked.
    pub yanked: bool,
    /// When its first file came.
    pub created_at: Timestamp,
    /// How many files it has.
    pub files: u32,
    /// How many of them have an attestation that their provenance object may have.
    pub attested: u32,
}

/// What one release says of itself, as far as it is searched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blurb {
    /// One line.
    pub summary: Option<String>,
    /// Keywords, one each.
    pub keywords: Vec<String>,
}

/// Tells search of the projects that anybody may find: public, not quarantined.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// Those of these projects that anybody may find, in no particular order.
    async fn named(&self, names: &[ProjectName]) -> Result<Vec<CataloguedProject>, StoreError>;

    /// At most `limit` of the projects that anybody may find, by name, those behind `after`.
    async fn behind(
        &self,
        after: Option<&ProjectName>,
        limit: u32,
    ) -> Result<Vec<CataloguedProject>, StoreError>;

    /// What each of these releases says of itself, in their order; empty for one that is gone.
    async fn blurbs(&self, releases: &[(ProjectId, Version)]) -> Result<Vec<Blurb>, StoreError>;
}

/// Names a set of documents; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetId(pub i64);

/// A set of documents, whole or being made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentSet {
    /// Its name.
    pub id: SetId,
    /// By which rules its documents were made.
    pub format: u32,
    /// The changes up to this one are in it, as far as it is filled.
    pub serial: Serial,
    /// How far it is filled.
    pub filled: Filled,
}

/// How far a set is filled, in the order of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filled {
    /// With projects up to this one; none yet.
    To(Option<ProjectName>),
    /// With all.
    Whole,
}

/// The sets there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentSets {
    /// The one that is searched.
    pub live: Option<DocumentSet>,
    /// The one that is made beside it.
    pub building: Option<DocumentSet>,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The page asked for, best first.
    pub hits: Vec<Hit>,
    /// How many there are, counted up to a bound.
    pub total: usize,
    /// Whether every project was looked at: not so while the first set is made.
    pub whole: bool,
}

/// Keeps documents under their words, and finds them. Several processes have it open at once: whatever changes a set names
/// the state of it that it saw, and changes nothing if another process was first.
#[async_trait]
pub trait SearchIndex: Send + Sync {
    /// The sets.
    async fn sets(&self) -> Result<DocumentSets, StoreError>;

    /// Begins a set unless one is begun; `serial` is the journal's head from before. False if one was.
    async fn begin(&self, format: u32, serial: Serial) -> Result<bool, StoreError>;

    /// Adds documents to a set that is being made, which is then filled as `to` says. False if it is not as `seen` any more.
    async fn fill(
        &self,
        seen: &DocumentSet,
        documents: &[Document],
        to: &Filled,
    ) -> Result<bool, StoreError>;

    /// Replaces documents by those of now, or takes them out, for the changes up to `to`. False if the set is not as `seen`
    /// any more.
    async fn follow(
        &self,
        seen: &DocumentSet,
        changes: &[(ProjectName, Option<Document>)],
        to: Serial,
    ) -> Result<bool, StoreError>;

    /// From now on the set `seen` is searched, and the one before is gone; in one step for whoever searches. False if the set
    /// is not as `seen` any more.
    async fn switch(&self, seen: &DocumentSet) -> Result<bool, StoreError>;

    /// Drops a set that is being made.
    async fn abandon(&self, set: SetId) -> Result<(), StoreError>;

    /// Finds by `steps`, one after the other, each in the order of [`Key`](crate::search::Key)s, every document once, `most` in
    /// all; lists those of `page`. From one state of the live set, or else of the one that is made; none: there is neither.
    async fn find(
        &self,
        steps: &[Step],
        most: usize,
        page: Range<usize>,
    ) -> Result<Option<Listed>, StoreError>;
}

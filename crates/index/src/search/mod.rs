//! Search: projects by name, by what they say of themselves, and by who built them. It has an index of its own, which follows
//! the journal, so that what is found and in which order does not depend on the database.

mod building;
mod document;
mod near;
mod query;
mod source;
mod steps;
mod words;

use std::sync::Arc;

use touchplate_packaging::ProjectName;

use crate::ports::{DocumentSets, Listed, SearchIndex, StoreError};
use crate::{Index, Ports};

pub use building::Progress;
pub use document::{Document, Key, Told, ToldRelease};
pub use query::{MAX_QUERY_CHARS, Query};
pub use source::Source;
pub use steps::{Match, Step, Term, Wanted, When};

/// Counted and listed at most. Who has a thousand answers needs another word, not a fiftieth page; and none costs more than
/// this many steps through a list.
pub const MAX_HITS: usize = 1000;

/// On a page.
pub const HITS_A_PAGE: usize = 20;

/// Suggested to somebody who is typing.
const MAX_SUGGESTIONS: usize = 8;

/// A project that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its name.
    pub name: ProjectName,
    /// Why it was found.
    pub matched: Match,
    /// What is told of it.
    pub told: Told,
}

/// A page of what was found.
#[derive(Clone, Debug)]
pub struct Results {
    /// The projects of the page, best first.
    pub hits: Vec<Hit>,
    /// How many were found; no more than [`MAX_HITS`] are.
    pub total: usize,
    /// Whether there may be more than `total`.
    pub more: bool,
    /// Which page it is, from 1.
    pub page: usize,
    /// How many pages there are.
    pub pages: usize,
    /// Whether every project was looked at: not so while the search index is made for the first time.
    pub whole: bool,
}

/// Searches: cheap to clone.
#[derive(Clone)]
pub struct Search {
    ports: Ports,
    kept: Arc<dyn SearchIndex>,
}

impl Search {
    /// Search of the projects of `index`, in `kept`.
    pub fn new(index: &Index, kept: Arc<dyn SearchIndex>) -> Self {
        Self {
            ports: index.ports.clone(),
            kept,
        }
    }

    /// Page `page`, from 1, of what a question finds. A page behind the last is empty.
    pub async fn find(&self, query: &Query, page: usize) -> Result<Results, StoreError> {
        let page = page.clamp(1, MAX_HITS / HITS_A_PAGE + 1);
        let from = (page - 1) * HITS_A_PAGE;
        let steps = steps::steps(query);
        let listed = self
            .kept
            .find(&steps, MAX_HITS + 1, from..from + HITS_A_PAGE);
        let Listed {
            mut hits,
            total,
            whole,
        } = listed.await?.unwrap_or(NOTHING);
        let counted = total.min(MAX_HITS);
        hits.truncate(counted.saturating_sub(from));
        Ok(Results {
            hits,
            total: counted,
            more: total > counted,
            page,
            pages: counted.div_ceil(HITS_A_PAGE).max(1),
            whole,
        })
    }

    /// Projects whose name may be meant by somebody who has typed so much of it.
    pub async fn suggest(&self, query: &Query) -> Result<Vec<Hit>, StoreError> {
        let steps = steps::names(query);
        let listed = self.kept.find(&steps, MAX_SUGGESTIONS, 0..MAX_SUGGESTIONS);
        Ok(listed.await?.unwrap_or(NOTHING).hits)
    }

    /// The sets of documents that are there.
    pub async fn sets(&self) -> Result<DocumentSets, StoreError> {
        self.kept.sets().await
    }
}

/// Of an index of which nothing was made yet.
const NOTHING: Listed = Listed {
    hits: Vec::new(),
    total: 0,
    whole: false,
};

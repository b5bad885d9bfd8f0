//! Keeping the search index up with the journal, and making it anew beside the one that is searched.
//!
//! Everything here is a small step that begins at a state which is kept with the documents and ends at the next. Whoever comes
//! takes the next step: a server, several, the command line, one that goes on after another was killed. Of two that take the
//! same step, one is too late and changes nothing. So there is no lock that could be left behind, and no clock.

use std::collections::BTreeSet;

use touchplate_packaging::ProjectName;

use super::Search;
use super::document::{Document, FORMAT, latest};
use crate::ports::{
    Blurb, CataloguedProject, DocumentSet, DocumentSets, Filled, Serial, StoreError,
};

/// Journal rows followed in one step. A row is an upload or the like; a step of so many takes a few hundredths of a second,
/// for which other writers of the search index wait.
const FOLLOWED_AT_ONCE: u32 = 200;

/// Projects added in one step, for the same reason.
const FILLED_AT_ONCE: u32 = 500;

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The index is whole and knows every change that was made before.
    UpToDate,
    /// It followed the journal, and not to its end.
    Followed,
    /// It began, continued or ended making the index anew.
    Building,
}

impl Search {
    /// Takes one step: follows the journal, and goes on with what is being made. Searching goes on meanwhile.
    pub async fn advance(&self) -> Result<Progress, StoreError> {
        let sets = self.kept.sets().await?;
        // After the sets: no serial in them can be ahead of it, unless the database is an older one than they were made of.
        let head = self.ports.journal.head().await?;
        let more = match &sets.live {
            Some(live) if live.format == FORMAT && live.serial < head => self.follow(live).await?,
            Some(_) | None => false,
        };
        if self.build(&sets, head).await? {
            return Ok(Progress::Building);
        }
        Ok(if more {
            Progress::Followed
        } else {
            Progress::UpToDate
        })
    }

    /// Takes steps until the index is whole and knows every change that was made before. It does not run after those that are made
    /// meanwhile: where uploads to a project with thousands of releases follow each other, it would never end, and take the
    /// processor that they need.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        while self.advance().await? != Progress::UpToDate {}
        Ok(())
    }

    /// Begins to make the index anew; false if that was begun before.
    pub async fn rebuild(&self) -> Result<bool, StoreError> {
        let head = self.ports.journal.head().await?;
        self.kept.begin(FORMAT, head).await
    }

    async fn build(&self, sets: &DocumentSets, head: Serial) -> Result<bool, StoreError> {
        let Some(set) = &sets.building else {
            // Newer rules than ours: a newer process made it, and keeps it up.
            let stands = |live: &DocumentSet| live.format >= FORMAT && live.serial <= head;
            return match sets.live.as_ref().is_some_and(stands) {
                true => Ok(false),
                false => self.kept.begin(FORMAT, head).await,
            };
        };
        if set.format > FORMAT {
            return Ok(false);
        }
        if set.format < FORMAT || set.serial > head {
            self.kept.abandon(set.id).await?;
        } else if let Filled::To(name) = &set.filled {
            self.fill(set, name.as_ref()).await?;
        } else if set.serial < head {
            self.follow(set).await?;
        } else {
            self.kept.switch(set).await?;
        }
        Ok(true)
    }

    async fn fill(&self, set: &DocumentSet, after: Option<&ProjectName>) -> Result<(), StoreError> {
        let found = self.ports.catalogue.behind(after, FILLED_AT_ONCE).await?;
        let last = found.last().map(|it| it.project.name.clone());
        let to = if found.len() < FILLED_AT_ONCE as usize {
            Filled::Whole
        } else {
            Filled::To(last)
        };
        let documents = self.documents(&found).await?;
        self.kept.fill(set, &documents, &to).await?;
        Ok(())
    }

    /// Follows the journal; whether there may be more of it.
    async fn follow(&self, set: &DocumentSet) -> Result<bool, StoreError> {
        let journal = &self.ports.journal;
        let rows = journal.after(set.serial, FOLLOWED_AT_ONCE).await?;
        let Some(to) = rows.last().map(|row| row.serial) else {
            return Ok(false);
        };
        let more = rows.len() == FOLLOWED_AT_ONCE as usize;
        let changed: BTreeSet<ProjectName> =
            rows.into_iter().filter_map(|row| row.project).collect();
        let changed: Vec<ProjectName> = changed.into_iter().collect();
        // Read after the rows: it is at least as new as they are.
        let found = self.ports.catalogue.named(&changed).await?;
        let mut documents = self.documents(&found).await?;
        let changes: Vec<_> = changed
            .into_iter()
            .map(|name| {
                let there = documents.iter().position(|it| it.name == name);
                (name, there.map(|at| documents.swap_remove(at)))
            })
            .collect();
        let was_first = self.kept.follow(set, &changes, to).await?;
        // Whoever came second does not know how far the first one came.
        Ok(more || !was_first)
    }

    async fn documents(&self, of: &[CataloguedProject]) -> Result<Vec<Document>, StoreError> {
        let release =
            |it: &CataloguedProject| Some((it.project.id, latest(&it.releases)?.version.clone()));
        let releases: Vec<_> = of.iter().filter_map(release).collect();
        let mut blurbs = self.ports.catalogue.blurbs(&releases).await?.into_iter();
        let document = |project: &CataloguedProject| {
            let blurb = match project.releases.is_empty() {
                true => None,
                false => blurbs.next(),
            };
            Document::new(project, &blurb.unwrap_or_else(Blurb::default))
        };
        Ok(of.iter().map(document).collect())
    }
}

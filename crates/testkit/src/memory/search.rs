//! The search index: every document is looked at for every question.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use touchplate_index::ports::{
    DocumentSet, DocumentSets, Filled, Listed, SearchIndex, Serial, SetId, StoreError,
};
use touchplate_index::search::{Document, Hit, Match, Step, Term, Wanted, When};
use touchplate_packaging::ProjectName;

/// A search index in memory.
#[derive(Default)]
pub struct SearchMemory {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sets: DocumentSets,
    begun: i64,
    live: Vec<Document>,
    building: Vec<Document>,
}

impl SearchMemory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SearchIndex for SearchMemory {
    async fn sets(&self) -> Result<DocumentSets, StoreError> {
        Ok(self.state().sets.clone())
    }

    async fn begin(&self, format: u32, serial: Serial) -> Result<bool, StoreError> {
        let mut state = self.state();
        if state.sets.building.is_some() {
            return Ok(false);
        }
        state.begun += 1;
        state.sets.building = Some(DocumentSet {
            id: SetId(state.begun),
            format,
            serial,
            filled: Filled::To(None),
        });
        Ok(true)
    }

    async fn fill(
        &self,
        seen: &DocumentSet,
        documents: &[Document],
        to: &Filled,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        if state.sets.building.as_ref() != Some(seen) {
            return Ok(false);
        }
        state.building.extend_from_slice(documents);
        let filled = to.clone();
        state.sets.building = Some(DocumentSet {
            filled,
            ..seen.clone()
        });
        Ok(true)
    }

    async fn follow(
        &self,
        seen: &DocumentSet,
        changes: &[(ProjectName, Option<Document>)],
        to: Serial,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let State {
            sets,
            live,
            building,
            ..
        } = &mut *state;
        let (set, documents) = if sets.live.as_ref() == Some(seen) {
            (&mut sets.live, live)
        } else if sets.building.as_ref() == Some(seen) {
            (&mut sets.building, building)
        } else {
            return Ok(false);
        };
        *set = Some(DocumentSet {
            serial: to,
            ..seen.clone()
        });
        for (name, document) in changes {
            documents.retain(|it| it.name != *name);
            documents.extend(document.clone());
        }
        Ok(true)
    }

    async fn switch(&self, seen: &DocumentSet) -> Result<bool, StoreError> {
        let mut state = self.state();
        if state.sets.building.as_ref() != Some(seen) || seen.filled != Filled::Whole {
            return Ok(false);
        }
        state.sets.live = state.sets.building.take();
        state.live = std::mem::take(&mut state.building);
        Ok(true)
    }

    async fn abandon(&self, set: SetId) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.sets.building.as_ref().is_some_and(|it| it.id == set) {
            state.sets.building = None;
            state.building.clear();
        }
        Ok(())
    }

    async fn find(
        &self,
        steps: &[Step],
        most: usize,
        page: Range<usize>,
    ) -> Result<Option<Listed>, StoreError> {
        let state = self.state();
        let whole = state.sets.live.is_some();
        let mut documents = match (whole, &state.sets.building) {
            (true, _) => state.live.clone(),
            (false, Some(_)) => state.building.clone(),
            (false, None) => return Ok(None),
        };
        documents.sort_by(|one, other| (one.key, &one.name).cmp(&(other.key, &other.name)));
        let mut hits: Vec<Hit> = Vec::new();
        for step in steps {
            let taken = match step.when {
                When::Always => true,
                When::WithoutName => hits.iter().all(|hit| hit.matched != Match::Name),
                When::Below(count) => hits.len() < count,
            };
            for document in documents.iter().filter(|it| taken && has(it, &step.wanted)) {
                if hits.len() < most && hits.iter().all(|hit| hit.name != document.name) {
                    hits.push(Hit {
                        name: document.name.clone(),
                        matched: step.matched,
                        told: document.told.clone(),
                    });
                }
            }
        }
        let total = hits.len();
        let hits = hits.into_iter().skip(page.start).take(page.len()).collect();
        Ok(Some(Listed { hits, total, whole }))
    }
}

fn has(document: &Document, wanted: &Wanted) -> bool {
    let term = |wanted: &Term| match wanted {
        Term::Is(word) => document.terms.contains(word),
        Term::Begins(word) => document
            .terms
            .iter()
            .any(|it| it.starts_with(word.as_str())),
    };
    match wanted {
        Wanted::All(all) => all.iter().all(|any| any.iter().any(term)),
        Wanted::Spelled(names) => names.contains(&document.squashed),
    }
}

//! Rendered pages that are kept.

use async_trait::async_trait;
use touchplate_index::ports::{KeptPage, KeptPages, PageName, StoreError};
use touchplate_index::projects::Visibility;

use super::{Memory, State};

impl State {
    fn shows_page(&self, name: PageName<'_>, page: &KeptPage) -> bool {
        self.project(name.project).is_some_and(|project| {
            project.visibility == Visibility::Public && project.serial == page.serial
        })
    }
}

#[async_trait]
impl KeptPages for Memory {
    async fn keep(&self, name: PageName<'_>, page: &KeptPage) -> Result<bool, StoreError> {
        let mut state = self.state();
        if !state.shows_page(name, page) {
            return Ok(false);
        }
        let Some(project) = state.project(name.project).map(|project| project.id) else {
            return Ok(false);
        };
        let kept = (name.made_by.to_owned(), page.clone());
        state.kept.insert((project, name.shape.to_owned()), kept);
        Ok(true)
    }

    async fn kept(&self, name: PageName<'_>) -> Result<Option<KeptPage>, StoreError> {
        let state = self.state();
        let Some(project) = state.project(name.project).map(|project| project.id) else {
            return Ok(None);
        };
        let kept = state.kept.get(&(project, name.shape.to_owned()));
        let kept =
            kept.filter(|(made_by, page)| made_by == name.made_by && state.shows_page(name, page));
        Ok(kept.map(|(_, page)| page.clone()))
    }

    async fn forget_stale(&self) -> Result<u64, StoreError> {
        let mut state = self.state();
        let before = state.kept.len();
        let mut kept = std::mem::take(&mut state.kept);
        kept.retain(|(project, _), (_, page)| {
            state.project_by_id(*project).is_some_and(|project| {
                project.visibility == Visibility::Public && project.serial == page.serial
            })
        });
        state.kept = kept;
        Ok((before - state.kept.len()) as u64)
    }
}

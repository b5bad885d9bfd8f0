//! Configured publishers.

use async_trait::async_trait;
use touchplate_attest::{PinnedIds, Publisher};
use touchplate_index::Origin;
use touchplate_index::ports::{
    AddPublisherError, ProjectId, PublisherId, Publishers, StoreError, StoredPublisher,
};
use touchplate_index::trusted_publishing::{RatchetKind, Terms};
use touchplate_packaging::ProjectName;

use super::Memory;

#[async_trait]
impl Publishers for Memory {
    async fn add(
        &self,
        origin: &Origin,
        project: &ProjectName,
        publisher: &Publisher,
        terms: &Terms,
    ) -> Result<PublisherId, AddPublisherError> {
        let mut state = self.state();
        let owner = state
            .project(project)
            .ok_or_else(|| AddPublisherError::NoSuchProject(project.clone()))?
            .id;
        if state.publishers.iter().any(|(p, stored)| {
            *p == owner && stored.publisher.unique_key() == publisher.unique_key()
        }) {
            return Err(AddPublisherError::Exists(project.clone()));
        }
        if publisher.environment().is_none()
            && state.stands(owner, RatchetKind::EnvironmentRequired)
        {
            return Err(AddPublisherError::NoEnvironment(project.clone()));
        }
        let id = PublisherId(state.next());
        state.publishers.push((
            owner,
            StoredPublisher {
                id,
                publisher: publisher.clone(),
                ids: PinnedIds::default(),
                terms: terms.clone(),
            },
        ));
        state.note(origin, "add publisher", Some(project));
        Ok(id)
    }

    async fn remove(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(owner) = state.project(project).map(|p| p.id) else {
            return Ok(false);
        };
        let before = state.publishers.len();
        state
            .publishers
            .retain(|(p, stored)| !(*p == owner && stored.id == id));
        let removed = state.publishers.len() < before;
        if removed {
            state.note(origin, "remove publisher", Some(project));
        }
        Ok(removed)
    }

    async fn repin(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
        ids: &PinnedIds,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(owner) = state.project(project).map(|p| p.id) else {
            return Ok(false);
        };
        let mut publishers = state.publishers.iter_mut();
        let Some((_, stored)) = publishers.find(|(p, stored)| *p == owner && stored.id == id)
        else {
            return Ok(false);
        };
        stored.ids = ids.clone();
        state.note(origin, "repin publisher", Some(project));
        Ok(true)
    }

    async fn list(&self, project: ProjectId) -> Result<Vec<StoredPublisher>, StoreError> {
        let state = self.state();
        Ok(state
            .publishers
            .iter()
            .filter(|(p, _)| *p == project)
            .map(|(_, stored)| stored.clone())
            .collect())
    }

    async fn candidates(
        &self,
        project: ProjectId,
        keys: &[String],
    ) -> Result<Vec<StoredPublisher>, StoreError> {
        let mut list = self.list(project).await?;
        list.retain(|stored| keys.contains(&stored.publisher.lookup_key()));
        Ok(list)
    }
}

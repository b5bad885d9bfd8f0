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
        limit: Option<u32>,
    ) -> Result<StoredPublisher, AddPublisherError> {
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
        let of_project = state.publishers.iter().filter(|(p, _)| *p == owner);
        if limit.is_some_and(|limit| of_project.count() >= limit as usize) {
            return Err(AddPublisherError::TooMany(project.clone()));
        }
        let known = publisher.numbered().and_then(|name| {
            let known = state.known_numbers.get(&(owner.0, name));
            known.cloned()
        });
        let stored = StoredPublisher {
            id: PublisherId(state.next()),
            publisher: publisher.clone(),
            ids: known.unwrap_or_default(),
            terms: terms.clone(),
        };
        state.publishers.push((owner, stored.clone()));
        state.note(origin, "add publisher", Some(project));
        Ok(stored)
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
        let mut publishers = state.publishers.iter();
        let Some(at) = publishers.position(|(p, stored)| *p == owner && stored.id == id) else {
            return Ok(false);
        };
        let (_, removed) = state.publishers.remove(at);
        if !removed.ids.is_empty() {
            state.remember(owner, &removed.publisher, &removed.ids);
        }
        state.note(origin, "remove publisher", Some(project));
        Ok(true)
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
        if state.publisher(owner, id).is_none() {
            return Ok(false);
        }
        state.pin(owner, id, ids);
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

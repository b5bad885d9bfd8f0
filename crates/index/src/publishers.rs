//! Configured publishers: who may vouch for a project's files.

use touchplate_attest::{PinnedIds, Publisher};
use touchplate_packaging::ProjectName;

use crate::Index;
use crate::origin::Origin;
use crate::ports::{AddPublisherError, PublisherId, StoredPublisher};
use crate::projects::ReadError;
use crate::trusted_publishing::Terms;

impl Index {
    /// Adds a publisher to a project.
    pub async fn add_publisher(
        &self,
        origin: &Origin,
        project: &ProjectName,
        publisher: &Publisher,
    ) -> Result<PublisherId, AddPublisherError> {
        let terms = Terms::default();
        self.add_publisher_on(origin, project, publisher, &terms)
            .await
    }

    /// Adds a publisher to a project, on terms.
    pub async fn add_publisher_on(
        &self,
        origin: &Origin,
        project: &ProjectName,
        publisher: &Publisher,
        terms: &Terms,
    ) -> Result<PublisherId, AddPublisherError> {
        let publishers = &self.ports.publishers;
        let added = publishers.add(origin, project, publisher, terms, None);
        Ok(added.await?.id)
    }

    /// Sets a publisher's terms.
    pub async fn set_publisher_terms(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
        terms: &Terms,
    ) -> Result<(), ReadError> {
        let set = self.ports.trusted.set_terms(origin, project, id, terms);
        if set.await? {
            Ok(())
        } else {
            Err(ReadError::NotFound)
        }
    }

    /// Removes a publisher. What it vouched for keeps its provenance.
    pub async fn remove_publisher(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
    ) -> Result<(), ReadError> {
        if self.ports.publishers.remove(origin, project, id).await? {
            Ok(())
        } else {
            Err(ReadError::NotFound)
        }
    }

    /// Pins a publisher to these numbers of repository and owner; with none, to those of the next attestation that it makes.
    pub async fn repin_publisher(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
        ids: &PinnedIds,
    ) -> Result<(), ReadError> {
        let repinned = self.ports.publishers.repin(origin, project, id, ids);
        if repinned.await? {
            Ok(())
        } else {
            Err(ReadError::NotFound)
        }
    }

    /// The publishers of a project, oldest first.
    pub async fn publishers(
        &self,
        project: &ProjectName,
    ) -> Result<Vec<StoredPublisher>, ReadError> {
        let project = self
            .ports
            .projects
            .by_name(project)
            .await?
            .ok_or(ReadError::NotFound)?;
        Ok(self.ports.publishers.list(project.id).await?)
    }
}

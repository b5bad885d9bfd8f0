//! Configured publishers.

use async_trait::async_trait;
use touchplate_attest::Publisher;
use touchplate_packaging::ProjectName;

use super::{ProjectId, StoreError};
use crate::origin::Origin;

/// A publisher's row number; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublisherId(pub i64);

/// A publisher as configured.
#[derive(Clone, Debug)]
pub struct StoredPublisher {
    /// Its row.
    pub id: PublisherId,
    /// Who may publish.
    pub publisher: Publisher,
}

/// Why a publisher was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddPublisherError {
    /// There is no such project.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectName),
    /// The project has it already.
    #[error("the project `{0}` has this publisher already")]
    Exists(ProjectName),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Publishers of projects.
#[async_trait]
pub trait Publishers: Send + Sync {
    /// Adds a publisher to a project; one that equals it in wire form is there once.
    async fn add(
        &self,
        origin: &Origin,
        project: &ProjectName,
        publisher: &Publisher,
    ) -> Result<PublisherId, AddPublisherError>;

    /// Removes a publisher from a project; false when it is not there. What it vouched for keeps its provenance.
    async fn remove(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
    ) -> Result<bool, StoreError>;

    /// All publishers of a project, oldest first.
    async fn list(&self, project: ProjectId) -> Result<Vec<StoredPublisher>, StoreError>;

    /// The publishers of a project whose lookup key is among `keys`. Cost does not grow with the number of others.
    async fn candidates(
        &self,
        project: ProjectId,
        keys: &[String],
    ) -> Result<Vec<StoredPublisher>, StoreError>;
}

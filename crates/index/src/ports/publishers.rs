//! Configured publishers.

use async_trait::async_trait;
use touchplate_attest::{OtherIds, PinnedIds, Publisher};
use touchplate_packaging::ProjectName;

use super::{ProjectId, StoreError};
use crate::origin::Origin;
use crate::trusted_publishing::Terms;

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
    /// The numbers of its repository and owner, as the first accepted attestation showed them.
    pub ids: PinnedIds,
    /// What the project grants it.
    pub terms: Terms,
}

/// A publisher's names mean another account or repository than when it was first seen: the name was registered anew, or
/// the repository was deleted and made again. Only an operator can say that this is as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the attestation is by {publisher} in name, not by number; if that is meant to be so, the operator runs \
     `touchplate admin publisher repin --project {project} {} --forget-ids`", .id.0
)]
pub struct PinnedElsewhere {
    /// The project.
    pub project: ProjectName,
    /// The publisher's row.
    pub id: PublisherId,
    /// The publisher in words.
    pub publisher: String,
    /// Both sets of numbers.
    pub source: OtherIds,
}

impl StoredPublisher {
    /// Holds the numbers of an attestation by this publisher against those that are pinned; returns what is pinned from
    /// now on.
    pub fn held_to(
        &self,
        project: &ProjectName,
        found: &PinnedIds,
    ) -> Result<PinnedIds, Box<PinnedElsewhere>> {
        self.ids.check_ids(found).map_err(|source| {
            Box::new(PinnedElsewhere {
                project: project.clone(),
                id: self.id,
                publisher: self.publisher.describe(),
                source,
            })
        })
    }
}

/// Why a publisher was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddPublisherError {
    /// There is no such project.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectName),
    /// The project takes publishers with an environment alone.
    #[error(
        "the project `{0}` takes publishers with an environment alone (its ratchet environment-required)"
    )]
    NoEnvironment(ProjectName),
    /// The project has it already.
    #[error("the project `{0}` has this publisher already")]
    Exists(ProjectName),
    /// The project has as many as it may.
    #[error("the project `{0}` has as many publishers as it may")]
    TooMany(ProjectName),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Publishers of projects.
#[async_trait]
pub trait Publishers: Send + Sync {
    /// Adds a publisher to a project; one that nobody could tell from it ([`Publisher::unique_key`]) is there once. Where a
    /// publisher of the same repository ([`Publisher::numbered`]) was pinned in this project, it is pinned from the start to
    /// the numbers that were seen last. With a limit, a project that has as many takes no more.
    async fn add(
        &self,
        origin: &Origin,
        project: &ProjectName,
        publisher: &Publisher,
        terms: &Terms,
        limit: Option<u32>,
    ) -> Result<StoredPublisher, AddPublisherError>;

    /// Removes a publisher from a project; false when it is not there. What it vouched for keeps its provenance, and the
    /// project keeps its numbers.
    async fn remove(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
    ) -> Result<bool, StoreError>;

    /// Pins a publisher of a project to these numbers, none of them to forget those that are pinned, for those that are
    /// added later too; false when it is not there.
    async fn repin(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
        ids: &PinnedIds,
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

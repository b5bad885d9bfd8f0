//! What was released lately.

use async_trait::async_trait;
use jiff::Timestamp;
use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{DisplayName, ProjectName, Version};

use super::{ProjectId, StoreError};

/// A release, as a list of the latest tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseNews {
    /// Of which project.
    pub project: ProjectName,
    /// The project's name as it is shown.
    pub display: DisplayName,
    /// Which version.
    pub version: Version,
    /// What the release says of itself in a sentence.
    pub summary: Option<String>,
    /// When its first file came.
    pub released_at: Timestamp,
    /// When its last file came.
    pub changed_at: Timestamp,
    /// Whether it was taken back.
    pub yanked: Yanked,
    /// How many files it has, one or more.
    pub files: u32,
    /// How many of them came with attestations.
    pub attested: u32,
    /// The repository that all its attestations name, if they name one and the same.
    pub built_from: Option<String>,
}

/// Lists the latest releases.
#[async_trait]
pub trait News: Send + Sync {
    /// The latest releases with files, of one project or of all: at most `limit`, the newest first. None of projects that
    /// are not public, or that are quarantined. Where most of an index is not public, older ones may be left out.
    async fn latest(
        &self,
        of: Option<ProjectId>,
        limit: u32,
    ) -> Result<Vec<ReleaseNews>, StoreError>;
}

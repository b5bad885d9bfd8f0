//! What was released lately, for the front page and the feeds.

use touchplate_packaging::ProjectName;

use crate::Index;
use crate::accounts::Reader;
use crate::ports::{Project, ReleaseNews, StoreError};
use crate::projects::ReadError;

/// Entries of a feed. Readers ask every hour or so; an index that has more releases in that time is followed by its journal.
const FEED_ENTRIES: u32 = 40;

impl Index {
    /// The latest releases of public projects, at most `limit`, the newest first.
    pub async fn latest_releases(&self, limit: u32) -> Result<Vec<ReleaseNews>, StoreError> {
        self.ports.news.latest(None, limit).await
    }

    /// What the index's feed has.
    pub async fn feed(&self) -> Result<Vec<ReleaseNews>, StoreError> {
        self.latest_releases(FEED_ENTRIES).await
    }

    /// What a public project's feed has. Others have none, whoever asks: a feed reader carries no credentials.
    pub async fn project_feed(
        &self,
        name: &ProjectName,
    ) -> Result<(Project, Vec<ReleaseNews>), ReadError> {
        let project = self.project(&Reader::Anonymous, name).await?;
        let of = Some(project.id);
        let releases = self.ports.news.latest(of, FEED_ENTRIES).await?;
        Ok((project, releases))
    }
}

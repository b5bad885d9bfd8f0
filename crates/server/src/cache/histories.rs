//! How projects' releases are judged. A file's page tells one line of it, and that takes reading all of its project: the pages
//! of one project's files share it.

use std::sync::Arc;

use moka::policy::EvictionPolicy;
use touchplate_index::Index;
use touchplate_index::ports::StoreError;
use touchplate_packaging::ProjectName;
use touchplate_policy::history::History;

use super::Moment;

/// Releases known. Each takes about a kilobyte, most of it who built it.
const MAX_RELEASES: u64 = 16 << 10;

/// The histories.
pub(super) struct Histories(moka::future::Cache<(ProjectName, Moment), Arc<History>>);

impl Histories {
    pub(super) fn new() -> Self {
        let weigh = |_: &(ProjectName, Moment), history: &Arc<History>| {
            u32::try_from(history.releases().len().saturating_add(1)).unwrap_or(u32::MAX)
        };
        let kept = moka::future::Cache::builder()
            .max_capacity(MAX_RELEASES)
            .weigher(weigh)
            // As of pages: what the moment has left behind must not outlive what followed it.
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self(kept)
    }

    /// The history of a project as it is at `moment`, or just now; an empty one of a project that is not there. It says
    /// nothing of who may see it.
    pub(super) async fn of(
        &self,
        index: &Index,
        moment: Option<Moment>,
        project: &ProjectName,
    ) -> Result<Arc<History>, StoreError> {
        let read = async {
            let found = index.history_of(project).await?;
            Ok::<_, StoreError>(Arc::new(found.map(|it| it.history).unwrap_or_default()))
        };
        let Some(moment) = moment else {
            return read.await;
        };
        // Once, however many ask at the same time.
        let found = self.0.try_get_with((project.clone(), moment), read).await;
        found.map_err(|cause| StoreError::new("read a project's history", cause))
    }
}

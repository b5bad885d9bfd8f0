//! The files of projects, as anybody may see them: so that a download asks the database once for a project, not for each file.

use std::sync::Arc;

use moka::policy::EvictionPolicy;
use touchplate_index::Index;
use touchplate_index::files::{FoundFile, PublicFiles};
use touchplate_index::projects::ReadError;
use touchplate_packaging::{Filename, ProjectName, Sha256};

use super::Moment;

/// Files known. Each takes about a kilobyte.
const MAX_FILES: u64 = 32 << 10;

/// A project with more files than this is asked for one file at a time: after each of its uploads, reading all of them
/// again would cost more than it saves.
const MAX_FILES_OF_PROJECT: usize = 256;

/// The files of projects.
pub(super) struct Listed {
    projects: moka::future::Cache<(ProjectName, Moment), Arc<PublicFiles>>,
    /// Projects with too many.
    large: moka::sync::Cache<ProjectName, ()>,
}

/// Large projects remembered: as many as anybody has.
const MAX_LARGE: u64 = 10_000;

impl Listed {
    pub(super) fn new() -> Self {
        let weigh = |_: &(ProjectName, Moment), files: &Arc<PublicFiles>| {
            u32::try_from(files.len().saturating_add(1)).unwrap_or(u32::MAX)
        };
        let projects = moka::future::Cache::builder()
            .max_capacity(MAX_FILES)
            .weigher(weigh)
            // As of pages: what the moment has left behind must not outlive what followed it.
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let large = moka::sync::Cache::new(MAX_LARGE);
        Self { projects, large }
    }

    /// The file of that name with that digest, of a project as it is at `moment`. None says nothing: whoever asks then asks
    /// the index.
    pub(super) async fn file(
        &self,
        index: &Index,
        moment: Moment,
        filename: &Filename,
        digest: &Sha256,
    ) -> Option<Arc<FoundFile>> {
        let project = filename.project();
        if self.large.contains_key(project) {
            return None;
        }
        let read = async {
            let files = match index.public_files(project).await {
                // What nobody in particular may see is asked for once, too.
                Err(ReadError::NotFound) => PublicFiles::default(),
                files => files.ok()?,
            };
            if files.len() > MAX_FILES_OF_PROJECT {
                self.large.insert(project.clone(), ());
                return None;
            }
            Some(Arc::new(files))
        };
        // Once, however many ask at the same time.
        let key = (project.clone(), moment);
        let files = self.projects.optionally_get_with(key, read).await?;
        files.file(filename, digest)
    }
}

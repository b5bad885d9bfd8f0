//! What was released lately.

use std::collections::BTreeSet;

use async_trait::async_trait;
use touchplate_index::ports::{News, ProjectId, ReleaseNews, StoreError};
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;

use super::{File, Memory, State, StoredRelease};

#[async_trait]
impl News for Memory {
    async fn latest(
        &self,
        of: Option<ProjectId>,
        limit: u32,
    ) -> Result<Vec<ReleaseNews>, StoreError> {
        let state = self.state();
        let releases = state.releases.iter().rev();
        let asked = releases.filter(|release| of.is_none_or(|of| of == release.project));
        let told = asked.filter_map(|release| told(&state, release));
        Ok(told.take(limit as usize).collect())
    }
}

fn told(state: &State, release: &StoredRelease) -> Option<ReleaseNews> {
    let project = state.project_by_id(release.project)?;
    if project.visibility != Visibility::Public || project.status == ProjectStatus::Quarantined {
        return None;
    }
    let files: Vec<&File> = state
        .files
        .iter()
        .filter(|file| file.release == release.id)
        .collect();
    let attested = files.iter().filter(|file| !file.attestations.is_empty());
    let named: BTreeSet<Option<String>> = files
        .iter()
        .flat_map(|file| &file.attestations)
        .map(|(_, attestation)| attestation.record.claims.source_repository_uri.clone())
        .collect();
    Some(ReleaseNews {
        project: project.name.clone(),
        display: project.display.clone(),
        version: release.release.version.clone(),
        summary: release.metadata.summary.clone(),
        released_at: release.release.created_at,
        changed_at: files.iter().map(|file| file.stored.uploaded_at).max()?,
        yanked: release.release.yanked.clone(),
        files: u32::try_from(files.len()).expect("memory holds fewer files"),
        attested: u32::try_from(attested.count()).expect("memory holds fewer files"),
        built_from: named
            .first()
            .filter(|_| named.len() == 1)
            .cloned()
            .flatten(),
    })
}

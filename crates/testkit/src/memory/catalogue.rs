//! What search is told of projects.

use std::collections::HashMap;

use async_trait::async_trait;
use touchplate_index::ports::{
    Blurb, Catalogue, CataloguedProject, CataloguedRelease, Project, ProjectId, StoreError,
};
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_packaging::{ProjectName, Version};

use super::{Memory, State, StoredRelease, served};

#[async_trait]
impl Catalogue for Memory {
    async fn named(&self, names: &[ProjectName]) -> Result<Vec<CataloguedProject>, StoreError> {
        let state = self.state();
        let named = |it: &&Project| names.contains(&it.name) && is_findable(it);
        let projects = state.projects.iter().filter(named);
        Ok(projects.map(|it| state.catalogued(it)).collect())
    }

    async fn behind(
        &self,
        after: Option<&ProjectName>,
        limit: u32,
    ) -> Result<Vec<CataloguedProject>, StoreError> {
        let state = self.state();
        let behind = |it: &&Project| after.is_none_or(|name| it.name > *name) && is_findable(it);
        let mut projects: Vec<&Project> = state.projects.iter().filter(behind).collect();
        projects.sort_by(|one, other| one.name.cmp(&other.name));
        let first = projects.into_iter().take(limit as usize);
        Ok(first.map(|it| state.catalogued(it)).collect())
    }

    async fn blurbs(&self, releases: &[(ProjectId, Version)]) -> Result<Vec<Blurb>, StoreError> {
        let state = self.state();
        let blurb = |(project, version): &(ProjectId, Version)| {
            let is = |it: &&StoredRelease| it.project == *project && it.release.version == *version;
            let release = state.releases.iter().find(is);
            release.map_or_else(Blurb::default, |it| Blurb {
                summary: it.metadata.summary.clone(),
                keywords: it.metadata.keywords.clone(),
            })
        };
        Ok(releases.iter().map(blurb).collect())
    }
}

fn is_findable(project: &Project) -> bool {
    project.visibility == Visibility::Public && project.status != ProjectStatus::Quarantined
}

impl State {
    fn catalogued(&self, project: &Project) -> CataloguedProject {
        let mut releases: HashMap<i64, CataloguedRelease> = HashMap::new();
        let mut publishers = Vec::new();
        for file in self.files.iter().filter(|it| it.project == project.id) {
            let Some(of) = self.releases.iter().find(|it| it.id == file.release) else {
                continue;
            };
            let release = releases.entry(of.id).or_insert_with(|| CataloguedRelease {
                version: of.release.version.clone(),
                yanked: of.release.yanked != Yanked::No,
                created_at: of.release.created_at,
                files: 0,
                attested: 0,
            });
            release.files += 1;
            release.attested += u32::from(served(file) > 0);
            for (_, attestation) in &file.attestations {
                let one = (of.release.version.clone(), attestation.publisher.clone());
                if !publishers.contains(&one) {
                    publishers.push(one);
                }
            }
        }
        CataloguedProject {
            project: project.clone(),
            releases: releases.into_values().collect(),
            publishers,
        }
    }
}

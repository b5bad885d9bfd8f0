//! Projects.

use async_trait::async_trait;
use touchplate_index::Origin;
use touchplate_index::accounts::{MadeFor, UserName};
use touchplate_index::ports::{
    ChangeError, CreateProjectError, NewProject, Project, ProjectId, ProjectListing, Projects,
    Quota, SeenProject, Serial, StoreError, Usage, Viewer,
};
use touchplate_index::projects::Visibility;
use touchplate_packaging::ProjectName;
use touchplate_packaging::simple::ProjectStatus;

use super::Memory;

#[async_trait]
impl Projects for Memory {
    async fn create(
        &self,
        origin: &Origin,
        new: &NewProject,
    ) -> Result<Project, CreateProjectError> {
        let mut state = self.state();
        let id = state.insert_project(origin, new)?;
        state.note(origin, "create project", Some(&new.display.normalised()));
        Ok(state
            .project_by_id(id)
            .cloned()
            .expect("it was inserted above"))
    }

    async fn by_name(&self, name: &ProjectName) -> Result<Option<Project>, StoreError> {
        Ok(self.state().project(name).cloned())
    }

    async fn seen(
        &self,
        name: &ProjectName,
        viewer: Viewer<'_>,
    ) -> Result<Option<SeenProject>, StoreError> {
        let state = self.state();
        Ok(state.seen(name, viewer).map(|project| SeenProject {
            project: project.clone(),
            role: match viewer {
                Viewer::User(user) => state.role(user.as_str(), project.id),
                Viewer::Index | Viewer::Anybody => None,
            },
        }))
    }

    async fn list_public(&self) -> Result<Vec<ProjectListing>, StoreError> {
        let state = self.state();
        let listed = |p: &&Project| {
            p.visibility == Visibility::Public && p.status != ProjectStatus::Quarantined
        };
        let mut list: Vec<_> = state
            .projects
            .iter()
            .filter(listed)
            .map(|p| ProjectListing {
                name: p.name.clone(),
                display: p.display.clone(),
                serial: p.serial,
            })
            .collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(list)
    }

    async fn seen_by(
        &self,
        user: Option<&UserName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Project, bool)>, StoreError> {
        let state = self.state();
        let is_member = |project: &Project| {
            let role = user.and_then(|user| state.role(user.as_str(), project.id));
            role.is_some()
        };
        let seen = |(project, is_member): &(Project, bool)| match project.visibility {
            Visibility::Public => true,
            Visibility::Internal => user.is_some(),
            Visibility::Private => *is_member,
        };
        let mut found: Vec<(Project, bool)> = state
            .projects
            .iter()
            .filter(|project| after.is_none_or(|after| project.name.as_str() > after))
            .map(|project| (project.clone(), is_member(project)))
            .filter(seen)
            .collect();
        found.sort_by(|one, two| one.0.name.as_str().cmp(two.0.name.as_str()));
        found.truncate(limit);
        Ok(found)
    }

    async fn set_status(
        &self,
        origin: &Origin,
        name: &ProjectName,
        status: ProjectStatus,
        reason: Option<&str>,
        since: Option<Serial>,
    ) -> Result<(), ChangeError> {
        let mut state = self.state();
        state.unchanged(name, since)?;
        let project = state.projects.iter_mut().find(|p| p.name == *name);
        let project = project.ok_or(ChangeError::NotFound)?;
        project.status = status;
        project.status_reason = reason.map(str::to_owned);
        state.note(origin, "set status", Some(name));
        Ok(())
    }

    async fn set_visibility(
        &self,
        origin: &Origin,
        name: &ProjectName,
        visibility: Visibility,
        since: Option<Serial>,
    ) -> Result<(), ChangeError> {
        let mut state = self.state();
        state.unchanged(name, since)?;
        let project = state.projects.iter_mut().find(|p| p.name == *name);
        project.ok_or(ChangeError::NotFound)?.visibility = visibility;
        state.note(origin, "set visibility", Some(name));
        Ok(())
    }

    async fn set_quota(
        &self,
        origin: &Origin,
        name: &ProjectName,
        quota: Quota,
    ) -> Result<(), ChangeError> {
        let mut state = self.state();
        state.unchanged(name, None)?;
        let id = state.project(name).map(|project| project.id.0);
        state.quotas.insert(id.ok_or(ChangeError::NotFound)?, quota);
        state.note(origin, "set quota", Some(name));
        Ok(())
    }

    async fn usage(&self, project: ProjectId) -> Result<Option<Usage>, StoreError> {
        let state = self.state();
        let there = state.projects.iter().any(|it| it.id == project);
        Ok(there.then(|| state.usage(project)))
    }

    async fn delete(&self, origin: &Origin, name: &ProjectName) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(id) = state.project(name).map(|p| p.id) else {
            return Ok(false);
        };
        state.note(origin, "delete project", Some(name));
        state.projects.retain(|p| p.id != id);
        state.quotas.remove(&id.0);
        state.releases.retain(|r| r.project != id);
        state.files.retain(|f| f.project != id);
        state.publishers.retain(|(project, _)| *project != id);
        state.attesters.retain(|(project, _)| *project != id);
        state.roles.retain(|(project, _), _| *project != id.0);
        state.tokens.retain(|(_, project)| *project != Some(id));
        for (token, _) in &mut state.tokens {
            if let MadeFor::Reading(Some(some)) = &mut token.made_for {
                some.remove(name);
            }
        }
        Ok(true)
    }
}

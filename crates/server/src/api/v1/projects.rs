//! `/api/v1/projects`: the projects that a reader may see, and one of them.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use touchplate_index::history::ProjectHistory;
use touchplate_index::ports::Project;
use touchplate_index::{Reader, projects::ReadError};
use touchplate_packaging::{ProjectName, Version};

use super::history::ReleaseProvenance;
use super::paging::{Paging, listed};
use super::{JSON, VERSION, told};
use crate::api::answer;
use crate::app::App;
use crate::cache::{PageKey, Rendered};
use crate::extract::{ProjectPath, Reading};
use crate::problem::Problem;

/// A project, without what is in it.
#[derive(Serialize)]
pub(super) struct ProjectTold<'k> {
    project: &'k ProjectName,
    /// As its latest upload spelled it.
    display: &'k str,
    visibility: &'static str,
    status: &'static str,
    status_reason: Option<&'k str>,
    /// The journal's number of its last change.
    serial: u64,
    created_at: Timestamp,
}

impl<'k> ProjectTold<'k> {
    fn of(project: &'k Project) -> Self {
        Self {
            project: &project.name,
            display: project.display.as_str(),
            visibility: project.visibility.as_str(),
            status: project.status.as_str(),
            status_reason: project.status_reason.as_deref(),
            serial: project.serial.0,
            created_at: project.created_at,
        }
    }
}

#[derive(Serialize)]
struct ProjectsTold<'k> {
    version: u32,
    projects: Vec<ProjectTold<'k>>,
    next: Option<&'k str>,
}

#[derive(Serialize)]
struct WholeTold<'k> {
    version: u32,
    #[serde(flatten)]
    project: ProjectTold<'k>,
    /// What an installer would take; null where there is nothing.
    latest: Option<LatestTold<'k>>,
    /// Those that have files.
    releases: usize,
    files: usize,
    /// Bytes of all files.
    size: u64,
}

#[derive(Serialize)]
struct LatestTold<'k> {
    release: &'k Version,
    created_at: Timestamp,
    provenance: Option<ReleaseProvenance<'k>>,
}

impl<'k> WholeTold<'k> {
    fn of(found: &'k ProjectHistory) -> Self {
        let latest = found.latest().map(|release| {
            let judged = found.history.release(&release.version);
            LatestTold {
                release: &release.version,
                created_at: release.created_at,
                provenance: judged.map(ReleaseProvenance::of),
            }
        });
        let files = &found.facts.files;
        let add = |sum: u64, size: u64| sum.saturating_add(size);
        Self {
            version: VERSION,
            project: ProjectTold::of(&found.facts.project),
            latest,
            releases: found.with_files().count(),
            files: files.len(),
            size: files.iter().map(|file| file.size).fold(0, add),
        }
    }
}

/// `GET /api/v1/projects`: by name.
pub(crate) async fn list(
    State(app): State<App>,
    Reading(reader): Reading,
    paging: Paging,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = paging.cursor.as_deref();
    // One more, to see whether there is more.
    let seen = app.index.projects(&reader, after, paging.limit + 1).await;
    let seen = seen.map_err(ReadError::from)?;
    let (projects, next) = paging.page(seen, |project| project.name.to_string());
    let told = ProjectsTold {
        version: VERSION,
        projects: projects.iter().map(ProjectTold::of).collect(),
        next: next.as_deref(),
    };
    let public = matches!(reader, Reader::Anonymous);
    Ok(listed(&told, public, told.next, &uri, &headers))
}

/// `GET /api/v1/projects/{project}`.
pub(crate) async fn one(
    State(app): State<App>,
    Reading(reader): Reading,
    ProjectPath { name, .. }: ProjectPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = PageKey::KnownProject(name.clone());
    let (index, name) = (&app.index, &name);
    let render = |reader| async move {
        let found = index.project_history(&reader, name).await?;
        let public = found.facts.project.is_public();
        Ok(Rendered::new(
            told::json(&WholeTold::of(&found)),
            None,
            public,
        ))
    };
    let page = app.cache.page(key, &reader, render).await?;
    Ok(answer::page(&page, JSON, &headers))
}

//! The JSON API: what dashboards, dependency robots and old scripts read of a project or a release
//! (`reference/index-behaviour.md` §6.2), with what it lacks at PyPI: each file's provenance and its publishers.

mod info;
mod told;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use touchplate_index::Reader;
use touchplate_index::history::ProjectHistory;
use touchplate_index::ports::ReleaseMetadata;
use touchplate_index::projects::ReadError;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_packaging::{ProjectName, Version};

use super::answer;
use crate::app::App;
use crate::cache::{PageKey, Rendered};
use crate::extract::{ProjectPath, Reading, ReleasePath};
use crate::problem::Problem;
use crate::routes::Public;
use told::{Page, Places};

/// `GET /pypi/{project}/json`: the latest release, and the files of all.
pub(crate) async fn project(
    State(app): State<App>,
    Reading(reader): Reading,
    path: Result<ProjectPath, Problem>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = path.map_err(Problem::in_message)?;
    if let Some(mut elsewhere) = path.respelled("/pypi/", "json", &uri) {
        elsewhere.extensions_mut().insert(Public);
        return Ok(elsewhere);
    }
    answered(&app, &reader, path.name, None, &headers).await
}

/// `GET /pypi/{project}/{version}/json`: one release. Its version in any spelling.
pub(crate) async fn release(
    State(app): State<App>,
    Reading(reader): Reading,
    path: Result<ReleasePath, Problem>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = path.map_err(Problem::in_message)?;
    if let Some(mut elsewhere) = path.respelled("/pypi/", "json", &uri) {
        elsewhere.extensions_mut().insert(Public);
        return Ok(elsewhere);
    }
    let version = Some(path.version);
    answered(&app, &reader, path.project, version, &headers).await
}

async fn answered(
    app: &App,
    reader: &Reader,
    project: ProjectName,
    version: Option<Version>,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let key = PageKey::Json {
        project: project.clone(),
        version: version.clone(),
    };
    let (project, version) = (&project, version.as_ref());
    let render = |reader| async move {
        let found = app.index.project_history(&reader, project).await?;
        page(app, &found, version).await
    };
    let page = app.cache.page(key, reader, render).await;
    let page = page.map_err(Problem::in_message)?;
    Ok(answer::page(&page, "application/json", headers))
}

async fn page(
    app: &App,
    found: &ProjectHistory,
    version: Option<&Version>,
) -> Result<Rendered, ReadError> {
    let project = &found.facts.project;
    // As at PyPI: what nobody should install is not described either.
    if project.status == ProjectStatus::Quarantined {
        return Err(ReadError::NotFound);
    }
    let release = match version {
        Some(version) => found.with_files().find(|it| it.version == *version),
        None => found.latest(),
    };
    let release = release.ok_or(ReadError::NotFound)?;
    let ReleaseMetadata { metadata, .. } =
        app.index.release_metadata(found, &release.version).await?;
    let places = Places {
        url: &app.url,
        links: &app.links,
        publishers: found.publishers_of(),
        forms: app.index.forms_of(found).await?,
    };
    let page = Page::of(found, release, &metadata, &places, version.is_none());
    let serial = Some(project.serial.0);
    Ok(Rendered::new(page.to_json(), serial, project.is_public()))
}

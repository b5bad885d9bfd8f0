//! `…/downloads`: how often something was downloaded, about; counted when it is asked for.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use touchplate_index::downloads::DownloadCount;
use touchplate_index::projects::ReadError;
use touchplate_packaging::ProjectName;

use super::told::FileTold;
use super::{JSON, VERSION, told};
use crate::api::answer;
use crate::app::App;
use crate::cache::Rendered;
use crate::extract::{ProjectPath, Reading, ReleaseFilePath};
use crate::problem::Problem;

#[derive(Serialize)]
struct CountTold<T: Serialize> {
    version: u32,
    #[serde(flatten)]
    of: T,
    /// Since this was first counted.
    ever: u64,
    /// Today and in the 29 days before.
    last_30_days: u64,
    counted_at: Timestamp,
}

#[derive(Serialize)]
struct OfProject<'k> {
    project: &'k ProjectName,
}

fn counted<T: Serialize>(of: T, count: DownloadCount, counted_at: Timestamp) -> CountTold<T> {
    CountTold {
        version: VERSION,
        of,
        ever: count.ever,
        last_30_days: count.lately,
        counted_at,
    }
}

/// `GET /api/v1/projects/{project}/downloads`: of all its files.
pub(crate) async fn of_project(
    State(app): State<App>,
    Reading(reader): Reading,
    ProjectPath { name, .. }: ProjectPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let project = app.index.project(&reader, &name).await?;
    let count = app.index.downloads_of_project(&project, now).await;
    let count = count.map_err(ReadError::from)?;
    let told = counted(OfProject { project: &name }, count, now);
    let page = Rendered::new(told::json(&told), None, project.is_public());
    Ok(answer::page(&page, JSON, &headers))
}

/// `GET /api/v1/projects/{project}/{version}/{filename}/downloads`: of one file.
pub(crate) async fn of_file(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ReleaseFilePath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let ReleaseFilePath {
        project,
        version,
        filename,
    } = path;
    let found = app.index.file_in(&reader, &project, &version, &filename);
    let found = found.await?;
    let count = app.index.downloads_of_file(found.file.id, now).await;
    let count = count.map_err(ReadError::from)?;
    let told = counted(FileTold::of(&found.project, &found.file), count, now);
    let page = Rendered::new(told::json(&told), None, found.is_public());
    Ok(answer::page(&page, JSON, &headers))
}

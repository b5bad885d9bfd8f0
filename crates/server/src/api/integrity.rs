//! The Integrity API: a file's provenance object (PEP 740; `reference/index-behaviour.md` §6.1).

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use touchplate_index::projects::Visibility;

use super::answer;
use crate::app::App;
use crate::cache::{PageKey, Rendered};
use crate::extract::accept::Accept;
use crate::extract::{Reading, ReleaseFilePath};
use crate::problem::Problem;

/// `GET /integrity/{project}/{version}/{filename}/provenance`. Name and version in any spelling, the filename exactly.
pub(crate) async fn provenance(
    State(app): State<App>,
    Reading(reader): Reading,
    headers: HeaderMap,
    path: Result<ReleaseFilePath, Problem>,
) -> Result<Response, Problem> {
    const INTEGRITY: &str = "application/vnd.pypi.integrity.v1+json";
    const JSON: &str = "application/json";
    let content_type = Accept::of(&headers)
        .prefer(&[(INTEGRITY, INTEGRITY), (JSON, JSON)])
        .ok_or_else(|| {
            Problem::saying(StatusCode::NOT_ACCEPTABLE, "Request not acceptable").in_message()
        })?;
    let ReleaseFilePath {
        project,
        version,
        filename,
    } = path.map_err(Problem::in_message)?;
    let key = PageKey::Provenance {
        project: project.clone(),
        version: version.clone(),
        filename: filename.clone(),
    };
    let (index, project, version, filename) = (&app.index, &project, &version, &filename);
    let render = |reader| async move {
        let provenance = index
            .provenance(&reader, project, version, filename)
            .await?;
        let visibility = index.project(&reader, project).await?.visibility;
        Ok(Rendered::new(
            provenance.to_json(),
            None,
            visibility == Visibility::Public,
        ))
    };
    let page = app
        .cache
        .page(key, &reader, render)
        .await
        .map_err(Problem::in_message)?;
    let mut response = answer::page(&page, content_type, &headers);
    answer::varies_by_accept(&mut response);
    Ok(response)
}

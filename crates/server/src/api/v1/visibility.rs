//! `/api/v1/projects/{project}/visibility`: who may see a project.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use touchplate_index::managing::MAX_MANAGED_BYTES;
use touchplate_index::ports::Project;
use touchplate_index::projects::Visibility;
use touchplate_packaging::ProjectName;

use super::body::CallersJson;
use super::{JSON, VERSION, conditions, told};
use crate::api::answer;
use crate::app::App;
use crate::cache::Rendered;
use crate::extract::{Calling, ProjectPath, Reading};
use crate::problem::Problem;

#[derive(Serialize)]
struct VisibilityTold<'k> {
    version: u32,
    project: &'k ProjectName,
    visibility: &'static str,
}

impl<'k> VisibilityTold<'k> {
    fn of(project: &'k Project) -> Self {
        Self {
            version: VERSION,
            project: &project.name,
            visibility: project.visibility.as_str(),
        }
    }
}

/// `GET …/visibility`.
pub(crate) async fn get(
    State(app): State<App>,
    Reading(reader): Reading,
    ProjectPath { name, .. }: ProjectPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let project = app.index.project(&reader, &name).await?;
    let told = told::json(&VisibilityTold::of(&project));
    let page = Rendered::new(told, None, project.is_public());
    Ok(answer::page(&page, JSON, &headers))
}

/// `PUT …/visibility`: from now on these see it, in every process within a second.
pub(crate) async fn put(
    State(app): State<App>,
    headers: HeaderMap,
    path: Result<ProjectPath, Problem>,
    CallersJson { calling, json }: CallersJson<MAX_MANAGED_BYTES>,
) -> Result<Response, Problem> {
    let name = path?.name;
    let visibility = Visibility::parse(&json)?;
    let Calling { caller, origin } = &calling;
    let mut project = app.index.with_visibility_to_set(caller, &name).await?;
    let conditional = conditions::check(&VisibilityTold::of(&project), &headers)?;
    let since = conditional.then_some(project.serial);
    app.index
        .set_visibility_by(origin, caller, &name, visibility, since)
        .await?;
    app.cache.catch_up().await;
    project.visibility = visibility;
    let told = told::json(&VisibilityTold::of(&project));
    Ok(([(header::CONTENT_TYPE, JSON)], told).into_response())
}

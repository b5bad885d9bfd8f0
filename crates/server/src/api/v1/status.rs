//! `/api/v1/projects/{project}/status`: what a project's owner says of its future (PEP 792).

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use touchplate_index::managing::{MAX_MANAGED_BYTES, StatusAsked};
use touchplate_index::ports::Project;
use touchplate_packaging::ProjectName;

use super::body::CallersJson;
use super::{JSON, VERSION, conditions, told};
use crate::api::answer;
use crate::app::App;
use crate::cache::Rendered;
use crate::extract::{Calling, ProjectPath, Reading};
use crate::problem::Problem;

#[derive(Serialize)]
struct StatusTold<'k> {
    version: u32,
    project: &'k ProjectName,
    status: &'static str,
    reason: Option<&'k str>,
}

impl<'k> StatusTold<'k> {
    fn of(project: &'k Project) -> Self {
        Self {
            version: VERSION,
            project: &project.name,
            status: project.status.as_str(),
            reason: project.status_reason.as_deref(),
        }
    }
}

/// `GET …/status`.
pub(crate) async fn get(
    State(app): State<App>,
    Reading(reader): Reading,
    ProjectPath { name, .. }: ProjectPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let project = app.index.project(&reader, &name).await?;
    let told = told::json(&StatusTold::of(&project));
    let page = Rendered::new(told, None, project.is_public());
    Ok(answer::page(&page, JSON, &headers))
}

/// `PUT …/status`: this one, with this reason, in place of what it has.
pub(crate) async fn put(
    State(app): State<App>,
    headers: HeaderMap,
    path: Result<ProjectPath, Problem>,
    CallersJson { calling, json }: CallersJson<MAX_MANAGED_BYTES>,
) -> Result<Response, Problem> {
    let name = path?.name;
    let asked = StatusAsked::parse(&json)?;
    let Calling { caller, origin } = &calling;
    let mut project = app.index.with_status_to_set(caller, &name).await?;
    let conditional = conditions::check(&StatusTold::of(&project), &headers)?;
    let since = conditional.then_some(project.serial);
    app.index
        .set_status_by(origin, caller, &name, &asked, since)
        .await?;
    app.cache.catch_up().await;
    project.status = asked.status();
    project.status_reason = asked.reason().map(str::to_owned);
    let told = told::json(&StatusTold::of(&project));
    Ok(([(header::CONTENT_TYPE, JSON)], told).into_response())
}

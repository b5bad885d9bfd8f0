//! `/api/v1/projects/{project}/attesters`: whom a project expects beside its publishers.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use touchplate_index::Reader;
use touchplate_index::attesters::{Attester, Authority, MAX_ATTESTER_BYTES};
use touchplate_index::ports::{AttesterId, PutAttester};
use touchplate_index::projects::ReadError;
use touchplate_packaging::ProjectName;

use super::JSON;
use super::body::CallersJson;
use super::told::{self, AttesterTold, AttestersTold};
use crate::api::answer;
use crate::app::App;
use crate::cache::{PageKey, Rendered};
use crate::extract::{AttesterPath, Calling, ProjectPath, Reading};
use crate::problem::Problem;

/// `GET …/attesters`: all of them.
pub(crate) async fn list(
    State(app): State<App>,
    Reading(reader): Reading,
    ProjectPath { name, .. }: ProjectPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (index, key) = (&app.index, PageKey::Attesters(name.clone()));
    let name = &name;
    let render = |reader| async move {
        let (project, attesters) = index.attesters(&reader, name).await?;
        let told = told::json(&AttestersTold::of(&project, &attesters));
        Ok(Rendered::new(told, None, project.is_public()))
    };
    let page = app.cache.page(key, &reader, render).await?;
    Ok(answer::page(&page, JSON, &headers))
}

/// `GET …/attesters/{id}`: one of them.
pub(crate) async fn one(
    State(app): State<App>,
    Reading(reader): Reading,
    AttesterPath { project, id }: AttesterPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let page = told_one(&app, &reader, &project, id).await?;
    Ok(answer::page(&page, JSON, &headers))
}

async fn told_one(
    app: &App,
    reader: &Reader,
    project: &ProjectName,
    id: AttesterId,
) -> Result<Rendered, ReadError> {
    let (project, attesters) = app.index.attesters(reader, project).await?;
    let found = attesters.iter().find(|stored| stored.id == id);
    let found = found.ok_or(ReadError::NotFound)?;
    let told = told::json(&AttesterTold::of(id.0, &found.attester));
    Ok(Rendered::new(told, None, project.is_public()))
}

/// `PUT …/attesters`: there shall be this attester. 201 where it is new, 200 where one of its role and identity was there:
/// its predicate types are then as given.
pub(crate) async fn put(
    State(app): State<App>,
    path: Result<ProjectPath, Problem>,
    CallersJson { calling, json }: CallersJson<MAX_ATTESTER_BYTES>,
) -> Result<Response, Problem> {
    let project = path?.name;
    let attester = Attester::parse(&json)?;
    let Calling { caller, origin } = &calling;
    let outcome = app
        .index
        .put_attester(origin, Authority::Token(caller), &project, &attester)
        .await?;
    app.cache.catch_up().await;
    let status = match outcome {
        PutAttester::Added(_) => StatusCode::CREATED,
        PutAttester::Changed(_) | PutAttester::Unchanged(_) => StatusCode::OK,
    };
    let id = outcome.id().0;
    let location = format!("/api/v1/projects/{project}/attesters/{id}");
    let body = told::json(&AttesterTold::of(id, &attester));
    let headers = [
        (header::CONTENT_TYPE, JSON.to_owned()),
        (header::LOCATION, location),
    ];
    Ok((status, headers, body).into_response())
}

/// `PUT …/attesters/{id}`: that attester shall be this.
pub(crate) async fn replace(
    State(app): State<App>,
    path: Result<AttesterPath, Problem>,
    CallersJson { calling, json }: CallersJson<MAX_ATTESTER_BYTES>,
) -> Result<Response, Problem> {
    let AttesterPath { project, id } = path?;
    let attester = Attester::parse(&json)?;
    let Calling { caller, origin } = &calling;
    app.index
        .replace_attester(origin, Authority::Token(caller), &project, id, &attester)
        .await?;
    app.cache.catch_up().await;
    let body = told::json(&AttesterTold::of(id.0, &attester));
    Ok(([(header::CONTENT_TYPE, JSON)], body).into_response())
}

/// `DELETE …/attesters/{id}`. What it vouched for stays.
pub(crate) async fn remove(
    State(app): State<App>,
    Calling { caller, origin }: Calling,
    AttesterPath { project, id }: AttesterPath,
) -> Result<StatusCode, Problem> {
    app.index
        .remove_attester(&origin, Authority::Token(&caller), &project, id)
        .await?;
    app.cache.catch_up().await;
    Ok(StatusCode::NO_CONTENT)
}

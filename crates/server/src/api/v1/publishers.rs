//! `/api/v1/projects/{project}/publishers`: who publishes a project's files, for its members alone.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use touchplate_index::managing::{MAX_MANAGED_BYTES, ManageError, PublisherOnTerms};
use touchplate_index::trusted_publishing::Terms;

use super::body::CallersJson;
use super::told::{self, PublisherTold, PublishersTold};
use super::{JSON, to_members};
use crate::app::App;
use crate::extract::{Calling, ProjectPath, PublisherPath};
use crate::problem::Problem;

/// `GET …/publishers`: all of them.
pub(crate) async fn list(
    State(app): State<App>,
    Calling { caller, .. }: Calling,
    ProjectPath { name, .. }: ProjectPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let publishers = app.index.publishers_by(&caller, &name).await?;
    Ok(to_members(
        &PublishersTold::of(&name, &publishers),
        &headers,
    ))
}

/// `GET …/publishers/{id}`: one of them.
pub(crate) async fn one(
    State(app): State<App>,
    Calling { caller, .. }: Calling,
    PublisherPath { project, id }: PublisherPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let publishers = app.index.publishers_by(&caller, &project).await?;
    let found = publishers.iter().find(|stored| stored.id == id);
    let found = found.ok_or(ManageError::NoSuchPublisher { project, id })?;
    Ok(to_members(&PublisherTold::of(found), &headers))
}

/// `POST …/publishers`: one more.
pub(crate) async fn add(
    State(app): State<App>,
    path: Result<ProjectPath, Problem>,
    CallersJson { calling, json }: CallersJson<MAX_MANAGED_BYTES>,
) -> Result<Response, Problem> {
    let project = path?.name;
    let added = PublisherOnTerms::parse(&json)?;
    let Calling { caller, origin } = &calling;
    let stored = app
        .index
        .add_publisher_by(origin, caller, &project, &added)
        .await?;
    app.cache.catch_up().await;
    let location = format!("/api/v1/projects/{project}/publishers/{}", stored.id.0);
    let headers = [
        (header::CONTENT_TYPE, JSON.to_owned()),
        (header::LOCATION, location),
    ];
    let body = told::json(&PublisherTold::of(&stored));
    Ok((StatusCode::CREATED, headers, body).into_response())
}

/// `PUT …/publishers/{id}/terms`: in place of those that it has.
pub(crate) async fn set_terms(
    State(app): State<App>,
    path: Result<PublisherPath, Problem>,
    CallersJson { calling, json }: CallersJson<MAX_MANAGED_BYTES>,
) -> Result<Response, Problem> {
    let PublisherPath { project, id } = path?;
    let terms = Terms::parse(&json)?;
    let Calling { caller, origin } = &calling;
    let stored = app
        .index
        .set_terms_by(origin, caller, &project, id, &terms)
        .await?;
    app.cache.catch_up().await;
    let body = told::json(&PublisherTold::of(&stored));
    Ok(([(header::CONTENT_TYPE, JSON)], body).into_response())
}

/// `DELETE …/publishers/{id}`. What it vouched for keeps its provenance; the tokens minted for it end.
pub(crate) async fn remove(
    State(app): State<App>,
    Calling { caller, origin }: Calling,
    PublisherPath { project, id }: PublisherPath,
) -> Result<StatusCode, Problem> {
    app.index
        .remove_publisher_by(&origin, &caller, &project, id)
        .await?;
    app.cache.catch_up().await;
    Ok(StatusCode::NO_CONTENT)
}

//! `/api/v1/projects/{project}/ratchets`: what a project asks of its uploads. They turn one way; the way back is the
//! operator's.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use touchplate_index::managing::MAX_MANAGED_BYTES;
use touchplate_index::trusted_publishing::Ratchet;

use super::body::CallersJson;
use super::told::{self, RatchetsTold};
use super::{JSON, to_members};
use crate::app::App;
use crate::extract::{Calling, ProjectPath};
use crate::problem::Problem;

/// `GET …/ratchets`: those that are turned.
pub(crate) async fn list(
    State(app): State<App>,
    Calling { caller, .. }: Calling,
    ProjectPath { name, .. }: ProjectPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ratchets = app.index.ratchets_by(&caller, &name).await?;
    Ok(to_members(&RatchetsTold::of(&name, &ratchets), &headers))
}

/// `PUT …/ratchets`: this one is turned from now on. 200 with all of them, also where it stood so.
pub(crate) async fn turn(
    State(app): State<App>,
    path: Result<ProjectPath, Problem>,
    CallersJson { calling, json }: CallersJson<MAX_MANAGED_BYTES>,
) -> Result<Response, Problem> {
    let project = path?.name;
    let ratchet = Ratchet::parse(&json)?;
    let Calling { caller, origin } = &calling;
    let ratchets = app
        .index
        .turn_ratchet_by(origin, caller, &project, ratchet)
        .await?;
    app.cache.catch_up().await;
    let body = told::json(&RatchetsTold::of(&project, &ratchets));
    Ok(([(header::CONTENT_TYPE, JSON)], body).into_response())
}

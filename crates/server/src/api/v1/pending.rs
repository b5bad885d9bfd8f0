//! `/api/v1/pending-publishers`: who may create projects for the caller by a first mint. Each sees and changes their own.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use touchplate_index::managing::{MAX_MANAGED_BYTES, PendingAsked};

use super::body::CallersJson;
use super::told::{self, AllPendingTold, PendingTold};
use super::{JSON, to_members};
use crate::app::App;
use crate::extract::{Calling, PendingPath};
use crate::problem::Problem;

/// `GET /api/v1/pending-publishers`: all of the caller's.
pub(crate) async fn list(
    State(app): State<App>,
    Calling { caller, .. }: Calling,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pending = app.index.pending_publishers_by(&caller).await?;
    Ok(to_members(&AllPendingTold::of(&pending), &headers))
}

/// `GET /api/v1/pending-publishers/{id}`: one of them.
pub(crate) async fn one(
    State(app): State<App>,
    Calling { caller, .. }: Calling,
    PendingPath(id): PendingPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let pending = app.index.pending_publisher_by(&caller, id).await?;
    Ok(to_members(&PendingTold::of(&pending), &headers))
}

/// `POST /api/v1/pending-publishers`: one more.
pub(crate) async fn add(
    State(app): State<App>,
    CallersJson { calling, json }: CallersJson<MAX_MANAGED_BYTES>,
) -> Result<Response, Problem> {
    let asked = PendingAsked::parse(&json)?;
    let Calling { caller, origin } = &calling;
    let stored = app
        .index
        .add_pending_publisher_by(origin, caller, &asked)
        .await?;
    let location = format!("/api/v1/pending-publishers/{}", stored.id.0);
    let headers = [
        (header::CONTENT_TYPE, JSON.to_owned()),
        (header::LOCATION, location),
    ];
    let body = told::json(&PendingTold::of(&stored));
    Ok((StatusCode::CREATED, headers, body).into_response())
}

/// `DELETE /api/v1/pending-publishers/{id}`.
pub(crate) async fn remove(
    State(app): State<App>,
    Calling { caller, origin }: Calling,
    PendingPath(id): PendingPath,
) -> Result<StatusCode, Problem> {
    app.index
        .remove_pending_publisher_by(&origin, &caller, id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `/api/v1/read-tokens`: the tokens for reading that a user made for themselves.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde::Serialize;
use touchplate_index::accounts::MadeFor;
use touchplate_index::managing::{MAX_MANAGED_BYTES, ReadTokenAsked};
use touchplate_index::ports::StoredToken;
use touchplate_packaging::ProjectName;

use super::body::CallersJson;
use super::{JSON, VERSION, to_members, told};
use crate::app::App;
use crate::extract::{Calling, ReadTokenPath};
use crate::problem::Problem;

#[derive(Serialize)]
struct ReadTokenTold<'k> {
    id: &'k str,
    /// Null: all that its user may see.
    projects: Option<&'k BTreeSet<ProjectName>>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    /// The whole token: in the answer to its making, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl<'k> ReadTokenTold<'k> {
    fn of(stored: &'k StoredToken) -> Self {
        let projects = match &stored.made_for {
            MadeFor::Reading(some) => some.as_ref(),
            MadeFor::Everything | MadeFor::Project(_) => None,
        };
        Self {
            id: stored.id.as_str(),
            projects,
            created_at: stored.created_at,
            expires_at: stored.expires_at,
            revoked_at: stored.revoked_at,
            token: None,
        }
    }
}

#[derive(Serialize)]
struct ReadTokensTold<'k> {
    version: u32,
    user: &'k str,
    tokens: Vec<ReadTokenTold<'k>>,
}

/// `GET /api/v1/read-tokens`: the caller's own, oldest first.
pub(crate) async fn list(
    State(app): State<App>,
    Calling { caller, .. }: Calling,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tokens = app.index.read_tokens_by(&caller).await?;
    let told = ReadTokensTold {
        version: VERSION,
        user: caller.user.as_str(),
        tokens: tokens.iter().map(ReadTokenTold::of).collect(),
    };
    Ok(to_members(&told, &headers))
}

/// `POST /api/v1/read-tokens`: one more.
pub(crate) async fn add(
    State(app): State<App>,
    CallersJson { calling, json }: CallersJson<MAX_MANAGED_BYTES>,
) -> Result<Response, Problem> {
    let asked = ReadTokenAsked::parse(&json)?;
    let Calling { caller, origin } = &calling;
    let (token, stored) = app
        .index
        .create_read_token_by(origin, caller, &asked)
        .await?;
    let told = ReadTokenTold {
        token: Some(token.reveal()),
        ..ReadTokenTold::of(&stored)
    };
    let body = told::json(&told);
    Ok((StatusCode::CREATED, [(header::CONTENT_TYPE, JSON)], body).into_response())
}

/// `DELETE /api/v1/read-tokens/{token}`: it ends at once. Once more changes nothing.
pub(crate) async fn revoke(
    State(app): State<App>,
    Calling { caller, origin }: Calling,
    ReadTokenPath(id): ReadTokenPath,
) -> Result<StatusCode, Problem> {
    app.index
        .revoke_read_token_by(&origin, &caller, &id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

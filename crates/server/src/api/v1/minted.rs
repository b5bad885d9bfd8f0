//! `/api/v1/projects/{project}/tokens`: what was minted for a project's publishers, and the runs that asked.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::to_members;
use super::told::TokensTold;
use crate::app::App;
use crate::extract::{Calling, ProjectPath, TokenPath};
use crate::problem::Problem;

/// As many as `touchplate admin token minted` shows.
const SHOWN: u32 = 100;

/// `GET …/tokens`: the newest, newest first.
pub(crate) async fn list(
    State(app): State<App>,
    Calling { caller, .. }: Calling,
    ProjectPath { name, .. }: ProjectPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let minted = app.index.minted_by(&caller, &name, SHOWN).await?;
    Ok(to_members(&TokensTold::of(&name, &minted), &headers))
}

/// `DELETE …/tokens/{token}`: it ends at once, for each of its projects. Once more changes nothing.
pub(crate) async fn revoke(
    State(app): State<App>,
    Calling { caller, origin }: Calling,
    TokenPath { project, id }: TokenPath,
) -> Result<StatusCode, Problem> {
    app.index
        .revoke_minted_by(&origin, &caller, &project, &id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `/api/v1/projects/{project}/members`: who is what in a project, for those who see its settings.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use touchplate_index::managing::{MAX_MANAGED_BYTES, RoleAsked};
use touchplate_index::ports::Member;

use super::body::CallersJson;
use super::{JSON, VERSION, to_members, told};
use crate::app::App;
use crate::extract::{Calling, MemberPath, ProjectPath};
use crate::problem::Problem;

#[derive(Serialize)]
struct MemberTold<'k> {
    user: &'k str,
    role: &'static str,
}

impl<'k> MemberTold<'k> {
    fn of(member: &'k Member) -> Self {
        Self {
            user: member.user.as_str(),
            role: member.role.as_str(),
        }
    }
}

#[derive(Serialize)]
struct MembersTold<'k> {
    version: u32,
    project: &'k str,
    members: Vec<MemberTold<'k>>,
    /// Bytes of the project's files together.
    used_bytes: u64,
    /// What they may have; null: as many as they like.
    max_bytes: Option<u64>,
}

/// `GET …/members`: all of them, by name. Administrators are not among them.
pub(crate) async fn list(
    State(app): State<App>,
    Calling { caller, .. }: Calling,
    ProjectPath { name, .. }: ProjectPath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let members = app.index.members_by(&caller, &name).await?;
    let (used_bytes, max_bytes) = app.index.usage_by(&caller, &name).await?;
    let told = MembersTold {
        version: VERSION,
        project: name.as_str(),
        members: members.iter().map(MemberTold::of).collect(),
        used_bytes,
        max_bytes,
    };
    Ok(to_members(&told, &headers))
}

/// `PUT …/members/{user}`: that user shall have this role. 201 where they had none.
pub(crate) async fn put(
    State(app): State<App>,
    path: Result<MemberPath, Problem>,
    CallersJson { calling, json }: CallersJson<MAX_MANAGED_BYTES>,
) -> Result<Response, Problem> {
    let MemberPath { project, user } = path?;
    let RoleAsked(role) = RoleAsked::parse(&json)?;
    let Calling { caller, origin } = &calling;
    let change = (&user, Some(role));
    let before = app
        .index
        .change_member_by(origin, caller, &project, change)
        .await?;
    app.cache.catch_up().await;
    let status = if before.is_some() {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let body = told::json(&MemberTold::of(&Member { user, role }));
    Ok((status, [(header::CONTENT_TYPE, JSON)], body).into_response())
}

/// `DELETE …/members/{user}`: they have no role there any more.
pub(crate) async fn remove(
    State(app): State<App>,
    Calling { caller, origin }: Calling,
    MemberPath { project, user }: MemberPath,
) -> Result<StatusCode, Problem> {
    let change = (&user, None);
    app.index
        .change_member_by(&origin, &caller, &project, change)
        .await?;
    app.cache.catch_up().await;
    Ok(StatusCode::NO_CONTENT)
}

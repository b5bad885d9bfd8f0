//! `/api/v1/projects/{project}/releases/{version}/yank`: whether installers skip a release (PEP 592).

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use touchplate_index::managing::{MAX_MANAGED_BYTES, YankAsked};
use touchplate_index::ports::Release;
use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{ProjectName, Version};

use super::body::CallersJson;
use super::files::reason;
use super::{JSON, VERSION, conditions, told};
use crate::api::answer;
use crate::app::App;
use crate::cache::Rendered;
use crate::extract::{Calling, Reading, ReleasePath};
use crate::problem::Problem;

#[derive(Serialize)]
struct YankTold<'k> {
    version: u32,
    project: &'k ProjectName,
    release: &'k Version,
    yanked: bool,
    yanked_reason: Option<&'k str>,
}

impl<'k> YankTold<'k> {
    fn of(project: &'k ProjectName, release: &'k Release) -> Self {
        Self {
            version: VERSION,
            project,
            release: &release.version,
            yanked: release.yanked != Yanked::No,
            yanked_reason: reason(&release.yanked),
        }
    }
}

/// `GET …/yank`.
pub(crate) async fn get(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ReleasePath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (project, release) = app
        .index
        .release_of(&reader, &path.project, &path.version)
        .await?;
    let told = told::json(&YankTold::of(&project.name, &release));
    let page = Rendered::new(told, None, project.is_public());
    Ok(answer::page(&page, JSON, &headers))
}

/// `PUT …/yank`: yanked, with this reason in place of the one that it has.
pub(crate) async fn put(
    State(app): State<App>,
    headers: HeaderMap,
    path: Result<ReleasePath, Problem>,
    CallersJson { calling, json }: CallersJson<MAX_MANAGED_BYTES>,
) -> Result<Response, Problem> {
    let path = path?;
    let yanked = YankAsked::parse(&json)?.into();
    let told = set(&app, &headers, &path, &calling, &yanked).await?;
    Ok(([(header::CONTENT_TYPE, JSON)], told).into_response())
}

/// `DELETE …/yank`: taken back. Once more changes nothing.
pub(crate) async fn delete(
    State(app): State<App>,
    headers: HeaderMap,
    calling: Calling,
    path: ReleasePath,
) -> Result<StatusCode, Problem> {
    set(&app, &headers, &path, &calling, &Yanked::No).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set(
    app: &App,
    headers: &HeaderMap,
    path: &ReleasePath,
    Calling { caller, origin }: &Calling,
    yanked: &Yanked,
) -> Result<Vec<u8>, Problem> {
    let (project, version) = (&path.project, &path.version);
    let index = &app.index;
    let (found, mut release) = index.yankable(caller, (project, version)).await?;
    let conditional = conditions::check(&YankTold::of(&found.name, &release), headers)?;
    let since = conditional.then_some(found.serial);
    let set = index.yank_by(origin, caller, (project, version), yanked, since);
    set.await?;
    app.cache.catch_up().await;
    release.yanked = yanked.clone();
    Ok(told::json(&YankTold::of(&found.name, &release)))
}

//! `/api/v1/projects/{project}/releases`: the releases of a project that have files, and one of them.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};
use touchplate_index::history::ProjectHistory;
use touchplate_index::ports::{Release, StoreError};
use touchplate_index::projects::ReadError;
use touchplate_packaging::simple::Yanked;
use touchplate_packaging::{CoreMetadata, ProjectName, Version};

use super::files::{DistributionTold, reason};
use super::history::ReleaseProvenance;
use super::paging::{Paging, listed};
use super::{JSON, VERSION, told};
use crate::api::answer;
use crate::app::App;
use crate::cache::{PageKey, Rendered};
use crate::extract::{ProjectPath, Reading, ReleasePath};
use crate::problem::Problem;

#[derive(Serialize)]
struct ReleaseTold<'k> {
    release: &'k Version,
    prerelease: bool,
    /// When its first file came.
    created_at: Timestamp,
    yanked: bool,
    yanked_reason: Option<&'k str>,
    provenance: Option<ReleaseProvenance<'k>>,
}

impl<'k> ReleaseTold<'k> {
    fn of(found: &'k ProjectHistory, release: &'k Release) -> Self {
        let judged = found.history.release(&release.version);
        Self {
            release: &release.version,
            prerelease: release.version.is_prerelease(),
            created_at: release.created_at,
            yanked: release.yanked != Yanked::No,
            yanked_reason: reason(&release.yanked),
            provenance: judged.map(ReleaseProvenance::of),
        }
    }
}

#[derive(Serialize)]
struct ReleasesTold<'k> {
    version: u32,
    project: &'k ProjectName,
    releases: Vec<ReleaseTold<'k>>,
    next: Option<&'k str>,
}

#[derive(Serialize)]
struct ReleaseWholeTold<'k> {
    version: u32,
    project: &'k ProjectName,
    #[serde(flatten)]
    release: ReleaseTold<'k>,
    /// As its first file declared it.
    metadata: Map<String, Value>,
    files: Vec<DistributionTold<'k>>,
}

/// `GET …/releases`: the highest version first.
pub(crate) async fn list(
    State(app): State<App>,
    Reading(reader): Reading,
    ProjectPath { name, .. }: ProjectPath,
    paging: Paging,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let below: Option<Version> = paging.after()?;
    let found = app.index.project_history(&reader, &name).await?;
    let mut releases: Vec<&Release> = found.with_files().collect();
    releases.sort_by(|one, two| two.version.cmp(&one.version));
    releases.retain(|it| below.as_ref().is_none_or(|below| it.version < *below));
    let (releases, next) = paging.page(releases, |it| it.version.to_string());
    let told = ReleasesTold {
        version: VERSION,
        project: &name,
        releases: releases
            .into_iter()
            .map(|release| ReleaseTold::of(&found, release))
            .collect(),
        next: next.as_deref(),
    };
    let public = found.facts.project.is_public();
    Ok(listed(&told, public, told.next, &uri, &headers))
}

/// `GET …/releases/{version}`: with its metadata and its files.
pub(crate) async fn one(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ReleasePath,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = PageKey::KnownRelease {
        project: path.project.clone(),
        version: path.version.clone(),
    };
    let (app, path) = (&app, &path);
    let render = |reader| async move {
        let found = app.index.project_history(&reader, &path.project).await?;
        whole(app, &found, &path.version).await
    };
    let page = app.cache.page(key, &reader, render).await?;
    Ok(answer::page(&page, JSON, &headers))
}

async fn whole(
    app: &App,
    found: &ProjectHistory,
    version: &Version,
) -> Result<Rendered, ReadError> {
    let release = found.with_files().find(|it| it.version == *version);
    let release = release.ok_or(ReadError::NotFound)?;
    let declared = app.index.release_metadata(found, &release.version).await?;
    let project = &found.facts.project;
    let told = ReleaseWholeTold {
        version: VERSION,
        project: &project.name,
        release: ReleaseTold::of(found, release),
        metadata: metadata(&declared.metadata)?,
        files: DistributionTold::all(found, Some(&release.version), &app.links),
    };
    Ok(Rendered::new(told::json(&told), None, project.is_public()))
}

/// Core metadata by the names that an upload's form has for it; what is empty is left out.
fn metadata(declared: &CoreMetadata) -> Result<Map<String, Value>, StoreError> {
    let written = serde_json::to_value(declared);
    let written = written.map_err(|cause| StoreError::new("tell a release's metadata", cause))?;
    let Value::Object(mut fields) = written else {
        return Err(StoreError::new(
            "tell a release's metadata",
            "it is no object",
        ));
    };
    let urls = declared.project_urls.iter();
    let urls: Map<String, Value> = urls
        .map(|(label, url)| (label.clone(), Value::from(url.as_str())))
        .collect();
    fields.insert("project_urls".to_owned(), Value::Object(urls));
    fields.retain(|_, value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(items) => !items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    });
    Ok(fields)
}

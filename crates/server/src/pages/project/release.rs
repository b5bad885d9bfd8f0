//! One release: the one that an installer would take, or the one that is asked for.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use touchplate_index::Reader;
use touchplate_index::history::ProjectHistory;
use touchplate_index::ports::{Project, Release, ReleaseMetadata, StoreError, StoredFile};
use touchplate_index::projects::ReadError;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_packaging::{ProjectName, Version};
use touchplate_policy::history::{JudgedRelease, State as Said};
use touchplate_readme::Readme;

use super::files::{FileList, files_of};
use super::head::Head;
use super::install::Install;
use super::metadata::{self, Claimed, Proved};
use super::words::{self, Badge, ChangeTold, Story};
use crate::app::App;
use crate::cache::PageKey;
use crate::extract::{PageNumber, ProjectPath, Reading, ReleasePath};
use crate::pages::{readme, rendered, text, units};
use crate::problem::Problem;
use crate::routes::Public;

#[derive(Template)]
#[template(path = "project.html")]
struct ReleasePage {
    head: Head,
    title: String,
    /// What others are told of it.
    description: String,
    /// Where the page is for everybody, under whichever address it was asked for.
    canonical: String,
    /// None where nothing was released yet.
    told: Option<ReleaseTold>,
}

struct ReleaseTold {
    summary: Option<String>,
    badges: Vec<Badge>,
    story: Story,
    change: Option<ChangeTold>,
    /// The earlier release that had provenance, where this one has none.
    lost_since: Option<String>,
    released: String,
    uploaded_by: Vec<String>,
    /// None before there were any.
    downloads: Option<String>,
    /// None while the project is quarantined.
    install: Option<Install>,
    proved: Proved,
    claimed: Claimed,
    description: Option<Readme>,
    list: FileList,
}

/// `GET /project/{project}/`.
pub(crate) async fn project(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ProjectPath,
    PageNumber(number): PageNumber,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(elsewhere) = path.redirect("/project/", &uri) {
        return Ok(public(elsewhere));
    }
    page(&app, &reader, path.name, None, number, &headers).await
}

/// `GET /project/{project}/{version}/`.
pub(crate) async fn release(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ReleasePath,
    PageNumber(number): PageNumber,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(elsewhere) = path.redirect("/project/", &uri) {
        return Ok(public(elsewhere));
    }
    let version = Some(path.version);
    page(&app, &reader, path.project, version, number, &headers).await
}

fn public(mut elsewhere: Response) -> Response {
    elsewhere.extensions_mut().insert(Public);
    elsewhere
}

async fn page(
    app: &App,
    reader: &Reader,
    project: ProjectName,
    version: Option<Version>,
    number: usize,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let key = PageKey::Release {
        project: project.clone(),
        version: version.clone(),
        number,
    };
    let (project, version) = (&project, version.as_ref());
    let render = |reader| async move {
        let found = app.index.project_history(&reader, project).await?;
        let page = page_of(app, &found, version, number).await?;
        Ok(rendered(&page, found.facts.project.is_public()))
    };
    let page = app.cache.page(key, reader, render).await?;
    Ok(readme::sent_with(&page, headers, app.readme_images))
}

async fn page_of(
    app: &App,
    found: &ProjectHistory,
    version: Option<&Version>,
    number: usize,
) -> Result<ReleasePage, ReadError> {
    let asked_for = |version: &Version| found.with_files().find(|it| it.version == *version);
    let release = match version {
        Some(version) => Some(asked_for(version).ok_or(ReadError::NotFound)?),
        None => found.latest(),
    };
    let head = Head::of(found, release);
    let told = match release {
        Some(release) => Some(told(app, found, release, version.is_some(), number).await?),
        None => None,
    };
    let canonical = match version {
        Some(_) => head.overview.clone(),
        None => format!("/project/{}/", head.name),
    };
    let title = match &head.version {
        Some(version) => format!("{} {version}", head.display),
        None => head.display.clone(),
    };
    let summary = told.as_ref().and_then(|told| told.summary.clone());
    Ok(ReleasePage {
        description: summary.unwrap_or_else(|| format!("The Python package {}.", head.display)),
        title,
        canonical: format!("{}{canonical}", app.url),
        head,
        told,
    })
}

async fn told(
    app: &App,
    found: &ProjectHistory,
    release: &Release,
    is_asked_for: bool,
    number: usize,
) -> Result<ReleaseTold, ReadError> {
    let ReleaseMetadata { metadata, .. } =
        app.index.release_metadata(found, &release.version).await?;
    let files = files_of(found, &release.version);
    let list = FileList::of(found, &files, number).ok_or(ReadError::NotFound)?;
    let judged = found.history.release(&release.version);
    let judged = judged.ok_or(ReadError::NotFound)?;
    let project = &found.facts.project;
    let is_offered = project.status != ProjectStatus::Quarantined;
    let install = is_offered.then(|| {
        let (name, version) = (&project.name, &release.version);
        Install::of(&app.url, name, version, is_asked_for, &files)
    });
    let (proved, claimed) = metadata::split(found, &files, &metadata);
    Ok(ReleaseTold {
        badges: words::badges(judged),
        story: words::story(judged),
        change: words::change(judged),
        lost_since: lost_since(judged),
        released: units::day(release.created_at),
        uploaded_by: uploaders(&files),
        downloads: downloads(app, project).await?,
        install,
        proved,
        claimed,
        description: readme::render(
            metadata.description.as_deref(),
            metadata.description_content_type.as_deref(),
            app.readme_images,
        )
        .await,
        summary: metadata
            .summary
            .as_deref()
            .map(|it| text::line(it).into_owned()),
        list,
    })
}

fn lost_since(judged: &JudgedRelease) -> Option<String> {
    let earlier = judged.earlier.as_ref()?;
    judged.is(Said::Lost).then(|| earlier.to_string())
}

/// How often the project's files were downloaded, and when that was counted: the page is kept for a while.
async fn downloads(app: &App, project: &Project) -> Result<Option<String>, StoreError> {
    let now = app.clock.now();
    let count = app.index.downloads_of_project(project, now).await?;
    Ok((count.ever > 0).then(|| {
        format!(
            "about {} in 30 days, {} ever; counted on {}",
            units::grouped(count.lately),
            units::grouped(count.ever),
            units::day(now)
        )
    }))
}

/// Everybody who uploaded one of the files.
fn uploaders(files: &[&StoredFile]) -> Vec<String> {
    let name = |file: &&StoredFile| {
        let by = text::line(&file.uploaded_by);
        match by.split_once(':') {
            Some(("user", name)) => name.to_owned(),
            Some(("publisher", publisher)) => format!("{publisher}, by trusted publishing"),
            _ => by.into_owned(),
        }
    };
    let mut names: Vec<String> = files.iter().map(name).collect();
    names.sort();
    names.dedup();
    names
}

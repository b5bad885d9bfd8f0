//! `/project/{project}/`: what a project is, its releases and their files.

use std::cmp::Reverse;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use touchplate_index::ports::{Project, ReleaseMetadata, StoredFile};
use touchplate_index::projects::Visibility;
use touchplate_index::provenance::ProjectStory;
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_packaging::{CoreMetadata, Version};
use touchplate_readme::Readme;

use super::link::Link;
use super::{readme, rendered, sent, units};
use crate::app::App;
use crate::cache::PageKey;
use crate::extract::{ProjectPath, Reading, segment};
use crate::problem::Problem;
use crate::routes::Public;

#[derive(Template)]
#[template(path = "project.html")]
struct ProjectPage<'p> {
    url: &'p str,
    name: &'p str,
    display: &'p str,
    banner: Option<String>,
    installable: bool,
    latest: Option<Latest>,
    releases: Vec<ReleaseTold>,
}

/// What the release that an installer would take says of itself.
struct Latest {
    version: String,
    summary: Option<String>,
    facts: Vec<(&'static str, Link)>,
    links: Vec<Link>,
    description: Option<Readme>,
}

struct ReleaseTold {
    version: String,
    day: String,
    yanked: Option<String>,
    files: Vec<FileTold>,
}

struct FileTold {
    filename: String,
    page: String,
    size: String,
    day: String,
    provenance: String,
}

/// `GET /project/{project}/`.
pub(crate) async fn project(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ProjectPath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(mut elsewhere) = path.redirect("/project/", &uri) {
        elsewhere.extensions_mut().insert(Public);
        return Ok(elsewhere);
    }
    let (index, name, url) = (&app.index, &path.name, &app.url);
    let render = |reader| async move {
        let story = index.project_story(&reader, name).await?;
        let public = story.files.project.visibility == Visibility::Public;
        Ok(rendered(&page(&story, url).await, public))
    };
    let page = app
        .cache
        .page(PageKey::Project(name.clone()), &reader, render)
        .await?;
    Ok(sent(&page, &headers))
}

async fn page<'p>(story: &'p ProjectStory, url: &'p str) -> ProjectPage<'p> {
    let project = &story.files.project;
    let mut releases: Vec<&ReleaseMetadata> = story.releases.iter().collect();
    releases.sort_by(|one, two| two.release.version.cmp(&one.release.version));
    let latest = match latest(&releases) {
        Some(release) => Some(Latest::of(&release.metadata).await),
        None => None,
    };
    let told = releases
        .iter()
        .map(|release| release_told(release, project, &story.files.files));
    ProjectPage {
        url,
        name: project.name.as_str(),
        display: project.display.as_str(),
        banner: banner(project),
        installable: project.status != ProjectStatus::Quarantined && !story.files.files.is_empty(),
        latest,
        releases: told.filter(|release| !release.files.is_empty()).collect(),
    }
}

/// What a project's status means for its readers (PEP 792).
pub(super) fn banner(project: &Project) -> Option<String> {
    let says = match project.status {
        ProjectStatus::Active => return None,
        ProjectStatus::Archived => "This project is archived: no further releases are expected.",
        ProjectStatus::Quarantined => {
            "This project is quarantined: its files are not offered to installers."
        }
        ProjectStatus::Deprecated => "This project is deprecated: it is superseded or given up.",
    };
    let reason = project
        .status_reason
        .as_ref()
        .map(|reason| format!(" Reason given: {reason}"));
    Some(format!("{says}{}", reason.unwrap_or_default()))
}

/// Why a release is yanked, in words; none if it is not.
pub(super) fn yanked(yanked: &Yanked) -> Option<String> {
    match yanked {
        Yanked::No => None,
        Yanked::Yes(Some(reason)) if !reason.is_empty() => Some(format!("Yanked: {reason}")),
        Yanked::Yes(_) => Some("Yanked, without a reason given.".to_owned()),
    }
}

/// What an installer would take: not yanked before yanked, no pre-release before pre-releases, then the highest.
fn latest<'r>(releases: &[&'r ReleaseMetadata]) -> Option<&'r ReleaseMetadata> {
    let rank = |release: &&&ReleaseMetadata| {
        let release = &release.release;
        let version: &Version = &release.version;
        (
            release.yanked == Yanked::No,
            !version.is_prerelease(),
            version.clone(),
        )
    };
    releases.iter().max_by_key(rank).copied()
}

impl Latest {
    async fn of(metadata: &CoreMetadata) -> Self {
        let fact = |label, value: &Option<String>| Some((label, Link::plain(value.clone()?)));
        let list = |label, values: &[String]| {
            (!values.is_empty()).then(|| (label, Link::plain(values.join(", "))))
        };
        let facts = [
            fact("Requires Python", &metadata.requires_python),
            fact("License", &metadata.license_expression)
                .or_else(|| fact("License", &first_line(&metadata.license))),
            fact("Author", &metadata.author),
            fact("Author's address", &metadata.author_email),
            fact("Maintainer", &metadata.maintainer),
            fact("Maintainer's address", &metadata.maintainer_email),
            list("Requires", &metadata.requires_dist),
            list("Extras", &metadata.provides_extra),
            list("Keywords", &metadata.keywords),
        ];
        let home = metadata
            .home_page
            .iter()
            .map(|url| Link::new("Home page", url));
        let links = metadata
            .project_urls
            .iter()
            .map(|(label, url)| Link::new(label, url));
        Self {
            version: metadata.version.to_string(),
            summary: metadata.summary.clone(),
            facts: facts.into_iter().flatten().collect(),
            links: home.chain(links).collect(),
            description: readme::render(
                metadata.description.as_deref(),
                metadata.description_content_type.as_deref(),
            )
            .await,
        }
    }
}

/// Some put a whole licence into the field for its name.
fn first_line(text: &Option<String>) -> Option<String> {
    let line = text
        .as_deref()?
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    Some(line.to_owned())
}

fn release_told(release: &ReleaseMetadata, project: &Project, files: &[StoredFile]) -> ReleaseTold {
    let version = &release.release.version;
    let mut own: Vec<&StoredFile> = files
        .iter()
        .filter(|file| file.filename.version() == version)
        .collect();
    own.sort_by_key(|file| {
        (
            Reverse(file.filename.kind().as_str()),
            file.filename.as_str(),
        )
    });
    ReleaseTold {
        version: version.to_string(),
        day: units::day(release.release.created_at),
        yanked: yanked(&release.release.yanked),
        files: own
            .into_iter()
            .map(|file| file_told(project, file))
            .collect(),
    }
}

fn file_told(project: &Project, file: &StoredFile) -> FileTold {
    let filename = file.filename.as_str();
    FileTold {
        filename: filename.to_owned(),
        page: page_path(project.name.as_str(), file.filename.version(), filename),
        size: units::size(file.size),
        day: units::day(file.uploaded_at),
        provenance: match file.attestations {
            0 => "no attestations: nothing proves who built it".to_owned(),
            1 => "1 attestation says who signed it".to_owned(),
            count => format!("{count} attestations say who signed it"),
        },
    }
}

/// Where a file's page is.
pub(super) fn page_path(project: &str, version: &Version, filename: &str) -> String {
    format!(
        "/project/{}/{}/{}",
        segment(project),
        segment(&version.to_string()),
        segment(filename)
    )
}

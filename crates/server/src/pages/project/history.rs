//! All releases, and what they say of who built them.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use touchplate_index::history::ProjectHistory;
use touchplate_index::ports::Release;
use touchplate_index::projects::ReadError;
use touchplate_packaging::simple::Yanked;
use touchplate_policy::history::{JudgedRelease, State as Said};

use super::head::Head;
use super::strip::Strip;
use super::words::{self, Badge, BuilderTold, ChangeTold};
use super::{Pages, release_path};
use crate::app::App;
use crate::cache::PageKey;
use crate::extract::{PageNumber, ProjectPath, Reading};
use crate::pages::{rendered, sent, units};
use crate::problem::Problem;
use crate::routes::Public;

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    head: Head,
    title: String,
    canonical: String,
    summary: String,
    /// On the first page, where there is more than one release.
    strip: Option<Strip>,
    rows: Vec<Row>,
    pages: Option<Pages>,
}

struct Row {
    version: String,
    page: String,
    day: String,
    files: u32,
    is_yanked: bool,
    badges: Vec<Badge>,
    builders: Vec<BuilderTold>,
    change: Option<ChangeTold>,
}

/// Releases that one page lists.
const PER_PAGE: usize = 100;

/// `GET /project/{project}/history/`.
pub(crate) async fn history(
    State(app): State<App>,
    Reading(reader): Reading,
    path: ProjectPath,
    PageNumber(number): PageNumber,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(mut elsewhere) = path.redirect_within("/project/", "history/", &uri) {
        elsewhere.extensions_mut().insert(Public);
        return Ok(elsewhere);
    }
    let key = PageKey::History {
        project: path.name.clone(),
        number,
    };
    let (app, name) = (&app, &path.name);
    let render = |reader| async move {
        let found = app.index.project_history(&reader, name).await?;
        let page = page(&app.url, &found, number).ok_or(ReadError::NotFound)?;
        Ok(rendered(&page, found.facts.project.is_public()))
    };
    let page = app.cache.page(key, &reader, render).await?;
    Ok(sent(&page, &headers))
}

fn page(url: &str, found: &ProjectHistory, number: usize) -> Option<HistoryPage> {
    let judged = found.history.releases().iter();
    let oldest_first: Vec<&JudgedRelease> = judged.filter(|it| it.facts.files > 0).collect();
    let newest_first: Vec<&JudgedRelease> = oldest_first.iter().rev().copied().collect();
    let (listed, pages) = Pages::cut(&newest_first, PER_PAGE, number, "releases")?;
    let head = Head::of(found, None);
    Some(HistoryPage {
        title: format!("Release history of {}", head.display),
        canonical: format!("{url}/project/{}/history/", head.name),
        head,
        summary: summary(&oldest_first),
        strip: (number == 1).then(|| Strip::of(&oldest_first)).flatten(),
        rows: listed.iter().map(|it| row(found, it)).collect(),
        pages,
    })
}

fn summary(releases: &[&JudgedRelease]) -> String {
    let Some(first) = releases.first() else {
        return "Nothing was released yet.".to_owned();
    };
    let with = |state| releases.iter().filter(|it| it.is(state)).count();
    let shares = [
        (with(Said::Full), "with provenance for every file"),
        (with(Said::Partial), "with provenance for some of its files"),
        (with(Said::None), "without provenance"),
    ];
    let shares = shares.into_iter().filter(|(count, _)| *count > 0);
    let shares: Vec<(usize, &str)> = shares.collect();
    let day = units::day(first.facts.created_at);
    let how_many = words::count(releases.len(), "release", "releases");
    let mut told = match (shares.as_slice(), releases.len()) {
        ([(_, share)], 1) => format!("{how_many}, of {day}, {share}."),
        ([(_, share)], _) => format!("{how_many} since {day}, each {share}."),
        _ => {
            let shares = shares
                .iter()
                .map(|(count, share)| format!("{count} {share}"));
            let shares = shares.collect::<Vec<_>>().join(", ");
            format!("{how_many} since {day}: {shares}.")
        }
    };
    match with(Said::Changed) {
        0 if with(Said::Full) + with(Said::Partial) < 2 => {}
        0 => told.push_str(" The builder never changed."),
        1 => told.push_str(" The builder changed once."),
        count => told.push_str(&format!(" The builder changed {count} times.")),
    }
    match with(Said::Lost) {
        0 => {}
        1 => told.push_str(" One lost the provenance that an earlier one had."),
        count => told.push_str(&format!(
            " {count} lost the provenance that an earlier one had."
        )),
    }
    told
}

fn row(found: &ProjectHistory, judged: &JudgedRelease) -> Row {
    let facts = &judged.facts;
    let same = |it: &&Release| it.version == facts.version;
    let release = found.facts.releases.iter().find(same);
    Row {
        version: facts.version.to_string(),
        page: release_path(found.facts.project.name.as_str(), &facts.version),
        day: units::day(facts.created_at),
        files: facts.files,
        is_yanked: release.is_some_and(|it| it.yanked != Yanked::No),
        badges: words::badges(judged),
        builders: facts.builders.keys().map(words::told).collect(),
        change: words::change(judged),
    }
}

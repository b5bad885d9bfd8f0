//! `/api/v1/search`: projects by name, by what they say of themselves, and by who built them.

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use touchplate_index::projects::ReadError;
use touchplate_index::search::{Hit, MAX_QUERY_CHARS, Match, Query, Results, Source, ToldRelease};
use touchplate_packaging::{ProjectName, Version};
use url::form_urlencoded;

use super::VERSION;
use super::paging::{Paging, listed};
use crate::app::App;
use crate::problem::Problem;

#[derive(Serialize)]
struct FoundTold<'k> {
    version: u32,
    hits: Vec<HitTold<'k>>,
    total: usize,
    /// Whether there may be more than `total`, which is counted no further.
    more: bool,
    /// Whether every project was looked at: not so while the search index is made.
    whole: bool,
    next: Option<&'k str>,
}

#[derive(Serialize)]
struct HitTold<'k> {
    project: &'k ProjectName,
    display: &'k str,
    matched: &'static str,
    summary: Option<&'k str>,
    /// Where it is not active.
    status: Option<&'k str>,
    latest: Option<LatestTold<'k>>,
    /// Who built files of the latest release; some of them.
    sources: Vec<SourceTold<'k>>,
}

#[derive(Serialize)]
struct LatestTold<'k> {
    release: &'k Version,
    created_at: Timestamp,
    yanked: bool,
    files: u32,
    attested: u32,
}

#[derive(Serialize)]
struct SourceTold<'k> {
    source: &'k str,
    workflow: Option<&'k str>,
}

impl<'k> HitTold<'k> {
    fn of(hit: &'k Hit) -> Self {
        let told = &hit.told;
        Self {
            project: &hit.name,
            display: told.display.as_str(),
            matched: matched(hit.matched),
            summary: told.summary.as_deref(),
            status: told.status.as_deref(),
            latest: told.latest.as_ref().map(LatestTold::of),
            sources: told.sources.iter().map(SourceTold::of).collect(),
        }
    }
}

impl<'k> LatestTold<'k> {
    fn of(release: &'k ToldRelease) -> Self {
        Self {
            release: &release.version,
            created_at: release.at,
            yanked: release.yanked,
            files: release.files,
            attested: release.attested,
        }
    }
}

impl<'k> SourceTold<'k> {
    fn of(source: &'k Source) -> Self {
        Self {
            source: &source.at,
            workflow: source.workflow.as_deref(),
        }
    }
}

fn matched(by: Match) -> &'static str {
    match by {
        Match::Name => "name",
        Match::NameBegins => "name-begins",
        Match::NameNear => "name-near",
        Match::NameWords => "name-words",
        Match::Text => "text",
        Match::Some => "some",
    }
}

/// `GET /api/v1/search?q=`: the best first, as `/search` has them, twenty on a page.
pub(crate) async fn find(
    State(app): State<App>,
    paging: Paging,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = Query::read(&asked(&uri));
    let page = paging.after()?.unwrap_or(1);
    let found = match query.is_empty() {
        true => None,
        false => Some(
            app.search
                .find(&query, page)
                .await
                .map_err(ReadError::from)?,
        ),
    };
    let next = found.as_ref().and_then(next);
    let hits = found.iter().flat_map(|found| &found.hits);
    let told = FoundTold {
        version: VERSION,
        hits: hits.map(HitTold::of).collect(),
        total: found.as_ref().map_or(0, |found| found.total),
        more: found.as_ref().is_some_and(|found| found.more),
        whole: found.as_ref().is_none_or(|found| found.whole),
        next: next.as_deref(),
    };
    Ok(listed(&told, true, told.next, &uri, &headers))
}

/// One more character than is read: search then knows that it was cut.
fn asked(uri: &Uri) -> String {
    let query = uri.query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let typed = pairs.find(|(key, _)| key == "q");
    typed.map_or_else(String::new, |(_, typed)| {
        typed.chars().take(MAX_QUERY_CHARS + 1).collect()
    })
}

fn next(found: &Results) -> Option<String> {
    (found.page < found.pages).then(|| found.page.saturating_add(1).to_string())
}

//! `/feeds/releases.atom` and `/project/{project}/releases.atom`: what was released lately, as Atom (RFC 4287).

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use jiff::Timestamp;
use touchplate_index::Reader;
use touchplate_index::ports::ReleaseNews;
use touchplate_packaging::simple::Yanked;

use super::news::NewsTold;
use super::{rendered, sent_as, text};
use crate::app::App;
use crate::cache::PageKey;
use crate::extract::{ProjectPath, moved};
use crate::problem::Problem;
use crate::routes::Public;

/// The addresses in it are also the ids of feed and entries: they stay as they are for as long as the index's `url` does.
#[derive(Template)]
#[template(path = "feed.xml")]
struct Feed {
    title: String,
    /// The feed itself.
    own: String,
    /// The page that it is about.
    about: String,
    author: String,
    updated: String,
    entries: Vec<Entry>,
}

struct Entry {
    title: String,
    page: String,
    updated: String,
    published: String,
    summary: String,
}

const ATOM: &str = "application/atom+xml; charset=utf-8";

/// `GET /feeds/releases.atom`.
pub(crate) async fn releases(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let app = &app;
    let render = |_| async move {
        let news = app.index.feed().await?;
        let title = format!("New releases at {}", host(&app.url));
        let feed = feed(&app.url, title, "/feeds/releases.atom", "/", &news);
        Ok(rendered(&feed, true))
    };
    let page = app
        .cache
        .page(PageKey::Feed(None), &Reader::Anonymous, render)
        .await?;
    Ok(sent_as(&page, ATOM, &headers))
}

/// `GET /project/{project}/releases.atom`.
pub(crate) async fn project_releases(
    State(app): State<App>,
    path: ProjectPath,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (app, name) = (&app, &path.name);
    let own = format!("/project/{name}/releases.atom");
    if uri.path() != own {
        let mut elsewhere = moved(&own);
        elsewhere.extensions_mut().insert(Public);
        return Ok(elsewhere);
    }
    let own = &own;
    let render = |_| async move {
        let (project, news) = app.index.project_feed(name).await?;
        let title = format!("Releases of {}", text::line(project.display.as_str()));
        let about = format!("/project/{name}/");
        Ok(rendered(&feed(&app.url, title, own, &about, &news), true))
    };
    let key = PageKey::Feed(Some(name.clone()));
    let page = app.cache.page(key, &Reader::Anonymous, render).await?;
    Ok(sent_as(&page, ATOM, &headers))
}

fn feed(url: &str, title: String, own: &str, about: &str, news: &[ReleaseNews]) -> Feed {
    let updated = news.iter().map(|release| release.changed_at).max();
    Feed {
        title,
        own: format!("{url}{own}"),
        about: format!("{url}{about}"),
        author: host(url).to_owned(),
        // An empty feed was last changed before anything was.
        updated: time(updated.unwrap_or(Timestamp::UNIX_EPOCH)),
        entries: news.iter().map(|release| entry(url, release)).collect(),
    }
}

fn entry(url: &str, release: &ReleaseNews) -> Entry {
    let told = NewsTold::of(release);
    let summary = told.summary.map(|summary| {
        let end = if summary.ends_with(['.', '!', '?', '…']) {
            ""
        } else {
            "."
        };
        format!("{summary}{end} ")
    });
    let yanked = match &release.yanked {
        Yanked::No => String::new(),
        Yanked::Yes(Some(reason)) if !reason.is_empty() => {
            format!(" Yanked: {}", text::line(reason))
        }
        Yanked::Yes(_) => " Yanked.".to_owned(),
    };
    Entry {
        title: format!("{} {}", told.name, told.version),
        page: format!("{url}{}", told.page),
        updated: time(release.changed_at),
        published: time(release.released_at),
        summary: format!("{}{}{yanked}", summary.unwrap_or_default(), told.sentence),
    }
}

/// RFC 3339, to the second.
fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The index's address without its scheme: who it is, for people.
fn host(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

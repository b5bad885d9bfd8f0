//! `/`: what this is, what is new, and how to use it.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use touchplate_index::Reader;

use super::news::NewsTold;
use super::{rendered, sent};
use crate::app::App;
use crate::cache::PageKey;
use crate::problem::Problem;

#[derive(Template)]
#[template(path = "front.html")]
struct FrontPage<'p> {
    url: &'p str,
    canonical: String,
    needs_token: bool,
    latest: Vec<NewsTold>,
}

/// Releases on the front page: what fits beside what else it says.
const LATEST: u32 = 8;

/// `GET /`.
pub(crate) async fn front(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let app = &app;
    let render = |_| async move {
        let latest = app.index.latest_releases(LATEST).await?;
        let page = FrontPage {
            url: &app.url,
            canonical: format!("{}/", app.url),
            needs_token: !app.anonymous_read,
            latest: latest.iter().map(NewsTold::of).collect(),
        };
        Ok(rendered(&page, true))
    };
    let page = app
        .cache
        .page(PageKey::Front, &Reader::Anonymous, render)
        .await?;
    Ok(sent(&page, &headers))
}

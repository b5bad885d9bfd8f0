//! `/`: what this is, and how to use it.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::{rendered, sent};
use crate::app::App;

#[derive(Template)]
#[template(path = "front.html")]
struct FrontPage<'p> {
    url: &'p str,
    needs_token: bool,
}

/// `GET /`.
pub(crate) async fn front(State(app): State<App>, headers: HeaderMap) -> Response {
    let page = FrontPage {
        url: &app.url,
        needs_token: !app.anonymous_read,
    };
    sent(&rendered(&page, true), &headers)
}

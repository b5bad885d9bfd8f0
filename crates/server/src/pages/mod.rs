//! Pages for people: what a project is, where each file came from. They work without scripts, under a strict content
//! policy, and every text from outside is escaped by the template.

pub(crate) mod assets;
mod coverage;
mod feed;
mod file;
mod front;
mod link;
mod news;
mod project;
mod readme;
mod run;
mod search;
pub(crate) mod text;
mod units;

use askama::Template;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::response::Response;

use crate::api::answer;
use crate::cache::Rendered;
use crate::extract::moved;
use crate::routes::Public;

pub(crate) use coverage::coverage;
pub(crate) use feed::{project_releases, releases};
pub(crate) use file::{contents, file, member, raw};
pub(crate) use front::front;
pub(crate) use project::{history, project, release};
pub(crate) use search::search;

/// Nothing but what is served here: our stylesheet, our script and what it asks, our forms; no frames. Pictures may also
/// be in the page itself, because the icon is.
pub(crate) const CONTENT_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// A page as it is sent. A template that cannot be rendered is a mistake in the template.
fn rendered(template: &impl Template, public: bool) -> Rendered {
    let page = template
        .render()
        .expect("a template renders whatever values it is given");
    Rendered::new(page.into_bytes(), None, public)
}

fn sent(page: &Rendered, request: &HeaderMap) -> Response {
    sent_as(page, "text/html; charset=utf-8", request)
}

fn sent_as(page: &Rendered, content_type: &'static str, request: &HeaderMap) -> Response {
    let mut response = answer::page(page, content_type, request);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, CONTENT_POLICY);
    // A page's address may hold the name of a project that is nobody's business.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// To the same URL with a slash behind it.
pub(crate) async fn to_slash(uri: Uri) -> Response {
    let query = uri
        .query()
        .map(|query| format!("?{query}"))
        .unwrap_or_default();
    let mut response = moved(&format!("{}/{query}", uri.path()));
    response.extensions_mut().insert(Public);
    response
}

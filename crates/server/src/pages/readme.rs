//! Long descriptions as HTML, and the policy of the pages that show them.

use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use touchplate_readme::{Images, Readme};

use super::sent;
use crate::cache::Rendered;

/// As [`CONTENT_POLICY`](super::CONTENT_POLICY), and pictures from anywhere under https.
const WITH_PICTURES: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: https:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// The description as it stands in a page; none if there is nothing to read.
///
/// It takes milliseconds for the longest, which other requests shall not wait for: it is made on the threads for such work,
/// once for each page that is kept.
pub(crate) async fn render(
    text: Option<&str>,
    content_type: Option<&str>,
    images: Images,
) -> Option<Readme> {
    let text = text.filter(|text| !text.trim().is_empty())?.to_owned();
    let content_type = content_type.map(str::to_owned);
    let rendering = tokio::task::spawn_blocking(move || {
        touchplate_readme::render(&text, content_type.as_deref(), images)
    });
    match rendering.await {
        Ok(readme) => Some(readme),
        Err(error) => {
            tracing::error!(%error, "a description could not be rendered; its page goes without");
            None
        }
    }
}

/// A page with a description.
pub(crate) fn sent_with(page: &Rendered, request: &HeaderMap, images: Images) -> Response {
    let mut response = sent(page, request);
    if images == Images::Show {
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, WITH_PICTURES);
    }
    response
}

//! The stylesheet, under a name that changes with it, so that it may be kept for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;
use touchplate_packaging::Sha256;

use crate::api::answer;
use crate::cache::Rendered;
use crate::problem::Problem;

/// One sheet, written in parts: one for what every page has, one for each page that needs more.
const SHEET: &str = concat!(
    include_str!("../../templates/style/base.css"),
    include_str!("../../templates/style/home.css"),
    include_str!("../../templates/style/project.css"),
    include_str!("../../templates/style/readme.css"),
    include_str!("../../templates/style/file.css"),
    include_str!("../../templates/style/coverage.css"),
);

static NAME: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::of(SHEET.as_bytes()).to_string();
    format!("style-{}.css", digest.get(..16).unwrap_or(&digest))
});

/// Where the stylesheet is.
pub(crate) fn url() -> String {
    format!("/static/{}", *NAME)
}

/// `GET /static/{name}`.
pub(crate) async fn sheet(
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if name != *NAME {
        return Err(Problem::not_found());
    }
    let page = Rendered::new(SHEET.as_bytes().to_vec(), None, true);
    Ok(answer::page(&page, "text/css; charset=utf-8", &headers))
}

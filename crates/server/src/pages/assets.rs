//! The stylesheet and the script, under names that change with them, so that they may be kept for ever.
//!
//! A first visit is three requests: page, stylesheet, script. The icon is in the page, because a browser that is given
//! no icon asks for one.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::http::header::X_CONTENT_TYPE_OPTIONS;
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

const SCRIPT: &str = include_str!("../../templates/script.js");

/// A file that every page asks for.
struct Asset {
    name: String,
    body: Rendered,
    content_type: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, text: &str, content_type: &'static str) -> Self {
        let digest = Sha256::of(text.as_bytes()).to_string();
        // 64 bits of it: a name must differ from its predecessors', nothing more.
        let digest = digest.get(..16).unwrap_or(&digest);
        Self {
            name: format!("{stem}-{digest}.{extension}"),
            body: Rendered::new(text.as_bytes().to_vec(), None, true),
            content_type,
        }
    }
}

static STYLESHEET: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("style", "css", SHEET, "text/css; charset=utf-8"));

static MODULE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("script", "js", SCRIPT, "text/javascript; charset=utf-8"));

/// Where the stylesheet is.
pub(crate) fn stylesheet() -> String {
    format!("/static/{}", STYLESHEET.name)
}

/// Where the script is.
pub(crate) fn script() -> String {
    format!("/static/{}", MODULE.name)
}

/// `GET /static/{name}`.
pub(crate) async fn asset(
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let known = [&STYLESHEET, &MODULE];
    let asset = known.into_iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(Problem::not_found)?;
    let mut response = answer::page(&asset.body, asset.content_type, &headers);
    let nosniff = axum::http::HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, nosniff);
    Ok(response)
}

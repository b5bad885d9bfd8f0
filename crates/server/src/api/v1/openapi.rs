//! The description of this API, for programs.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::response::Response;

use super::JSON;
use crate::api::answer;
use crate::cache::Rendered;

/// Written by hand; `tests/http/openapi.rs` holds it against the routes.
const DOCUMENT: &str = include_str!("openapi.json");

/// `GET /api/v1/openapi.json`.
pub(crate) async fn document(headers: HeaderMap) -> Response {
    static PAGE: LazyLock<Rendered> =
        LazyLock::new(|| Rendered::new(DOCUMENT.as_bytes().to_vec(), None, true));
    answer::page(&PAGE, JSON, &headers)
}

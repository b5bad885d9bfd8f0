//! Answering with a rendered page: validators, types, who may keep it.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use crate::cache::Rendered;
use crate::routes::Public;

/// The serial of the last change, as mirrors of PyPI look for it.
const LAST_SERIAL: HeaderName = HeaderName::from_static("x-pypi-last-serial");

/// The page, or 304 if the client has it.
pub(crate) fn page(page: &Rendered, content_type: &'static str, request: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    if has(request, &page.etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(page.body.clone());
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response.headers_mut().insert(ETAG, page.etag.clone());
    if let Some(serial) = page.serial {
        response.headers_mut().insert(LAST_SERIAL, serial.into());
    }
    if page.public {
        response.extensions_mut().insert(Public);
    }
    response
}

/// Whether `If-None-Match` names what we would send. Weak comparison (RFC 9110 §13.1.2).
pub(crate) fn has(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let strong = |tag: &str| {
        tag.trim()
            .strip_prefix("W/")
            .unwrap_or(tag.trim())
            .to_owned()
    };
    let given = request
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    given
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || strong(tag).as_bytes() == etag.as_bytes())
}

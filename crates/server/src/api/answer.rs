//! Answering with a rendered page: validators, types and codings, who may keep it.

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use crate::cache::Rendered;
use crate::coding::Coding;
use crate::extract::encoding;
use crate::hot::Keepable;
use crate::problem::Problem;
use crate::routes::Public;

/// The serial of the last change, as mirrors of PyPI look for it.
const LAST_SERIAL: HeaderName = HeaderName::from_static("x-pypi-last-serial");

/// The page, or 304 if the client has it.
pub(crate) fn page(page: &Rendered, content_type: &'static str, request: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    let coding = page.coding(encoding::preferred(request));
    let etag = page.etag(coding);
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(serial) = page.serial {
        headers.insert(LAST_SERIAL, serial.into());
    }
    if fails(request, &etag) {
        return precondition_failed();
    }
    if has(request, &etag) {
        headers.insert(ETAG, etag);
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(ETAG, page.etag(Coding::Identity));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        *response.body_mut() = Body::from(page.body.clone());
        if let (true, Some(moment)) = (page.public, page.moment) {
            response
                .extensions_mut()
                .insert(Keepable::page(moment, page.body.clone()));
        }
        if coding != Coding::Identity {
            let page = page.clone();
            response.extensions_mut().insert(ToCode { page, coding });
        }
    }
    if page.public {
        response.extensions_mut().insert(Public);
    }
    response
}

/// One of several shapes of a page was sent.
pub(crate) fn varies_by_accept(response: &mut Response) {
    // One line: there are caches that read the first alone.
    const BOTH: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding");
    response.headers_mut().insert(VARY, BOTH);
}

/// On an answer that its client would rather have coded.
#[derive(Clone, Debug)]
struct ToCode {
    page: Rendered,
    coding: Coding,
}

/// The answer, coded as its client likes it best. Apart from [`page`], because it may wait for the coding.
pub(crate) async fn coded(mut response: Response) -> Response {
    let Some(ToCode { page, coding }) = response.extensions_mut().remove() else {
        return response;
    };
    if let (Some(body), Some(name)) = (page.coded(coding).await, coding.name()) {
        response.headers_mut().insert(ETAG, page.etag(coding));
        response.headers_mut().insert(CONTENT_ENCODING, name);
        if let Some(keepable) = response.extensions_mut().get_mut::<Keepable>() {
            keepable.body = body.clone();
        }
        *response.body_mut() = Body::from(body);
    }
    response
}

/// Whether `If-Match` asks for something else than we would send. Strong comparison (RFC 9110 §13.1.1); it is asked before
/// every other condition (§13.2.2).
pub(crate) fn fails(request: &HeaderMap, etag: &HeaderValue) -> bool {
    if !request.contains_key(IF_MATCH) {
        return false;
    }
    let given = request.get_all(IF_MATCH).iter();
    let given = given.filter_map(|value| value.to_str().ok());
    !given
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || tag.trim().as_bytes() == etag.as_bytes())
}

/// The answer then.
pub(crate) fn precondition_failed() -> Response {
    let message = "`If-Match` names another version than the one that is there";
    Problem::saying(StatusCode::PRECONDITION_FAILED, message).into_response()
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

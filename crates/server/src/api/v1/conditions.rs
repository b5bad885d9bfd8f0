//! Conditional changes: `If-Match` and `If-None-Match` beside what stands there now (RFC 9110 §13.2.2).

use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use super::told;
use crate::api::answer;
use crate::cache::Rendered;
use crate::coding::Coding;
use crate::problem::Problem;

/// Refuses a change whose condition does not hold of what `GET` would answer now. Whether there was one.
pub(super) fn check(now: &impl Serialize, headers: &HeaderMap) -> Result<bool, Problem> {
    let page = Rendered::new(told::json(now), None, false);
    // The caller may have got it coded.
    let codings = [Coding::Identity, Coding::Gzip, Coding::Zstd];
    let etags = codings.map(|coding| page.etag(coding));
    let holds = if headers.contains_key(IF_MATCH) {
        etags.iter().any(|etag| matches(headers, etag))
    } else if headers.contains_key(IF_NONE_MATCH) {
        !etags.iter().any(|etag| answer::has(headers, etag))
    } else {
        return Ok(false);
    };
    holds.then_some(true).ok_or_else(failed)
}

/// Strong comparison: a weak validator matches nothing.
fn matches(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let given = headers.get_all(IF_MATCH).iter();
    let given = given.filter_map(|value| value.to_str().ok());
    let mut tags = given.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.as_bytes() == etag.as_bytes())
}

/// What is to be changed is no longer what the caller saw.
pub(super) fn failed() -> Problem {
    let message = "expected what is to be changed to be as the condition says; ask for it again";
    let title = "It is not as the caller saw it";
    Problem::saying(StatusCode::PRECONDITION_FAILED, message).of_kind("condition-failed", title)
}

//! Requests that two programs could read differently. hyper refuses most of them; what it lets through is refused here.

use axum::http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use axum::response::Response;
use touchplate_index::RequestId;

use crate::extract::accept::Accept;
use crate::observe;
use crate::problem::Problem;
use crate::routes;

/// Why a request is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Odd {
    /// RFC 9112 §3.2: one, in every request of HTTP/1.1.
    Host,
    /// RFC 9112 §3.2: a path, a whole URL, or `*` of OPTIONS; CONNECT's own form is for proxies.
    Target,
    /// RFC 9112 §6.1: a coding that we do not undo.
    Coding,
}

/// The answer to a request that is refused for its shape.
pub(super) fn refusal(request: &Parts) -> Option<Response> {
    let (status, message) = match odd(request)? {
        Odd::Host => (
            StatusCode::BAD_REQUEST,
            "Expected one `Host` header with a host, and a port or none",
        ),
        Odd::Target => (
            StatusCode::BAD_REQUEST,
            "Expected a path that begins with `/`",
        ),
        Odd::Coding => (
            StatusCode::NOT_IMPLEMENTED,
            "Expected no `Transfer-Encoding` but `chunked`, once",
        ),
    };
    tracing::debug!(message, "a request was refused for its shape");
    let id = RequestId::random();
    let problem = Problem::saying(status, message).speaking(routes::speaks(request.uri.path()));
    let response = problem.render(&Accept::of(&request.headers), &id, None);
    let mut response = observe::kept_by_nobody(response, &id);
    end(response.headers_mut());
    Some(response)
}

/// Whether the body came in chunks. What follows such a body is not believed: with `Content-Length` beside the chunks, which
/// hyper has taken out by now, somebody before us may have seen another end of it, and RFC 9112 §6.1 ends the connection.
pub(super) fn is_chunked(request: &Parts) -> bool {
    request.headers.contains_key(TRANSFER_ENCODING)
}

/// This is the connection's last answer.
pub(super) fn end(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
}

fn odd(request: &Parts) -> Option<Odd> {
    if request.version > Version::HTTP_11 {
        return None;
    }
    let mut hosts = request.headers.get_all(HOST).iter();
    let right = match (hosts.next(), hosts.next()) {
        (None, _) => request.version < Version::HTTP_11,
        (Some(host), None) => is_host(host.as_bytes()),
        (Some(_), Some(_)) => false,
    };
    if !right {
        return Some(Odd::Host);
    }
    if !request.uri.path().starts_with('/') && request.method != Method::OPTIONS {
        return Some(Odd::Target);
    }
    let mut codings = request.headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => None,
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => None,
        _ => Some(Odd::Coding),
    }
}

/// Letters, digits and what stands in names, addresses and ports. An empty one is one.
fn is_host(host: &[u8]) -> bool {
    let mark = |b: u8| b"-._~:[]%!$&'()*+;=".contains(&b);
    host.iter().all(|b| b.is_ascii_alphanumeric() || mark(*b))
}

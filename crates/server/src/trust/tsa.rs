//! The timestamp authority (RFC 3161), over HTTP as its §3.4 has it and as Sigstore's clients ask.

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use touchplate_trust::certificate_pem;
use touchplate_trust::stamp::{ClockState, MAX_REQUEST_BYTES, StampRefusal};

use super::TrustStack;
use crate::app::App;
use crate::problem::Problem;
use crate::routes::{read, write};

const QUERY: &str = "application/timestamp-query";
const REPLY: HeaderValue = HeaderValue::from_static("application/timestamp-reply");
const PEM_CHAIN: HeaderValue = HeaderValue::from_static("application/pem-certificate-chain");

/// A clock is put right by a daemon, or by somebody.
const CLOCK_AGAIN: HeaderValue = HeaderValue::from_static("60");

/// `/trust/tsa/…`.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/trust/tsa/api/v1/timestamp", write(stamp))
        .route("/trust/tsa/api/v1/timestamp/certchain", read(chain))
}

/// `POST …/timestamp`: a stamp, or in the same form why there is none.
async fn stamp(stack: TrustStack, State(app): State<App>, request: Request) -> Response {
    let is_query = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(QUERY));
    if !is_query {
        let message = format!("expected a body of the type {QUERY}");
        return Problem::saying(StatusCode::UNSUPPORTED_MEDIA_TYPE, &message).into_response();
    }
    let Ok(request) = axum::body::to_bytes(request.into_body(), MAX_REQUEST_BYTES).await else {
        return refused(&StampRefusal::TooLong);
    };
    let clock = if stack.clock_is_unchecked {
        ClockState::Waived
    } else {
        app.clock.state()
    };
    match stack.tsa.stamp(&request, app.clock.now(), &clock).await {
        Ok(response) => reply(StatusCode::CREATED, response),
        Err(refusal) => refused(&refusal),
    }
}

/// `GET …/certchain`: the certificates of who stamps now, from its own up.
async fn chain(stack: TrustStack, State(app): State<App>) -> Result<Response, Problem> {
    let internal = |error: &(dyn std::error::Error + 'static)| Problem::internal(error);
    let chain = stack.tsa.chain(app.clock.now());
    let chain = chain.map_err(|error| internal(&error))?;
    let mut pem = String::new();
    for der in chain {
        pem.push_str(&certificate_pem(der).map_err(|error| internal(&error))?);
    }
    let mut response = Response::new(Body::from(pem));
    response.headers_mut().insert(CONTENT_TYPE, PEM_CHAIN);
    Ok(response)
}

fn refused(refusal: &StampRefusal) -> Response {
    let status = match refusal {
        StampRefusal::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        StampRefusal::Malformed(_)
        | StampRefusal::Hash { .. }
        | StampRefusal::HashParameters
        | StampRefusal::DigestLength { .. }
        | StampRefusal::Policy { .. }
        | StampRefusal::Extension { .. } => StatusCode::BAD_REQUEST,
        StampRefusal::Unsynchronised
        | StampRefusal::UnknownClock { .. }
        | StampRefusal::ClockWentBack { .. } => StatusCode::SERVICE_UNAVAILABLE,
        StampRefusal::NoKey | StampRefusal::Floor(_) | StampRefusal::Make(_) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    if status.is_server_error() {
        let cause = std::error::Error::source(refusal).map(ToString::to_string);
        tracing::error!(%refusal, cause, "a timestamp was not given");
    }
    let Some(response) = refusal.response() else {
        return Problem::internal(refusal).into_response();
    };
    let mut response = reply(status, response);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, CLOCK_AGAIN);
    }
    response
}

fn reply(status: StatusCode, der: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(der));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, REPLY);
    response
}

//! Which version of this API's shapes is spoken: by media type. There is one so far.

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, VARY};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::JSON;
use crate::api::answer;
use crate::extract::accept::Accept;
use crate::problem::Problem;

/// Version 1 by its name; [`JSON`] means the newest one that will never break a reader of version 1, which is this.
pub(super) const V1: &str = "application/vnd.touchplate.v1+json";

/// Sends what the client takes: version 1, under the name that it likes best. Who takes other versions alone is told so
/// before anything is looked for.
pub(crate) async fn negotiate(request: Request, next: Next) -> Response {
    let offers = [(JSON, JSON), (V1, V1)];
    let Some(chosen) = Accept::of(request.headers()).prefer(&offers) else {
        let message = format!("expected {JSON} or {V1} to be acceptable");
        return Problem::saying(StatusCode::NOT_ACCEPTABLE, &message)
            .of_kind("version-unknown", "This version is not spoken here")
            .into_response();
    };
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if headers.contains_key(VARY) {
        answer::varies_by_accept(&mut response);
    }
    let headers = response.headers_mut();
    if headers.get(CONTENT_TYPE).is_some_and(|sent| sent == JSON) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(chosen));
    }
    response
}

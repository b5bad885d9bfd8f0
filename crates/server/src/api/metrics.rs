//! For operators: figures for their monitoring.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};

use crate::app::App;
use crate::observe::{ClientAddress, Peer};
use crate::problem::Problem;

/// As OpenMetrics 1.0.0 names it.
const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// What a proxy that nobody told us of leaves in a request: whoever it asks for is not who `metrics_from` means.
const PASSED_ON: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

/// `GET /metrics`, for those of `metrics_from`; to anybody else there is nothing here.
pub(crate) async fn read(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    if !may_read(&app, &request) {
        return Err(Problem::not_found());
    }
    let text = app.metrics.read(&app).await;
    let text = text.map_err(|error| Problem::internal(&error))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

fn may_read(app: &App, request: &Request) -> bool {
    let extensions = request.extensions();
    let (Some(peer), Some(client)) = (extensions.get::<Peer>(), extensions.get::<ClientAddress>())
    else {
        return false;
    };
    let known = |address| move |network: &crate::config::Network| network.contains(address);
    let by_known_proxy = app.forwarded_from.iter().any(known(peer.0.ip()));
    let headers = request.headers();
    let passed_on = PASSED_ON.iter().any(|name| headers.contains_key(*name));
    (by_known_proxy || !passed_on) && app.metrics_from.iter().any(known(client.0))
}

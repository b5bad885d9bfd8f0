//! Checkpoints and tiles, as every log serves them (C2SP `tlog-tiles`).

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use touchplate_attest::log::TilePath;
use touchplate_trust::log::{Log, LogError};

use crate::problem::Problem;

/// `…/checkpoint`: the newest one. Nobody keeps it, or a reader would take the log for one that stands still.
pub(super) async fn checkpoint(log: &Log) -> Result<Response, Problem> {
    const TEXT: &str = "text/plain; charset=utf-8";
    let head = log.head().await?;
    Ok(([(CONTENT_TYPE, TEXT)], head.note).into_response())
}

/// `…/tile/…`, below `base`. The path is compared as it was sent: a tile has one spelling, and no escapes in it.
pub(super) async fn tile(log: &Log, base: &str, uri: &Uri) -> Result<Response, Problem> {
    const BYTES: &str = "application/octet-stream";
    const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
    let path = uri.path();
    let path = path.strip_prefix(base).unwrap_or_default();
    let path: TilePath = path
        .parse()
        .map_err(|error| Problem::client(StatusCode::NOT_FOUND, &error))?;
    let Some(bytes) = log.tile(path).await? else {
        let message = format!("The log does not have {path}");
        return Err(Problem::saying(StatusCode::NOT_FOUND, &message));
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(BYTES)),
        (CACHE_CONTROL, FOR_EVER),
    ];
    Ok((headers, bytes).into_response())
}

impl From<LogError> for Problem {
    fn from(error: LogError) -> Self {
        Self::internal(&error)
    }
}

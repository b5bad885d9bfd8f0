//! The transparency log with Rekor's version 1 in front.

use axum::Router;

use crate::app::App;

/// `/trust/rekor1/…`.
pub(crate) fn router() -> Router<App> {
    Router::new()
}

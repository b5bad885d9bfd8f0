//! The transparency log with Rekor's version 2 in front.

use axum::Router;

use crate::app::App;

/// `/trust/rekor2/…`.
pub(crate) fn router() -> Router<App> {
    Router::new()
}

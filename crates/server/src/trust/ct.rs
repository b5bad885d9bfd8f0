//! The certificate log, to be read.

use axum::Router;

use crate::app::App;

/// `/trust/ct/…`.
pub(crate) fn router() -> Router<App> {
    Router::new()
}

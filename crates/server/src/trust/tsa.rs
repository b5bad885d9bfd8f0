//! The timestamp authority (RFC 3161).

use axum::Router;

use crate::app::App;

/// `/trust/tsa/…`.
pub(crate) fn router() -> Router<App> {
    Router::new()
}

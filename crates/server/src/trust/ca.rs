//! The certificate authority, as Fulcio speaks.

use axum::Router;

use crate::app::App;

/// `/trust/ca/…`, and the same at the host root: sigstore-python drops a base path.
pub(crate) fn router() -> Router<App> {
    Router::new()
}

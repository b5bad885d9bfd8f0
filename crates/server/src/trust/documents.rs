//! What clients of the stack believe and where its services are.

use axum::Router;

use crate::app::App;

/// `/trust/root.json` and its neighbours.
pub(crate) fn router() -> Router<App> {
    Router::new()
}

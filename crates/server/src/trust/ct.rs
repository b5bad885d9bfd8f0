//! The certificate log, to be read: its checkpoint and tiles. Only the authority appends to it.

use axum::Router;
use axum::http::Uri;
use axum::response::Response;

use super::{TrustStack, tiles};
use crate::app::App;
use crate::problem::Problem;
use crate::routes::read;

/// `/trust/ct/…`.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/trust/ct/checkpoint", read(checkpoint))
        .route("/trust/ct/tile/{*path}", read(tile))
}

/// The newest checkpoint.
async fn checkpoint(stack: TrustStack) -> Result<Response, Problem> {
    tiles::checkpoint(&stack.ct).await
}

/// Hashes, or entries: each is a `MerkleTreeLeaf` of RFC 6962 §3.4.
async fn tile(stack: TrustStack, uri: Uri) -> Result<Response, Problem> {
    tiles::tile(&stack.ct, "/trust/ct/", &uri).await
}

//! The transparency log with Rekor's version 2 in front.

use axum::Router;
use axum::extract::State;
use axum::http::header::HeaderName;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use touchplate_trust::rekor::{Added2, MAX_V2_PROPOSAL_BYTES, Proposal};

use super::limits::WithinLimits;
use super::told::Told;
use super::{TrustStack, tiles};
use crate::api::v1::body::JsonBody;
use crate::app::App;
use crate::problem::Problem;
use crate::routes::{read, write};

/// Where the equal entry is, beside the refusal to log it again.
const LOG_INDEX: HeaderName = HeaderName::from_static("x-log-index");

/// `/trust/rekor2/…`.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/trust/rekor2/api/v2/log/entries", write(add))
        .route("/trust/rekor2/api/v2/checkpoint", read(checkpoint))
        .route("/trust/rekor2/api/v2/tile/{*path}", read(tile))
}

/// `POST …/log/entries`: 201 with the entry once a public checkpoint covers it.
async fn add(
    _: WithinLimits,
    stack: TrustStack,
    State(app): State<App>,
    JsonBody(json): JsonBody<MAX_V2_PROPOSAL_BYTES>,
) -> Result<Response, Problem> {
    let proposal = Proposal::for_v2(&json)?;
    match stack.rekor2.add(&proposal, app.clock.now()).await? {
        Added2::New(entry) => Ok((StatusCode::CREATED, Told(entry)).into_response()),
        Added2::Exists(index) => {
            let message = format!(
                "an equivalent entry already exists in the transparency log with index {index}"
            );
            let problem = Problem::saying(StatusCode::CONFLICT, &message);
            Err(problem.with(LOG_INDEX, HeaderValue::from(index)))
        }
    }
}

/// The newest checkpoint.
async fn checkpoint(stack: TrustStack) -> Result<Response, Problem> {
    tiles::checkpoint(stack.rekor2.log()).await
}

/// Hashes, or entries.
async fn tile(stack: TrustStack, uri: Uri) -> Result<Response, Problem> {
    tiles::tile(stack.rekor2.log(), "/trust/rekor2/api/v2/", &uri).await
}

//! For operators: is the process alive, and can it work?

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use touchplate_packaging::Sha256;

use crate::app::App;
use crate::problem::Problem;

/// Load balancers commonly give up after five seconds; better to say no before that.
const PATIENCE: Duration = Duration::from_secs(3);

/// `GET /healthz`: the process is alive.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database and the blob store answer, and the server is to go on.
pub(crate) async fn ready(State(app): State<App>) -> Response {
    if app.stopping.has_begun() {
        let message = "Not ready: the server is stopping";
        return Problem::saying(StatusCode::SERVICE_UNAVAILABLE, message).into_response();
    }
    for (what, asked) in [
        ("database", database_answers(&app).await),
        ("blob store", blob_store_answers(&app).await),
    ] {
        if let Err(cause) = asked {
            tracing::error!(what, cause, "not ready");
            let message = format!("Not ready: the {what} does not answer");
            return Problem::saying(StatusCode::SERVICE_UNAVAILABLE, &message).into_response();
        }
    }
    "ready\n".into_response()
}

/// Asks the database something small.
pub(crate) async fn database_answers(app: &App) -> Result<(), String> {
    patiently(async {
        let head = app.index.head().await;
        head.map(drop).map_err(|error| error.cause.to_string())
    })
    .await
}

/// Asks the blob store for bytes that are hardly there.
pub(crate) async fn blob_store_answers(app: &App) -> Result<(), String> {
    patiently(async {
        let size = app.blobs.size(&Sha256::of(b"")).await;
        size.map(drop).map_err(|error| error.cause.to_string())
    })
    .await
}

async fn patiently(asked: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer in {} seconds", PATIENCE.as_secs())),
    }
}

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
    let nothing = Sha256::of(b"");
    let database = async {
        app.index
            .head()
            .await
            .map(drop)
            .map_err(|error| error.cause.to_string())
    };
    let blobs = async {
        app.blobs
            .size(&nothing)
            .await
            .map(drop)
            .map_err(|error| error.cause.to_string())
    };
    for (what, asked) in [
        ("database", patiently(database).await),
        ("blob store", patiently(blobs).await),
    ] {
        if let Err(cause) = asked {
            tracing::error!(what, cause, "not ready");
            let message = format!("Not ready: the {what} does not answer");
            return Problem::saying(StatusCode::SERVICE_UNAVAILABLE, &message).into_response();
        }
    }
    "ready\n".into_response()
}

async fn patiently(asked: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer in {} seconds", PATIENCE.as_secs())),
    }
}

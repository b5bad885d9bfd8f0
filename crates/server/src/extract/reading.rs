//! Who reads. One gate in front of every route finds it out, so that no handler can forget to.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use touchplate_index::Reader;
use touchplate_index::accounts::AuthError;

use super::credentials::Credentials;
use crate::app::App;
use crate::problem::Problem;
use crate::routes;

/// Who reads, as the gate found out.
#[derive(Clone, Debug)]
pub(crate) struct Reading(pub(crate) Reader);

/// Lets a read through once it is known who reads. Uploads say for themselves who is asking.
pub(crate) async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let is_read = request.method() == Method::GET || request.method() == Method::HEAD;
    if is_read && !routes::is_open(request.uri().path()) {
        match reader(&app, request.headers()).await {
            Ok(reader) => request.extensions_mut().insert(Reading(reader)),
            Err(problem) => return problem.into_response(),
        };
    }
    next.run(request).await
}

async fn reader(app: &App, headers: &HeaderMap) -> Result<Reader, Problem> {
    let token = match Credentials::of(headers) {
        Credentials::None if app.anonymous_read => return Ok(Reader::Anonymous),
        Credentials::None => {
            return Err(Problem::unauthorised(
                "Reading this index needs an API token as the password of HTTP Basic, with any user name",
            ));
        }
        // pip and uv take what stands in a URL or netrc: `token@host` puts it where the user name goes.
        Credentials::Basic { user, password } if password.is_empty() => user,
        Credentials::Basic { password, .. } | Credentials::Bearer(password) => password,
        Credentials::Unreadable => String::new(),
    };
    match app.index.authenticate(&token, app.clock.now()).await {
        Ok(caller) => Ok(Reader::Account(caller)),
        Err(error) => {
            if !matches!(error, AuthError::Store(_)) {
                tracing::info!(reason = %error, "credentials were not accepted");
            }
            Err(error.into())
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reading {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // Absent only behind a route that is open to everybody, which then reads as nobody in particular.
        Ok(parts
            .extensions
            .get()
            .cloned()
            .unwrap_or(Self(Reader::Anonymous)))
    }
}

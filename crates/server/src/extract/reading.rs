//! Who reads, and who changes something. One gate in front of every route finds out who reads, so that no handler can
//! forget to.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use touchplate_index::accounts::{AuthError, Occasion};
use touchplate_index::{Actor, Caller, Origin, Reader, RequestId};

use super::credentials::Credentials;
use crate::app::App;
use crate::observe::ClientAddress;
use crate::problem::Problem;
use crate::routes;

/// Who reads, as the gate found out.
#[derive(Clone, Debug)]
pub(crate) struct Reading(pub(crate) Reader);

/// Lets a read through once it is known who reads, and no change where the operator wants none. What changes something says for itself who is asking.
pub(crate) async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    if routes::is_read(request.method(), request.uri().path())
        && !routes::is_open(request.uri().path())
    {
        let occasion = occasion(request.extensions(), app.clock.now());
        match reader(&app, request.headers(), &occasion).await {
            Ok(reader) => request.extensions_mut().insert(Reading(reader)),
            Err(problem) => return problem.into_response(),
        };
    }
    // An upload says so itself, and takes the body's rest in: a client that still sends would not hear of it.
    if app.read_only && routes::changes(request.method(), request.uri().path()) {
        return Problem::read_only().into_response();
    }
    next.run(request).await
}

async fn reader(app: &App, headers: &HeaderMap, occasion: &Occasion) -> Result<Reader, Problem> {
    match token(headers) {
        None if app.anonymous_read => Ok(Reader::Anonymous),
        None => Err(Problem::unauthorised(
            "Reading this index needs an API token as the password of HTTP Basic, with any user name",
        )),
        Some(token) => Ok(Reader::Account(caller(app, &token, occasion).await?)),
    }
}

/// The token that came with a request; none: no credentials came, which is not the same as wrong ones.
fn token(headers: &HeaderMap) -> Option<String> {
    match Credentials::of(headers) {
        Credentials::None => None,
        // pip and uv take what stands in a URL or netrc: `token@host` puts it where the user name goes.
        Credentials::Basic { user, password } if password.is_empty() => Some(user),
        Credentials::Basic { password, .. } | Credentials::Bearer(password) => Some(password),
        Credentials::Unreadable => Some(String::new()),
    }
}

/// When and from where a request came.
pub(crate) fn occasion(extensions: &Extensions, now: Timestamp) -> Occasion {
    Occasion {
        now,
        from: extensions.get().map(|ClientAddress(address)| *address),
    }
}

async fn caller(app: &App, token: &str, occasion: &Occasion) -> Result<Caller, Problem> {
    let outcome = match token.trim().parse() {
        Ok(token) => app.index.authenticate(&token, occasion).await,
        Err(malformed) => Err(AuthError::Malformed(malformed)),
    };
    outcome.map_err(|error| {
        if !matches!(error, AuthError::Store(_)) {
            tracing::info!(reason = %error, "credentials were not accepted");
        }
        error.into()
    })
}

/// Who changes something below `/api/v1/`, or sees there what members alone see: a token's holder.
#[derive(Clone, Debug)]
pub(crate) struct Calling {
    pub(crate) caller: Caller,
    pub(crate) origin: Origin,
}

impl FromRequestParts<App> for Calling {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let at = app.clock.now();
        let token = token(&parts.headers).ok_or_else(|| {
            Problem::unauthorised(
                "Changing something, or seeing what members alone see, needs an API token, as a bearer token or as the password of HTTP Basic",
            )
        })?;
        let caller = caller(app, &token, &occasion(&parts.extensions, at)).await?;
        let request = parts.extensions.get().cloned();
        let origin = Origin {
            actor: Actor::User(caller.user.clone()),
            request: request.unwrap_or_else(RequestId::random),
            at,
        };
        Ok(Self { caller, origin })
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

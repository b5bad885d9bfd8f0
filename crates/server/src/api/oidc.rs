//! Trusted publishing as clients do it: `/_/oidc/…` in PyPI's shape, which uv, twine and the rest ask at the host's root, and
//! `/.well-known/pytp` (PEP 807).

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use touchplate_attest::{PredicateType, read_strict_json};
use touchplate_index::RequestId;
use touchplate_index::trusted_publishing::{ExchangeError, Minted};

use super::v1::body::{AnyBody, BodyRefused};
use crate::app::App;
use crate::extract::accept::Accept;
use crate::problem::{Problem, SOON, is_unavailable};
use crate::publishing::NotTaken;

/// A token has at most 16 kB; the rest is for what a later client may add.
pub(crate) const MAX_MINT_BYTES: usize = 64 << 10;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const DETAILS: HeaderValue = HeaderValue::from_static("application/problem+json");
const PYTP: &str = "application/vnd.pypi.pytp.v1+json";
const OFF: &str = "Trusted publishing functionality not enabled";

/// Tokens for one upload, and tokens for as many as come: PEP 807's names.
const SINGLE: &str = "single-use-token";
const MULTI: &str = "multi-use-token";

/// `GET /_/oidc/audience`: for whom an ID token must be. 403 where the operator wants no trusted publishing, as at PyPI.
pub(crate) async fn audience(State(app): State<App>) -> Response {
    match &app.publishing {
        Some(publishing) => answer(StatusCode::OK, &json!({"audience": publishing.audience()})),
        None => answer(StatusCode::FORBIDDEN, &json!({"message": OFF})),
    }
}

/// What a client may ask of [`discovery`].
#[derive(Deserialize)]
pub(crate) struct Discover {
    discover: Option<String>,
}

/// `GET /.well-known/pytp?discover=%2Flegacy%2F`: where the index of this upload URL mints tokens. 404 where it does not.
pub(crate) async fn discovery(
    State(app): State<App>,
    Query(asked): Query<Discover>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let known = ["/legacy/", "/legacy", "/", ""];
    let key = asked.discover.as_deref();
    if app.publishing.is_none() || !key.is_some_and(|key| known.contains(&key)) {
        return Err(Problem::not_found());
    }
    let offers = [(PYTP, true), ("application/json", true)];
    let accept = Accept::of(&headers);
    if accept != Accept::Anything && accept.prefer(&offers).is_none() {
        let words = format!("Not Acceptable: this URL answers in {PYTP}");
        return Err(Problem::saying(StatusCode::NOT_ACCEPTABLE, &words));
    }
    let url = &app.url;
    let mut response = answer(
        StatusCode::OK,
        &json!({
            "audience-endpoint": format!("{url}/_/oidc/audience"),
            "token-mint-endpoint": format!("{url}/_/oidc/mint-token"),
            "features": [MULTI, SINGLE],
            "default-features": [MULTI],
            // Ours, for clients that know it: PEP 807 leaves other keys to those who read them.
            "touchplate": {
                "index": url,
                "simple": format!("{url}/simple/"),
                "predicate-types": [
                    PredicateType::Publish,
                    PredicateType::Slsa,
                    PredicateType::IndexPublish,
                ],
            },
        }),
    );
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PYTP));
    Ok(response)
}

/// `POST /_/oidc/mint-token`: an ID token for a token to upload with.
pub(crate) async fn mint(
    State(app): State<App>,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
    AnyBody(body): AnyBody<MAX_MINT_BYTES>,
) -> Response {
    let minted = match body {
        Ok(body) => exchange(&app, &request, &body).await,
        Err(refused) => Err(Refused::Body(refused)),
    };
    match minted {
        Ok(minted) => {
            tracing::info!(
                token = minted.token.id().as_str(),
                publisher = minted.publisher,
                projects = minted.projects.len(),
                "minted a token"
            );
            let body = json!({
                "success": true,
                "token": minted.token.reveal(),
                "expires": minted.expires_at.as_second(),
            });
            answer(StatusCode::OK, &body)
        }
        Err(refused) => refused.answer(&Accept::of(&headers), &request),
    }
}

/// Why no token was minted.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{OFF}")]
    Off,
    #[error(transparent)]
    Body(BodyRefused),
    #[error("{0}")]
    Payload(String),
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
}

async fn exchange(app: &App, request: &RequestId, body: &[u8]) -> Result<Minted, Refused> {
    let publishing = app.publishing.as_ref().ok_or(Refused::Off)?;
    let (token, single_use) = payload(body)?;
    let now = app.clock.now();
    let presented = publishing.check(&token, now).await?;
    let minted = app.index.exchange(request, &presented, single_use, now);
    let minted = minted.await?;
    // Who mints and then uploads must find the project that was created.
    app.cache.catch_up().await;
    Ok(minted)
}

/// The token, and whether it is to be exchanged for one that serves one upload.
fn payload(body: &[u8]) -> Result<(String, bool), Refused> {
    let wrong = |found: &str| Refused::Payload(found.to_owned());
    let payload = read_strict_json(body, MAX_MINT_BYTES)
        .map_err(|error| wrong(&format!("expected a JSON object with a `token`: {error}")))?;
    let Some(payload) = payload.as_object() else {
        return Err(wrong("expected a JSON object with a `token`"));
    };
    let token = payload.get("token").and_then(|token| token.as_str());
    let token = token.ok_or_else(|| wrong("expected a text as `token`"))?;
    let single_use = match payload.get("features") {
        None | Some(serde_json::Value::Null) => false,
        Some(features) => {
            let listed = features.as_array().filter(|list| list.len() <= 2);
            let listed = listed.map(|list| list.iter().map(|it| it.as_str()).collect::<Vec<_>>());
            match listed.as_deref() {
                Some([] | [Some(MULTI)]) => false,
                Some([Some(SINGLE)]) => true,
                _ => {
                    return Err(wrong(
                        "expected [\"single-use-token\"] or [\"multi-use-token\"] as `features`",
                    ));
                }
            }
        }
    };
    Ok((token.to_owned(), single_use))
}

#[derive(Serialize)]
struct Said<'s> {
    code: &'s str,
    description: &'s str,
}

/// PyPI's shape, whatever else is in it.
#[derive(Serialize)]
struct Failure<'f> {
    message: &'f str,
    errors: [Said<'f>; 1],
}

/// The same as problem details (RFC 9457).
#[derive(Serialize)]
struct FailureDetails<'f> {
    #[serde(rename = "type")]
    kind: String,
    title: &'f str,
    status: u16,
    detail: &'f str,
    #[serde(flatten)]
    failure: Failure<'f>,
}

impl Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Off => "not-enabled",
            Self::Body(_) | Self::Payload(_) => "invalid-payload",
            Self::NotTaken(NotTaken::Malformed(_) | NotTaken::UnknownIssuer(_)) => {
                "invalid-payload"
            }
            Self::NotTaken(NotTaken::Off { .. }) => "not-enabled",
            Self::NotTaken(NotTaken::Invalid(_)) => "invalid-token",
            Self::Exchange(error) => match error {
                ExchangeError::ProjectExists { .. } => "invalid-pending-publisher",
                ExchangeError::NotCreated { .. } => "invalid-payload",
                ExchangeError::Reused => "invalid-reuse-token",
                ExchangeError::NoPublisher(_) => "invalid-publisher",
                ExchangeError::Raced | ExchangeError::Store(_) => "server-error",
            },
        }
    }

    /// 422 whatever it is, but where it is ours to mend.
    fn status(&self) -> StatusCode {
        match self {
            Self::Exchange(ExchangeError::Store(error)) if !is_unavailable(error) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Exchange(ExchangeError::Store(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Exchange(ExchangeError::Raced) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Off
            | Self::Body(_)
            | Self::Payload(_)
            | Self::NotTaken(_)
            | Self::Exchange(
                ExchangeError::ProjectExists { .. }
                | ExchangeError::NotCreated { .. }
                | ExchangeError::Reused
                | ExchangeError::NoPublisher(_),
            ) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// What the presenter reads. PyPI's words; behind a colon what it leaves out.
    fn description(&self, request: &RequestId) -> String {
        let source = std::error::Error::source(self);
        match self {
            Self::Exchange(ExchangeError::Store(error)) => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::error!(%request, %error, cause, "a token was not minted");
                format!("the index could not do this; its log says why, under request {request}")
            }
            Self::NotTaken(NotTaken::UnknownIssuer(_)) => self.to_string(),
            _ => match source {
                Some(source) => format!("{self}: {source}"),
                None => self.to_string(),
            },
        }
    }

    fn answer(&self, accept: &Accept, request: &RequestId) -> Response {
        let (code, status) = (self.code(), self.status());
        let description = self.description(request);
        tracing::info!(%request, code, description, "no token was minted");
        let title = "Token request failed";
        let failure = Failure {
            message: title,
            errors: [Said {
                code,
                description: &description,
            }],
        };
        let offers = [
            ("application/json", false),
            ("application/problem+json", true),
        ];
        let in_details = *accept != Accept::Anything && accept.prefer(&offers).unwrap_or(false);
        if !in_details {
            return answer(status, &failure);
        }
        let details = FailureDetails {
            kind: format!("urn:touchplate:problem:{code}"),
            title,
            status: status.as_u16(),
            detail: &description,
            failure,
        };
        let mut response = answer(status, &details);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, DETAILS);
        response
    }
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).expect("texts and numbers always become JSON");
    let mut response = (status, [(header::CONTENT_TYPE, JSON)], body).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, SOON);
    }
    response
}

//! The private trust stack: certificate authority, logs, timestamps and the documents that their clients need.
//!
//! Every route is always there; without a stack each answers as an unknown URL does. A protocol's routes, with its own
//! shape of errors, are in its own file.

pub mod ca;
mod ct;
pub mod documents;
pub mod limits;
mod opening;
mod refused;
mod rekor1;
mod rekor2;
mod tiles;
mod told;
mod tsa;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use tokio::sync::RwLock;
use touchplate_trust::log::Log;
use touchplate_trust::rekor::{Rekor1, Rekor2};
use touchplate_trust::stamp::TimestampAuthority;

use crate::app::App;
use crate::problem::Problem;
use ca::Ca;
use documents::Documents;
use limits::Limits;

pub use opening::{FOLDER, ISSUERS, OpenStackError, StackParts};
pub(crate) use opening::{issuers, issuers_path, open, own_domain};

/// The stack that this server runs: cheap to clone.
#[derive(Clone)]
pub struct TrustStack(Arc<Services>);

/// What a [`TrustStack`] is made of.
pub struct Services {
    /// The transparency log of Rekor v1.
    pub rekor1: Rekor1,
    /// The transparency log of Rekor v2.
    pub rekor2: Rekor2,
    /// The certificate log.
    pub ct: Log,
    /// The certificate authority.
    pub ca: Ca,
    /// The timestamp authority.
    pub tsa: TimestampAuthority,
    /// What clients need to know.
    pub documents: Documents,
    /// How much one caller may ask.
    pub limits: Limits,
    /// Whether timestamps are given without asking about the clock.
    pub clock_is_unchecked: bool,
}

impl TrustStack {
    /// Shares `services`.
    pub fn new(services: Services) -> Self {
        Self(Arc::new(services))
    }
}

/// The stack that is served now, if any. Another takes its place when the operator has made new keys.
pub struct Mounted(RwLock<Option<TrustStack>>);

/// Requests that are under way may finish with the former keys for this long: nearly all take milliseconds.
const FORMER_TIME: Duration = Duration::from_secs(2);

/// How often it is looked whether they have.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

impl Mounted {
    /// Serves `stack`, or none.
    pub fn new(stack: Option<TrustStack>) -> Self {
        Self(RwLock::new(stack))
    }

    /// The stack for one request. Waits while one takes the place of another.
    pub async fn current(&self) -> Option<TrustStack> {
        self.0.read().await.clone()
    }

    /// Puts what `open` yields in the place of what is served, if it yields a stack; requests wait meanwhile. The former
    /// one must be at rest before: it cannot append to a log whose head is signed with a newer key.
    pub(crate) async fn replace<E>(
        &self,
        open: impl Future<Output = Result<Option<TrustStack>, E>>,
    ) -> Result<bool, E> {
        let mut place = self.0.write().await;
        if let Some(former) = &*place {
            former.at_rest().await;
        }
        let Some(stack) = open.await? else {
            return Ok(false);
        };
        *place = Some(stack);
        Ok(true)
    }
}

impl TrustStack {
    /// Waits until no request has it any more, for a time.
    async fn at_rest(&self) {
        let finished = async {
            while Arc::strong_count(&self.0) > 1 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        if tokio::time::timeout(FORMER_TIME, finished).await.is_err() {
            tracing::warn!("requests to the trust stack that are still under way may fail");
        }
    }
}

impl std::ops::Deref for TrustStack {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

/// Every URL of the stack.
pub(crate) fn router(app: &App) -> Router<App> {
    Router::new()
        .merge(ca::router())
        .merge(rekor1::router())
        .merge(rekor2::router())
        .merge(ct::router())
        .merge(tsa::router())
        .merge(documents::router())
        .layer(middleware::from_fn_with_state(app.clone(), mounted))
}

/// Whether `path` belongs to the stack. Its clients have no credentials of the index: the authority asks for an ID token,
/// and the others answer everybody.
pub(crate) fn owns(path: &str) -> bool {
    path.starts_with("/trust/") || path.starts_with("/api/v2/")
}

/// Lets requests through where there is a stack. What a handler does not let caches keep, none keeps.
async fn mounted(State(app): State<App>, request: Request, next: Next) -> Response {
    if app.trust.current().await.is_none() {
        return Problem::not_found().into_response();
    }
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

impl FromRequestParts<App> for TrustStack {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, app: &App) -> Result<Self, Problem> {
        app.trust.current().await.ok_or_else(Problem::not_found)
    }
}

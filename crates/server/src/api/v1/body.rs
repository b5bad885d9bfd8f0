//! JSON bodies: bounded in length and time, and read for nobody who may not send them.

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;

use super::JSON;
use super::versions::V1;
use crate::api::upload::{ArrivalError, Arriving};
use crate::app::App;
use crate::extract::Calling;
use crate::problem::Problem;

/// The longest body has a megabyte, which a modem brings in this time.
const WHOLE_TIME: Duration = Duration::from_secs(2 * 60);

/// Why a body was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyRefused {
    /// It says that it is something else.
    #[error("expected a body of the type application/json, found {found}")]
    ContentType {
        /// What it says.
        found: String,
    },
    /// It is longer than whatever may stand there.
    #[error("expected a body of at most {limit} bytes")]
    TooLarge {
        /// The most that is read.
        limit: usize,
    },
    /// It came too slowly.
    #[error("the body did not come within {} seconds", WHOLE_TIME.as_secs())]
    Slow,
    /// It did not come in full.
    #[error("the body did not arrive")]
    Arrival(#[from] ArrivalError),
}

/// A JSON body of at most `MAX` bytes; what stands in it is for the handler to read.
pub(crate) struct JsonBody<const MAX: usize>(pub(crate) Bytes);

impl<const MAX: usize> FromRequest<App> for JsonBody<MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut arriving = Arriving::new(body);
        let outcome = receive(&parts.headers, &mut arriving, MAX).await;
        settle(app, &parts, arriving, outcome.map_err(Problem::from)).map(Self)
    }
}

/// A body of at most `MAX` bytes, whatever it says that it is; or why it was not taken, for who answers that in a shape of
/// their own.
pub(crate) struct AnyBody<const MAX: usize>(pub(crate) Result<Bytes, BodyRefused>);

impl<const MAX: usize> FromRequest<App> for AnyBody<MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let mut arriving = Arriving::new(body);
        let outcome = arrive(&parts.headers, &mut arriving, MAX).await;
        if outcome.is_err() {
            let waits = parts.headers.contains_key(header::EXPECT);
            app.drains.drain(arriving, waits);
        }
        Ok(Self(outcome))
    }
}

/// The same, by a token's holder: who is asking is known before the body is read.
pub(crate) struct CallersJson<const MAX: usize> {
    pub(crate) calling: Calling,
    pub(crate) json: Bytes,
}

impl<const MAX: usize> FromRequest<App> for CallersJson<MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let mut arriving = Arriving::new(body);
        let outcome = async {
            let calling = Calling::from_request_parts(&mut parts, app).await?;
            let json = receive(&parts.headers, &mut arriving, MAX).await?;
            Ok(Self { calling, json })
        };
        let outcome = outcome.await;
        settle(app, &parts, arriving, outcome)
    }
}

/// A refused body is read to its end beside the answer, or its sender would see a broken connection instead.
fn settle<T>(
    app: &App,
    parts: &Parts,
    arriving: Arriving,
    outcome: Result<T, Problem>,
) -> Result<T, Problem> {
    if outcome.is_err() {
        let waits = parts.headers.contains_key(header::EXPECT);
        app.drains.drain(arriving, waits);
    }
    outcome
}

async fn receive(
    headers: &HeaderMap,
    arriving: &mut Arriving,
    limit: usize,
) -> Result<Bytes, BodyRefused> {
    check_type(headers)?;
    arrive(headers, arriving, limit).await
}

async fn arrive(
    headers: &HeaderMap,
    arriving: &mut Arriving,
    limit: usize,
) -> Result<Bytes, BodyRefused> {
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(BodyRefused::TooLarge { limit });
    }
    let whole = async {
        let mut whole = BytesMut::new();
        while let Some(piece) = arriving.next().await {
            let piece = piece?;
            arriving.unclaimed().claim();
            if whole.len().saturating_add(piece.len()) > limit {
                return Err(BodyRefused::TooLarge { limit });
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    };
    tokio::time::timeout(WHOLE_TIME, whole)
        .await
        .unwrap_or(Err(BodyRefused::Slow))
}

fn check_type(headers: &HeaderMap) -> Result<(), BodyRefused> {
    let given = headers.get(header::CONTENT_TYPE);
    let given = given.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let essence = |given: &String| {
        let essence = given.split(';').next().unwrap_or_default().trim();
        [JSON, V1].iter().any(|it| essence.eq_ignore_ascii_case(it))
    };
    if given.as_ref().is_some_and(essence) {
        return Ok(());
    }
    let found = given.map(|given| given.chars().take(80).collect());
    Err(BodyRefused::ContentType {
        found: found.unwrap_or_else(|| "none".to_owned()),
    })
}

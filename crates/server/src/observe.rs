//! Around every request: its id, its line in the log, and an answer whatever happens inside.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use hyper::body::{Body as _, Frame, SizeHint};
use touchplate_index::RequestId;
use tracing::Instrument as _;

use crate::app::App;
use crate::extract::accept::Accept;
use crate::forwarded;
use crate::hot;
use crate::metrics::Route;
use crate::problem::Problem;
use crate::routes;
use crate::traces;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The other end of the connection, which may be a proxy: an extension of each request that came over one.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Who asks, as far as can be known: behind configured proxies, whom they name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

/// A path that is longer than this is cut in the log; no URL of ours is.
const MAX_LOGGED_PATH: usize = 512;

/// Gives the request its id, runs it, turns a [`Problem`] into what the client accepts, and logs one line when the last
/// byte is sent.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let id = RequestId::random();
    let (parts, body) = request.into_parts();
    let key = hot::key(&parts);
    let line = Line::begin(&app, &parts, id.clone());
    let mut request = Request::from_parts(parts, body);
    let accept = Accept::of(request.headers());
    let speaks = routes::speaks(request.uri().path());
    request.extensions_mut().insert(id.clone());
    if let Some(client) = line.client {
        request.extensions_mut().insert(ClientAddress(client));
    }
    let span = tracing::info_span!("request", %id);
    let traced = traces::request(&request, Route::of(&line.path), &id);
    let outcome = AssertUnwindSafe(
        next.run(request)
            .instrument(span)
            .instrument(traced.clone()),
    )
    .catch_unwind()
    .await;
    let mut response = outcome.unwrap_or_else(|_| Problem::panicked().into_response());
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        app.metrics.refused(Route::of(&line.path), &problem);
        let around = std::mem::take(response.headers_mut());
        let wanted = routes::project_of(&line.path);
        response = problem
            .speaking(speaks)
            .render(&accept, &id, wanted.as_deref());
        // What the route's layers have set: who may keep it, which origins may read it.
        for (name, value) in &around {
            response.headers_mut().entry(name).or_insert(value.clone());
        }
        response
            .headers_mut()
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
    traces::answered(&traced, response.status());
    response
        .headers_mut()
        .insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    app.cache.hot.keep(key, &mut response);
    told(named(response, &id), line)
}

/// What [`observe`] says of a refusal, of one that never came to it.
pub(crate) fn kept_by_nobody(response: Response, id: &RequestId) -> Response {
    let mut response = named(response, id);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What [`observe`] does to an answer that is given again.
pub(crate) fn again(app: &App, request: &Parts, response: Response) -> Response {
    let id = RequestId::random();
    let response = named(response, &id);
    if tracing::enabled!(tracing::Level::INFO) {
        told(response, Line::begin(app, request, id))
    } else {
        response
    }
}

fn named(mut response: Response, id: &RequestId) -> Response {
    let id = HeaderValue::from_str(id.as_str()).expect("an id has hexadecimal digits alone");
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// With its line in the log once it is sent.
fn told(response: Response, mut line: Line) -> Response {
    line.status = Some(response.status());
    line.announced = announced(&response);
    response.map(|body| {
        Body::new(Told {
            body,
            line,
            ended: false,
        })
    })
}

/// One line of the log, written when it goes out of scope: after the last byte, or when the client is gone.
struct Line {
    method: Method,
    path: String,
    client: Option<IpAddr>,
    request: RequestId,
    began: Instant,
    status: Option<StatusCode>,
    announced: Option<u64>,
    bytes: u64,
    whole: bool,
}

impl Line {
    fn begin(app: &App, request: &Parts, id: RequestId) -> Self {
        let peer = request.extensions.get::<Peer>().map(|peer| peer.0.ip());
        Self {
            method: request.method.clone(),
            // Without the query: people paste secrets into URLs.
            path: request.uri.path().chars().take(MAX_LOGGED_PATH).collect(),
            client: peer.map(|peer| {
                let (proxies, header) = (&app.forwarded_from, app.forwarded_header);
                forwarded::client(peer, &request.headers, proxies, header)
            }),
            request: id,
            began: Instant::now(),
            status: None,
            announced: None,
            bytes: 0,
            whole: false,
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let Self {
            method,
            path,
            request,
            bytes,
            ..
        } = self;
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let client = self.client.map(tracing::field::display);
        match self.status.map(|status| status.as_u16()) {
            None => {
                tracing::info!(%method, path, bytes, ms, %request, client, "the client left before the answer");
            }
            Some(status) if self.whole => {
                tracing::info!(%method, path, status, bytes, ms, %request, client, "answered");
            }
            Some(status) => {
                tracing::info!(%method, path, status, bytes, ms, %request, client, "answer cut off");
            }
        }
    }
}

/// The length of the body, if the head says it.
pub(crate) fn announced(response: &Response) -> Option<u64> {
    let header = response.headers().get(CONTENT_LENGTH);
    let said = header.and_then(|value| value.to_str().ok()?.parse().ok());
    said.or_else(|| response.body().size_hint().exact())
}

/// A body that tells its line how much of it was sent.
struct Told {
    body: Body,
    line: Line,
    ended: bool,
}

impl hyper::body::Body for Told {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            None => self.ended = true,
            Some(Ok(frame)) => {
                let sent = frame.data_ref().map_or(0, Bytes::len);
                self.line.bytes = self.line.bytes.saturating_add(sent as u64);
            }
            Some(Err(_)) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        // Nobody asks a body of known length for its end once all of it is taken; HEAD has nothing to send.
        let all = self.line.announced == Some(self.line.bytes);
        self.line.whole =
            self.ended || all || self.line.method == Method::HEAD || self.body.is_end_stream();
    }
}

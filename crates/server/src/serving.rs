//! Connections: accepted, bounded in number and time, and let finish when the server stops.

mod admission;
mod files_host;
mod http2;
mod pace;
mod shape;
mod stream;
mod traffic;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use crate::api::files;
use crate::app::App;
use crate::config::Limits;
use crate::hot;
use crate::metrics::{self, Route};
use crate::observe::{self, Peer};
use crate::routes;
use crate::tls::{HTTP_2, Tls};
use admission::{Admission, Slot};
use stream::Watched;
use traffic::{Answered, Asked, Traffic};

pub use files_host::FilesHost;
pub(crate) use pace::TooSlow;

/// A failed accept is a lack of file descriptors, which does not go away by trying at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers on `listener`, over TLS where `tls` is given, until `shutdown` resolves; then lets what is under way finish.
pub(crate) async fn serve(
    listener: TcpListener,
    door: Door,
    tls: Option<Arc<Tls>>,
    shutdown: impl Future<Output = ()>,
) {
    let limits = door.app.limits;
    let admission = Admission::new(&limits, &door.app.forwarded_from);
    let graceful = GracefulShutdown::new();
    let stopping = door.app.stopping.clone();
    let shutdown = async {
        shutdown.await;
        // Whoever asks `/readyz` hears it before the first connection is refused.
        stopping.begin();
        tokio::time::sleep(limits.stop_delay).await;
    };
    let mut shutdown = std::pin::pin!(shutdown);
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &admission) => accepted,
        };
        if let Some((stream, peer, slot)) = accepted {
            let tls = tls.as_ref().map(|tls| tls.acceptor());
            let connected = Connected {
                peer,
                slot,
                door: door.clone(),
                watcher: graceful.watcher(),
            };
            connections.spawn(connected.serve(stream, tls));
            while connections.try_join_next().is_some() {}
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.stop_time, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests that were still under way are cut off");
        connections.shutdown().await;
    }
}

/// One client.
struct Connected {
    peer: SocketAddr,
    slot: Slot,
    door: Door,
    watcher: Watcher,
}

impl Connected {
    async fn serve(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let Self {
            peer,
            slot,
            door,
            watcher,
        } = self;
        let ended = match tls {
            None => watcher.watch(http1(stream, door, peer)).await,
            Some(tls) => {
                let limits = door.app.limits;
                let Some(stream) = shake_hands(&tls, stream, peer, &limits).await else {
                    return;
                };
                if stream.get_ref().1.alpn_protocol() == Some(HTTP_2) {
                    http2::serve(stream, door, peer, watcher).await
                } else {
                    watcher.watch(http1(stream, door, peer)).await
                }
            }
        };
        drop(slot);
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection broke");
        }
    }
}

/// A client that breaks off in the middle, or speaks plain HTTP, is its own affair.
async fn shake_hands(
    tls: &TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    limits: &Limits,
) -> Option<TlsStream<TcpStream>> {
    match tokio::time::timeout(limits.head_time, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "a connection was not TLS");
            None
        }
        Err(_) => None,
    }
}

fn http1<S>(
    stream: S,
    door: Door,
    peer: SocketAddr,
) -> impl GracefulConnection<Error = hyper::Error> + Send
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = door.app.limits;
    let traffic = Arc::new(Traffic::default());
    let stream = Watched::http1(stream, traffic.clone(), &limits);
    let answer = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let (door, traffic) = (door.clone(), traffic.clone());
        async move { Ok::<_, Infallible>(door.answer(request, peer, &traffic).await) }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        // `Watched` looks closer. This makes hyper read on after an answer, so that `Watched` can look.
        .header_read_timeout(limits.head_time + limits.idle_time)
        .max_headers(limits.headers)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(stream), answer)
}

/// Where requests go: to what was answered before, or to the router.
#[derive(Clone)]
pub(crate) struct Door {
    app: App,
    router: Router,
}

impl Door {
    pub(crate) fn new(app: App) -> Self {
        let router = routes::router(app.clone());
        Self { app, router }
    }

    async fn answer(
        self,
        request: hyper::Request<Incoming>,
        peer: SocketAddr,
        traffic: &Arc<Traffic>,
    ) -> hyper::Response<Answered> {
        let (open, working) = traffic.begin();
        let body_open = open.clone();
        let limits = self.app.limits;
        let (began, metrics) = (Instant::now(), self.app.metrics.clone());
        let (route, method) = (
            Route::of(request.uri().path()),
            metrics::method(request.method()),
        );
        let in_flight = metrics.begun();
        let request = request.map(|body| Asked::new(body, &limits, body_open));
        let response = self.respond(request, peer).await;
        drop(in_flight);
        let bytes = observe::announced(&response);
        metrics.answered(route, method, response.status(), began.elapsed(), bytes);
        working.ends();
        response.map(|body| Answered::new(body, open))
    }

    async fn respond(self, request: hyper::Request<Asked>, peer: SocketAddr) -> Response {
        let (parts, body) = request.into_parts();
        if let Some(refused) = shape::refusal(&parts) {
            return refused;
        }
        let is_last = shape::is_chunked(&parts);
        let mut response = self.routed(parts, body, peer).await;
        if response.status() == StatusCode::NOT_MODIFIED {
            // axum has written down the length of no body, which is none of what the client has.
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        if is_last {
            shape::end(response.headers_mut());
        }
        response
    }

    async fn routed(self, mut parts: Parts, body: Asked, peer: SocketAddr) -> Response {
        parts.extensions.insert(Peer(peer));
        let files_host = self.app.files_host.as_ref();
        if files_host.is_some_and(|host| host.lacks(&parts)) {
            parts.uri = Uri::from_static("/not-on-this-host");
        }
        if let Some(key) = hot::key(&parts) {
            let kept = self.app.cache.hot.answer(&self.app, &key, &parts);
            self.app.metrics.looked_up("answers", kept.is_some());
            if let Some(response) = kept {
                return observe::again(&self.app, &parts, response);
            }
            if let Some(response) = files::at_the_door(&self.app, key, &parts).await {
                return observe::again(&self.app, &parts, response);
            }
        }
        let request = Request::from_parts(parts, Body::new(body));
        match self.router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// The next connection; none if that failed, or it is one too many.
async fn accept(
    listener: &TcpListener,
    admission: &Admission,
) -> Option<(TcpStream, SocketAddr, Slot)> {
    // The room first: connections beyond the limit wait in the kernel's queue.
    let room = admission.room().await?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are written whole; Nagle's algorithm would hold back the last piece of each.
            let _ = stream.set_nodelay(true);
            let slot = admission.admit(room, peer.ip())?;
            Some((stream, peer, slot))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

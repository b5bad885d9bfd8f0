//! Connections: accepted, bounded in number and time, and let finish when the server stops.

mod http2;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, Sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use crate::api::files;
use crate::app::App;
use crate::hot;
use crate::observe::{self, Peer};
use crate::routes;
use crate::tls::{HTTP_2, Tls};

/// Connections at one time. Each takes one file descriptor, and one more while it downloads or uploads; systemd's and
/// Docker's usual limit is far above, a login shell's 1024 is not.
const MAX_CONNECTIONS: usize = 4096;

/// A client that has not sent a request's head within this time, since it connected or since the last answer, is cut off.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// A client that takes no byte of its answer for this long is cut off.
const STALL_TIME: Duration = Duration::from_secs(60);

/// Header lines of one request. Browsers send about 20, proxies add some.
const MAX_HEADERS: usize = 100;

/// Bytes of a request's head, and of what is read ahead of a body: longer than any URL and token of ours.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Requests under way may finish for this long when the server stops; service managers commonly kill after 10 seconds
/// (Docker) or more.
const GRACE: Duration = Duration::from_secs(8);

/// A failed accept is a lack of file descriptors, which does not go away by trying at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers on `listener`, over TLS where `tls` is given, until `shutdown` resolves; then lets what is under way finish.
pub(crate) async fn serve(
    listener: TcpListener,
    door: Door,
    tls: Option<Arc<Tls>>,
    shutdown: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, peer, slot)) = accepted else {
            continue;
        };
        let door = door.clone();
        let watcher = graceful.watcher();
        match tls.as_ref().map(|tls| tls.acceptor()) {
            None => {
                let connection = watcher.watch(connection(stream, door, peer));
                tokio::spawn(async move { ended(peer, slot, connection.await) });
            }
            Some(tls) => {
                tokio::spawn(async move {
                    let Some(stream) = shake_hands(&tls, stream, peer).await else {
                        return;
                    };
                    if stream.get_ref().1.alpn_protocol() == Some(HTTP_2) {
                        ended(peer, slot, http2::serve(stream, door, peer, watcher).await);
                    } else {
                        let connection = watcher.watch(connection(stream, door, peer));
                        ended(peer, slot, connection.await);
                    }
                });
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests that were still under way are cut off");
    }
}

/// A client that breaks off in the middle, or speaks plain HTTP, is its own affair.
async fn shake_hands(
    tls: &TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
) -> Option<TlsStream<TcpStream>> {
    match tokio::time::timeout(HEAD_TIME, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "a connection was not TLS");
            None
        }
        Err(_) => None,
    }
}

fn connection<S>(
    stream: S,
    door: Door,
    peer: SocketAddr,
) -> impl GracefulConnection<Error = hyper::Error> + Send
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let door = door.clone();
        async move { Ok::<_, Infallible>(door.answer(request, peer).await) }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(Unstalled::new(stream)), answer)
}

fn ended(peer: SocketAddr, slot: Slot, ended: hyper::Result<()>) {
    drop(slot);
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection broke");
    }
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

    async fn answer(self, request: hyper::Request<Incoming>, peer: SocketAddr) -> Response {
        let (mut parts, body) = request.into_parts();
        parts.extensions.insert(Peer(peer));
        if let Some(key) = hot::key(&parts) {
            if let Some(response) = self.app.cache.hot.answer(&self.app, &key, &parts) {
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

type Slot = tokio::sync::OwnedSemaphorePermit;

/// The next connection; none if that failed.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, Slot)> {
    // The slot first: connections beyond the limit wait in the kernel's queue.
    let slot = slots.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are written whole; Nagle's algorithm would hold back the last piece of each.
            let _ = stream.set_nodelay(true);
            Some((stream, peer, slot))
        }
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// A connection whose writes fail when the client takes nothing for [`STALL_TIME`].
struct Unstalled<S> {
    stream: S,
    patience: Option<Pin<Box<Sleep>>>,
    /// Bytes that the client has taken.
    taken: Arc<AtomicU64>,
}

impl<S> Unstalled<S> {
    fn new(stream: S) -> Self {
        Self {
            stream,
            patience: None,
            taken: Arc::default(),
        }
    }

    /// What a write answers: as it is, unless it has waited for too long.
    fn within_patience(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(taken) = &written {
            let taken = taken.as_ref().map_or(0, |bytes| *bytes as u64);
            self.taken.fetch_add(taken, Ordering::Relaxed);
            self.patience = None;
            return written;
        }
        let patience = self
            .patience
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + STALL_TIME)));
        ready!(patience.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unstalled<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Unstalled<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.within_patience(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.within_patience(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

//! HTTP/2, for clients that ask for it in the TLS handshake. Without TLS there is none: nobody asks for it there but
//! proxies, which speak HTTP/1.1 as well.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::Door;
use super::stream::Watched;
use super::traffic::Traffic;

/// Streams that a client opened and reset before we saw them ("rapid reset", CVE-2023-44487): beyond this it is no client,
/// and its connection ends. Browsers reset some few when a page is left.
const MAX_RESET_UNSEEN: usize = 20;

/// Streams that we reset for what the client did wrong in them; its connection ends beyond this.
const MAX_RESET_BY_US: usize = 100;

/// Answers on one connection until the client leaves, or has asked for nothing and taken nothing for a while.
pub(super) async fn serve(
    stream: TlsStream<TcpStream>,
    door: Door,
    peer: SocketAddr,
    watcher: Watcher,
) -> hyper::Result<()> {
    let limits = door.app.limits;
    let traffic = Arc::new(Traffic::default());
    let stream = Watched::http2(stream, traffic.clone(), &limits);
    let counted = traffic.clone();
    let answer = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let (door, traffic) = (door.clone(), counted.clone());
        async move { Ok::<_, Infallible>(door.answer(request, peer, &traffic).await) }
    });
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.http2_streams)
        .max_pending_accept_reset_streams(MAX_RESET_UNSEEN)
        .max_local_error_reset_streams(MAX_RESET_BY_US)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = std::pin::pin!(watcher.watch(connection));
    let mut before = None;
    loop {
        // Whoever waits for the rest of an answer has opened no window for it.
        let patience = if traffic.is_idle() {
            limits.idle_time
        } else {
            limits.stall_time
        };
        tokio::select! {
            ended = &mut connection => return ended,
            () = traffic.is_wasted() => {
                tracing::debug!(%peer, "a client gives up most of what it asks for; its connection ends");
                return Ok(());
            }
            () = tokio::time::sleep(patience) => {
                let now = (traffic.begun(), traffic.moved());
                if before.replace(now) == Some(now) && !traffic.is_working() {
                    return Ok(());
                }
            }
        }
    }
}

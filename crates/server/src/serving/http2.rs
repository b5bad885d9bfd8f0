//! HTTP/2, for clients that ask for it in the TLS handshake. Without TLS there is none: nobody asks for it there but
//! proxies, which speak HTTP/1.1 as well.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::{Door, HEAD_TIME, MAX_HEAD_BYTES, STALL_TIME, Unstalled};

/// Requests under way on one connection: browsers and uv keep to what they are told, commonly a hundred.
const MAX_STREAMS: u32 = 100;

/// Answers on one connection until the client leaves, or has asked for nothing and taken nothing for a while.
pub(super) async fn serve(
    stream: TlsStream<TcpStream>,
    door: Door,
    peer: SocketAddr,
    watcher: Watcher,
) -> hyper::Result<()> {
    let stream = Unstalled::new(stream);
    let taken = stream.taken.clone();
    let answer = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let door = door.clone();
        async move { Ok::<_, Infallible>(door.answer(request, peer).await) }
    });
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX))
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = std::pin::pin!(watcher.watch(connection));
    let mut before = None;
    // An idle connection is one that HTTP/1 would have cut off after `HEAD_TIME`; one whose client opens no window for its
    // answers, after `STALL_TIME`. There is no telling which, so it gets both.
    let patience: Duration = HEAD_TIME + STALL_TIME;
    loop {
        tokio::select! {
            ended = &mut connection => return ended,
            () = tokio::time::sleep(patience) => {
                let now = taken.load(Ordering::Relaxed);
                if before.replace(now) == Some(now) {
                    return Ok(());
                }
            }
        }
    }
}

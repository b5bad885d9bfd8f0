//! HTTP/2, where a server speaks it: many questions side by side over one connection.
//!
//! It carries what [`Agent::ask`](super::Agent) asks and nothing else: redirects, credentials, retries and bounds are decided there,
//! as for HTTP/1.1. Where it cannot be had, whatever the reason, HTTP/1.1 is asked, and tells what is wrong.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::client::{Builder, SendRequest};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::runtime::{Handle, Runtime};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use ureq::Body;
use ureq::http::{Request, Response};
use url::Url;

use super::{CONNECT_SECONDS, MAX_HEAD_BYTES};
use crate::fetch::roots;

/// By ALPN, the server's choice of these two.
const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// Of one answer that has come and was not read yet: more than any provenance object has.
const ANSWER_WINDOW: u32 = 1 << 20;

/// Of all answers of one connection together.
const CONNECTION_WINDOW: u32 = 16 << 20;

/// Connections over HTTP/2, one for each server.
#[derive(Default)]
pub(super) struct Multiplexer {
    /// Made when the first question is asked; none where the system has no thread for it.
    runtime: OnceLock<Option<Runtime>>,
    tls: OnceLock<Option<TlsConnector>>,
    servers: Mutex<HashMap<Address, Arc<Mutex<Server>>>>,
}

/// Host and port.
type Address = (String, u16);

/// What is known of a server.
#[derive(Default)]
enum Server {
    /// It was not asked, or hung up.
    #[default]
    Unknown,
    /// It does not speak HTTP/2, or not to us.
    Http1,
    /// It does.
    Open(SendRequest<Bytes>),
}

impl std::fmt::Debug for Multiplexer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Multiplexer").finish_non_exhaustive()
    }
}

impl Drop for Multiplexer {
    fn drop(&mut self) {
        // A name that is still being looked up is nothing to wait for.
        if let Some(Some(runtime)) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Multiplexer {
    /// Whether a server speaks HTTP/2; it is connected to for that.
    pub(super) fn speaks(&self, url: &Url) -> bool {
        self.connection(url).is_some()
    }

    /// The answer to a `GET`, after that much silence at most; none where the server does not speak HTTP/2.
    ///
    /// # Errors
    /// The connection broke off, or nothing came in time.
    pub(super) fn ask(
        &self,
        url: &Url,
        headers: &[(&str, &str)],
        silence: Duration,
    ) -> Option<Result<Response<Body>, ureq::Error>> {
        let connection = self.connection(url)?;
        let handle = self.runtime()?.clone();
        let asked = async { timeout(silence, send(connection, url, headers)).await };
        let asked = handle.block_on(asked);
        let answered = asked.unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()));
        Some(match answered {
            Ok(response) => Ok(response.map(|stream| {
                let left = Bytes::new();
                Body::builder().reader(Answer {
                    handle,
                    stream,
                    left,
                    silence,
                })
            })),
            Err(error) => {
                self.forget(url);
                Err(ureq::Error::Io(error))
            }
        })
    }

    /// The connection to a server, made by the first who asks.
    fn connection(&self, url: &Url) -> Option<SendRequest<Bytes>> {
        let server = self.server(url)?;
        // A thread that panicked did not leave the state half changed.
        let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Server::Unknown = *server {
            let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
            let port = url.port_or_known_default()?;
            let tls = self.tls.get_or_init(connector).clone()?;
            let connected = self.runtime()?.block_on(connect(host, port, tls));
            *server = connected.map_or(Server::Http1, Server::Open);
        }
        match &*server {
            Server::Open(connection) => Some(connection.clone()),
            Server::Unknown | Server::Http1 => None,
        }
    }

    /// It hung up: whoever asks next connects anew.
    fn forget(&self, url: &Url) {
        if let Some(server) = self.server(url) {
            let mut server = server.lock().unwrap_or_else(PoisonError::into_inner);
            *server = Server::Unknown;
        }
    }

    fn server(&self, url: &Url) -> Option<Arc<Mutex<Server>>> {
        let key = (url.host_str()?.to_owned(), url.port_or_known_default()?);
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        Some(servers.entry(key).or_default().clone())
    }

    fn runtime(&self) -> Option<&Handle> {
        let runtime = self.runtime.get_or_init(|| {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(1).enable_all().build().ok()
        });
        runtime.as_ref().map(Runtime::handle)
    }
}

/// TLS as for HTTP/1.1, by the same authorities; none where there are none.
fn connector() -> Option<TlsConnector> {
    let mut config = roots::config()?;
    config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1.to_vec()];
    Some(TlsConnector::from(Arc::new(config)))
}

/// A connection over which HTTP/2 is spoken. What goes wrong is told by whoever asks over HTTP/1.1 next.
async fn connect(host: String, port: u16, tls: TlsConnector) -> Option<SendRequest<Bytes>> {
    let seconds = Duration::from_secs(CONNECT_SECONDS);
    let name = ServerName::try_from(host.clone()).ok()?;
    let stream = TcpStream::connect((host, port));
    let stream = timeout(seconds, stream).await.ok()?.ok()?;
    stream.set_nodelay(true).ok()?;
    let stream = timeout(seconds, tls.connect(name, stream))
        .await
        .ok()?
        .ok()?;
    if stream.get_ref().1.alpn_protocol() != Some(HTTP_2) {
        return None;
    }
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(ANSWER_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX));
    let (send, connection) = timeout(seconds, builder.handshake(stream))
        .await
        .ok()?
        .ok()?;
    tokio::spawn(async move {
        // Whoever waits for an answer hears of it.
        let _ended = connection.await;
    });
    Some(send)
}

async fn send(
    connection: SendRequest<Bytes>,
    url: &Url,
    headers: &[(&str, &str)],
) -> io::Result<Response<RecvStream>> {
    let mut request = Request::get(url.as_str());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).map_err(io::Error::other)?;
    let mut ready = connection.ready().await.map_err(broken)?;
    let (answer, _) = ready.send_request(request, true).map_err(broken)?;
    answer.await.map_err(broken)
}

/// Whatever it is, it passes: another connection may go better.
fn broken(error: h2::Error) -> io::Error {
    io::Error::other(error)
}

/// The body of an answer, as it comes.
struct Answer {
    handle: Handle,
    stream: RecvStream,
    left: Bytes,
    silence: Duration,
}

impl Read for Answer {
    fn read(&mut self, part: &mut [u8]) -> io::Result<usize> {
        while self.left.is_empty() {
            let (silence, stream) = (self.silence, &mut self.stream);
            let next = async { timeout(silence, stream.data()).await };
            let next = self.handle.block_on(next);
            match next.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))? {
                None => return Ok(0),
                Some(bytes) => self.left = bytes.map_err(broken)?,
            }
        }
        let count = part.len().min(self.left.len());
        let taken = self.left.split_to(count);
        part.get_mut(..count)
            .unwrap_or_default()
            .copy_from_slice(&taken);
        // Room for as much again.
        let released = self.stream.flow_control().release_capacity(count);
        released.map_err(broken)?;
        Ok(count)
    }
}

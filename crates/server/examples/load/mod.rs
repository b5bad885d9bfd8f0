//! Requests that were made beforehand, sent by so many at once; what the benches over HTTP have in common.

// Each bench uses its part of this.
#![allow(dead_code)]

pub(crate) mod open;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Requests from one address: callers are counted by address in the private stack, 3,000 in a minute.
const REQUESTS_EACH: usize = 2500;

/// What is sent to whom.
pub(crate) struct Load {
    address: SocketAddr,
    next: AtomicUsize,
    requests: Vec<Vec<u8>>,
}

/// A `POST` of JSON as it goes over the wire.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat()
}

/// What came of it.
pub(crate) struct Told {
    took: Vec<Duration>,
    seconds: f64,
}

impl Load {
    pub(crate) fn new(address: SocketAddr, requests: Vec<Vec<u8>>) -> Self {
        Self {
            address,
            next: AtomicUsize::new(0),
            requests,
        }
    }

    /// All requests, by so many clients at once, each with a connection of its own; also the body of one
    /// answer. One that is not 200 ends it.
    pub(crate) async fn run(self, clients: usize) -> Result<(Told, String), Failure> {
        let load = Arc::new(self);
        let began = Instant::now();
        let tasks = (0..clients).map(|_| tokio::spawn(client(load.clone())));
        let tasks: Vec<_> = tasks.collect();
        let (mut took, mut body) = (Vec::new(), String::new());
        for task in tasks {
            let (theirs, last) = task.await??;
            took.extend(theirs);
            body = last.unwrap_or(body);
        }
        Ok((Told::of(took, began.elapsed()), body))
    }
}

impl Told {
    fn of(mut took: Vec<Duration>, all: Duration) -> Self {
        took.sort_unstable();
        let seconds = all.as_secs_f64();
        Self { took, seconds }
    }

    /// The figures, the count under this name.
    pub(crate) fn figures(&self, counted: &str) -> Map<String, Value> {
        let took = &self.took;
        let at = |share: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a rank among some thousands"
            )]
            let rank = (took.len() as f64 * share) as usize;
            let found = took.get(rank.min(took.len().saturating_sub(1)));
            found.map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let rate = took.len() as f64 / self.seconds;
        let figures = [
            (counted, json!(took.len())),
            ("per_second", json!(rate)),
            ("median_ms", json!(at(0.5))),
            ("p99_ms", json!(at(0.99))),
        ];
        figures
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

async fn client(load: Arc<Load>) -> Result<(Vec<Duration>, Option<String>), Failure> {
    let (mut took, mut last) = (Vec::new(), None);
    let mut connection: Option<(usize, TcpStream)> = None;
    loop {
        let number = load.next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = load.requests.get(number) else {
            return Ok((took, last));
        };
        let source = number / REQUESTS_EACH;
        let stream = match connection.take() {
            Some((from, stream)) if from == source => stream,
            _ => connect(load.address, source).await?,
        };
        let (_, stream) = connection.insert((source, stream));
        let began = Instant::now();
        stream.write_all(request).await?;
        last = Some(answer(stream).await?);
        took.push(began.elapsed());
    }
}

/// From another loopback address for each source.
async fn connect(address: SocketAddr, source: usize) -> Result<TcpStream, Failure> {
    let socket = TcpSocket::new_v4()?;
    let source = u8::try_from(source % 250)?;
    socket.bind(SocketAddr::new(
        Ipv4Addr::new(127, 0, 1, source + 1).into(),
        0,
    ))?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The body of an answer of 200.
async fn answer(stream: &mut TcpStream) -> Result<String, Failure> {
    let mut read = Vec::with_capacity(8192);
    loop {
        if stream.read_buf(&mut read).await? == 0 {
            return Err("the server hung up".into());
        }
        let text = String::from_utf8_lossy(&read);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = lengths.next().ok_or("no length")?.1.trim().parse()?;
        if body.len() < length {
            continue;
        }
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("refused: {text}").into());
        }
        return Ok(body.to_owned());
    }
}

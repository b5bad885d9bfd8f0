//! A small HTTP/1.1 client that sends what it is told, right or wrong, and keeps the reason phrase.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::processes::Processes;

/// No answer takes this long; a test that waits for one has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// `GET`.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With `Accept`.
    #[must_use]
    pub fn accept(self, value: &str) -> Self {
        self.header("accept", value)
    }

    /// With a token, as uploaders and installers send it.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.basic("__token__", token)
    }

    /// With HTTP Basic.
    #[must_use]
    pub fn basic(self, user: &str, password: &str) -> Self {
        let credentials = base64(&format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {credentials}"))
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    /// The bytes that go over the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let Self {
            method,
            target,
            headers,
            body,
        } = self;
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nhost: elsewhere.example\r\nconnection: close\r\n"
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        [head.as_bytes(), body].concat()
    }
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let number = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for at in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * at)) as usize & 63];
            out.push(if at <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    out
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The reason phrase, from Latin-1.
    pub reason: String,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// Fails unless the status is 200.
    #[track_caller]
    pub fn assert_ok(self) -> Self {
        assert_eq!(self.status, 200, "{} {}", self.status, self.reason);
        self
    }

    /// A page's own part, without the frame that every page has; of anything else the whole text.
    pub fn main(&self) -> String {
        let text = self.text();
        let inside = text.split_once("<main id=\"main\">\n");
        match inside.and_then(|(_, rest)| rest.rsplit_once("\n</main>")) {
            Some((main, _)) => format!("{main}\n"),
            None => text,
        }
    }

    /// Status and headers but for what differs in each run: date and request id. Sorted.
    pub fn head(&self) -> String {
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "date" | "connection"))
            .map(|(name, value)| match name.as_str() {
                "x-request-id" => format!("{name}: <id>\n"),
                _ => format!("{name}: {value}\n"),
            })
            .collect();
        headers.sort();
        format!("{} {}\n{}", self.status, self.reason, headers.concat())
    }

    /// The whole answer: its head and its body. Of a page only its own part, without the headers that follow from its
    /// bytes, or every touch of the stylesheet would change every snapshot.
    pub fn whole(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        if !body.contains("<main id=\"main\">") {
            return format!("{}\n{body}", self.head());
        }
        let of_the_bytes =
            |line: &&str| line.starts_with("content-length:") || line.starts_with("etag:");
        let head: Vec<_> = self
            .head()
            .split_inclusive('\n')
            .filter(|line| !of_the_bytes(line))
            .map(str::to_owned)
            .collect();
        format!("{}\n{}", head.concat(), self.main())
    }
}

/// Sends to a server, each request over a connection of its own: where several processes are the server, to each in turn.
#[derive(Clone)]
pub struct Client {
    /// Where the first process is; who opens connections of their own, stays with it.
    pub address: SocketAddr,
    processes: Arc<Processes>,
}

impl Client {
    /// Sends to a server that runs elsewhere.
    pub fn at(address: SocketAddr) -> Self {
        Self::of(Processes::new(vec![(address, None)]))
    }

    pub(crate) fn of(processes: Processes) -> Self {
        Self {
            address: processes.first(),
            processes: Arc::new(processes),
        }
    }

    pub(crate) fn of_the_first(&self) -> Self {
        Self::of(self.processes.alone())
    }

    /// Sends a request.
    pub async fn send(&self, request: &Request) -> Answer {
        self.send_bytes(&request.bytes()).await
    }

    /// Sends bytes, all of them before it reads, and reads one answer.
    pub async fn send_bytes(&self, bytes: &[u8]) -> Answer {
        let work = async {
            let address = self.processes.next().await;
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(bytes).await.unwrap();
            read_answer(&mut stream).await
        };
        tokio::time::timeout(PATIENCE, work)
            .await
            .expect("an answer in time")
    }
}

/// Reads one answer from a connection that ends with it.
pub async fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    parse(&bytes)
}

/// Parses one whole answer.
pub fn parse(bytes: &[u8]) -> Answer {
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap_or_else(|| {
            panic!("no answer, but {:?}", String::from_utf8_lossy(bytes));
        });
    let latin1 = |bytes: &[u8]| -> String { bytes.iter().map(|b| char::from(*b)).collect() };
    let head = latin1(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap().splitn(3, ' ');
    assert_eq!(first.next(), Some("HTTP/1.1"));
    let status = first.next().unwrap().parse().unwrap();
    let reason = first.next().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> = lines
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_lowercase(), value.trim().to_owned())
        })
        .collect();
    let rest = &bytes[end + 4..];
    let chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if chunked {
        unchunked(rest)
    } else {
        rest.to_vec()
    };
    Answer {
        status,
        reason,
        headers,
        body,
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest
            .windows(2)
            .position(|two| two == b"\r\n")
            .expect("a chunk's size");
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = &rest[end + 2..];
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&rest[..size]);
        rest = &rest[size + 2..];
    }
}

/// The boundary of [`multipart`].
pub const BOUNDARY: &str = "touchplate-testkit-boundary";

/// One part of a form: its head lines, and its bytes.
pub struct Part {
    head: String,
    body: Vec<u8>,
}

impl Part {
    /// A text field.
    pub fn text(name: &str, value: impl Into<Vec<u8>>) -> Self {
        Self {
            head: format!("Content-Disposition: form-data; name=\"{name}\""),
            body: value.into(),
        }
    }

    /// A file.
    pub fn file(name: &str, filename: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::file_of(name, filename, "application/octet-stream", bytes)
    }

    /// A file with a content type.
    pub fn file_of(
        name: &str,
        filename: &str,
        content_type: &str,
        bytes: impl Into<Vec<u8>>,
    ) -> Self {
        let disposition =
            format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"");
        Self::with_head(
            &format!("{disposition}\r\nContent-Type: {content_type}"),
            bytes,
        )
    }

    /// Whatever its head lines say.
    pub fn with_head(head: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            head: head.to_owned(),
            body: bytes.into(),
        }
    }
}

/// A form as a body.
pub fn multipart(parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(format!("--{BOUNDARY}\r\n{}\r\n\r\n", part.head).as_bytes());
        body.extend_from_slice(&part.body);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// The content type of [`multipart`].
pub fn multipart_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

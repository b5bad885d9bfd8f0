//! HTTP/2 frame by frame, as no well-meaning client sends them: streams that are opened and reset at once ("rapid reset",
//! CVE-2023-44487), and more of them than were agreed upon.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::{PATIENCE, World};

// RFC 9113 §6.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

// RFC 9113 §6.5.2.
const MAX_CONCURRENT_STREAMS: u16 = 3;
const INITIAL_WINDOW_SIZE: u16 = 4;

// RFC 9113 §7.
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

#[derive(Clone, Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    fn new(kind: u8, flags: u8, stream: u32, payload: impl Into<Vec<u8>>) -> Self {
        let payload = payload.into();
        Self {
            kind,
            flags,
            stream,
            payload,
        }
    }

    /// `GET` of a path of at most 126 bytes, without a body: fields of HPACK's static table, nothing kept in the dynamic one.
    fn get(stream: u32, path: &str) -> Self {
        let length = u8::try_from(path.len()).unwrap();
        let mut fields = vec![0x82, 0x87, 0x01, 9];
        fields.extend(b"localhost");
        fields.extend([0x04, length]);
        fields.extend(path.as_bytes());
        Self::new(HEADERS, END_HEADERS | END_STREAM, stream, fields)
    }

    /// The same of a `POST` whose body is still to come.
    fn post(stream: u32, path: &str) -> Self {
        let mut get = Self::get(stream, path);
        get.payload[0] = 0x83;
        get.flags = END_HEADERS;
        get
    }

    fn reset(stream: u32) -> Self {
        Self::new(RST_STREAM, 0, stream, CANCEL.to_be_bytes())
    }

    fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap().to_be_bytes();
        let mut bytes = length[1..].to_vec();
        bytes.extend([self.kind, self.flags]);
        bytes.extend(self.stream.to_be_bytes());
        bytes.extend(&self.payload);
        bytes
    }

    /// The error code at `at` of a RST_STREAM's or a GOAWAY's payload.
    fn code(&self, at: usize) -> u32 {
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    /// One value of SETTINGS.
    fn setting(&self, id: u16) -> Option<u32> {
        let mut settings = self.payload.chunks(6);
        let found = settings.find(|it| it[..2] == id.to_be_bytes())?;
        Some(u32::from_be_bytes(found[2..].try_into().unwrap()))
    }
}

/// A connection of frames.
struct Frames(TlsStream<TcpStream>);

impl Frames {
    /// Connects; what the server says of itself.
    async fn to(world: &World, settings: &[(u16, u32)]) -> (Self, Frame) {
        let mut client = world.client(&world.pair);
        client.alpn_protocols = vec![b"h2".to_vec()];
        let stream = world.connect(client, "localhost").await.unwrap();
        let mut frames = Self(stream);
        let mut preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let settings: Vec<u8> = settings
            .iter()
            .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()[..]].concat())
            .collect();
        preface.extend(Frame::new(SETTINGS, 0, 0, settings).bytes());
        assert!(frames.send(&preface).await);
        let told = frames.wait(|frame| frame.kind == SETTINGS && frame.flags & ACK == 0);
        let told = told.await.expect("the server's settings");
        let ack = Frame::new(SETTINGS, ACK, 0, []).bytes();
        assert!(frames.send(&ack).await);
        (frames, told)
    }

    /// Sends bytes; whether they could be sent.
    async fn send(&mut self, bytes: &[u8]) -> bool {
        let sent = async { self.0.write_all(bytes).await.is_ok() && self.0.flush().await.is_ok() };
        tokio::time::timeout(PATIENCE, sent)
            .await
            .expect("bytes are taken in time")
    }

    /// The next frame; none: the server ended the connection.
    async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        let read = async {
            self.0.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.0.read_exact(&mut payload).await.ok()?;
            let stream = u32::from_be_bytes(head[5..].try_into().unwrap());
            Some(Frame::new(head[3], head[4], stream, payload))
        };
        tokio::time::timeout(PATIENCE, read)
            .await
            .expect("a frame or an end in time")
    }

    /// The first frame that is like this; none: the connection ended without one.
    async fn wait(&mut self, like: impl Fn(&Frame) -> bool) -> Option<Frame> {
        while let Some(frame) = self.next().await {
            if like(&frame) {
                return Some(frame);
            }
        }
        None
    }
}

/// Numbers of a client's streams.
fn streams() -> impl Iterator<Item = u32> {
    (1..).step_by(2)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_reset_at_once_end_their_connection_and_no_other() {
    let world = World::new().await;
    let (mut other, _) = Frames::to(&world, &[]).await;
    let (rapid, _) = Frames::to(&world, &[]).await;
    let mut flood = Vec::new();
    for stream in streams().take(10_000) {
        flood.extend(Frame::get(stream, "/simple/").bytes());
        flood.extend(Frame::reset(stream).bytes());
    }
    // The server stops reading before the end, so that sending may fail; what it said before is there to be read.
    let (mut reading, mut writing) = tokio::io::split(rapid.0);
    let writing = tokio::spawn(async move {
        drop(writing.write_all(&flood).await);
        drop(writing.flush().await);
        writing
    });
    let mut back = Vec::new();
    let read = reading.read_to_end(&mut back);
    drop(
        tokio::time::timeout(PATIENCE, read)
            .await
            .expect("an end in time"),
    );
    drop(writing.await.unwrap());
    let told = frames(&back);
    let ended = told.iter().find(|frame| frame.kind == GOAWAY);
    let ended = ended.unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(ended.code(4), ENHANCE_YOUR_CALM);
    // Of ten thousand requests it looked at few.
    let last = ended.code(0);
    assert!(last < 2_000, "{last}");
    assert!(other.send(&Frame::get(1, "/healthz").bytes()).await);
    let answered = other.wait(|frame| frame.kind == HEADERS && frame.stream == 1);
    assert!(answered.await.is_some());
    world.still_answers().await;
}

/// The whole frames at the beginning of these bytes.
fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut found = Vec::new();
    while bytes.len() >= 9 {
        let length = usize::try_from(u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]));
        let end = 9 + length.unwrap();
        if bytes.len() < end {
            break;
        }
        let stream = u32::from_be_bytes(bytes[5..9].try_into().unwrap());
        found.push(Frame::new(bytes[3], bytes[4], stream, &bytes[9..end]));
        bytes = &bytes[end..];
    }
    found
}

#[tokio::test]
async fn requests_that_are_given_up_again_and_again_end_their_connection() {
    let world = World::new().await;
    let (mut patient, _) = Frames::to(&world, &[]).await;
    // As one who leaves a page: of as many as one takes, one may give up as many.
    let mut numbers = streams();
    for stream in numbers.by_ref().take(150) {
        assert!(patient.send(&Frame::get(stream, "/healthz").bytes()).await);
        let ends = |frame: &Frame| frame.stream == stream && frame.flags & END_STREAM != 0;
        assert!(patient.wait(ends).await.is_some());
    }
    let mut given_up = 0;
    for stream in numbers.take(1_000) {
        // It waits for a body, and the answer to the PING says that it was begun: nothing of this is unseen.
        let begun = [
            Frame::post(stream, "/_/oidc/mint-token").bytes(),
            Frame::new(PING, 0, 0, [0; 8]).bytes(),
        ];
        if !patient.send(&begun.concat()).await {
            break;
        }
        let seen = patient.wait(|frame| frame.kind == PING && frame.flags & ACK != 0);
        if seen.await.is_none() || !patient.send(&Frame::reset(stream).bytes()).await {
            break;
        }
        given_up += 1;
    }
    assert!((150..200).contains(&given_up), "{given_up}");
    world.still_answers().await;
}

#[tokio::test]
async fn streams_beyond_the_limit_are_refused_and_the_others_go_on() {
    let world = World::new().await;
    // No answer has room until it is given some, so that every stream stays open.
    let (mut client, told) = Frames::to(&world, &[(INITIAL_WINDOW_SIZE, 0)]).await;
    let limit = told.setting(MAX_CONCURRENT_STREAMS).unwrap();
    assert_eq!(limit, 100);
    let mut numbers = streams();
    let open: Vec<u32> = numbers.by_ref().take(100).collect();
    for stream in &open {
        assert!(client.send(&Frame::get(*stream, "/healthz").bytes()).await);
        let answered = |frame: &Frame| frame.kind == HEADERS && frame.stream == *stream;
        assert!(client.wait(answered).await.is_some());
    }
    for stream in numbers.by_ref().take(5) {
        assert!(client.send(&Frame::get(stream, "/healthz").bytes()).await);
        let refused = client.wait(|frame| frame.stream == stream).await.unwrap();
        assert_eq!(
            (refused.kind, refused.code(0)),
            (RST_STREAM, REFUSED_STREAM)
        );
    }
    // One that has room for its answer makes room for another stream.
    let room = Frame::new(WINDOW_UPDATE, 0, open[0], 1000_u32.to_be_bytes());
    assert!(client.send(&room.bytes()).await);
    let ends = |frame: &Frame| {
        frame.kind == DATA && frame.stream == open[0] && frame.flags & END_STREAM != 0
    };
    assert!(client.wait(ends).await.is_some());
    let stream = numbers.next().unwrap();
    assert!(client.send(&Frame::get(stream, "/healthz").bytes()).await);
    let answered = client.wait(|frame| frame.stream == stream).await.unwrap();
    assert_eq!(answered.kind, HEADERS);
    // Who opens more and more of them all the same is no client.
    let mut flood = Vec::new();
    for stream in numbers.take(1_000) {
        flood.extend(Frame::get(stream, "/healthz").bytes());
    }
    client.send(&flood).await;
    let ended = client.wait(|frame| frame.kind == GOAWAY).await.unwrap();
    assert_eq!(ended.code(4), ENHANCE_YOUR_CALM);
    world.still_answers().await;
}

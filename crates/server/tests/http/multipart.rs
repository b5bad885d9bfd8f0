//! Bodies that are no upload form, and clients that are refused in the middle of sending.

use std::fmt::Write as _;
use std::time::Duration;

use insta::assert_snapshot;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{
    Answer, Part, Request, multipart, multipart_type, parse, read_answer,
};
use touchplate_testkit::sample::{self, Sample};

fn demo() -> Sample {
    sample::wheel("demo", "1.0")
}

fn fields(sample: &Sample) -> Vec<Part> {
    sample
        .fields()
        .into_iter()
        .map(|(name, value)| Part::text(&name, value))
        .collect()
}

fn with(part: Part) -> Vec<u8> {
    let mut parts = fields(&demo());
    parts.push(Part::file("content", &demo().filename(), demo().bytes()));
    parts.push(part);
    multipart(&parts)
}

fn with_content(part: Part) -> Vec<u8> {
    let mut parts = fields(&demo());
    parts.push(part);
    multipart(&parts)
}

#[tokio::test]
async fn bodies_that_are_no_form() {
    let server = TestServer::start_with(|config| config.max_file_bytes = 10_000).await;
    let alice = server.user("alice").await;
    let form = multipart_type();
    let whole = with(Part::text("comment", "x"));
    let half = &whole[..whole.len() / 2];
    let content = |name: &str, kind: &str| Part::file_of("content", name, kind, demo().bytes());
    let many: Vec<Part> = (0..9000).map(|_| Part::text("classifiers", "x")).collect();
    let long = |bytes: usize| "x".repeat(bytes);
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("no body", &form, Vec::new()),
        ("JSON", "application/json", b"{}".to_vec()),
        (
            "urlencoded",
            "application/x-www-form-urlencoded",
            b"name=demo".to_vec(),
        ),
        ("no boundary", "multipart/form-data", whole.clone()),
        (
            "another boundary",
            "multipart/form-data; boundary=another",
            whole.clone(),
        ),
        ("no multipart", &form, b"not a form".to_vec()),
        ("cut off in a part", &form, half.to_vec()),
        (
            "cut off before the end",
            &form,
            whole[..whole.len() - 6].to_vec(),
        ),
        (
            "header that is none",
            &form,
            with(Part::with_head("What is this", "x")),
        ),
        (
            "part without a name",
            &form,
            with(Part::with_head("Content-Disposition: form-data", "x")),
        ),
        (
            "part without a head",
            &form,
            with(Part::with_head("X-Other: 1", "x")),
        ),
        ("long name", &form, with(Part::text(&long(101), "x"))),
        (
            "field as a file",
            &form,
            with(Part::file("summary", "summary.txt", "x")),
        ),
        (
            "attestations as a file",
            &form,
            with(Part::file("attestations", "a.json", "[]")),
        ),
        (
            "field that is no text",
            &form,
            with(Part::text("summary", b"\xff\xfe".to_vec())),
        ),
        (
            "long field",
            &form,
            with(Part::text("summary", long((1 << 20) + 1))),
        ),
        (
            "long description",
            &form,
            with(Part::text("description", long((4 << 20) + 1))),
        ),
        ("many fields", &form, multipart(&many)),
        (
            "endless header",
            &form,
            with(Part::with_head(&format!("X-Long: {}", long(3 << 20)), "x")),
        ),
        ("endless preamble", &form, long(3 << 20).into_bytes()),
        ("no file", &form, multipart(&fields(&demo()))),
        (
            "file without a name",
            &form,
            with_content(Part::text("content", demo().bytes())),
        ),
        (
            "file with an empty name",
            &form,
            with_content(content("", "application/zip")),
        ),
        (
            "file with a long name",
            &form,
            with_content(content(&long(300), "application/zip")),
        ),
        (
            "picture",
            &form,
            with_content(content("demo-1.0-py3-none-any.whl", "image/png")),
        ),
        (
            "two files",
            &form,
            with(Part::file("content", &demo().filename(), demo().bytes())),
        ),
        (
            "oversize",
            &form,
            with_content(Part::file("content", &demo().filename(), vec![0; 10_001])),
        ),
    ];
    let mut told = String::new();
    for (case, content_type, body) in cases {
        let request = Request::new("POST", "/legacy/")
            .token(&alice.token)
            .body(content_type, body);
        let answer = server.client.send(&request).await;
        writeln!(told, "== {case}\n{} {}", answer.status, answer.reason).unwrap();
        assert_eq!(server.stored_blobs().await, Vec::<String>::new(), "{case}");
    }
    settled(&server).await;
    assert_eq!(server.index.head().await.unwrap().0, 2);
    assert_snapshot!(told);
}

/// A spooled file is removed when its upload ends, which may be a moment after the answer.
async fn settled(server: &TestServer) {
    for _ in 0..50 {
        if server.spooled().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.spooled(), Vec::<std::path::PathBuf>::new());
}

fn head(token: &str, length: usize, more: &str) -> Vec<u8> {
    format!(
        "POST /legacy/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: {}\r\ncontent-length: \
         {length}\r\n{more}\r\n",
        multipart_type()
    )
    .into_bytes()
}

#[tokio::test]
async fn a_client_that_sends_everything_before_it_listens_hears_why() {
    let server = TestServer::start().await;
    // As twine and uv send, with more than any socket's buffers hold.
    let body = with_content(Part::file("content", &demo().filename(), vec![7; 64 << 20]));
    let request = [
        head("tp-1-wrong", body.len(), "connection: close\r\n"),
        body,
    ]
    .concat();
    let answer = server.client.send_bytes(&request).await;
    assert_eq!(answer.status, 403);
    assert!(
        answer
            .reason
            .starts_with("Invalid or non-existent authentication information")
    );
}

#[tokio::test]
async fn a_client_refused_for_its_form_hears_why_too_and_leaves_nothing() {
    let server = TestServer::start_with(|config| config.max_file_bytes = 1 << 20).await;
    let alice = server.user("alice").await;
    for size in [4 << 20, 64 << 20] {
        let body = with_content(Part::file("content", &demo().filename(), vec![7; size]));
        let request = [
            head(&alice.token, body.len(), "connection: close\r\n"),
            body,
        ]
        .concat();
        let answer = server.client.send_bytes(&request).await;
        assert_eq!(
            (answer.status, answer.reason.as_str()),
            (400, "File too large: the limit is 1048576 bytes")
        );
    }
    settled(&server).await;
    assert_eq!(server.stored_blobs().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_told_not_to() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(server.client.address).await.unwrap();
    stream
        .write_all(&head("tp-1-wrong", 1 << 30, "expect: 100-continue\r\n"))
        .await
        .unwrap();
    let answer = answer_of(&mut stream).await;
    assert_eq!(answer.status, 403);
    let alice = server.user("alice").await;
    let (_, body) = server.form(&demo());
    let mut stream = TcpStream::connect(server.client.address).await.unwrap();
    let asks = head(
        &alice.token,
        body.len(),
        "expect: 100-continue\r\nconnection: close\r\n",
    );
    stream.write_all(&asks).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&body).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.status, 200);
}

/// One answer from a connection that may go on.
async fn answer_of(stream: &mut TcpStream) -> Answer {
    let mut bytes = vec![0; 64 << 10];
    let length = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut bytes))
        .await
        .unwrap()
        .unwrap();
    parse(&bytes[..length])
}

#[tokio::test]
async fn a_client_that_leaves_leaves_nothing() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    let body = with_content(Part::file("content", &demo().filename(), vec![7; 8 << 20]));
    let mut stream = TcpStream::connect(server.client.address).await.unwrap();
    stream
        .write_all(&head(&alice.token, body.len(), ""))
        .await
        .unwrap();
    stream.write_all(&body[..6 << 20]).await.unwrap();
    for _ in 0..100 {
        if !server.spooled().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.spooled().len(), 1);
    drop(stream);
    settled(&server).await;
    assert_eq!(server.stored_blobs().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_body_that_ends_early_is_refused_and_leaves_nothing() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    let whole = with(Part::text("comment", "x"));
    let chunked = format!(
        "POST /legacy/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: {}\r\nconnection: close\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n",
        alice.token,
        multipart_type(),
        whole.len()
    );
    let announced = head(&alice.token, whole.len(), "connection: close\r\n");
    for head in [announced, chunked.into_bytes()] {
        let mut stream = TcpStream::connect(server.client.address).await.unwrap();
        stream.write_all(&head).await.unwrap();
        stream.write_all(&whole[..whole.len() / 2]).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // A client that has left need not be answered; one that listens may be.
        let _ = stream.read_to_end(&mut answer).await;
        if !answer.is_empty() {
            assert_eq!(parse(&answer).status, 400);
        }
    }
    settled(&server).await;
    assert_eq!(server.stored_blobs().await, Vec::<String>::new());
    assert_eq!(server.index.head().await.unwrap().0, 2);
}

//! What operators ask, and how a server starts and stops.

use std::time::Duration;

use insta::assert_snapshot;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Part, Request, multipart, multipart_type, parse};
use touchplate_testkit::sample;

#[tokio::test]
async fn a_server_says_that_it_is_alive_and_ready() {
    let server = TestServer::start().await;
    assert_snapshot!("alive", server.get("/healthz").await.whole());
    assert_snapshot!("ready", server.get("/readyz").await.whole());
}

#[tokio::test]
async fn a_server_that_stops_lets_uploads_finish() {
    let mut server = TestServer::start().await;
    let alice = server.user("alice").await;
    let wheel = sample::wheel("demo", "1.0");
    let mut parts: Vec<Part> = wheel
        .fields()
        .iter()
        .map(|(name, value)| Part::text(name, value.clone()))
        .collect();
    parts.push(Part::file("content", &wheel.filename(), wheel.bytes()));
    let request = Request::new("POST", "/legacy/")
        .token(&alice.token)
        .body(&multipart_type(), multipart(&parts));
    let bytes = request.bytes();
    let mut stream = TcpStream::connect(server.client.address).await.unwrap();
    stream.write_all(&bytes[..bytes.len() / 2]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (stopped, answer) = tokio::join!(server.stop(), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(&bytes[bytes.len() / 2..]).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        parse(&answer)
    });
    let () = stopped;
    assert_eq!(answer.status, 200);
    assert!(TcpStream::connect(server.client.address).await.is_err());
    assert_eq!(server.stored_blobs().await.len(), 1);
}

#[tokio::test]
async fn a_request_that_is_none_is_refused() {
    let server = TestServer::start().await;
    for bytes in [
        "nonsense\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(200)),
        format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000)),
    ] {
        let answer = server.client.send_bytes(bytes.as_bytes()).await;
        assert!((400..500).contains(&answer.status), "{}", answer.whole());
    }
}

//! HTTP/2 over TLS.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

use super::World;

/// A connection on which the client asked for HTTP/2.
async fn connect(world: &World) -> SendRequest<Full<Bytes>> {
    let mut client = world.client(&world.pair);
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = world.connect(client, "localhost").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

async fn ask(
    sender: &mut SendRequest<Full<Bytes>>,
    request: hyper::Request<Full<Bytes>>,
) -> (u16, hyper::HeaderMap, Bytes) {
    let answer = sender.send_request(request).await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, headers, body)
}

fn get(target: &str) -> hyper::Request<Full<Bytes>> {
    let request = hyper::Request::get(format!("https://localhost{target}"));
    request.body(Full::default()).unwrap()
}

#[tokio::test]
async fn one_connection_uploads_and_reads() {
    let world = World::new().await;
    let alice = world.server.user("alice").await;
    let wheel = sample::wheel("demo", "1.0").member("demo/big.bin", &vec![7; 3 << 20]);
    let (content_type, body) = world.server.form(&wheel);
    let mut sender = connect(&world).await;
    let upload = hyper::Request::post("https://localhost/legacy/")
        .header("authorization", format!("Bearer {}", alice.token))
        .header("content-type", content_type);
    let upload = upload.body(Full::from(body)).unwrap();
    assert_eq!(ask(&mut sender, upload).await.0, 200);
    // The second time from memory.
    for _ in 0..2 {
        let (status, headers, body) = ask(&mut sender, get("/simple/demo/")).await;
        assert_eq!(status, 200);
        assert!(headers.contains_key("etag") && headers.contains_key("x-request-id"));
        assert!(!body.is_empty());
    }
    let digest = wheel.sha256().to_string();
    let (first, second, rest) = (&digest[..2], &digest[2..4], &digest[4..]);
    let file = format!("/files/{first}/{second}/{rest}/{}", wheel.filename());
    let (status, _, body) = ask(&mut sender, get(&file)).await;
    assert_eq!((status, body.as_ref()), (200, wheel.bytes().as_slice()));
    let (status, headers, body) = ask(&mut sender, get("/simple/nosuch/")).await;
    assert_eq!(
        (status, body.as_ref()),
        (404, b"404 Not Found\n".as_slice())
    );
    assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
}

#[tokio::test]
async fn an_upload_that_is_refused_before_its_end_is_answered() {
    let world = World::new().await;
    let wheel = sample::wheel("demo", "1.0").member("demo/big.bin", &vec![7; 3 << 20]);
    let (content_type, body) = world.server.form(&wheel);
    let mut sender = connect(&world).await;
    let upload =
        hyper::Request::post("https://localhost/legacy/").header("content-type", content_type);
    let upload = upload.body(Full::from(body)).unwrap();
    let (status, _, body) = ask(&mut sender, upload).await;
    assert_eq!(status, 403, "{body:?}");
    assert_eq!(ask(&mut sender, get("/healthz")).await.0, 200);
}

#[tokio::test]
async fn who_does_not_ask_for_it_gets_http_1() {
    let world = World::new().await;
    world.still_answers().await;
    // Its preface is no HTTP/1 request, and nothing else without TLS.
    let answer = world.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/2"));
    let plain = touchplate_testkit::TestServer::start().await;
    let answer = plain.client.send(&Request::get("/healthz")).await;
    assert_eq!(answer.status, 200);
}

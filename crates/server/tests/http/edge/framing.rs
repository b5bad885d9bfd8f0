//! Requests whose end two programs could see in different places: each is refused, or read as RFC 9112 says, and never
//! is a second request found in the first one's body.

use touchplate_testkit::TestServer;
use touchplate_testkit::http::parse;

use super::{Raw, answers};

/// What would be smuggled.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

/// The statuses of all answers to these bytes, until the server ends the connection.
async fn statuses(server: &TestServer, bytes: &str) -> Vec<u16> {
    let mut raw = Raw::to(server).await;
    raw.send(bytes).await;
    raw.finish().await;
    answers(&raw.rest().await)
        .iter()
        .map(|answer| answer.status)
        .collect()
}

fn post(headers: &str, body: &str) -> String {
    format!("POST /_/oidc/mint-token HTTP/1.1\r\nHost: x\r\n{headers}\r\n{body}")
}

#[tokio::test]
async fn lengths_that_contradict_are_refused_and_the_connection_ends() {
    let server = TestServer::start().await;
    let length = SMUGGLED.len();
    for (headers, body) in [
        (
            format!("Content-Length: 0\r\nContent-Length: {length}\r\n"),
            SMUGGLED.to_owned(),
        ),
        (
            format!("Content-Length: {length}, 0\r\n"),
            SMUGGLED.to_owned(),
        ),
        ("Content-Length: +0\r\n".to_owned(), SMUGGLED.to_owned()),
        ("Content-Length: -1\r\n".to_owned(), SMUGGLED.to_owned()),
        ("Content-Length: 0x0\r\n".to_owned(), SMUGGLED.to_owned()),
        ("Content-Length: 1 0\r\n".to_owned(), SMUGGLED.to_owned()),
        (
            "Content-Length: 99999999999999999999\r\n".to_owned(),
            SMUGGLED.to_owned(),
        ),
        ("Content-Length : 0\r\n".to_owned(), SMUGGLED.to_owned()),
        (" Content-Length: 0\r\n".to_owned(), SMUGGLED.to_owned()),
        (
            "X: y\r\n Content-Length: 0\r\n".to_owned(),
            SMUGGLED.to_owned(),
        ),
        (
            "X: y\r\n\tContent-Length: 0\r\n".to_owned(),
            SMUGGLED.to_owned(),
        ),
        (
            "X: y\rContent-Length: 0\r\n".to_owned(),
            SMUGGLED.to_owned(),
        ),
        (
            "X: y\0\r\nContent-Length: 0\r\n".to_owned(),
            SMUGGLED.to_owned(),
        ),
        ("Content-Length\r\n".to_owned(), SMUGGLED.to_owned()),
        (": 0\r\n".to_owned(), SMUGGLED.to_owned()),
        (
            "Transfer-Encoding: xchunked\r\n".to_owned(),
            format!("0\r\n\r\n{SMUGGLED}"),
        ),
        (
            "Transfer-Encoding: chunked, identity\r\n".to_owned(),
            format!("0\r\n\r\n{SMUGGLED}"),
        ),
        (
            "Transfer-Encoding: gzip, chunked\r\n".to_owned(),
            format!("0\r\n\r\n{SMUGGLED}"),
        ),
        (
            "Transfer-Encoding: chunked, chunked\r\n".to_owned(),
            format!("0\r\n\r\n{SMUGGLED}"),
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n".to_owned(),
            format!("0\r\n\r\n{SMUGGLED}"),
        ),
        (
            "Transfer-Encoding : chunked\r\n".to_owned(),
            format!("0\r\n\r\n{SMUGGLED}"),
        ),
        (
            "Transfer-Encoding:\u{b}chunked\r\n".to_owned(),
            format!("0\r\n\r\n{SMUGGLED}"),
        ),
        (
            "Transfer-Encoding: \"chunked\"\r\n".to_owned(),
            format!("0\r\n\r\n{SMUGGLED}"),
        ),
    ] {
        let found = statuses(&server, &post(&headers, &body)).await;
        assert!(matches!(found[..], [400 | 501]), "{headers:?}: {found:?}");
    }
}

#[tokio::test]
async fn a_chunked_body_is_the_last_of_its_connection() {
    let server = TestServer::start().await;
    // With both, RFC 9112 §6.1 takes the chunks and ends the connection, since somebody before us may have taken the length.
    for headers in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        "transfer-encoding: CHUNKED\r\n",
        "Transfer-Encoding: chunked\r\n",
    ] {
        for chunks in [
            "0\r\n\r\n",
            "2\r\n{}\r\n0\r\n\r\n",
            "002;a=b;c=\"d\"\r\n{}\r\n0\r\nX: y\r\n\r\n",
        ] {
            let body = format!("{chunks}{SMUGGLED}");
            let found = statuses(&server, &post(headers, &body)).await;
            assert_eq!(found, [422], "{headers:?} {chunks:?}");
        }
    }
}

#[tokio::test]
async fn chunks_are_read_strictly() {
    let server = TestServer::start().await;
    let long = format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "x".repeat(100_000));
    let many = format!("0\r\n{}\r\n", "X: y\r\n".repeat(1000));
    for chunks in [
        "2\n{}\n0\n\n",
        "2\r\n{}0\r\n\r\n",
        "2\r\n{}}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        " 2\r\n{}\r\n0\r\n\r\n",
        "2 2\r\n{}\r\n0\r\n\r\n",
        "2;a\n{}\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        long.as_str(),
        many.as_str(),
    ] {
        let bytes = post(
            "Transfer-Encoding: chunked\r\n",
            &format!("{chunks}{SMUGGLED}"),
        );
        let found = statuses(&server, &bytes).await;
        // Its handler hears that the body broke off, in whatever way it says so; or hyper refuses.
        assert!(
            matches!(found[..], [] | [400 | 422 | 431]),
            "{chunks:?}: {found:?}"
        );
    }
}

#[tokio::test]
async fn heads_that_are_none_are_refused_and_the_connection_ends() {
    let server = TestServer::start().await;
    for head in [
        "GET /healthz\r\n\r\n",
        "GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz  HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /health z HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET\t/healthz\tHTTP/1.1\r\nHost: x\r\n\r\n",
        " GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GE(T /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET healthz:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.2\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/0.9\r\nHost: x\r\n\r\n",
        "GET /healthz http/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nX y\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x, y\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x/y\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: user@x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nH\u{f6}st: x\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}",
    ] {
        let found = statuses(&server, &format!("{head}{SMUGGLED}")).await;
        assert_eq!(found, [400], "{head:?}");
    }
}

#[tokio::test]
async fn heads_that_are_odd_and_right_are_answered() {
    let server = TestServer::start().await;
    for head in [
        "GET http://elsewhere.example/healthz HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n",
        "\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /healthz HTTP/1.1\nHost: x\n\n",
        "GET /healthz HTTP/1.1\r\nhOsT:x\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
        "GET /healthz?x=%00&y=\u{ff} HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let found = statuses(&server, &format!("{head}{SMUGGLED}")).await;
        assert_eq!(found, [200, 404], "{head:?}");
    }
    let mut old = Raw::to(&server).await;
    old.send("GET /healthz HTTP/1.0\r\n\r\n").await;
    assert!(old.rest().await.starts_with(b"HTTP/1.0 200 "));
    for (head, status) in [
        ("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (
            "CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n\r\n",
            400,
        ),
        ("TRACE /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (
            "GET /healthz HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
            200,
        ),
        (
            "GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: something\r\n\r\n",
            200,
        ),
    ] {
        let found = statuses(&server, head).await;
        assert_eq!(found, [status], "{head:?}");
    }
}

#[tokio::test]
async fn an_answer_to_head_has_no_body_for_the_next_one_to_be_read_from() {
    let server = TestServer::start().await;
    for target in ["/healthz", "/simple/", "/nosuch", "/", "/legacy/"] {
        let get = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let whole = server.client.send_bytes(get.as_bytes()).await;
        let mut raw = Raw::to(&server).await;
        raw.send(format!("HEAD {target} HTTP/1.1\r\nHost: x\r\n\r\n{get}"))
            .await;
        let rest = raw.rest().await;
        let end = rest
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap()
            + 4;
        let (head, get) = (parse(&rest[..end]), parse(&rest[end..]));
        assert_eq!(
            (head.status, get.status),
            (whole.status, whole.status),
            "{target}"
        );
        for name in [
            "content-length",
            "content-type",
            "etag",
            "vary",
            "cache-control",
        ] {
            assert_eq!(head.header(name), get.header(name), "{target}: {name}");
        }
    }
}

#[tokio::test]
async fn what_is_refused_at_the_door_is_kept_by_nobody() {
    let server = TestServer::start().await;
    let api = "/api/v1/projects";
    for (head, status, content_type) in [
        (
            "GET /simple/ HTTP/1.1\r\n",
            400,
            "text/plain; charset=utf-8",
        ),
        (
            "GET /simple/ HTTP/1.1\r\nHost: x\r\nHost: y\r\nAccept: text/html\r\n",
            400,
            "text/html; charset=utf-8",
        ),
        (
            "GET /simple/ HTTP/1.1\r\nHost: x/y\r\nAccept: application/json\r\n",
            400,
            "application/json",
        ),
        (
            "CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: x\r\n",
            400,
            "text/plain; charset=utf-8",
        ),
        (
            &format!("GET {api} HTTP/1.1\r\nHost: x y\r\n"),
            400,
            "application/problem+json",
        ),
        (
            &format!("POST {api} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n"),
            501,
            "application/problem+json",
        ),
    ] {
        let mut raw = Raw::to(&server).await;
        raw.send(format!("{head}\r\n")).await;
        let answer = parse(&raw.rest().await);
        let header = |name| answer.header(name).unwrap_or_default();
        let told = (answer.status, header("content-type"));
        assert_eq!(told, (status, content_type), "{head:?}");
        assert_eq!(header("cache-control"), "no-store", "{head:?}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{head:?}");
        assert_eq!(header("x-request-id").len(), 16, "{head:?}");
        assert_eq!(header("connection"), "close", "{head:?}");
    }
}

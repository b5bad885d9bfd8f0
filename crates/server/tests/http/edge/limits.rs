//! How much one client may hold, and for how long.

use std::time::Duration;

use tokio::net::TcpSocket;
use touchplate_server::config::Limits;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Request, multipart_type, parse};
use touchplate_testkit::sample;

use super::{GET, Raw};

const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(600);

async fn limited(change: impl FnOnce(&mut Limits)) -> TestServer {
    TestServer::start_with(|config| {
        config.limits.head_time = LONG;
        config.limits.idle_time = LONG;
        config.limits.stall_time = LONG;
        change(&mut config.limits);
    })
    .await
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let server = limited(|limits| limits.head_time = SHORT).await;
    let mut silent = Raw::to(&server).await;
    silent.ends().await;
    let mut half = Raw::to(&server).await;
    half.send("GET /healthz HTTP/1.1\r\nhost:").await;
    half.ends().await;
    // One header line after the other, as slowloris sends.
    let mut slow = Raw::to(&server).await;
    slow.send("GET /healthz HTTP/1.1\r\n").await;
    let mut lines = 0;
    while slow.send("x-a: b\r\n").await && lines < 600 {
        lines += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(lines < 600, "it was let go on");
    // The second head is no more patiently waited for, once it has begun.
    let mut second = Raw::to(&server).await;
    second.send(GET).await;
    assert_eq!(second.answer().await.status, 200);
    second.send("G").await;
    second.ends().await;
}

#[tokio::test]
async fn a_connection_that_is_not_used_ends() {
    let server = limited(|limits| limits.idle_time = SHORT).await;
    let mut used = Raw::to(&server).await;
    for target in ["/healthz", "/simple/", "/nosuch"] {
        used.send(format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n"))
            .await;
        used.answer().await;
    }
    used.ends().await;
    let mut posted = Raw::to(&server).await;
    posted
        .send("POST /_/oidc/mint-token HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}")
        .await;
    posted.answer().await;
    posted.ends().await;
}

/// Head and body of an upload.
fn upload(server: &TestServer, token: &str, more: &str) -> (String, Vec<u8>) {
    let (_, body) = server.form(&sample::wheel("demo", "1.0"));
    let head = format!(
        "POST /legacy/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: {}\r\ncontent-length: {}\r\n\
         {more}\r\n",
        multipart_type(),
        body.len()
    );
    (head, body)
}

#[tokio::test]
async fn who_sends_slowly_but_sends_is_waited_for() {
    let server = limited(|limits| {
        limits.head_time = SHORT;
        limits.idle_time = SHORT;
        limits.stall_time = SHORT;
        limits.bytes_per_second = 1;
    })
    .await;
    let alice = server.user("alice").await;
    for (token, status) in [(alice.token.as_str(), 200), ("tp-1-wrong", 403)] {
        let (head, body) = upload(&server, token, "connection: close\r\n");
        let mut raw = Raw::to(&server).await;
        raw.send(head).await;
        for piece in body.chunks(body.len().div_ceil(8)) {
            tokio::time::sleep(SHORT / 3).await;
            assert!(raw.send(piece).await);
        }
        assert_eq!(parse(&raw.rest().await).status, status);
    }
}

#[tokio::test]
async fn a_body_that_trickles_is_refused() {
    let server = limited(|limits| limits.stall_time = SHORT).await;
    let alice = server.user("alice").await;
    let mint =
        "POST /_/oidc/mint-token HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n".to_owned();
    let json = format!(
        "POST /api/v1/projects/demo/publishers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: \
         application/json\r\ncontent-length: 60000\r\n\r\n",
        alice.token
    );
    let (head, _) = upload(&server, &alice.token, "");
    for (head, status) in [(head, 408), (json, 408), (mint, 422)] {
        let mut raw = Raw::to(&server).await;
        raw.send(&head).await;
        let (mut reading, mut writing) = raw.0.into_split();
        let trickle = tokio::spawn(async move {
            while tokio::io::AsyncWriteExt::write_all(&mut writing, b"-")
                .await
                .is_ok()
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let mut answer = [0; 4096];
        let read = tokio::io::AsyncReadExt::read(&mut reading, &mut answer);
        let read = tokio::time::timeout(super::PATIENCE, read).await.unwrap();
        let answer = parse(&answer[..read.unwrap()]);
        assert_eq!(answer.status, status, "{head}");
        trickle.abort();
    }
    assert!(server.spooled().is_empty());
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_cut_off() {
    let server = limited(|limits| limits.stall_time = SHORT).await;
    let alice = server.publisher("alice").await.of("demo").await;
    let mut state = 1_u64;
    let mut noise = Vec::new();
    while noise.len() < 12 << 20 {
        // Xorshift: nothing that a wheel's compression makes smaller.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend(state.to_le_bytes());
    }
    let wheel = sample::wheel("demo", "1.0").member("demo/noise.bin", &noise);
    alice.upload(wheel.clone()).await.assert_ok();
    let path = crate::files::path(&wheel);
    let whole = server.get(&path).await.assert_ok().body.len();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut raw = Raw(socket.connect(server.client.address).await.unwrap());
    raw.send(Request::get(&path).bytes()).await;
    tokio::time::sleep(SHORT * 4).await;
    let got = raw.rest().await.len();
    assert!(got < whole, "{got} of {whole}");
}

#[tokio::test]
async fn heads_have_a_length_and_so_many_lines() {
    let of = |lines: usize| {
        format!(
            "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{}\r\n",
            "x: y\r\n".repeat(lines)
        )
    };
    let long = |bytes: usize| {
        format!(
            "GET /healthz HTTP/1.1\r\nconnection: close\r\nhost: {}\r\n\r\n",
            "x".repeat(bytes)
        )
    };
    let url = |bytes: usize| {
        format!(
            "GET /{} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
            "x".repeat(bytes)
        )
    };
    let server = TestServer::start().await;
    for (bytes, status) in [
        (of(98), 200),
        (of(99), 431),
        (of(2000), 431),
        (long(60_000), 200),
        (long(150_000), 431),
        (url(60_000), 404),
        (url(70_000), 414),
    ] {
        let answer = server.client.send_bytes(bytes.as_bytes()).await;
        assert_eq!(answer.status, status, "{}", bytes.len());
    }
    let server = limited(|limits| {
        limits.headers = 5;
        limits.head_bytes = 8192;
    })
    .await;
    for (bytes, status) in [
        (of(3), 200),
        (of(4), 431),
        (long(8000), 200),
        (long(20_000), 431),
    ] {
        let answer = server.client.send_bytes(bytes.as_bytes()).await;
        assert_eq!(answer.status, status, "{}", bytes.len());
    }
}

#[tokio::test]
async fn an_address_has_so_many_connections() {
    let server = limited(|limits| limits.connections_per_address = 3).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut raw = Raw::to(&server).await;
        raw.send(GET).await;
        assert_eq!(raw.answer().await.status, 200);
        open.push(raw);
    }
    Raw::to(&server).await.ends().await;
    // Those that are open are none the worse for it.
    for raw in &mut open {
        raw.send(GET).await;
        assert_eq!(raw.answer().await.status, 200);
    }
    drop(open.pop());
    // It is noticed a moment later.
    let again = async {
        loop {
            let mut raw = Raw::to(&server).await;
            raw.send("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                .await;
            let rest = raw.rest().await;
            if !rest.is_empty() {
                return parse(&rest).status;
            }
        }
    };
    let status = tokio::time::timeout(super::PATIENCE, again).await;
    assert_eq!(status.unwrap(), 200);
}

#[tokio::test]
async fn a_configured_proxy_speaks_for_many() {
    let server = TestServer::start_with(|config| {
        config.limits.connections_per_address = 1;
        config.forwarded_from = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..5 {
        let mut raw = Raw::to(&server).await;
        raw.send(GET).await;
        assert_eq!(raw.answer().await.status, 200);
        open.push(raw);
    }
}

#[tokio::test]
async fn one_connection_too_many_waits_for_another_to_end() {
    let server = limited(|limits| limits.connections = 2).await;
    let mut open = [Raw::to(&server).await, Raw::to(&server).await];
    for raw in &mut open {
        raw.send(GET).await;
        assert_eq!(raw.answer().await.status, 200);
    }
    let mut waiting = Raw::to(&server).await;
    waiting.send(GET).await;
    let early = tokio::time::timeout(SHORT / 2, waiting.answer()).await;
    assert!(early.is_err(), "it was answered");
    drop(open);
    assert_eq!(waiting.answer().await.status, 200);
}

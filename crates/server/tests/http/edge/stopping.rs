//! How a server stops: it says so, refuses what is new, and lets what is under way finish, for a while.

use std::time::Duration;

use tokio::net::TcpStream;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::multipart_type;
use touchplate_testkit::sample;

use super::{GET, Raw};

const READY: &str = "GET /readyz HTTP/1.1\r\nhost: x\r\naccept: text/plain\r\n\r\n";

#[tokio::test]
async fn who_asks_whether_it_is_ready_hears_no_before_anybody_is_refused() {
    let mut server = TestServer::start_with(|config| {
        config.limits.stop_delay = Duration::from_secs(3);
    })
    .await;
    let mut open = Raw::to(&server).await;
    open.send(READY).await;
    assert_eq!(open.answer().await.status, 200);
    let address = server.client.address;
    let ((), ()) = tokio::join!(server.stop(), async {
        let mut last = 200;
        while last == 200 {
            open.send(READY).await;
            let answer = open.answer().await;
            last = answer.status;
            if last == 503 {
                assert_eq!(answer.text(), "503 Not ready: the server is stopping\n");
            }
        }
        assert_eq!(last, 503);
        // New connections are answered as before.
        let mut new = Raw::at(address).await;
        new.send(GET).await;
        assert_eq!(new.answer().await.status, 200);
        // Both end, having nothing under way.
        new.ends().await;
        open.ends().await;
    });
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn what_does_not_finish_in_time_is_cut_off_and_leaves_nothing() {
    let mut server = TestServer::start_with(|config| {
        config.limits.stop_time = Duration::from_secs(1);
    })
    .await;
    let alice = server.user("alice").await;
    let token = alice.token.clone();
    let wheel = sample::wheel("demo", "1.0").member("demo/big.bin", &vec![7; 1 << 20]);
    let (_, body) = server.form(&wheel);
    let mut raw = Raw::to(&server).await;
    let head = format!(
        "POST /legacy/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
        multipart_type(),
        body.len() + 1000
    );
    raw.send(head).await;
    raw.send(&body).await;
    while server.spooled().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.stop().await;
    assert!(server.spooled().is_empty());
    assert_eq!(server.stored_blobs().await, Vec::<String>::new());
}

//! The log: one line for each request, with its id, and no secret in it.
// What the tests' own functions unwrap is what a test expects.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::io;
use std::sync::{Arc, Mutex};

use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_request_is_one_line_with_its_id_and_without_secrets() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    let stored = alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let secret = alice.token.splitn(4, '-').nth(3).unwrap();
    let missed = server
        .get(&format!("/simple/none/?token={}", alice.token))
        .await;
    let wrong = alice.token.replace("tp-1-", "tp-9-");
    let refused = server
        .client
        .send(&Request::get("/simple/demo/").token(&wrong))
        .await;
    let file = server.get("/simple/demo/").await.assert_ok();

    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(!text.contains(secret), "a secret in the log");
    for (answer, path, status) in [
        (&stored, "/legacy/", 200),
        (&missed, "/simple/none/", 404),
        (&refused, "/simple/demo/", 401),
        (&file, "/simple/demo/", 200),
    ] {
        let id = answer.header("x-request-id").unwrap();
        let own = text
            .lines()
            .filter(|line| line.contains("\"answered\"") && line.contains(id));
        let own: Vec<serde_json::Value> = own
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [line] = own.as_slice() else {
            panic!("{} lines for {path}", own.len())
        };
        let fields = &line["fields"];
        assert_eq!(fields["path"], path);
        assert_eq!(fields["status"], status);
        assert_eq!(fields["bytes"], answer.body.len());
        assert_eq!(fields["client"], "127.0.0.1");
    }
}

//! Clocks that jump, and two servers that disagree on the time over one database.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::json;
use touchplate_index::jobs::Job;
use touchplate_index::ports::{JobName, Serial};
use touchplate_server::Clock as _;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample;
use touchplate_testkit::{FixedClock, TestServer};

const TEN_MINUTES: SignedDuration = SignedDuration::from_mins(10);

fn read_token(account: &str, expires: Option<String>) -> Request {
    let body = match expires {
        Some(expires) => json!({ "expires_at": expires }),
        None => json!({}),
    };
    Request::new("POST", "/api/v1/read-tokens")
        .token(account)
        .body("application/json", body.to_string())
}

async fn asks(server: &TestServer, token: &str) -> Answer {
    let asking = Request::get("/api/v1/projects/demo").token(token);
    server.client.send(&asking).await
}

/// Serials are given in the order of changes, whatever any clock says.
async fn ordered(server: &TestServer) {
    let rows = server.index.changes(Serial(0), 1000).await.unwrap();
    assert!(rows.windows(2).all(|two| two[0].serial < two[1].serial));
}

#[tokio::test]
async fn a_clock_that_jumps_changes_when_things_happened_and_not_their_order() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    for (version, by) in [
        ("1.0", SignedDuration::ZERO),
        ("2.0", SignedDuration::from_hours(2)),
        // Back before the first.
        ("3.0", SignedDuration::from_hours(-5)),
        ("4.0", SignedDuration::from_hours(24 * 400)),
        ("5.0", SignedDuration::from_hours(-24 * 800)),
    ] {
        let before = server.index.head().await.unwrap();
        server.clock.advance(by);
        let now = server.now();
        alice
            .upload(sample::wheel("demo", version))
            .await
            .assert_ok();
        assert!(server.index.head().await.unwrap() > before);
        // What was uploaded last is on the page at once.
        let page = server.get_json("/simple/demo/").await;
        let files = page["files"].as_array().unwrap();
        let filename = format!("demo-{version}-py3-none-any.whl");
        let file = files
            .iter()
            .find(|file| file["filename"] == filename.as_str());
        let time: jiff::Timestamp = file.unwrap()["upload-time"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(time, now);
        server.get("/project/demo/").await.assert_ok();
        server.get("/").await.assert_ok();
    }
    ordered(&server).await;
}

/// Turns at jobs are told by the database's clock alone.
#[tokio::test]
async fn of_servers_that_disagree_on_the_time_one_has_the_turn() {
    let server = TestServer::start().await;
    for by in [
        SignedDuration::from_hours(5),
        SignedDuration::from_hours(-5),
    ] {
        let clock = Arc::new(FixedClock::at(server.now() + by));
        let other = server.beside_at(clock).await;
        for (first, second) in [(&server, &other), (&other, &server)] {
            let job = Job {
                name: JobName(if by.is_positive() { "ahead" } else { "behind" }),
                every: Duration::ZERO,
            };
            let turn = first.index.shift(&job).await.unwrap().unwrap();
            assert!(second.index.shift(&job).await.unwrap().is_none());
            turn.done().await.unwrap();
            let turn = second.index.shift(&job).await.unwrap().unwrap();
            assert!(first.index.shift(&job).await.unwrap().is_none());
            turn.done().await.unwrap();
        }
    }
}

#[tokio::test]
async fn servers_that_disagree_on_the_time_agree_on_everything_else() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let now = server.now();
    for by in [TEN_MINUTES, -TEN_MINUTES] {
        let clock = Arc::new(FixedClock::at(now + by));
        let other = server.beside_at(clock.clone()).await;
        // A token that one makes is good at the other.
        let made = other.client.send(&read_token(&alice.token, None)).await;
        assert_eq!(made.status, 201, "{}", made.whole());
        let token = made.json()["token"].as_str().unwrap().to_owned();
        for asked in [&server, &other] {
            asks(asked, &token).await.assert_ok();
        }
        // One that ends does so by the clock of whoever is asked.
        let ends = (now + SignedDuration::from_mins(5)).to_string();
        let made = server
            .client
            .send(&read_token(&alice.token, Some(ends)))
            .await;
        assert_eq!(made.status, 201, "{}", made.whole());
        let token = made.json()["token"].as_str().unwrap().to_owned();
        asks(&server, &token).await.assert_ok();
        let expected = if by.is_positive() { 401 } else { 200 };
        assert_eq!(asks(&other, &token).await.status, expected);
        // Uploads at both, in turns: each is there, with the time of whoever took it.
        for (at, asked) in [&server, &other].into_iter().enumerate() {
            let minutes = by.as_mins() + 20;
            let wheel = sample::wheel("demo", &format!("{minutes}.{at}"));
            let request = alice.uploading(&wheel);
            asked.client.send(&request).await.assert_ok();
            let page = asked.get_json("/simple/demo/").await;
            let files = page["files"].as_array().unwrap();
            let file = files
                .iter()
                .find(|file| file["filename"] == wheel.filename().as_str());
            let time = file.unwrap()["upload-time"].as_str().unwrap();
            let taken_at = if at == 0 { now } else { clock.now() };
            assert_eq!(time.parse::<jiff::Timestamp>().unwrap(), taken_at);
            // The same once more, at the other: it is there, and nothing changes.
            let again = [&other, &server][at]
                .client
                .send(&request)
                .await
                .assert_ok();
            assert!(again.text().contains("was stored before; nothing changed"));
        }
        ordered(&server).await;
        // A sweep by a clock that is ahead takes nothing that a file has.
        let before = server.stored_blobs().await;
        let swept = other
            .index
            .sweep(clock.now().into(), touchplate_index::chores::SWEEP_GRACE);
        swept.await.unwrap();
        assert_eq!(server.stored_blobs().await, before);
    }
}

//! Pages are kept, and never shown after they are wrong.

use std::time::{Duration, Instant};

use touchplate_testkit::TestServer;
use touchplate_testkit::sample;

/// What the issue allows between a change and the first page that shows it.
const SECOND: Duration = Duration::from_secs(1);

/// The list of all projects is shown no longer than five seconds after it is old (`cache::index_page`); the rest is for the machine.
const SHOWN_AT_MOST: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_yank_through_one_server_shows_in_the_other_within_a_second() {
    let one = TestServer::start().await;
    let other = one.beside().await;
    let alice = one.user("alice").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let name = "demo".parse().unwrap();
    let version = "1.0".parse().unwrap();
    for round in 0..5 {
        let reason = format!("round {round}");
        one.index
            .yank(&one.operator(), &name, &version, Some(reason.clone()))
            .await
            .unwrap();
        let changed = Instant::now();
        loop {
            let asked = Instant::now();
            let page = other.get_json("/simple/demo/").await;
            let told = other.get("/project/demo/").await.text();
            if page["files"][0]["yanked"] == reason.as_str() && told.contains(&reason) {
                break;
            }
            assert!(asked.duration_since(changed) < SECOND, "still {page}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn who_uploads_and_then_reads_finds_what_they_uploaded() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    for number in 1..20 {
        alice
            .upload(sample::wheel("demo", &format!("{number}.0")))
            .await
            .assert_ok();
        let page = server.get_json("/simple/demo/").await;
        assert_eq!(page["versions"].as_array().unwrap().len(), number);
        // On a busy machine the list takes long to render, and is then shown for a while although it is old.
        let began = Instant::now();
        while server.get_json("/simple/").await["projects"][0]["_last-serial"]
            != page["meta"]["_last-serial"]
        {
            assert!(began.elapsed() < SHOWN_AT_MOST, "after {number} uploads");
        }
    }
}

#[tokio::test]
async fn readers_during_changes_never_keep_an_old_page() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let reading = async {
        let mut seen = 0;
        for _ in 0..200 {
            let page = server.get_json("/simple/demo/").await;
            let count = page["versions"].as_array().unwrap().len();
            assert!(count >= seen, "{count} after {seen}");
            seen = count;
        }
    };
    let writing = async {
        for number in 2..12 {
            alice
                .upload(sample::wheel("demo", &format!("{number}.0")))
                .await
                .assert_ok();
        }
    };
    tokio::join!(reading, writing);
    assert_eq!(
        server.get_json("/simple/demo/").await["versions"]
            .as_array()
            .unwrap()
            .len(),
        11
    );
}

#[tokio::test]
async fn a_project_that_becomes_private_is_gone_within_a_second() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    server.get("/simple/demo/").await.assert_ok();
    let private = touchplate_index::projects::Visibility::Private;
    let name = "demo".parse().unwrap();
    server
        .index
        .set_visibility(&server.operator(), &name, private)
        .await
        .unwrap();
    tokio::time::sleep(SECOND).await;
    assert_eq!(server.get("/simple/demo/").await.status, 404);
    assert_eq!(server.get("/project/demo/").await.status, 404);
    assert_eq!(
        server.get_json("/simple/").await["projects"],
        serde_json::json!([])
    );
    alice.get("/simple/demo/").await.assert_ok();
}

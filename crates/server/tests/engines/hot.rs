//! What was read a moment ago is read again without asking an engine.

use std::time::{Duration, Instant};

use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

use crate::world::World;

/// What is known stands for a second: a machine that takes longer for all of it has asked again, and rightly.
const SOON: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread")]
async fn hot_pages_ask_no_engine() {
    let Some(world) = World::new().await else {
        return;
    };
    let alice = world.near.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0").attested();
    alice.upload(wheel.clone()).await.assert_ok();
    let pages = [
        ("/simple/", "application/vnd.pypi.simple.v1+json"),
        ("/simple/demo/", "application/vnd.pypi.simple.v1+json"),
        ("/simple/demo/", "text/html"),
        ("/project/demo/", "text/html"),
    ];
    let read = async || {
        for (page, accept) in pages {
            let answer = world.send(&Request::get(page).accept(accept)).await;
            answer.assert_ok();
        }
    };
    for attempt in 0.. {
        assert!(
            attempt < 20,
            "this machine never reads so few pages in {SOON:?}"
        );
        world.app.cache.catch_up().await;
        let began = Instant::now();
        read().await;
        world.settle().await;
        let before = (world.rows.messages(), world.bytes.messages());
        for _ in 0..10 {
            read().await;
        }
        let asked = (
            world.rows.messages() - before.0,
            world.bytes.messages() - before.1,
        );
        if began.elapsed() < SOON {
            assert_eq!(asked, (0, 0), "messages to PostgreSQL and S3");
            break;
        }
    }
    // The counting counts: a page that nobody asked for is read there.
    let before = world.rows.messages();
    world.seen("/project/demo/1.0/").await;
    assert!(world.rows.messages() > before);
}

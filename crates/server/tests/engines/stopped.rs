//! A process that is stopped in the middle of a chore, and wakes up when another has it.

use std::time::{Duration, SystemTime};

use touchplate_index::chores::TIDYING;
use touchplate_testkit::sample;

use crate::world::World;

/// Each message of the stopped process takes so long.
const MESSAGE: Duration = Duration::from_millis(20);

const OLD: usize = 6;

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_that_is_stopped_in_the_middle_is_ended_by_the_next() {
    let Some(world) = World::new().await else {
        return;
    };
    let alice = world.near.publisher("alice").await.of("demo").await;
    let kept = sample::wheel("demo", "0.1").attested();
    alice.upload(kept.clone()).await.assert_ok();
    let others_turn = "UPDATE jobs SET held_until = 0, done_at = 0";
    let mut ended = false;
    for stopped_after in 1.. {
        assert!(stopped_after < 200, "a sweep never ends");
        if ended {
            break;
        }
        for number in 0..OLD {
            let wheel = sample::wheel("demo", &format!("{stopped_after}.{number}.1"));
            alice.upload(wheel.clone()).await.assert_ok();
            let (origin, filename) = (world.near.operator(), wheel.filename().parse().unwrap());
            let deleted = world.near.index.delete_file(&origin, &filename).await;
            deleted.unwrap();
        }
        world.database.run(others_turn).await;
        world.rows.delay(MESSAGE, Duration::ZERO);
        let shift = world.app.index.shift(&TIDYING).await.unwrap().unwrap();
        let sweep = world.app.index.sweep_in(&shift, later(), Duration::ZERO);
        // Whoever is killed is stopped between two messages, as who is dropped here.
        let patience = MESSAGE * (stopped_after * 7);
        ended = tokio::time::timeout(patience, sweep).await.is_ok();
        world.rows.delay(Duration::ZERO, Duration::ZERO);
        // Another takes its turn, and it finds what is left.
        world.database.run(others_turn).await;
        let theirs = world.near.index.shift(&TIDYING).await.unwrap().unwrap();
        let swept = world
            .near
            .index
            .sweep_in(&theirs, later(), Duration::ZERO)
            .await;
        swept.unwrap();
        assert_eq!(world.near.stored_blobs().await.len(), 1);
        assert!(world.lists("demo", &kept).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wakes_up_when_another_has_the_turn_sweeps_nothing_more() {
    let Some(world) = World::new().await else {
        return;
    };
    let alice = world.near.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0");
    alice.upload(wheel.clone()).await.assert_ok();
    let (origin, filename) = (world.near.operator(), wheel.filename().parse().unwrap());
    let deleted = world.near.index.delete_file(&origin, &filename).await;
    deleted.unwrap();
    let slept = world.app.index.shift(&TIDYING).await.unwrap().unwrap();
    assert!(world.near.index.shift(&TIDYING).await.unwrap().is_none());
    // Its minute is over.
    world.database.run("UPDATE jobs SET held_until = 1").await;
    let theirs = world.near.index.shift(&TIDYING).await.unwrap().unwrap();
    let swept = world
        .app
        .index
        .sweep_in(&slept, later(), Duration::ZERO)
        .await;
    assert_eq!(swept.unwrap(), 0);
    assert_eq!(world.near.stored_blobs().await.len(), 1);
    // What it says at the end changes nothing either.
    slept.done().await.unwrap();
    let swept = world
        .near
        .index
        .sweep_in(&theirs, later(), Duration::ZERO)
        .await;
    assert_eq!(swept.unwrap(), 1);
    theirs.done().await.unwrap();
    // It was done a moment ago, whoever asks.
    for index in [&world.app.index, &world.near.index] {
        assert!(index.shift(&TIDYING).await.unwrap().is_none());
    }
}

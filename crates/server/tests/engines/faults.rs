//! Every message to an engine fails, both ways: it does not arrive, or it does and the answer is lost. Then all is well again, and
//! the client asks again. What holds always holds after each.

use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use touchplate_attest::Publisher;
use touchplate_index::ports::Serial;
use touchplate_testkit::Proxy;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::proxy::Effect;
use touchplate_testkit::sample::{self, Sample};
use touchplate_trust::{Predicate, Workload};

use crate::world::{World, assert_later};

/// More messages than any request has.
const TOO_MANY: u64 = 400;

/// One request at a time: prepared next to the engines, made with one message failing, and judged.
async fn every_message<C>(
    world: &World,
    what: &str,
    prepare: impl AsyncFn(u64) -> C,
    ask: impl AsyncFn(&C),
) {
    for (engine, proxy) in [("PostgreSQL", &world.rows), ("S3", &world.bytes)] {
        let what = format!("{what} over {engine}");
        every_message_to(world, &what, proxy, &prepare, &ask).await;
    }
}

/// The same of one engine.
pub(crate) async fn every_message_to<C>(
    world: &World,
    what: &str,
    proxy: &Proxy,
    prepare: impl AsyncFn(u64) -> C,
    ask: impl AsyncFn(&C),
) {
    // `ask` heals after its request, or what it judges by would be counted.
    for effect in [Effect::Lost, Effect::DoneButUnanswered] {
        for at in 0.. {
            assert!(at < TOO_MANY, "{what}: it never ends");
            // No two cases have the same number.
            let step = world.steps.fetch_add(1, Ordering::SeqCst);
            let case = prepare(step).await;
            world.settle().await;
            proxy.fail_at(at, effect);
            ask(&case).await;
            if !world.was_reached() {
                println!("{what}: {at} messages, {effect:?}");
                break;
            }
        }
    }
}

/// What a request came to.
struct Outcome {
    /// Its answer, with a message failing.
    first: Answer,
    /// The answer to the same, asked again.
    again: Answer,
}

/// Asks, heals and asks again, as a client that was told to does.
async fn twice(world: &World, request: &Request) -> Outcome {
    let first = world.send(request).await;
    world.heal();
    if first.status >= 400 {
        assert_later(&first);
    }
    let again = world.send(request).await;
    Outcome { first, again }
}

/// So many changes of that kind since then.
async fn count(world: &World, since: Serial, action: &str) -> usize {
    let changes = world.changes(since).await;
    changes.iter().filter(|row| row.action == action).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_there_whole_or_not_at_all() {
    let Some(world) = World::new().await else {
        return;
    };
    let alice = world.near.publisher("alice").await.of("demo").await;
    let token = alice.token.clone();
    let upload = async |sample: &Sample| {
        let since = world.serial().await;
        let request = world.uploading(&token, sample);
        let first = world.send(&request).await;
        world.heal();
        let there = world.lists("demo", sample).await;
        match first.status {
            // Acknowledged is there.
            200 => assert!(there),
            // Refused left nothing half, which listing has looked at; it may be there, if the answer alone was lost.
            _ => assert_later(&first),
        }
        let again = world.send(&request).await.assert_ok();
        let said = match there {
            true => "was stored before; nothing changed",
            false => "Stored ",
        };
        assert!(again.text().contains(said), "{}", again.text());
        assert!(world.lists("demo", sample).await);
        assert_eq!(count(&world, since, "upload file").await, 1);
    };
    let wheel = async |step: u64| sample::wheel("demo", &format!("{step}.0")).attested();
    every_message(&world, "upload", wheel, async |wheel: &Sample| {
        upload(wheel).await;
    })
    .await;
    let sdist = async |step: u64| sample::sdist("demo", &format!("{step}.0"));
    every_message(&world, "second file", sdist, async |sdist: &Sample| {
        upload(sdist).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yank_and_its_taking_back_are_done_or_not() {
    let Some(world) = World::new().await else {
        return;
    };
    let alice = world.near.publisher("alice").await.of("demo").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let yank = "/api/v1/projects/demo/releases/1.0/yank";
    let put = Request::new("PUT", yank)
        .token(&alice.token)
        .body("application/json", json!({"reason": "broken"}).to_string());
    let delete = Request::new("DELETE", yank).token(&alice.token);
    let yanked = async || {
        let page = world.seen("/simple/demo/").await.assert_ok().json();
        page["files"][0]["yanked"].clone()
    };
    for (what, request, back, wanted) in [
        ("yank", &put, &delete, json!("broken")),
        ("unyank", &delete, &put, json!(false)),
    ] {
        let prepare = async |_| assert!(world.near.client.send(back).await.status < 300);
        every_message(&world, what, prepare, async |()| {
            let Outcome { first, again } = twice(&world, request).await;
            assert!(again.status < 300, "{}", again.whole());
            assert_eq!(yanked().await, wanted, "{}", first.whole());
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_done_or_not_and_its_bytes_are_swept() {
    let Some(world) = World::new().await else {
        return;
    };
    let alice = world.near.publisher("alice").await.of("demo").await;
    alice.upload(sample::wheel("demo", "0.1")).await.assert_ok();
    let kept = sample::wheel("demo", "0.1");
    let prepare = async |step: u64| {
        let wheel = sample::wheel("demo", &format!("{}.0", step + 1));
        alice.upload(wheel.clone()).await.assert_ok();
        wheel
    };
    every_message(&world, "delete", prepare, async |wheel: &Sample| {
        let (origin, filename) = (world.near.operator(), wheel.filename().parse().unwrap());
        let since = world.serial().await;
        let first = world.app.index.delete_file(&origin, &filename).await;
        world.heal();
        let there = world.lists("demo", wheel).await;
        if first.is_ok() {
            assert!(!there);
        }
        // Who asks again is told that it is gone.
        let again = world.app.index.delete_file(&origin, &filename).await;
        assert_eq!(again.is_ok(), there, "{again:?}");
        assert!(!world.lists("demo", wheel).await);
        assert_eq!(count(&world, since, "delete file").await, 1);
        assert!(world.lists("demo", &kept).await);
        sweep(&world).await;
        assert_eq!(world.near.stored_blobs().await.len(), 1);
    })
    .await;
    let prepare = async |step: u64| {
        let wheel = sample::wheel("demo", &format!("{}.0.0.1", step + 1));
        alice.upload(wheel.clone()).await.assert_ok();
        let (origin, filename) = (world.near.operator(), wheel.filename().parse().unwrap());
        world
            .near
            .index
            .delete_file(&origin, &filename)
            .await
            .unwrap();
    };
    every_message(&world, "sweep", prepare, async |()| {
        let later = SystemTime::now() + Duration::from_secs(3600);
        let first = world.app.index.sweep(later, Duration::ZERO).await;
        world.heal();
        assert!(world.lists("demo", &kept).await, "{first:?}");
        sweep(&world).await;
        assert_eq!(world.near.stored_blobs().await.len(), 1);
        assert!(world.lists("demo", &kept).await);
    })
    .await;
}

/// What nobody refers to goes.
async fn sweep(world: &World) {
    let later = SystemTime::now() + Duration::from_secs(3600);
    let swept = world.near.index.sweep(later, Duration::ZERO).await;
    swept.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_and_ended_or_not() {
    let Some(world) = World::new().await else {
        return;
    };
    let alice = world.near.user("alice").await;
    let tokens = async || {
        let list = Request::get("/api/v1/read-tokens").token(&alice.token);
        let told = world.near.client.send(&list).await.assert_ok().json();
        told["tokens"].as_array().unwrap().clone()
    };
    let making = Request::new("POST", "/api/v1/read-tokens")
        .token(&alice.token)
        .body("application/json", "{}");
    every_message(
        &world,
        "token",
        async |_| {},
        async |()| {
            let (before, since) = (tokens().await.len(), world.serial().await);
            let Outcome { first, again } = twice(&world, &making).await;
            assert_eq!(again.status, 201, "{}", again.whole());
            // One whose answer was lost is in the list, to be revoked; nobody knows it.
            let made = tokens().await.len() - before;
            assert!(made == 2 || (made == 1 && first.status == 503), "{made}");
            assert_eq!(world.changes(since).await.len(), made);
            let works = Request::get("/api/v1/read-tokens").token(&alice.token);
            world.send(&works).await.assert_ok();
        },
    )
    .await;
    let prepare = async |_| {
        let made = world.near.client.send(&making).await;
        let told = made.json();
        (
            told["id"].as_str().unwrap().to_owned(),
            world.serial().await,
        )
    };
    every_message(&world, "revocation", prepare, async |(id, since)| {
        let request = Request::new("DELETE", &format!("/api/v1/read-tokens/{id}"));
        let Outcome { again, .. } = twice(&world, &request.token(&alice.token)).await;
        assert_eq!(again.status, 204, "{}", again.whole());
        let tokens = tokens().await;
        let ended = tokens.iter().find(|it| it["id"] == id.as_str()).unwrap();
        assert_ne!(ended["revoked_at"], Value::Null);
        assert_eq!(world.changes(*since).await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_token_is_burnt_once_or_not_at_all() {
    let Some(world) = World::new().await else {
        return;
    };
    let alice = world.near.publisher("alice").await.of("demo").await;
    drop(alice);
    let minted = async || {
        let project = "demo".parse().unwrap();
        world
            .near
            .index
            .minted_tokens(&project, 1000)
            .await
            .unwrap()
            .len()
    };
    let prepare = async |_| (id_token(&world), minted().await);
    every_message(&world, "mint", prepare, async |(token, before)| {
        let mint = |token: &str| {
            let body = json!({ "token": token }).to_string();
            Request::new("POST", "/_/oidc/mint-token").body("application/json", body)
        };
        let first = world.send(&mint(token)).await;
        world.heal();
        let after_first = minted().await - before;
        match first.status {
            200 => assert_eq!(after_first, 1),
            _ => assert_later(&first),
        }
        let again = world.send(&mint(token)).await;
        assert_eq!(minted().await - before, 1, "it is exchanged once");
        match after_first {
            // Not done: the same ID token is good.
            0 => assert_eq!(again.status, 200, "{}", again.whole()),
            // Done: it is burnt, and the CI's next one is good.
            _ => {
                assert_eq!(again.status, 422, "{}", again.whole());
                world.send(&mint(&id_token(&world))).await.assert_ok();
            }
        }
    })
    .await;
}

/// A token of the workflow that may upload.
fn id_token(world: &World) -> String {
    let workflow = "example/demo/.github/workflows/release.yml@refs/tags/v1";
    let claims = json!({
        "jti": touchplate_index::RequestId::random().as_str(),
        "repository": "example/demo", "repository_owner": "example", "repository_owner_id": "654321",
        "repository_id": "123456", "event_name": "push", "ref": "refs/tags/v1", "sha": "c0ffee", "run_id": "7",
        "job_workflow_ref": workflow, "workflow_ref": workflow,
    });
    let (subject, now) = ("repo:example/demo:ref:refs/tags/v1", world.near.now());
    let token = world.github.token(subject, "packages.example", claims, now);
    token.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_attestation_is_there_or_not() {
    let Some(world) = World::new().await else {
        return;
    };
    let alice = world.near.publisher("alice").await.of("demo").await;
    let (origin, project) = (world.near.operator(), "demo".parse().unwrap());
    let other = Publisher::github("re/build", "rebuild.yml");
    let added = world.near.index.add_publisher(&origin, &project, &other);
    added.await.unwrap();
    let prepare = async |step: u64| {
        let wheel = sample::wheel("demo", &format!("{step}.0"));
        alice.upload(wheel.clone()).await.assert_ok();
        wheel
    };
    every_message(
        &world,
        "later attestation",
        prepare,
        async |wheel: &Sample| {
            let who = Workload::github("re/build", "rebuild.yml", "refs/heads/main");
            let (filename, sha256, now) = (wheel.filename(), wheel.sha256(), world.near.now());
            let slsa = Predicate::Slsa;
            let minted = world
                .near
                .domain
                .attest(&who, &filename, &sha256, slsa, now);
            let version = filename.split('-').nth(1).unwrap();
            let path = format!("/api/v1/projects/demo/{version}/{filename}/attestations");
            let request = Request::new("POST", &path)
                .token(&alice.token)
                .body("application/json", minted.unwrap());
            let since = world.serial().await;
            let Outcome { again, .. } = twice(&world, &request).await;
            assert!(
                again.status == 200 || again.status == 201,
                "{}",
                again.whole()
            );
            let there = world.seen(&path).await.assert_ok().json();
            assert_eq!(there["attestations"].as_array().unwrap().len(), 1);
            assert_eq!(world.changes(since).await.len(), 1);
            assert!(world.lists("demo", wheel).await);
        },
    )
    .await;
}

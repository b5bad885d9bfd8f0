//! Engines that misbehave each in its own manner, seen through the front door: what is answered, what goes on, and that nothing
//! acknowledged is lost.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::proxy::Link;
use touchplate_testkit::sample::{self, Sample};

use crate::world::{World, assert_later};

const READ_ONLY: &str = "This index takes no uploads and no changes for now: where it stores things is read-only. Installing from it \
                         works. Whoever runs it has to mend that";
const FULL: &str = "This index takes no uploads and no changes for now: it has no room left. Installing from it works. Whoever runs it \
                    has to make room";

/// A world with one file, and the token of its owner.
async fn with_a_file(parameters: &str) -> Option<(World, String, Sample)> {
    let world = World::with(parameters).await?;
    let alice = world.near.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0").attested();
    alice.upload(wheel.clone()).await.assert_ok();
    let token = alice.token.clone();
    assert!(world.lists("demo", &wheel).await);
    Some((world, token, wheel))
}

/// All is well: what was there is whole, and what was refused is taken.
async fn goes_on(world: &World, token: &str, there: &Sample, refused: &Sample) {
    assert!(world.lists("demo", there).await);
    world
        .send(&world.uploading(token, refused))
        .await
        .assert_ok();
    assert!(world.lists("demo", refused).await);
}

async fn ready(world: &World) -> Answer {
    world.send(&Request::get("/readyz")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_or_says_nothing_is_waited_for_no_longer_than_that() {
    let Some((world, token, there)) = with_a_file("&statement_seconds=1").await else {
        return;
    };
    let later = sample::wheel("demo", "2.0");
    for link in [Link::Closed, Link::Reset, Link::Silent] {
        world.rows.set(link);
        let upload = world.send(&world.uploading(&token, &later)).await;
        assert_later(&upload);
        let not_ready = ready(&world).await;
        assert_eq!(not_ready.status, 503);
        assert_eq!(
            not_ready.text(),
            "503 Not ready: the database does not answer\n"
        );
        // A page may be older than a yank that nobody can ask for now: it is not shown.
        world.app.cache.catch_up().await;
        assert_later(&world.send(&Request::get("/simple/demo/")).await);
        assert_eq!(world.send(&Request::get("/healthz")).await.status, 200);
        world.rows.set(Link::Up);
        assert!(world.lists("demo", &there).await, "{link:?}");
    }
    goes_on(&world, &token, &there, &later).await;
    assert_eq!(ready(&world).await.text(), "ready\n");
}

/// A server that hears the first words of each connection and ends it.
async fn hanging_up() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            drop(connection.read(&mut [0; 8]).await);
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_ends_while_it_is_connected_to_may_come_back() {
    let Some((world, token, there)) = with_a_file("").await else {
        return;
    };
    let real = world.rows.engine();
    let later = sample::wheel("demo", "2.0");
    for engine in [hanging_up().await, fake(StatusCode::OK).await] {
        world.rows.set(Link::Closed);
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.rows.lead_to(engine);
        world.rows.set(Link::Up);
        // What was connected before is noticed by the first.
        world.send(&Request::get("/simple/demo/")).await;
        world.app.cache.catch_up().await;
        assert_later(&world.send(&Request::get("/simple/demo/")).await);
        assert_later(&world.send(&world.uploading(&token, &later)).await);
        assert_eq!(ready(&world).await.status, 503);
        world.rows.lead_to(real);
        assert!(world.lists("demo", &there).await);
    }
    goes_on(&world, &token, &there, &later).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_database_is_slow_and_nothing_else() {
    let Some((world, token, there)) = with_a_file("").await else {
        return;
    };
    world.rows.delay(Duration::from_secs(2), Duration::ZERO);
    let page = world.send(&Request::get("/simple/demo/")).await;
    page.assert_ok();
    world
        .rows
        .delay(Duration::from_millis(50), Duration::from_millis(50));
    goes_on(
        &world,
        &token,
        &there,
        &sample::wheel("demo", "2.0").attested(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_writes_is_read_from() {
    let Some((world, token, there)) = with_a_file("").await else {
        return;
    };
    let name = world.database.name();
    let turn = async |how: &str| {
        let value = if how == "SET" { " = on" } else { "" };
        let sql = format!("ALTER DATABASE {name} {how} default_transaction_read_only{value}");
        world
            .database
            .run(&format!("BEGIN READ WRITE; {sql}; COMMIT"))
            .await;
        world.rows.set(Link::Reset);
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.rows.set(Link::Up);
        // Connections that nobody used for two seconds are asked before they are used: those that were reset go.
        tokio::time::sleep(Duration::from_millis(2500)).await;
    };
    turn("SET").await;
    let later = sample::wheel("demo", "2.0");
    for _ in 0..2 {
        let refused = world.send(&world.uploading(&token, &later)).await;
        assert_eq!((refused.status, refused.reason.as_str()), (503, READ_ONLY));
        assert_eq!(refused.header("retry-after"), Some("60"));
        assert!(world.lists("demo", &there).await);
    }
    turn("RESET").await;
    goes_on(&world, &token, &there, &later).await;
}

/// A fake of an object store, or of whatever else speaks HTTP, that answers everything with one status.
async fn fake(status: StatusCode) -> SocketAddr {
    fake_of(status, aws_error("Fake")).await
}

/// As S3 words its refusals.
fn aws_error(code: &str) -> String {
    format!(
        "<Error><Code>{code}</Code><Message>the region 'us-east-1' is wrong; expecting 'eu-west-1'</Message></Error>"
    )
}

async fn fake_of(status: StatusCode, body: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(async move || (status, body));
    tokio::spawn(async move { drop(axum::serve(listener, router.into_make_service()).await) });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_store_that_fails_stops_uploads_and_no_page() {
    let Some((world, token, there)) = with_a_file("").await else {
        return;
    };
    let real = world.bytes.engine();
    let lead_to = async |engine: SocketAddr| {
        world.bytes.set(Link::Reset);
        tokio::time::sleep(Duration::from_millis(50)).await;
        world.bytes.lead_to(engine);
        world.bytes.set(Link::Up);
    };
    for (status, retry_after, said) in [
        (StatusCode::SERVICE_UNAVAILABLE, "5", None),
        (StatusCode::INSUFFICIENT_STORAGE, "60", Some(FULL)),
    ] {
        lead_to(fake(status).await).await;
        let version = format!("{}.0", status.as_u16());
        let later = sample::wheel("demo", &version);
        let refused = world.send(&world.uploading(&token, &later)).await;
        assert_eq!(refused.status, 503, "{}", refused.whole());
        assert_eq!(refused.header("retry-after"), Some(retry_after));
        if let Some(said) = said {
            assert_eq!(refused.reason, said);
        }
        // Pages need no object.
        let page = world.seen("/simple/demo/").await.assert_ok().json();
        assert!(!page.to_string().contains(&later.filename()));
        lead_to(real).await;
        goes_on(&world, &token, &there, &later).await;
    }
    // As AWS refuses: the real server here knows no regions. The log says what to do; whoever asks again is told the same.
    for (status, code) in [
        (StatusCode::BAD_REQUEST, "AuthorizationHeaderMalformed"),
        (StatusCode::FORBIDDEN, "SignatureDoesNotMatch"),
    ] {
        lead_to(fake_of(status, aws_error(code)).await).await;
        let later = sample::wheel("demo", &format!("{}.1", status.as_u16()));
        let refused = world.send(&world.uploading(&token, &later)).await;
        assert_eq!(refused.status, 500, "{}", refused.whole());
        assert!(world.seen("/readyz").await.status == 503);
        let page = world.seen("/simple/demo/").await.assert_ok().json();
        assert!(!page.to_string().contains(&later.filename()));
        lead_to(real).await;
        goes_on(&world, &token, &there, &later).await;
    }
    // An object that was cut off is no file.
    let digest = there.sha256().to_string();
    let cut = &there.bytes()[..100];
    world.near.damage_blob(&digest, Some(cut)).await;
    let (first, second, rest) = (&digest[..2], &digest[2..4], &digest[4..]);
    let file = format!("/files/{first}/{second}/{rest}/{}", there.filename());
    let answer = world.send(&Request::get(&file)).await;
    assert_eq!(answer.status, 500, "{}", answer.head());
}

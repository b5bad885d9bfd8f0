//! Answers that are given again as they were, in front of the router.

use insta::assert_snapshot;
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample::{self, Sample};

const JSON: &str = "application/vnd.pypi.simple.v1+json";

fn path(sample: &Sample) -> String {
    let digest = sample.sha256().to_string();
    let (first, second, rest) = (&digest[..2], &digest[2..4], &digest[4..]);
    format!("/files/{first}/{second}/{rest}/{}", sample.filename())
}

#[tokio::test]
async fn the_second_answer_is_the_first() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    let wheel = sample::wheel("demo", "1.0");
    alice.upload(wheel.clone()).await.assert_ok();
    for version in 2..=8 {
        let wheel = sample::wheel("demo", &format!("{version}.0"));
        alice.upload(wheel).await.assert_ok();
    }
    let file = path(&wheel);
    let page = format!("/project/demo/1.0/{}", wheel.filename());
    for target in [
        "/",
        "/simple/",
        "/simple/demo/",
        "/project/demo/",
        &page,
        &file,
        "/simple/Demo",
        "/simple/nosuch/",
    ] {
        for request in [
            Request::get(target),
            Request::get(target).accept("text/html"),
            Request::get(target).accept(JSON),
            Request::get(target)
                .accept(JSON)
                .header("accept-encoding", "gzip"),
            Request::get(target).header("accept-encoding", "zstd;q=0.3, gzip;q=0.2"),
            Request::get(target)
                .header("accept", "text/html")
                .header("accept", JSON),
            Request::new("HEAD", target),
            Request::get(&format!("{target}?x=1")),
            Request::get(target).header("range", "bytes=2-5"),
            Request::get(target).token(&alice.token),
        ] {
            let first = server.client.send(&request).await;
            for _ in 0..2 {
                let again = server.client.send(&request).await;
                assert_eq!(again.whole(), first.whole(), "{request:?}");
                assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
            }
            let Some(etag) = first.header("etag") else {
                continue;
            };
            let had = request.clone().header("if-none-match", etag);
            let had = server.client.send(&had).await;
            assert_eq!((had.status, had.body.len()), (304, 0), "{request:?}");
            for header in [
                "etag",
                "vary",
                "cache-control",
                "access-control-allow-origin",
                "x-pypi-last-serial",
                "content-security-policy",
            ] {
                assert_eq!(
                    had.header(header),
                    first.header(header),
                    "{header} of {request:?}"
                );
            }
            for header in ["content-type", "content-encoding"] {
                assert_eq!(had.header(header), None, "{header} of {request:?}");
            }
            let other = request.clone().header("if-none-match", "\"another\"");
            assert_eq!(server.client.send(&other).await.whole(), first.whole());
        }
    }
    let had = Request::get("/simple/demo/").header("if-none-match", "*");
    assert_snapshot!(server.client.send(&had).await.whole());
}

#[tokio::test]
async fn a_file_of_any_size_is_whole_each_time() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    for (version, size) in [
        ("1.0", 10),
        ("2.0", 300 << 10),
        ("3.0", 3 << 20),
        ("4.0", 17 << 20),
    ] {
        let bytes: Vec<u8> = (0..size).map(|at: usize| (at % 251) as u8).collect();
        let wheel = sample::wheel("demo", version).member("demo/some.bin", &bytes);
        alice.upload(wheel.clone()).await.assert_ok();
        let file = path(&wheel);
        let mut head = None;
        for _ in 0..4 {
            let answer = server.get(&file).await.assert_ok();
            assert!(answer.body == wheel.bytes(), "{version}");
            let whole = answer.whole();
            let (seen, _) = whole.split_once("\n\n").unwrap();
            assert_eq!(head.get_or_insert_with(|| seen.to_owned()), seen);
        }
        // Many at once, of which not each may be read whole.
        let all = futures_util::future::join_all((0..8).map(|_| server.get(&file))).await;
        assert!(all.iter().all(|answer| answer.body == wheel.bytes()));
    }
}

#[tokio::test]
async fn a_file_is_gone_after_the_change_that_hides_it() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0");
    alice.upload(wheel.clone()).await.assert_ok();
    let name = "demo".parse().unwrap();
    let file = path(&wheel);
    let gone = async || {
        let patience = async {
            while server.get(&file).await.status == 200 {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), patience)
            .await
            .unwrap();
        assert_eq!(server.get(&file).await.status, 404);
    };
    for _ in 0..3 {
        assert_eq!(server.get(&file).await.assert_ok().body, wheel.bytes());
    }
    let origin = server.operator();
    server
        .index
        .set_status(&origin, &name, ProjectStatus::Quarantined, None)
        .await
        .unwrap();
    gone().await;
    server
        .index
        .set_status(&server.operator(), &name, ProjectStatus::Active, None)
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    for _ in 0..3 {
        server.get(&file).await.assert_ok();
    }
    server
        .index
        .set_visibility(&server.operator(), &name, Visibility::Private)
        .await
        .unwrap();
    gone().await;
    let member = alice.get(&file).await.assert_ok();
    assert_eq!(member.header("cache-control"), Some("private, no-store"));
    // What a member was given is nobody else's.
    assert_eq!(server.get(&file).await.status, 404);
}

#[tokio::test]
async fn where_every_read_needs_credentials_nothing_is_given_again_without() {
    let server = TestServer::start_with(|config| config.anonymous_read = false).await;
    let alice = server.user("alice").await;
    let wheel = sample::wheel("demo", "1.0");
    alice.upload(wheel.clone()).await.assert_ok();
    for target in ["/simple/demo/", "/project/demo/", &path(&wheel)] {
        for _ in 0..3 {
            let seen = alice.get(target).await.assert_ok();
            assert_eq!(seen.header("cache-control"), Some("private, no-store"));
            assert_eq!(server.get(target).await.status, 401, "{target}");
        }
    }
}

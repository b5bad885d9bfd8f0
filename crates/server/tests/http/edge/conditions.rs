//! Conditions and ranges that contradict each other: RFC 9110 §13.2.2 says which one decides.

use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample;

struct World {
    server: TestServer,
    path: String,
    bytes: Vec<u8>,
    etag: String,
}

async fn world() -> World {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0").member("demo/data.bin", b"abcdefghij");
    alice.upload(wheel.clone()).await.assert_ok();
    World {
        path: crate::files::path(&wheel),
        bytes: wheel.bytes(),
        etag: format!("\"{}\"", wheel.sha256()),
        server,
    }
}

impl World {
    async fn ask(&self, method: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::new(method, &self.path);
        for (name, value) in headers {
            request = request.header(name, &value.replace("ETAG", &self.etag));
        }
        self.server.client.send(&request).await
    }
}

#[tokio::test]
async fn conditions_are_asked_in_the_rfcs_order() {
    let world = world().await;
    // Twice: the second time what was kept in memory could be asked.
    for _ in 0..2 {
        for (headers, status) in [
            (&[("if-none-match", "ETAG")][..], 304),
            (&[("if-none-match", "W/ETAG")], 304),
            (&[("if-none-match", "\"other\", ETAG")], 304),
            (&[("if-none-match", "*")], 304),
            (&[("if-none-match", "\"other\"")], 200),
            (&[("if-none-match", "other")], 200),
            (&[("if-match", "ETAG")], 200),
            (&[("if-match", "\"other\", ETAG")], 200),
            (&[("if-match", "*")], 200),
            (&[("if-match", "\"other\"")], 412),
            // Weak tags never match here.
            (&[("if-match", "W/ETAG")], 412),
            (&[("if-match", "\"other\""), ("if-none-match", "ETAG")], 412),
            (&[("if-match", "ETAG"), ("if-none-match", "ETAG")], 304),
            (
                &[
                    ("if-match", "*"),
                    ("if-none-match", "\"other\""),
                    ("range", "bytes=0-1"),
                ],
                206,
            ),
            (&[("if-match", "\"other\""), ("range", "bytes=0-1")], 412),
            (&[("if-none-match", "ETAG"), ("range", "bytes=0-1")], 304),
            (
                &[
                    ("if-none-match", "ETAG"),
                    ("if-range", "ETAG"),
                    ("range", "bytes=0-1"),
                ],
                304,
            ),
            (&[("if-range", "ETAG"), ("range", "bytes=0-1")], 206),
            (&[("if-range", "W/ETAG"), ("range", "bytes=0-1")], 200),
            (&[("if-range", "\"other\""), ("range", "bytes=0-1")], 200),
            (
                &[
                    ("if-range", "Mon, 30 Nov 2026 00:00:00 GMT"),
                    ("range", "bytes=0-1"),
                ],
                200,
            ),
            (&[("if-range", "ETAG")], 200),
            (
                &[("if-range", "\"other\""), ("range", "bytes=999999999-")],
                200,
            ),
            (
                &[("if-modified-since", "Mon, 30 Nov 2099 00:00:00 GMT")],
                200,
            ),
            (
                &[("if-unmodified-since", "Mon, 30 Nov 1999 00:00:00 GMT")],
                200,
            ),
        ] {
            let answer = world.ask("GET", headers).await;
            assert_eq!(answer.status, status, "{headers:?}");
            let expected: &[u8] = match status {
                200 => &world.bytes,
                206 => &world.bytes[..2],
                304 => b"",
                _ => continue,
            };
            assert_eq!(answer.body, expected, "{headers:?}");
            assert_eq!(
                answer.header("etag"),
                Some(world.etag.as_str()),
                "{headers:?}"
            );
        }
    }
}

#[tokio::test]
async fn ranges_that_are_none_bring_the_whole_and_ranges_beyond_it_nothing() {
    let world = world().await;
    let size = world.bytes.len();
    let last = format!("bytes={}-", size - 1);
    let beyond = format!("bytes={size}-");
    let many = format!("bytes={}", vec!["0-"; 1000].join(","));
    for (range, status) in [
        ("bytes=0-0", 206),
        (last.as_str(), 206),
        ("bytes=-1", 206),
        ("bytes=-99999999999999999999999", 206),
        ("bytes=0-99999999999999999999999", 206),
        (beyond.as_str(), 416),
        ("bytes=99999999999999999999999-", 416),
        ("bytes=-0", 416),
        ("bytes=5-3", 200),
        ("bytes=0-1,2-3", 200),
        ("bytes=0-5,3-8", 200),
        (many.as_str(), 200),
        ("bytes=0-0,-1", 200),
        ("bytes=--1", 200),
        ("bytes=0--1", 200),
        ("bytes=0x0-1", 200),
        ("bytes=", 200),
        ("bytes", 200),
        ("=0-1", 200),
        ("items=0-1", 200),
        ("bytes=\u{0660}-\u{0661}", 200),
    ] {
        let answer = world.ask("GET", &[("range", range)]).await;
        assert_eq!(answer.status, status, "{range}");
        match status {
            200 => assert_eq!(answer.body, world.bytes, "{range}"),
            416 => assert_eq!(
                answer.header("content-range"),
                Some(format!("bytes */{size}").as_str())
            ),
            _ => assert!(answer.header("content-range").is_some(), "{range}"),
        }
    }
    // Two of them are none.
    let two = world
        .ask("GET", &[("range", "bytes=0-0"), ("range", "bytes=1-1")])
        .await;
    assert_eq!((two.status, two.body.len()), (200, size));
}

#[tokio::test]
async fn head_says_what_get_would_and_knows_no_ranges() {
    let world = world().await;
    for headers in [
        &[][..],
        &[("if-none-match", "ETAG")],
        &[("if-match", "\"other\"")],
        &[("range", "bytes=0-1")],
        &[("range", "bytes=999999999-")],
    ] {
        let head = world.ask("HEAD", headers).await;
        let ranged = headers.iter().any(|(name, _)| *name == "range");
        let get = world.ask("GET", if ranged { &[] } else { headers }).await;
        assert_eq!(head.status, get.status, "{headers:?}");
        for name in [
            "content-length",
            "content-type",
            "etag",
            "accept-ranges",
            "cache-control",
        ] {
            assert_eq!(head.header(name), get.header(name), "{headers:?}: {name}");
        }
        assert!(head.body.is_empty());
    }
}

#[tokio::test]
async fn pages_ask_conditions_too() {
    let world = world().await;
    for target in ["/simple/demo/", "/project/demo/"] {
        let get = |headers: &[(&str, &str)]| {
            headers
                .iter()
                .fold(Request::get(target), |request, (name, value)| {
                    request.header(name, value)
                })
        };
        let etag = world.server.get(target).await.assert_ok();
        let etag = etag.header("etag").unwrap().to_owned();
        for (headers, status) in [
            (&[("if-none-match", etag.as_str())][..], 304),
            (&[("if-none-match", "*")], 304),
            (&[("if-match", etag.as_str())], 200),
            (&[("if-match", "\"other\"")], 412),
            (
                &[("if-match", "\"other\""), ("if-none-match", etag.as_str())],
                412,
            ),
            (&[("range", "bytes=0-1")], 200),
        ] {
            let answer = world.server.client.send(&get(headers)).await;
            assert_eq!(answer.status, status, "{target} {headers:?}");
        }
    }
}

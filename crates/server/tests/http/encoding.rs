//! Pages made shorter for the way.

use std::io::Read as _;

use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample;

const JSON: &str = "application/vnd.pypi.simple.v1+json";

fn decoded(answer: &Answer) -> Vec<u8> {
    let mut body = Vec::new();
    match answer.header("content-encoding") {
        None => body.clone_from(&answer.body),
        Some("gzip") => {
            let mut coded = flate2::read::GzDecoder::new(answer.body.as_slice());
            coded.read_to_end(&mut body).unwrap();
        }
        Some("zstd") => body = zstd::stream::decode_all(answer.body.as_slice()).unwrap(),
        Some(other) => panic!("{other}"),
    }
    body
}

/// A server with a project of some files, its pages worth coding.
async fn with_releases(names: &[&str]) -> TestServer {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    for name in names {
        for version in 1..=8 {
            let wheel = sample::wheel(name, &format!("{version}.0"));
            alice.upload(wheel).await.assert_ok();
        }
    }
    server
}

fn asking(target: &str, codings: &str) -> Request {
    Request::get(target).header("accept-encoding", codings)
}

#[tokio::test]
async fn each_coding_has_its_validator_and_the_same_page_inside() {
    let server = with_releases(&["demo"]).await;
    for target in ["/simple/demo/", "/project/demo/", "/api/v1/openapi.json"] {
        let plain = server.get(target).await.assert_ok();
        assert_eq!(plain.header("content-encoding"), None);
        let mut etags = vec![plain.header("etag").unwrap().to_owned()];
        for coding in ["gzip", "zstd"] {
            let coded = server
                .client
                .send(&asking(target, coding))
                .await
                .assert_ok();
            assert_eq!(coded.header("content-encoding"), Some(coding), "{target}");
            assert_eq!(decoded(&coded), plain.body, "{target}");
            assert!(coded.body.len() < plain.body.len());
            for header in [
                "vary",
                "content-type",
                "cache-control",
                "x-pypi-last-serial",
            ] {
                assert_eq!(
                    coded.header(header),
                    plain.header(header),
                    "{target} {header}"
                );
            }
            etags.push(coded.header("etag").unwrap().to_owned());
            let head = Request::new("HEAD", target).header("accept-encoding", coding);
            let head = server.client.send(&head).await;
            for header in ["content-length", "content-encoding", "etag"] {
                assert_eq!(
                    head.header(header),
                    coded.header(header),
                    "{target} {header}"
                );
            }
            assert!(head.body.is_empty());
        }
        assert!(plain.header("vary").unwrap().ends_with("Accept-Encoding"));
        etags.dedup();
        assert_eq!(etags.len(), 3, "{target}: {etags:?}");
        // What a client has in one coding is not what it would get in another.
        for (position, coding) in ["identity", "gzip", "zstd"].into_iter().enumerate() {
            for (other, etag) in etags.iter().enumerate() {
                let again = asking(target, coding).header("if-none-match", etag);
                let answer = server.client.send(&again).await;
                let expected = if other == position { 304 } else { 200 };
                assert_eq!(answer.status, expected, "{target} {coding} {etag}");
                assert!(answer.header("vary").unwrap().ends_with("Accept-Encoding"));
                if answer.status == 304 {
                    assert_eq!(answer.header("etag"), Some(etag.as_str()));
                    assert_eq!(answer.header("content-encoding"), None);
                }
            }
        }
    }
}

#[tokio::test]
async fn the_shape_and_the_coding_are_chosen_apart() {
    let server = with_releases(&["demo"]).await;
    for (accept, codings, shape, coding) in [
        (JSON, "gzip, deflate", JSON, Some("gzip")),
        (JSON, "gzip, deflate, br, zstd", JSON, Some("zstd")),
        (JSON, "br", JSON, None),
        (JSON, "gzip;q=0", JSON, None),
        (
            "text/html",
            "zstd;q=0.5, gzip;q=0.6",
            "text/html; charset=UTF-8",
            Some("gzip"),
        ),
        (
            "text/html",
            "gzip;q=nonsense",
            "text/html; charset=UTF-8",
            None,
        ),
    ] {
        let request = asking("/simple/demo/", codings).accept(accept);
        let answer = server.client.send(&request).await.assert_ok();
        assert_eq!(
            (
                answer.header("content-type"),
                answer.header("content-encoding")
            ),
            (Some(shape), coding),
            "{accept} {codings}"
        );
    }
}

#[tokio::test]
async fn what_is_short_is_sent_as_it_is() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    for target in ["/simple/", "/simple/demo/"] {
        let answer = server
            .client
            .send(&asking(target, "gzip"))
            .await
            .assert_ok();
        assert_eq!(answer.header("content-encoding"), None, "{target}");
        let etag = answer.header("etag").unwrap();
        let again = asking(target, "gzip").header("if-none-match", etag);
        assert_eq!(server.client.send(&again).await.status, 304);
    }
    let missing = server.client.send(&asking("/simple/nosuch/", "gzip")).await;
    assert_eq!(
        (missing.status, missing.header("content-encoding")),
        (404, None)
    );
}

#[tokio::test]
async fn files_and_what_only_members_see_are_sent_as_they_are() {
    let server = TestServer::start().await;
    let olga = server.publisher("olga").await;
    let olga = olga.owning("secret", Visibility::Private).await;
    let wheel = sample::wheel("secret", "1.0").member("secret/text", &[b'a'; 4096]);
    olga.upload(wheel.clone()).await.assert_ok();
    for version in 2..=8 {
        let wheel = sample::wheel("secret", &format!("{version}.0"));
        olga.upload(wheel).await.assert_ok();
    }
    let digest = wheel.sha256().to_string();
    let (first, second, rest) = (&digest[..2], &digest[2..4], &digest[4..]);
    let file = format!("/files/{first}/{second}/{rest}/{}", wheel.filename());
    for target in ["/simple/secret/", "/project/secret/", &file] {
        let request = asking(target, "gzip, zstd").token(&olga.token);
        let answer = server.client.send(&request).await.assert_ok();
        assert_eq!(answer.header("content-encoding"), None, "{target}");
        assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    }
}

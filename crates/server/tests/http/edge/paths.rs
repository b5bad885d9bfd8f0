//! Paths that would like to lead somewhere else.

use touchplate_testkit::TestServer;
use touchplate_testkit::http::Answer;
use touchplate_testkit::sample;

use super::Raw;

/// Pieces of paths, as they are sent.
const TRICKS: &[&str] = &[
    "..",
    ".",
    "%2e%2e",
    "%2E%2E%2F",
    ".%2e",
    "..%2f..%2f..%2fetc%2fpasswd",
    "..%5c..%5cetc",
    "..\\..\\etc",
    "\\",
    "%5c",
    "%252e%252e%252f",
    "..;/",
    "%2f",
    "%2f%2felsewhere.example",
    "%00",
    "demo%00.html",
    "%0d%0aX:%20y",
    "%0a",
    "%c0%ae%c0%ae%c0%af",
    "%e0%80%ae",
    "%ff",
    "%u002e",
    "%",
    "%2",
    "%zz",
    "/elsewhere.example",
    "//elsewhere.example",
    "elsewhere.example//",
    "@elsewhere.example",
    "http:%2f%2felsewhere.example",
    "~root",
    "demo/../../demo",
    "demo;x=y",
    "%E2%80%AE",
    "CON",
    "touchplate.sqlite",
];

/// Where each is tried: before it, and behind it.
const PLACES: &[(&str, &str)] = &[
    ("/", ""),
    ("/", "/"),
    ("/simple/", ""),
    ("/simple/", "/"),
    ("/project/", ""),
    ("/project/", "/"),
    ("/project/demo/", ""),
    ("/project/demo/1.0/", ""),
    ("/project/demo/1.0/demo-1.0-py3-none-any.whl/contents/", ""),
    ("/static/", ""),
    ("/files/", ""),
    ("/files/aa/bb/", "/demo-1.0-py3-none-any.whl"),
    ("/integrity/demo/1.0/", "/provenance"),
    ("/api/v1/projects/", "/publishers"),
    ("/trust/ct/tile/0/", ""),
    ("/pypi/", "/json"),
];

/// Nothing is found, or the client is sent to another spelling on this very host.
fn check(answer: &Answer, target: &str) {
    match answer.status {
        400 | 401 | 404 | 405 | 406 => {}
        301 | 302 | 307 | 308 => {
            let to = answer.header("location").unwrap();
            let on_this_host = to.starts_with('/') && !to.starts_with("//") && !to.contains('\\');
            assert!(on_this_host && !to.contains(".."), "{target} leads to {to}");
        }
        other => panic!("{target}: {other}\n{}", answer.whole()),
    }
    for (name, value) in &answer.headers {
        assert_ne!(name, "x", "{target}");
        assert!(!value.contains('\n'), "{target}");
    }
    let body = String::from_utf8_lossy(&answer.body);
    assert!(
        !body.contains("root:x:0:0") && !body.contains("SQLite format"),
        "{target}"
    );
}

#[tokio::test]
async fn no_spelling_of_a_path_leads_out_of_its_place() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    for (before, behind) in PLACES {
        let mut raw = Raw::to(&server).await;
        for trick in TRICKS {
            let target = format!("{before}{trick}{behind}");
            // Names that are one: the front page and a real page by an odd address are no escape.
            raw.send(format!(
                "GET {target} HTTP/1.1\r\nhost: x\r\naccept: text/html\r\n\r\n"
            ))
            .await;
            let answer = raw.answer().await;
            check(&answer, &target);
            if answer.header("connection") == Some("close") {
                raw = Raw::to(&server).await;
            }
        }
    }
}

#[tokio::test]
async fn a_slash_more_or_less_is_no_other_page() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    for target in [
        "//simple/",
        "//simple/demo/",
        "/simple//",
        "/simple//demo/",
        "/simple/demo//",
        "/project//demo/",
        "/project/demo//",
        "//healthz",
        "/healthz/",
        "/%73imple/demo/",
        "/simple%2fdemo/",
        "/SIMPLE/demo/",
    ] {
        let request = touchplate_testkit::http::Request::get(target);
        let answer = server.client.send(&request).await;
        assert_eq!(answer.status, 404, "{target}");
    }
}

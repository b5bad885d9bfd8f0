//! `read_only = true`: every change is refused with a sentence, and reading goes on.

use serde_json::json;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

const SAID: &str = "This index is read-only for now: it takes no uploads and no changes. Installing from it works. Try again later";

#[tokio::test]
async fn every_change_is_refused_and_reading_goes_on() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0").attested();
    alice.upload(wheel.clone()).await.assert_ok();
    let mut locked = server.beside_with(|config| config.read_only = true).await;
    let head = server.index.head().await.unwrap();

    // Long enough that its sender still writes when it is refused.
    let more = sample::wheel("demo", "2.0").holding(vec![7; 3 << 20]);
    let refused = locked.client.send(&alice.uploading(&more)).await;
    assert_eq!((refused.status, refused.reason.as_str()), (503, SAID));
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(refused.text(), format!("503 {SAID}\n"));
    // As uv asks, which shows `code`.
    let asked = alice
        .uploading(&more)
        .accept("application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7");
    let refused = locked.client.send(&asked).await;
    assert_eq!(refused.json()["code"], format!("503 {SAID}"));

    let yank = "/api/v1/projects/demo/releases/1.0/yank";
    for (method, path) in [
        ("PUT", yank),
        ("DELETE", yank),
        ("POST", "/api/v1/read-tokens"),
        ("PUT", "/api/v1/projects/demo/members/alice"),
        ("POST", "/_/oidc/mint-token"),
    ] {
        let change = Request::new(method, path)
            .token(&alice.token)
            .accept("application/json")
            .body("application/json", "{}");
        let refused = locked.client.send(&change).await;
        assert_eq!(refused.status, 503, "{method} {path}: {}", refused.whole());
        assert_eq!(refused.header("retry-after"), Some("60"));
        let told = refused.json();
        let said = if path.starts_with("/api/") {
            &told["detail"]
        } else {
            &told["message"]
        };
        assert_eq!(said, SAID, "{method} {path}");
    }

    let digest = wheel.sha256().to_string();
    let file = format!(
        "/files/{}/{}/{}/{}",
        &digest[..2],
        &digest[2..4],
        &digest[4..],
        wheel.filename()
    );
    for path in [
        "/simple/demo/",
        "/project/demo/",
        "/search?q=demo",
        "/readyz",
        yank,
        &file,
    ] {
        locked.get(path).await.assert_ok();
    }
    let question = Request::new("POST", "/api/v1/provenance").body(
        "application/json",
        json!({ "digests": [digest] }).to_string(),
    );
    let answer = locked.client.send(&question).await;
    assert!(answer.status < 500, "{}", answer.whole());
    locked.stop().await;
    assert_eq!(server.index.head().await.unwrap(), head);
    // The server beside it is not: nothing was left locked.
    alice.upload(sample::wheel("demo", "3.0")).await.assert_ok();
}

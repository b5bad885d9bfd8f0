//! A NUL in every text that comes from outside: PostgreSQL takes no text with one, and no caller is told that it failed.

use serde_json::json;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

/// As it stands in a URL.
const NUL: &str = "a%00b";

#[tokio::test]
async fn a_nul_is_no_failure_of_ours_wherever_it_comes_in() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let file = "demo-1.0-py3-none-any.whl";
    let demo = "/api/v1/projects/demo";
    let reads = [
        format!("/api/v1/projects?cursor={NUL}"),
        format!("{demo}/releases?cursor={NUL}"),
        format!("{demo}/provenance?cursor={NUL}"),
        format!("/api/v1/search?q={NUL}&cursor={NUL}"),
        format!("/search?q={NUL}&page={NUL}"),
        format!("/simple/{NUL}/"),
        format!("/project/{NUL}/"),
        format!("/project/demo/{NUL}/"),
        format!("/project/demo/1.0/{NUL}"),
        format!("/pypi/{NUL}/json"),
        format!("/pypi/demo/{NUL}/json"),
        format!("/files/aa/bb/{NUL}/{file}"),
        format!("/integrity/demo/1.0/{NUL}/provenance"),
        format!("/integrity/{NUL}/1.0/{file}/provenance"),
        format!("/api/v1/projects/{NUL}"),
        format!("{demo}/releases/{NUL}"),
        format!("{demo}/1.0/{NUL}"),
        format!("{demo}/attesters/{NUL}"),
        format!("{demo}/publishers/{NUL}"),
        format!("{demo}/tokens/{NUL}"),
        format!("/api/v1/pending-publishers/{NUL}"),
    ];
    for path in reads {
        let request = Request::get(&path).token(&alice.token);
        let answer = server.client.send(&request).await;
        assert!(answer.status < 500, "{path}: {}", answer.whole());
    }
    let text = "a\0b";
    let publisher =
        json!({"kind": "github", "repository": text, "workflow": text, "environment": text});
    let identity = json!({"san": text, "issuer": text});
    let changes = [
        (
            "PUT",
            format!("{demo}/releases/1.0/yank"),
            json!({"reason": text}),
        ),
        (
            "PUT",
            format!("{demo}/status"),
            json!({"status": "archived", "reason": text}),
        ),
        (
            "PUT",
            format!("{demo}/visibility"),
            json!({"visibility": text}),
        ),
        (
            "PUT",
            format!("{demo}/members/{NUL}"),
            json!({"role": "owner"}),
        ),
        ("PUT", format!("{demo}/members/bob"), json!({"role": text})),
        ("POST", format!("{demo}/publishers"), publisher.clone()),
        (
            "PUT",
            format!("{demo}/attesters"),
            json!({"role": "auditor", "identity": identity}),
        ),
        (
            "PUT",
            format!("{demo}/ratchets"),
            json!({"ratchets": [text]}),
        ),
        (
            "POST",
            "/api/v1/pending-publishers".to_owned(),
            json!({"project": text, "publisher": publisher}),
        ),
        (
            "POST",
            "/api/v1/read-tokens".to_owned(),
            json!({"projects": [text], "name": text}),
        ),
        (
            "POST",
            "/api/v1/provenance".to_owned(),
            json!({"sha256": [text]}),
        ),
        (
            "POST",
            "/_/oidc/mint-token".to_owned(),
            json!({"token": text}),
        ),
        ("DELETE", format!("/api/v1/read-tokens/{NUL}"), json!({})),
        ("DELETE", format!("{demo}/tokens/{NUL}"), json!({})),
    ];
    for (method, path, body) in changes {
        let request = Request::new(method, &path).token(&alice.token);
        let request = request.body("application/json", body.to_string());
        let answer = server.client.send(&request).await;
        assert!(answer.status < 500, "{method} {path}: {}", answer.whole());
    }
    for field in [
        "summary",
        "description",
        "keywords",
        "comment",
        "requires_dist",
        "name",
        "version",
    ] {
        let wheel = sample::wheel("demo", "2.0").field(field, text);
        let answer = alice.upload(wheel).await;
        assert!(answer.status < 500, "{field}: {}", answer.whole());
    }
    let agent = Request::get("/simple/demo/").header("authorization", "Basic YQBiOmEAYg==");
    let answer = server.client.send(&agent).await;
    assert!(answer.status < 500, "{}", answer.whole());
    server.get("/project/demo/").await.assert_ok();
}

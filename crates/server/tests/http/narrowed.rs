//! Tokens that their holders narrowed: what they are still good for, and what each refusal says.

use insta::assert_snapshot;
use serde_json::{Value, json};
use touchplate_attest::Publisher;
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_index::accounts::{Bearer, Caveats};
use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample::{self, Sample};
use touchplate_trust::LocalIssuer;

/// The token narrowed, as `touchplate token narrow` does it.
fn narrowed(token: &str, to: Value) -> String {
    let Value::Object(mut to) = to else {
        unreachable!("each test gives an object")
    };
    let mut all = |name: &str| match to.remove(name) {
        Some(Value::Array(all)) => all,
        one => one.into_iter().collect(),
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let caveats = Caveats {
        projects: all("projects")
            .iter()
            .map(|it| text(it).parse().unwrap())
            .collect(),
        expires_at: all("expires_at")
            .first()
            .map(|it| text(it).parse().unwrap()),
        networks: all("networks")
            .iter()
            .map(|it| text(it).parse().unwrap())
            .collect(),
    };
    let token: Bearer = token.parse().unwrap();
    token.narrow(&caveats).unwrap()
}

/// One letter of its first block changed.
fn forged(token: &str) -> String {
    let (before, rest) = token.split_at("tp-2-0123456789abcdef-".len() + 20);
    let other = if rest.starts_with('A') { "B" } else { "A" };
    format!("{before}{other}{}", &rest[1..])
}

/// An upload by whoever holds `token`.
fn uploading(server: &TestServer, token: &str, sample: &Sample) -> Request {
    let (content_type, body) = server.form(sample);
    let request = Request::new("POST", "/legacy/").token(token);
    request.body(&content_type, body)
}

fn said(answer: &Answer) -> String {
    let text = answer.text();
    let message = text.lines().next().unwrap_or_default();
    if text.starts_with(&answer.status.to_string()) {
        message.to_owned()
    } else {
        format!("{} {message}", answer.status)
    }
}

#[tokio::test]
async fn a_narrowed_token_uploads_to_what_it_was_narrowed_to() {
    let server = TestServer::start().await;
    let alice = server
        .publisher("alice")
        .await
        .of("demo")
        .await
        .of("other")
        .await;
    let demo = narrowed(&alice.token, json!({"projects": ["Demo"]}));
    let wheel = sample::wheel("demo", "1.0");
    let stored = server.client.send(&uploading(&server, &demo, &wheel)).await;
    stored.assert_ok();
    // Narrowed again, for a time and from where this test is.
    let again = narrowed(
        &demo,
        json!({"expires_at": "2999-01-01T00:00:00Z", "networks": ["192.0.2.0/24", "127.0.0.0/8"]}),
    );
    let sdist = sample::sdist("demo", "1.0");
    let stored = server
        .client
        .send(&uploading(&server, &again, &sdist))
        .await;
    stored.assert_ok();
    assert_eq!(server.stored_blobs().await.len(), 2);
}

#[tokio::test]
async fn each_refusal_names_its_caveat() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let alice = alice.of("other").await;
    let one = alice.token_for("other").await.token;
    let two = narrowed(&alice.token, json!({"projects": ["demo", "third"]}));
    let whole = &alice.token;
    let mut told = Vec::new();
    for (case, token, project) in [
        ("another project", two.clone(), "other"),
        ("a new project", two.clone(), "third"),
        (
            "one of two blocks",
            narrowed(&two, json!({"projects": ["third", "other"]})),
            "demo",
        ),
        (
            "blocks apart",
            narrowed(&two, json!({"projects": ["other"]})),
            "other",
        ),
        (
            "apart from the token",
            narrowed(&one, json!({"projects": ["demo"]})),
            "demo",
        ),
        (
            "ended",
            narrowed(whole, json!({"expires_at": server.now()})),
            "demo",
        ),
        (
            "from elsewhere",
            narrowed(
                whole,
                json!({"networks": ["192.0.2.0/24", "2001:db8::/32"]}),
            ),
            "demo",
        ),
        ("forged", forged(&two), "demo"),
        (
            "of another token",
            format!("tp-2-{}{}", "0".repeat(16), &two["tp-2-".len() + 16..]),
            "demo",
        ),
    ] {
        let sample = sample::wheel(project, "1.0");
        let answer = server
            .client
            .send(&uploading(&server, &token, &sample))
            .await;
        told.push(format!("{case}: {}", said(&answer)));
    }
    assert_snapshot!(told.join("\n"));
    assert!(server.stored_blobs().await.is_empty());
}

#[tokio::test]
async fn a_proxy_is_believed_only_where_it_is_configured() {
    for (proxies, status) in [(vec![], 403), (vec!["127.0.0.1".parse().unwrap()], 200)] {
        let server = TestServer::start_with(|config| config.forwarded_from = proxies).await;
        let alice = server.publisher("alice").await.of("demo").await;
        let token = narrowed(&alice.token, json!({"networks": ["192.0.2.0/24"]}));
        let request = uploading(&server, &token, &sample::wheel("demo", "1.0"));
        let request = request.header("x-forwarded-for", "192.0.2.7");
        assert_eq!(server.client.send(&request).await.status, status);
    }
}

#[tokio::test]
async fn who_revokes_a_token_revokes_what_was_narrowed_from_it() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let token = narrowed(&alice.token, json!({"projects": ["demo"]}));
    let bearer: Bearer = token.parse().unwrap();
    let (origin, id) = (server.operator(), bearer.id());
    server.index.revoke_token(&origin, id).await.unwrap();
    let request = uploading(&server, &token, &sample::wheel("demo", "1.0"));
    assert_eq!(server.client.send(&request).await.status, 403);
}

#[tokio::test]
async fn a_narrowed_token_reads_and_changes_what_is_left_to_it() {
    let server = TestServer::start().await;
    let olga = server.publisher("olga").await;
    let olga = olga.owning("secret", Visibility::Private).await;
    let olga = olga.owning("hidden", Visibility::Private).await;
    let status = async |token: &str, target: &str| {
        let request = Request::get(target).token(token);
        server.client.send(&request).await.status
    };
    let one = narrowed(&olga.token, json!({"projects": ["secret"]}));
    assert_eq!(status(&one, "/simple/secret/").await, 200);
    assert_eq!(status(&one, "/simple/hidden/").await, 404);
    let ended = narrowed(&olga.token, json!({"expires_at": server.now()}));
    let ended = server
        .client
        .send(&Request::get("/simple/secret/").token(&ended))
        .await;
    assert_eq!(ended.status, 401);
    assert!(
        ended
            .text()
            .contains("narrowed with `check if time($time), $time <"),
        "{}",
        ended.text()
    );

    // For certain projects: a token for uploads, which changes no settings. For all, from a network: as before.
    let publisher =
        json!({"publisher": Publisher::github("example/more", "release.yml").to_json()});
    let publishers = "/api/v1/projects/secret/publishers";
    let adding = |token: &str| {
        let request = Request::new("POST", publishers).token(token);
        request.body("application/json", publisher.to_string())
    };
    assert_eq!(status(&one, publishers).await, 200);
    let refused = server.client.send(&adding(&one)).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["code"], "token-for-one-project");
    let here = narrowed(&olga.token, json!({"networks": ["127.0.0.1"]}));
    assert_eq!(server.client.send(&adding(&here)).await.status, 201);
}

/// A server that believes one issuer, with a token minted for `demo`, for one upload.
async fn minted(folder: &std::path::Path) -> (TestServer, String) {
    let github = "https://token.actions.githubusercontent.com";
    let issuer = LocalIssuer::new(github, "g", TokenAlgorithm::ES256).unwrap();
    std::fs::write(folder.join("keys"), issuer.key_set().unwrap()).unwrap();
    let list = format!(
        "[[issuer]]\nissuer = \"{github}\"\nkind = \"github\"\nalgorithms = [\"ES256\"]\njwks_file = \"keys\"\n"
    );
    let path = folder.join("issuers.toml");
    std::fs::write(&path, list).unwrap();
    let server = TestServer::start_with(|config| config.trust_issuers = Some(path)).await;
    server.publisher("alice").await.of("demo").await;
    let workflow = "example/demo/.github/workflows/release.yml@refs/tags/v1";
    let claims = json!({
        "jti": "1", "repository": "example/demo", "repository_owner": "example", "repository_owner_id": "654321",
        "repository_id": "123456", "event_name": "push", "ref": "refs/tags/v1", "sha": "c0ffee", "run_id": "7",
        "job_workflow_ref": workflow, "workflow_ref": workflow,
    });
    let subject = "repo:example/demo:ref:refs/tags/v1";
    let token = issuer.token(subject, "packages.example", claims, server.now());
    let body = json!({"token": token.unwrap(), "features": ["single-use-token"]}).to_string();
    let request = Request::new("POST", "/_/oidc/mint-token").body("text/plain", body);
    let answer = server.client.send(&request).await.assert_ok().json();
    let token = answer["token"].as_str().unwrap().to_owned();
    (server, token)
}

#[tokio::test]
async fn a_minted_token_is_narrowed_as_others_are() {
    let folder = tempfile::tempdir().unwrap();
    let (server, token) = minted(folder.path()).await;
    let send = async |token: &str| {
        let request = uploading(&server, token, &sample::wheel("demo", "1.0"));
        server.client.send(&request).await
    };
    let elsewhere = narrowed(&token, json!({"networks": ["192.0.2.1"]}));
    let others = narrowed(&token, json!({"projects": ["other"]}));
    let here = narrowed(
        &token,
        json!({"networks": ["127.0.0.1"], "projects": ["demo"]}),
    );
    let mut told = Vec::new();
    for token in [&elsewhere, &others, &here, &here, &token] {
        told.push(said(&send(token).await));
    }
    assert_snapshot!(told.join("\n"));
    // And it reads as little as before.
    let reading = Request::get("/simple/demo/").token(&here);
    assert_eq!(server.client.send(&reading).await.status, 401);
}

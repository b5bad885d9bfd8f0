//! Ratchets by HTTP: forward alone, by owners.

use serde_json::{Value, json};
use touchplate_index::accounts::Role;
use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};

const ALL: &str = "/api/v1/projects/demo/ratchets";

async fn turn(server: &TestServer, token: &str, ratchet: &Value) -> Answer {
    let request = Request::new("PUT", ALL)
        .token(token)
        .body("application/json", ratchet.to_string());
    server.client.send(&request).await
}

#[tokio::test]
async fn ratchets_turn_one_way() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let mike = server
        .user("mike")
        .await
        .with_role("demo", Role::Maintainer)
        .await;
    let olga = server
        .user("olga")
        .await
        .owning("other", Visibility::Public)
        .await;
    let narrow = alice.token_for("demo").await;
    let (late, later, sooner) = (
        json!({"ratchet": "no-late-files", "days": 30}),
        json!({"ratchet": "no-late-files", "days": 31}),
        json!({"ratchet": "no-late-files", "days": 10}),
    );
    let first = turn(&server, &alice.token, &late).await.assert_ok().json();
    assert_eq!(first["ratchets"][0]["days"], 30);
    assert_eq!(first["ratchets"][0]["by"], "user:alice");
    let listed = mike.get(ALL).await.assert_ok();
    assert_eq!(listed.json(), first);
    assert_eq!(listed.header("cache-control"), Some("private, no-store"));
    // The same once more changes nothing.
    let before = server.index.head().await.unwrap();
    let again = turn(&server, &alice.token, &late).await.assert_ok();
    assert_eq!(again.json(), first);
    let owner = &alice.token;
    for (token, ratchet, status, code) in [
        (owner, later, 409, "ratchet-turned-further"),
        (&mike.token, sooner.clone(), 403, "not-an-owner"),
        (&olga.token, sooner.clone(), 403, "not-a-member"),
        (&narrow.token, sooner.clone(), 403, "token-for-one-project"),
        (owner, json!({}), 400, "ratchet-malformed"),
        (owner, json!(["same-commit"]), 400, "ratchet-malformed"),
        (owner, json!({"ratchet": "none"}), 400, "ratchet-unknown"),
        (
            owner,
            json!({"ratchet": "no-late-files"}),
            400,
            "ratchet-days",
        ),
        (
            owner,
            json!({"ratchet": "no-late-files", "days": 0}),
            400,
            "ratchet-days",
        ),
        (
            owner,
            json!({"ratchet": "same-commit", "days": 1}),
            400,
            "ratchet-days",
        ),
    ] {
        let refused = turn(&server, token, &ratchet).await;
        let told = (refused.status, refused.json()["code"].clone());
        assert_eq!(told, (status, json!(code)), "{ratchet}");
    }
    assert_eq!(olga.get(ALL).await.json()["code"], "not-a-member");
    let back = Request::new("DELETE", ALL).token(owner);
    assert_eq!(server.client.send(&back).await.status, 405);
    assert_eq!(server.index.head().await.unwrap(), before);
    let further = turn(&server, owner, &sooner).await.assert_ok().json();
    assert_eq!(further["ratchets"][0]["days"], 10);
}

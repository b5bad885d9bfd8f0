//! ID tokens that do not prove what they say, rows 3 and 5, and those that were used, rows 8 and 10.

use jiff::SignedDuration;
use serde_json::json;
use touchplate_testkit::http::Request;

use super::{AUDIENCE, MINT, World, demo};

#[tokio::test]
async fn tokens_that_do_not_verify_are_refused() {
    let world = World::new().await;
    world.project("demo", &demo()).await;
    let strangers = world.signed(&world.stranger, AUDIENCE, json!({}));
    world
        .refuses(
            &strangers,
            "invalid-payload",
            "unknown trusted publishing issuer",
        )
        .await;
    let expired = world.token(json!({"exp": world.server.now().as_second() - 31}));
    let answer = world.mint(&expired).await.json();
    assert_eq!(answer["errors"][0]["code"], "invalid-token");
    for audience in ["pypi", "sigstore", "packages.example:8443"] {
        let other = world.signed(&world.github, audience, json!({}));
        let words = format!(
            "malformed or invalid token: expected a token for the audience packages.example, found one for {audience:?}"
        );
        world.refuses(&other, "invalid-token", &words).await;
    }
    // A list of one is the one; of two, each could use it at the other.
    world
        .mint(&world.token(json!({"aud": [AUDIENCE]})))
        .await
        .assert_ok();
    let two = world.token(json!({"aud": [AUDIENCE, "other"]}));
    world
        .refuses(
            &two,
            "invalid-token",
            "malformed or invalid token: expected a token for one audience, found one for 2",
        )
        .await;
    let mut forged = world.token(json!({}));
    let tampered = forged.split_off(forged.len() - 8);
    forged.push_str(if tampered == "AAAAAAAA" {
        "BBBBBBBB"
    } else {
        "AAAAAAAA"
    });
    world
        .refuses(
            &forged,
            "invalid-token",
            "malformed or invalid token: the token's signature does not hold",
        )
        .await;
}

#[tokio::test]
async fn an_id_token_is_exchanged_once() {
    let world = World::new().await;
    world.project("demo", &demo()).await;
    let reused = "invalid token: already used";
    let token = world.token(json!({}));
    world.mint(&token).await.assert_ok();
    world.refuses(&token, "invalid-reuse-token", reused).await;
    // Ids are each issuer's own; without one, the token itself is what is used up.
    let unnamed = world.token(json!({"jti": null}));
    world.mint(&unnamed).await.assert_ok();
    world.refuses(&unnamed, "invalid-reuse-token", reused).await;
    // Within the leeway still.
    world
        .server
        .clock
        .advance(SignedDuration::from_secs(300 + 29));
    world.refuses(&token, "invalid-reuse-token", reused).await;
    // A thousand at once: one.
    let token = world.token(json!({}));
    let body = json!({ "token": token }).to_string();
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let (client, body) = (world.server.client.clone(), body.clone());
        racing.spawn(async move {
            let request = Request::new("POST", MINT).body("application/json", body);
            client.send(&request).await.status
        });
    }
    let statuses = racing.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    // Whoever waited too long for the database is asked to come again, and hears then what the others did.
    assert!(
        statuses
            .iter()
            .all(|status| matches!(status, 200 | 422 | 503)),
        "{statuses:?}"
    );
    world.refuses(&token, "invalid-reuse-token", reused).await;
}

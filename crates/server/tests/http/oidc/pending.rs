//! Pending publishers: the first mint creates the project, and what stands in its way.

use serde_json::json;
use touchplate_attest::Publisher;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

use super::{MINT, World, demo, forbidden};

#[tokio::test]
async fn a_pending_publishers_first_mint_creates_its_project() {
    let world = World::new().await;
    world.pending("Demo", &demo()).await;
    assert_eq!(world.server.get("/simple/demo/").await.status, 404);
    let now = world.server.now();
    let answer = world.mint(&world.token(json!({}))).await.assert_ok().json();
    assert_eq!(
        (&answer["success"], &answer["expires"]),
        (&json!(true), &json!(now.as_second() + 900))
    );
    let token = answer["token"].as_str().unwrap();
    assert!(token.starts_with("tp-1-"));
    // Before any upload, and not for whoever comes first.
    assert_eq!(world.server.get("/simple/demo/").await.status, 200);
    let mallory = world.server.user("mallory").await;
    forbidden(
        &mallory.upload(sample::wheel("demo", "1.0")).await,
        "isn't allowed to upload to this project",
    );
    world
        .upload(token, &sample::wheel("demo", "1.0").attested())
        .await
        .assert_ok();
    let page = world.server.get_json("/simple/demo/").await;
    assert!(page["files"][0]["provenance"].is_string());
    // The same project from now on, by its publisher.
    world.minted(json!({})).await;
    let listed = world
        .server
        .index
        .minted_tokens(&"demo".parse().unwrap(), 10)
        .await
        .unwrap();
    let run = &listed[0].run;
    assert_eq!(
        run.url.as_deref(),
        Some("https://github.com/example/demo/actions/runs/7/attempts/1")
    );
    assert_eq!((listed.len(), run.commit.as_deref()), (2, Some("c0ffee")));
}

#[tokio::test]
async fn names_that_were_taken_meanwhile_and_names_that_may_not_be() {
    let world = World::new().await;
    world.pending("demo", &demo()).await;
    world
        .project("demo", &Publisher::github("example/other", "release.yml"))
        .await;
    let token = world.token(json!({}));
    world
        .refuses(
            &token,
            "invalid-pending-publisher",
            "valid token, but project already exists",
        )
        .await;
    // It is gone, and the ID token was not used up.
    let not_found = "valid token, but no corresponding publisher (Publisher with matching claims was not found)";
    world.refuses(&token, "invalid-publisher", not_found).await;
    world.pending("dem1", &demo()).await;
    world
        .project("deml", &Publisher::github("example/other", "release.yml"))
        .await;
    let similar = "valid token, but the project `dem1` cannot be created: its name is too similar to an existing project's";
    world
        .refuses(&world.token(json!({})), "invalid-payload", similar)
        .await;
}

#[tokio::test]
async fn a_replayed_token_creates_no_project_for_a_publisher_that_was_registered_after_it() {
    let world = World::new().await;
    world.pending("demo", &demo()).await;
    let token = world.token(json!({}));
    world.mint(&token).await.assert_ok();
    world.pending("later", &demo()).await;
    world
        .refuses(&token, "invalid-reuse-token", "invalid token: already used")
        .await;
    assert_eq!(world.server.get("/simple/later/").await.status, 404);
    world.mint(&world.token(json!({}))).await.assert_ok();
    assert_eq!(world.server.get("/simple/later/").await.status, 200);
}

#[tokio::test]
async fn mints_that_race_create_one_project() {
    let world = World::new().await;
    world.pending("demo", &demo()).await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let body = json!({ "token": world.token(json!({})) }).to_string();
        let client = world.server.client.clone();
        racing.spawn(async move {
            let request = Request::new("POST", MINT).body("application/json", body);
            client.send(&request).await.status
        });
    }
    assert_eq!(racing.join_all().await, [200; 16]);
    let publishers = world
        .server
        .index
        .publishers(&"demo".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(publishers.len(), 1);
}

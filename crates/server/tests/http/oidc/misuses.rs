//! What a minted token is not for, each with the upload's exact code and message.

use insta::assert_snapshot;
use jiff::SignedDuration;
use serde_json::json;
use touchplate_attest::Publisher;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample::{self, Sample};

use super::{World, demo};

impl World {
    /// What an upload is answered, as uv reads it.
    async fn told(&self, token: &str, sample: &Sample) -> String {
        let (content_type, body) = self.server.form(sample);
        let request = Request::new("POST", "/legacy/")
            .token(token)
            .accept("application/json")
            .body(&content_type, body);
        let answer = self.server.client.send(&request).await;
        let code = &answer.json()["code"];
        assert!(code.is_string(), "{}", answer.text());
        code.as_str().unwrap_or_default().to_owned()
    }
}

#[tokio::test]
async fn each_misuse_has_its_code_and_message() {
    let world = World::new().await;
    let id = world.project("demo", &demo()).await;
    let other = Publisher::github("example/other", "release.yml");
    world.project("other", &other).await;
    let wheel = sample::wheel("demo", "1.0");
    let mut told = Vec::new();

    let token = world.minted(json!({})).await;
    let others = sample::wheel("other", "1.0");
    told.push(("another project's", world.told(&token, &others).await));
    let nobodys = sample::wheel("nothing", "1.0");
    told.push(("no project's", world.told(&token, &nobodys).await));
    let mut guessed = token.clone();
    let last = guessed.pop();
    guessed.push(if last == Some('A') { 'B' } else { 'A' });
    told.push(("guessed", world.told(&guessed, &wheel).await));

    let public: String = token.split('-').nth(2).unwrap().to_owned();
    let (origin, name) = (world.server.operator(), "demo".parse().unwrap());
    let index = &world.server.index;
    index
        .revoke_minted(&origin, &public.parse().unwrap())
        .await
        .unwrap();
    told.push((
        "revoked",
        world.told(&token, &wheel).await.replace(&public, "<id>"),
    ));
    let late = world.minted(json!({})).await;
    world.server.clock.advance(SignedDuration::from_secs(900));
    told.push(("after expiry", world.told(&late, &wheel).await));
    let orphan = world.minted(json!({})).await;
    index.remove_publisher(&origin, &name, id).await.unwrap();
    told.push((
        "from a deleted publisher",
        world.told(&orphan, &wheel).await,
    ));

    let lines = told
        .iter()
        .map(|(what, answer)| format!("{what}: {answer}\n"));
    assert_snapshot!(lines.collect::<String>());
    assert!(world.server.stored_blobs().await.is_empty());
}

#[tokio::test]
async fn a_single_use_token_is_refused_the_second_time() {
    let world = World::new().await;
    world.project("demo", &demo()).await;
    let body = json!({"token": world.token(json!({})), "features": ["single-use-token"]});
    let minted = world.post(body.to_string()).await.assert_ok().json();
    let token = minted["token"].as_str().unwrap();
    let first = world.upload(token, &sample::wheel("demo", "1.0")).await;
    first.assert_ok();
    assert_snapshot!(world.told(token, &sample::wheel("demo", "1.1")).await);
}

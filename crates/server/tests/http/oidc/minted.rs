//! What a minted token is good for, for how long, and who sees and ends it.

use jiff::SignedDuration;
use serde_json::{Value, json};
use touchplate_attest::Publisher;
use touchplate_index::accounts::Role;
use touchplate_index::projects::Visibility;
use touchplate_index::trusted_publishing::Terms;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

use super::{World, demo, forbidden};

#[tokio::test]
async fn a_minted_token_uploads_to_its_projects_for_its_time_and_does_nothing_else() {
    let world = World::new().await;
    let id = world.project("demo", &demo()).await;
    world
        .project("other", &Publisher::github("example/other", "release.yml"))
        .await;
    let token = world.minted(json!({})).await;
    world
        .upload(&token, &sample::wheel("demo", "1.0"))
        .await
        .assert_ok();
    forbidden(
        &world.upload(&token, &sample::wheel("other", "1.0")).await,
        "was minted for GitHub workflow release.yml of example/demo and isn't allowed",
    );
    let nowhere = world.upload(&token, &sample::wheel("nothing", "1.0")).await;
    assert_eq!(nowhere.status, 400);
    assert!(
        nowhere
            .text()
            .contains("Non-user identities cannot create new projects."),
        "{}",
        nowhere.text()
    );
    for target in ["/simple/demo/", "/api/v1/projects/demo/attesters"] {
        let answer = world
            .server
            .client
            .send(&Request::get(target).token(&token))
            .await;
        assert_eq!(answer.status, 401, "{target}");
    }
    let change = Request::new("PUT", "/api/v1/projects/demo/attesters")
        .token(&token)
        .body("application/json", "{}");
    assert_eq!(world.server.client.send(&change).await.status, 401);
    // Archived.
    let (origin, demo_name) = (world.server.operator(), "demo".parse().unwrap());
    let index = &world.server.index;
    index
        .set_status(&origin, &demo_name, ProjectStatus::Archived, None)
        .await
        .unwrap();
    forbidden(
        &world.upload(&token, &sample::wheel("demo", "1.1")).await,
        "is archived and takes no uploads",
    );
    index
        .set_status(&origin, &demo_name, ProjectStatus::Active, None)
        .await
        .unwrap();
    // Revoked, its publisher removed, and after its time.
    let revoked = world.minted(json!({})).await;
    let public: String = revoked.split('-').nth(2).unwrap().to_owned();
    assert!(
        index
            .revoke_minted(&origin, &public.parse().unwrap())
            .await
            .unwrap()
    );
    forbidden(
        &world.upload(&revoked, &sample::wheel("demo", "1.1")).await,
        "revoked or expired",
    );
    let removed = world.minted(json!({})).await;
    index
        .remove_publisher(&origin, &demo_name, id)
        .await
        .unwrap();
    forbidden(
        &world.upload(&removed, &sample::wheel("demo", "1.1")).await,
        "as long as it is their publisher",
    );
    world.publisher("demo", &demo(), Terms::default()).await;
    let late = world.minted(json!({})).await;
    world.server.clock.advance(SignedDuration::from_secs(900));
    forbidden(
        &world.upload(&late, &sample::wheel("demo", "1.1")).await,
        "revoked or expired",
    );
}

#[tokio::test]
async fn a_token_for_one_upload_serves_one() {
    let world = World::new().await;
    world.project("demo", &demo()).await;
    let mint = async || {
        let body = json!({"token": world.token(json!({})), "features": ["single-use-token"]});
        let token = world.post(body.to_string()).await.assert_ok().json();
        token["token"].as_str().unwrap().to_owned()
    };
    let token = mint().await;
    // What is refused leaves it: another project, and what the last step alone can know.
    let nowhere = world.upload(&token, &sample::wheel("other", "1.0")).await;
    assert_eq!(nowhere.status, 400);
    let sdist = sample::sdist("demo", "0.9");
    world.upload(&mint().await, &sdist).await.assert_ok();
    let second = world.upload(&token, &sample::sdist("demo", "0.9.0")).await;
    let words = "Only one sdist may be uploaded per release";
    assert!(second.text().contains(words), "{}", second.text());
    world
        .upload(&token, &sample::wheel("demo", "1.0"))
        .await
        .assert_ok();
    for sample in [sample::wheel("demo", "1.0"), sample::wheel("demo", "1.1")] {
        forbidden(
            &world.upload(&token, &sample).await,
            "the token was for one upload, which it has served",
        );
    }
    // The same bytes by another token: it has served.
    let token = mint().await;
    for status in [200, 403] {
        let again = world.upload(&token, &sample::wheel("demo", "1.0")).await;
        assert_eq!(again.status, status, "{}", again.text());
    }
    let page = world.server.get_json("/simple/demo/").await;
    assert_eq!(page["files"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_uploads_that_race_with_one_token_one_is_stored() {
    let world = World::new().await;
    world.project("demo", &demo()).await;
    let body = json!({"token": world.token(json!({})), "features": ["single-use-token"]});
    let token = world.post(body.to_string()).await.assert_ok().json();
    let token = token["token"].as_str().unwrap();
    let samples: Vec<_> = (1..=8)
        .map(|number| sample::wheel("demo", &format!("{number}.0")))
        .collect();
    let uploads = samples.iter().map(|sample| world.upload(token, sample));
    let answers = futures_util::future::join_all(uploads).await;
    let stored = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(stored.count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert!(
            answer
                .text()
                .contains("for one upload, which it has served")
        );
    }
    let page = world.server.get_json("/simple/demo/").await;
    assert_eq!(page["files"].as_array().unwrap().len(), 1);
    assert_eq!(world.server.stored_blobs().await.len(), 1);
}

#[tokio::test]
async fn terms_and_several_projects() {
    let world = World::new().await;
    let an_hour = Terms {
        token_seconds: Some(3600.try_into().unwrap()),
        ..Terms::default()
    };
    let id = world.project("demo", &demo()).await;
    let (origin, name) = (world.server.operator(), "demo".parse().unwrap());
    world
        .server
        .index
        .set_publisher_terms(&origin, &name, id, &an_hour)
        .await
        .unwrap();
    let now = world.server.now().as_second();
    let answer = world.mint(&world.token(json!({}))).await.json();
    assert_eq!(answer["expires"], json!(now + 3600));
    // Of two projects the shorter time; one token for both.
    world.project("second", &demo()).await;
    let answer = world.mint(&world.token(json!({}))).await.json();
    assert_eq!(answer["expires"], json!(now + 900));
    let token = answer["token"].as_str().unwrap();
    world
        .upload(token, &sample::wheel("demo", "1.0"))
        .await
        .assert_ok();
    world
        .upload(token, &sample::wheel("second", "1.0"))
        .await
        .assert_ok();
}

#[tokio::test]
async fn members_see_what_was_minted_and_owners_revoke_it() {
    let world = World::new().await;
    let server = &world.server;
    let alice = server
        .user("alice")
        .await
        .owning("demo", Visibility::Public)
        .await;
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
    let token = world.minted(json!({})).await;
    let all = "/api/v1/projects/demo/tokens";
    let listed = mike.get(all).await.assert_ok();
    assert_eq!(listed.header("cache-control"), Some("private, no-store"));
    let told = &listed.json()["tokens"][0];
    let id = token.split('-').nth(2).unwrap();
    assert_eq!(told["id"], id, "{told}");
    assert_eq!(told["run"]["commit"], "c0ffee");
    assert_eq!(told["revoked_at"], Value::Null);
    assert!(!listed.text().contains(&token));
    for (who, credential, code) in [
        ("nobody", None, "unauthorized"),
        ("a stranger", Some(&olga.token), "not-a-member"),
    ] {
        let mut request = Request::new("GET", all);
        if let Some(token) = credential {
            request = request.token(token);
        }
        let refused = server.client.send(&request).await;
        assert_eq!(refused.json()["code"], code, "{who}");
    }
    let minted = server
        .client
        .send(&Request::new("GET", all).token(&token))
        .await;
    assert_eq!(minted.status, 401, "a minted token sees nothing");
    let narrow = alice.token_for("demo").await;
    let one = format!("{all}/{id}");
    let elsewhere = format!("/api/v1/projects/other/tokens/{id}");
    let unknown = format!("{all}/0123456789abcdef");
    for (token, path, status, code) in [
        (&mike.token, &one, 403, "not-an-owner"),
        (&narrow.token, &one, 403, "token-for-one-project"),
        (&olga.token, &one, 403, "not-a-member"),
        (&olga.token, &elsewhere, 404, "no-such-token"),
        (&alice.token, &unknown, 404, "no-such-token"),
        (&alice.token, &format!("{all}/x"), 404, "not-found"),
    ] {
        let request = Request::new("DELETE", path).token(token);
        let refused = server.client.send(&request).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (status, &json!(code)),
            "{path}"
        );
    }
    let revoke = Request::new("DELETE", &one).token(&alice.token);
    for _ in 0..2 {
        assert_eq!(server.client.send(&revoke).await.status, 204);
    }
    assert_ne!(
        mike.get(all).await.json()["tokens"][0]["revoked_at"],
        Value::Null
    );
    forbidden(
        &world.upload(&token, &sample::sdist("demo", "1.0")).await,
        "revoked",
    );
}

//! What clients find out first, and an index that mints nothing, row 4.

use insta::assert_snapshot;
use serde_json::json;
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_testkit::http::Request;
use touchplate_trust::LocalIssuer;

use super::{AUDIENCE, MINT, World, demo, refused};

#[tokio::test]
async fn clients_find_out_where_and_for_whom() {
    let world = World::new().await;
    let audience = world
        .server
        .get("/_/oidc/audience")
        .await
        .assert_ok()
        .json();
    assert_eq!(audience, json!({"audience": AUDIENCE}));
    let discovered = world
        .server
        .get("/.well-known/pytp?discover=%2Flegacy%2F")
        .await;
    assert_eq!(
        discovered.header("content-type"),
        Some("application/vnd.pypi.pytp.v1+json")
    );
    assert_snapshot!(discovered.assert_ok().text());
    for nothing in ["", "?discover=%2Fother%2F", "?x=y"] {
        assert_eq!(
            world
                .server
                .get(&format!("/.well-known/pytp{nothing}"))
                .await
                .status,
            404
        );
    }
    let html = Request::get("/.well-known/pytp?discover=%2Flegacy%2F").accept("text/html");
    assert_eq!(world.server.client.send(&html).await.status, 406);
    // As problem details for who asks; the same errors in it.
    let details = Request::new("POST", MINT)
        .accept("application/problem+json")
        .body("application/json", "{}");
    let answer = world.server.client.send(&details).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (422, Some("application/problem+json"))
    );
    assert_snapshot!(answer.text());
    let alias = Request::new("POST", "/_/oidc/github/mint-token").body("application/json", "{}");
    refused(
        &world.server.client.send(&alias).await,
        "invalid-payload",
        "expected a text as `token`",
    );
}

#[tokio::test]
async fn where_reading_needs_credentials_minting_does_not() {
    let world = World::with(|config| config.anonymous_read = false).await;
    world.server.get("/_/oidc/audience").await.assert_ok();
    world
        .server
        .get("/.well-known/pytp?discover=%2Flegacy%2F")
        .await
        .assert_ok();
    world.project("demo", &demo()).await;
    world.minted(json!({})).await;
}

#[tokio::test]
async fn an_operator_may_want_none_of_it() {
    let world = World::with(|config| config.trusted_publishing = false).await;
    let off = "Trusted publishing functionality not enabled";
    let audience = world.server.get("/_/oidc/audience").await;
    assert_eq!(
        (audience.status, audience.json()),
        (403, json!({"message": off}))
    );
    world
        .refuses(&world.token(json!({})), "not-enabled", off)
        .await;
    assert_eq!(
        world
            .server
            .get("/.well-known/pytp?discover=%2Flegacy%2F")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_provider_is_turned_off() {
    let except = ["gitlab", "https://ci.example"].map(|it| it.parse().unwrap());
    let world = World::with(|config| config.trusted_publishing_except = except.to_vec()).await;
    world.project("demo", &demo()).await;
    let of = |url: &str| {
        world
            .others
            .iter()
            .find(|issuer| issuer.url() == url)
            .unwrap()
    };
    let off = |provider: &str, issuer: &str| {
        format!(
            "{provider} trusted publishing functionality not enabled: tokens of {issuer} are not exchanged here"
        )
    };
    // A kind is all issuers of it; a URL is one. Nothing else of the token is looked at.
    for (issuer, provider) in [
        (&world.gitlab, "gitlab"),
        (of("https://gitlab.com"), "gitlab"),
        (of("https://ci.example"), "generic"),
    ] {
        let token = world.signed(issuer, "somebody-else", json!({}));
        let expected = off(provider, issuer.url());
        world.refuses(&token, "not-enabled", &expected).await;
    }
    world.minted(json!({})).await;
    assert_eq!(world.server.get("/_/oidc/audience").await.status, 200);

    // And in the list itself: its keys are not asked for.
    let quiet = LocalIssuer::new("https://quiet.example", "q", TokenAlgorithm::ES256).unwrap();
    let listed = "[[issuer]]\nissuer = \"https://quiet.example\"\nkind = \"github\"\njwks_file = \"none\"\ntrusted_publishing = false\n";
    let world = World::listing(listed).await;
    let token = world.signed(&quiet, AUDIENCE, json!({}));
    let expected = off("github", "https://quiet.example");
    world.refuses(&token, "not-enabled", &expected).await;
    world.project("demo", &demo()).await;
    world.minted(json!({})).await;
}

//! Issuers whose keys are not to be had, or are asked for too often.

use jiff::SignedDuration;
use serde_json::json;
use touchplate_attest::Publisher;
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_trust::LocalIssuer;

use super::{AUDIENCE, World, refused};
use crate::provider::{KEYS, Provider, answer, bad_answers};

/// A world with an issuer of one's own that is asked for its keys, and whose job `job` publishes `demo`.
struct Asked {
    world: World,
    provider: Provider,
    issuer: LocalIssuer,
}

impl Asked {
    async fn new() -> Self {
        let provider = Provider::start();
        let issuer = issuer(&provider, "key-1");
        provider.publishes(&issuer.key_set().unwrap());
        let listed = format!(
            "[[issuer]]\nissuer = '{}'\nkind = 'generic'\nalgorithms = ['ES256']\n",
            provider.url
        );
        let mut world = World::listing(&listed).await;
        // Each process fetches keys for itself, and counts its own asking: an issuer is asked once a minute by each.
        world.server.stay_with_one_process();
        let publisher =
            json!({"kind": "OIDC", "issuer": provider.url, "claims": {"sub": "project:demo"}});
        let publisher = Publisher::parse(publisher.to_string().as_bytes()).unwrap();
        world.project("demo", &publisher).await;
        Self {
            world,
            provider,
            issuer,
        }
    }

    fn token(&self, issuer: &LocalIssuer) -> String {
        let now = self.world.server.now();
        let jti = touchplate_index::RequestId::random();
        let claims = json!({"jti": jti.as_str()});
        let token = issuer.token("project:demo", AUDIENCE, claims, now);
        token.unwrap()
    }

    async fn accepts(&self, issuer: &LocalIssuer) {
        self.world.mint(&self.token(issuer)).await.assert_ok();
    }

    async fn refuses(&self, issuer: &LocalIssuer, why: &str) {
        let answer = self.world.mint(&self.token(issuer)).await;
        let words = format!("malformed or invalid token: {why}");
        refused(&answer, "invalid-token", &words);
    }

    async fn has_no_keys(&self, why: &str) {
        let why = format!("the keys of {} are not to be had: {why}", self.provider.url);
        self.refuses(&self.issuer, &why).await;
    }

    fn pass(&self, seconds: i64) {
        let by = SignedDuration::from_secs(seconds);
        self.world.server.clock.advance(by);
    }
}

fn issuer(provider: &Provider, key_id: &str) -> LocalIssuer {
    LocalIssuer::new(&provider.url, key_id, TokenAlgorithm::ES256).unwrap()
}

#[tokio::test]
async fn unknown_keys_ask_their_issuer_once_a_minute() {
    let asked = Asked::new().await;
    asked.accepts(&asked.issuer).await;
    let flood = async |number: std::ops::Range<u32>| {
        for number in number {
            let name = format!("unknown-{number}");
            let stranger = issuer(&asked.provider, &name);
            let why = format!("the issuer has no key {name:?}");
            asked.refuses(&stranger, &why).await;
        }
    };
    flood(0..50).await;
    assert_eq!(asked.provider.asked(), 2);
    asked.pass(61);
    flood(50..100).await;
    assert_eq!(asked.provider.asked(), 4);
    // Who has a right one is not held up by it.
    asked.accepts(&asked.issuer).await;
    // A key that the issuer has withdrawn.
    let rotated = issuer(&asked.provider, "key-2");
    asked.provider.publishes(&rotated.key_set().unwrap());
    asked.pass(61);
    asked.accepts(&rotated).await;
    let gone = "the issuer has no key \"key-1\"";
    asked.refuses(&asked.issuer, gone).await;
}

#[tokio::test]
async fn what_an_issuer_may_not_answer_mints_nothing() {
    let elsewhere = Provider::start();
    elsewhere.publishes(b"{}");
    for (change, why) in bad_answers(&elsewhere) {
        let asked = Asked::new().await;
        change(&asked.provider);
        asked.has_no_keys(why).await;
    }
    assert_eq!(elsewhere.asked(), 0);
}

#[tokio::test]
async fn an_issuer_that_is_down_is_known_by_the_keys_of_the_last_day() {
    let asked = Asked::new().await;
    asked.accepts(&asked.issuer).await;
    let down = |state: &mut crate::provider::State| {
        state.discovery = answer("503 Down", "", b"");
    };
    asked.provider.set(down);
    asked.pass(60 * 60 * 23);
    asked.accepts(&asked.issuer).await;
    asked.pass(60 * 60);
    asked
        .has_no_keys("the discovery document could not be fetched")
        .await;
    let own = &asked.provider.url;
    let described = json!({"issuer": own, "jwks_uri": format!("{own}{KEYS}")});
    asked.provider.describes(&described);
    asked.pass(11);
    asked.accepts(&asked.issuer).await;
}

//! Identity providers over the network: their keys are fetched, kept and fetched again, and what goes wrong with them has
//! its exact answer.

use jiff::SignedDuration;
use serde_json::json;
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_client::fetch::Proxies;
use touchplate_server::Clock as _;
use touchplate_server::outbound::{Issuers, Outbound};
use touchplate_trust::LocalIssuer;

use crate::ca::{Said, ask, issuers};
use crate::provider::{KEYS, Provider, answer, bad_answers};
use crate::stack::Stack;

struct World {
    provider: Provider,
    issuer: LocalIssuer,
    stack: Stack,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let provider = Provider::start();
        let issuer = issuer(&provider, "key-1");
        provider.publishes(&issuer.key_set().unwrap());
        let list = format!(
            "[[issuer]]\nissuer = '{}'\nkind = 'generic'\nalgorithms = ['ES256']\nallow = ['*']\n",
            provider.url
        );
        Self {
            stack: Stack::new(issuers(folder.path(), &list)).await,
            provider,
            issuer,
            _folder: folder,
        }
    }

    async fn asking(&self, issuer: &LocalIssuer) -> Said {
        let now = self.stack.clock.now();
        let token = issuer.token("job", "sigstore", json!({}), now).unwrap();
        ask(&self.stack, &token).await
    }

    async fn ask(&self) -> Said {
        self.asking(&self.issuer).await
    }

    fn pass(&self, time: SignedDuration) {
        self.stack.clock.advance(time);
    }

    fn unavailable(&self, why: &str) -> String {
        format!(
            "the ID token is not accepted: the keys of {} are not to be had: {why}",
            self.provider.url
        )
    }
}

fn issuer(provider: &Provider, key_id: &str) -> LocalIssuer {
    LocalIssuer::new(&provider.url, key_id, TokenAlgorithm::ES256).unwrap()
}

const SECOND: SignedDuration = SignedDuration::from_secs(1);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[tokio::test]
async fn keys_are_fetched_once_for_all_who_wait() {
    let world = World::new().await;
    let asking = (0..20).map(|_| world.ask());
    for said in futures_util::future::join_all(asking).await {
        assert_eq!(said.status, 200, "{}", said.text());
    }
    assert_eq!(world.provider.asked(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_and_a_flood_of_unknown_ones_asks_nobody() {
    let world = World::new().await;
    assert_eq!(world.ask().await.status, 200);
    let rotated = issuer(&world.provider, "key-2");
    world.provider.publishes(&rotated.key_set().unwrap());
    // Within a minute of the last question nobody is asked.
    let unknown = "the ID token is not accepted: the issuer has no key \"key-2\"";
    world.asking(&rotated).await.refuses(400, 3, unknown);
    world.pass(SECOND * 61);
    assert_eq!(world.asking(&rotated).await.status, 200);
    assert_eq!(world.provider.asked(), 4);
    // The old key is gone.
    let gone = "the ID token is not accepted: the issuer has no key \"key-1\"";
    world.ask().await.refuses(400, 3, gone);
    for number in 0..50 {
        let stranger = issuer(&world.provider, &format!("unknown-{number}"));
        assert_eq!(world.asking(&stranger).await.status, 400);
    }
    assert_eq!(world.provider.asked(), 4);
    world.pass(SECOND * 61);
    for number in 0..50 {
        let stranger = issuer(&world.provider, &format!("unknown-{number}"));
        assert_eq!(world.asking(&stranger).await.status, 400);
    }
    assert_eq!(world.provider.asked(), 6);
    assert_eq!(world.asking(&rotated).await.status, 200);
}

#[tokio::test]
async fn known_keys_serve_for_a_day_when_their_issuer_is_down() {
    let world = World::new().await;
    assert_eq!(world.ask().await.status, 200);
    world
        .provider
        .set(|state| state.discovery = answer("503 Down", "", b""));
    for _ in 0..23 {
        world.pass(HOUR);
        assert_eq!(world.ask().await.status, 200);
    }
    world.pass(HOUR);
    let said = world.ask().await;
    let why = world.unavailable("the discovery document could not be fetched");
    said.refuses(503, 14, &why);
    // It comes back.
    let own = &world.provider.url;
    world
        .provider
        .describes(&json!({"issuer": own, "jwks_uri": format!("{own}{KEYS}")}));
    world.pass(SECOND * 11);
    assert_eq!(world.ask().await.status, 200);
}

#[tokio::test]
async fn what_an_issuer_may_not_answer_has_its_refusal() {
    let elsewhere = Provider::start();
    elsewhere.publishes(b"{}");
    for (change, why) in bad_answers(&elsewhere) {
        let world = World::new().await;
        change(&world.provider);
        let said = world.ask().await;
        said.refuses(503, 14, &world.unavailable(why));
        assert_eq!(said.header("retry-after"), "10");
        // Who asks at once is answered without another question.
        let asked = world.provider.asked();
        world.ask().await.refuses(503, 14, &world.unavailable(why));
        assert_eq!(world.provider.asked(), asked);
        assert_eq!(world.stack.ct.head().await.unwrap().size, 0);
    }
    assert_eq!(elsewhere.asked(), 0);
}

#[tokio::test]
async fn a_file_of_keys_is_read_again_when_a_key_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let url = "https://air.gapped.example";
    let first = LocalIssuer::new(url, "key-1", TokenAlgorithm::EdDSA).unwrap();
    std::fs::write(&path, first.key_set().unwrap()).unwrap();
    let list = format!(
        "[[issuer]]\nissuer = '{url}'\nkind = 'generic'\nalgorithms = ['EdDSA']\njwks_file = 'keys.json'\n\
         audiences = ['ours']\nallow = ['{url}/job']\n"
    );
    let stack = Stack::new(issuers(folder.path(), &list)).await;
    let asking = |issuer: &LocalIssuer, audience: &str| {
        let now = stack.clock.now();
        let token = issuer.token("job", audience, json!({}), now).unwrap();
        ask(&stack, &token)
    };
    assert_eq!(asking(&first, "sigstore").await.status, 200);
    assert_eq!(asking(&first, "ours").await.status, 200);
    asking(&first, "theirs").await.refuses(
        400,
        3,
        "the ID token is not accepted: expected a token for the audience sigstore or ours, found one for \"theirs\"",
    );
    let second = LocalIssuer::new(url, "key-2", TokenAlgorithm::EdDSA).unwrap();
    std::fs::write(&path, second.key_set().unwrap()).unwrap();
    stack.clock.advance(SECOND * 2);
    assert_eq!(asking(&second, "sigstore").await.status, 200);
    std::fs::remove_file(&path).unwrap();
    stack.clock.advance(SECOND * 2);
    assert_eq!(asking(&second, "sigstore").await.status, 200);
    stack.clock.advance(HOUR * 24);
    let message = format!(
        "the ID token is not accepted: the keys of {url} are not to be had: the key set's file could not be read"
    );
    asking(&second, "sigstore").await.refuses(503, 14, &message);
}

/// What an operator may write wrong.
#[test]
fn a_list_of_issuers_that_is_not_clear_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("issuers.toml");
    let refusal = |list: &str| {
        std::fs::write(&path, list).unwrap();
        let error = Issuers::load(&path, &Outbound::through(Proxies::default())).unwrap_err();
        error
            .to_string()
            .replace(&path.display().to_string(), "FILE")
    };
    let one = |more: &str| {
        format!("[[issuer]]\nissuer = 'https://a.example'\nkind = 'generic'\n{more}\n")
    };
    for (list, words) in [
        (
            one("audience = 'x'"),
            "the list of issuers FILE is not readable",
        ),
        (
            one("allow = ['']"),
            "the list of issuers FILE is not readable",
        ),
        (
            one("algorithms = ['HS256']"),
            "expected RS256, ES256, PS256 or EdDSA as `algorithms` of the issuer https://a.example, found \"HS256\"",
        ),
        (
            one("algorithms = []"),
            "expected RS256, ES256, PS256 or EdDSA as `algorithms` of the issuer https://a.example, found \"\"",
        ),
        (
            one("subject = '{sub}'"),
            "expected a URI such as `https://ci.example/{project}` for an issuer of the kind generic as `subject` of the \
             issuer https://a.example, found \"{sub}\"",
        ),
        (
            one("url = 'https://b.example/'"),
            "expected an http or https URL without slash at the end as `url` of the issuer https://a.example, found \
             \"https://b.example/\"",
        ),
        (
            format!("{0}{0}", one("")),
            "the issuer https://a.example is listed twice",
        ),
        (
            "[[issuer]]\nissuer = 'https://a.example'\nkind = 'jenkins'".to_owned(),
            "expected a kind of issuer as `kind` of the issuer https://a.example, found \"jenkins\"",
        ),
    ] {
        assert_eq!(refusal(&list), words);
    }
    for url in [
        "http://a.example",
        "https://a.example?x=1",
        "https://a.example#x",
        "https://me:pw@a.example",
        "a.example",
        "file:///etc",
    ] {
        let told = refusal(&format!("[[issuer]]\nissuer = '{url}'\nkind = 'generic'"));
        assert!(told.starts_with("expected an https URL"), "{told}");
    }
    let told = refusal(&one("ca_file = 'absent.pem'"));
    assert!(told.contains("absent.pem could not be read"), "{told}");
    std::fs::write(folder.path().join("empty.pem"), "").unwrap();
    let told = refusal(&one("ca_file = 'empty.pem'"));
    assert!(told.contains("empty.pem are not usable"), "{told}");
}

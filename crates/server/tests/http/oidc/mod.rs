//! Trusted publishing by HTTP: each row of `reference/index-behaviour.md` §3.2 and §3.4 and each bad input of its issue with
//! the exact code and message, and what a minted token is good for.
//!
//! | row | test |
//! | --- | --- |
//! | §3.2, 1: no `{"token": …}`; a megabyte of JSON; the token in another field | `payloads::payloads_that_are_none_are_refused` |
//! | 2: no JWT | the same, `forged::what_was_signed_is_all_of_it` |
//! | 3: unknown issuer | `id_tokens::tokens_that_do_not_verify_are_refused`, `forged::signed_claims_that_do_not_hold` |
//! | 4: turned off, all or a provider | `discovery::an_operator_may_want_none_of_it`, `discovery::a_provider_is_turned_off` |
//! | 5: signature, times, audience; step 3's token attacks | `forged`, `keys`, `id_tokens::tokens_that_do_not_verify_are_refused` |
//! | 6, 7: a pending publisher's name was taken, or may not be | `pending::names_that_were_taken_meanwhile_and_names_that_may_not_be` |
//! | 8, 10: replayed, also at the same moment | `id_tokens::an_id_token_is_exchanged_once`, `forged::a_clock_that_was_set_back_takes_no_token_twice` |
//! | 9: nobody's | `publishers::whoever_is_nobodys_publisher_is_told_why`, `claims` |
//! | §3.4, a table for each provider: resurrected owners, `pull_request_target`, environments, renamed workflows | `claims` |
//! | §3.4, the most specific wins | `claims::the_publisher_that_asks_for_most_wins` |
//! | the same claims from another issuer | `claims::a_gitlab_of_ones_own_is_another_issuer` |
//! | a branch where a tag is asked for | `publishers::whoever_is_nobodys_publisher_is_told_why` |
//! | mints that race to create one project | `pending::mints_that_race_create_one_project` |
//! | a minted token for another project, after expiry, of a deleted publisher | `misuses::each_misuse_has_its_code_and_message` |
//! | twice when it is for one upload | `misuses::a_single_use_token_is_refused_the_second_time` |

mod claims;
mod discovery;
mod forged;
mod id_tokens;
mod keys;
mod listed;
mod minted;
mod misuses;
mod payloads;
mod pending;
mod publishers;
mod ratchets;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use touchplate_attest::Publisher;
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_index::ports::PublisherId;
use touchplate_index::projects::Visibility;
use touchplate_index::trusted_publishing::{PendingPublisher, RatchetKind, Terms};
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample::Sample;
use touchplate_trust::LocalIssuer;

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.example";
const AUDIENCE: &str = "packages.example";

/// Issuers whose tokens are taken besides, and what kinds they are.
const OTHERS: [(&str, &str); 8] = [
    ("https://gitlab.com", "gitlab"),
    ("https://accounts.google.com", "google"),
    (
        "https://platform.activestate.com/api/v1/oauth/oidc",
        "activestate",
    ),
    ("https://oidc.circleci.com/org/o", "circleci"),
    ("https://agent.buildkite.com", "buildkite"),
    ("https://cluster.example", "kubernetes"),
    ("https://login.example", "email"),
    ("https://ci.example", "generic"),
];

const MINT: &str = "/_/oidc/mint-token";

/// A server that takes tokens of GitHub and of a GitLab of one's own, whose keys it has in files.
struct World {
    server: TestServer,
    github: LocalIssuer,
    gitlab: LocalIssuer,
    /// The issuers of [`OTHERS`].
    others: Vec<LocalIssuer>,
    stranger: LocalIssuer,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut touchplate_server::Config)) -> Self {
        Self::made("", change).await
    }

    /// One whose list of issuers has more in it.
    async fn listing(more: &str) -> Self {
        Self::made(more, |_| {}).await
    }

    async fn made(more: &str, change: impl FnOnce(&mut touchplate_server::Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = |url, kid| LocalIssuer::new(url, kid, TokenAlgorithm::ES256).unwrap();
        let (github, gitlab) = (issuer(GITHUB, "g"), issuer(GITLAB, "l"));
        let others: Vec<_> = OTHERS.iter().map(|(url, _)| issuer(url, "o")).collect();
        let kinds = OTHERS.iter().map(|(_, kind)| *kind);
        let listed = [("github", &github), ("gitlab", &gitlab)];
        let mut list = more.to_owned();
        for (kind, issuer) in listed.into_iter().chain(kinds.zip(&others)) {
            list.push_str(&entry(folder.path(), kind, issuer));
        }
        let path = folder.path().join("issuers.toml");
        std::fs::write(&path, list).unwrap();
        let server = TestServer::start_with(|config| {
            config.trust_issuers = Some(path);
            change(config);
        })
        .await;
        Self {
            server,
            github,
            gitlab,
            others,
            stranger: issuer("https://evil.example", "e"),
            folder,
        }
    }

    /// A token of the workflow that [`Sample::attested`] is by, with other claims.
    fn token(&self, claims: Value) -> String {
        self.signed(&self.github, AUDIENCE, claims)
    }

    fn signed(&self, issuer: &LocalIssuer, audience: &str, claims: Value) -> String {
        let mut all = json!({
            "jti": touchplate_index::RequestId::random().as_str(),
            "repository": "example/demo", "repository_owner": "example", "repository_owner_id": "654321",
            "repository_id": "123456", "event_name": "push", "ref": "refs/tags/v1", "sha": "c0ffee", "run_id": "7",
            "job_workflow_ref": "example/demo/.github/workflows/release.yml@refs/tags/v1",
            "workflow_ref": "example/demo/.github/workflows/release.yml@refs/tags/v1",
        });
        let (Value::Object(all_fields), Value::Object(changed)) = (&mut all, claims) else {
            unreachable!("both are objects")
        };
        all_fields.extend(changed);
        let subject = "repo:example/demo:ref:refs/tags/v1";
        issuer
            .token(subject, audience, all, self.server.now())
            .unwrap()
    }

    /// A token of one of [`OTHERS`] with these claims alone, and an id.
    fn token_of(&self, url: &str, claims: &Value) -> String {
        let mut all = json!({"jti": touchplate_index::RequestId::random().as_str()});
        let (Some(fields), Some(given)) = (all.as_object_mut(), claims.as_object()) else {
            unreachable!("both are objects")
        };
        fields.extend(given.clone());
        let listed = self.others.iter().chain([&self.github, &self.gitlab]);
        let issuer = listed.into_iter().find(|it| it.url() == url);
        let issuer = issuer.expect("the issuer is listed");
        let now = self.server.now();
        issuer.token("nobody", AUDIENCE, all, now).unwrap()
    }

    async fn post(&self, body: impl Into<Vec<u8>>) -> Answer {
        let request = Request::new("POST", MINT).body("text/plain", body);
        self.server.client.send(&request).await
    }

    async fn mint(&self, token: &str) -> Answer {
        self.post(json!({ "token": token }).to_string()).await
    }

    async fn minted(&self, claims: Value) -> String {
        let answer = self.mint(&self.token(claims)).await.assert_ok().json();
        answer["token"].as_str().unwrap().to_owned()
    }

    async fn refuses(&self, token: &str, code: &str, description: &str) {
        refused(&self.mint(token).await, code, description);
    }

    async fn project(&self, name: &str, publisher: &Publisher) -> PublisherId {
        let new = touchplate_index::ports::NewProject {
            display: name.parse().unwrap(),
            visibility: Visibility::Public,
            owner: None,
        };
        let index = &self.server.index;
        index
            .create_project(&self.server.operator(), &new)
            .await
            .unwrap();
        self.publisher(name, publisher, Terms::default()).await
    }

    async fn publisher(&self, project: &str, publisher: &Publisher, terms: Terms) -> PublisherId {
        let (origin, project) = (self.server.operator(), project.parse().unwrap());
        let index = &self.server.index;
        let added = index
            .add_publisher_on(&origin, &project, publisher, &terms)
            .await;
        added.unwrap()
    }

    async fn pending(&self, name: &str, publisher: &Publisher) {
        let pending = PendingPublisher {
            display: name.parse().unwrap(),
            visibility: Visibility::Public,
            owner: None,
            publisher: publisher.clone(),
            terms: Terms::default(),
        };
        let origin = self.server.operator();
        let index = &self.server.index;
        index
            .add_pending_publisher(&origin, &pending)
            .await
            .unwrap();
    }

    async fn turn(&self, kind: RatchetKind, days: Option<u32>) {
        let (origin, ratchet) = (self.server.operator(), kind.turned(days).unwrap());
        let project = "demo".parse().unwrap();
        let index = &self.server.index;
        assert!(
            index
                .turn_ratchet(&origin, &project, ratchet)
                .await
                .unwrap()
        );
    }

    async fn upload(&self, token: &str, sample: &Sample) -> Answer {
        let (content_type, body) = self.server.form(sample);
        let request = Request::new("POST", "/legacy/")
            .token(token)
            .body(&content_type, body);
        self.server.client.send(&request).await
    }
}

/// An issuer's entry in the operator's list; its keys go into a file.
fn entry(folder: &Path, kind: &str, issuer: &LocalIssuer) -> String {
    let file = issuer.url().replace(['/', ':'], "_");
    std::fs::write(folder.join(&file), issuer.key_set().unwrap()).unwrap();
    format!(
        "[[issuer]]\nissuer = \"{}\"\nkind = \"{kind}\"\nalgorithms = [\"ES256\"]\njwks_file = \"{file}\"\n",
        issuer.url()
    )
}

fn demo() -> Publisher {
    Publisher::github("example/demo", "release.yml")
}

#[track_caller]
fn refused(answer: &Answer, code: &str, description: &str) {
    let expected = json!({
        "message": "Token request failed",
        "errors": [{"code": code, "description": description}],
    });
    assert_eq!((answer.status, answer.json()), (422, expected));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[track_caller]
fn forbidden(answer: &Answer, words: &str) {
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert!(answer.text().contains(words), "{}", answer.text());
}

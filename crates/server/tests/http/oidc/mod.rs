//! Trusted publishing: each row of `reference/index-behaviour.md` §3.2 with its exact code, and what a minted token is good for.

mod discovery;
mod id_tokens;
mod minted;
mod payloads;
mod pending;
mod publishers;
mod ratchets;

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
const MINT: &str = "/_/oidc/mint-token";

/// A server that takes tokens of GitHub and of a GitLab of one's own, whose keys it has in files.
struct World {
    server: TestServer,
    github: LocalIssuer,
    gitlab: LocalIssuer,
    stranger: LocalIssuer,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut touchplate_server::Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issuer = |url, kid| LocalIssuer::new(url, kid, TokenAlgorithm::ES256).unwrap();
        let (github, gitlab) = (issuer(GITHUB, "g"), issuer(GITLAB, "l"));
        let mut list = String::new();
        for (name, kind, issuer) in [("github", "github", &github), ("gitlab", "gitlab", &gitlab)] {
            std::fs::write(folder.path().join(name), issuer.key_set().unwrap()).unwrap();
            list.push_str(&format!(
                "[[issuer]]\nissuer = \"{}\"\nkind = \"{kind}\"\nalgorithms = [\"ES256\"]\njwks_file = \"{name}\"\n",
                issuer.url()
            ));
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
            stranger: issuer("https://evil.example", "e"),
            _folder: folder,
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

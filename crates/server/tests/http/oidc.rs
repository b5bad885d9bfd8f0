//! Trusted publishing: each row of `reference/index-behaviour.md` §3.2 with its exact code, and what a minted token is good for.

use insta::assert_snapshot;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;
use touchplate_attest::Publisher;
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_index::accounts::Role;
use touchplate_index::ports::PublisherId;
use touchplate_index::projects::Visibility;
use touchplate_index::trusted_publishing::{PendingPublisher, Ratchet, RatchetKind, Terms};
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample::{self, Sample};
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
async fn payloads_that_are_none_are_refused() {
    let world = World::new().await;
    for body in [
        "",
        "[]",
        "0",
        "-1",
        "1.0",
        "null",
        "true",
        "\"x\"",
        "{}",
        "{\"tok\":\"x\"}",
        "{\"token\":null}",
        "{\"token\":0}",
        "{\"token\":[]}",
        "{\"token\":{}}",
        "{\"token\":\"a\",\"token\":\"b\"}",
        "{\"token\":\"x\",\"features\":\"single-use-token\"}",
        "{\"token\":\"x\",\"features\":[\"single-use-token\",\"multi-use-token\"]}",
        "{\"token\":\"x\",\"features\":[\"other\"]}",
    ] {
        let answer = world.post(body).await;
        let error = &answer.json()["errors"][0];
        assert_eq!(
            (answer.status, &error["code"]),
            (422, &json!("invalid-payload")),
            "{body}"
        );
        assert!(
            error["description"]
                .as_str()
                .unwrap()
                .starts_with("expected "),
            "{error}"
        );
    }
    // A megabyte of JSON; a token in the field that it does not belong in.
    let large = world
        .post(json!({ "token": "x".repeat(1 << 20) }).to_string())
        .await;
    refused(
        &large,
        "invalid-payload",
        "expected a body of at most 65536 bytes",
    );
    let wrong_field = world
        .post(json!({ "id_token": world.token(json!({})) }).to_string())
        .await;
    refused(
        &wrong_field,
        "invalid-payload",
        "expected a text as `token`",
    );
    for not_a_token in ["", "x", "a.b.c", "e30.e30.e30"] {
        let answer = world.mint(not_a_token).await;
        let error = &answer.json()["errors"][0];
        assert!(
            matches!(
                error["code"].as_str(),
                Some("invalid-payload" | "invalid-token")
            ),
            "{error}"
        );
    }
    world.refuses("x", "invalid-payload", "malformed JWT: expected a JSON Web Token: three parts in base64url with dots between them").await;
}

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
async fn whoever_is_nobodys_publisher_is_told_why() {
    let world = World::new().await;
    let no = |why: &str| format!("valid token, but no corresponding publisher ({why})");
    let not_found = no("Publisher with matching claims was not found");
    world
        .refuses(&world.token(json!({})), "invalid-publisher", &not_found)
        .await;
    let release = Publisher::GitHub {
        repository: "example/demo".into(),
        workflow: "release.yml".into(),
        environment: Some("release".into()),
        callee: None,
    };
    world.project("demo", &release).await;
    for (claims, why) in [
        (
            json!({}),
            "Check failed for optional claim 'environment': expected release, found none",
        ),
        (
            json!({"environment": "staging"}),
            "Check failed for optional claim 'environment': expected release, found staging",
        ),
        (
            json!({"environment": "release", "event_name": "pull_request_target"}),
            "Publishing from a workflow invoked via 'pull_request_target' is not supported.",
        ),
        (
            json!({"environment": "release", "repository_owner": null}),
            "Missing claim 'repository_owner'",
        ),
        (
            json!({"environment": "release", "sha": "", "ref": ""}),
            "The ref and sha claims are empty",
        ),
        (
            json!({"environment": "release", "ref": "refs/heads/x"}),
            "The workflow_ref claim does not match, expecting one of ['example/demo/.github/workflows/release.yml@c0ffee', 'example/demo/.github/workflows/release.yml@refs/heads/x'], got 'example/demo/.github/workflows/release.yml@refs/tags/v1'",
        ),
        (
            json!({"environment": "release", "job_workflow_ref": ""}),
            "The job_workflow_ref claim is empty",
        ),
    ] {
        world
            .refuses(&world.token(claims), "invalid-publisher", &no(why))
            .await;
    }
    let renamed = "example/demo/.github/workflows/other.yml@refs/tags/v1";
    let renamed = world.token(json!({"workflow_ref": renamed, "job_workflow_ref": renamed}));
    world
        .refuses(&renamed, "invalid-publisher", &not_found)
        .await;
    world
        .mint(&world.token(json!({"environment": "RELEASE"})))
        .await
        .assert_ok();
    // The same claims on another issuer's word.
    let elsewhere = world.signed(&world.gitlab, AUDIENCE, json!({"environment": "release"}));
    world
        .refuses(&elsewhere, "invalid-publisher", &not_found)
        .await;
    // The name in other hands: the first mint pinned the numbers.
    let resurrected = world.token(json!({"environment": "release", "repository_owner_id": "66"}));
    let pinned = no(
        "expected repository id 123456 of owner id 654321, as when it was first seen, found repository id 123456 of owner id 66: \
                     the name means another account or repository now",
    );
    world
        .refuses(&resurrected, "invalid-publisher", &pinned)
        .await;
    // A branch where the project asks for tags.
    let tags = Terms {
        git_ref: Some("refs/tags/*".parse().unwrap()),
        ..Terms::default()
    };
    world.publisher("demo", &demo(), tags).await;
    let main = "example/demo/.github/workflows/release.yml@refs/heads/main";
    let branch = world
        .token(json!({"ref": "refs/heads/main", "workflow_ref": main, "job_workflow_ref": main}));
    let why =
        no("Check failed for optional claim 'ref': expected refs/tags/*, found refs/heads/main");
    world.refuses(&branch, "invalid-publisher", &why).await;
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
    let client = world.server.client;
    for _ in 0..1000 {
        let body = body.clone();
        racing.spawn(async move {
            let request = Request::new("POST", MINT).body("application/json", body);
            client.send(&request).await.status
        });
    }
    let statuses = racing.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert!(statuses.iter().all(|status| matches!(status, 200 | 422)));
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
async fn mints_that_race_create_one_project() {
    let world = World::new().await;
    world.pending("demo", &demo()).await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let body = json!({ "token": world.token(json!({})) }).to_string();
        let client = world.server.client;
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
    let body = json!({"token": world.token(json!({})), "features": ["single-use-token"]});
    let token = world.post(body.to_string()).await.assert_ok().json();
    let token = token["token"].as_str().unwrap().to_owned();
    // What is refused before the file is judged does not use it up.
    let nowhere = world.upload(&token, &sample::wheel("other", "1.0")).await;
    assert_eq!(nowhere.status, 400);
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
    let page = world.server.get_json("/simple/demo/").await;
    assert_eq!(page["files"].as_array().unwrap().len(), 1);
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
async fn ratchets_hold_at_the_door() {
    let world = World::new().await;
    world.project("demo", &demo()).await;
    let alice = world
        .server
        .user("alice")
        .await
        .with_role("demo", touchplate_index::accounts::Role::Owner)
        .await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    world.turn(RatchetKind::TrustedPublishingOnly, None).await;
    forbidden(
        &alice.upload(sample::wheel("demo", "1.1")).await,
        "by trusted publishing alone, not with API tokens",
    );
    let token = world.minted(json!({})).await;
    world.turn(RatchetKind::AttestationsRequired, None).await;
    let bare = world.upload(&token, &sample::wheel("demo", "1.1")).await;
    assert!(
        bare.status == 400 && bare.text().contains("takes files with attestations alone"),
        "{}",
        bare.text()
    );
    world
        .upload(&token, &sample::wheel("demo", "1.0"))
        .await
        .assert_ok();
    world
        .upload(&token, &sample::wheel("demo", "1.1").attested())
        .await
        .assert_ok();
    // Recorded, shown, and refused only where the project asks for that.
    world.turn(RatchetKind::SameCommit, None).await;
    let other = world
        .upload(&token, &sample::wheel("demo", "1.2").attested())
        .await;
    assert!(
        other.status == 400 && other.text().contains("takes both of one commit alone"),
        "{}",
        other.text()
    );
    let (origin, name) = (world.server.operator(), "demo".parse().unwrap());
    let index = &world.server.index;
    let back = index.release_ratchet(&origin, &name, RatchetKind::SameCommit, "a test");
    back.await.unwrap();
    // Late files.
    world.turn(RatchetKind::NoLateFiles, Some(14)).await;
    world
        .server
        .clock
        .advance(SignedDuration::from_hours(24 * 14 + 1));
    let token = world.minted(json!({})).await;
    let late = world
        .upload(&token, &sample::sdist("demo", "1.1").attested())
        .await;
    assert!(
        late.status == 400
            && late
                .text()
                .contains("Uploading new files to releases older than 14 days is not allowed"),
        "{}",
        late.text()
    );
    world
        .upload(&token, &sample::wheel("demo", "1.1"))
        .await
        .assert_ok();
    world
        .upload(&token, &sample::sdist("demo", "1.3").attested())
        .await
        .assert_ok();
    // Environments, for tokens and for certificates.
    world.turn(RatchetKind::EnvironmentRequired, None).await;
    let why = "valid token, but no corresponding publisher (`demo` takes tokens of publishers with an environment alone)";
    world
        .refuses(&world.token(json!({})), "invalid-publisher", why)
        .await;
    let attested = world
        .upload(&token, &sample::wheel("demo", "1.4").attested())
        .await;
    assert!(
        attested.text().contains("is no publisher of `demo`"),
        "{}",
        attested.text()
    );
    assert!(matches!(
        Ratchet::SameCommit.kind(),
        RatchetKind::SameCommit
    ));
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

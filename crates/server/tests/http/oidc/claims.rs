//! What each provider's tokens must say, `reference/index-behaviour.md` §3.4: one claim changed at a time, and the exact
//! answer. `crates/attest/tests/attest/tokens.rs` has the same rules with more values each; here it is that the
//! exchange keeps them, with publishers found in the database.

use serde_json::{Value, json};
use touchplate_attest::Publisher;
use touchplate_index::trusted_publishing::Terms;

use super::{GITHUB, GITLAB, World};

const NOT_FOUND: &str = "Publisher with matching claims was not found";

/// A world with one publisher of `demo`, and the token that it takes.
struct Case {
    world: World,
    issuer: &'static str,
    good: Value,
}

impl Case {
    /// Takes the token as it is, once.
    async fn new(issuer: &'static str, publisher: Value, good: Value) -> Self {
        let world = World::new().await;
        world.project("demo", &parsed(&publisher)).await;
        let case = Self {
            world,
            issuer,
            good,
        };
        case.accepts(json!({})).await;
        case
    }

    fn changed(&self, claims: &Value) -> String {
        let mut all = self.good.clone();
        let fields = all.as_object_mut().unwrap();
        fields.extend(claims.as_object().unwrap().clone());
        self.world.token_of(self.issuer, &all)
    }

    async fn accepts(&self, claims: Value) {
        let answer = self.world.mint(&self.changed(&claims)).await;
        assert_eq!(answer.status, 200, "{claims}: {}", answer.text());
    }

    async fn refuses(&self, claims: Value, why: &str) {
        let words = format!("valid token, but no corresponding publisher ({why})");
        let token = self.changed(&claims);
        self.world
            .refuses(&token, "invalid-publisher", &words)
            .await;
    }

    async fn requires(&self, claims: &[&str]) {
        for claim in claims {
            let missing = format!("Missing claim '{claim}'");
            self.refuses(json!({ *claim: null }), &missing).await;
        }
    }
}

fn parsed(publisher: &Value) -> Publisher {
    Publisher::parse(publisher.to_string().as_bytes()).unwrap()
}

async fn github() -> Case {
    let publisher = json!({"kind": "GitHub", "repository": "acme/demo", "workflow": "release.yml", "environment": "Release"});
    let workflow = "acme/demo/.github/workflows/release.yml@refs/tags/v1";
    let good = json!({
        "sub": "repo:acme/demo:environment:release", "repository": "acme/demo", "repository_owner": "acme",
        "repository_owner_id": "65", "repository_id": "123", "job_workflow_ref": workflow, "workflow_ref": workflow,
        "event_name": "push", "ref": "refs/tags/v1", "sha": "c0ffee", "environment": "release",
    });
    Case::new(GITHUB, publisher, good).await
}

#[tokio::test]
async fn githubs_claims() {
    let case = github().await;
    let required = [
        "repository",
        "repository_owner",
        "repository_owner_id",
        "job_workflow_ref",
        "event_name",
        "ref",
        "sha",
    ];
    case.requires(&required).await;
    let workflow = |text: &str| {
        let all = format!("{text}@refs/tags/v1");
        json!({"workflow_ref": all, "job_workflow_ref": all})
    };
    let expecting = "The workflow_ref claim does not match, expecting one of \
                     ['acme/demo/.github/workflows/release.yml@c0ffee', 'acme/demo/.github/workflows/release.yml@refs/tags/v1'], got";
    let owner = "Check failed for required claim 'repository_owner': expected acme, found evil";
    let pinned = "expected repository id 123 of owner id 65, as when it was first seen, found repository id 123 of owner id 66: the name \
                  means another account or repository now";
    let environment = "Check failed for optional claim 'environment': expected Release, found";
    let target = "Publishing from a workflow invoked via 'pull_request_target' is not supported.";
    for (claims, why) in [
        (json!({"repository": "acme/other"}), NOT_FOUND),
        (json!({"repository_owner": "evil"}), owner),
        // Resurrected: the same name, another number.
        (json!({"repository_owner_id": "66"}), pinned),
        // Renamed; in other case; of another repository; at another version than the token's own.
        (
            workflow("acme/demo/.github/workflows/publish.yml"),
            NOT_FOUND,
        ),
        (
            workflow("acme/demo/.github/workflows/Release.yml"),
            NOT_FOUND,
        ),
        (
            workflow("evil/demo/.github/workflows/release.yml"),
            &format!("{expecting} 'evil/demo/.github/workflows/release.yml@refs/tags/v1'"),
        ),
        (
            json!({"workflow_ref": "acme/demo/.github/workflows/release.yml@refs/heads/x"}),
            &format!("{expecting} 'acme/demo/.github/workflows/release.yml@refs/heads/x'"),
        ),
        (
            workflow("acme/demo/release.yml"),
            "Could not extract workflow filename from OIDC claims",
        ),
        (
            json!({"job_workflow_ref": ""}),
            "The job_workflow_ref claim is empty",
        ),
        (
            json!({"ref": "", "sha": ""}),
            "The ref and sha claims are empty",
        ),
        (json!({"event_name": "pull_request_target"}), target),
        (json!({"environment": null}), &format!("{environment} none")),
        (json!({"environment": ""}), &format!("{environment} none")),
        (
            json!({"environment": "staging"}),
            &format!("{environment} staging"),
        ),
    ] {
        case.refuses(claims, why).await;
    }
    case.accepts(json!({"environment": "RELEASE"})).await;
    case.accepts(json!({"repository": "Acme/Demo", "repository_owner": "ACME"}))
        .await;
    case.accepts(json!({"sha": "", "actor": null, "runner_environment": "self-hosted", "repo_property_x": 1}))
        .await;
    // Difference: PyPI compares the called workflow, and refuses this.
    let called = "acme/shared/.github/workflows/build.yml@refs/heads/main";
    case.accepts(json!({ "job_workflow_ref": called })).await;
}

#[tokio::test]
async fn the_publisher_that_asks_for_most_wins() {
    let case = github().await;
    let anywhere =
        parsed(&json!({"kind": "GitHub", "repository": "acme/demo", "workflow": "release.yml"}));
    let terms = Terms {
        token_seconds: Some(3600.try_into().unwrap()),
        ..Terms::default()
    };
    case.world.publisher("demo", &anywhere, terms).await;
    let now = case.world.server.now().as_second();
    for (environment, seconds) in [("release", 900), ("staging", 3600)] {
        let token = case.changed(&json!({ "environment": environment }));
        let minted = case.world.mint(&token).await.assert_ok().json();
        assert_eq!(minted["expires"], json!(now + seconds), "{environment}");
    }
}

async fn gitlab(issuer: &'static str, publisher: Value) -> Case {
    let host = issuer.strip_prefix("https://").unwrap();
    let good = json!({
        "sub": "project_path:acme/tools/demo:ref_type:tag:ref:v1", "project_path": "acme/tools/demo",
        "ci_config_ref_uri": format!("{host}/acme/tools/demo//.gitlab-ci.yml@refs/tags/v1"), "ref_path": "refs/tags/v1",
        "sha": "c0ffee", "environment": "Release", "project_id": "7", "namespace_id": "8",
    });
    Case::new(issuer, publisher, good).await
}

#[tokio::test]
async fn gitlabs_claims() {
    let publisher = json!({"kind": "GitLab", "repository": "acme/tools/demo", "workflow_filepath": ".gitlab-ci.yml", "environment": "Release"});
    let case = gitlab("https://gitlab.com", publisher).await;
    let required = ["project_path", "ci_config_ref_uri", "ref_path", "sha"];
    case.requires(&required).await;
    // Difference: whatever has no subject is no ID token, of any provider.
    let token = case.changed(&json!({"sub": null}));
    let words = "malformed or invalid token: the token has no claim `sub`";
    case.world.refuses(&token, "invalid-token", words).await;
    let file = "gitlab.com/acme/tools/demo//.gitlab-ci.yml";
    let expecting = format!(
        "The ci_config_ref_uri claim does not match, expecting one of ['{file}@c0ffee', '{file}@refs/tags/v1'], got"
    );
    let config = |uri: &str| json!({ "ci_config_ref_uri": uri });
    let subject =
        "Check failed for required claim 'sub': expected project_path:acme/tools/demo:…, found";
    let environment = "Check failed for optional claim 'environment': expected Release, found";
    let empty = "The ref_path and sha claims are empty";
    let pinned = "expected repository id 7 of owner id 8, as when it was first seen, found repository id 9 of owner id 8: the name means \
                  another account or repository now";
    for (claims, why) in [
        (
            json!({"sub": "project_path:acme/tools/other:x"}),
            &format!("{subject} project_path:acme/tools/other:x"),
        ),
        (
            json!({"project_path": "acme/tools/other"}),
            &NOT_FOUND.to_owned(),
        ),
        (
            config("gitlab.com/acme/tools/demo//other.yml@refs/tags/v1"),
            &NOT_FOUND.to_owned(),
        ),
        (
            config("evil.example/acme/tools/demo//.gitlab-ci.yml@refs/tags/v1"),
            &format!("{expecting} 'evil.example/acme/tools/demo//.gitlab-ci.yml@refs/tags/v1'"),
        ),
        (
            config(&format!("{file}@refs/heads/main")),
            &format!("{expecting} '{file}@refs/heads/main'"),
        ),
        (
            config("nothing"),
            &"Could not extract workflow filename from OIDC claims".to_owned(),
        ),
        (
            config(""),
            &"The ci_config_ref_uri claim is empty".to_owned(),
        ),
        (json!({"ref_path": ""}), &empty.to_owned()),
        (json!({"sha": ""}), &empty.to_owned()),
        // Environments keep their case.
        (
            json!({"environment": "release"}),
            &format!("{environment} release"),
        ),
        (json!({"environment": null}), &format!("{environment} none")),
        // Difference: PyPI does not look at the numbers.
        (json!({"project_id": "9"}), &pinned.to_owned()),
    ] {
        case.refuses(claims, why).await;
    }
    // Difference: in any case in every claim.
    case.accepts(
        json!({"sub": "project_path:Acme/Tools/Demo:x", "project_path": "Acme/Tools/Demo",
        "ci_config_ref_uri": "gitlab.com/Acme/Tools/Demo//.gitlab-ci.yml@c0ffee"}),
    )
    .await;
}

#[tokio::test]
async fn a_gitlab_of_ones_own_is_another_issuer() {
    let publisher = json!({"kind": "GitLabSelfManaged", "issuer": GITLAB, "repository": "acme/tools/demo", "workflow_filepath": ".gitlab-ci.yml"});
    let case = gitlab(GITLAB, publisher).await;
    // The very same claims, on the word of the public one and of another provider.
    for issuer in ["https://gitlab.com", "https://ci.example"] {
        let token = case.world.token_of(issuer, &case.good);
        let words = format!("valid token, but no corresponding publisher ({NOT_FOUND})");
        case.world
            .refuses(&token, "invalid-publisher", &words)
            .await;
    }
    // Difference: both can be registered, and each is its own.
    let public = json!({"kind": "GitLab", "repository": "acme/tools/demo", "workflow_filepath": ".gitlab-ci.yml"});
    case.world
        .publisher("demo", &parsed(&public), Terms::default())
        .await;
    case.accepts(json!({})).await;
}

#[tokio::test]
async fn googles_claims() {
    let publisher = json!({"kind": "Google", "email": "ci@acme.example"});
    let good =
        json!({"sub": "111", "email": "ci@acme.example", "email_verified": true, "azp": "111"});
    let case = Case::new("https://accounts.google.com", publisher, good).await;
    case.requires(&["email", "email_verified"]).await;
    let verified = "Check failed for required claim 'email_verified': expected true, found";
    for (claims, why) in [
        (json!({"email": "other@acme.example"}), NOT_FOUND),
        (json!({"email": "CI@acme.example"}), NOT_FOUND),
        (
            json!({"email_verified": false}),
            &format!("{verified} false"),
        ),
        (
            json!({"email_verified": "true"}),
            &format!("{verified} \"true\""),
        ),
    ] {
        case.refuses(claims, why).await;
    }
    // Difference: without an id it is taken once; PyPI would take it until it expires.
    let token = case.changed(&json!({"jti": null}));
    case.world.mint(&token).await.assert_ok();
    let reused = "invalid token: already used";
    case.world
        .refuses(&token, "invalid-reuse-token", reused)
        .await;
}

#[tokio::test]
async fn activestates_claims() {
    let publisher =
        json!({"kind": "ActiveState", "organization": "acme", "project": "demo", "actor": "a-1"});
    let good = json!({"sub": "org:acme:project:demo", "organization": "acme", "project": "demo", "actor_id": "a-1",
        "builder": "pypi-publisher"});
    let issuer = "https://platform.activestate.com/api/v1/oauth/oidc";
    let case = Case::new(issuer, publisher, good).await;
    case.requires(&["organization", "project", "actor_id", "builder"])
        .await;
    let builder = "Check failed for required claim 'builder': expected pypi-publisher, found other";
    for (claims, why) in [
        (json!({"organization": "other"}), NOT_FOUND),
        (json!({"project": "other"}), NOT_FOUND),
        (json!({"actor_id": "other"}), NOT_FOUND),
        (json!({"builder": "other"}), builder),
        (
            json!({"sub": "org:acme:project:other"}),
            "Invalid 'subject' claim",
        ),
        (
            json!({"sub": "acme/demo"}),
            "Invalid 'subject' claim. Wrong format",
        ),
    ] {
        case.refuses(claims, why).await;
    }
}

#[tokio::test]
async fn circlecis_claims() {
    let publisher = json!({"kind": "CircleCI", "project_id": "p", "pipeline_definition_id": "d", "vcs_ref": "refs/heads/main"});
    let good = json!({"sub": "org/o/project/p", "oidc.circleci.com/project-id": "p",
        "oidc.circleci.com/pipeline-definition-id": "d", "oidc.circleci.com/vcs-ref": "refs/heads/main",
        "oidc.circleci.com/ssh-rerun": false});
    let case = Case::new("https://oidc.circleci.com/org/o", publisher, good).await;
    let other = "Check failed for optional claim 'oidc.circleci.com/vcs-ref': expected refs/heads/main, found";
    for (claims, why) in [
        (json!({"oidc.circleci.com/project-id": "x"}), NOT_FOUND),
        (
            json!({"oidc.circleci.com/pipeline-definition-id": null}),
            NOT_FOUND,
        ),
        (
            json!({"oidc.circleci.com/vcs-ref": "refs/heads/x"}),
            &format!("{other} refs/heads/x"),
        ),
        (
            json!({"oidc.circleci.com/vcs-ref": null}),
            &format!("{other} none"),
        ),
        (
            json!({"oidc.circleci.com/ssh-rerun": true}),
            "Publishing from a job that was rerun with SSH access is not supported.",
        ),
    ] {
        case.refuses(claims, why).await;
    }
}

#[tokio::test]
async fn the_other_kinds_claims() {
    let buildkite = json!({"kind": "Buildkite", "organization": "acme", "pipeline": "demo"});
    let good = json!({"sub": "organization:acme:pipeline:demo", "organization_slug": "acme", "pipeline_slug": "demo"});
    let case = Case::new("https://agent.buildkite.com", buildkite, good).await;
    for claim in ["organization_slug", "pipeline_slug"] {
        case.refuses(json!({ claim: "other" }), NOT_FOUND).await;
        case.refuses(json!({ claim: null }), NOT_FOUND).await;
    }

    let cluster = "https://cluster.example";
    let account = json!({"kind": "Kubernetes", "issuer": cluster, "namespace": "ci", "service_account": "demo"});
    let good = json!({"sub": "system:serviceaccount:ci:demo", "aud": [super::AUDIENCE]});
    let case = Case::new(cluster, account, good).await;
    for subject in [
        "system:serviceaccount:ci:other",
        "system:serviceaccount:other:demo",
        "ci:demo",
    ] {
        case.refuses(json!({ "sub": subject }), NOT_FOUND).await;
    }

    let login = "https://login.example";
    let person = json!({"kind": "Email", "email": "me@acme.example", "issuer": login});
    let good = json!({"sub": "1", "email": "me@acme.example", "email_verified": true});
    let case = Case::new(login, person, good).await;
    case.refuses(json!({"email": "you@acme.example"}), NOT_FOUND)
        .await;
    case.refuses(
        json!({"email_verified": null}),
        "Missing claim 'email_verified'",
    )
    .await;

    let ci = "https://ci.example";
    let job = json!({"kind": "OIDC", "issuer": ci, "claims": {"sub": "job:demo", "branch": {"prefix": "release/"}, "path": {"glob": "acme/*"}}});
    let good = json!({"sub": "job:demo", "branch": "release/1", "path": "acme/demo"});
    let case = Case::new(ci, job, good).await;
    case.refuses(json!({"sub": "job:Demo"}), NOT_FOUND).await;
    case.refuses(json!({"branch": null}), "Missing claim 'branch'")
        .await;
    let target = "Publishing from a workflow invoked via 'pull_request_target' is not supported.";
    case.refuses(json!({"event_name": "pull_request_target"}), target)
        .await;
    for (claim, value) in [("branch", "main"), ("path", "evil/demo")] {
        let token = case.changed(&json!({ claim: value }));
        let error = &case.world.mint(&token).await.json()["errors"][0];
        assert_eq!(error["code"], "invalid-publisher");
        let words = error["description"].as_str().unwrap();
        let failed = format!("Check failed for required claim '{claim}': expected ");
        assert!(words.contains(&failed), "{words}");
    }
}

//! ID tokens held against publishers: each row of `reference/index-behaviour.md` §3.4, and what differs from it on purpose.

// `json!(…)` reads best where it stands.
#![allow(clippy::needless_pass_by_value)]

use serde_json::{Map, Value, json};
use touchplate_attest::{PinnedIds, Publisher, TokenClaims, TokenMismatch};

const GITHUB: &str = "https://token.actions.githubusercontent.com";
const GITLAB: &str = "https://gitlab.com";
const OWN_GITLAB: &str = "https://gitlab.example";
const OWN_GITHUB: &str = "https://github.example/_services/token";

/// A token with some claims changed; null takes one away.
#[derive(Clone)]
struct Token(&'static str, Map<String, Value>);

impl Token {
    fn new(issuer: &'static str, claims: Value) -> Self {
        let Value::Object(claims) = claims else {
            unreachable!("claims are an object")
        };
        Self(issuer, claims)
    }

    fn with(&self, changed: Value) -> Self {
        let mut token = self.clone();
        for (name, value) in changed.as_object().unwrap() {
            token.1.insert(name.clone(), value.clone());
        }
        token
    }

    fn without(&self, claim: &str) -> Self {
        let mut token = self.clone();
        token.1.remove(claim).expect("it was there");
        token
    }

    fn claims(&self) -> TokenClaims {
        TokenClaims::new(self.0, self.1.clone())
    }
}

fn github() -> Token {
    Token::new(
        GITHUB,
        json!({
            "iss": GITHUB, "aud": "packages-example", "jti": "1", "sub": "repo:Acme/demo:environment:Release",
            "repository": "Acme/demo", "repository_owner": "Acme", "repository_owner_id": "65", "repository_id": "123",
            "job_workflow_ref": "Acme/demo/.github/workflows/release.yml@refs/tags/v1",
            "workflow_ref": "Acme/demo/.github/workflows/release.yml@refs/tags/v1",
            "event_name": "push", "ref": "refs/tags/v1", "sha": "c0ffee", "environment": "Release", "run_id": "77",
            "run_attempt": "2", "actor": "octo", "runner_environment": "github-hosted", "repo_property_team": "x",
        }),
    )
}

fn gitlab() -> Token {
    Token::new(
        GITLAB,
        json!({
            "sub": "project_path:acme/tools/demo:ref_type:tag:ref:v1", "project_path": "acme/tools/demo",
            "ci_config_ref_uri": "gitlab.com/acme/tools/demo//.gitlab-ci.yml@refs/tags/v1", "ref_path": "refs/tags/v1",
            "sha": "c0ffee", "environment": "Release", "project_id": "7", "namespace_id": "8", "job_id": "99",
            "pipeline_source": "push", "user_login": "octo",
        }),
    )
}

fn publisher(json: Value) -> Publisher {
    Publisher::parse(&serde_json::to_vec(&json).unwrap()).unwrap()
}

fn on_github(environment: Option<&str>) -> Publisher {
    publisher(
        json!({"kind": "GitHub", "repository": "Acme/demo", "workflow": "release.yml", "environment": environment}),
    )
}

fn on_gitlab(environment: Option<&str>) -> Publisher {
    publisher(
        json!({"kind": "GitLab", "repository": "acme/tools/demo", "workflow_filepath": ".gitlab-ci.yml", "environment": environment}),
    )
}

#[track_caller]
fn accepts(publisher: &Publisher, token: &Token) {
    let claims = token.claims();
    assert_eq!(publisher.check_token(&claims), Ok(()));
    assert!(
        claims.lookup_keys().contains(&publisher.lookup_key()),
        "{} is found by {:?}",
        publisher.lookup_key(),
        claims.lookup_keys()
    );
}

#[track_caller]
fn refuses(publisher: &Publisher, token: &Token, why: &str) {
    let claims = token.claims();
    let found = claims.lookup_keys().contains(&publisher.lookup_key());
    let refused = publisher.check_token(&claims).unwrap_err();
    let said = if found { refused } else { claims.why_nobody() }.to_string();
    assert!(said.starts_with(why), "{said}, not {why}");
    assert!(publisher.check_token(&claims).is_err());
}

const NOT_FOUND: &str = "Publisher with matching claims was not found";

#[test]
fn github_claims_are_each_required() {
    let (any, token) = (on_github(None), github());
    accepts(&any, &token);
    for claim in [
        "repository",
        "repository_owner",
        "repository_owner_id",
        "job_workflow_ref",
        "event_name",
        "ref",
        "sha",
    ] {
        let missing = format!("Missing claim '{claim}'");
        refuses(&any, &token.without(claim), &missing);
        refuses(&any, &token.with(json!({ claim: null })), &missing);
        let wrong = format!("Check failed for required claim '{claim}'");
        refuses(&any, &token.with(json!({ claim: 7 })), &wrong);
    }
    // Difference: PyPI asks for a jti; here a token without one is burned by its digest.
    accepts(&any, &token.without("jti"));
    for claim in [
        "sub",
        "actor",
        "run_id",
        "repo_property_team",
        "repository_id",
    ] {
        accepts(&any, &token.without(claim));
    }
    accepts(&any, &token.with(json!({"something_new": [1]})));
}

#[test]
fn github_names_have_no_case_and_the_rest_has() {
    let any = on_github(None);
    let shouting = github().with(json!({
        "repository": "ACME/Demo", "repository_owner": "ACME",
        "workflow_ref": "ACME/Demo/.github/workflows/release.yml@refs/tags/v1",
    }));
    accepts(&any, &shouting);
    let typed =
        publisher(json!({"kind": "GitHub", "repository": "aCmE/dEmO", "workflow": "release.yml"}));
    accepts(&typed, &github());
    assert_eq!(
        typed.spelled_as(github().claims().repository().unwrap()),
        Some(on_github(None))
    );
    assert_eq!(any.spelled_as("Acme/demo"), None);
    assert_eq!(any.spelled_as("Other/demo"), None);
    for (workflow, git_ref) in [
        ("Release.yml", "refs/tags/v1"),
        ("release.yml", "refs/tags/V1"),
    ] {
        let other = github().with(json!({
            "workflow_ref": format!("Acme/demo/.github/workflows/{workflow}@{git_ref}"),
        }));
        assert!(any.check_token(&other.claims()).is_err());
    }
}

#[test]
fn github_repositories_and_owners_are_compared() {
    let any = on_github(None);
    refuses(
        &any,
        &github().with(json!({"repository": "Acme/other"})),
        NOT_FOUND,
    );
    refuses(
        &any,
        &github().with(json!({"repository": "Evil/demo"})),
        NOT_FOUND,
    );
    let owner = "Check failed for required claim 'repository_owner'";
    refuses(
        &any,
        &github().with(json!({"repository_owner": "Evil"})),
        owner,
    );
    // The number of the owner is pinned, at first use: see `ids`.
    let ids = |token: &Token| token.claims().ids(&any);
    let pinned = PinnedIds {
        repository_id: Some("123".into()),
        owner_id: Some("65".into()),
    };
    assert_eq!(ids(&github()), pinned);
    assert!(
        pinned
            .check_ids(&ids(&github().with(json!({"repository_owner_id": "66"}))))
            .is_err()
    );
    assert!(
        pinned
            .check_ids(&ids(&github().with(json!({"repository_id": "124"}))))
            .is_err()
    );
    assert!(
        pinned
            .check_ids(&ids(&github().without("repository_id")))
            .is_err()
    );
}

#[test]
fn github_workflows_are_compared_at_the_tokens_own_version() {
    let any = on_github(None);
    let workflow =
        |text: &str| github().with(json!({"workflow_ref": text, "job_workflow_ref": text}));
    let at = |version: &str| {
        workflow(&format!(
            "Acme/demo/.github/workflows/release.yml@{version}"
        ))
    };
    accepts(&any, &at("refs/tags/v1"));
    accepts(&any, &at("c0ffee"));
    // A renamed workflow, and impersonations of this one.
    for other in [
        "other.yml",
        "release.yml.yml",
        "release.yml@refs/tags/v1.yml",
        "sub/release.yml",
    ] {
        let token = workflow(&format!("Acme/demo/.github/workflows/{other}@refs/tags/v1"));
        refuses(&any, &token, NOT_FOUND);
    }
    let mismatch = "The workflow_ref claim does not match, expecting one of \
                    ['Acme/demo/.github/workflows/release.yml@c0ffee', 'Acme/demo/.github/workflows/release.yml@refs/tags/v1'], got '";
    for (token, found) in [
        (
            at("refs/heads/main"),
            "Acme/demo/.github/workflows/release.yml@refs/heads/main",
        ),
        (at(""), "Acme/demo/.github/workflows/release.yml@"),
        (
            at("refs/tags/v1@refs/tags/v2"),
            "Acme/demo/.github/workflows/release.yml@refs/tags/v1@refs/tags/v2",
        ),
        (
            workflow("Evil/demo/.github/workflows/release.yml@refs/tags/v1"),
            "Evil/demo/.github/workflows/release.yml@refs/tags/v1",
        ),
    ] {
        refuses(&any, &token, &format!("{mismatch}{found}'"));
    }
    for none in [
        "x",
        "Acme/demo/release.yml",
        "Acme/demo/.github/workflows/release.sh@refs/tags/v1",
    ] {
        refuses(
            &any,
            &workflow(none),
            "Could not extract workflow filename from OIDC claims",
        );
    }
    let empty = github().with(json!({"job_workflow_ref": ""}));
    refuses(&any, &empty, "The job_workflow_ref claim is empty");
    let nowhere = github().with(json!({"ref": "", "sha": ""}));
    refuses(&any, &nowhere, "The ref and sha claims are empty");
    accepts(&any, &github().with(json!({"sha": ""})));
    // Servers too old for `workflow_ref`: the job's own workflow is the caller.
    accepts(&any, &github().without("workflow_ref"));
    let other = github()
        .with(json!({"job_workflow_ref": "Evil/x/.github/workflows/release.yml@refs/tags/v1"}));
    refuses(
        &any,
        &other.without("workflow_ref"),
        "The job_workflow_ref claim does not match",
    );
}

#[test]
fn reusable_workflows_are_known_by_caller_and_callee() {
    // Difference: PyPI compares the called workflow alone; certificates name the caller, and so does a publisher here.
    let called = github().with(json!({
        "job_workflow_ref": "Acme/shared/.github/workflows/build.yml@refs/heads/main",
    }));
    accepts(&on_github(None), &called);
    assert!(
        called
            .claims()
            .run()
            .called
            .unwrap()
            .ends_with("build.yml@refs/heads/main")
    );
    assert_eq!(github().claims().run().called, None);
    let both = publisher(
        json!({"kind": "GitHub", "repository": "Acme/demo", "workflow": "release.yml",
        "callee_repository": "acme/shared", "callee_workflow": "build.yml"}),
    );
    accepts(&both, &called);
    let mismatch = "The job_workflow_ref claim does not match, expecting one of ['acme/shared/.github/workflows/build.yml@";
    refuses(&both, &github(), mismatch);
    for other in [
        "Evil/shared/.github/workflows/build.yml@refs/heads/main",
        "Acme/shared/.github/workflows/build.yml@main",
        "Acme/shared/.github/workflows/build.yml@x.yml@refs/heads/main",
        "Acme/shared/.github/workflows/other.yml@refs/heads/main",
    ] {
        refuses(
            &both,
            &called.with(json!({"job_workflow_ref": other})),
            mismatch,
        );
    }
}

#[test]
fn github_environments_and_events_are_compared() {
    let release = on_github(Some("release"));
    accepts(&release, &github());
    accepts(&release, &github().with(json!({"environment": "rELEASE"})));
    let other = "Check failed for optional claim 'environment': expected release, found";
    refuses(
        &release,
        &github().with(json!({"environment": "staging"})),
        other,
    );
    refuses(&release, &github().with(json!({"environment": ""})), other);
    refuses(&release, &github().without("environment"), other);
    accepts(&on_github(None), &github().without("environment"));
    let target = "Publishing from a workflow invoked via 'pull_request_target' is not supported.";
    let stranger = github().with(json!({"event_name": "pull_request_target"}));
    refuses(&on_github(None), &stranger, target);
    let whoever =
        publisher(json!({"kind": "OIDC", "issuer": GITHUB, "claims": {"repository": "Acme/demo"}}));
    accepts(&whoever, &github());
    refuses(&whoever, &stranger, target);
}

#[test]
fn gitlab_claims_are_required_and_compared() {
    let (any, token) = (on_gitlab(None), gitlab());
    accepts(&any, &token);
    for claim in [
        "sub",
        "project_path",
        "ci_config_ref_uri",
        "ref_path",
        "sha",
    ] {
        refuses(
            &any,
            &token.without(claim),
            &format!("Missing claim '{claim}'"),
        );
    }
    // Names in any case, in every claim: at PyPI the last of them is exact.
    accepts(
        &any,
        &token.with(json!({
            "sub": "project_path:Acme/Tools/Demo:ref_type:tag:ref:v1", "project_path": "Acme/Tools/Demo",
            "ci_config_ref_uri": "gitlab.com/Acme/Tools/Demo//.gitlab-ci.yml@refs/tags/v1",
        })),
    );
    let subject = "Check failed for required claim 'sub'";
    refuses(
        &any,
        &token.with(json!({"sub": "project_path:acme/tools/other:ref_type:tag"})),
        subject,
    );
    refuses(
        &any,
        &token.with(json!({"sub": "acme/tools/demo"})),
        subject,
    );
    refuses(
        &any,
        &token.with(json!({"project_path": "acme/tools/other"})),
        NOT_FOUND,
    );
    let config = |text: &str| token.with(json!({ "ci_config_ref_uri": text }));
    accepts(
        &any,
        &config("gitlab.com/acme/tools/demo//.gitlab-ci.yml@c0ffee"),
    );
    for other in [
        "gitlab.com/acme/tools/demo//.gitlab-ci.yml@refs/heads/main",
        "evil.example/acme/tools/demo//.gitlab-ci.yml@refs/tags/v1",
        "gitlab.com/evil/demo//.gitlab-ci.yml@refs/tags/v1",
    ] {
        refuses(
            &any,
            &config(other),
            "The ci_config_ref_uri claim does not match, expecting one of ['gitlab.com/acme/tools/demo//.gitlab-ci.yml@c0ffee', ",
        );
    }
    refuses(
        &any,
        &config("gitlab.com/acme/tools/demo//.Gitlab-ci.yml@refs/tags/v1"),
        NOT_FOUND,
    );
    refuses(
        &any,
        &config("gitlab.com/acme/tools/demo//ci/.gitlab-ci.yml@refs/tags/v1"),
        NOT_FOUND,
    );
    refuses(
        &any,
        &config("nothing"),
        "Could not extract workflow filename from OIDC claims",
    );
    refuses(&any, &config(""), "The ci_config_ref_uri claim is empty");
    for claim in ["ref_path", "sha"] {
        refuses(
            &any,
            &token.with(json!({ claim: "" })),
            "The ref_path and sha claims are empty",
        );
    }
    // Environments keep their case.
    accepts(&on_gitlab(Some("Release")), &token);
    let environment =
        "Check failed for optional claim 'environment': expected release, found Release";
    refuses(&on_gitlab(Some("release")), &token, environment);
    refuses(
        &on_gitlab(Some("Release")),
        &token.without("environment"),
        "Check failed for optional claim 'environment'",
    );
    // Difference: project and namespace are pinned by number too.
    let ids = PinnedIds {
        repository_id: Some("7".into()),
        owner_id: Some("8".into()),
    };
    assert_eq!(token.claims().ids(&any), ids);
}

#[test]
fn the_same_claims_of_another_issuer_are_anothers() {
    let own = publisher(
        json!({"kind": "GitLabSelfManaged", "issuer": OWN_GITLAB, "repository": "acme/tools/demo",
        "workflow_filepath": ".gitlab-ci.yml"}),
    );
    let mut token = gitlab().with(
        json!({"ci_config_ref_uri": "gitlab.example/acme/tools/demo//.gitlab-ci.yml@refs/tags/v1"}),
    );
    token.0 = OWN_GITLAB;
    accepts(&own, &token);
    let issuer = on_gitlab(None).check_token(&token.claims()).unwrap_err();
    assert_eq!(
        issuer.to_string(),
        "JWT issuer 'https://gitlab.example' does not match expected issuer 'https://gitlab.com'"
    );
    refuses(&on_gitlab(None), &token, NOT_FOUND);
    refuses(&own, &gitlab(), NOT_FOUND);
    let server = publisher(
        json!({"kind": "GitHubEnterprise", "issuer": OWN_GITHUB, "repository": "Acme/demo", "workflow": "release.yml"}),
    );
    let mut token = github();
    token.0 = OWN_GITHUB;
    accepts(&server, &token);
    assert_eq!(
        token.claims().run().url.unwrap(),
        "https://github.example/Acme/demo/actions/runs/77/attempts/2"
    );
    refuses(&on_github(None), &token, NOT_FOUND);
    refuses(&server, &github(), NOT_FOUND);
    // Nor are they one publisher.
    assert_ne!(own.unique_key(), on_gitlab(None).unique_key());
    let folded = publisher(
        json!({"kind": "GitLab", "repository": "ACME/tools/demo", "workflow_filepath": ".gitlab-ci.yml"}),
    );
    assert_eq!(folded.unique_key(), on_gitlab(None).unique_key());
    assert_ne!(
        on_gitlab(Some("a")).unique_key(),
        on_gitlab(Some("A")).unique_key()
    );
    assert_eq!(
        on_github(Some("a")).unique_key(),
        on_github(Some("A")).unique_key()
    );
}

#[test]
fn addresses_must_be_verified() {
    let google = publisher(json!({"kind": "Google", "email": "ci@acme.example"}));
    let token = Token::new(
        "https://accounts.google.com",
        json!({"email": "ci@acme.example", "email_verified": true, "sub": "111", "azp": "x", "google": {}}),
    );
    accepts(&google, &token);
    accepts(&google, &token.without("sub"));
    refuses(
        &google,
        &token.with(json!({"email": "CI@acme.example"})),
        NOT_FOUND,
    );
    refuses(&google, &token.without("email"), "Missing claim 'email'");
    refuses(
        &google,
        &token.without("email_verified"),
        "Missing claim 'email_verified'",
    );
    for not_true in [json!(false), json!("true"), json!(1)] {
        refuses(
            &google,
            &token.with(json!({"email_verified": not_true})),
            "Check failed for required claim 'email_verified'",
        );
    }
    let person = publisher(
        json!({"kind": "Email", "email": "ci@acme.example", "issuer": "https://login.acme.example"}),
    );
    refuses(&person, &token, NOT_FOUND);
    let mut token = token;
    token.0 = "https://login.acme.example";
    accepts(&person, &token);
}

#[test]
fn activestate_claims_are_compared() {
    let publisher = publisher(
        json!({"kind": "ActiveState", "organization": "acme", "project": "demo", "actor": "a-1"}),
    );
    let token = Token::new(
        "https://platform.activestate.com/api/v1/oauth/oidc",
        json!({"sub": "org:acme:project:demo", "organization": "acme", "project": "demo", "actor_id": "a-1",
            "actor": "somebody", "builder": "pypi-publisher"}),
    );
    accepts(&publisher, &token);
    for claim in ["sub", "organization", "project", "actor_id", "builder"] {
        refuses(
            &publisher,
            &token.without(claim),
            &format!("Missing claim '{claim}'"),
        );
    }
    for claim in ["organization", "project", "actor_id"] {
        refuses(
            &publisher,
            &token.with(json!({ claim: "other" })),
            NOT_FOUND,
        );
    }
    refuses(
        &publisher,
        &token.with(json!({"builder": "x"})),
        "Check failed for required claim 'builder'",
    );
    refuses(
        &publisher,
        &token.with(json!({"sub": "org:acme:project:other"})),
        "Invalid 'subject' claim",
    );
    refuses(
        &publisher,
        &token.with(json!({"sub": "acme/demo"})),
        "Invalid 'subject' claim. Wrong format",
    );
}

#[test]
fn circleci_buildkite_and_kubernetes_are_compared() {
    let circleci = publisher(
        json!({"kind": "CircleCI", "project_id": "p", "pipeline_definition_id": "d",
        "vcs_origin": "github.com/acme/demo", "vcs_ref": "refs/heads/main"}),
    );
    let token = Token::new(
        "https://oidc.circleci.com/org/o",
        json!({"oidc.circleci.com/project-id": "p", "oidc.circleci.com/pipeline-definition-id": "d",
            "oidc.circleci.com/vcs-origin": "github.com/acme/demo", "oidc.circleci.com/vcs-ref": "refs/heads/main",
            "oidc.circleci.com/ssh-rerun": false}),
    );
    accepts(&circleci, &token);
    refuses(
        &circleci,
        &token.with(json!({"oidc.circleci.com/ssh-rerun": true})),
        "Publishing from a job that was rerun",
    );
    refuses(
        &circleci,
        &token.with(json!({"oidc.circleci.com/project-id": "x"})),
        NOT_FOUND,
    );
    refuses(
        &circleci,
        &token.with(json!({"oidc.circleci.com/vcs-ref": "refs/heads/x"})),
        "Check failed for optional claim 'oidc.circleci.com/vcs-ref'",
    );
    refuses(
        &circleci,
        &token.without("oidc.circleci.com/vcs-origin"),
        "Check failed for optional claim 'oidc.circleci.com/vcs-origin'",
    );
    for issuer in [
        "https://oidc.circleci.com/org/o/x",
        "https://oidc.circleci.com/org/",
        "https://oidc.circleci.com.evil.example/org/o",
    ] {
        let mut token = token.clone();
        token.0 = issuer;
        refuses(&circleci, &token, NOT_FOUND);
    }
    let buildkite =
        publisher(json!({"kind": "Buildkite", "organization": "acme", "pipeline": "demo"}));
    let token = Token::new(
        "https://agent.buildkite.com",
        json!({"organization_slug": "acme", "pipeline_slug": "demo", "build_number": 7, "build_commit": "c0ffee", "build_branch": "main", "build_tag": null}),
    );
    accepts(&buildkite, &token);
    let run = token.claims().run();
    assert_eq!(
        (run.commit.as_deref(), run.git_ref.as_deref()),
        (Some("c0ffee"), Some("refs/heads/main"))
    );
    assert_eq!(run.url.unwrap(), "https://buildkite.com/acme/demo/builds/7");
    refuses(
        &buildkite,
        &token.with(json!({"pipeline_slug": "other"})),
        NOT_FOUND,
    );
    let cluster = publisher(
        json!({"kind": "Kubernetes", "issuer": "https://k8s.example", "namespace": "ci", "service_account": "release"}),
    );
    let token = Token::new(
        "https://k8s.example",
        json!({"sub": "system:serviceaccount:ci:release"}),
    );
    accepts(&cluster, &token);
    refuses(
        &cluster,
        &token.with(json!({"sub": "system:serviceaccount:ci:other"})),
        NOT_FOUND,
    );
    refuses(
        &cluster,
        &token.with(json!({"sub": "system:serviceaccount:ci:release:x"})),
        NOT_FOUND,
    );
}

#[test]
fn whoever_has_certain_claims_is_known_by_texts_and_patterns() {
    let issuer = "https://ci.example";
    let oidc =
        |claims: Value| publisher(json!({"kind": "OIDC", "issuer": issuer, "claims": claims}));
    let token = Token::new(
        issuer,
        json!({"sub": "job:acme/demo:tag", "branch": "release/1.2", "protected": true, "number": 7, "email": "a@b.example"}),
    );
    for claims in [
        json!({"sub": "job:acme/demo:tag"}),
        json!({"sub": {"prefix": "job:acme/"}}),
        json!({"sub": {"glob": "job:acme/*:tag"}}),
        json!({"branch": {"glob": "release/*"}, "protected": "true", "number": "7"}),
        json!({"san": "job:acme/demo:tag"}),
    ] {
        let publisher = oidc(claims);
        accepts(&publisher, &token);
        let back = Publisher::parse(&serde_json::to_vec(&publisher.to_json()).unwrap()).unwrap();
        assert_eq!(back, publisher);
    }
    for (claims, claim) in [
        (json!({"sub": "job:acme/demo"}), "sub"),
        (json!({"sub": {"prefix": "job:other/"}}), "sub"),
        (json!({"sub": {"glob": "job:*:tag"}}), "sub"),
        (json!({"branch": {"glob": "refs/tags/*"}}), "branch"),
    ] {
        let refused = oidc(claims).check_token(&token.claims()).unwrap_err();
        assert!(
            refused
                .to_string()
                .starts_with(&format!("Check failed for required claim '{claim}'")),
            "{refused}"
        );
    }
    // An address that nobody vouches for is no name.
    assert!(
        oidc(json!({"san": "a@b.example"}))
            .check_token(&token.claims())
            .is_err()
    );
    accepts(
        &oidc(json!({"san": "a@b.example"})),
        &token.with(json!({"email_verified": true})),
    );
    let missing =
        oidc(json!({"sub": "job:acme/demo:tag", "nothing": "x"})).check_token(&token.claims());
    assert_eq!(
        missing,
        Err(TokenMismatch::Missing {
            claim: "nothing".into()
        })
    );
    // By the names that certificates have, where the provider is known.
    let organisation = publisher(json!({"kind": "OIDC", "issuer": GITHUB, "claims": {
        "source_repository_owner_id": "65", "source_repository_ref": {"glob": "refs/tags/v*"}}}));
    accepts(&organisation, &github());
    refuses(
        &organisation,
        &github().with(json!({"ref": "refs/heads/main"})),
        "Check failed for required claim 'source_repository_ref'",
    );
    for bad in [
        json!({"sub": {"glob": "*"}}),
        json!({"sub": {"prefix": ""}}),
        json!({"sub": {}}),
        json!({"sub": {"glob": "a*", "prefix": "a"}}),
        json!({"sub": {"regex": "a"}}),
    ] {
        let read = Publisher::parse(
            &serde_json::to_vec(&json!({"kind": "OIDC", "issuer": issuer, "claims": bad})).unwrap(),
        );
        assert!(read.is_err(), "{bad}");
    }
}

#[test]
fn a_run_is_told() {
    let run = github().claims().run();
    assert_eq!(
        run.url.as_deref(),
        Some("https://github.com/Acme/demo/actions/runs/77/attempts/2")
    );
    assert_eq!(run.commit.as_deref(), Some("c0ffee"));
    assert_eq!(run.git_ref.as_deref(), Some("refs/tags/v1"));
    assert_eq!(
        (run.trigger.as_deref(), run.actor.as_deref()),
        (Some("push"), Some("octo"))
    );
    let run = gitlab().claims().run();
    assert_eq!(
        run.url.as_deref(),
        Some("https://gitlab.com/acme/tools/demo/-/jobs/99")
    );
}

//! What certificates say for each kind of issuer's tokens, and which tokens give no right to one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use touchplate_attest::id_token::{IdToken, KeySet, Rules, TokenAlgorithm, check};
use touchplate_attest::{Claims, SubjectName};
use touchplate_trust::authority::{CertifiedIdentity, IdentityError, IssuerKind, IssuerPolicy};
use touchplate_trust::{LocalIssuer, Workload, github_claims};

fn now() -> Timestamp {
    "2025-06-01T12:00:00Z".parse().unwrap()
}

fn token(issuer: &str, subject: &str, claims: Value) -> IdToken {
    let provider = LocalIssuer::new(issuer, "key", TokenAlgorithm::ES256).unwrap();
    let keys = KeySet::parse(&provider.key_set().unwrap()).unwrap();
    let token = provider.token(subject, "sigstore", claims, now()).unwrap();
    let audiences = ["sigstore".to_owned()];
    let rules = Rules {
        issuer,
        audiences: &audiences,
        algorithms: &[TokenAlgorithm::ES256],
    };
    check(&token, &keys, &rules, now()).unwrap()
}

/// Lets everybody have certificates.
fn policy(kind: IssuerKind) -> IssuerPolicy {
    IssuerPolicy {
        kind,
        url: None,
        subject: None,
        allow: vec!["*".parse().unwrap()],
        require: BTreeMap::new(),
    }
}

fn identify(
    kind: IssuerKind,
    issuer: &str,
    subject: &str,
    claims: Value,
) -> Result<CertifiedIdentity, IdentityError> {
    policy(kind).identify(&token(issuer, subject, claims))
}

fn uri(identity: &CertifiedIdentity) -> &str {
    match identity.name() {
        SubjectName::Uri(uri) => uri,
        other => panic!("{other}"),
    }
}

/// The simulated job that says the same.
fn same_as(identity: &CertifiedIdentity, workload: &Workload, subject: &str) {
    assert_eq!(identity.name(), &workload.san);
    assert_eq!(identity.issuer(), workload.issuer);
    let expected = Claims {
        token_subject: Some(subject.to_owned()),
        ..workload.claims.clone()
    };
    assert_eq!(identity.claims(), &expected);
}

const GITHUB: &str = "https://token.actions.githubusercontent.com";

#[test]
fn a_job_of_github_is_what_fulcio_makes_of_it() {
    let workload = Workload::github("acme/tools", "release.yml", "refs/tags/v1");
    let subject = "repo:acme/tools:ref:refs/tags/v1";
    let claims = github_claims("acme/tools", "release.yml", "refs/tags/v1");
    let identity = identify(IssuerKind::GitHub, GITHUB, subject, claims.clone()).unwrap();
    same_as(&identity, &workload, subject);
    assert_eq!(identity.challenges(), [subject]);
    // In an environment, and on a server of one's own.
    let mut claims = claims;
    claims["environment"] = json!("release");
    let issuer = "https://github.acme.example/_services/token";
    let identity = identify(IssuerKind::GitHub, issuer, subject, claims).unwrap();
    let server = "https://github.acme.example";
    let workload =
        Workload::github_enterprise(server, issuer, "acme/tools", "release.yml", "refs/tags/v1");
    same_as(&identity, &workload.in_environment("release"), subject);
}

#[test]
fn a_reusable_workflow_gives_its_name_and_the_caller_decides() {
    let mut claims = github_claims("acme/tools", "release.yml", "refs/tags/v1");
    let called = "shared/flows/.github/workflows/build.yml@refs/heads/main";
    claims["job_workflow_ref"] = json!(called);
    let token = token(GITHUB, "job", claims);
    let mut policy = policy(IssuerKind::GitHub);
    policy.allow = vec!["https://github.com/acme/*".parse().unwrap()];
    let identity = policy.identify(&token).unwrap();
    assert_eq!(uri(&identity), format!("https://github.com/{called}"));
    policy.allow = vec!["https://github.com/shared/*".parse().unwrap()];
    assert_eq!(
        policy.identify(&token).unwrap_err(),
        IdentityError::NotAllowed {
            source_name: "https://github.com/acme/tools".to_owned()
        }
    );
    policy.allow.clear();
    assert!(policy.identify(&token).is_err());
}

#[test]
fn required_claims_have_exactly_their_values() {
    let claims = github_claims("acme/tools", "release.yml", "refs/tags/v1");
    let token = token(GITHUB, "job", claims);
    let mut policy = policy(IssuerKind::GitHub);
    let require =
        |value: &str| BTreeMap::from([("repository_owner_id".to_owned(), value.to_owned())]);
    policy.require = require("654321");
    policy.identify(&token).unwrap();
    policy.require = require("7");
    assert_eq!(
        policy.identify(&token).unwrap_err().to_string(),
        "no certificates are issued here for tokens whose claim `repository_owner_id` is \"654321\""
    );
    policy.require = BTreeMap::from([("enterprise".to_owned(), "acme".to_owned())]);
    assert_eq!(
        policy.identify(&token).unwrap_err().to_string(),
        "no certificates are issued here for tokens whose claim `enterprise` is absent"
    );
}

fn gitlab(host: &str) -> Value {
    let commit = "5d1c5a6f8a0e4f6b9c3d2e1f0a9b8c7d6e5f4a3b";
    json!({
        "ci_config_ref_uri": format!("{host}/acme/sub/tools//.gitlab-ci.yml@refs/heads/main"),
        "ci_config_sha": commit,
        "runner_environment": "gitlab-hosted",
        "project_path": "acme/sub/tools",
        "sha": commit,
        "ref_type": "branch",
        "ref": "main",
        "project_id": "123456",
        "namespace_path": "acme/sub",
        "namespace_id": "654321",
        "pipeline_source": "push",
        "job_id": "1",
        "project_visibility": "public",
    })
}

#[test]
fn a_pipeline_of_gitlab_is_what_fulcio_makes_of_it_and_of_this_gitlab() {
    let subject = "project_path:acme/sub/tools:ref_type:branch:ref:main";
    let issuer = "https://gitlab.com";
    let identity = identify(IssuerKind::GitLab, issuer, subject, gitlab("gitlab.com")).unwrap();
    let workload = Workload::gitlab("acme/sub/tools", ".gitlab-ci.yml", "refs/heads/main");
    same_as(&identity, &workload, subject);

    let own = "https://gitlab.acme.example";
    let mut claims = gitlab("gitlab.acme.example");
    // Numbers as numbers, and the ref in full, as versions differ.
    claims["project_id"] = json!(123_456);
    claims["ref_path"] = json!("refs/heads/main");
    let identity = identify(IssuerKind::GitLab, own, subject, claims).unwrap();
    let workload =
        Workload::gitlab_self_managed(own, "acme/sub/tools", ".gitlab-ci.yml", "refs/heads/main");
    same_as(&identity, &workload, subject);

    for host in ["gitlab.com", "gitlab.acme.example.evil", "evil"] {
        let refused = identify(IssuerKind::GitLab, own, subject, gitlab(host)).unwrap_err();
        assert!(
            matches!(refused, IdentityError::Form { claim, .. } if claim == "ci_config_ref_uri")
        );
    }
}

#[test]
fn jobs_of_circleci_and_buildkite_are_what_fulcio_makes_of_them() {
    let claims = json!({
        "oidc.circleci.com/project-id": "p-1",
        "oidc.circleci.com/pipeline-definition-id": "d-1",
        "oidc.circleci.com/pipeline-id": "i-1",
        "oidc.circleci.com/workflow-id": "w-1",
        "oidc.circleci.com/job-id": "j-1",
        "oidc.circleci.com/vcs-origin": "github.com/acme/tools",
        "oidc.circleci.com/vcs-ref": "refs/heads/main",
    });
    let issuer = "https://oidc.circleci.com";
    let identity = identify(IssuerKind::CircleCI, issuer, "job", claims).unwrap();
    let mut workload = Workload::circleci("p-1", "d-1", "github.com/acme/tools", "refs/heads/main");
    workload.claims.runner_environment = None;
    workload.claims.build_config_uri =
        Some("https://circleci.com/api/v2/pipeline/i-1/config".to_owned());
    workload.claims.run_invocation_uri =
        Some("https://app.circleci.com/workflow/w-1/job/j-1".to_owned());
    same_as(&identity, &workload, "job");

    let mut claims = json!({
        "organization_slug": "acme",
        "pipeline_slug": "tools",
        "build_number": 1,
        "job_id": "1",
        "runner_environment": "self-hosted",
        "build_commit": "5d1c5a6f8a0e4f6b9c3d2e1f0a9b8c7d6e5f4a3b",
        "build_source": "webhook",
    });
    let issuer = "https://agent.buildkite.com";
    let identity = identify(IssuerKind::Buildkite, issuer, "job", claims.clone()).unwrap();
    same_as(&identity, &Workload::buildkite("acme", "tools"), "job");
    claims["pipeline_slug"] = json!("tools/../other");
    let refused = identify(IssuerKind::Buildkite, issuer, "job", claims).unwrap_err();
    assert!(matches!(refused, IdentityError::Form { claim, .. } if claim == "pipeline_slug"));
}

#[test]
fn a_service_account_of_kubernetes_must_be_the_subject() {
    let issuer = "https://cluster.acme.example";
    let claims = json!({"kubernetes.io": {
        "namespace": "release",
        "serviceaccount": {"name": "signer", "uid": "1"},
    }});
    let subject = "system:serviceaccount:release:signer";
    let identity = identify(IssuerKind::Kubernetes, issuer, subject, claims.clone()).unwrap();
    same_as(
        &identity,
        &Workload::kubernetes(issuer, "release", "signer"),
        subject,
    );
    let other = "system:serviceaccount:release:other";
    let refused = identify(IssuerKind::Kubernetes, issuer, other, claims).unwrap_err();
    assert!(matches!(refused, IdentityError::Form { claim: "sub", .. }));
    let refused = identify(IssuerKind::Kubernetes, issuer, subject, json!({})).unwrap_err();
    assert!(matches!(refused, IdentityError::Missing { .. }));
    let slash = json!({"kubernetes.io": {
        "namespace": "release/serviceaccounts/root",
        "serviceaccount": {"name": "x"},
    }});
    let subject = "system:serviceaccount:release/serviceaccounts/root:x";
    assert!(identify(IssuerKind::Kubernetes, issuer, subject, slash).is_err());
}

#[test]
fn an_address_counts_once_its_issuer_has_verified_it() {
    let issuer = "https://login.acme.example";
    for kind in [IssuerKind::Email, IssuerKind::Google] {
        let claims = json!({"email": "me@acme.example", "email_verified": true});
        let identity = identify(kind, issuer, "1234", claims).unwrap();
        same_as(
            &identity,
            &Workload::email("me@acme.example", issuer),
            "1234",
        );
        assert_eq!(identity.challenges(), ["me@acme.example", "1234"]);
    }
    for (claims, refusal) in [
        (
            json!({"email": "me@acme.example"}),
            "the token's issuer has not verified the e-mail address",
        ),
        (
            json!({"email": "me@acme.example", "email_verified": false}),
            "the token's issuer has not verified the e-mail address",
        ),
        (
            json!({"email_verified": true}),
            "the token has no claim `email`, which tokens of email issuers have",
        ),
        (
            json!({"email": "m\u{e9}@acme.example", "email_verified": true}),
            "expected an e-mail address in ASCII as the token's claim `email`, found \"m\u{e9}@acme.example\"",
        ),
        (
            json!({"email": "a@b@acme.example", "email_verified": true}),
            "expected an e-mail address in ASCII as the token's claim `email`, found \"a@b@acme.example\"",
        ),
    ] {
        let refused = identify(IssuerKind::Email, issuer, "1", claims).unwrap_err();
        assert_eq!(refused.to_string(), refusal);
    }
    let refused = identify(IssuerKind::ActiveState, issuer, "1", json!({})).unwrap_err();
    assert!(matches!(refused, IdentityError::NoCertificates { .. }));
}

#[test]
fn a_generic_name_is_made_as_the_operator_says_and_is_a_uri() {
    let issuer = "https://jenkins.acme.example/oidc";
    let claims = json!({"project": "tools", "job": 7});
    let identity = identify(IssuerKind::Generic, issuer, "folder/job", claims.clone()).unwrap();
    assert_eq!(
        uri(&identity),
        "https://jenkins.acme.example/oidc/folder/job"
    );
    let mut policy = policy(IssuerKind::Generic);
    policy.subject = Some("https://ci.example/{project}/{job}".to_owned());
    let identity = policy.identify(&token(issuer, "x", claims)).unwrap();
    assert_eq!(uri(&identity), "https://ci.example/tools/7");
    let strange = json!({"project": "gr\u{fc}n <\"|> \n", "job": 7});
    let identity = policy.identify(&token(issuer, "x", strange)).unwrap();
    assert_eq!(
        uri(&identity),
        "https://ci.example/gr%C3%BCn%20%3C%22%7C%3E%20%0A/7"
    );
    let half = policy.identify(&token(issuer, "x", json!({"job": 7})));
    assert_eq!(
        half.unwrap_err().to_string(),
        "the token has no claim `project`, which tokens of generic issuers have"
    );
}

//! Whose an attestation is.

use serde_json::{Value, json};
use touchplate_attest::{
    EnvironmentCheck, Mismatch, Proven, Publisher, PublisherError, SubjectName,
};
use touchplate_trust::Workload;

use crate::support::{Case, publisher, workload};

const UUID: &str = "11111111-1111-4111-8111-111111111111";

fn proven(who: &Workload) -> Proven {
    let case = Case::good();
    case.verify(&case.mint_by(who)).unwrap()
}

fn parse(publisher: &Value) -> Publisher {
    Publisher::parse(publisher.to_string().as_bytes()).unwrap()
}

/// Each kind with a workload of its own.
fn pairs() -> Vec<(Value, Workload)> {
    vec![
        (
            json!({"kind": "GitHub", "repository": "example/sampleproject", "workflow": "release.yml", "environment": null}),
            workload(),
        ),
        (
            json!({"kind": "GitLab", "repository": "group/sub/project", "workflow_filepath": "ci/release.yml", "environment": null}),
            Workload::gitlab("group/sub/project", "ci/release.yml", "refs/heads/main"),
        ),
        (
            json!({"kind": "Google", "email": "sa@project.iam.gserviceaccount.com"}),
            Workload::google("sa@project.iam.gserviceaccount.com"),
        ),
        (
            json!({"kind": "CircleCI", "project_id": UUID, "pipeline_definition_id": UUID, "vcs_origin": null, "vcs_ref": null}),
            Workload::circleci(
                UUID,
                UUID,
                "github.com/example/sampleproject",
                "refs/heads/main",
            ),
        ),
        (
            json!({"kind": "CircleCI", "project_id": UUID, "pipeline_definition_id": UUID,
                "vcs_origin": "github.com/example/sampleproject", "vcs_ref": "refs/heads/main"}),
            Workload::circleci(
                UUID,
                UUID,
                "github.com/example/sampleproject",
                "refs/heads/main",
            ),
        ),
        (
            json!({"kind": "Email", "email": "a@example.com", "issuer": "https://issuer.example"}),
            Workload::email("a@example.com", "https://issuer.example"),
        ),
        (
            json!({"kind": "Buildkite", "organization": "acme-inc", "pipeline": "super-duper-app"}),
            Workload::buildkite("acme-inc", "super-duper-app"),
        ),
        (
            json!({"kind": "Kubernetes", "issuer": "https://cluster.example/id/1", "namespace": "build",
                "service_account": "release"}),
            Workload::kubernetes("https://cluster.example/id/1", "build", "release"),
        ),
        (
            json!({"kind": "OIDC", "issuer": "https://ci.example",
                "claims": {"san": "https://ci.example/acme/release", "source_repository_ref": "main"}}),
            crate::publisher_kinds::own_ci(),
        ),
        (
            json!({"kind": "GitHubEnterprise", "issuer": "https://github.example/_services/token",
                "repository": "example/sampleproject", "workflow": "release.yml", "environment": null}),
            Workload::github_enterprise(
                "https://github.example",
                "https://github.example/_services/token",
                "example/sampleproject",
                "release.yml",
                "refs/tags/v1.0",
            ),
        ),
        (
            json!({"kind": "GitLabSelfManaged", "issuer": "https://gitlab.example/gitlab",
                "repository": "group/sub/project", "workflow_filepath": "ci/release.yml", "environment": null}),
            Workload::gitlab_self_managed(
                "https://gitlab.example/gitlab",
                "group/sub/project",
                "ci/release.yml",
                "refs/heads/main",
            ),
        ),
    ]
}

#[test]
fn each_kind_matches_its_own_and_is_found_by_its_key() {
    for (json, who) in pairs() {
        let publisher = parse(&json);
        let proven = proven(&who);
        assert!(
            proven.lookup_keys().contains(&publisher.lookup_key()),
            "{json}"
        );
        let verified = proven.by(&publisher).unwrap();
        assert_eq!(verified.publisher(), &publisher);
        assert_eq!(verified.environment(), EnvironmentCheck::NotAsked);
        assert_eq!(publisher.to_json(), json);
        assert!(!publisher.describe().is_empty());
    }
}

#[test]
fn no_kind_matches_another_ones_workload_and_no_key_finds_it() {
    for (at, (json, _)) in pairs().into_iter().enumerate() {
        for (other_at, (_, who)) in pairs().iter().enumerate() {
            let circleci = [3, 4];
            if at == other_at || (circleci.contains(&at) && circleci.contains(&other_at)) {
                continue;
            }
            let proven = proven(who);
            assert!(!proven.lookup_keys().contains(&parse(&json).lookup_key()));
            assert!(proven.by(&parse(&json)).is_err(), "{json} {who:?}");
        }
    }
}

#[test]
fn a_mismatch_names_field_expected_and_found() {
    let field = |change: fn(&mut Workload)| {
        let mut who = workload();
        change(&mut who);
        match proven(&who).by(&publisher()).unwrap_err() {
            Mismatch::Field {
                field,
                expected,
                found,
            } => (field, expected, found.unwrap_or_default()),
            other => panic!("{other:?}"),
        }
    };
    let source = "https://github.com/example/sampleproject";
    let config = format!("{source}/.github/workflows/release.yml@refs/tags/v1.0");
    assert_eq!(
        field(|who| who.issuer = "https://other.example".into()),
        (
            "issuer (OID .1.8)",
            "https://token.actions.githubusercontent.com".into(),
            "https://other.example".into()
        )
    );
    assert_eq!(
        field(|who| who.claims.source_repository_uri =
            Some("https://github.com/example/sampleproject2".into())),
        (
            "source repository (OID .1.12)",
            source.into(),
            "https://github.com/example/sampleproject2".into()
        )
    );
    for other in [
        None,
        Some("https://github.com/example/sampleproject/.github/workflows/other.yml@refs/tags/v1.0"),
        Some(
            "https://github.com/example/sampleproject/.github/workflows/sub/release.yml@refs/tags/v1.0",
        ),
        Some("https://github.com/other/sampleproject/.github/workflows/release.yml@refs/tags/v1.0"),
        Some(
            "https://github.com/example/sampleproject/.github/workflows/release.yml@refs/tags/v1.1",
        ),
        Some("https://github.com/example/sampleproject/.github/workflows/release.yml"),
        Some(
            "https://github.com/example/sampleproject/.github/workflows/Release.yml@refs/tags/v1.0",
        ),
    ] {
        let mut who = workload();
        who.claims.build_config_uri = other.map(str::to_owned);
        let refused = proven(&who).by(&publisher()).unwrap_err();
        let expected = Mismatch::Field {
            field: "workflow (build config URI, OID .1.18)",
            expected: config.clone(),
            found: other.map(str::to_owned),
        };
        assert_eq!(refused, expected);
    }
    let mut who = workload();
    who.claims.source_repository_digest = None;
    who.claims.source_repository_ref = None;
    assert!(proven(&who).by(&publisher()).is_err());
    // The commit instead of the ref is as good.
    let mut who = workload();
    let commit = who.claims.source_repository_digest.clone().unwrap();
    who.claims.build_config_uri = Some(format!("{source}/.github/workflows/release.yml@{commit}"));
    let proven = proven(&who);
    assert!(proven.lookup_keys().contains(&publisher().lookup_key()));
    proven.by(&publisher()).unwrap();
}

#[test]
fn gitlab_certificates_carry_commit_and_ref() {
    let publisher = parse(
        &json!({"kind": "GitLab", "repository": "g/p", "workflow_filepath": ".gitlab-ci.yml"}),
    );
    let good = Workload::gitlab("g/p", ".gitlab-ci.yml", "refs/heads/main");
    proven(&good).by(&publisher).unwrap();
    for change in [
        (|claims| claims.source_repository_digest = None) as fn(&mut touchplate_attest::Claims),
        |claims| claims.source_repository_ref = None,
        |claims| claims.source_repository_uri = Some("https://gitlab.com/g".into()),
        |claims| {
            claims.build_config_uri =
                Some("https://gitlab.com/g/p//other.yml@refs/heads/main".into());
        },
    ] {
        let mut who = good.clone();
        change(&mut who.claims);
        assert!(matches!(
            proven(&who).by(&publisher),
            Err(Mismatch::Field { .. })
        ));
    }
}

#[test]
fn environments_are_compared_where_the_certificate_names_one() {
    let with = |kind: &str| {
        let file = if kind == "GitHub" {
            "workflow"
        } else {
            "workflow_filepath"
        };
        parse(&json!({"kind": kind, "repository": "o/r", file: "r.yml", "environment": "Release"}))
    };
    let github = || Workload::github("o/r", "r.yml", "refs/tags/v1");
    let gitlab = || Workload::gitlab("o/r", "r.yml", "refs/tags/v1");
    for (publisher, who, expected) in [
        (
            with("GitHub"),
            github(),
            Some(EnvironmentCheck::NotProvable),
        ),
        (
            with("GitHub"),
            github().in_environment("Release"),
            Some(EnvironmentCheck::Matched),
        ),
        (
            with("GitHub"),
            github().in_environment("release"),
            Some(EnvironmentCheck::Matched),
        ),
        (with("GitHub"), github().in_environment("other"), None),
        (with("GitHub"), github().in_environment(""), None),
        (
            with("GitLab"),
            gitlab().in_environment("Release"),
            Some(EnvironmentCheck::Matched),
        ),
        (with("GitLab"), gitlab().in_environment("release"), None),
    ] {
        let verified = proven(&who).by(&publisher);
        assert_eq!(
            verified.ok().map(|it| it.environment()),
            expected,
            "{who:?}"
        );
    }
}

#[test]
fn several_names_are_nobodys() {
    let case = Case::good();
    let email = "a@example.com";
    let mut recipe = case.recipe_by(&Workload::email(email, "https://issuer.example"));
    recipe
        .certificate
        .names
        .push(SubjectName::Email("b@example.com".into()));
    let proven = case.verify(&case.mint(&recipe)).unwrap();
    let publisher =
        parse(&json!({"kind": "Email", "email": email, "issuer": "https://issuer.example"}));
    assert!(proven.lookup_keys().is_empty());
    assert!(matches!(
        proven.clone().by(&publisher),
        Err(Mismatch::SeveralSubjects { .. })
    ));
    let refused = proven.by_identity(email, "https://issuer.example");
    assert!(matches!(refused, Err(Mismatch::SeveralSubjects { .. })));
    // A workflow is known by its claims, not by this name.
    let mut recipe = case.recipe();
    recipe
        .certificate
        .names
        .push(SubjectName::Email("b@example.com".into()));
    let proven = case.verify(&case.mint(&recipe)).unwrap();
    assert_eq!(proven.identity().sans().count(), 2);
    proven.by(&crate::support::publisher()).unwrap();
}

#[test]
fn an_identity_is_compared_exactly() {
    let who = proven(&Workload::email("a@example.com", "https://issuer.example"));
    assert!(
        who.clone()
            .by_identity("a@example.com", "https://issuer.example")
            .is_ok()
    );
    for (san, issuer) in [
        ("A@example.com", "https://issuer.example"),
        ("a@example.com", "https://issuer.example/"),
        ("", "https://issuer.example"),
    ] {
        assert!(matches!(
            who.clone().by_identity(san, issuer),
            Err(Mismatch::Field { .. })
        ));
    }
    // A URI that reads like an address is none.
    let mut uri = Workload::email("a@example.com", "https://issuer.example");
    uri.san = SubjectName::Uri("a@example.com".into());
    let publisher = parse(
        &json!({"kind": "Email", "email": "a@example.com", "issuer": "https://issuer.example"}),
    );
    assert!(proven(&uri).by(&publisher).is_err());
}

#[test]
fn of_several_candidates_the_most_certain_is_taken_and_none_says_why() {
    let any = publisher();
    let Publisher::GitHub {
        repository,
        workflow,
        ..
    } = any.clone()
    else {
        unreachable!()
    };
    let release = Publisher::GitHub {
        repository,
        workflow,
        environment: Some("release".into()),
        callee: None,
    };
    let shown = proven(&workload().in_environment("release"));
    assert_eq!(
        shown.clone().by_any([&any, &release]).unwrap().publisher(),
        &release
    );
    assert_eq!(
        shown.by_any([&release, &any]).unwrap().publisher(),
        &release
    );
    let hidden = proven(&workload());
    assert_eq!(
        hidden.clone().by_any([&release, &any]).unwrap().publisher(),
        &any
    );
    let verified = hidden.clone().by_any([&release]).unwrap();
    assert_eq!(verified.environment(), EnvironmentCheck::NotProvable);
    assert_eq!(verified.record().environment, EnvironmentCheck::NotProvable);
    let activestate =
        parse(&json!({"kind": "ActiveState", "organization": "o", "project": "p", "actor": "a"}));
    assert!(!hidden.lookup_keys().contains(&activestate.lookup_key()));
    let none = hidden.clone().by_any([&activestate]).unwrap_err();
    assert_eq!(
        none.tried,
        [(
            activestate.describe(),
            Mismatch::NoIdentity {
                kind: "ActiveState"
            }
        )]
    );
    let text = none.to_string();
    assert!(
        text.contains("ActiveState publishers have no identity"),
        "{text}"
    );
    assert!(hidden.by_any(&[]).is_err());
}

#[test]
fn publishers_are_read_strictly() {
    for (json, field) in [
        (
            json!({"kind": "GitHub", "repository": "o", "workflow": "r.yml"}),
            "repository",
        ),
        (
            json!({"kind": "GitHub", "repository": "o/r/x", "workflow": "r.yml"}),
            "repository",
        ),
        (
            json!({"kind": "GitHub", "repository": "o/..", "workflow": "r.yml"}),
            "repository",
        ),
        (
            json!({"kind": "GitHub", "repository": "o/r?", "workflow": "r.yml"}),
            "repository",
        ),
        (
            json!({"kind": "GitHub", "repository": "o/r", "workflow": "a/r.yml"}),
            "workflow",
        ),
        (
            json!({"kind": "GitHub", "repository": "o/r", "workflow": ""}),
            "workflow",
        ),
        (
            json!({"kind": "GitHub", "repository": "o/r", "workflow": "r\n.yml"}),
            "workflow",
        ),
        (
            json!({"kind": "GitHub", "repository": "o/r", "workflow": "r.yml", "environment": "\u{0}"}),
            "environment",
        ),
        (
            json!({"kind": "GitLab", "repository": "g", "workflow_filepath": "r.yml"}),
            "repository",
        ),
        (
            json!({"kind": "GitLab", "repository": "g//p", "workflow_filepath": "r.yml"}),
            "repository",
        ),
        (json!({"kind": "Google", "email": ""}), "email"),
        (
            json!({"kind": "Email", "email": "a".repeat(5000), "issuer": "i"}),
            "email",
        ),
        (
            json!({"kind": "ActiveState", "organization": "o", "project": "", "actor": "a"}),
            "project",
        ),
        (
            json!({"kind": "CircleCI", "project_id": "", "pipeline_definition_id": "x"}),
            "project_id",
        ),
    ] {
        match Publisher::parse(json.to_string().as_bytes()) {
            Err(PublisherError::Invalid { field: found, .. }) => assert_eq!(found, field, "{json}"),
            other => panic!("{json} {other:?}"),
        }
    }
    for json in [
        json!({"kind": "GitHub", "repository": "o/r"}),
        json!({"kind": "GitHub", "repository": 1, "workflow": "r.yml"}),
        json!({"kind": "GitHub", "repository": "o/r", "workflow": "r.yml", "environment": 1}),
        json!({"repository": "o/r"}),
        json!([]),
        json!(null),
    ] {
        let refused = Publisher::parse(json.to_string().as_bytes());
        assert!(
            matches!(refused, Err(PublisherError::Field(_))),
            "{json} {refused:?}"
        );
    }
    for kind in ["github", "Semaphore", ""] {
        let refused = Publisher::parse(json!({"kind": kind}).to_string().as_bytes());
        assert!(matches!(refused, Err(PublisherError::UnknownKind { .. })));
    }
    assert!(matches!(
        Publisher::parse(br#"{"kind":"Google","kind":"Google","email":"a"}"#),
        Err(PublisherError::Json(_))
    ));
    // serde goes the same way.
    let publisher: Publisher = serde_json::from_str(r#"{"kind":"Google","email":"a"}"#).unwrap();
    assert_eq!(
        serde_json::to_value(&publisher).unwrap(),
        json!({"kind": "Google", "email": "a"})
    );
    assert!(serde_json::from_str::<Publisher>(r#"{"kind":"Google","email":""}"#).is_err());
}

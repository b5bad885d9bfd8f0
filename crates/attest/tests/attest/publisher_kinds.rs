//! Kinds beyond PyPI's, reusable workflows, and the numbers behind a name: each field off alone is refused.

use serde_json::{Value, json};
use touchplate_attest::{Mismatch, Proven, Publisher, PublisherError, SubjectName};
use touchplate_trust::Workload;

use crate::support::{Case, workload};

const SERVER: &str = "https://github.example";
const SERVER_ISSUER: &str = "https://github.example/_services/token";
const TAG: &str = "refs/tags/v1.0";

fn proven(who: &Workload) -> Proven {
    let case = Case::good();
    case.verify(&case.mint_by(who)).unwrap()
}

fn read(publisher: &Value) -> Result<Publisher, PublisherError> {
    Publisher::parse(publisher.to_string().as_bytes())
}

fn parse(publisher: &Value) -> Publisher {
    read(publisher).unwrap()
}

/// A CI of which this program knows nothing.
pub(crate) fn own_ci() -> Workload {
    let mut who = Workload::email("", "https://ci.example");
    who.san = SubjectName::Uri("https://ci.example/acme/release".into());
    who.claims.source_repository_ref = Some("main".into());
    who.claims.token_subject = Some("acme/release".into());
    who
}

/// Checks that the publisher matches `who` and is found by key, and that with each field of text changed alone it does not
/// match, and says which of the certificate's fields is another.
fn matches_in_every_field(publisher: &Value, who: &Workload) {
    let proven = proven(who);
    let good = parse(publisher);
    assert!(
        proven.lookup_keys().contains(&good.lookup_key()),
        "{good:?}"
    );
    assert_eq!(proven.clone().by(&good).unwrap().publisher(), &good);
    assert_eq!(good.to_json(), *publisher);
    for (field, value) in publisher.as_object().unwrap() {
        let changed: Vec<Value> = match value {
            Value::String(text) if field != "kind" => {
                vec![
                    format!("{text}x").into(),
                    format!("x{text}").into(),
                    text.to_uppercase().into(),
                ]
            }
            _ => continue,
        };
        for changed in changed {
            let mut other = publisher.clone();
            other[field] = changed;
            // An issuer that is no URL is not even read.
            let Ok(other) = read(&other) else { continue };
            let refused = proven.clone().by(&other);
            assert!(matches!(refused, Err(Mismatch::Field { .. })), "{other:?}");
        }
    }
}

#[test]
fn each_kind_is_refused_with_any_field_another() {
    matches_in_every_field(
        &json!({"kind": "Buildkite", "organization": "acme", "pipeline": "release"}),
        &Workload::buildkite("acme", "release"),
    );
    matches_in_every_field(
        &json!({"kind": "Kubernetes", "issuer": "https://cluster.example", "namespace": "build", "service_account": "sa"}),
        &Workload::kubernetes("https://cluster.example", "build", "sa"),
    );
    matches_in_every_field(
        &json!({"kind": "GitHub", "repository": "o/r", "workflow": "w.yml", "environment": null,
            "callee_repository": "c/d", "callee_workflow": "v.yml"}),
        &Workload::github("o/r", "w.yml", TAG).calling("c/d", "v.yml", "refs/tags/v3"),
    );
    matches_in_every_field(
        &json!({"kind": "GitHubEnterprise", "issuer": SERVER_ISSUER, "repository": "o/r", "workflow": "w.yml",
            "environment": null, "callee_repository": "c/d", "callee_workflow": "v.yml"}),
        &Workload::github_enterprise(SERVER, SERVER_ISSUER, "o/r", "w.yml", TAG).calling(
            "c/d",
            "v.yml",
            "refs/tags/v3",
        ),
    );
    let staging = Workload::github_enterprise(SERVER, SERVER_ISSUER, "o/r", "w.yml", TAG);
    let publisher = |environment: &str| {
        json!({"kind": "GitHubEnterprise", "issuer": SERVER_ISSUER, "repository": "o/r", "workflow": "w.yml",
            "environment": environment})
    };
    let in_release = proven(&staging.in_environment("release"));
    in_release
        .clone()
        .by(&parse(&publisher("Release")))
        .unwrap();
    in_release.by(&parse(&publisher("other"))).unwrap_err();
    let gitlab = Workload::gitlab_self_managed("https://gitlab.example", "g/s/p", "ci/r.yml", TAG);
    matches_in_every_field(
        &json!({"kind": "GitLabSelfManaged", "issuer": "https://gitlab.example", "repository": "g/s/p",
            "workflow_filepath": "ci/r.yml", "environment": "release"}),
        &gitlab.in_environment("release"),
    );
}

#[test]
fn a_subject_of_another_kind_is_nobodys_pipeline() {
    for (publisher, good) in [
        (
            json!({"kind": "Buildkite", "organization": "acme", "pipeline": "release"}),
            Workload::buildkite("acme", "release"),
        ),
        (
            json!({"kind": "Kubernetes", "issuer": "https://cluster.example", "namespace": "n", "service_account": "s"}),
            Workload::kubernetes("https://cluster.example", "n", "s"),
        ),
    ] {
        let publisher = parse(&publisher);
        for san in [
            format!("{}/", good.san),
            format!("{}?x", good.san),
            good.san.as_str().replace("https:", "http:"),
        ] {
            let mut who = good.clone();
            who.san = SubjectName::Uri(san);
            assert!(matches!(
                proven(&who).by(&publisher),
                Err(Mismatch::Field { .. })
            ));
        }
        let mut who = good.clone();
        who.san = SubjectName::Email(good.san.as_str().into());
        assert!(matches!(
            proven(&who).by(&publisher),
            Err(Mismatch::Field { .. })
        ));
        let mut who = good;
        who.issuer = "https://other.example".into();
        assert!(
            matches!(proven(&who).by(&publisher), Err(Mismatch::Field { field, .. }) if field.contains("issuer"))
        );
    }
}

#[test]
fn a_reusable_workflow_is_both_caller_and_callee() {
    let caller = || Workload::github("o/r", "w.yml", TAG);
    let any = parse(&json!({"kind": "GitHub", "repository": "o/r", "workflow": "w.yml"}));
    let callee = parse(
        &json!({"kind": "GitHub", "repository": "o/r", "workflow": "w.yml",
        "callee_repository": "c/d", "callee_workflow": "v.yml"}),
    );
    let field = |who: &Workload, publisher: &Publisher| match proven(who).by(publisher) {
        Ok(_) => None,
        Err(Mismatch::Field { field, .. }) => Some(field),
        Err(other) => panic!("{other:?}"),
    };
    let signer = Some("reusable workflow (build signer URI, OID .1.9)");
    let commit = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c";
    for at in ["refs/tags/v3", "refs/heads/main", commit] {
        let who = caller().calling("c/d", "v.yml", at);
        assert_eq!(field(&who, &callee), None, "{at}");
        // Without a callee any will do, as on PyPI: the caller's file says whom it calls.
        assert_eq!(field(&who, &any), None, "{at}");
    }
    for (who, expected) in [
        (caller(), signer),
        (caller().calling("c/other", "v.yml", TAG), signer),
        (caller().calling("c/d", "other.yml", TAG), signer),
        (caller().calling("c/d", "sub/v.yml", TAG), signer),
        (caller().calling("c/d", "v.yml", ""), signer),
        (caller().calling("c/d", "v.yml", "refs/"), signer),
        (caller().calling("c/d", "v.yml", "main"), signer),
        // A file of its own: `v.yml@x.yml`.
        (caller().calling("c/d", "v.yml@x.yml", TAG), signer),
        (caller().calling("c/d", "v.yml", &commit[1..]), signer),
    ] {
        assert_eq!(field(&who, &callee), expected, "{who:?}");
    }
    let mut none = caller();
    none.claims.build_signer_uri = None;
    assert_eq!(field(&none, &callee), signer);
    assert_eq!(field(&none, &any), None);
    // The right callee, called by somebody else.
    for (repository, workflow) in [("o/other", "w.yml"), ("o/r", "other.yml")] {
        let who = Workload::github(repository, workflow, TAG).calling("c/d", "v.yml", TAG);
        assert!(field(&who, &callee).is_some_and(|field| Some(field) != signer));
        assert!(field(&who, &any).is_some());
    }
    // Of the same repository, it is told apart as well.
    let own = parse(
        &json!({"kind": "GitHub", "repository": "o/r", "workflow": "w.yml",
        "callee_repository": "o/r", "callee_workflow": "v.yml"}),
    );
    assert_eq!(field(&caller().calling("o/r", "v.yml", TAG), &own), None);
    assert_eq!(field(&caller(), &own), signer);
    assert_eq!(
        own.describe(),
        "GitHub workflow w.yml of o/r, calling v.yml of o/r"
    );
}

#[test]
fn a_host_of_ones_own_follows_from_its_issuer() {
    for (issuer, server) in [
        (SERVER_ISSUER, SERVER),
        (
            "http://127.0.0.1:8080/_services/token",
            "http://127.0.0.1:8080",
        ),
        (
            "https://token.actions.githubusercontent.com/acme",
            "https://github.com",
        ),
        ("https://token.actions.acme.ghe.com", "https://acme.ghe.com"),
        (
            "https://token.actions.github.example",
            "https://token.actions.github.example",
        ),
    ] {
        let publisher = parse(
            &json!({"kind": "GitHubEnterprise", "issuer": issuer, "repository": "o/r", "workflow": "w.yml"}),
        );
        let who = Workload::github_enterprise(server, issuer, "o/r", "w.yml", TAG);
        let right = proven(&who);
        assert!(
            right.lookup_keys().contains(&publisher.lookup_key()),
            "{issuer}"
        );
        right.by(&publisher).unwrap();
        let elsewhere =
            Workload::github_enterprise("https://other.example", issuer, "o/r", "w.yml", TAG);
        assert!(proven(&elsewhere).by(&publisher).is_err(), "{issuer}");
    }
    // github.com's workflows are not an enterprise's, nor the other way round.
    let enterprise = parse(
        &json!({"kind": "GitHubEnterprise", "issuer": "https://token.actions.githubusercontent.com/acme",
        "repository": "example/sampleproject", "workflow": "release.yml"}),
    );
    assert!(proven(&workload()).by(&enterprise).is_err());
    // Fulcio's public instance writes gitlab.com before every GitLab's project.
    let gitlab = parse(
        &json!({"kind": "GitLabSelfManaged", "issuer": "https://gitlab.example", "repository": "g/p",
        "workflow_filepath": "r.yml"}),
    );
    let mut who = Workload::gitlab_self_managed("https://gitlab.example", "g/p", "r.yml", TAG);
    who.claims.source_repository_uri = Some("https://gitlab.com/g/p".into());
    proven(&who).by(&gitlab).unwrap();
    who.claims.source_repository_uri = Some("https://gitlab.com/g/other".into());
    proven(&who).by(&gitlab).unwrap_err();
    // With gitlab.com itself it is not so.
    let mut public = Workload::gitlab("g/p", "r.yml", TAG);
    public.claims.source_repository_uri = Some("https://gitlab.example/g/p".into());
    let publisher =
        parse(&json!({"kind": "GitLab", "repository": "g/p", "workflow_filepath": "r.yml"}));
    proven(&public).by(&publisher).unwrap_err();
}

#[test]
fn any_issuers_claims_are_compared_by_name() {
    let oidc =
        |claims: Value| json!({"kind": "OIDC", "issuer": "https://ci.example", "claims": claims});
    let who = proven(&own_ci());
    for claims in [
        json!({"san": "https://ci.example/acme/release"}),
        json!({"sub": "acme/release"}),
        json!({"sub": "acme/release", "token_subject": "acme/release", "source_repository_ref": "main"}),
    ] {
        let publisher = parse(&oidc(claims));
        assert!(who.lookup_keys().contains(&publisher.lookup_key()));
        who.clone().by(&publisher).unwrap();
    }
    for (claims, expected) in [
        (json!({"san": "https://ci.example/acme/releas"}), "san"),
        (json!({"sub": "acme/Release"}), "sub"),
        (
            json!({"sub": "acme/release", "source_repository_ref": "next"}),
            "source_repository_ref",
        ),
        (
            json!({"sub": "acme/release", "source_repository_uri": "https://ci.example/acme"}),
            "source_repository_uri",
        ),
    ] {
        let refused = who.clone().by(&parse(&oidc(claims)));
        assert!(
            matches!(refused, Err(Mismatch::Field { field, .. }) if field == expected),
            "{refused:?}"
        );
    }
    let elsewhere = parse(
        &json!({"kind": "OIDC", "issuer": "https://ci.example/2", "claims": {"sub": "acme/release"}}),
    );
    assert!(!who.lookup_keys().contains(&elsewhere.lookup_key()));
    assert!(who.clone().by(&elsewhere).is_err());
    // A whole organisation of a public issuer, by its number.
    let organisation = parse(
        &json!({"kind": "OIDC", "issuer": "https://token.actions.githubusercontent.com",
        "claims": {"source_repository_owner_id": "654321"}}),
    );
    proven(&workload()).by(&organisation).unwrap();
    // Several names are none.
    let case = Case::good();
    let mut recipe = case.recipe_by(&own_ci());
    recipe
        .certificate
        .names
        .push(SubjectName::Uri("https://ci.example/other".into()));
    let several = case.verify(&case.mint(&recipe)).unwrap();
    let by_name = parse(&oidc(json!({"san": "https://ci.example/acme/release"})));
    assert!(matches!(
        several.clone().by(&by_name),
        Err(Mismatch::SeveralSubjects { .. })
    ));
    several
        .by(&parse(&oidc(json!({"sub": "acme/release"}))))
        .unwrap();
}

#[test]
fn claims_that_are_everybodys_are_nobodys() {
    for claims in [
        json!({}),
        json!({"runner_environment": "github-hosted"}),
        json!({"source_repository_digest": "abc", "build_trigger": "push", "build_signer_uri": "https://a.example"}),
    ] {
        let read = read(&json!({"kind": "OIDC", "issuer": "https://ci.example", "claims": claims}));
        assert!(
            matches!(read, Err(PublisherError::NobodyInParticular)),
            "{read:?}"
        );
        // Built without asking: still nobody.
        let claims = claims.as_object().unwrap().iter();
        let claims = claims
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().into()))
            .collect();
        let built = Publisher::OIDC {
            issuer: "https://token.actions.githubusercontent.com".into(),
            claims,
        };
        let refused = proven(&workload()).by(&built);
        assert!(matches!(refused, Err(Mismatch::Malformed { kind: "OIDC" })));
    }
    for name in ["jti", "aud", "Sub", "", "Source_repository_uri"] {
        let read = read(
            &json!({"kind": "OIDC", "issuer": "https://ci.example", "claims": {"sub": "x", name: "x"}}),
        );
        assert!(
            matches!(read, Err(PublisherError::UnknownClaim { .. })),
            "{name} {read:?}"
        );
    }
    for claims in [
        json!(null),
        json!([]),
        json!({"sub": 1}),
        json!({"sub": null}),
    ] {
        let read = read(&json!({"kind": "OIDC", "issuer": "https://ci.example", "claims": claims}));
        assert!(matches!(read, Err(PublisherError::Field(_))), "{read:?}");
    }
    let read =
        read(&json!({"kind": "OIDC", "issuer": "https://ci.example", "claims": {"sub": ""}}));
    assert!(matches!(
        read,
        Err(PublisherError::Invalid { field: "sub", .. })
    ));
}

#[test]
fn new_kinds_are_read_strictly() {
    let kubernetes = |field: &str, value: &str| {
        let mut json = json!({"kind": "Kubernetes", "issuer": "https://c.example", "namespace": "n", "service_account": "s"});
        json[field] = value.into();
        json
    };
    let own = |kind: &str, issuer: &str| json!({"kind": kind, "issuer": issuer, "repository": "o/r", "workflow": "w.yml", "workflow_filepath": "w.yml"});
    let callee = |repository: &str, workflow: &str| {
        json!({"kind": "GitHub", "repository": "o/r", "workflow": "w.yml", "callee_repository": repository,
            "callee_workflow": workflow})
    };
    for (json, field) in [
        (kubernetes("namespace", "a/b"), "namespace"),
        (kubernetes("namespace", ".."), "namespace"),
        (kubernetes("service_account", ""), "service_account"),
        (kubernetes("service_account", "a?b"), "service_account"),
        (kubernetes("issuer", "cluster"), "issuer"),
        (kubernetes("issuer", "https://"), "issuer"),
        (kubernetes("issuer", "https://c.example/"), "issuer"),
        (kubernetes("issuer", "https://c.example?x"), "issuer"),
        (kubernetes("issuer", "https://u@c.example"), "issuer"),
        (kubernetes("issuer", "https://c .example"), "issuer"),
        (
            json!({"kind": "Buildkite", "organization": "a/b", "pipeline": "p"}),
            "organization",
        ),
        (
            json!({"kind": "Buildkite", "organization": "a", "pipeline": "p#1"}),
            "pipeline",
        ),
        (
            own(
                "GitHubEnterprise",
                "https://token.actions.githubusercontent.com",
            ),
            "issuer",
        ),
        (own("GitHubEnterprise", "github.example"), "issuer"),
        (own("GitLabSelfManaged", "https://gitlab.com"), "issuer"),
        (
            own("GitLabSelfManaged", "https://gitlab.example/"),
            "issuer",
        ),
        (callee("c", "v.yml"), "callee_repository"),
        (callee("c/..", "v.yml"), "callee_repository"),
        (callee("c/d", "a/v.yml"), "callee_workflow"),
    ] {
        match read(&json) {
            Err(PublisherError::Invalid { field: found, .. }) => assert_eq!(found, field, "{json}"),
            other => panic!("{json} {other:?}"),
        }
    }
    assert!(matches!(
        read(&callee("c/d", "")),
        Err(PublisherError::HalfCallee {
            found: "callee_repository"
        })
    ));
    assert!(matches!(
        read(&callee("", "v.yml")),
        Err(PublisherError::HalfCallee {
            found: "callee_workflow"
        })
    ));
    let gitlab = json!({"kind": "GitLab", "repository": "o/r", "workflow_filepath": "w.yml", "callee_repository": "c/d",
        "callee_workflow": "v.yml"});
    assert!(matches!(
        read(&gitlab),
        Err(PublisherError::NoCallee { kind: "GitLab" })
    ));
}

#[test]
fn the_wire_form_of_what_readers_know_has_no_new_keys() {
    for json in [
        json!({"kind": "GitHub", "repository": "o/r", "workflow": "w.yml", "environment": null}),
        json!({"kind": "GitLab", "repository": "g/p", "workflow_filepath": "w.yml", "environment": "e"}),
        json!({"kind": "Google", "email": "a@b.example"}),
        json!({"kind": "CircleCI", "project_id": "1", "pipeline_definition_id": "2", "vcs_origin": null, "vcs_ref": null}),
    ] {
        let publisher = parse(&json);
        assert!(publisher.is_known_to_readers());
        assert_eq!(publisher.to_json().to_string(), json.to_string());
    }
    // Null, as a reader of newer objects may write it, is no callee.
    let null = parse(
        &json!({"kind": "GitHub", "repository": "o/r", "workflow": "w.yml", "callee_repository": null,
        "callee_workflow": null}),
    );
    assert_eq!(null, Publisher::github("o/r", "w.yml"));
    for json in [
        json!({"kind": "ActiveState", "organization": "o", "project": "p", "actor": "a"}),
        json!({"kind": "Email", "email": "a@b.example", "issuer": "https://i.example"}),
        json!({"kind": "Buildkite", "organization": "o", "pipeline": "p"}),
        json!({"kind": "Kubernetes", "issuer": "https://c.example", "namespace": "n", "service_account": "s"}),
        json!({"kind": "OIDC", "issuer": "https://c.example", "claims": {"sub": "s"}}),
        json!({"kind": "GitHubEnterprise", "issuer": SERVER_ISSUER, "repository": "o/r", "workflow": "w.yml"}),
        json!({"kind": "GitLabSelfManaged", "issuer": SERVER, "repository": "o/r", "workflow_filepath": "w.yml"}),
    ] {
        assert!(!parse(&json).is_known_to_readers(), "{json}");
    }
}

#[test]
fn numbers_are_pinned_and_compared() {
    let verified = proven(&workload())
        .by(&crate::support::publisher())
        .unwrap();
    let ids = verified.ids();
    assert_eq!(ids.to_string(), "repository id 123456 of owner id 654321");
    let nothing = touchplate_attest::PinnedIds::default();
    assert_eq!(nothing.check_ids(&ids).as_ref(), Ok(&ids));
    assert_eq!(ids.check_ids(&ids).as_ref(), Ok(&ids));
    // What was not known is learned, what was known stays.
    let mut half = ids.clone();
    half.owner_id = None;
    assert_eq!(half.check_ids(&ids).as_ref(), Ok(&ids));
    let refused = ids.check_ids(&half).unwrap_err();
    assert_eq!((refused.pinned, refused.found), (ids.clone(), half));
    for change in [
        (|who| who.claims.source_repository_id = Some("1".into())) as fn(&mut Workload),
        |who| who.claims.source_repository_owner_id = Some("1".into()),
        |who| who.claims.source_repository_owner_id = Some(String::new()),
        |who| who.claims.source_repository_id = None,
    ] {
        let mut who = workload();
        change(&mut who);
        let other = proven(&who).by(&crate::support::publisher()).unwrap().ids();
        let refused = ids.check_ids(&other).unwrap_err().to_string();
        assert!(
            refused.contains("123456") && refused.contains(&other.to_string()),
            "{refused}"
        );
    }
    // An organisation has many repositories: only its own number is pinned.
    let oidc = |claims: Value| {
        parse(
            &json!({"kind": "OIDC", "issuer": "https://token.actions.githubusercontent.com", "claims": claims}),
        )
    };
    let owner = oidc(json!({"source_repository_owner_uri": "https://github.com/example"}));
    let ids = proven(&workload()).by(&owner).unwrap().ids();
    assert_eq!(
        (ids.repository_id, ids.owner_id.as_deref()),
        (None, Some("654321"))
    );
    let subject = oidc(json!({"sub": "repo:example/sampleproject:ref:refs/tags/v1.0"}));
    assert!(proven(&workload()).by(&subject).unwrap().ids().is_empty());
    let google = parse(&json!({"kind": "Google", "email": "a@b.example"}));
    assert!(
        proven(&Workload::google("a@b.example"))
            .by(&google)
            .unwrap()
            .ids()
            .is_empty()
    );
}

use super::*;

fn detected(variables: &[&str]) -> Option<Source> {
    Source::detect(&|name| variables.contains(&name).then(|| "true".to_owned()))
}

#[test]
fn a_service_is_known_by_its_variable_and_a_job_before_its_machine() {
    assert_eq!(detected(&["GITHUB_ACTIONS"]), Some(Source::GitHub));
    assert_eq!(detected(&["GITLAB_CI", "CI"]), Some(Source::GitLab));
    assert_eq!(detected(&["CIRCLECI"]), Some(Source::CircleCi));
    assert_eq!(
        detected(&["BUILDKITE", "GCE_METADATA_HOST"]),
        Some(Source::Buildkite)
    );
    assert_eq!(detected(&["SIGSTORE_ID_TOKEN"]), Some(Source::Variable));
    assert_eq!(detected(&["GCE_METADATA_HOST"]), Some(Source::Google));
}

#[test]
fn two_services_in_one_environment_are_seen() {
    let set = |names: &'static [&str]| {
        Source::jobs(&|name| names.contains(&name).then(|| "true".to_owned()))
    };
    assert_eq!(
        set(&["BUILDKITE", "GITHUB_ACTIONS"]),
        [Source::GitHub, Source::Buildkite]
    );
    assert_eq!(set(&["GITLAB_CI", "SIGSTORE_ID_TOKEN"]), [Source::GitLab]);
}

#[test]
fn a_pod_has_a_token_for_each_audience() {
    use crate::identity::token::tests::token;
    let folder = tempfile::tempdir().unwrap();
    let of = |audience: &str| {
        token(&serde_json::json!({"iss": "https://k", "sub": "s", "exp": 1, "aud": [audience]}))
    };
    for (name, text) in [
        ("index", of("acme-index")),
        ("signing", of("sigstore")),
        ("note", "no token".to_owned()),
        ("..hidden", of("hidden")),
    ] {
        std::fs::write(folder.path().join(name), text + "\n").unwrap();
    }
    let path = folder.path().to_str().unwrap().to_owned();
    let variable = |name: &str| match name {
        "KUBERNETES_SERVICE_HOST" => Some("10.0.0.1".to_owned()),
        "TOUCHPLATE_ID_TOKENS" => Some(path.clone()),
        _ => None,
    };
    assert_eq!(Source::detect(&variable), Some(Source::Kubernetes));
    let found = kubernetes::token("acme-index", &variable).unwrap();
    assert_eq!(found.trim(), of("acme-index"));
    for absent in ["other", "hidden"] {
        let refused = kubernetes::token(absent, &variable).unwrap_err();
        assert!(refused.to_string().contains("serviceAccountToken"));
    }
}

#[test]
fn gitlab_names_a_variable_after_the_audience() {
    assert_eq!(gitlab_variable("acme-index"), "ACME_INDEX_ID_TOKEN");
    assert_eq!(
        gitlab_variable("https://i.example/x"),
        "HTTPS___I_EXAMPLE_X_ID_TOKEN"
    );
    let refused = of_gitlab("sigstore", &|_| None).unwrap_err();
    assert!(refused.to_string().contains("SIGSTORE_ID_TOKEN"));
}

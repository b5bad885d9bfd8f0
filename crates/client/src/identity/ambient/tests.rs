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
fn gitlab_names_a_variable_after_the_audience() {
    assert_eq!(gitlab_variable("acme-index"), "ACME_INDEX_ID_TOKEN");
    assert_eq!(
        gitlab_variable("https://i.example/x"),
        "HTTPS___I_EXAMPLE_X_ID_TOKEN"
    );
    let refused = of_gitlab("sigstore", &|_| None).unwrap_err();
    assert!(refused.to_string().contains("SIGSTORE_ID_TOKEN"));
}

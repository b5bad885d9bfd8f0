//! What a CI needs to publish here: its configuration, ready to be copied.

use touchplate_attest::Publisher;
use touchplate_server::config::Audience;

/// Where the index is, and for whom its ID tokens must be.
pub(super) struct Place<'p> {
    pub(super) url: &'p str,
    pub(super) audience: &'p Audience,
}

/// The configuration of a publisher's CI, in its own language.
pub(super) fn configuration(publisher: &Publisher, place: &Place<'_>) -> String {
    let Place { url, audience } = place;
    let upload = format!("uv publish --trusted-publishing always --publish-url {url}/legacy/");
    match publisher {
        Publisher::GitHub {
            workflow,
            environment,
            ..
        }
        | Publisher::GitHubEnterprise {
            workflow,
            environment,
            ..
        } => {
            let environment = environment.as_ref();
            let environment =
                environment.map_or(String::new(), |it| format!("    environment: {it}\n"));
            format!(
                "# .github/workflows/{workflow}\non:\n  push:\n    tags: ['v*']\njobs:\n  publish:\n    runs-on: ubuntu-latest\n\
                 {environment}    permissions:\n      contents: read\n      id-token: write  # the audience is {audience}; uv asks for it\n    \
                 steps:\n      - uses: actions/checkout@v5\n      - run: uv build\n      - run: {upload}\n"
            )
        }
        Publisher::GitLab {
            workflow_filepath,
            environment,
            ..
        }
        | Publisher::GitLabSelfManaged {
            workflow_filepath,
            environment,
            ..
        } => {
            let environment = environment.as_ref();
            let environment =
                environment.map_or(String::new(), |it| format!("  environment: {it}\n"));
            format!(
                "# {workflow_filepath}\npublish:\n{environment}  rules:\n    - if: $CI_COMMIT_TAG\n  id_tokens:\n    {}:\n      aud: {audience}\n  \
                 script:\n    - uv build\n    - {upload}\n",
                audience.variable()
            )
        }
        Publisher::CircleCI { .. } => format!(
            "# .circleci/config.yml: the step that publishes. uv runs `circleci run oidc get` for the audience {audience}\n\
             - run: uv build\n- run: {upload}\n"
        ),
        Publisher::Buildkite { .. } => format!(
            "# .buildkite/pipeline.yml. uv runs `buildkite-agent oidc request-token --audience {audience}`\n\
             steps:\n  - command:\n      - uv build\n      - {upload}\n"
        ),
        Publisher::Google { .. } => format!(
            "# On a machine of this service account. uv asks its metadata server for the audience {audience}\nuv build\n{upload}\n"
        ),
        Publisher::Kubernetes {
            service_account, ..
        } => format!(
            "# A pod with a token for the audience {audience}\nspec:\n  serviceAccountName: {service_account}\n  volumes:\n    - name: id-token\n      \
             projected:\n        sources:\n          - serviceAccountToken:\n              audience: {audience}\n              path: token\n\
             # In it:\n#   {}\n",
            exchange(url, "\"$(cat /var/run/id-token/token)\"")
        ),
        Publisher::ActiveState { .. } | Publisher::Email { .. } | Publisher::OIDC { .. } => {
            format!(
                "# With an ID token for the audience {audience} in ID_TOKEN\n{}\n",
                exchange(url, "\"$ID_TOKEN\"")
            )
        }
    }
}

fn exchange(url: &str, token: &str) -> String {
    format!(
        "export UV_PUBLISH_TOKEN=$(printf '{{\"token\":\"%s\"}}' {token} | curl --fail-with-body -d @- {url}/_/oidc/mint-token | jq -r .token) \
         && uv publish --publish-url {url}/legacy/"
    )
}

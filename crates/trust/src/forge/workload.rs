//! Who signs: a simulated CI workflow or person, with the claims that Fulcio copies from such a one's token.

use touchplate_attest::{Claims, SubjectName};

/// A commit, where nothing asks for a particular one.
const COMMIT: &str = "5d1c5a6f8a0e4f6b9c3d2e1f0a9b8c7d6e5f4a3b";

/// The commit of a reusable workflow.
const CALLED_COMMIT: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c";

/// A signer's identity: issuer, subject alternative name and claims. Fields may be changed before it signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The OpenID Connect issuer.
    pub issuer: String,
    /// The certificate's name for it.
    pub san: SubjectName,
    /// The claims.
    pub claims: Claims,
}

impl Workload {
    /// A workflow of `owner/repository` on github.com, run at `git_ref` (such as `refs/tags/v1.0`).
    pub fn github(repository: &str, workflow: &str, git_ref: &str) -> Self {
        let some = |text: &str| Some(text.to_owned());
        let source = format!("https://github.com/{repository}");
        let owner = repository.split('/').next().unwrap_or_default();
        let config = format!("{source}/.github/workflows/{workflow}@{git_ref}");
        Self {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            san: SubjectName::Uri(config.clone()),
            claims: Claims {
                github_workflow_trigger: some("release"),
                github_workflow_sha: some(COMMIT),
                github_workflow_name: some("Release"),
                github_workflow_repository: some(repository),
                github_workflow_ref: some(git_ref),
                build_signer_uri: Some(config.clone()),
                build_signer_digest: some(COMMIT),
                runner_environment: some("github-hosted"),
                source_repository_digest: some(COMMIT),
                source_repository_ref: some(git_ref),
                source_repository_id: some("123456"),
                source_repository_owner_uri: Some(format!("https://github.com/{owner}")),
                source_repository_owner_id: some("654321"),
                build_config_uri: Some(config),
                build_config_digest: some(COMMIT),
                build_trigger: some("release"),
                run_invocation_uri: Some(format!("{source}/actions/runs/1/attempts/1")),
                source_repository_visibility: some("public"),
                token_subject: Some(format!("repo:{repository}:ref:{git_ref}")),
                source_repository_uri: Some(source),
                ..Claims::default()
            },
        }
    }

    /// A pipeline of `group/…/project` on gitlab.com, run at `git_ref`.
    pub fn gitlab(repository: &str, workflow_filepath: &str, git_ref: &str) -> Self {
        let some = |text: &str| Some(text.to_owned());
        let source = format!("https://gitlab.com/{repository}");
        let owner = repository
            .rsplit_once('/')
            .map_or(repository, |(owner, _)| owner);
        let config = format!("{source}//{workflow_filepath}@{git_ref}");
        Self {
            issuer: "https://gitlab.com".to_owned(),
            san: SubjectName::Uri(config.clone()),
            claims: Claims {
                build_signer_uri: Some(config.clone()),
                build_signer_digest: some(COMMIT),
                runner_environment: some("gitlab-hosted"),
                source_repository_digest: some(COMMIT),
                source_repository_ref: some(git_ref),
                source_repository_id: some("123456"),
                source_repository_owner_uri: Some(format!("https://gitlab.com/{owner}")),
                source_repository_owner_id: some("654321"),
                build_config_uri: Some(config),
                build_config_digest: some(COMMIT),
                build_trigger: some("push"),
                run_invocation_uri: Some(format!("{source}/-/jobs/1")),
                source_repository_visibility: some("public"),
                source_repository_uri: Some(source),
                ..Claims::default()
            },
        }
    }

    /// A Google Cloud service account.
    pub fn google(email: &str) -> Self {
        Self::email(email, "https://accounts.google.com")
    }

    /// A CircleCI pipeline definition, triggered by `vcs_origin` (such as `github.com/owner/repository`) at `vcs_ref`.
    pub fn circleci(
        project_id: &str,
        pipeline_definition_id: &str,
        vcs_origin: &str,
        vcs_ref: &str,
    ) -> Self {
        let some = |text: &str| Some(text.to_owned());
        let signer = format!(
            "https://circleci.com/api/v2/projects/{project_id}/pipeline-definitions/{pipeline_definition_id}"
        );
        Self {
            issuer: "https://oidc.circleci.com".to_owned(),
            san: SubjectName::Uri(signer.clone()),
            claims: Claims {
                build_signer_uri: Some(signer),
                runner_environment: some("circleci-hosted"),
                source_repository_uri: some(vcs_origin),
                source_repository_ref: some(vcs_ref),
                ..Claims::default()
            },
        }
    }

    /// A workflow like [`github`](Self::github)'s on the GitHub at `server`, whose tokens are by `issuer`.
    pub fn github_enterprise(
        server: &str,
        issuer: &str,
        repository: &str,
        workflow: &str,
        git_ref: &str,
    ) -> Self {
        let mut workload =
            Self::github(repository, workflow, git_ref).at("https://github.com", server);
        issuer.clone_into(&mut workload.issuer);
        workload
    }

    /// A pipeline like [`gitlab`](Self::gitlab)'s on the GitLab at `server`, which is the issuer of its tokens.
    pub fn gitlab_self_managed(
        server: &str,
        repository: &str,
        workflow_filepath: &str,
        git_ref: &str,
    ) -> Self {
        let mut workload =
            Self::gitlab(repository, workflow_filepath, git_ref).at("https://gitlab.com", server);
        server.clone_into(&mut workload.issuer);
        workload
    }

    /// The same with URIs on another host.
    fn at(mut self, public: &str, server: &str) -> Self {
        let moved = |uri: &mut String| *uri = uri.replacen(public, server, 1);
        if let SubjectName::Uri(uri) = &mut self.san {
            moved(uri);
        }
        let claims = &mut self.claims;
        [
            &mut claims.build_signer_uri,
            &mut claims.source_repository_uri,
            &mut claims.source_repository_owner_uri,
            &mut claims.build_config_uri,
            &mut claims.run_invocation_uri,
        ]
        .into_iter()
        .flatten()
        .for_each(moved);
        self
    }

    /// A build of a Buildkite pipeline.
    pub fn buildkite(organization: &str, pipeline: &str) -> Self {
        let some = |text: &str| Some(text.to_owned());
        let uri = format!("https://buildkite.com/{organization}/{pipeline}");
        Self {
            issuer: "https://agent.buildkite.com".to_owned(),
            claims: Claims {
                runner_environment: some("self-hosted"),
                source_repository_digest: some(COMMIT),
                build_trigger: some("webhook"),
                run_invocation_uri: Some(format!("{uri}/builds/1#1")),
                ..Claims::default()
            },
            san: SubjectName::Uri(uri),
        }
    }

    /// A service account of the Kubernetes cluster whose tokens are by `issuer`.
    pub fn kubernetes(issuer: &str, namespace: &str, service_account: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            san: SubjectName::Uri(format!(
                "https://kubernetes.io/namespaces/{namespace}/serviceaccounts/{service_account}"
            )),
            claims: Claims::default(),
        }
    }

    /// The same workflow of GitHub, whose job runs in the reusable workflow `workflow` of `repository` (of the same host) at
    /// `git_ref`: that is what signs.
    #[must_use]
    pub fn calling(mut self, repository: &str, workflow: &str, git_ref: &str) -> Self {
        let source = self.claims.source_repository_uri.as_deref();
        let server = source
            .and_then(|source| source.rsplitn(3, '/').nth(2))
            .unwrap_or_default();
        let callee = format!("{server}/{repository}/.github/workflows/{workflow}@{git_ref}");
        self.san = SubjectName::Uri(callee.clone());
        self.claims.build_signer_uri = Some(callee);
        self.claims.build_signer_digest = Some(CALLED_COMMIT.to_owned());
        self
    }

    /// A person with this address, vouched for by `issuer`.
    pub fn email(email: &str, issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            san: SubjectName::Email(email.to_owned()),
            claims: Claims::default(),
        }
    }

    /// The same, run in a deployment environment.
    #[must_use]
    pub fn in_environment(mut self, environment: &str) -> Self {
        self.claims.deployment_environment = Some(environment.to_owned());
        self
    }
}

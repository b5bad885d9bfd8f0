//! Who signs: a simulated CI workflow or person, with the claims that Fulcio copies from such a one's token.

use touchplate_attest::{Claims, SubjectName};

/// A commit, where nothing asks for a particular one.
const COMMIT: &str = "5d1c5a6f8a0e4f6b9c3d2e1f0a9b8c7d6e5f4a3b";

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

//! When two publishers are one.

use super::Publisher;
use super::lookup::folded;

impl Publisher {
    /// Equal for two publishers that nobody could tell apart: the wire form, with what is compared whatever its case in
    /// lower case. The issuer is in it, so the same path on two hosts is two publishers.
    pub fn unique_key(&self) -> String {
        let mut same = self.clone();
        match &mut same {
            Self::GitHub {
                repository,
                environment,
                callee,
                ..
            }
            | Self::GitHubEnterprise {
                repository,
                environment,
                callee,
                ..
            } => {
                *repository = folded(repository);
                *environment = environment.as_deref().map(folded);
                if let Some(callee) = callee {
                    callee.repository = folded(&callee.repository);
                }
            }
            Self::GitLab { repository, .. } | Self::GitLabSelfManaged { repository, .. } => {
                *repository = folded(repository);
            }
            Self::Google { .. }
            | Self::ActiveState { .. }
            | Self::CircleCI { .. }
            | Self::Email { .. }
            | Self::Buildkite { .. }
            | Self::Kubernetes { .. }
            | Self::OIDC { .. } => {}
        }
        same.to_json().to_string()
    }

    /// The deployment environment that it asks for.
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::GitHub { environment, .. }
            | Self::GitHubEnterprise { environment, .. }
            | Self::GitLab { environment, .. }
            | Self::GitLabSelfManaged { environment, .. } => environment.as_deref(),
            _ => None,
        }
    }

    /// The issuer of its tokens, in the words of the certificates; CircleCI's has the organisation added in tokens.
    pub fn issuer(&self) -> &str {
        match self {
            Self::GitHub { .. } => super::GITHUB_ISSUER,
            Self::GitLab { .. } => super::GITLAB_ISSUER,
            Self::Google { .. } => super::GOOGLE_ISSUER,
            Self::ActiveState { .. } => super::ACTIVESTATE_ISSUER,
            Self::CircleCI { .. } => super::CIRCLECI_ISSUER,
            Self::Buildkite { .. } => super::BUILDKITE_ISSUER,
            Self::Email { issuer, .. }
            | Self::Kubernetes { issuer, .. }
            | Self::OIDC { issuer, .. }
            | Self::GitHubEnterprise { issuer, .. }
            | Self::GitLabSelfManaged { issuer, .. } => issuer,
        }
    }

    /// The same publisher with its repository spelled as the provider does, which its certificates are compared with and
    /// readers of provenance see; none where it is spelled so already.
    pub fn spelled_as(&self, canonical: &str) -> Option<Self> {
        let mut spelled = self.clone();
        match &mut spelled {
            Self::GitHub { repository, .. }
            | Self::GitHubEnterprise { repository, .. }
            | Self::GitLab { repository, .. }
            | Self::GitLabSelfManaged { repository, .. }
                if repository != canonical && repository.eq_ignore_ascii_case(canonical) =>
            {
                canonical.clone_into(repository);
                Some(spelled)
            }
            _ => None,
        }
    }
}

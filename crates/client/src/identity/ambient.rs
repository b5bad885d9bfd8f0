//! Identities of the place where a command runs: the CI service, cloud or cluster says who it is, and needs no secret.
//!
//! Each service is known by the variable that it always sets. The first that is found is asked; what it refuses is an error,
//! never a reason to ask another one.

mod error;
mod github;
mod google;
mod kubernetes;
mod program;

use crate::fetch::{Agent, Environment};
pub use error::AmbientError;

use super::token::IdentityToken;

/// Where an ambient identity is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A GitHub Actions job.
    GitHub,
    /// A GitLab CI job.
    GitLab,
    /// A CircleCI job.
    CircleCi,
    /// A Buildkite job.
    Buildkite,
    /// Google Cloud: a service account.
    Google,
    /// A pod of Kubernetes: a service account whose tokens are projected into it.
    Kubernetes,
    /// The variable `SIGSTORE_ID_TOKEN`, which people and other services set.
    Variable,
}

impl Source {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub Actions",
            Self::GitLab => "GitLab CI",
            Self::CircleCi => "CircleCI",
            Self::Buildkite => "Buildkite",
            Self::Google => "Google Cloud",
            Self::Kubernetes => "Kubernetes",
            Self::Variable => "SIGSTORE_ID_TOKEN",
        }
    }

    /// The one that this environment belongs to, if it is known. Only looks at variables, and for Google at what the
    /// machine calls itself.
    pub fn detect(variable: Environment<'_>) -> Option<Self> {
        // A job on a cloud's machine is the job, not the machine; a pod on it is the pod.
        let job = Self::jobs(variable).first().copied();
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        job.or_else(|| set(VARIABLE).then_some(Self::Variable))
            .or_else(|| kubernetes::is_here(variable).then_some(Self::Kubernetes))
            .or_else(|| google::is_here(variable).then_some(Self::Google))
    }

    /// The CI services whose job this environment says that it is. More than one is a mistake that [`detect`](Self::detect)
    /// does not see.
    pub fn jobs(variable: Environment<'_>) -> Vec<Self> {
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let jobs = [
            ("GITHUB_ACTIONS", Self::GitHub),
            ("GITLAB_CI", Self::GitLab),
            ("CIRCLECI", Self::CircleCi),
            ("BUILDKITE", Self::Buildkite),
        ];
        let jobs = jobs.into_iter().filter(|(name, _)| set(name));
        jobs.map(|(_, source)| source).collect()
    }

    /// The token of this source for an audience.
    ///
    /// # Errors
    /// See [`AmbientError`].
    pub fn token(
        self,
        audience: &str,
        agent: &Agent,
        variable: Environment<'_>,
    ) -> Result<IdentityToken, AmbientError> {
        let text = match self {
            Self::GitHub => github::token(audience, agent, variable)?,
            Self::GitLab => of_gitlab(audience, variable)?,
            Self::CircleCi => program::circleci(audience)?,
            Self::Buildkite => program::buildkite(audience)?,
            Self::Google => google::token(audience, agent, variable)?,
            Self::Kubernetes => kubernetes::token(audience, variable)?,
            Self::Variable => variable(VARIABLE).unwrap_or_default(),
        };
        IdentityToken::parse(&text).map_err(|source| AmbientError::NotAToken {
            from: self.describe(),
            source,
        })
    }
}

/// What cosign and others read a token from.
const VARIABLE: &str = "SIGSTORE_ID_TOKEN";

/// GitLab puts a token into a variable that the job's `id_tokens` names; by custom it is named after the audience.
fn of_gitlab(audience: &str, variable: Environment<'_>) -> Result<String, AmbientError> {
    let name = gitlab_variable(audience);
    variable(&name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| AmbientError::GitLab {
            audience: audience.to_owned(),
            variable: name,
        })
}

/// `acme-index` → `ACME_INDEX_ID_TOKEN`, as the Python package `id` and others have it.
fn gitlab_variable(audience: &str) -> String {
    let upper = audience.to_ascii_uppercase();
    let name: String = upper
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    format!("{name}_ID_TOKEN")
}

#[cfg(test)]
mod tests;

//! Publishers in words.

use super::{Callee, Publisher};

impl Publisher {
    /// The publisher in one line for people.
    pub fn describe(&self) -> String {
        match self {
            Self::GitHub {
                repository,
                workflow,
                environment,
                callee,
            } => format!(
                "GitHub workflow {workflow} of {repository}{}{}",
                within(environment.as_deref()),
                calling(callee.as_ref())
            ),
            Self::GitLab {
                repository,
                workflow_filepath,
                environment,
            } => format!(
                "GitLab pipeline {workflow_filepath} of {repository}{}",
                within(environment.as_deref())
            ),
            Self::Google { email } => format!("Google Cloud service account {email}"),
            Self::ActiveState {
                organization,
                project,
                actor,
            } => format!("ActiveState project {organization}/{project}, actor {actor}"),
            Self::CircleCI {
                project_id,
                pipeline_definition_id,
                vcs_origin,
                vcs_ref,
            } => {
                let origin = vcs_origin.as_ref().map(|origin| format!(", from {origin}"));
                let vcs_ref = vcs_ref.as_ref().map(|vcs_ref| format!(", ref {vcs_ref}"));
                format!(
                    "CircleCI pipeline definition {pipeline_definition_id} of project {project_id}{}{}",
                    origin.unwrap_or_default(),
                    vcs_ref.unwrap_or_default()
                )
            }
            Self::Email { email, issuer } => format!("{email}, vouched for by {issuer}"),
            Self::Buildkite {
                organization,
                pipeline,
            } => format!("Buildkite pipeline {organization}/{pipeline}"),
            Self::Kubernetes {
                issuer,
                namespace,
                service_account,
            } => format!(
                "Kubernetes service account {namespace}/{service_account} of the cluster {issuer}"
            ),
            Self::OIDC { issuer, claims } => {
                let claims = claims.iter().map(|(name, value)| format!("{name} {value}"));
                format!(
                    "whoever has {}, vouched for by {issuer}",
                    claims.collect::<Vec<_>>().join(" and ")
                )
            }
            Self::GitHubEnterprise {
                issuer,
                repository,
                workflow,
                environment,
                callee,
            } => format!(
                "GitHub workflow {workflow} of {repository}{}{}, vouched for by {issuer}",
                within(environment.as_deref()),
                calling(callee.as_ref())
            ),
            Self::GitLabSelfManaged {
                issuer,
                repository,
                workflow_filepath,
                environment,
            } => format!(
                "GitLab pipeline {workflow_filepath} of {repository}{}, on {issuer}",
                within(environment.as_deref())
            ),
        }
    }
}

fn within(environment: Option<&str>) -> String {
    environment.map_or_else(String::new, |environment| {
        format!(", environment {environment}")
    })
}

fn calling(callee: Option<&Callee>) -> String {
    callee.map_or_else(String::new, |callee| {
        format!(", calling {} of {}", callee.workflow, callee.repository)
    })
}

//! The claims that a provenance object adds to a publisher, held against the certificate.

use serde_json::{Map, Value};

use super::Publisher;
use crate::identity::{Claims, Identity};
use crate::json;

/// A claim beside a publisher in a provenance object that the certificate contradicts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the publisher's claim `{claim}` says {stated}, but the certificate says {certified:?}")]
pub struct ClaimContradicted {
    /// The claim's name.
    pub claim: String,
    /// What the provenance object says, as JSON.
    pub stated: String,
    /// What the certificate says.
    pub certified: String,
}

impl Publisher {
    /// Holds the `claims` that a provenance object adds to this publisher against the certificate. Claims that are not
    /// known, or that the certificate does not carry, prove nothing and are left alone.
    pub(crate) fn check_claims(
        &self,
        stated: &Map<String, Value>,
        identity: &Identity,
        claims: &Claims,
    ) -> Result<(), ClaimContradicted> {
        for (name, value) in stated {
            let Some((prefix, certified)) = self.certified(name, identity, claims) else {
                continue;
            };
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if format!("{prefix}{text}") != certified {
                return Err(ClaimContradicted {
                    claim: json::shown(name),
                    stated: json::shown(&value.to_string()),
                    certified: json::shown(certified),
                });
            }
        }
        Ok(())
    }

    /// What the certificate says in the place of the identity token's claim `name`, and what it puts in front.
    fn certified<'c>(
        &self,
        name: &str,
        identity: &'c Identity,
        claims: &'c Claims,
    ) -> Option<(&'static str, &'c str)> {
        const GITHUB: &str = "https://github.com/";
        const GITLAB: &str = "https://gitlab.com/";
        let (prefix, claim) = match (self, name) {
            (_, "iss") => return Some(("", identity.issuer())),
            (_, "sub") => ("", &claims.token_subject),
            (Self::Google { .. } | Self::Email { .. }, "email") => {
                return Some(("", identity.only_san()?.as_str()));
            }
            (Self::GitHub { .. }, "ref") | (Self::GitLab { .. }, "ref_path") => {
                ("", &claims.source_repository_ref)
            }
            (Self::GitHub { .. } | Self::GitLab { .. }, "sha") => {
                ("", &claims.source_repository_digest)
            }
            (Self::GitHub { .. } | Self::GitLab { .. }, "runner_environment") => {
                ("", &claims.runner_environment)
            }
            (Self::GitHub { .. }, "repository") => (GITHUB, &claims.source_repository_uri),
            (Self::GitHub { .. }, "repository_id") => ("", &claims.source_repository_id),
            (Self::GitHub { .. }, "repository_owner") => {
                (GITHUB, &claims.source_repository_owner_uri)
            }
            (Self::GitHub { .. }, "repository_owner_id") => {
                ("", &claims.source_repository_owner_id)
            }
            (Self::GitHub { .. }, "repository_visibility") => {
                ("", &claims.source_repository_visibility)
            }
            (Self::GitHub { .. }, "event_name") => ("", &claims.build_trigger),
            (Self::GitHub { .. }, "workflow_ref") => (GITHUB, &claims.build_config_uri),
            (Self::GitHub { .. }, "workflow_sha") => ("", &claims.build_config_digest),
            (Self::GitHub { .. }, "job_workflow_ref") => (GITHUB, &claims.build_signer_uri),
            (Self::GitHub { .. }, "job_workflow_sha") => ("", &claims.build_signer_digest),
            (Self::GitLab { .. }, "project_path") => (GITLAB, &claims.source_repository_uri),
            (Self::GitLab { .. }, "project_id") => ("", &claims.source_repository_id),
            (Self::GitLab { .. }, "namespace_path") => {
                (GITLAB, &claims.source_repository_owner_uri)
            }
            (Self::GitLab { .. }, "namespace_id") => ("", &claims.source_repository_owner_id),
            (Self::GitLab { .. }, "project_visibility") => {
                ("", &claims.source_repository_visibility)
            }
            (Self::GitLab { .. }, "pipeline_source") => ("", &claims.build_trigger),
            (Self::GitLab { .. }, "ci_config_ref_uri") => ("https://", &claims.build_config_uri),
            (Self::GitLab { .. }, "ci_config_sha") => ("", &claims.build_config_digest),
            (Self::CircleCI { .. }, "oidc.circleci.com/vcs-origin") => {
                ("", &claims.source_repository_uri)
            }
            (Self::CircleCI { .. }, "oidc.circleci.com/vcs-ref") => {
                ("", &claims.source_repository_ref)
            }
            _ => return None,
        };
        Some((prefix, claim.as_deref()?))
    }
}

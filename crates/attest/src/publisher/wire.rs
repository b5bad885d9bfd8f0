//! Publishers as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Callee, ClaimMatch, Publisher, PublisherError, form};
use crate::json::{self, FieldError, Object};

/// The longest JSON of one publisher that is read alone.
const MAX_PUBLISHER_BYTES: usize = 64 * 1024;

impl Publisher {
    /// Reads a publisher from its JSON alone.
    pub fn parse(json: &[u8]) -> Result<Self, PublisherError> {
        Self::from_value(&json::read(json, MAX_PUBLISHER_BYTES)?)
    }

    pub(crate) fn from_value(value: &Value) -> Result<Self, PublisherError> {
        let object = Object::new(value, "the publisher")?;
        let text = |key| object.text(key).map(str::to_owned);
        let optional = |key| optional(&object, key);
        let publisher = match object.text("kind")? {
            "GitHub" => Self::GitHub {
                repository: text("repository")?,
                workflow: text("workflow")?,
                environment: optional("environment")?,
                callee: callee(&object)?,
            },
            "GitLab" => Self::GitLab {
                repository: text("repository")?,
                workflow_filepath: text("workflow_filepath")?,
                environment: optional("environment")?,
            },
            "Google" => Self::Google {
                email: text("email")?,
            },
            "ActiveState" => Self::ActiveState {
                organization: text("organization")?,
                project: text("project")?,
                actor: text("actor")?,
            },
            "CircleCI" => Self::CircleCI {
                project_id: text("project_id")?,
                pipeline_definition_id: text("pipeline_definition_id")?,
                vcs_origin: optional("vcs_origin")?,
                vcs_ref: optional("vcs_ref")?,
            },
            "Email" => Self::Email {
                email: text("email")?,
                issuer: text("issuer")?,
            },
            "Buildkite" => Self::Buildkite {
                organization: text("organization")?,
                pipeline: text("pipeline")?,
            },
            "Kubernetes" => Self::Kubernetes {
                issuer: text("issuer")?,
                namespace: text("namespace")?,
                service_account: text("service_account")?,
            },
            "OIDC" => Self::OIDC {
                issuer: text("issuer")?,
                claims: claims(object.required("claims")?)?,
            },
            "GitHubEnterprise" => Self::GitHubEnterprise {
                issuer: text("issuer")?,
                repository: text("repository")?,
                workflow: text("workflow")?,
                environment: optional("environment")?,
                callee: callee(&object)?,
            },
            "GitLabSelfManaged" => Self::GitLabSelfManaged {
                issuer: text("issuer")?,
                repository: text("repository")?,
                workflow_filepath: text("workflow_filepath")?,
                environment: optional("environment")?,
            },
            other => {
                return Err(PublisherError::UnknownKind {
                    found: json::shown(other),
                });
            }
        };
        if publisher.callee().is_none() && callee(&object)?.is_some() {
            return Err(PublisherError::NoCallee {
                kind: publisher.kind(),
            });
        }
        publisher.check_form()?;
        Ok(publisher)
    }

    /// The wire form: an object with `kind`, absent options as null; without a callee, its keys are absent, so that the
    /// kinds that PyPI has look as they do there.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("kind".to_owned(), self.kind().into());
        for (key, value) in self.fields() {
            object.insert(key.to_owned(), value.into());
        }
        if let Self::OIDC { claims, .. } = self {
            let claims = claims.iter();
            let claims = claims.map(|(name, value)| (name.clone(), asked(value)));
            object.insert("claims".to_owned(), Value::Object(claims.collect()));
        }
        Value::Object(object)
    }

    /// Its fields of text in the order of the wire form. An absent option is none; an absent callee is not there at all.
    pub(super) fn fields(&self) -> Vec<(&'static str, Option<&str>)> {
        let mut fields: Vec<(&'static str, Option<&str>)> = Vec::new();
        let mut field = |key, value| fields.push((key, value));
        match self {
            Self::GitHub {
                repository,
                workflow,
                environment,
                callee: _,
            } => {
                field("repository", Some(repository));
                field("workflow", Some(workflow));
                field("environment", environment.as_deref());
            }
            Self::GitLab {
                repository,
                workflow_filepath,
                environment,
            } => {
                field("repository", Some(repository));
                field("workflow_filepath", Some(workflow_filepath));
                field("environment", environment.as_deref());
            }
            Self::Google { email } => field("email", Some(email)),
            Self::ActiveState {
                organization,
                project,
                actor,
            } => {
                field("organization", Some(organization));
                field("project", Some(project));
                field("actor", Some(actor));
            }
            Self::CircleCI {
                project_id,
                pipeline_definition_id,
                vcs_origin,
                vcs_ref,
            } => {
                field("project_id", Some(project_id));
                field("pipeline_definition_id", Some(pipeline_definition_id));
                field("vcs_origin", vcs_origin.as_deref());
                field("vcs_ref", vcs_ref.as_deref());
            }
            Self::Email { email, issuer } => {
                field("email", Some(email));
                field("issuer", Some(issuer));
            }
            Self::Buildkite {
                organization,
                pipeline,
            } => {
                field("organization", Some(organization));
                field("pipeline", Some(pipeline));
            }
            Self::Kubernetes {
                issuer,
                namespace,
                service_account,
            } => {
                field("issuer", Some(issuer));
                field("namespace", Some(namespace));
                field("service_account", Some(service_account));
            }
            Self::OIDC { issuer, claims: _ } => field("issuer", Some(issuer)),
            Self::GitHubEnterprise {
                issuer,
                repository,
                workflow,
                environment,
                callee: _,
            } => {
                field("issuer", Some(issuer));
                field("repository", Some(repository));
                field("workflow", Some(workflow));
                field("environment", environment.as_deref());
            }
            Self::GitLabSelfManaged {
                issuer,
                repository,
                workflow_filepath,
                environment,
            } => {
                field("issuer", Some(issuer));
                field("repository", Some(repository));
                field("workflow_filepath", Some(workflow_filepath));
                field("environment", environment.as_deref());
            }
        }
        if let Some(callee) = self.callee() {
            field("callee_repository", Some(&callee.repository));
            field("callee_workflow", Some(&callee.workflow));
        }
        fields
    }
}

/// Empty counts as absent: older provenance has `"environment": ""`.
fn optional(object: &Object<'_>, key: &'static str) -> Result<Option<String>, FieldError> {
    let text = object.optional_text(key)?;
    Ok(text.filter(|text| !text.is_empty()).map(str::to_owned))
}

fn callee(object: &Object<'_>) -> Result<Option<Callee>, PublisherError> {
    let half = |found| Err(PublisherError::HalfCallee { found });
    match (
        optional(object, "callee_repository")?,
        optional(object, "callee_workflow")?,
    ) {
        (None, None) => Ok(None),
        (Some(repository), Some(workflow)) => Ok(Some(Callee {
            repository,
            workflow,
        })),
        (Some(_), None) => half("callee_repository"),
        (None, Some(_)) => half("callee_workflow"),
    }
}

fn claims(value: &Value) -> Result<BTreeMap<String, ClaimMatch>, PublisherError> {
    let object = Object::new(value, "the publisher's claims")?;
    let claims = object.fields().iter().map(|(name, value)| {
        form::claim_name(name)?;
        Ok((name.clone(), claim_match(&object, value)?))
    });
    claims.collect()
}

/// A text, or an object of one pattern.
fn claim_match(claims: &Object<'_>, value: &Value) -> Result<ClaimMatch, PublisherError> {
    match value {
        Value::String(text) => return Ok(ClaimMatch::Exact(text.clone())),
        Value::Object(_) => {}
        other => Err(claims.wrong_type("a claim", "a text or a pattern", other))?,
    }
    let pattern = Object::new(value, "the claim's pattern")?;
    let invalid = || PublisherError::Invalid {
        field: "claim",
        expected: "a text, or an object of `prefix` or `glob` alone",
        found: json::shown(&value.to_string()),
    };
    if pattern.fields().len() != 1 {
        return Err(invalid());
    }
    match (
        pattern.optional_text("prefix")?,
        pattern.optional_text("glob")?,
    ) {
        (Some(prefix), None) => Ok(ClaimMatch::Prefix(prefix.to_owned())),
        (None, Some(glob)) => Ok(ClaimMatch::Glob(glob.parse()?)),
        _ => Err(invalid()),
    }
}

fn asked(value: &ClaimMatch) -> Value {
    match value {
        ClaimMatch::Exact(text) => text.as_str().into(),
        ClaimMatch::Prefix(prefix) => serde_json::json!({ "prefix": prefix }),
        ClaimMatch::Glob(glob) => serde_json::json!({ "glob": glob.as_str() }),
    }
}

impl TryFrom<Value> for Publisher {
    type Error = PublisherError;

    fn try_from(value: Value) -> Result<Self, PublisherError> {
        Self::from_value(&value)
    }
}

impl From<Publisher> for Value {
    fn from(publisher: Publisher) -> Self {
        publisher.to_json()
    }
}

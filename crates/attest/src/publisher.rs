//! Trusted publishers: who may speak for a project.
//!
//! Source: PEP 740, "Provenance objects".

mod matching;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::json::{self, FieldError, JsonError, Object};

pub use matching::{ClaimContradicted, EnvironmentCheck, Mismatch};
pub(crate) use matching::{issued_by, lookup_keys, only_name, same};

/// The longest JSON of one publisher that is read alone.
const MAX_PUBLISHER_BYTES: usize = 64 * 1024;

/// The longest field of a publisher: the longest path that Linux opens.
const MAX_FIELD_BYTES: usize = 4096;

/// A trusted publisher. On the wire an object with `kind` and the fields below, absent options as null.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Publisher {
    /// A workflow on github.com.
    GitHub {
        /// `owner/repository`, in the case that GitHub shows.
        repository: String,
        /// The workflow's filename below `.github/workflows/`.
        workflow: String,
        /// The deployment environment that the job must run in; any where absent.
        environment: Option<String>,
    },
    /// A pipeline on gitlab.com.
    GitLab {
        /// `group/…/project`.
        repository: String,
        /// The pipeline file's path, such as `.gitlab-ci.yml`.
        workflow_filepath: String,
        /// The environment that the job must run in; any where absent.
        environment: Option<String>,
    },
    /// A Google Cloud service account.
    Google {
        /// Its e-mail address.
        email: String,
    },
    /// An ActiveState project. No certificate shows its identity, so it matches no attestation.
    ActiveState {
        /// The organisation.
        organization: String,
        /// The project.
        project: String,
        /// The actor.
        actor: String,
    },
    /// A CircleCI pipeline definition.
    CircleCI {
        /// The project's UUID.
        project_id: String,
        /// The pipeline definition's UUID.
        pipeline_definition_id: String,
        /// The repository without scheme, such as `github.com/owner/repository`; any where absent.
        vcs_origin: Option<String>,
        /// The git ref; any where absent.
        vcs_ref: Option<String>,
    },
    /// A person, by the e-mail address that an identity provider vouches for.
    Email {
        /// The address, in the case that the provider uses.
        email: String,
        /// The provider's URL.
        issuer: String,
    },
}

/// Why JSON is no publisher.
#[derive(Debug, thiserror::Error)]
pub enum PublisherError {
    /// The bytes are no strict JSON.
    #[error("the publisher is not readable")]
    Json(#[from] JsonError),
    /// A field is missing or has another type.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A kind that this program cannot tie to a certificate.
    #[error(
        "expected GitHub, GitLab, Google, ActiveState, CircleCI or Email as the publisher's kind, found {found:?}"
    )]
    UnknownKind {
        /// What stands there, shortened.
        found: String,
    },
    /// A field's text cannot be what its name says.
    #[error("expected {expected} as the publisher's {field}, found {found:?}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What stands there, shortened.
        found: String,
    },
}

impl Publisher {
    /// Reads a publisher from its JSON alone.
    pub fn parse(json: &[u8]) -> Result<Self, PublisherError> {
        Self::from_value(&json::read(json, MAX_PUBLISHER_BYTES)?)
    }

    pub(crate) fn from_value(value: &Value) -> Result<Self, PublisherError> {
        let object = Object::new(value, "the publisher")?;
        let text = |key| object.text(key).map(str::to_owned);
        // Empty counts as absent: older provenance has `"environment": ""`.
        let optional = |key| -> Result<_, FieldError> {
            let text = object.optional_text(key)?;
            Ok(text.filter(|text| !text.is_empty()).map(str::to_owned))
        };
        let publisher = match object.text("kind")? {
            "GitHub" => Self::GitHub {
                repository: text("repository")?,
                workflow: text("workflow")?,
                environment: optional("environment")?,
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
            other => {
                return Err(PublisherError::UnknownKind {
                    found: json::shown(other),
                });
            }
        };
        publisher.check_form()?;
        Ok(publisher)
    }

    /// Refuses fields that no such publisher can have. Reading checks this; so must who builds one from other input.
    pub fn check_form(&self) -> Result<(), PublisherError> {
        for (field, text) in self.fields() {
            let path_like = match (self, field) {
                (Self::GitHub { .. }, "repository") => Some(Path::OwnerAndName),
                (Self::GitLab { .. }, "repository") => Some(Path::Groups),
                (Self::GitHub { .. }, "workflow") => Some(Path::File),
                _ => None,
            };
            let expected = match path_like {
                _ if text.is_empty() => "some text",
                _ if text.len() > MAX_FIELD_BYTES => "a shorter text",
                _ if text.chars().any(char::is_control) => "text without control characters",
                Some(path) if !path.fits(text) => path.words(),
                _ => continue,
            };
            return Err(PublisherError::Invalid {
                field,
                expected,
                found: json::shown(text),
            });
        }
        Ok(())
    }

    fn fields(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::GitHub {
                repository,
                workflow,
                environment,
            } => {
                let fields = [("repository", repository), ("workflow", workflow)].into_iter();
                fields
                    .chain(environment.as_ref().map(|it| ("environment", it)))
                    .map(borrow)
                    .collect()
            }
            Self::GitLab {
                repository,
                workflow_filepath,
                environment,
            } => {
                let fields = [
                    ("repository", repository),
                    ("workflow_filepath", workflow_filepath),
                ]
                .into_iter();
                fields
                    .chain(environment.as_ref().map(|it| ("environment", it)))
                    .map(borrow)
                    .collect()
            }
            Self::Google { email } => vec![("email", email)],
            Self::ActiveState {
                organization,
                project,
                actor,
            } => {
                vec![
                    ("organization", organization),
                    ("project", project),
                    ("actor", actor),
                ]
            }
            Self::CircleCI {
                project_id,
                pipeline_definition_id,
                vcs_origin,
                vcs_ref,
            } => {
                let fields = [
                    ("project_id", project_id),
                    ("pipeline_definition_id", pipeline_definition_id),
                ];
                let optional = [("vcs_origin", vcs_origin), ("vcs_ref", vcs_ref)];
                let optional = optional
                    .into_iter()
                    .filter_map(|(key, it)| Some((key, it.as_ref()?)));
                fields.into_iter().chain(optional).map(borrow).collect()
            }
            Self::Email { email, issuer } => vec![("email", email), ("issuer", issuer)],
        }
    }

    /// The wire form: an object with `kind`, absent options as null.
    pub fn to_json(&self) -> Value {
        match self {
            Self::GitHub {
                repository,
                workflow,
                environment,
            } => {
                json!({"kind": "GitHub", "repository": repository, "workflow": workflow, "environment": environment})
            }
            Self::GitLab {
                repository,
                workflow_filepath,
                environment,
            } => json!({
                "kind": "GitLab", "repository": repository, "workflow_filepath": workflow_filepath,
                "environment": environment,
            }),
            Self::Google { email } => json!({"kind": "Google", "email": email}),
            Self::ActiveState {
                organization,
                project,
                actor,
            } => {
                json!({"kind": "ActiveState", "organization": organization, "project": project, "actor": actor})
            }
            Self::CircleCI {
                project_id,
                pipeline_definition_id,
                vcs_origin,
                vcs_ref,
            } => json!({
                "kind": "CircleCI", "project_id": project_id, "pipeline_definition_id": pipeline_definition_id,
                "vcs_origin": vcs_origin, "vcs_ref": vcs_ref,
            }),
            Self::Email { email, issuer } => {
                json!({"kind": "Email", "email": email, "issuer": issuer})
            }
        }
    }

    /// The `kind` of the wire form.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::GitHub { .. } => "GitHub",
            Self::GitLab { .. } => "GitLab",
            Self::Google { .. } => "Google",
            Self::ActiveState { .. } => "ActiveState",
            Self::CircleCI { .. } => "CircleCI",
            Self::Email { .. } => "Email",
        }
    }

    /// The publisher in one line for people.
    pub fn describe(&self) -> String {
        let within = |environment: &Option<String>| match environment {
            Some(environment) => format!(", environment {environment}"),
            None => String::new(),
        };
        match self {
            Self::GitHub {
                repository,
                workflow,
                environment,
            } => {
                format!(
                    "GitHub workflow {workflow} of {repository}{}",
                    within(environment)
                )
            }
            Self::GitLab {
                repository,
                workflow_filepath,
                environment,
            } => {
                format!(
                    "GitLab pipeline {workflow_filepath} of {repository}{}",
                    within(environment)
                )
            }
            Self::Google { email } => format!("Google Cloud service account {email}"),
            Self::ActiveState {
                organization,
                project,
                actor,
            } => {
                format!("ActiveState project {organization}/{project}, actor {actor}")
            }
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
        }
    }

    /// Equal for a publisher and every proof that it could match ([`lookup_keys`](crate::Proven::lookup_keys)), so a
    /// database finds the candidates by an index. Exact in case, as the match itself is.
    pub fn lookup_key(&self) -> String {
        match self {
            Self::GitHub {
                repository,
                workflow,
                ..
            } => format!("github:{repository}:{workflow}"),
            Self::GitLab {
                repository,
                workflow_filepath,
                ..
            } => format!("gitlab:{repository}:{workflow_filepath}"),
            Self::Google { email } => format!("google:{email}"),
            Self::ActiveState {
                organization,
                project,
                actor,
            } => format!("activestate:{organization}/{project}:{actor}"),
            Self::CircleCI {
                project_id,
                pipeline_definition_id,
                ..
            } => {
                format!("circleci:{project_id}:{pipeline_definition_id}")
            }
            Self::Email { email, issuer } => format!("email:{email}:{issuer}"),
        }
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

fn borrow<'p>((key, text): (&'static str, &'p String)) -> (&'static str, &'p str) {
    (key, text)
}

/// Texts that become part of a URI's path: what would change the path's meaning is refused.
#[derive(Clone, Copy)]
enum Path {
    OwnerAndName,
    Groups,
    File,
}

impl Path {
    fn fits(self, text: &str) -> bool {
        let part = |part: &str| !part.is_empty() && part != "." && part != "..";
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
        let parts = text.split('/').count();
        match self {
            Self::OwnerAndName => {
                parts == 2 && text.split('/').all(|it| part(it) && it.chars().all(plain))
            }
            Self::Groups => {
                parts >= 2 && text.split('/').all(|it| part(it) && it.chars().all(plain))
            }
            Self::File => parts == 1 && part(text),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::OwnerAndName => "`owner/repository`",
            Self::Groups => "`group/project`",
            Self::File => "a filename without a folder",
        }
    }
}

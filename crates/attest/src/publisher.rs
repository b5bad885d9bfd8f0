//! Trusted publishers: who may speak for a project, and whether a certificate is theirs.
//!
//! Sources: PEP 740 "Provenance objects"; the identities are those that pypi-attestations compares for the kinds that
//! it knows.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::identity::{Claims, Identity, SubjectName};
use crate::json::{self, FieldError, JsonError, Object};

/// The longest JSON of one publisher that is read alone.
const MAX_PUBLISHER_BYTES: usize = 64 * 1024;

/// The longest field of a publisher: the longest path that Linux opens.
const MAX_FIELD_BYTES: usize = 4096;

const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";
const GITLAB_ISSUER: &str = "https://gitlab.com";
const GOOGLE_ISSUER: &str = "https://accounts.google.com";
const CIRCLECI_ISSUER: &str = "https://oidc.circleci.com";

/// A trusted publisher. On the wire an object with `kind`; see `DESIGN.md`, "Publishers as JSON".
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

/// How a certificate differs from what was expected of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// One field differs.
    #[error("expected {expected:?} as the certificate's {field}, found {}", found.as_ref().map_or("none".to_owned(), |found| format!("{found:?}")))]
    Field {
        /// Which one.
        field: &'static str,
        /// What the publisher or identity asks for.
        expected: String,
        /// What the certificate says.
        found: Option<String>,
    },
    /// The certificate has several names: none of them alone says who signed.
    #[error("expected {expected:?} as the certificate's only subject, found {}", found.join(", "))]
    SeveralSubjects {
        /// What was asked for.
        expected: String,
        /// Every name.
        found: Vec<String>,
    },
    /// The publisher's kind has no identity that a certificate could show.
    #[error(
        "{kind} publishers have no identity that a certificate shows, so no attestation can be theirs"
    )]
    NoIdentity {
        /// The kind.
        kind: &'static str,
    },
}

/// What became of a publisher's environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnvironmentCheck {
    /// The publisher allows any.
    NotAsked,
    /// The certificate names the publisher's environment.
    Matched,
    /// The publisher asks for one and the certificate names none: older certificates never do.
    NotProvable,
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

    /// Whether the certificate's holder is this publisher.
    pub(crate) fn check(
        &self,
        identity: &Identity,
        claims: &Claims,
    ) -> Result<EnvironmentCheck, Mismatch> {
        match self {
            Self::GitHub {
                repository,
                workflow,
                environment,
            } => {
                issued_by(identity, GITHUB_ISSUER)?;
                let source = format!("https://github.com/{repository}");
                same(
                    "source repository (OID .1.12)",
                    &source,
                    claims.source_repository_uri.as_deref(),
                )?;
                built_by(&format!("{source}/.github/workflows/{workflow}"), claims)?;
                environment_matches(environment.as_deref(), claims, |a, b| {
                    a.eq_ignore_ascii_case(b)
                })
            }
            Self::GitLab {
                repository,
                workflow_filepath,
                environment,
            } => {
                issued_by(identity, GITLAB_ISSUER)?;
                let source = format!("https://gitlab.com/{repository}");
                same(
                    "source repository (OID .1.12)",
                    &source,
                    claims.source_repository_uri.as_deref(),
                )?;
                // Both are always there in GitLab's tokens; a certificate without one is not what GitLab asked for.
                present(
                    "commit (OID .1.13)",
                    claims.source_repository_digest.as_deref(),
                )?;
                present("ref (OID .1.14)", claims.source_repository_ref.as_deref())?;
                built_by(&format!("{source}//{workflow_filepath}"), claims)?;
                environment_matches(environment.as_deref(), claims, |a, b| a == b)
            }
            Self::Google { email } => {
                issued_by(identity, GOOGLE_ISSUER)?;
                has_email(identity, email)
            }
            Self::ActiveState { .. } => Err(Mismatch::NoIdentity { kind: self.kind() }),
            Self::CircleCI {
                project_id,
                pipeline_definition_id,
                vcs_origin,
                vcs_ref,
            } => {
                issued_by(identity, CIRCLECI_ISSUER)?;
                if let Some(origin) = vcs_origin {
                    same(
                        "source repository (OID .1.12)",
                        origin,
                        claims.source_repository_uri.as_deref(),
                    )?;
                }
                if let Some(vcs_ref) = vcs_ref {
                    same(
                        "ref (OID .1.14)",
                        vcs_ref,
                        claims.source_repository_ref.as_deref(),
                    )?;
                }
                let signer = circleci_signer(project_id, pipeline_definition_id);
                same(
                    "build signer (OID .1.9)",
                    &signer,
                    claims.build_signer_uri.as_deref(),
                )?;
                Ok(EnvironmentCheck::NotAsked)
            }
            Self::Email { email, issuer } => {
                issued_by(identity, issuer)?;
                has_email(identity, email)
            }
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

pub(crate) fn same(
    field: &'static str,
    expected: &str,
    found: Option<&str>,
) -> Result<(), Mismatch> {
    if found == Some(expected) {
        return Ok(());
    }
    Err(Mismatch::Field {
        field,
        expected: expected.to_owned(),
        found: found.map(json::shown),
    })
}

pub(crate) fn issued_by(identity: &Identity, issuer: &str) -> Result<(), Mismatch> {
    same("issuer (OID .1.8)", issuer, Some(identity.issuer()))
}

fn present(field: &'static str, found: Option<&str>) -> Result<(), Mismatch> {
    match found {
        Some(_) => Ok(()),
        None => same(field, "a value", None),
    }
}

/// The certificate's only name.
pub(crate) fn only_name<'i>(
    identity: &'i Identity,
    expected: &str,
) -> Result<&'i SubjectName, Mismatch> {
    identity
        .only_san()
        .ok_or_else(|| Mismatch::SeveralSubjects {
            expected: expected.to_owned(),
            found: identity
                .sans()
                .map(|name| json::shown(name.as_str()))
                .collect(),
        })
}

fn has_email(identity: &Identity, email: &str) -> Result<EnvironmentCheck, Mismatch> {
    let found = match only_name(identity, email)? {
        SubjectName::Email(found) => Some(found.as_str()),
        SubjectName::Uri(_) => None,
    };
    same("e-mail address (subject alternative name)", email, found)?;
    Ok(EnvironmentCheck::NotAsked)
}

/// A publisher does not know the commit or ref that it will run on; the certificate says both, and its build config
/// URI must be the publisher's file at one of them.
fn built_by(file: &str, claims: &Claims) -> Result<(), Mismatch> {
    let found = claims.build_config_uri.as_deref();
    let versions = [
        claims.source_repository_digest.as_deref(),
        claims.source_repository_ref.as_deref(),
    ];
    let at = |version: &str| format!("{file}@{version}");
    if versions
        .iter()
        .flatten()
        .any(|version| found == Some(&at(version)))
    {
        return Ok(());
    }
    let [digest, git_ref] = versions;
    let expected = at(git_ref.or(digest).unwrap_or("<commit or ref>"));
    same("workflow (build config URI, OID .1.18)", &expected, found)
}

fn environment_matches(
    expected: Option<&str>,
    claims: &Claims,
    equal: impl Fn(&str, &str) -> bool,
) -> Result<EnvironmentCheck, Mismatch> {
    let found = claims.deployment_environment.as_deref();
    match (expected, found) {
        (None, _) => Ok(EnvironmentCheck::NotAsked),
        (Some(_), None) => Ok(EnvironmentCheck::NotProvable),
        (Some(expected), Some(found)) if equal(expected, found) => Ok(EnvironmentCheck::Matched),
        (Some(expected), Some(found)) => Err(Mismatch::Field {
            field: "deployment environment (OID .1.23)",
            expected: expected.to_owned(),
            found: Some(json::shown(found)),
        }),
    }
}

const CIRCLECI_PROJECTS: &str = "https://circleci.com/api/v2/projects/";
const CIRCLECI_DEFINITIONS: &str = "/pipeline-definitions/";

fn circleci_signer(project_id: &str, pipeline_definition_id: &str) -> String {
    format!("{CIRCLECI_PROJECTS}{project_id}{CIRCLECI_DEFINITIONS}{pipeline_definition_id}")
}

/// The lookup key of every publisher that could match this holder.
pub(crate) fn lookup_keys(identity: &Identity, claims: &Claims) -> Vec<String> {
    let mut keys = Vec::new();
    let issuer = identity.issuer();
    for (kind, kind_issuer, host, folder) in [
        (
            "github",
            GITHUB_ISSUER,
            "https://github.com/",
            "/.github/workflows/",
        ),
        ("gitlab", GITLAB_ISSUER, "https://gitlab.com/", "//"),
    ] {
        let source = claims
            .source_repository_uri
            .as_deref()
            .filter(|_| issuer == kind_issuer);
        let Some(repository) = source.and_then(|source| source.strip_prefix(host)) else {
            continue;
        };
        let config = claims.build_config_uri.as_deref();
        let file =
            config.and_then(|config| config.strip_prefix(&format!("{host}{repository}{folder}")));
        for version in [
            &claims.source_repository_digest,
            &claims.source_repository_ref,
        ]
        .into_iter()
        .flatten()
        {
            if let Some(file) = file.and_then(|file| file.strip_suffix(version)?.strip_suffix('@'))
            {
                keys.push(format!("{kind}:{repository}:{file}"));
            }
        }
    }
    if issuer == CIRCLECI_ISSUER {
        let signer = claims.build_signer_uri.as_deref();
        let ids = signer.and_then(|signer| {
            signer
                .strip_prefix(CIRCLECI_PROJECTS)?
                .split_once(CIRCLECI_DEFINITIONS)
        });
        keys.extend(ids.map(|(project, definition)| format!("circleci:{project}:{definition}")));
    }
    if let Some(SubjectName::Email(email)) = identity.only_san() {
        keys.push(format!("email:{email}:{issuer}"));
        if issuer == GOOGLE_ISSUER {
            keys.push(format!("google:{email}"));
        }
    }
    keys
}

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

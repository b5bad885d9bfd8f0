//! Whether a certificate is a publisher's.
//!
//! For the kinds that pypi-attestations knows, the claims compared are the same, as exactly.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Publisher;
use crate::identity::{Claims, Identity, SubjectName};
use crate::json;

const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";
const GITLAB_ISSUER: &str = "https://gitlab.com";
const GOOGLE_ISSUER: &str = "https://accounts.google.com";
const CIRCLECI_ISSUER: &str = "https://oidc.circleci.com";

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

//! Whether a certificate is a publisher's.
//!
//! For the kinds that pypi-attestations knows, the claims compared are the same, as exactly. `docs/guide/publishers.md` has
//! a table of what is compared.

use serde::{Deserialize, Serialize};

use super::{
    BUILDKITE_ISSUER, CIRCLECI_ISSUER, Callee, GITHUB_ISSUER, GITLAB_ISSUER, GOOGLE_ISSUER,
    Publisher, form,
};
use crate::identity::{Claims, Identity, SubjectName};
use crate::json;
use form::ClaimName;

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
    /// The publisher asks for a claim that tokens alone have.
    #[error("the publisher asks for the token's claim {claim:?}, which no certificate shows")]
    NotCertified {
        /// The claim.
        claim: String,
    },
    /// The publisher's own fields are not in the form that reading checks ([`Publisher::check_form`]).
    #[error("the {kind} publisher is malformed, so no attestation can be theirs")]
    Malformed {
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
                callee,
            } => {
                issued_by(identity, GITHUB_ISSUER)?;
                self.is_github_workflow(repository, workflow, callee.as_ref(), claims)?;
                environment_matches(environment.as_deref(), claims, str::eq_ignore_ascii_case)
            }
            Self::GitHubEnterprise {
                issuer,
                repository,
                workflow,
                environment,
                callee,
            } => {
                issued_by(identity, issuer)?;
                self.is_github_workflow(repository, workflow, callee.as_ref(), claims)?;
                environment_matches(environment.as_deref(), claims, str::eq_ignore_ascii_case)
            }
            Self::GitLab {
                repository,
                workflow_filepath,
                environment,
            } => {
                issued_by(identity, GITLAB_ISSUER)?;
                self.is_gitlab_pipeline(repository, workflow_filepath, claims)?;
                environment_matches(environment.as_deref(), claims, str::eq)
            }
            Self::GitLabSelfManaged {
                issuer,
                repository,
                workflow_filepath,
                environment,
            } => {
                issued_by(identity, issuer)?;
                self.is_gitlab_pipeline(repository, workflow_filepath, claims)?;
                environment_matches(environment.as_deref(), claims, str::eq)
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
                        SOURCE_REPOSITORY,
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
            Self::Buildkite {
                organization,
                pipeline,
            } => {
                issued_by(identity, BUILDKITE_ISSUER)?;
                let uri = format!("{BUILDKITE_PIPELINES}{organization}/{pipeline}");
                has_uri("pipeline (subject alternative name)", identity, &uri)
            }
            Self::Kubernetes {
                issuer,
                namespace,
                service_account,
            } => {
                issued_by(identity, issuer)?;
                let uri = format!(
                    "{KUBERNETES_NAMESPACES}{namespace}{KUBERNETES_ACCOUNTS}{service_account}"
                );
                has_uri("service account (subject alternative name)", identity, &uri)
            }
            Self::OIDC {
                issuer,
                claims: asked,
            } => {
                // A form without an identifying claim would match everybody of the issuer.
                self.check_form()
                    .map_err(|_| Mismatch::Malformed { kind: self.kind() })?;
                issued_by(identity, issuer)?;
                for (name, expected) in asked {
                    let ClaimName::Certified(name) = form::claim_name(name)
                        .map_err(|_| Mismatch::Malformed { kind: self.kind() })?
                    else {
                        return Err(Mismatch::NotCertified {
                            claim: name.clone(),
                        });
                    };
                    if name == "san" {
                        only_name(identity, expected.as_str())?;
                    }
                    let mut found = asked_claims(identity, claims);
                    let found = found.find(|(found, _)| *found == name);
                    let found = found.map(|(_, value)| value);
                    if !found.is_some_and(|found| expected.fits(found)) {
                        return Err(Mismatch::Field {
                            field: name,
                            expected: expected.to_string(),
                            found: found.map(json::shown),
                        });
                    }
                }
                Ok(EnvironmentCheck::NotAsked)
            }
        }
    }

    /// A workflow of GitHub: the caller by repository and build config URI; the called one, if asked for, by the build
    /// signer URI.
    fn is_github_workflow(
        &self,
        repository: &str,
        workflow: &str,
        callee: Option<&Callee>,
        claims: &Claims,
    ) -> Result<(), Mismatch> {
        let server = self.server();
        let server = server.ok_or_else(|| Mismatch::Malformed { kind: self.kind() })?;
        let source = format!("{server}/{repository}");
        same(
            SOURCE_REPOSITORY,
            &source,
            claims.source_repository_uri.as_deref(),
        )?;
        built_by(&format!("{source}/.github/workflows/{workflow}"), claims)?;
        match callee {
            Some(callee) => signed_by(callee, &server, claims),
            None => Ok(()),
        }
    }

    /// A pipeline of GitLab.
    fn is_gitlab_pipeline(
        &self,
        repository: &str,
        workflow_filepath: &str,
        claims: &Claims,
    ) -> Result<(), Mismatch> {
        let server = self.server();
        let server = server.ok_or_else(|| Mismatch::Malformed { kind: self.kind() })?;
        let source = format!("{server}/{repository}");
        let found = claims.source_repository_uri.as_deref();
        // Fulcio's configuration has one base URL for all GitLabs, so on the public instance the repository of a
        // self-managed one stands below gitlab.com. The issuer says whose it is; the path is what this compares.
        let public = format!("https://gitlab.com/{repository}");
        if found != Some(&public) || matches!(self, Self::GitLab { .. }) {
            same(SOURCE_REPOSITORY, &source, found)?;
        }
        // Both are always there in GitLab's tokens; a certificate without one is not what GitLab asked for.
        present(
            "commit (OID .1.13)",
            claims.source_repository_digest.as_deref(),
        )?;
        present("ref (OID .1.14)", claims.source_repository_ref.as_deref())?;
        built_by(&format!("{source}//{workflow_filepath}"), claims)
    }
}

const SOURCE_REPOSITORY: &str = "source repository (OID .1.12)";

/// What an OIDC publisher may ask for: the names, and what the certificate has. The subject name is there if it is the
/// only one.
pub(super) fn asked_claims<'c>(
    identity: &'c Identity,
    claims: &'c Claims,
) -> impl Iterator<Item = (&'static str, &'c str)> {
    let san = identity.only_san().map(|san| ("san", san.as_str()));
    let sub = claims.token_subject.as_deref().map(|sub| ("sub", sub));
    let named = claims.named().map(|(name, _, value)| (name, value));
    san.into_iter().chain(sub).chain(named)
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
        SubjectName::Uri(_) | SubjectName::Username(_) => None,
    };
    same("e-mail address (subject alternative name)", email, found)?;
    Ok(EnvironmentCheck::NotAsked)
}

fn has_uri(
    field: &'static str,
    identity: &Identity,
    uri: &str,
) -> Result<EnvironmentCheck, Mismatch> {
    let found = match only_name(identity, uri)? {
        SubjectName::Uri(found) => Some(found.as_str()),
        SubjectName::Email(_) | SubjectName::Username(_) => None,
    };
    same(field, uri, found)?;
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

/// The job ran in the reusable workflow, at any ref of it or any commit. GitHub writes refs in full, so a file that is
/// itself called `release.yml@something` does not pass for `release.yml`.
fn signed_by(callee: &Callee, server: &str, claims: &Claims) -> Result<(), Mismatch> {
    let Callee {
        repository,
        workflow,
    } = callee;
    let file = format!("{server}/{repository}/.github/workflows/{workflow}");
    let found = claims.build_signer_uri.as_deref();
    let at = found.and_then(|found| found.strip_prefix(&file)?.strip_prefix('@'));
    let is_commit = |at: &str| {
        const DIGITS: [usize; 2] = [40, 64]; // SHA-1, SHA-256
        DIGITS.contains(&at.len()) && at.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    if at.is_some_and(|at| {
        is_commit(at) || at.strip_prefix("refs/").is_some_and(|it| !it.is_empty())
    }) {
        return Ok(());
    }
    same(
        "reusable workflow (build signer URI, OID .1.9)",
        &format!("{file}@<commit or ref>"),
        found,
    )
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

pub(super) const BUILDKITE_PIPELINES: &str = "https://buildkite.com/";
const KUBERNETES_NAMESPACES: &str = "https://kubernetes.io/namespaces/";
const KUBERNETES_ACCOUNTS: &str = "/serviceaccounts/";
const CIRCLECI_PROJECTS: &str = "https://circleci.com/api/v2/projects/";
const CIRCLECI_DEFINITIONS: &str = "/pipeline-definitions/";

fn circleci_signer(project_id: &str, pipeline_definition_id: &str) -> String {
    format!("{CIRCLECI_PROJECTS}{project_id}{CIRCLECI_DEFINITIONS}{pipeline_definition_id}")
}

/// Project and pipeline definition of a CircleCI signer.
pub(super) fn circleci_ids(signer: &str) -> Option<(&str, &str)> {
    signer
        .strip_prefix(CIRCLECI_PROJECTS)?
        .split_once(CIRCLECI_DEFINITIONS)
}

/// Namespace and service account of a subject name that is Kubernetes'.
pub(super) fn kubernetes_account(uri: &str) -> Option<(&str, &str)> {
    uri.strip_prefix(KUBERNETES_NAMESPACES)?
        .split_once(KUBERNETES_ACCOUNTS)
}

//! Each kind's rule.

use serde_json::Value;

use super::{TokenClaims, TokenMismatch, any_case, exactly};
use crate::json;
use crate::publisher::{
    ACTIVESTATE_ISSUER, BUILDKITE_ISSUER, CIRCLECI_ISSUER, Callee, GITHUB_ISSUER, GITLAB_ISSUER,
    GOOGLE_ISSUER, Publisher,
};

impl Publisher {
    /// Whether the holder of this token is this publisher.
    pub fn check_token(&self, token: &TokenClaims) -> Result<(), TokenMismatch> {
        match self {
            Self::GitHub {
                repository,
                workflow,
                environment,
                callee,
            } => {
                issued_by(token, GITHUB_ISSUER)?;
                github(token, repository, workflow, callee.as_ref())?;
                in_environment(token, environment.as_deref(), any_case)
            }
            Self::GitHubEnterprise {
                issuer,
                repository,
                workflow,
                environment,
                callee,
            } => {
                issued_by(token, issuer)?;
                github(token, repository, workflow, callee.as_ref())?;
                in_environment(token, environment.as_deref(), any_case)
            }
            Self::GitLab {
                repository,
                workflow_filepath,
                environment,
            } => {
                issued_by(token, GITLAB_ISSUER)?;
                gitlab(token, repository, workflow_filepath)?;
                in_environment(token, environment.as_deref(), exactly)
            }
            Self::GitLabSelfManaged {
                issuer,
                repository,
                workflow_filepath,
                environment,
            } => {
                issued_by(token, issuer)?;
                gitlab(token, repository, workflow_filepath)?;
                in_environment(token, environment.as_deref(), exactly)
            }
            Self::Google { email } => {
                issued_by(token, GOOGLE_ISSUER)?;
                has_email(token, email)
            }
            Self::Email { email, issuer } => {
                issued_by(token, issuer)?;
                has_email(token, email)
            }
            Self::ActiveState {
                organization,
                project,
                actor,
            } => {
                issued_by(token, ACTIVESTATE_ISSUER)?;
                activestate(token, organization, project, actor)
            }
            Self::CircleCI {
                project_id,
                pipeline_definition_id,
                vcs_origin,
                vcs_ref,
            } => {
                if !is_circleci(token.issuer()) {
                    issued_by(token, CIRCLECI_ISSUER)?;
                }
                token.is("oidc.circleci.com/project-id", project_id, exactly)?;
                let definition = "oidc.circleci.com/pipeline-definition-id";
                token.is(definition, pipeline_definition_id, exactly)?;
                if let Some(origin) = vcs_origin {
                    optional(token, "oidc.circleci.com/vcs-origin", origin, exactly)?;
                }
                if let Some(vcs_ref) = vcs_ref {
                    optional(token, "oidc.circleci.com/vcs-ref", vcs_ref, exactly)?;
                }
                match token.claims.get("oidc.circleci.com/ssh-rerun") {
                    None | Some(Value::Null | Value::Bool(false)) => Ok(()),
                    Some(_) => Err(TokenMismatch::SshRerun),
                }
            }
            Self::Buildkite {
                organization,
                pipeline,
            } => {
                issued_by(token, BUILDKITE_ISSUER)?;
                token.is("organization_slug", organization, exactly)?;
                token.is("pipeline_slug", pipeline, exactly)
            }
            Self::Kubernetes {
                issuer,
                namespace,
                service_account,
            } => {
                issued_by(token, issuer)?;
                let account = format!("system:serviceaccount:{namespace}:{service_account}");
                token.is("sub", &account, exactly)
            }
            Self::OIDC { issuer, claims } => {
                // A form without an identifying claim would match everybody of the issuer.
                self.check_form()
                    .map_err(|_| TokenMismatch::Malformed { kind: self.kind() })?;
                issued_by(token, issuer)?;
                not_on_a_strangers_word(token)?;
                for (name, expected) in claims {
                    let found = token.asked(name).ok_or_else(|| TokenMismatch::Missing {
                        claim: name.clone(),
                    })?;
                    if !expected.fits(&found) {
                        return Err(TokenMismatch::Required {
                            claim: name.clone(),
                            expected: expected.to_string(),
                            found: Some(json::shown(&found)),
                        });
                    }
                }
                Ok(())
            }
        }
    }
}

impl TokenClaims {
    /// Why a token that no publisher was found for may be malformed: what its provider's tokens must have.
    pub fn why_nobody(&self) -> TokenMismatch {
        let refused = match self.issuer() {
            GITHUB_ISSUER => self.github_caller().map(drop),
            GITLAB_ISSUER => self.gitlab_pipeline().map(drop),
            GOOGLE_ISSUER => self.required("email").map(drop),
            ACTIVESTATE_ISSUER => ["sub", "organization", "project", "actor_id", "builder"]
                .into_iter()
                .try_for_each(|claim| self.required(claim).map(drop)),
            _ => Ok(()),
        };
        refused.err().unwrap_or(TokenMismatch::NotFound)
    }

    /// The claim by which the calling workflow is known, and its value: `workflow_ref`, or for older servers the one that
    /// names whatever workflow the job is in. What a GitHub token must have is asked for first, in the order of PyPI's
    /// documentation.
    pub(super) fn github_caller(&self) -> Result<(&'static str, &str), TokenMismatch> {
        for claim in ["repository", "repository_owner", "repository_owner_id"] {
            self.required(claim)?;
        }
        let job = self.required("job_workflow_ref")?;
        for claim in ["event_name", "ref", "sha"] {
            self.required(claim)?;
        }
        if job.is_empty() {
            return Err(TokenMismatch::Empty {
                claim: "job_workflow_ref",
            });
        }
        let caller = match self.text("workflow_ref") {
            Some(caller) => ("workflow_ref", caller),
            None => ("job_workflow_ref", job),
        };
        if self.versions("ref").is_empty() {
            return Err(TokenMismatch::NoVersion { git_ref: "ref" });
        }
        if !names_a_file(caller.1, "/.github/workflows/") {
            return Err(TokenMismatch::NoWorkflow);
        }
        Ok(caller)
    }

    /// The pipeline's file with host and version; what a GitLab token must have is asked for first.
    pub(super) fn gitlab_pipeline(&self) -> Result<&str, TokenMismatch> {
        for claim in ["sub", "project_path"] {
            self.required(claim)?;
        }
        let config = self.required("ci_config_ref_uri")?;
        for claim in ["ref_path", "sha"] {
            self.required(claim)?;
        }
        if config.is_empty() {
            return Err(TokenMismatch::Empty {
                claim: "ci_config_ref_uri",
            });
        }
        if self.text("ref_path").is_none() || self.text("sha").is_none() {
            return Err(TokenMismatch::NoVersion {
                git_ref: "ref_path",
            });
        }
        if !names_a_file(config, "//") {
            return Err(TokenMismatch::NoWorkflow);
        }
        Ok(config)
    }

    /// Ref and commit, as far as the token says them.
    pub(super) fn versions(&self, git_ref: &str) -> Vec<&str> {
        [self.text(git_ref), self.text("sha")]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// A file of YAML below `folder`, at some version.
fn names_a_file(uri: &str, folder: &str) -> bool {
    let file = uri.split_once(folder).map(|(_, rest)| rest);
    let file = file.and_then(|rest| rest.split_once('@'));
    file.is_some_and(|(file, _)| file.ends_with(".yml") || file.ends_with(".yaml"))
}

/// A workflow of GitHub: the caller by `workflow_ref`, as certificates have it in their build config URI; the called one,
/// if asked for, by `job_workflow_ref`, as they have it in their build signer URI.
/// Source: GitHub, "OpenID Connect reference".
fn github(
    token: &TokenClaims,
    repository: &str,
    workflow: &str,
    callee: Option<&Callee>,
) -> Result<(), TokenMismatch> {
    let (claim, caller) = token.github_caller()?;
    token.is("repository", repository, any_case)?;
    let owner = repository.split('/').next().unwrap_or_default();
    token.is("repository_owner", owner, any_case)?;
    not_on_a_strangers_word(token)?;
    let file = format!("{repository}/.github/workflows/{workflow}");
    at_a_version(
        claim,
        caller,
        &file,
        repository.len(),
        &token.versions("ref"),
    )?;
    match callee {
        Some(callee) => called(token, callee),
        None => Ok(()),
    }
}

fn not_on_a_strangers_word(token: &TokenClaims) -> Result<(), TokenMismatch> {
    match token.text("event_name") {
        Some("pull_request_target") => Err(TokenMismatch::PullRequestTarget),
        _ => Ok(()),
    }
}

/// The job runs in the reusable workflow, at any ref of it or any commit. GitHub writes refs in full, so a file that is
/// itself called `release.yml@something` does not pass for `release.yml`.
fn called(token: &TokenClaims, callee: &Callee) -> Result<(), TokenMismatch> {
    let Callee {
        repository,
        workflow,
    } = callee;
    let claim = "job_workflow_ref";
    let found = token.required(claim)?;
    let rest = strip_any_case(found, repository);
    let rest = rest.and_then(|rest| rest.strip_prefix("/.github/workflows/"));
    let at = rest.and_then(|rest| rest.strip_prefix(workflow.as_str())?.strip_prefix('@'));
    const DIGITS: [usize; 2] = [40, 64]; // SHA-1, SHA-256
    let is_commit =
        |at: &str| DIGITS.contains(&at.len()) && at.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_ref = |at: &str| at.strip_prefix("refs/").is_some_and(|it| !it.is_empty());
    if at.is_some_and(|at| is_commit(at) || is_ref(at)) {
        return Ok(());
    }
    let file = format!("{repository}/.github/workflows/{workflow}");
    Err(TokenMismatch::Workflow {
        claim,
        expected: vec![format!("{file}@<commit or ref>")],
        found: json::shown(found),
    })
}

/// `file@version` for one of the token's own versions. The first `folded` bytes of the file are names whose case means
/// nothing; the rest is exact.
fn at_a_version(
    claim: &'static str,
    found: &str,
    file: &str,
    folded: usize,
    versions: &[&str],
) -> Result<(), TokenMismatch> {
    let names = file.get(..folded).unwrap_or_default();
    let path = file.get(folded..).unwrap_or_default();
    let version = strip_any_case(found, names);
    let version = version.and_then(|rest| rest.strip_prefix(path)?.strip_prefix('@'));
    if version.is_some_and(|version| versions.contains(&version)) {
        return Ok(());
    }
    let mut expected: Vec<String> = versions.iter().map(|it| format!("{file}@{it}")).collect();
    expected.sort();
    Err(TokenMismatch::Workflow {
        claim,
        expected,
        found: json::shown(found),
    })
}

fn strip_any_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// A pipeline of GitLab. Source: GitLab, "ID token authentication", "Token payload".
fn gitlab(token: &TokenClaims, repository: &str, file: &str) -> Result<(), TokenMismatch> {
    let config = token.gitlab_pipeline()?;
    let subject = token.required("sub")?;
    let project = subject.split(':').take(2).collect::<Vec<_>>().join(":");
    let expected = format!("project_path:{repository}");
    if !any_case(&project, &expected) {
        return Err(TokenMismatch::Required {
            claim: "sub".to_owned(),
            expected: format!("{expected}:…"),
            found: Some(json::shown(subject)),
        });
    }
    token.is("project_path", repository, any_case)?;
    let issuer = token.issuer();
    let host = issuer.split_once("://").map_or(issuer, |(_, host)| host);
    let project = format!("{host}/{repository}");
    at_a_version(
        "ci_config_ref_uri",
        config,
        &format!("{project}//{file}"),
        project.len(),
        &token.versions("ref_path"),
    )
}

fn has_email(token: &TokenClaims, email: &str) -> Result<(), TokenMismatch> {
    token.is("email", email, exactly)?;
    match token.claims.get("email_verified") {
        Some(Value::Bool(true)) => Ok(()),
        None | Some(Value::Null) => Err(TokenMismatch::Missing {
            claim: "email_verified".to_owned(),
        }),
        Some(other) => Err(TokenMismatch::Required {
            claim: "email_verified".to_owned(),
            expected: "true".to_owned(),
            found: Some(json::shown(&other.to_string())),
        }),
    }
}

fn activestate(
    token: &TokenClaims,
    organization: &str,
    project: &str,
    actor: &str,
) -> Result<(), TokenMismatch> {
    let subject = token.required("sub")?;
    token.is("organization", organization, exactly)?;
    token.is("project", project, exactly)?;
    token.is("actor_id", actor, exactly)?;
    token.is("builder", "pypi-publisher", exactly)?;
    let parts: Vec<_> = subject.split(':').take(4).collect();
    match *parts {
        ["org", o, "project", p] if o == organization && p == project => Ok(()),
        ["org", _, "project", _] => Err(TokenMismatch::Subject),
        _ => Err(TokenMismatch::SubjectFormat),
    }
}

/// CircleCI has an issuer an organisation.
pub(super) fn is_circleci(issuer: &str) -> bool {
    let organisation = issuer.strip_prefix(CIRCLECI_ISSUER);
    match organisation {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix("/org/")
            .is_some_and(|id| !id.is_empty() && !id.contains('/')),
        None => false,
    }
}

fn issued_by(token: &TokenClaims, issuer: &str) -> Result<(), TokenMismatch> {
    if token.issuer() == issuer {
        return Ok(());
    }
    Err(TokenMismatch::Issuer {
        expected: issuer.to_owned(),
        found: json::shown(token.issuer()),
    })
}

fn in_environment(
    token: &TokenClaims,
    expected: Option<&str>,
    equal: impl Fn(&str, &str) -> bool,
) -> Result<(), TokenMismatch> {
    match expected {
        Some(expected) => optional(token, "environment", expected, equal),
        None => Ok(()),
    }
}

fn optional(
    token: &TokenClaims,
    claim: &'static str,
    expected: &str,
    equal: impl Fn(&str, &str) -> bool,
) -> Result<(), TokenMismatch> {
    let found = token.text(claim);
    if found.is_some_and(|found| equal(expected, found)) {
        return Ok(());
    }
    Err(TokenMismatch::Optional {
        claim,
        expected: expected.to_owned(),
        found: found.map(json::shown),
    })
}

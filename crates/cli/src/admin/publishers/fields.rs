//! A publisher as flags say it: a kind with its fields, or an object.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use touchplate_attest::{Callee, ClaimMatch, Glob, Publisher as Expected};

use crate::report::Failure;

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct Which {
    /// What kind of publisher it is
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// The publisher as a publisher object, of any kind
    #[arg(long, value_name = "OBJECT", value_parser = from_json)]
    json: Option<Expected>,
}

impl Which {
    /// The publisher that kind and fields, or the object, name.
    pub(super) fn publisher(self, fields: Fields) -> Result<Expected, Failure> {
        match self {
            Self {
                json: Some(publisher),
                ..
            } => {
                fields
                    .none_left("given as --json")
                    .map_err(Failure::usage)?;
                Ok(publisher)
            }
            Self {
                kind: Some(kind), ..
            } => fields.publisher(kind).map_err(|error| {
                Failure::usage(error)
                    .hint("`touchplate admin publisher add --help` shows the fields of each kind")
            }),
            // Clap asks for one of the two; this says so in other words.
            Self {
                kind: None,
                json: None,
            } => Err(Failure::usage("expected --kind or --json")),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A workflow on github.com
    Github,
    /// A pipeline on gitlab.com
    Gitlab,
    /// A Google Cloud service account
    Google,
    /// An ActiveState project
    Activestate,
    /// A CircleCI pipeline definition
    Circleci,
    /// A person, by e-mail address
    Email,
    /// A Buildkite pipeline
    Buildkite,
    /// A service account of a Kubernetes cluster
    Kubernetes,
    /// Whoever has certain claims of an identity provider
    Oidc,
    /// A workflow on a GitHub of your own
    GithubEnterprise,
    /// A pipeline on a GitLab of your own
    GitlabSelfManaged,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Google => "google",
            Self::Activestate => "activestate",
            Self::Circleci => "circleci",
            Self::Email => "email",
            Self::Buildkite => "buildkite",
            Self::Kubernetes => "kubernetes",
            Self::Oidc => "oidc",
            Self::GithubEnterprise => "github-enterprise",
            Self::GitlabSelfManaged => "gitlab-self-managed",
        }
    }
}

/// What the kinds ask for. Which of them belong to which kind is checked in [`Fields::publisher`].
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Fields of the publisher")]
pub(super) struct Fields {
    /// github…, gitlab…: OWNER/NAME, or GROUP/…/PROJECT
    #[arg(long, value_name = "O/R")]
    repository: Option<String>,
    /// github…: the workflow's filename below .github/workflows/
    #[arg(long, value_name = "FILE")]
    workflow: Option<String>,
    /// gitlab…: the pipeline file's path in the repository
    #[arg(long, value_name = "PATH")]
    workflow_filepath: Option<String>,
    /// github…, gitlab…: the environment that the job must run in [default: any]
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// github…: the repository of the reusable workflow that the workflow must call [default: any or none]
    #[arg(long, value_name = "O/R", requires = "callee_workflow")]
    callee_repository: Option<String>,
    /// github…: that reusable workflow's filename
    #[arg(long, value_name = "FILE", requires = "callee_repository")]
    callee_workflow: Option<String>,
    /// google, email: the address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// email, kubernetes, oidc, github-enterprise, gitlab-self-managed: URL of the identity provider that vouches
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// activestate, buildkite: the organisation
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// activestate: the project there (--project is the one on this index)
    #[arg(long, value_name = "NAME")]
    activestate_project: Option<String>,
    /// activestate: who runs the build
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// circleci: the project's UUID (--project is the one on this index)
    #[arg(long, value_name = "UUID")]
    project_id: Option<String>,
    /// circleci: the pipeline definition's UUID
    #[arg(long, value_name = "UUID")]
    pipeline_definition_id: Option<String>,
    /// circleci: the repository, such as github.com/owner/name [default: any]
    #[arg(long, value_name = "REPOSITORY")]
    vcs_origin: Option<String>,
    /// circleci: the git ref [default: any]
    #[arg(long, value_name = "REF")]
    vcs_ref: Option<String>,
    /// buildkite: the pipeline, as in its URL
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// kubernetes: the namespace
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// kubernetes: the service account
    #[arg(long, value_name = "NAME")]
    service_account: Option<String>,
    /// oidc: a claim that token and certificate must have, `sub`, `san` or such as `source_repository_uri`, or one that
    /// tokens alone have; NAME^=PREFIX and NAME~=GLOB ask for a beginning or a pattern; once for each
    #[arg(long = "claim", value_name = "NAME=VALUE", value_parser = claim)]
    claims: Vec<(String, ClaimMatch)>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum FieldsError {
    #[error("a publisher of kind {kind} needs --{flag}", kind = .kind.word())]
    Missing { kind: Kind, flag: &'static str },
    #[error("a publisher {of} has no --{flag}")]
    Foreign { of: String, flag: &'static str },
    #[error("--claim {name}=… was given twice; a claim has one value")]
    Twice { name: String },
}

fn claim(given: &str) -> Result<(String, ClaimMatch), String> {
    let (name, value) = given
        .split_once('=')
        .ok_or("expected NAME=VALUE, such as sub=acme/release")?;
    let value = value.to_owned();
    Ok(if let Some(name) = name.strip_suffix('^') {
        (name.to_owned(), ClaimMatch::Prefix(value))
    } else if let Some(name) = name.strip_suffix('~') {
        let glob = value.parse::<Glob>().map_err(|error| error.to_string())?;
        (name.to_owned(), ClaimMatch::Glob(glob))
    } else {
        (name.to_owned(), ClaimMatch::Exact(value))
    })
}

fn from_json(given: &str) -> Result<Expected, String> {
    // Clap shows one text, so the causes are put into it.
    Expected::parse(given.as_bytes())
        .map_err(|error| crate::report::causes(&error).collect::<Vec<_>>().join(": "))
}

impl Fields {
    /// The publisher of that kind. A field of another kind is refused: it would look as if it restricted something.
    fn publisher(mut self, kind: Kind) -> Result<Expected, FieldsError> {
        fn need(
            field: &mut Option<String>,
            kind: Kind,
            flag: &'static str,
        ) -> Result<String, FieldsError> {
            field.take().ok_or(FieldsError::Missing { kind, flag })
        }
        let publisher = match kind {
            Kind::Github => Expected::GitHub {
                repository: need(&mut self.repository, kind, "repository")?,
                workflow: need(&mut self.workflow, kind, "workflow")?,
                environment: self.environment.take(),
                callee: self.callee(),
            },
            Kind::Gitlab => Expected::GitLab {
                repository: need(&mut self.repository, kind, "repository")?,
                workflow_filepath: need(&mut self.workflow_filepath, kind, "workflow-filepath")?,
                environment: self.environment.take(),
            },
            Kind::Google => Expected::Google {
                email: need(&mut self.email, kind, "email")?,
            },
            Kind::Activestate => Expected::ActiveState {
                organization: need(&mut self.organization, kind, "organization")?,
                project: need(&mut self.activestate_project, kind, "activestate-project")?,
                actor: need(&mut self.actor, kind, "actor")?,
            },
            Kind::Circleci => Expected::CircleCI {
                project_id: need(&mut self.project_id, kind, "project-id")?,
                pipeline_definition_id: need(
                    &mut self.pipeline_definition_id,
                    kind,
                    "pipeline-definition-id",
                )?,
                vcs_origin: self.vcs_origin.take(),
                vcs_ref: self.vcs_ref.take(),
            },
            Kind::Email => Expected::Email {
                email: need(&mut self.email, kind, "email")?,
                issuer: need(&mut self.issuer, kind, "issuer")?,
            },
            Kind::Buildkite => Expected::Buildkite {
                organization: need(&mut self.organization, kind, "organization")?,
                pipeline: need(&mut self.pipeline, kind, "pipeline")?,
            },
            Kind::Kubernetes => Expected::Kubernetes {
                issuer: need(&mut self.issuer, kind, "issuer")?,
                namespace: need(&mut self.namespace, kind, "namespace")?,
                service_account: need(&mut self.service_account, kind, "service-account")?,
            },
            Kind::Oidc => Expected::OIDC {
                issuer: need(&mut self.issuer, kind, "issuer")?,
                claims: self.claims()?,
            },
            Kind::GithubEnterprise => Expected::GitHubEnterprise {
                issuer: need(&mut self.issuer, kind, "issuer")?,
                repository: need(&mut self.repository, kind, "repository")?,
                workflow: need(&mut self.workflow, kind, "workflow")?,
                environment: self.environment.take(),
                callee: self.callee(),
            },
            Kind::GitlabSelfManaged => Expected::GitLabSelfManaged {
                issuer: need(&mut self.issuer, kind, "issuer")?,
                repository: need(&mut self.repository, kind, "repository")?,
                workflow_filepath: need(&mut self.workflow_filepath, kind, "workflow-filepath")?,
                environment: self.environment.take(),
            },
        };
        self.none_left(&format!("of kind {}", kind.word()))?;
        Ok(publisher)
    }

    /// The reusable workflow; clap lets neither of the two come alone.
    fn callee(&mut self) -> Option<Callee> {
        let (repository, workflow) = (self.callee_repository.take()?, self.callee_workflow.take()?);
        Some(Callee {
            repository,
            workflow,
        })
    }

    fn claims(&mut self) -> Result<BTreeMap<String, ClaimMatch>, FieldsError> {
        let mut claims = BTreeMap::new();
        for (name, value) in std::mem::take(&mut self.claims) {
            if claims.insert(name.clone(), value).is_some() {
                return Err(FieldsError::Twice { name });
            }
        }
        Ok(claims)
    }

    fn none_left(&self, of: &str) -> Result<(), FieldsError> {
        let fields = [
            ("repository", &self.repository),
            ("workflow", &self.workflow),
            ("workflow-filepath", &self.workflow_filepath),
            ("environment", &self.environment),
            ("callee-repository", &self.callee_repository),
            ("callee-workflow", &self.callee_workflow),
            ("email", &self.email),
            ("issuer", &self.issuer),
            ("organization", &self.organization),
            ("activestate-project", &self.activestate_project),
            ("actor", &self.actor),
            ("project-id", &self.project_id),
            ("pipeline-definition-id", &self.pipeline_definition_id),
            ("vcs-origin", &self.vcs_origin),
            ("vcs-ref", &self.vcs_ref),
            ("pipeline", &self.pipeline),
            ("namespace", &self.namespace),
            ("service-account", &self.service_account),
        ];
        let left = fields.into_iter().find(|(_, value)| value.is_some());
        let left = left.map(|(flag, _)| flag);
        match left.or((!self.claims.is_empty()).then_some("claim")) {
            Some(flag) => Err(FieldsError::Foreign {
                of: of.to_owned(),
                flag,
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(fill: impl FnOnce(&mut Fields)) -> Fields {
        let mut fields = Fields::default();
        fill(&mut fields);
        fields
    }

    #[test]
    fn a_kind_takes_its_own_fields_and_no_other() {
        let github = |fields: &mut Fields| {
            fields.repository = Some("o/r".into());
            fields.workflow = Some("w.yml".into());
        };
        assert!(matches!(
            given(github).publisher(Kind::Github),
            Ok(Expected::GitHub {
                environment: None,
                ..
            })
        ));
        assert_eq!(
            given(github).publisher(Kind::Gitlab),
            Err(FieldsError::Missing {
                kind: Kind::Gitlab,
                flag: "workflow-filepath"
            })
        );
        let with_email = |fields: &mut Fields| {
            github(fields);
            fields.email = Some("a@b".into());
        };
        assert_eq!(
            given(with_email).publisher(Kind::Github),
            Err(FieldsError::Foreign {
                of: "of kind github".into(),
                flag: "email"
            })
        );
    }
}

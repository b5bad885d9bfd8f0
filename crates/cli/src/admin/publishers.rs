//! Publishers: who may vouch for a project's files.

use std::collections::BTreeMap;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use touchplate_attest::{Callee, ClaimMatch, Glob, PinnedIds, Publisher as Expected};
use touchplate_index::Index;
use touchplate_index::accounts::UserName;
use touchplate_index::ports::{PendingId, PublisherId};
use touchplate_index::projects::{ReadError, Visibility};
use touchplate_index::trusted_publishing::{PendingPublisher, Terms, TokenSeconds};
use touchplate_packaging::{DisplayName, ProjectName};
use touchplate_server::config::{Audience, Config, PublicUrl};

use super::{ci, done, origin};
use crate::options::{Format, REPORT_VERSION, Reporting, one_of};
use crate::report::{Failure, Outcome, say, say_json};
use crate::screen::columns;

/// Commands about publishers.
#[derive(Debug, Subcommand)]
pub(crate) enum Publisher {
    /// Add a publisher to a project: attestations by it are accepted from then on
    #[command(after_help = "\
Examples:
  touchplate admin publisher add --project demo --kind github --repository example/demo --workflow release.yml
  touchplate admin publisher add --project demo --kind github --repository example/demo --workflow release.yml \\
      --callee-repository example/shared --callee-workflow build.yml
  touchplate admin publisher add --project new-thing --pending --kind github --repository example/new --workflow release.yml
  touchplate admin publisher add --project demo --kind gitlab --repository group/demo --workflow-filepath .gitlab-ci.yml
  touchplate admin publisher add --project demo --kind google --email builder@example.iam.gserviceaccount.com
  touchplate admin publisher add --project demo --kind email --email a@example.org --issuer https://accounts.example.org
  touchplate admin publisher add --project demo --kind activestate --organization o --activestate-project p --actor a
  touchplate admin publisher add --project demo --kind circleci --project-id UUID --pipeline-definition-id UUID
  touchplate admin publisher add --project demo --kind buildkite --organization acme --pipeline release
  touchplate admin publisher add --project demo --kind kubernetes --issuer https://cluster.example --namespace build --service-account release
  touchplate admin publisher add --project demo --kind oidc --issuer https://ci.example --claim sub=acme/release
  touchplate admin publisher add --project demo --kind github-enterprise --issuer https://github.example/_services/token \\
      --repository example/demo --workflow release.yml
  touchplate admin publisher add --project demo --kind gitlab-self-managed --issuer https://gitlab.example \\
      --repository group/demo --workflow-filepath .gitlab-ci.yml
  touchplate admin publisher add --project demo --json '{\"kind\":\"GitHub\",\"repository\":\"o/r\",\"workflow\":\"w.yml\"}'")]
    Add(Box<Add>),
    /// List the publishers of a project
    #[command(after_help = "Example:\n  touchplate admin publisher list --project demo")]
    List {
        /// The project
        #[arg(long)]
        project: ProjectName,
        #[command(flatten)]
        reporting: Reporting,
    },
    /// Show one publisher, and with --ci what its CI needs to publish here
    #[command(
        after_help = "Example: a configuration to copy\n  touchplate admin publisher show --project demo 3 --ci"
    )]
    Show {
        /// The project
        #[arg(long)]
        project: ProjectName,
        /// Its number, as `publisher list` shows it
        id: i64,
        /// Print the configuration of its CI, with the audience and the variable in which GitLab leaves the token
        #[arg(long)]
        ci: bool,
    },
    /// List the publishers of projects that do not exist yet
    #[command(after_help = "Example:\n  touchplate admin publisher pending")]
    Pending {
        #[command(flatten)]
        reporting: Reporting,
    },
    /// Remove a pending publisher
    #[command(after_help = "Example:\n  touchplate admin publisher remove-pending 3")]
    RemovePending {
        /// Its number, as `publisher pending` shows it
        id: i64,
    },
    /// Set the terms of a publisher, in place of those that it has
    #[command(
        after_help = "Example:\n  touchplate admin publisher terms --project demo 3 --token-seconds 3600 --git-ref 'refs/tags/v*'"
    )]
    Terms {
        /// The project
        #[arg(long)]
        project: ProjectName,
        /// Its number, as `publisher list` shows it
        id: i64,
        #[command(flatten)]
        terms: TermsGiven,
    },
    /// Set or forget the numbers of repository and owner that a publisher is pinned to since its first attestation
    #[command(after_help = "\
A publisher's first accepted attestation pins the numbers that GitHub or GitLab gave to its repository and their owner.
Later ones with other numbers are refused: the name may have been registered anew by somebody else.

Examples:
  touchplate admin publisher repin --project demo 3 --forget-ids
  touchplate admin publisher repin --project demo 3 --repository-id 123456 --owner-id 654321")]
    Repin {
        /// The project
        #[arg(long)]
        project: ProjectName,
        /// Its number, as `publisher list` shows it
        id: i64,
        #[command(flatten)]
        pins: Pins,
    },
    /// Remove a publisher; what it vouched for keeps its provenance
    #[command(after_help = "Example:\n  touchplate admin publisher remove --project demo 3")]
    Remove {
        /// The project
        #[arg(long)]
        project: ProjectName,
        /// Its number, as `publisher list` shows it
        id: i64,
    },
}

/// Arguments of `publisher add`.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The project whose files it vouches for
    #[arg(long)]
    project: DisplayName,
    /// The project does not exist: the publisher's first mint creates it. The name is not reserved, and the publisher ends
    /// after 30 days unless it was used
    #[arg(long)]
    pending: bool,
    /// With --pending: the user who will own the project
    #[arg(long, value_name = "USER", requires = "pending")]
    owner: Option<UserName>,
    /// With --pending: who may see the project [default: the configured one]
    #[arg(long, requires = "pending", value_parser = one_of::<Visibility>(&["public", "internal", "private"]))]
    visibility: Option<Visibility>,
    #[command(flatten)]
    terms: TermsGiven,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    fields: Fields,
}

/// What the project grants a publisher.
#[derive(Args, Debug)]
pub(crate) struct TermsGiven {
    /// How long a token minted for it lives, 900 to 21600 seconds [default: 900]
    #[arg(long, value_name = "SECONDS")]
    token_seconds: Option<TokenSeconds>,
    /// The git refs that it may publish from; `*` stands for any text without `/` and `:`, `**` for any [default: any]
    #[arg(long, value_name = "PATTERN")]
    git_ref: Option<Glob>,
}

impl From<TermsGiven> for Terms {
    fn from(given: TermsGiven) -> Self {
        Self {
            token_seconds: given.token_seconds,
            git_ref: given.git_ref,
        }
    }
}

/// What to pin a publisher to.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub(crate) struct Pins {
    /// Forget the numbers: the next attestation by this name pins its own
    #[arg(long, conflicts_with_all = ["repository_id", "owner_id"])]
    forget_ids: bool,
    /// Number of the repository [default: that of the next attestation]
    #[arg(long, value_name = "NUMBER", value_parser = NonEmptyStringValueParser::new())]
    repository_id: Option<String>,
    /// Number of its owner [default: that of the next attestation]
    #[arg(long, value_name = "NUMBER", value_parser = NonEmptyStringValueParser::new())]
    owner_id: Option<String>,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Which {
    /// What kind of publisher it is
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// The publisher as a publisher object, of any kind
    #[arg(long, value_name = "OBJECT", value_parser = from_json)]
    json: Option<Expected>,
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
struct Fields {
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

impl Publisher {
    pub(super) async fn run(self, index: &Index, config: &Config) -> Result<Outcome, Failure> {
        match self {
            Self::Add(arguments) => add(index, config, *arguments).await,
            Self::Show { project, id, ci } => show(index, config, &project, id, ci).await,
            Self::Pending { reporting } => pending(index, reporting.format).await,
            Self::RemovePending { id } => {
                index
                    .remove_pending_publisher(&origin(), PendingId(id))
                    .await?;
                Ok(done(&format!("removed pending publisher {id}")))
            }
            Self::Terms { project, id, terms } => {
                let (terms, id) = (terms.into(), PublisherId(id));
                let origin = origin();
                let set = index.set_publisher_terms(&origin, &project, id, &terms);
                set.await?;
                Ok(done(&format!(
                    "set the terms of publisher {} of {project}",
                    id.0
                )))
            }
            Self::List { project, reporting } => list(index, &project, reporting.format).await,
            Self::Repin { project, id, pins } => repin(index, &project, id, pins).await,
            Self::Remove { project, id } => {
                index
                    .remove_publisher(&origin(), &project, PublisherId(id))
                    .await?;
                Ok(done(&format!("removed publisher {id} of {project}")))
            }
        }
    }
}

async fn add(index: &Index, config: &Config, arguments: Add) -> Result<Outcome, Failure> {
    let Add {
        project: display,
        pending,
        owner,
        visibility,
        terms,
        which,
        fields,
    } = arguments;
    let publisher = match which {
        Which {
            json: Some(publisher),
            ..
        } => {
            fields
                .none_left("given as --json")
                .map_err(Failure::usage)?;
            publisher
        }
        Which {
            kind: Some(kind), ..
        } => fields.publisher(kind).map_err(|error| {
            Failure::usage(error)
                .hint("`touchplate admin publisher add --help` shows the fields of each kind")
        })?,
        // Clap asks for one of the two; this says so in other words.
        Which {
            kind: None,
            json: None,
        } => return Err(Failure::usage("expected --kind or --json")),
    };
    publisher.check_form().map_err(Failure::usage)?;
    let (project, terms) = (display.normalised(), terms.into());
    if pending {
        let pending = PendingPublisher {
            display,
            visibility: visibility.unwrap_or(config.default_visibility),
            owner,
            publisher,
            terms,
        };
        let id = index.add_pending_publisher(&origin(), &pending).await?;
        return Ok(done(&format!(
            "added pending publisher {} of {project}: {}",
            id.0,
            pending.publisher.describe()
        )));
    }
    let origin = origin();
    let added = index.add_publisher_on(&origin, &project, &publisher, &terms);
    let id = added.await?;
    Ok(done(&format!(
        "added publisher {} of {project}: {}",
        id.0,
        publisher.describe()
    )))
}

async fn show(
    index: &Index,
    config: &Config,
    project: &ProjectName,
    id: i64,
    ci: bool,
) -> Result<Outcome, Failure> {
    let publishers = index.publishers(project).await?;
    let found = publishers.into_iter().find(|one| one.id.0 == id);
    let found = found.ok_or(ReadError::NotFound)?;
    if !ci {
        say(&format!(
            "{}\n{}\n",
            found.publisher.describe(),
            found.publisher.to_json()
        ))?;
        return Ok(Outcome::Done);
    }
    let listening = || PublicUrl::of_listener(config.listen, config.tls_cert.is_some());
    let url = config.url.clone().unwrap_or_else(listening);
    let audience = config.oidc_audience.clone();
    let place = ci::Place {
        url: url.as_str(),
        audience: &audience.unwrap_or_else(|| Audience::of(&url)),
    };
    say(&ci::configuration(&found.publisher, &place))?;
    Ok(Outcome::Done)
}

async fn pending(index: &Index, format: Format) -> Result<Outcome, Failure> {
    let pending = index.pending_publishers(None).await?;
    match format {
        Format::Json => {
            let pending = pending.iter().map(|one| {
                json!({
                    "id": one.id.0,
                    "project": one.pending.display.as_str(),
                    "owner": one.pending.owner.as_ref().map(UserName::as_str),
                    "publisher": one.pending.publisher.to_json(),
                    "terms": one.pending.terms,
                    "expires_at": one.expires_at,
                })
            });
            let pending: Vec<_> = pending.collect();
            say_json(&json!({"version": REPORT_VERSION, "pending": pending}))?;
        }
        Format::Text => {
            let header = ["ID", "PROJECT", "OWNER", "UNTIL", "WHO"];
            let header = header.map(str::to_owned).to_vec();
            let rows = pending.iter().map(|one| {
                let owner = one.pending.owner.as_ref().map_or("-", UserName::as_str);
                vec![
                    one.id.0.to_string(),
                    one.pending.display.to_string(),
                    owner.to_owned(),
                    one.expires_at.strftime("%Y-%m-%d").to_string(),
                    one.pending.publisher.describe(),
                ]
            });
            say(&columns(
                &std::iter::once(header).chain(rows).collect::<Vec<_>>(),
            ))?;
        }
    }
    Ok(Outcome::Done)
}

async fn repin(
    index: &Index,
    project: &ProjectName,
    id: i64,
    pins: Pins,
) -> Result<Outcome, Failure> {
    let ids = PinnedIds {
        repository_id: pins.repository_id,
        owner_id: pins.owner_id,
    };
    index
        .repin_publisher(&origin(), project, PublisherId(id), &ids)
        .await?;
    Ok(done(&if ids.is_empty() {
        format!("publisher {id} of {project} is pinned to what its next attestation shows")
    } else {
        format!("publisher {id} of {project} is pinned to {ids}")
    }))
}

async fn list(index: &Index, project: &ProjectName, format: Format) -> Result<Outcome, Failure> {
    let publishers = index.publishers(project).await?;
    match format {
        Format::Json => {
            let publishers: Vec<_> = publishers
                .iter()
                .map(|one| {
                    json!({
                        "id": one.id.0,
                        "publisher": one.publisher.to_json(),
                        "repository_id": one.ids.repository_id,
                        "owner_id": one.ids.owner_id,
                        "terms": one.terms,
                    })
                })
                .collect();
            say_json(
                &json!({"version": REPORT_VERSION, "project": project.as_str(), "publishers": publishers}),
            )?;
        }
        Format::Text => {
            let header = ["ID", "REPOSITORY ID", "OWNER ID", "WHO"];
            let header = header.map(str::to_owned).to_vec();
            let pin = |id: &Option<String>| id.clone().unwrap_or_else(|| "-".to_owned());
            let rows = publishers.iter().map(|one| {
                vec![
                    one.id.0.to_string(),
                    pin(&one.ids.repository_id),
                    pin(&one.ids.owner_id),
                    one.publisher.describe(),
                ]
            });
            say(&columns(
                &std::iter::once(header).chain(rows).collect::<Vec<_>>(),
            ))?;
        }
    }
    Ok(Outcome::Done)
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

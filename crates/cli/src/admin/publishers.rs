//! Publishers: who may vouch for a project's files.

mod fields;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::json;
use touchplate_attest::{Glob, PinnedIds};
use touchplate_index::Index;
use touchplate_index::accounts::UserName;
use touchplate_index::ports::{PendingId, PublisherId};
use touchplate_index::projects::{ReadError, Visibility};
use touchplate_index::trusted_publishing::{PendingPublisher, Terms, TokenSeconds};
use touchplate_packaging::{DisplayName, ProjectName};
use touchplate_server::config::{Audience, Config, PublicUrl};

use self::fields::{Fields, Which};
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
    let publisher = which.publisher(fields)?;
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

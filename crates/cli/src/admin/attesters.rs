//! Attesters: whom a project expects to attest beside its publishers.

use clap::{Args, Subcommand};
use serde_json::json;
use touchplate_attest::{PredicateType, Publisher};
use touchplate_index::Index;
use touchplate_index::attesters::{
    Attester as Expecting, AttesterRole, Authority, Expected, ExpectedIdentity, Predicates,
};
use touchplate_index::ports::{AttesterId, PutAttester};
use touchplate_packaging::ProjectName;

use super::{done, origin};
use crate::options::{Format, REPORT_VERSION, Reporting, one_of};
use crate::report::{Failure, Outcome, causes, say, say_json};
use crate::screen::columns;

/// Commands about attesters.
#[derive(Debug, Subcommand)]
pub(crate) enum Attester {
    /// Add an attester to a project: its attestations are taken from then on, at /api/v1
    #[command(after_help = "\
Examples:
  touchplate admin attester add --project demo --role auditor --identity audit@example.org --issuer https://accounts.example.org
  touchplate admin attester add --project demo --role rebuilder --publisher '{\"kind\":\"GitHub\",\"repository\":\"o/rebuilds\",\"workflow\":\"rebuild.yml\"}' \\
      --predicate-type https://slsa.dev/provenance/v1")]
    Add(Box<Add>),
    /// List the attesters of a project
    #[command(after_help = "Example:\n  touchplate admin attester list --project demo")]
    List {
        /// The project
        #[arg(long)]
        project: ProjectName,
        #[command(flatten)]
        reporting: Reporting,
    },
    /// Remove an attester; what it said of files stays with them
    #[command(after_help = "Example:\n  touchplate admin attester remove --project demo 3")]
    Remove {
        /// The project
        #[arg(long)]
        project: ProjectName,
        /// Its number, as `attester list` shows it
        id: i64,
    },
}

/// Arguments of `attester add`.
#[derive(Args, Debug)]
pub(crate) struct Add {
    /// The project whose files it speaks of
    #[arg(long)]
    project: ProjectName,
    /// What it does: builder, auditor or rebuilder
    #[arg(long, value_parser = one_of::<AttesterRole>(&["builder", "auditor", "rebuilder"]))]
    role: AttesterRole,
    #[command(flatten)]
    who: Who,
    /// The OpenID Connect issuer that vouches for the identity
    #[arg(
        long,
        value_name = "URL",
        requires = "identity",
        conflicts_with = "publisher"
    )]
    issuer: Option<String>,
    /// A type that it may claim, as an https or urn URI; may be given several times [default: any]
    #[arg(long = "predicate-type", value_name = "URI")]
    predicate_types: Vec<String>,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct Who {
    /// Who it is, as a PEP 740 publisher object of any kind
    #[arg(long, value_name = "OBJECT", value_parser = from_json)]
    publisher: Option<Publisher>,
    /// Who it is, by the certificate's only subject alternative name, exactly
    #[arg(long, value_name = "SAN", requires = "issuer")]
    identity: Option<String>,
}

fn from_json(given: &str) -> Result<Publisher, String> {
    // Clap shows one text, so the causes are put into it.
    Publisher::parse(given.as_bytes())
        .map_err(|error| causes(&error).collect::<Vec<_>>().join(": "))
}

impl Add {
    fn attester(&self) -> Result<Expecting, Failure> {
        let expected = match (&self.who.publisher, &self.who.identity, &self.issuer) {
            (Some(publisher), ..) => Expected::Publisher(publisher.clone()),
            (None, Some(san), Some(issuer)) => {
                Expected::Identity(ExpectedIdentity::new(san, issuer).map_err(Failure::usage)?)
            }
            // Clap asks for these; this says so in other words.
            (None, ..) => {
                return Err(Failure::usage(
                    "expected --publisher, or --identity with --issuer",
                ));
            }
        };
        let predicates = if self.predicate_types.is_empty() {
            Predicates::Any
        } else {
            let types = self.predicate_types.iter().map(String::as_str);
            Predicates::only(types).map_err(Failure::usage)?
        };
        Ok(Expecting {
            role: self.role,
            expected,
            predicates,
        })
    }
}

impl Attester {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        match self {
            Self::Add(arguments) => add(index, *arguments).await,
            Self::List { project, reporting } => list(index, &project, reporting.format).await,
            Self::Remove { project, id } => {
                index
                    .remove_attester(&origin(), Authority::Operator, &project, AttesterId(id))
                    .await?;
                Ok(done(&format!("removed attester {id} of {project}")))
            }
        }
    }
}

async fn add(index: &Index, arguments: Add) -> Result<Outcome, Failure> {
    let attester = arguments.attester()?;
    let project = &arguments.project;
    let put = index
        .put_attester(&origin(), Authority::Operator, project, &attester)
        .await?;
    let (id, who) = (put.id().0, attester.describe());
    Ok(done(&match put {
        PutAttester::Added(_) => format!("added attester {id} of {project}, {who}"),
        PutAttester::Changed(_) => {
            format!("changed what attester {id} of {project} may claim, {who}")
        }
        PutAttester::Unchanged(_) => format!("attester {id} of {project} was there already, {who}"),
    }))
}

async fn list(index: &Index, project: &ProjectName, format: Format) -> Result<Outcome, Failure> {
    let attesters = index.attesters_of(project).await?;
    match format {
        Format::Json => {
            let attesters: Vec<_> = attesters
                .iter()
                .map(|one| json!({"id": one.id.0, "attester": one.attester}))
                .collect();
            say_json(
                &json!({"version": REPORT_VERSION, "project": project.as_str(), "attesters": attesters}),
            )?;
        }
        Format::Text => {
            let header = ["ID", "ROLE", "WHO", "MAY CLAIM"]
                .map(str::to_owned)
                .to_vec();
            let rows = attesters.iter().map(|one| {
                let types = match &one.attester.predicates {
                    Predicates::Any => "anything".to_owned(),
                    Predicates::Only(types) => {
                        let types: Vec<&str> = types.iter().map(PredicateType::as_str).collect();
                        types.join(", ")
                    }
                };
                let role = one.attester.role.to_string();
                vec![
                    one.id.0.to_string(),
                    role,
                    one.attester.expected.describe(),
                    types,
                ]
            });
            say(&columns(
                &std::iter::once(header).chain(rows).collect::<Vec<_>>(),
            ))?;
        }
    }
    Ok(Outcome::Done)
}

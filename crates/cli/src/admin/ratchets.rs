//! Ratchets: what a project asks of its uploads from then on.

use clap::Subcommand;
use serde_json::json;
use touchplate_index::Index;
use touchplate_index::trusted_publishing::RatchetKind;
use touchplate_packaging::ProjectName;

use super::{done, origin};
use crate::options::{Format, REPORT_VERSION, Reporting, one_of};
use crate::report::{Failure, Outcome, say, say_json};
use crate::screen::columns;

const KINDS: &[&str] = &[
    "trusted-publishing-only",
    "attestations-required",
    "environment-required",
    "no-late-files",
    "no-leftover-tokens",
    "same-commit",
    "index-binding-required",
];

/// Commands about ratchets.
#[derive(Debug, Subcommand)]
pub(crate) enum Ratchet {
    /// Turn a ratchet: uploads that it forbids are refused from then on
    #[command(after_help = "\
trusted-publishing-only  uploads come with minted tokens alone, not with API tokens
attestations-required    every file comes with an attestation
environment-required     publishers without a deployment environment get no token, and their attestations do not count
no-late-files            releases are closed to new files after --days; the same bytes again are welcome
no-leftover-tokens       API tokens for this project alone are revoked, and none are made any more
same-commit              the run that uploads and its attestations name the same commit
index-binding-required   every file comes with an attestation that names this index, as `touchplate publish` makes it

Examples:
  touchplate admin ratchet turn --project demo trusted-publishing-only
  touchplate admin ratchet turn --project demo no-late-files --days 14")]
    Turn {
        /// The project
        #[arg(long)]
        project: ProjectName,
        /// Which
        #[arg(value_parser = one_of::<RatchetKind>(KINDS))]
        ratchet: RatchetKind,
        /// no-late-files: after how many days a release is closed
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
    },
    /// Take a ratchet back; the journal keeps who, when and why
    #[command(
        after_help = "Example:\n  touchplate admin ratchet release --project demo no-late-files --reason 'rebuilt wheels for Python 3.15'"
    )]
    Release {
        /// The project
        #[arg(long)]
        project: ProjectName,
        /// Which
        #[arg(value_parser = one_of::<RatchetKind>(KINDS))]
        ratchet: RatchetKind,
        /// Why, for whoever reads the journal
        #[arg(long)]
        reason: String,
    },
    /// List the ratchets of a project
    #[command(after_help = "Example:\n  touchplate admin ratchet list --project demo")]
    List {
        /// The project
        #[arg(long)]
        project: ProjectName,
        #[command(flatten)]
        reporting: Reporting,
    },
}

impl Ratchet {
    pub(super) async fn run(self, index: &Index) -> Result<Outcome, Failure> {
        match self {
            Self::Turn {
                project,
                ratchet,
                days,
            } => {
                let turned = ratchet.turned(days).map_err(Failure::usage)?;
                let is_new = index.turn_ratchet(&origin(), &project, turned).await?;
                Ok(done(&if is_new {
                    format!("turned {ratchet} of {project}")
                } else {
                    format!("{ratchet} of {project} stood so already; nothing changed")
                }))
            }
            Self::Release {
                project,
                ratchet,
                reason,
            } => {
                let origin = origin();
                let released = index.release_ratchet(&origin, &project, ratchet, &reason);
                released.await?;
                Ok(done(&format!("took {ratchet} of {project} back")))
            }
            Self::List { project, reporting } => list(index, &project, reporting.format).await,
        }
    }
}

async fn list(index: &Index, project: &ProjectName, format: Format) -> Result<Outcome, Failure> {
    let ratchets = index.ratchets(project).await?;
    match format {
        Format::Json => {
            let ratchets = ratchets.iter().map(|one| {
                json!({
                    "ratchet": one.ratchet.kind().as_str(),
                    "days": one.ratchet.days(),
                    "turned_at": one.at,
                    "turned_by": one.by,
                })
            });
            say_json(&json!({
                "version": REPORT_VERSION,
                "project": project.as_str(),
                "ratchets": ratchets.collect::<Vec<_>>(),
            }))?;
        }
        Format::Text => {
            let header = ["RATCHET", "DAYS", "SINCE", "BY"]
                .map(str::to_owned)
                .to_vec();
            let rows = ratchets.iter().map(|one| {
                vec![
                    one.ratchet.kind().to_string(),
                    one.ratchet
                        .days()
                        .map_or("-".to_owned(), |days| days.to_string()),
                    one.at.strftime("%Y-%m-%d").to_string(),
                    one.by.clone(),
                ]
            });
            say(&columns(
                &std::iter::once(header).chain(rows).collect::<Vec<_>>(),
            ))?;
        }
    }
    Ok(Outcome::Done)
}

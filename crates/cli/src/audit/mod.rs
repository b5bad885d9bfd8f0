//! `touchplate audit`: of everything that lockfiles install, who built it, whether that is who it was before, and whether
//! the lockfile says so.

mod gather;
mod github;
mod json;
mod report;
mod sarif;
mod tell;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use touchplate_server::{Clock as _, SystemClock};

use crate::options::Common;
use crate::report::{Failure, Outcome, say, say_json};

/// Arguments of `audit`.
#[derive(Args, Debug)]
#[command(after_help = "\
LOCKFILE is a pylock.toml, uv.lock, poetry.lock, pdm.lock, requirements with hashes, or
what `pip install --report` wrote.

Examples:
  touchplate audit uv.lock
  touchplate audit pylock.toml requirements.txt --fail-on unknown
  touchplate audit uv.lock --first-use
  touchplate audit poetry.lock --index https://packages.example/simple/ --format json
  touchplate audit uv.lock --format sarif > audit.sarif

Each file is looked up at the index that the lockfile names, else at the one that pip or uv
is told of. Whom to expect, and what is accepted for a while, stands in touchplate.lock.toml.")]
pub(crate) struct Arguments {
    /// What to audit
    #[arg(value_name = "LOCKFILE", required = true)]
    lockfiles: Vec<PathBuf>,
    /// The index: the URL of its Simple API, whatever the lockfile names
    #[arg(long, value_name = "URL")]
    index: Option<String>,
    /// Whom you expect: as pinned in this file [default: touchplate.lock.toml, here or above in the repository]
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// Pin who built a project's files if nobody is pinned yet
    #[arg(long)]
    first_use: bool,
    /// End with status 1 from this on
    #[arg(long, value_enum, default_value_t, value_name = "CLASS")]
    fail_on: FailOn,
    /// Ask for all provenance anew, and keep none
    #[arg(long)]
    no_cache: bool,
    /// How to report
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
}

/// What makes the answer no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Something is not as it should be, or not as it was
    #[default]
    Violation,
    /// Also what cannot be told
    Unknown,
    /// Also what is only worth knowing: no provenance, nobody pinned
    Notice,
    /// Nothing
    Never,
}

/// How an audit is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs; its schema is docs/schema/audit.schema.json
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations in GitHub's workflows
    Github,
}

/// Audits each lockfile.
pub(crate) fn run(common: &Common, arguments: &Arguments) -> Result<Outcome, Failure> {
    let now = SystemClock.now();
    let report = gather::report(common, arguments, now)?;
    match arguments.format {
        Format::Text if report.lockfiles.is_empty() => {}
        Format::Text => say(&tell::text(&report))?,
        Format::Json => say_json(&json::json(&report, arguments.fail_on))?,
        Format::Sarif => say_json(&sarif::sarif(&report))?,
        Format::Github => say(&github::annotations(&report))?,
    }
    report.end(arguments.fail_on)
}

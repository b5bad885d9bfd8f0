//! `touchplate audit`: of everything that lockfiles install, or that is installed, who built it, whether that is who it was before, and whether
//! the lockfile says so.

mod gather;
mod github;
mod json;
mod pack;
mod report;
mod sarif;
mod tell;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use touchplate_packaging::Sha256;
use touchplate_server::{Clock as _, SystemClock};

use crate::options::Common;
use crate::report::{Failure, Outcome, say, say_json};
pub(crate) use gather::report;
pub(crate) use json::reasons as reasons_json;
pub(crate) use report::Report;
pub(crate) use tell::{called, reason as reason_row};

/// For some thousand files of a slow index.
const TIMEOUT_SECONDS: u64 = 600;

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
  touchplate audit uv.lock --write-pack audit.pack
  touchplate audit uv.lock --from-pack audit.pack --seal HEX
  touchplate audit --environment .venv --fail-on unknown

Each file is looked up at the index that the lockfile names, else at the one that pip or uv
is told of. Whom to expect, and what is accepted for a while, stands in touchplate.lock.toml.

Of an environment each distribution is held against the wheel of the index that it can be, file
by file. Nothing of the environment is run.")]
pub(crate) struct Arguments {
    /// What to audit
    #[arg(value_name = "LOCKFILE", required_unless_present = "environment")]
    lockfiles: Vec<PathBuf>,
    /// Audit what is installed: an environment's folder, its site-packages, or its interpreter
    #[arg(long, value_name = "PATH")]
    environment: Vec<PathBuf>,
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
    /// Ask no longer than this, in all: what has not been answered by then is unreachable
    #[arg(long, value_name = "SECONDS", default_value_t = TIMEOUT_SECONDS, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// Also write everything that was asked into one file, for --from-pack
    #[arg(long, value_name = "FILE", conflicts_with = "from_pack")]
    write_pack: Option<PathBuf>,
    /// Ask nobody: everything is in this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["index", "no_cache"])]
    from_pack: Option<PathBuf>,
    /// The seal that whoever wrote the pack was told: its trust roots are believed then
    #[arg(long, value_name = "HEX", requires = "from_pack", conflicts_with_all = ["trusted_root", "trust"])]
    seal: Option<Sha256>,
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
    /// A violation, or an attested entry whose builder is written down nowhere: what `lock check` asks
    #[value(skip)]
    Unrecorded,
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

impl Arguments {
    /// An audit of one lockfile that changes nothing.
    pub(crate) fn of(lockfile: PathBuf, index: Option<String>, lock: Option<PathBuf>) -> Self {
        Self {
            lockfiles: vec![lockfile],
            environment: Vec::new(),
            index,
            lock,
            first_use: false,
            fail_on: FailOn::Violation,
            no_cache: false,
            timeout: TIMEOUT_SECONDS,
            write_pack: None,
            from_pack: None,
            seal: None,
            format: Format::Text,
        }
    }

    /// The same, with another idea of what makes the answer no.
    pub(crate) fn failing_on(self, fail_on: FailOn) -> Self {
        Self { fail_on, ..self }
    }

    /// The same, reported otherwise.
    pub(crate) fn reporting(self, format: Format) -> Self {
        Self { format, ..self }
    }

    /// The same, pinning on first use.
    pub(crate) fn pinning(self) -> Self {
        let first_use = true;
        Self { first_use, ..self }
    }
}

/// Audits each lockfile.
pub(crate) fn run(common: &Common, arguments: &Arguments) -> Result<Outcome, Failure> {
    let now = SystemClock.now();
    let report = report(common, arguments, now)?;
    match arguments.format {
        Format::Text if report.lockfiles.is_empty() => {}
        Format::Text => say(&tell::text(&report))?,
        Format::Json => say_json(&json::json(&report, arguments.fail_on))?,
        Format::Sarif => say_json(&sarif::sarif(&report))?,
        Format::Github => say(&github::annotations(&report))?,
    }
    report.end(arguments.fail_on)
}

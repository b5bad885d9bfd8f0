//! `touchplate lock`: who built what a lockfile installs, written down beside it and enforced.

mod annotate;
mod tell;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use touchplate_server::{Clock as _, SystemClock};

use crate::audit;
use crate::options::{Common, Reporting};
use crate::report::{Failure, Outcome};

/// Arguments of `lock`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate lock annotate pylock.toml
  touchplate lock check pylock.toml")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write down who built what a lockfile installs, where nobody is written down yet
    ///
    /// In a pylock.toml that is `attestation-identities` (PEP 751), in place: its comments, order and
    /// spacing stay. Other formats have no room for it: their builders are pinned in touchplate.lock.toml.
    #[command(after_help = "\
Examples:
  touchplate lock annotate pylock.toml
  touchplate lock annotate pylock.toml --replace
  touchplate lock annotate uv.lock

Where somebody is written down already and it was somebody else, it shows old and new,
and writes nothing of that entry without --replace.")]
    Annotate(AnnotateArguments),
    /// Enforce what is written down: every attested file is by whom the lockfile or the pins name
    #[command(after_help = "\
Example:
  touchplate lock check pylock.toml")]
    Check(CheckArguments),
}

/// Where to look, for both.
#[derive(Args, Debug)]
struct Places {
    /// The index: the URL of its Simple API, whatever the lockfile names
    #[arg(long, value_name = "URL")]
    index: Option<String>,
    /// The pins [default: touchplate.lock.toml, here or above in the repository]
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
}

#[derive(Args, Debug)]
struct AnnotateArguments {
    /// The lockfile
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    places: Places,
    /// Also write where somebody else is written down
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    reporting: Reporting,
}

#[derive(Args, Debug)]
struct CheckArguments {
    /// The lockfile
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    places: Places,
    /// How to report
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: audit::Format,
}

/// Carries out one of them.
pub(crate) fn run(common: &Common, arguments: Arguments) -> Result<Outcome, Failure> {
    let now = SystemClock.now();
    match arguments.command {
        Command::Annotate(arguments) => annotate::run(common, arguments, now),
        Command::Check(arguments) => {
            let Places { index, lock } = arguments.places;
            let asked = audit::Arguments::of(arguments.file, index, lock)
                .failing_on(audit::FailOn::Unrecorded)
                .reporting(arguments.format);
            audit::run(common, &asked)
        }
    }
}

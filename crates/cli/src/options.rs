//! The command line as types. Each command's own arguments are beside the command.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    admin, audit, bundle, demo, diff, inspect, lock, publish, serve, sign, token, trust, verify,
};

/// A Python package index that checks where files come from (PEP 740), and the tools around it.
///
/// Exit status: 0 done or verified; 1 the answer is no; 2 wrong usage or configuration; 3 something outside failed.
#[derive(Debug, Parser)]
#[command(
    name = "touchplate",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  touchplate serve --data ./index
  touchplate admin user add alice
  touchplate admin token create --user alice

`touchplate COMMAND --help` has an example of each command."
)]
pub(crate) struct Options {
    /// Options of every command.
    #[command(flatten)]
    pub(crate) common: Common,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the main job from end to end: no network, nothing to install
    Demo(demo::Arguments),
    /// Run the index
    Serve(serve::Arguments),
    /// Manage users, tokens, projects, publishers and files of an index
    Admin(admin::Arguments),
    /// Sign files without keys: an attestation beside each, for uploads
    Sign(Box<sign::Arguments>),
    /// Publish a release to an index: signed, by the identity of the CI job, and checked before the first byte
    Publish(Box<publish::Arguments>),
    /// Check who built files: those on disk with no network, and those of an index
    Verify(Box<verify::Arguments>),
    /// Tell of everything that lockfiles install who built it, and whether that is who it was before
    Audit(Box<audit::Arguments>),
    /// Write down in a lockfile, or beside it, who built what it installs, and enforce that
    Lock(lock::Arguments),
    /// Show two releases side by side: who built them, their metadata, their contents
    Diff(diff::Arguments),
    /// Check Sigstore bundles of any artifact, with no network
    Bundle(bundle::Arguments),
    /// Narrow a token that one holds, before handing it on
    Token(token::Arguments),
    /// Manage the roots that are believed, each for the project names that it may speak for
    Trust(trust::Arguments),
    /// Tell what an attestation, a bundle, a certificate or a trust root says, unchecked
    Inspect(inspect::Arguments),
}

/// Options of every command.
#[derive(Args, Debug)]
pub(crate) struct Common {
    /// The index's data directory
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help_heading = "Common options"
    )]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file (TOML); each key also as TOUCHPLATE_… and as a flag of `serve`
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Common options"
    )]
    pub(crate) config: Option<PathBuf>,
    /// A `trusted_root.json` to judge every project by, instead of the trust domains
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Common options"
    )]
    pub(crate) trusted_root: Option<PathBuf>,
    /// The folder of trust domains [default: $TOUCHPLATE_TRUST, or ~/.local/share/touchplate/trust]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        conflicts_with = "trusted_root",
        help_heading = "Common options"
    )]
    pub(crate) trust: Option<PathBuf>,
    /// Never use the network
    #[arg(long, global = true, help_heading = "Common options")]
    pub(crate) offline: bool,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs; has a `version` field.
    Json,
}

/// The option of commands that report.
#[derive(Args, Debug)]
pub(crate) struct Reporting {
    /// How to report
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// The version of the JSON reports. A key may be added under it; a changed or removed one needs the next.
pub(crate) const REPORT_VERSION: u32 = 1;

/// Reads one of `words` into a type that knows exactly these.
pub(crate) fn one_of<T>(
    words: &'static [&'static str],
) -> impl clap::builder::TypedValueParser<Value = T>
where
    T: std::str::FromStr + Clone + Send + Sync + 'static,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse::<T>())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Options::command().debug_assert();
    }
}

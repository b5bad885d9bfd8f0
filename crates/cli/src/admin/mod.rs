//! `touchplate admin …`: users, tokens, projects, publishers and files, straight on the data directory. Works while a
//! server runs on it: the database decides races, and the server notices within a second.

mod apply;
mod attesters;
mod check;
mod ci;
mod failures;
mod files;
mod members;
mod moving;
mod projects;
mod publishers;
mod ratchets;
mod search;
mod tokens;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use touchplate_index::{Actor, Origin, RequestId};
use touchplate_server::{Clock as _, SystemClock, wiring};

use crate::configuration::{self, PlaceFlags};
use crate::options::Common;
use crate::report::{Failure, Outcome, note};

/// Arguments of `admin`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example: a user, their token, and a project whose files come from a GitHub workflow
  touchplate admin user add alice
  touchplate admin token create --user alice
  touchplate admin project create demo --owner alice
  touchplate admin publisher add --project demo --kind github --repository example/demo --workflow release.yml")]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    OnIndex(OnIndex),
    #[command(flatten)]
    Whole(moving::Whole),
}

/// Commands on an opened index.
#[derive(Debug, Subcommand)]
enum OnIndex {
    /// Add and list users, and say who administers
    #[command(subcommand, after_help = "Example:\n  touchplate admin user add alice")]
    User(members::User),
    /// Make, list and revoke API tokens
    #[command(
        subcommand,
        after_help = "Example:\n  touchplate admin token create --user alice"
    )]
    Token(tokens::Token),
    /// Say who may publish a project's files
    #[command(
        subcommand,
        after_help = "Example:\n  touchplate admin publisher add --project demo --kind github --repository example/demo --workflow release.yml"
    )]
    Publisher(publishers::Publisher),
    /// Turn ratchets of a project: what it asks of its uploads from then on
    #[command(
        subcommand,
        after_help = "Example:\n  touchplate admin ratchet turn --project demo trusted-publishing-only"
    )]
    Ratchet(ratchets::Ratchet),
    /// Make the publishers of projects what a file says; applied twice, it changes nothing
    #[command(after_help = "\
The file has a table for each project, with publisher objects and their terms. Projects that it does not
name are left alone; those that do not exist get pending publishers.

  [projects.demo]
  publishers = [
    { kind = \"GitHub\", repository = \"example/demo\", workflow = \"release.yml\", environment = \"release\" },
    { kind = \"Buildkite\", organization = \"acme\", pipeline = \"demo\", token_seconds = 3600, git_ref = \"refs/tags/v*\" },
  ]

Examples:
  touchplate admin apply publishers.toml --dry-run
  touchplate admin apply publishers.toml")]
    Apply(apply::Apply),
    /// Say who else attests a project's files: builders, auditors, rebuilders
    #[command(
        subcommand,
        after_help = "Example:\n  touchplate admin attester add --project demo --role auditor --identity audit@example.org --issuer https://accounts.example.org"
    )]
    Attester(attesters::Attester),
    /// Create, change and delete projects
    #[command(
        subcommand,
        after_help = "Example:\n  touchplate admin project create demo --owner alice"
    )]
    Project(projects::Project),
    /// Say who may do what in a project
    #[command(
        subcommand,
        after_help = "Example:\n  touchplate admin member add --project demo --user alice --role maintainer"
    )]
    Member(members::Member),
    /// Yank a release (PEP 592): installers skip it unless asked for exactly that version
    #[command(
        after_help = "Example:\n  touchplate admin yank demo 1.0 --reason 'breaks on Python 3.13'"
    )]
    Yank(files::Yank),
    /// Take a yank back
    #[command(after_help = "Example:\n  touchplate admin unyank demo 1.0")]
    Unyank(files::Unyank),
    /// Delete a file; its name is never used again
    #[command(after_help = "Example:\n  touchplate admin delete-file demo-1.0-py3-none-any.whl")]
    DeleteFile(files::DeleteFile),
    /// Delete a release with its files; their names are never used again
    #[command(after_help = "Example:\n  touchplate admin delete-release demo 1.0")]
    DeleteRelease(files::DeleteRelease),
    /// See how the search index stands, or make it anew
    #[command(subcommand, after_help = "Example:\n  touchplate admin search rebuild")]
    Search(search::Search),
    /// Remove stored bytes that no file refers to
    #[command(after_help = "Example:\n  touchplate admin sweep")]
    Sweep(files::Sweep),
    /// Check that what is stored is what was stored: bytes, digests, attestations
    #[command(after_help = "\
Works beside a server. Ends with 0 if nothing is wrong, 1 if something is, 3 if that could not be found out.

Examples:
  touchplate admin check
  touchplate admin check --fast --format json
  touchplate admin check --sweep")]
    Check(check::Check),
}

impl OnIndex {
    /// Whether it is for an index that is there: what it would say of one that it made itself is worth nothing.
    fn wants_an_index(&self) -> bool {
        matches!(self, Self::Check(_))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("there is no index at {}: expected the database {database}", .data.display())]
struct NoIndex {
    data: PathBuf,
    database: String,
}

/// Runs one of the commands below `admin`.
pub(crate) fn run(common: &Common, arguments: Arguments) -> Result<Outcome, Failure> {
    let config = configuration::load(common, arguments.place.into_pairs())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let runtime = runtime.map_err(Failure::outside)?;
    let command = match arguments.command {
        Command::Whole(command) => return runtime.block_on(command.run(&config)),
        Command::OnIndex(command) => command,
    };
    if command.wants_an_index() && !wiring::may_be_there(&config) {
        let no_index = NoIndex {
            database: config.location.database.to_string(),
            data: config.data,
        };
        return Err(Failure::usage(no_index).hint("name it by --data, or by --config"));
    }
    if !config.data.exists() {
        note(&format!(
            "note: there was no index at {} yet; this makes one",
            config.data.display()
        ));
    }
    runtime.block_on(async {
        let index = wiring::open(&config).await?;
        match command {
            OnIndex::User(command) => command.run(&index).await,
            OnIndex::Token(command) => command.run(&index).await,
            OnIndex::Publisher(command) => command.run(&index, &config).await,
            OnIndex::Ratchet(command) => command.run(&index).await,
            OnIndex::Apply(command) => command.run(&index, config.default_visibility).await,
            OnIndex::Attester(command) => command.run(&index).await,
            OnIndex::Project(command) => command.run(&index).await,
            OnIndex::Member(command) => command.run(&index).await,
            OnIndex::Yank(command) => command.run(&index).await,
            OnIndex::Unyank(command) => command.run(&index).await,
            OnIndex::DeleteFile(command) => command.run(&index).await,
            OnIndex::DeleteRelease(command) => command.run(&index).await,
            OnIndex::Search(command) => command.run(&index, &config).await,
            OnIndex::Sweep(command) => command.run(&index).await,
            OnIndex::Check(command) => command.run(&index).await,
        }
    })
}

/// Who the journal says it was: somebody with the data directory at hand, now.
pub(crate) fn origin() -> Origin {
    Origin {
        actor: Actor::Operator,
        request: RequestId::random(),
        at: SystemClock.now(),
    }
}

/// Says on standard error that it was done: standard output is for what a script reads.
fn done(what: &str) -> Outcome {
    note(what);
    Outcome::Done
}

//! `touchplate token …`: what the holder of a token does with it, with no index and no network.

use std::io::{self, Read as _};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use touchplate_index::accounts::{Bearer, Caveats, MAX_NARROWED_BYTES, Network};
use touchplate_packaging::ProjectName;

use crate::expires::Expires;
use crate::report::{Failure, Outcome, note, say};

/// Arguments of `token`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example: a token that a job may have for two hours
  echo $TOKEN | touchplate token narrow --project demo --expires 2h")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Narrow a token, offline: whoever gets the result cannot widen it; standard output is the token alone
    ///
    /// The token comes on standard input: one that the index made, or one that was narrowed before. What it is narrowed to is
    /// asked beside all that it was asked before. To revoke the token that it was made from revokes it too.
    #[command(after_help = "\
Examples:
  echo $TOKEN | touchplate token narrow --project demo --project demo-plugin
  echo $TOKEN | touchplate token narrow --expires 2026-12-24T18:00:00Z --network 192.0.2.0/24 --network 2001:db8::/32
  export UV_PUBLISH_TOKEN=$(echo $TOKEN | touchplate token narrow --project demo --expires 2h)")]
    Narrow(Narrow),
}

/// Arguments of `token narrow`.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct Narrow {
    /// For this project alone; may be repeated
    #[arg(long, value_name = "PROJECT")]
    project: Vec<ProjectName>,
    /// Until then, or for so long: `2026-12-24T18:00:00Z`, `90m`, `2h`, `7d`
    #[arg(long, value_name = "TIME|DURATION")]
    expires: Option<Expires>,
    /// From this network alone, such as `192.0.2.0/24`; may be repeated
    #[arg(long, value_name = "NETWORK")]
    network: Vec<Network>,
}

/// Runs one of the commands below `token`.
pub(crate) fn run(arguments: &Arguments, now: Timestamp) -> Result<Outcome, Failure> {
    match &arguments.command {
        Command::Narrow(narrow) => narrow.run(now),
    }
}

impl Narrow {
    fn run(&self, now: Timestamp) -> Result<Outcome, Failure> {
        let caveats = self.caveats(now)?;
        let given = given()?;
        let token: Bearer = given.trim().parse().map_err(|error| {
            Failure::usage(error)
                .hint("give the token on standard input: echo $TOKEN | touchplate token narrow …")
        })?;
        let narrowed = token.narrow(&caveats).map_err(Failure::refused)?;
        say(&format!("{narrowed}\n"))?;
        note(&format!("narrowed the token {}{caveats}", token.id()));
        Ok(Outcome::Done)
    }

    fn caveats(&self, now: Timestamp) -> Result<Caveats, Failure> {
        Ok(Caveats {
            projects: self.project.iter().cloned().collect(),
            expires_at: self.expires.map(|it| it.from(now)).transpose()?,
            networks: self.network.clone(),
        })
    }
}

/// What stands on standard input, as far as it can be a token.
fn given() -> Result<String, Failure> {
    // Room for a token with a line's end; what has more is no token.
    let limit = MAX_NARROWED_BYTES as u64 + 2;
    let mut given = String::new();
    io::stdin()
        .lock()
        .take(limit)
        .read_to_string(&mut given)
        .map_err(Failure::outside)?;
    Ok(given)
}

//! The command `touchplate`: arguments in, reports out.

mod admin;
mod audit;
mod bundle;
mod configuration;
mod demo;
mod diff;
mod expires;
mod files;
mod hashing;
mod inspect;
mod lock;
mod options;
mod publish;
mod report;
mod root;
mod screen;
mod serve;
mod sign;
mod signer;
mod signing;
mod token;
mod trust;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;

use touchplate_server::{Clock as _, SystemClock};

use options::{Command, Options};
use report::{Failure, Outcome};

fn main() -> ExitCode {
    // Clap answers wrong usage itself, on standard error, with status 2.
    let Options { common, command } = Options::parse();
    report::end(run(&common, command))
}

fn run(common: &options::Common, command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Serve(arguments) => serve::run(common, arguments),
        Command::Admin(arguments) => admin::run(common, arguments),
        Command::Demo(arguments) => demo::run(&arguments, || SystemClock.now()),
        Command::Bundle(arguments) => bundle::run(common, arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Verify(arguments) => verify::run(common, *arguments),
        Command::Audit(arguments) => audit::run(common, &arguments),
        Command::Lock(arguments) => lock::run(common, arguments),
        Command::Diff(arguments) => diff::run(common, &arguments),
        Command::Sign(arguments) => sign::run(common, &arguments),
        Command::Publish(arguments) => publish::run(common, &arguments),
        Command::Token(arguments) => token::run(&arguments, SystemClock.now()),
        Command::Trust(arguments) => trust::run(common, arguments),
    }
}

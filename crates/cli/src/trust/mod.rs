//! `touchplate trust`: whose roots are believed, for which project names; shown, refreshed, carried to other machines;
//! and the making of a private one.

mod founding;
mod monitor;
mod refresh;
mod show;
mod transfer;

use clap::{Args, Subcommand};
use touchplate_attest::DomainName;
use touchplate_attest::domain::Scope;
use touchplate_client::trust_store::TrustStore;

use crate::options::Common;
use crate::report::{Failure, Outcome};

/// Arguments of `trust`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate trust show
  touchplate trust refresh
  touchplate trust export trust.json
  touchplate trust import --name acme --projects 'acme-*' --issuer https://gitlab.acme.example root.json

A trust domain is a root (keys and certificates) with the project names that it may speak for. A name
belongs to the domain that lists it most narrowly, and to that one alone; Sigstore's public-good
instance speaks for what nobody lists.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show each trust domain: what it speaks for, how old its root is, whose keys are in it
    Show(show::Arguments),
    /// Fetch the current root of a domain from its TUF repository
    Refresh(refresh::Arguments),
    /// Write trust domains into one file, for a machine without a network
    Export(transfer::ExportArguments),
    /// Take in an export, or the root of a private domain
    Import(transfer::ImportArguments),
    /// Follow a log, and tell what nobody meant to sign
    Monitor(Box<monitor::Arguments>),
    /// Make the keys of a private trust stack, which `serve` then runs
    Init(founding::InitArguments),
    /// Make new keys for a private trust stack; what the old ones signed goes on verifying
    Rotate(founding::RotateArguments),
}

/// Does what was asked for.
pub(crate) fn run(common: &Common, arguments: Arguments) -> Result<Outcome, Failure> {
    match arguments.action {
        Action::Show(arguments) => show::run(common, &arguments),
        Action::Refresh(arguments) => refresh::run(common, &arguments),
        Action::Export(arguments) => transfer::export(common, &arguments),
        Action::Import(arguments) => transfer::import(common, &arguments),
        Action::Monitor(arguments) => monitor::run(common, &arguments),
        Action::Init(arguments) => founding::init(common, arguments),
        Action::Rotate(arguments) => founding::rotate(common, &arguments),
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "there is no place for a trust store: neither --trust, $TOUCHPLATE_TRUST, $XDG_DATA_HOME nor $HOME is set"
)]
struct NoPlace;

#[derive(Debug, thiserror::Error)]
#[error("--trusted-root names one root for all names; this command is about the trust store")]
struct OneRoot;

#[derive(Debug, thiserror::Error)]
#[error("there is no trust domain {name}; there is {present}")]
struct NoDomain {
    name: DomainName,
    present: String,
}

/// The store that a command is about.
fn store(common: &Common) -> Result<TrustStore, Failure> {
    if common.trusted_root.is_some() {
        return Err(Failure::usage(OneRoot));
    }
    crate::root::store(common).ok_or_else(|| Failure::usage(NoPlace))
}

/// What a scope is, in one line.
fn told(name: &DomainName, scope: &Scope) -> String {
    let names: Vec<_> = scope.projects().iter().map(ToString::to_string).collect();
    match names.as_slice() {
        [] if name.is_public_good() => "every name that no other domain lists".to_owned(),
        names => names.join(", "),
    }
}

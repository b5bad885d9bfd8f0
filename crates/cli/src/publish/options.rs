//! The arguments of `publish`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use touchplate_client::sign::RekorVersion;
use url::Url;

use crate::options::Reporting;
use crate::signing;

/// Arguments of `publish`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate publish dist/* --index https://packages.example/legacy/ --trust-config trust_config.json
  touchplate publish dist/* --dry-run

Everything is checked before the first byte is sent. A run that was interrupted is run again: what is
there already, byte for byte, is not sent twice. docs/guide/publish.md has what each CI service needs.")]
pub(crate) struct Arguments {
    /// Wheels and sdists of a release; attestations that lie beside them are sent along
    #[arg(value_name = "FILE", required = true)]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) destination: DestinationOptions,
    /// Check everything and say what would be done, send nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Leave files alone that are there already, byte for byte, even if they lack an attestation
    #[arg(long)]
    pub(super) skip_existing: bool,
    /// Publish though the last release was attested and this one would not be
    #[arg(long)]
    pub(super) allow_downgrade: bool,
    /// Publish though the last release was attested by another identity
    #[arg(long)]
    pub(super) allow_new_identity: bool,
    /// Fail rather than publish a file without attestation, and send them to an index that does not say that it takes them
    #[arg(long, conflicts_with = "no_attestations")]
    pub(super) attestations: bool,
    /// Sign nothing, and send no attestation
    #[arg(long)]
    pub(super) no_attestations: bool,
    /// A file with the ID token for the index; `-` reads it from standard input [default: as for signing]
    #[arg(long, value_name = "FILE")]
    pub(super) index_token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) signing: signing::SigningOptions,
    /// Which kind of log entry; readers of PEP 740 version 1 know 1 alone
    #[arg(long, value_name = "VERSION", default_value = "1", value_parser = signing::rekor_version, help_heading = "Signing options")]
    pub(super) rekor_version: RekorVersion,
    #[command(flatten)]
    pub(super) reporting: Reporting,
}

/// Where to, and as whom.
#[derive(Args, Debug)]
#[command(next_help_heading = "Index options")]
pub(crate) struct DestinationOptions {
    /// The upload URL, or what .pypirc or uv's configuration calls the index [default: theirs; none is built in]
    #[arg(long, value_name = "URL|NAME")]
    pub(super) index: Option<String>,
    /// The Simple API of the same index, where it is told what is there already [default: as the index says]
    #[arg(long, value_name = "URL")]
    pub(super) check_url: Option<Url>,
    /// A file with an API token; `-` reads it from standard input
    #[arg(long, value_name = "FILE", conflicts_with = "username")]
    pub(super) token_file: Option<PathBuf>,
    /// Who uploads, with a password from the environment, .netrc or keyring
    #[arg(long, value_name = "NAME")]
    pub(super) username: Option<String>,
    /// Whether the identity of the CI job is exchanged for a token
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(super) trusted_publishing: TrustedPublishing,
}

/// Whether the identity of the CI job is exchanged for a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TrustedPublishing {
    /// Where there are no other credentials.
    #[default]
    Automatic,
    /// Whatever other credentials there are.
    Always,
    /// Never.
    Never,
}

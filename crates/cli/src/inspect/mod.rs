//! `touchplate inspect`: what an attestation, a bundle, a certificate or a trust root says. Nothing is checked, and each
//! report says so.

mod attestation;
mod bundle;
mod certificate;
mod entry;
mod kind;
mod root;
mod stamp;
mod tell;
mod wire;

use std::path::PathBuf;

use clap::Args;

use crate::files;
use crate::options::{Format, Reporting};
use crate::report::{Failure, Outcome, say, say_json};

/// Arguments of `inspect`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate inspect demo-1.0-py3-none-any.whl.publish.attestation
  touchplate inspect provenance.json --format json
  touchplate inspect a.sigstore.json
  touchplate inspect trusted_root.json

What it shows are claims: whoever wrote the file could write anything. `touchplate verify` and
`touchplate bundle verify` check them.")]
pub(crate) struct Arguments {
    /// An attestation or an array of them, a provenance object, a Sigstore bundle, a trust root or ClientTrustConfig,
    /// certificates (PEM or DER), a timestamp (RFC 3161), or a log's checkpoint
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    reporting: Reporting,
}

/// Tells what the file says.
pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let bytes = files::read_evidence(&arguments.file)?;
    let document = kind::read(&arguments.file, &bytes)?;
    match arguments.reporting.format {
        Format::Text => say(&tell::text(&arguments.file, &document))?,
        Format::Json => say_json(&tell::json(&document))?,
    }
    Ok(Outcome::Done)
}

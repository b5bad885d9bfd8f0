//! `touchplate inspect`: what a file of attestations says. Nothing is checked, and each report says so.

mod certificate;
mod kind;
mod tell;

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

What it shows are claims: whoever wrote the file could write anything. `touchplate verify` checks them.")]
pub(crate) struct Arguments {
    /// An attestation, an array of them, a provenance object, or a signing certificate (PEM or DER)
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

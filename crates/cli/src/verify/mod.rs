//! `touchplate verify`: who built a file, and whether that is whom the caller expected. Reads files, asks the clock once,
//! never uses a network.

mod candidate;
mod expected;
mod file;
mod judge;
mod sources;
mod tell;

use std::path::PathBuf;

use clap::{Args, Parser as _};
use touchplate_attest::Publisher;
use touchplate_packaging::{Filename, Sha256};
use touchplate_server::{Clock as _, SystemClock};

use crate::options::{Command, Common, Format, Options, Reporting};
use crate::report::{Failure, Outcome, say, say_json};
use crate::root::Root;
use expected::Expected;
use judge::Report;
use sources::Source;

/// Arguments of `verify`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate verify demo-1.0-py3-none-any.whl \\
      --publisher '{\"kind\":\"GitHub\",\"repository\":\"example/demo\",\"workflow\":\"release.yml\"}'
  touchplate verify demo-1.0.tar.gz --provenance provenance.json \\
      --identity https://github.com/example/demo/.github/workflows/release.yml@refs/tags/v1.0 \\
      --issuer https://token.actions.githubusercontent.com
  touchplate verify --filename demo-1.0.tar.gz --sha256 HEX \\
      --attestation demo.publish.attestation --publisher JSON

Without --attestation, --attestations or --provenance it looks beside FILE for
FILE.publish.attestation, FILE.slsa.attestation, any other FILE.*.attestation, and
FILE.provenance. All that is found must hold.")]
pub(crate) struct Arguments {
    /// Distribution files: wheels or sdists, under the names they are published with
    #[arg(value_name = "FILE", required_unless_present = "filename")]
    files: Vec<PathBuf>,
    /// An attestation of FILE (may be repeated)
    #[arg(long, value_name = "FILE", group = "evidence")]
    attestation: Vec<PathBuf>,
    /// FILE's provenance object, as the Integrity API serves it
    #[arg(long, value_name = "FILE", group = "evidence", conflicts_with_all = ["attestation", "attestations"])]
    provenance: Option<PathBuf>,
    /// A JSON array of attestations of FILE, as an upload carries it
    #[arg(
        long,
        value_name = "FILE",
        group = "evidence",
        conflicts_with = "attestation"
    )]
    attestations: Option<PathBuf>,
    /// Whom you expect: a PEP 740 publisher object (may be repeated: any of them)
    #[arg(long, value_name = "JSON", value_parser = expected::publisher, conflicts_with_all = ["identity", "issuer"])]
    publisher: Vec<Publisher>,
    /// Whom you expect: the certificate's subject alternative name, exactly
    #[arg(long, value_name = "SAN", requires = "issuer")]
    identity: Option<String>,
    /// The identity provider that vouches for --identity, exactly
    #[arg(long, value_name = "URL", requires = "identity")]
    issuer: Option<String>,
    /// With --sha256, stands in for FILE where that is not at hand
    #[arg(
        long,
        value_name = "NAME",
        requires = "sha256",
        requires = "evidence",
        conflicts_with = "files"
    )]
    filename: Option<Filename>,
    /// The digest of the file that is not at hand
    #[arg(long, value_name = "HEX", requires = "filename")]
    sha256: Option<Sha256>,
    #[command(flatten)]
    reporting: Reporting,
}

#[derive(Debug, thiserror::Error)]
#[error("expected one FILE with --attestation, --attestations or --provenance, found {0}")]
struct OneFile(usize);

pub(crate) use candidate::without_nulls;

/// Whether these words after `touchplate` are a `verify` that holds; reports nothing.
pub(crate) fn holds(words: &[String]) -> Result<bool, Failure> {
    let words = std::iter::once("touchplate").chain(words.iter().map(String::as_str));
    match Options::try_parse_from(words).map_err(Failure::usage)? {
        Options {
            common,
            command: Command::Verify(arguments),
        } => {
            let root = Root::read(common.trusted_root.as_deref())?;
            Ok(report(*arguments, root, SystemClock.now())?.is_verified())
        }
        Options { .. } => Ok(false),
    }
}

/// Verifies each file; the answer is yes when every one is.
pub(crate) fn run(common: &Common, arguments: Arguments) -> Result<Outcome, Failure> {
    let format = arguments.reporting.format;
    let root = Root::read(common.trusted_root.as_deref())?;
    let now = SystemClock.now();
    let report = report(arguments, root, now)?;
    match format {
        Format::Text => say(&tell::text(&report))?,
        Format::Json => say_json(&tell::json(&report))?,
    }
    Ok(if report.is_verified() {
        Outcome::Done
    } else {
        Outcome::No
    })
}

fn report(arguments: Arguments, root: Root, now: jiff::Timestamp) -> Result<Report, Failure> {
    let Arguments {
        files,
        attestation,
        provenance,
        attestations,
        publisher,
        identity,
        issuer,
        filename,
        sha256,
        ..
    } = arguments;
    let expected = Expected::new(publisher, identity.zip(issuer));
    let given: Vec<Source> = attestation
        .into_iter()
        .map(Source::Attestation)
        .chain(provenance.map(Source::Provenance))
        .chain(attestations.map(Source::Attestations))
        .collect();
    if let (Some(filename), Some(sha256)) = (filename, sha256) {
        let target = file::Target::absent(filename, sha256);
        return Ok(Report {
            files: vec![judge::judge(target, &given, &expected, &root, now)?],
            root,
            expected,
            now,
        });
    }
    if !given.is_empty() && files.len() != 1 {
        return Err(Failure::usage(OneFile(files.len())));
    }
    let mut judged = Vec::with_capacity(files.len());
    for path in files {
        let target = file::Target::read(&path)?;
        let found;
        let sources = if given.is_empty() {
            found = sources::beside(&path)?;
            &found
        } else {
            &given
        };
        judged.push(judge::judge(target, sources, &expected, &root, now)?);
    }
    Ok(Report {
        files: judged,
        root,
        expected,
        now,
    })
}

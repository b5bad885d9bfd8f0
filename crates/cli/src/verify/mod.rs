//! `touchplate verify`: who built a file, and whether that is whom the caller expected. Reads files, asks the clock once,
//! and uses a network only for targets that are on one.

mod candidate;
mod expected;
mod file;
mod gather;
mod judge;
mod keep;
mod network;
mod progress;
mod sources;
mod targets;
mod tell;

use std::path::{Path, PathBuf};

use clap::{Args, Parser as _};
use touchplate_attest::Publisher;
use touchplate_packaging::{Filename, ProjectName, Sha256, Version};
use touchplate_server::{Clock as _, SystemClock};

use crate::options::{Command, Common, Format, Options, Reporting};
use crate::report::{Failure, Kind, Outcome, say, say_json};
use crate::root::Trust;
use expected::Expectation;
use gather::{Gathered, Given};
use network::Network;
use sources::{Form, Source};
use tell::Report;

/// Arguments of `verify`.
#[derive(Args, Debug)]
#[command(after_help = "\
TARGET is a wheel or sdist on disk, a directory or a quoted pattern of them, a release
`name==version` of an index, or the URL of a file.

Examples:
  touchplate verify demo-1.0-py3-none-any.whl \\
      --publisher '{\"kind\":\"GitHub\",\"repository\":\"example/demo\",\"workflow\":\"release.yml\"}'
  touchplate verify dist/ --recursive --first-use
  touchplate verify demo==1.0 --index https://packages.example/simple/ --keep wheelhouse/
  touchplate verify demo-1.0.tar.gz --provenance provenance.json \\
      --identity https://github.com/example/demo/.github/workflows/release.yml@refs/tags/v1.0 \\
      --issuer https://token.actions.githubusercontent.com
  touchplate verify --filename demo-1.0.tar.gz --sha256 HEX \\
      --attestation demo.publish.attestation --publisher JSON

Without --attestation, --attestations or --provenance it looks beside a file for
FILE.publish.attestation, FILE.slsa.attestation, any other FILE.*.attestation, and
FILE.provenance; of a file on a server it asks the server. All that is found must hold.

Without --publisher or --identity, whom to expect stands in touchplate.lock.toml.")]
pub(crate) struct Arguments {
    /// What to verify
    #[arg(value_name = "TARGET", required_unless_present = "filename")]
    targets: Vec<PathBuf>,
    /// An attestation of the file (may be repeated)
    #[arg(long, value_name = "FILE", group = "evidence")]
    attestation: Vec<PathBuf>,
    /// The file's provenance object, as the Integrity API serves it
    #[arg(long, value_name = "FILE", group = "evidence", conflicts_with_all = ["attestation", "attestations"])]
    provenance: Option<PathBuf>,
    /// A JSON array of attestations of the file, as an upload carries it
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
    /// Whom you expect: as pinned in this file [default: touchplate.lock.toml, here or above in the repository]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["publisher", "identity"])]
    lock: Option<PathBuf>,
    /// Pin who built a project's files if nobody is pinned yet
    #[arg(long, conflicts_with_all = ["publisher", "identity"])]
    first_use: bool,
    /// The index: the URL of its Simple API [default: what pip or uv is told]
    #[arg(long, value_name = "URL")]
    index: Option<String>,
    /// Look into directories below TARGET too
    #[arg(long)]
    recursive: bool,
    /// Keep what is verified: the file, its evidence, and a record
    #[arg(long, value_name = "DIR", conflicts_with = "filename")]
    keep: Option<PathBuf>,
    /// With --sha256, stands in for a file that is not at hand
    #[arg(
        long,
        value_name = "NAME",
        requires = "sha256",
        requires = "evidence",
        conflicts_with = "targets"
    )]
    filename: Option<Filename>,
    /// The digest of the file that is not at hand
    #[arg(long, value_name = "HEX", requires = "filename")]
    sha256: Option<Sha256>,
    #[command(flatten)]
    reporting: Reporting,
}

pub(crate) use candidate::without_nulls;
pub(crate) use judge::Evidence;
pub(crate) use network::USER_AGENT;
pub(crate) use progress::Progress;

/// A release of an index, as far as its files could be fetched.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// Its files, each with what its attestations prove.
    pub(crate) files: Vec<Evidence>,
    /// What could not be fetched, and why.
    pub(crate) failures: Vec<(String, Failure)>,
}

/// Fetches releases with their provenance, attested or not, each file into a temporary one in `room`.
pub(crate) fn releases<const N: usize>(
    common: &Common,
    index: Option<&str>,
    room: &Path,
    trust: &Trust,
    releases: [(ProjectName, Version); N],
) -> Result<[Fetched; N], Failure> {
    let wanted = releases.map(|(project, version)| targets::Wanted::Release { project, version });
    let network = Network::for_targets(&wanted, index, common.offline)?;
    let work = gather::Work {
        network: network.as_ref(),
        given: &Given::new(Vec::new()),
        domains: trust.domains(),
        room,
        keeps: true,
        fetches_all: true,
        now: SystemClock.now(),
    };
    let fetched = wanted.map(|wanted| work.gather(vec![wanted]));
    let mut failed = None;
    let fetched = fetched.map(|result| {
        let gathered = result.unwrap_or_else(|failure| {
            failed = Some(failure);
            Gathered::default()
        });
        Fetched {
            files: gathered.evidence,
            failures: gathered.failures,
        }
    });
    failed.map_or(Ok(fetched), Err)
}

/// The wheels and sdists on disk that `targets` name, each once, in order.
pub(crate) fn distributions(targets: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let wanted = targets::read(targets, false)?;
    let on_disk = wanted.into_iter().map(|wanted| match wanted {
        targets::Wanted::File(path) => Ok(path),
        targets::Wanted::Release { .. } | targets::Wanted::Url { .. } => {
            Err(Failure::usage(NotOnDisk))
        }
    });
    on_disk.collect()
}

#[derive(Debug, thiserror::Error)]
#[error("expected files on this machine, found a release or a URL")]
struct NotOnDisk;

/// Whether these words after `touchplate` are a `verify` that holds; reports nothing.
pub(crate) fn holds(words: &[String]) -> Result<bool, Failure> {
    let words = std::iter::once("touchplate").chain(words.iter().map(String::as_str));
    match Options::try_parse_from(words).map_err(Failure::usage)? {
        Options {
            common,
            command: Command::Verify(arguments),
        } => Ok(report(&common, *arguments)?.is_verified()),
        Options { .. } => Ok(false),
    }
}

/// Verifies each file; the answer is yes when every one is.
pub(crate) fn run(common: &Common, arguments: Arguments) -> Result<Outcome, Failure> {
    let format = arguments.reporting.format;
    let report = report(common, arguments)?;
    match format {
        Format::Text if report.files.is_empty() => {}
        Format::Text => say(&tell::text(&report))?,
        Format::Json => say_json(&tell::json(&report))?,
    }
    end(report)
}

/// A file that is known to be wrong decides before one of which nothing is known.
fn end(report: Report) -> Result<Outcome, Failure> {
    let says_no = report.files.iter().any(|judged| !judged.is_verified());
    let mut failures: Vec<Failure> = report.failures.into_iter().map(|(_, why)| why).collect();
    let rank = |failure: &Failure| match failure.kind() {
        Kind::Refused => 0,
        Kind::Outside => 1,
        Kind::Usage => 2,
    };
    let deciding = (0..failures.len()).min_by_key(|&at| failures.get(at).map(rank));
    let last = deciding.map(|at| failures.remove(at));
    failures.iter().for_each(Failure::tell);
    match last {
        Some(last) if says_no => {
            last.tell();
            Ok(Outcome::No)
        }
        Some(last) => Err(last),
        None if says_no => Ok(Outcome::No),
        None => Ok(Outcome::Done),
    }
}

fn report(common: &Common, arguments: Arguments) -> Result<Report, Failure> {
    let trust = Trust::read(common)?;
    let now = SystemClock.now();
    let given = Given::new(
        arguments
            .attestation
            .into_iter()
            .map(|path| Source::file(Form::Attestation, path))
            .chain(
                arguments
                    .provenance
                    .map(|path| Source::file(Form::Provenance, path)),
            )
            .chain(
                arguments
                    .attestations
                    .map(|path| Source::file(Form::Attestations, path)),
            )
            .collect(),
    );
    let identity = arguments.identity.zip(arguments.issuer);
    let mut expectation = match Expectation::of_flags(arguments.publisher, identity) {
        Some(expectation) => expectation,
        None => Expectation::of_pins(arguments.lock, arguments.first_use)?,
    };
    let (gathered, network) = if let (Some(filename), Some(sha256)) =
        (arguments.filename, arguments.sha256)
    {
        let target = file::Target::absent(filename, sha256);
        (
            Gathered::absent(target, &given, trust.domains(), now)?,
            None,
        )
    } else {
        let wanted = targets::read(&arguments.targets, arguments.recursive)?;
        let network = Network::for_targets(&wanted, arguments.index.as_deref(), common.offline)?;
        if let Some(folder) = &arguments.keep {
            keep::prepare(folder)?;
        }
        let room = arguments.keep.clone().unwrap_or_else(std::env::temp_dir);
        let work = gather::Work {
            network: network.as_ref(),
            given: &given,
            domains: trust.domains(),
            room: &room,
            keeps: arguments.keep.is_some(),
            fetches_all: false,
            now,
        };
        (work.gather(wanted)?, network)
    };
    let Gathered {
        evidence,
        mut failures,
    } = gathered;
    let mut files = expectation.judge(evidence, now)?;
    if let Some(folder) = &arguments.keep {
        for judged in files.iter_mut().filter(|judged| judged.is_verified()) {
            let record = tell::record(judged, &trust, now);
            match keep::keep(folder, judged, &record) {
                Ok(kept) => judged.kept = kept,
                Err(failure) => {
                    failures.push((judged.target.facts.filename.as_str().to_owned(), failure));
                }
            }
        }
    }
    Ok(Report {
        files,
        failures,
        trust,
        expectation,
        index: network.and_then(|network| network.index().cloned()),
        now,
    })
}

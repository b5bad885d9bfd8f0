//! `touchplate bundle`: Sigstore bundles of any artifact. Verifying reads files, asks the clock once, never uses a network.

mod artifact;
mod judge;
mod sign;
mod tell;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use touchplate_attest::crypto::KeyError;
use touchplate_attest::{ManagedKey, TrustRoot};
use touchplate_server::{Clock as _, SystemClock};

use crate::files;
use crate::options::{Common, Format, Reporting};
use crate::report::{Failure, Outcome, say, say_json};
use crate::root::Trust;
use artifact::Given;
use judge::{Expected, Root};

/// Arguments of `bundle`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  touchplate bundle verify --bundle a.sigstore.json --key signer.pub a.tar.gz")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a Sigstore bundle for an artifact, with no network
    Verify(Verify),
    /// Sign an artifact without a key that is kept, as a Sigstore bundle
    Sign(Box<sign::Arguments>),
}

/// Arguments of `bundle verify`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate bundle verify --bundle a.sigstore.json \\
      --certificate-identity https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1 \\
      --certificate-oidc-issuer https://token.actions.githubusercontent.com a.tar.gz
  touchplate bundle verify --bundle a.sigstore.json --key signer.pub sha256:HEX

There is no way to accept whoever signed: say whom you expect. `touchplate inspect` shows what
a bundle claims.")]
struct Verify {
    /// The bundle: media type 0.1, 0.2 or 0.3
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// Whom you expect: the certificate's subject alternative name, exactly
    #[arg(
        long,
        value_name = "SAN",
        required_unless_present = "key",
        conflicts_with = "key"
    )]
    certificate_identity: Option<String>,
    /// The identity provider that vouches for it, exactly
    #[arg(
        long,
        value_name = "URL",
        required_unless_present = "key",
        conflicts_with = "key"
    )]
    certificate_oidc_issuer: Option<String>,
    /// The public key that must have signed, in PEM or DER, for a bundle without a certificate
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Judge by the embedded root of Sigstore's staging instance, which proves nothing to anybody
    #[arg(long)]
    staging: bool,
    /// The artifact, or `sha256:`, `sha384:` or `sha512:` and its digest
    #[arg(value_name = "ARTIFACT")]
    artifact: PathBuf,
    #[command(flatten)]
    reporting: Reporting,
}

/// The longest key that is read; [`ManagedKey::parse`] has the same bound.
const MAX_KEY_BYTES: usize = 16 * 1024;

#[derive(Debug, thiserror::Error)]
enum UsageError {
    #[error("`{}` is not a public key that signatures can be checked with", .0.display())]
    Key(PathBuf, #[source] KeyError),
    #[error("--staging and --trusted-root name two roots; expected one")]
    TwoRoots,
    #[error(
        "no trust domain is public good, and a bundle names no project that would choose another"
    )]
    NoDomain,
}

/// Does it.
pub(crate) fn run(common: &Common, arguments: Arguments) -> Result<Outcome, Failure> {
    match arguments.command {
        Command::Verify(arguments) => verify(common, arguments),
        Command::Sign(arguments) => sign::run(common, &arguments),
    }
}

fn verify(common: &Common, arguments: Verify) -> Result<Outcome, Failure> {
    let root = root(common, arguments.staging)?;
    let identity = arguments
        .certificate_identity
        .zip(arguments.certificate_oidc_issuer);
    let expected = match (arguments.key, identity) {
        (Some(path), _) => Expected::Key(key(path)?),
        (None, identity) => {
            let (san, issuer) = identity.expect("clap requires both where there is no --key");
            Expected::Identity { san, issuer }
        }
    };
    let given = Given::read(&arguments.artifact)?;
    let report = judge::judge(given, arguments.bundle, expected, root, SystemClock.now())?;
    match arguments.reporting.format {
        Format::Text => say(&tell::text(&report))?,
        Format::Json => say_json(&tell::json(&report))?,
    }
    Ok(if report.is_verified() {
        Outcome::Done
    } else {
        Outcome::No
    })
}

/// The root that is asked for; otherwise the public-good one, kept fresh in the trust store or embedded. The other
/// domains speak for projects, and a bundle is about none.
fn root(common: &Common, staging: bool) -> Result<Root, Failure> {
    if staging {
        if common.trusted_root.is_some() {
            return Err(Failure::usage(UsageError::TwoRoots));
        }
        return Ok(Root {
            root: TrustRoot::staging(),
            origin: "Sigstore's staging instance, embedded".to_owned(),
        });
    }
    let trust = Trust::read(common)?;
    if let Some(root) = trust.domains().only_root() {
        return Ok(Root {
            root: root.clone(),
            origin: trust.origin(None),
        });
    }
    let mut domains = trust.domains().domains().iter();
    match domains.find(|domain| domain.name().is_public_good()) {
        Some(domain) => Ok(Root {
            root: domain.root().clone(),
            origin: trust.origin(Some(domain.name())),
        }),
        None => Err(Failure::usage(UsageError::NoDomain)
            .hint("name the root to judge by with --trusted-root")),
    }
}

fn key(path: PathBuf) -> Result<ManagedKey, Failure> {
    let bytes = files::read(&path, MAX_KEY_BYTES)?;
    let key = ManagedKey::parse(&bytes);
    key.map_err(|error| {
        Failure::usage(UsageError::Key(path, error)).hint(
            "expected one PEM block `PUBLIC KEY` (`openssl pkey -pubout`), or the same in DER",
        )
    })
}

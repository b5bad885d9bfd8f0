//! `touchplate bundle sign`: a Sigstore bundle of any artifact. The one command here that uses the network.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use touchplate_client::sign::{RekorVersion, SignedBundle};
use touchplate_server::{Clock as _, SystemClock};

use crate::files;
use crate::options::{Common, Format, REPORT_VERSION, Reporting};
use crate::report::{Failure, Outcome, say, say_json};
use crate::screen::Page;
use crate::signing::{self, For, Instance};
use crate::{sign, signer};

/// Arguments of `bundle sign`.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  touchplate bundle sign --bundle a.tar.gz.sigstore.json --trust-config trust_config.json a.tar.gz

For wheels and sdists, `touchplate sign` writes the attestations that indexes take.")]
pub(super) struct Arguments {
    /// Where the bundle is written; what is there is replaced
    #[arg(long, value_name = "FILE")]
    bundle: PathBuf,
    /// The artifact is an in-toto statement: sign it as such, in a DSSE envelope
    #[arg(long)]
    in_toto: bool,
    /// Which kind of log entry: 1 or 2 [default: the newest that the instance has]
    #[arg(long, value_name = "VERSION", value_parser = signing::rekor_version)]
    rekor_version: Option<RekorVersion>,
    /// The artifact
    #[arg(value_name = "ARTIFACT")]
    artifact: PathBuf,
    #[command(flatten)]
    signing: signing::SigningOptions,
    #[command(flatten)]
    reporting: Reporting,
}

/// The longest artifact: it is held in memory while it is signed.
const MAX_ARTIFACT_BYTES: usize = 1 << 30;

#[derive(Debug, thiserror::Error)]
enum SignBundleError {
    #[error("`{}` has more than the {MAX_ARTIFACT_BYTES} bytes that are signed", .0.display())]
    TooLarge(PathBuf),
    #[error("the bundle could not be written to `{}`", .0.display())]
    Unwritable(PathBuf, #[source] std::io::Error),
}

/// Signs, verifies, writes.
pub(super) fn run(common: &Common, arguments: &Arguments) -> Result<Outcome, Failure> {
    let agent = signing::agent(common)?;
    let instance = Instance::find(common, &arguments.signing, For::Anything)?;
    let bytes = files::read(&arguments.artifact, MAX_ARTIFACT_BYTES)?;
    if bytes.len() > MAX_ARTIFACT_BYTES {
        let path = arguments.artifact.clone();
        return Err(Failure::usage(SignBundleError::TooLarge(path)));
    }
    let newest = || instance.config.version(SystemClock.now());
    let version = arguments.rekor_version.or_else(newest);
    let version = version.unwrap_or(RekorVersion::V1);
    let (signer, _) = signing::signer(&arguments.signing, &instance, version, &agent)?;
    let signed = if arguments.in_toto {
        signer.sign_statement(&bytes)?
    } else {
        signer.sign_artifact(bytes)?
    };
    let path = &arguments.bundle;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    sign::place(folder, path, signed.json.as_bytes())
        .map_err(|error| Failure::outside(SignBundleError::Unwritable(path.clone(), error)))?;
    match arguments.reporting.format {
        Format::Text => say(&text(arguments, &signed))?,
        Format::Json => say_json(&report(arguments, &signed))?,
    }
    Ok(Outcome::Done)
}

fn text(arguments: &Arguments, signed: &SignedBundle) -> String {
    let mut page = Page::new();
    let (artifact, bundle) = (arguments.artifact.display(), arguments.bundle.display());
    page.good(&format!(
        "{artifact}: signed, logged and verified; {bundle}"
    ));
    if let Some(identity) = signed.proven.identity() {
        signer::identity(&mut page, identity, signed.proven.claims());
    }
    signer::records(
        &mut page,
        signed.proven.log_entries(),
        signed.proven.times(),
    );
    page.take()
}

fn report(arguments: &Arguments, signed: &SignedBundle) -> Value {
    let identity = signed.proven.identity();
    json!({
        "version": REPORT_VERSION,
        "artifact": arguments.artifact.display().to_string(),
        "bundle": arguments.bundle.display().to_string(),
        "identity": identity.map(|it| json!({"san": it.san().as_str(), "issuer": it.issuer()})),
        "claims": signed.proven.claims(),
        "log_entries": signed.proven.log_entries(),
        "times": signed.proven.times(),
    })
}

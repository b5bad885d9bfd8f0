//! `touchplate sign`: an attestation beside each file, by whoever runs it, without a key that is kept.

mod sidecar;
mod tell;
mod work;

use std::path::PathBuf;

use clap::Args;
use touchplate_client::sign::{Claim, RekorVersion};
use touchplate_packaging::ProjectName;
use touchplate_server::{Clock as _, SystemClock};

use crate::options::{Common, Format, Reporting};
use crate::report::{Failure, Outcome, say, say_json};
use crate::signing::{self, For, Instance};
pub(crate) use sidecar::place;
use sidecar::{Kept, Sidecar};

/// Arguments of `sign`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  touchplate sign dist/* --trust-config trust_config.json
  touchplate sign demo-1.0.tar.gz --signing-config signing_config.json --trusted-root root.json \\
      --identity-token-file token.jwt

Writes FILE.publish.attestation beside each FILE, once it verifies. Attestations that are there and
hold are kept. The identity is that of the CI job that runs it, of --identity-token-file, or of the
person who logs in. Which services sign, the trust domain of the project says if no option does;
none is built in.")]
pub(crate) struct Arguments {
    /// Wheels and sdists; attestations among them are passed over
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Sign anew where there is an attestation already
    #[arg(long)]
    replace: bool,
    /// Which kind of log entry; readers of PEP 740 version 1 know 1 alone
    #[arg(long, value_name = "VERSION", default_value = "1", value_parser = signing::rekor_version)]
    rekor_version: RekorVersion,
    #[command(flatten)]
    signing: signing::SigningOptions,
    #[command(flatten)]
    reporting: Reporting,
}

#[derive(Debug, thiserror::Error)]
enum SignFilesError {
    #[error("`{}` has an attestation by {found}, and this run signs as {expected}", .path.display())]
    OtherSigner {
        path: PathBuf,
        found: String,
        expected: String,
    },
}

/// What became of one file.
#[derive(Debug)]
pub(crate) struct Made {
    sidecar: Sidecar,
    result: Result<Kept, Failure>,
    is_new: bool,
}

/// Signs each file that has no attestation yet.
pub(crate) fn run(common: &Common, arguments: &Arguments) -> Result<Outcome, Failure> {
    let agent = signing::agent(common)?;
    let sidecars = sidecar::of_files(&arguments.files)?;
    let mut projects: Vec<ProjectName> = Vec::new();
    for sidecar in &sidecars {
        let project = sidecar.facts.filename.project();
        if !projects.contains(project) {
            projects.push(project.clone());
        }
    }
    let instance = Instance::find(common, &arguments.signing, For::Projects(&projects))?;
    let now = SystemClock.now();
    let mut made = Vec::new();
    let mut open = Vec::new();
    for sidecar in sidecars {
        let kept = if arguments.replace {
            None
        } else {
            sidecar.kept(&instance.root, now)?
        };
        match kept {
            Some(kept) => made.push(Made {
                sidecar,
                result: Ok(kept),
                is_new: false,
            }),
            None => open.push(sidecar),
        }
    }
    let who = if open.is_empty() {
        None
    } else {
        let version = arguments.rekor_version;
        let (signer, who) = signing::signer(&arguments.signing, &instance, version, &agent)?;
        agree(&made, &signer.certificate().identity)?;
        made.extend(work::sign(&signer, &Claim::publish(), open));
        Some(who)
    };
    made.sort_by(|a, b| a.sidecar.path.cmp(&b.sidecar.path));
    match arguments.reporting.format {
        Format::Text => say(&tell::text(&made, &instance, who.as_ref()))?,
        Format::Json => say_json(&tell::json(&made, &instance, who.as_ref()))?,
    }
    end(made)
}

/// One release, one signer: an attestation that somebody else left is no reason to publish as two.
fn agree(made: &[Made], identity: &touchplate_attest::Identity) -> Result<(), Failure> {
    let other = made.iter().find_map(|it| match &it.result {
        Ok(kept) if kept.proven.identity() != identity => Some((it, kept)),
        Ok(_) | Err(_) => None,
    });
    let Some((it, kept)) = other else {
        return Ok(());
    };
    let error = SignFilesError::OtherSigner {
        path: it.sidecar.path.clone(),
        found: kept.proven.identity().san().to_string(),
        expected: identity.san().to_string(),
    };
    Err(Failure::refused(error).hint("--replace signs it anew"))
}

/// A file that was refused decides before one that the network kept from being signed.
fn end(made: Vec<Made>) -> Result<Outcome, Failure> {
    let mut failures: Vec<Failure> = made.into_iter().filter_map(|it| it.result.err()).collect();
    let rank = |failure: &Failure| match failure.kind() {
        crate::report::Kind::Refused => 0,
        crate::report::Kind::Outside => 1,
        crate::report::Kind::Usage => 2,
    };
    let deciding = (0..failures.len()).min_by_key(|&at| failures.get(at).map(rank));
    let last = deciding.map(|at| failures.remove(at));
    failures.iter().for_each(Failure::tell);
    last.map_or(Ok(Outcome::Done), Err)
}

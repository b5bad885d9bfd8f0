//! What every command that signs has in common: which services are asked, and who signs.

mod instance;
mod person;
mod who;

use std::path::{Path, PathBuf};

use clap::Args;
use touchplate_client::fetch::{Agent, Cause, Settings};
use touchplate_client::sign::{RekorVersion, Services, SignError, Signer};
use touchplate_server::{Clock as _, SystemClock};

use crate::options::Common;
use crate::report::Failure;
pub(crate) use instance::{For, Instance};
pub(crate) use who::{Who, of_file, standard_input};

/// What it calls itself.
const USER_AGENT: &str = concat!("touchplate/", env!("CARGO_PKG_VERSION"));

/// Options of every command that signs.
#[derive(Args, Debug)]
#[command(next_help_heading = "Signing options")]
pub(crate) struct SigningOptions {
    /// The instance to sign with: a Sigstore ClientTrustConfig, as `/trust/trust_config.json` of an index serves it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["signing_config", "trusted_root", "trust"])]
    trust_config: Option<PathBuf>,
    /// The services to sign with, whose root is --trusted-root
    #[arg(long, value_name = "FILE", requires = "trusted_root")]
    signing_config: Option<PathBuf>,
    /// Sign though the ID token says that the repository is not public, and the log is
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    who: who::IdentityOptions,
}

/// The words for a version of Rekor.
pub(crate) fn rekor_version(word: &str) -> Result<RekorVersion, NoVersion> {
    match word {
        "1" => Ok(RekorVersion::V1),
        "2" => Ok(RekorVersion::V2),
        _ => Err(NoVersion),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("expected 1 or 2")]
pub(crate) struct NoVersion;

#[derive(Debug, thiserror::Error)]
enum SigningError {
    #[error("--offline forbids the network, and there is no signing without it")]
    Offline,
    #[error(
        "the ID token says that the repository {repository} is {visibility}, and {log} is a public log"
    )]
    Closed {
        repository: String,
        visibility: String,
        log: String,
    },
}

/// The agent of a command that signs.
pub(crate) fn agent(common: &Common) -> Result<Agent, Failure> {
    Ok(Agent::new(settings(common)?))
}

/// What that agent goes by.
pub(crate) fn settings(common: &Common) -> Result<Settings, Failure> {
    if common.offline {
        return Err(Failure::usage(SigningError::Offline));
    }
    let variable = |name: &str| std::env::var(name).ok();
    Ok(Settings::from_environment(USER_AGENT, &variable)?)
}

impl SigningOptions {
    /// Whether somebody can be asked who this is, without a person at a terminal.
    pub(crate) fn has_identity(&self) -> bool {
        self.who.is_named()
    }

    /// Whether the command line names an instance.
    pub(crate) fn names_instance(&self) -> bool {
        self.trust_config.is_some() || self.signing_config.is_some()
    }

    /// The file with the ID token to sign with.
    pub(crate) fn token_file(&self) -> Option<&Path> {
        self.who.token_file()
    }
}

/// Finds out who signs, and has a key certified for them.
pub(crate) fn signer<'a>(
    options: &SigningOptions,
    instance: &Instance,
    version: RekorVersion,
    agent: &'a Agent,
) -> Result<(Signer<'a>, Who), Failure> {
    let signatory = Signatory::find(options, instance, version, agent)?;
    signatory.certified(instance, agent)
}

/// Who signs, and by which services; nothing is certified yet.
#[derive(Debug)]
pub(crate) struct Signatory {
    services: Services,
    pub(crate) who: Who,
}

impl Signatory {
    /// Has a key certified.
    pub(crate) fn certified<'a>(
        self,
        instance: &Instance,
        agent: &'a Agent,
    ) -> Result<(Signer<'a>, Who), Failure> {
        let Self { services, who } = self;
        let root = instance.root.clone();
        let signer = Signer::new(agent, services, root, &who.token, &now_of_system)?;
        Ok((signer, who))
    }

    /// Finds out who signs, and refuses what a public log must not hold.
    pub(crate) fn find(
        options: &SigningOptions,
        instance: &Instance,
        version: RekorVersion,
        agent: &Agent,
    ) -> Result<Self, Failure> {
        let now = SystemClock.now();
        let services = instance
            .config
            .services(version, now)
            .map_err(|error| instance.unusable(error))?;
        let who = options.who.find(instance, agent, now)?;
        if let (Some(closed), Some(log), false) = (
            who.token.closed_repository(),
            instance.public_log(&services),
            options.public,
        ) {
            let error = SigningError::Closed {
                repository: closed.repository.to_owned(),
                visibility: closed.visibility.to_owned(),
                log: log.to_string(),
            };
            return Err(Failure::refused(error).hint(
            "the log would publish the names of repository, workflow and commit for good; sign with a private \
             instance (--trust-config), or say --public",
        ));
        }
        Ok(Self { services, who })
    }
}

pub(crate) fn now_of_system() -> jiff::Timestamp {
    SystemClock.now()
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        match error.cause() {
            Cause::Outside => Self::outside(error),
            Cause::No => Self::refused(error),
            Cause::Configuration => Self::usage(error),
        }
    }
}

//! Who signs: the ID token from a file, from where the command runs, or from a person who logs in.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use touchplate_client::fetch::{Agent, Cause};
use touchplate_client::identity::ambient::{AmbientError, Source};
use touchplate_client::identity::login::LoginError;
use touchplate_client::identity::{IdentityToken, MAX_TOKEN_BYTES, TokenError};
use url::Url;

use super::instance::Instance;
use super::person;
use crate::files;
use crate::report::Failure;

/// Options about who signs.
#[derive(Args, Debug)]
pub(crate) struct IdentityOptions {
    /// A file with the ID token to sign with; `-` reads it from standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["oidc_issuer", "out_of_band"])]
    identity_token_file: Option<PathBuf>,
    /// Whom an ID token is asked for: what the certificate authority expects in it
    #[arg(long, value_name = "AUDIENCE", default_value = "sigstore")]
    audience: String,
    /// Log in at this identity provider, in a browser [default: the instance's, on a terminal]
    #[arg(long, value_name = "URL")]
    oidc_issuer: Option<Url>,
    /// What this program is called there
    #[arg(long, value_name = "ID", default_value = "sigstore")]
    oidc_client_id: String,
    /// Log in in a browser on another machine, and type in the code that it shows
    #[arg(long)]
    out_of_band: bool,
}

/// Who signs, as far as is known before anybody has checked it.
#[derive(Debug)]
pub(crate) struct Who {
    pub(crate) token: IdentityToken,
    /// Where the token is from, in words.
    pub(crate) origin: String,
}

#[derive(Debug, thiserror::Error)]
enum WhoError {
    #[error(
        "there is no identity to sign with: no CI service that is known here, no --identity-token-file, and nobody to log in"
    )]
    Nobody,
    #[error("the instance names no identity provider to log in at")]
    NoProvider,
    #[error("`{}` does not hold an ID token", .0.display())]
    File(PathBuf, #[source] TokenError),
    #[error("a token could not be read from standard input")]
    Input(#[source] io::Error),
    #[error("the ID token from {0} cannot be used")]
    Token(String, #[source] TokenError),
}

impl IdentityOptions {
    /// Whether a token file, a login or the place says who signs.
    pub(super) fn is_named(&self) -> bool {
        let variable = |name: &str| std::env::var(name).ok();
        let asked = self.oidc_issuer.is_some() || self.out_of_band;
        asked || self.identity_token_file.is_some() || Source::detect(&variable).is_some()
    }

    pub(super) fn token_file(&self) -> Option<&Path> {
        self.identity_token_file.as_deref()
    }

    /// The token: a file that is named comes first, then a login that is asked for, then where the command runs, then
    /// a person at a terminal.
    pub(crate) fn find(
        &self,
        instance: &Instance,
        agent: &Agent,
        now: Timestamp,
    ) -> Result<Who, Failure> {
        let who = if let Some(path) = &self.identity_token_file {
            of_file(path)?
        } else if self.oidc_issuer.is_some() || self.out_of_band {
            self.log_in(instance, agent, now)?
        } else if let Some(who) = self.ambient(agent)? {
            who
        } else if io::stderr().is_terminal() && io::stdin().is_terminal() {
            self.log_in(instance, agent, now)?
        } else {
            return Err(Failure::usage(WhoError::Nobody).hint(
                "docs/guide/sign.md has what each CI service needs; on a machine without a browser, --out-of-band",
            ));
        };
        let Who { token, origin } = who;
        let token = token.in_force(now);
        match token {
            Ok(token) => Ok(Who { token, origin }),
            Err(error) => Err(Failure::refused(WhoError::Token(origin, error))),
        }
    }

    fn ambient(&self, agent: &Agent) -> Result<Option<Who>, Failure> {
        let variable = |name: &str| std::env::var(name).ok();
        let Some(source) = Source::detect(&variable) else {
            return Ok(None);
        };
        Ok(Some(Who {
            token: source.token(&self.audience, agent, &variable)?,
            origin: source.describe().to_owned(),
        }))
    }

    fn log_in(&self, instance: &Instance, agent: &Agent, now: Timestamp) -> Result<Who, Failure> {
        let issuer = self.oidc_issuer.as_ref().or(instance.config.provider(now));
        let issuer = issuer.ok_or_else(|| {
            Failure::usage(WhoError::NoProvider).hint("name one with --oidc-issuer URL")
        })?;
        let token = person::log_in(agent, issuer, &self.oidc_client_id, self.out_of_band)?;
        Ok(Who {
            token,
            origin: format!("a login at {issuer}"),
        })
    }
}

/// The token in a file, or on standard input.
pub(crate) fn of_file(path: &Path) -> Result<Who, Failure> {
    let is_input = path == Path::new("-");
    let bytes = if is_input {
        standard_input(MAX_TOKEN_BYTES + 2)?
    } else {
        // And the line feed that editors add.
        files::read(path, MAX_TOKEN_BYTES + 1)?
    };
    let token = IdentityToken::parse(&String::from_utf8_lossy(&bytes));
    Ok(Who {
        token: token.map_err(|error| Failure::usage(WhoError::File(path.to_owned(), error)))?,
        origin: if is_input {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        },
    })
}

/// At most `limit` bytes of standard input.
pub(crate) fn standard_input(limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let input = io::stdin().lock();
    let read = input.take(limit as u64).read_to_end(&mut bytes);
    read.map_err(|error| Failure::outside(WhoError::Input(error)))?;
    Ok(bytes)
}

fn of_cause(cause: Cause, error: impl std::error::Error + Send + Sync + 'static) -> Failure {
    match cause {
        Cause::Outside => Failure::outside(error),
        Cause::No => Failure::refused(error),
        Cause::Configuration => Failure::usage(error),
    }
}

impl From<AmbientError> for Failure {
    fn from(error: AmbientError) -> Self {
        of_cause(error.cause(), error)
    }
}

impl From<LoginError> for Failure {
    fn from(error: LoginError) -> Self {
        of_cause(error.cause(), error)
    }
}

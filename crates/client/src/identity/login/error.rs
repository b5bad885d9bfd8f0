//! Why a login came to nothing.

use std::io;

use crate::fetch::{Cause, FetchError};
use crate::identity::token::TokenError;

/// Why a login came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The provider was not reached.
    #[error("the identity provider could not be asked")]
    Fetch(#[from] FetchError),
    /// The issuer is no address that can be used.
    #[error(
        "expected an https URL for the identity provider (http for this machine only), found `{found}`"
    )]
    ProviderUrl {
        /// What was given.
        found: String,
    },
    /// No discovery document (OpenID Connect Discovery §4).
    #[error("{issuer} does not describe itself as an OpenID Connect provider: {why}")]
    Discovery {
        /// Who.
        issuer: String,
        /// What is missing.
        why: String,
    },
    /// The document of another provider.
    #[error("the identity provider {expected} calls itself {found}")]
    OtherProvider {
        /// Who was asked.
        expected: String,
        /// Who answered.
        found: String,
    },
    /// No port.
    #[error("no port of this machine could be opened for the browser to come back to")]
    Port(#[source] io::Error),
    /// No random numbers.
    #[error("the system gave no random numbers")]
    Random,
    /// Nobody came.
    #[error("nobody logged in within {minutes} minutes")]
    TooSlow {
        /// The limit.
        minutes: u64,
    },
    /// No code was typed in.
    #[error("no code was given")]
    NoCode(#[source] io::Error),
    /// The provider sent the browser back with a refusal.
    #[error("the identity provider refused the login: {said}")]
    Denied {
        /// What it said, shortened.
        said: String,
    },
    /// The browser came back from somewhere else.
    #[error("the browser came back with an answer to another login (`state` differs)")]
    State,
    /// The code was not taken.
    #[error("the identity provider gave no token: status {status} {said}")]
    Refused {
        /// Its status.
        status: u16,
        /// What it said.
        said: String,
    },
    /// An answer without a token.
    #[error("the identity provider answered without an ID token")]
    NoToken,
    /// What came is none.
    #[error("what the identity provider gave is no ID token")]
    Token(#[from] TokenError),
    /// By somebody else.
    #[error("expected an ID token by {expected}, found one by {found}")]
    Issuer {
        /// Who was asked.
        expected: String,
        /// Who is said to have made it.
        found: String,
    },
    /// For somebody else.
    #[error("the ID token is not for {expected}")]
    Audience {
        /// Whom it should be for.
        expected: String,
    },
    /// Of another login.
    #[error("the ID token is of another login (`nonce` differs)")]
    Nonce,
}

impl LoginError {
    /// Who can mend it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Fetch(source) => source.cause(),
            Self::ProviderUrl { .. } | Self::Discovery { .. } => Cause::Configuration,
            Self::Denied { .. } | Self::NoCode(_) | Self::TooSlow { .. } => Cause::No,
            Self::OtherProvider { .. }
            | Self::Port(_)
            | Self::Random
            | Self::State
            | Self::Refused { .. }
            | Self::NoToken
            | Self::Token(_)
            | Self::Issuer { .. }
            | Self::Audience { .. }
            | Self::Nonce => Cause::Outside,
        }
    }
}

//! Why there is no way in, and why a token was not given.

use jiff::SignedDuration;
use url::Url;

use crate::fetch::{Cause, FetchError};

/// What an index says about trusted publishing cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// It could not be asked.
    #[error("the index could not be asked about trusted publishing")]
    Fetch(#[source] FetchError),
    /// PEP 807's answer is none.
    #[error(
        "{url} answers trusted publishing's discovery (PEP 807) with something else than {expected}"
    )]
    Discovery {
        /// What was asked for.
        url: Url,
        /// What belongs there.
        expected: &'static str,
    },
    /// A URL is missing.
    #[error("the index says how to publish (PEP 807), and its `{key}` is not a URL")]
    Endpoint {
        /// Which one.
        key: &'static str,
    },
    /// A URL is another server's.
    #[error(
        "the index says how to publish (PEP 807), and its `{key}` is {url}: expected a URL of the host of {upload}, over https"
    )]
    Elsewhere {
        /// Which one.
        key: &'static str,
        /// Where it leads.
        url: Url,
        /// Where uploads go.
        upload: Url,
    },
    /// Tokens of a kind that is newer than this program.
    #[error(
        "the index mints neither tokens for one upload nor for many (PEP 807's `features`); a newer version of this program may know its kind"
    )]
    Features,
    /// It says where to ask for the audience, and does not answer there.
    #[error("the index says to ask {url} for whom an ID token must be, and does not say it there")]
    NoAudience {
        /// Where.
        url: Url,
    },
}

impl DoorError {
    /// Who can mend it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Fetch(source) => source.cause(),
            Self::Discovery { .. }
            | Self::Endpoint { .. }
            | Self::Elsewhere { .. }
            | Self::Features
            | Self::NoAudience { .. } => Cause::Outside,
        }
    }
}

/// What an index says about a refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// PyPI's word for it: `invalid-publisher` and the like.
    pub code: Option<String>,
    /// In a sentence.
    pub words: String,
}

/// Why no token was given.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The index could not be asked.
    #[error("the index could not be asked for a token")]
    Fetch(#[source] FetchError),
    /// It said no.
    #[error("the index gave no token for the identity: {} ({url} answered {status})", words(.said))]
    Refused {
        /// Who was asked.
        url: Url,
        /// What it answered.
        status: u16,
        /// In its words.
        said: Said,
        /// For whom the index wants ID tokens.
        audience: String,
        /// For whom this one was.
        found: Vec<String>,
        /// How far ahead of the index' clock this machine's is, where the index tells its time.
        clock_off: Option<SignedDuration>,
    },
    /// It answered something else.
    #[error("{url} answered something else than a token")]
    Answer {
        /// Who was asked.
        url: Url,
    },
}

fn words(said: &Said) -> String {
    match (&said.code, said.words.is_empty()) {
        (Some(code), false) => format!("{code}: {}", said.words),
        (Some(code), true) => code.clone(),
        (None, false) => said.words.clone(),
        (None, true) => "it does not say why".to_owned(),
    }
}

impl MintError {
    /// Who can mend it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Fetch(source) => source.cause(),
            Self::Refused { status, .. } if *status < 500 => Cause::No,
            Self::Refused { .. } | Self::Answer { .. } => Cause::Outside,
        }
    }

    /// Whether the ID token had been exchanged before.
    pub(crate) fn is_reuse(&self) -> bool {
        matches!(self, Self::Refused { said, .. } if said.code.as_deref() == Some("invalid-reuse-token"))
    }
}

//! Providers of ID tokens, as an operator names them to turn them off: by kind, or one issuer by its URL.

use std::fmt;
use std::str::FromStr;

use touchplate_trust::authority::IssuerKind;

/// Who issues ID tokens: every issuer of a kind, or one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Provider {
    /// All of a kind.
    Kind(IssuerKind),
    /// The one whose tokens have this `iss`.
    Issuer(String),
}

/// A text that names no provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an issuer's URL or one of {}, found `{given}`",
    IssuerKind::ALL.map(IssuerKind::as_str).join(", ")
)]
pub struct InvalidProvider {
    /// What was given, cut to 80 characters.
    pub given: String,
}

impl FromStr for Provider {
    type Err = InvalidProvider;

    fn from_str(given: &str) -> Result<Self, InvalidProvider> {
        if given.starts_with("https://") || given.starts_with("http://") {
            return Ok(Self::Issuer(given.to_owned()));
        }
        let kind = given.parse().map(Self::Kind);
        kind.map_err(|_| InvalidProvider {
            given: given.chars().take(80).collect(),
        })
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => f.write_str(kind.as_str()),
            Self::Issuer(url) => f.write_str(url),
        }
    }
}

impl Provider {
    /// Whether an issuer of this kind and URL is meant.
    pub fn is(&self, kind: IssuerKind, url: &str) -> bool {
        match self {
            Self::Kind(own) => *own == kind,
            Self::Issuer(own) => own == url,
        }
    }
}

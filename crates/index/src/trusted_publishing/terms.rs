//! What a project grants one of its publishers.

use serde::{Deserialize, Serialize};
use touchplate_attest::Glob;

/// PEP 807: a token lives for 900 seconds at least, which clients may rely on; it is the default too, as at PyPI.
pub const MIN_TOKEN_SECONDS: u32 = 900;

/// PEP 807: and for six hours at most.
pub const MAX_TOKEN_SECONDS: u32 = 21_600;

/// How long the tokens of a publisher live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct TokenSeconds(u32);

/// A lifetime that PEP 807 does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a token's lifetime of {MIN_TOKEN_SECONDS} to {MAX_TOKEN_SECONDS} seconds, found {0}"
)]
pub struct InvalidLifetime(pub u32);

impl TryFrom<u32> for TokenSeconds {
    type Error = InvalidLifetime;

    fn try_from(seconds: u32) -> Result<Self, InvalidLifetime> {
        if (MIN_TOKEN_SECONDS..=MAX_TOKEN_SECONDS).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(InvalidLifetime(seconds))
        }
    }
}

impl std::str::FromStr for TokenSeconds {
    type Err = InvalidLifetime;

    fn from_str(given: &str) -> Result<Self, InvalidLifetime> {
        given.parse::<u32>().unwrap_or(0).try_into()
    }
}

impl From<TokenSeconds> for u32 {
    fn from(seconds: TokenSeconds) -> Self {
        seconds.0
    }
}

impl Default for TokenSeconds {
    fn default() -> Self {
        Self(MIN_TOKEN_SECONDS)
    }
}

/// The terms of a publisher. They are the project's, not part of who the publisher is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// How long its tokens live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_seconds: Option<TokenSeconds>,
    /// The git refs that it may publish from, such as `refs/tags/v*`; any where absent. Asked of tokens and certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<Glob>,
}

impl Terms {
    /// Whether something built from this ref is welcome.
    pub fn allow_ref(&self, git_ref: Option<&str>) -> bool {
        let Some(allowed) = &self.git_ref else {
            return true;
        };
        git_ref.is_some_and(|git_ref| allowed.fits(git_ref))
    }
}

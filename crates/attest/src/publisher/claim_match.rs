//! What a claim must be: a text, or a pattern of texts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What the value of one claim must be. On the wire a text, or `{"prefix": …}` or `{"glob": …}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClaimMatch {
    /// This text and no other.
    Exact(String),
    /// Every text that begins so.
    Prefix(String),
    /// Every text that fits.
    Glob(Glob),
}

impl ClaimMatch {
    /// Whether a value is as it must be.
    pub fn fits(&self, value: &str) -> bool {
        match self {
            Self::Exact(text) => text == value,
            Self::Prefix(prefix) => value.starts_with(prefix),
            Self::Glob(glob) => glob.fits(value),
        }
    }

    /// The text or pattern as it was written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Exact(text) | Self::Prefix(text) => text,
            Self::Glob(glob) => glob.as_str(),
        }
    }

    /// What every text that fits begins with.
    pub(super) fn literal(&self) -> &str {
        match self {
            Self::Exact(text) | Self::Prefix(text) => text,
            Self::Glob(glob) => glob.literal(),
        }
    }
}

impl From<&str> for ClaimMatch {
    fn from(exact: &str) -> Self {
        Self::Exact(exact.to_owned())
    }
}

impl From<String> for ClaimMatch {
    fn from(exact: String) -> Self {
        Self::Exact(exact)
    }
}

impl fmt::Display for ClaimMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Prefix(prefix) => write!(f, "{prefix}… (prefix)"),
            Self::Glob(glob) => write!(f, "{} (glob)", glob.as_str()),
        }
    }
}

/// A pattern: `*` stands for any text without `/` and `:`, `**` for any text. Those two separate the parts of refs and of
/// tokens' subjects, so that `refs/tags/*` is no branch and `repo:acme/*:environment:release` no other environment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Glob(String);

/// A text that is no pattern, or one that everything fits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a pattern of at most {MAX_GLOB_BYTES} bytes with more in it than `*`, such as `refs/tags/v*`, found {given:?}"
)]
pub struct InvalidGlob {
    /// What was given, shortened.
    pub given: String,
}

/// Longer than any ref or subject that one would write a pattern for; matching costs its length times the text's.
const MAX_GLOB_BYTES: usize = 512;

impl FromStr for Glob {
    type Err = InvalidGlob;

    fn from_str(given: &str) -> Result<Self, InvalidGlob> {
        let says_something = given
            .bytes()
            .any(|byte| !matches!(byte, b'*' | b'/' | b':'));
        if given.len() > MAX_GLOB_BYTES || !says_something || given.chars().any(char::is_control) {
            return Err(InvalidGlob {
                given: crate::json::shown(given),
            });
        }
        Ok(Self(given.to_owned()))
    }
}

impl TryFrom<String> for Glob {
    type Error = InvalidGlob;

    fn try_from(given: String) -> Result<Self, InvalidGlob> {
        given.parse()
    }
}

impl From<Glob> for String {
    fn from(glob: Glob) -> Self {
        glob.0
    }
}

impl Glob {
    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text fits.
    pub fn fits(&self, text: &str) -> bool {
        let pattern = pieces(&self.0);
        // Which prefixes of the pattern the text so far fits: no backtracking, so no text is slow.
        let mut reached = vec![false; pattern.len() + 1];
        reached[0] = true;
        skip_stars(&pattern, &mut reached);
        for found in text.chars() {
            let mut next = vec![false; pattern.len() + 1];
            for (at, piece) in pattern.iter().enumerate() {
                if !reached[at] {
                    continue;
                }
                match piece {
                    Piece::Char(c) => next[at + 1] |= *c == found,
                    Piece::Part => next[at] |= !matches!(found, '/' | ':'),
                    Piece::Any => next[at] = true,
                }
            }
            skip_stars(&pattern, &mut next);
            reached = next;
        }
        reached.last().copied().unwrap_or(false)
    }

    fn literal(&self) -> &str {
        self.0.split('*').next().unwrap_or_default()
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

enum Piece {
    Char(char),
    Part,
    Any,
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        pieces.push(match c {
            '*' if rest.next_if_eq(&'*').is_some() => Piece::Any,
            '*' => Piece::Part,
            c => Piece::Char(c),
        });
    }
    pieces
}

/// Stars also stand for nothing.
fn skip_stars(pattern: &[Piece], reached: &mut [bool]) {
    for (at, piece) in pattern.iter().enumerate() {
        if reached[at] && matches!(piece, Piece::Part | Piece::Any) {
            reached[at + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stay_within_their_part() {
        let fits = |pattern: &str, text: &str| pattern.parse::<Glob>().unwrap().fits(text);
        for (pattern, good, bad) in [
            ("refs/tags/v*", "refs/tags/v1.0", "refs/tags/v1/2"),
            ("refs/tags/v*", "refs/tags/v", "refs/heads/refs/tags/v1"),
            ("refs/**", "refs/heads/a/b", "Refs/heads/a"),
            (
                "repo:acme/*:environment:release",
                "repo:acme/x:environment:release",
                "repo:acme/x:environment:a:environment:release",
            ),
            ("*-release", "nightly-release", "nightly/x-release"),
            ("a*b*c", "aXbYbZc", "aXbYbZ"),
            ("ä*", "äö", "a"),
        ] {
            assert!(fits(pattern, good), "{pattern} {good}");
            assert!(!fits(pattern, bad), "{pattern} {bad}");
        }
        for bad in ["", "*", "**", "*/**", ":", "a\n", &"x".repeat(600)] {
            assert!(bad.parse::<Glob>().is_err(), "{bad}");
        }
        let slow = format!("{}b", "a*".repeat(200));
        assert!(!fits(&slow, &"a".repeat(4000)));
    }
}

//! Patterns of identities: text in which `*` stands for anything.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// As long as the longest URL of a workflow.
const MAX_PATTERN_BYTES: usize = 1024;

/// Text in which each `*` stands for any characters, also none and also `/`. Nothing else has a meaning, and case counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

/// Text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a pattern of 1 to {MAX_PATTERN_BYTES} bytes without control characters")]
pub struct InvalidPattern;

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(given: &str) -> Result<Self, InvalidPattern> {
        let fits = (1..=MAX_PATTERN_BYTES).contains(&given.len());
        if fits && !given.chars().any(char::is_control) {
            Ok(Self(given.to_owned()))
        } else {
            Err(InvalidPattern)
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = InvalidPattern;

    fn try_from(given: String) -> Result<Self, InvalidPattern> {
        given.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Pattern {
    /// Whether the whole text is as the pattern says.
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else {
            return self.0 == text;
        };
        let Some(mut text) = text.strip_prefix(first) else {
            return false;
        };
        let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
        // Each piece as early as possible leaves the most for the others.
        for piece in middle.split('*') {
            let Some(at) = text.find(piece) else {
                return false;
            };
            text = text.get(at + piece.len()..).unwrap_or_default();
        }
        text.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_anything_and_the_rest_is_itself() {
        let matches = |pattern: &str, text: &str| pattern.parse::<Pattern>().unwrap().matches(text);
        for (pattern, text) in [
            ("*", ""),
            ("*", "anything/at/all"),
            ("a", "a"),
            ("a*", "a"),
            ("a*c", "ac"),
            ("a*c", "abcbc"),
            ("*@acme.example", "me@acme.example"),
            ("a*b*c", "axxbxxc"),
            ("a**c", "abc"),
            ("*a*b*", "xaxbx"),
            ("*ab*ab", "abxab"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a", "ab"),
            ("a", "A"),
            ("a*c", "ab"),
            ("a*a", "a"),
            ("ab*ba", "aba"),
            ("a*b*b", "ab"),
            ("*@acme.example", "me@acme.example.org"),
            ("https://x/acme/*", "https://x/acme-evil/y"),
            ("a?c", "abc"),
            ("[ab]", "a"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
        assert!("".parse::<Pattern>().is_err());
        assert!("a\n".parse::<Pattern>().is_err());
    }
}

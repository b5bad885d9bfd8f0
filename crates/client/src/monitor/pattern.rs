//! Whose entries are watched: a name, or a pattern of names.

use std::fmt;
use std::str::FromStr;

/// The longest pattern. Names of workflows have about a hundred characters.
const MAX_PATTERN_BYTES: usize = 2048;

/// A subject alternative name, in which each `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityPattern(String);

/// A text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a name such as https://github.com/acme/demo/.github/workflows/release.yml@refs/tags/v1, or a pattern of \
     names with `*`, of at most {MAX_PATTERN_BYTES} bytes"
)]
pub struct InvalidPattern;

impl FromStr for IdentityPattern {
    type Err = InvalidPattern;

    fn from_str(given: &str) -> Result<Self, InvalidPattern> {
        let odd = |c: char| c.is_control();
        if given.is_empty() || given.len() > MAX_PATTERN_BYTES || given.contains(odd) {
            return Err(InvalidPattern);
        }
        Ok(Self(given.to_owned()))
    }
}

impl fmt::Display for IdentityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl IdentityPattern {
    /// Whether it is that name's.
    pub(crate) fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = name.strip_prefix(first) else {
            return false;
        };
        let parts: Vec<&str> = parts.collect();
        let Some((last, middle)) = parts.split_last() else {
            return rest.is_empty();
        };
        // The first place of each will do: what follows can only have more room then.
        for part in middle {
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let matches = |pattern: &str, name: &str| {
            let pattern: IdentityPattern = pattern.parse().unwrap();
            pattern.matches(name)
        };
        assert!(matches("a@b.example", "a@b.example"));
        assert!(!matches("a@b.example", "xa@b.example"));
        assert!(!matches("a@b.example", "a@b.examplex"));
        assert!(matches("https://h/o/*", "https://h/o/r/x.yml@refs/tags/v1"));
        assert!(!matches("https://h/o/*", "https://h/other/r"));
        assert!(matches("*@b.example", "a@b.example"));
        assert!(matches("*", ""));
        assert!(matches("https://h/*/x.yml@*", "https://h/o/r/x.yml@v"));
        assert!(!matches("https://h/*/x.yml@*", "https://h/o/r/y.yml@v"));
        assert!(!matches("ab*ba", "aba"));
        assert!(matches("a**b", "ab"));
        for none in ["", "a\nb"] {
            assert_eq!(none.parse::<IdentityPattern>(), Err(InvalidPattern));
        }
    }
}

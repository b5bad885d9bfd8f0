//! Where a stack is, and who runs it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Hosts have at most 253 characters; with scheme and port this is ample.
const MAX_URL_BYTES: usize = 300;

/// X.520's upper bound of an organization's name.
const MAX_OPERATOR_BYTES: usize = 64;

/// `http://HOST[:PORT]` or `https://HOST[:PORT]`, in lower case: no path, no query, no user, and no slash at its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StackUrl(String);

/// A text that is no such address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `https://HOST` or `http://HOST`, with a port or without, and no path, found {given:?}"
)]
pub struct InvalidStackUrl {
    /// What was given.
    pub given: String,
}

impl StackUrl {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and port: what the logs' names begin with.
    pub fn authority(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, rest)| rest)
    }
}

impl FromStr for StackUrl {
    type Err = InvalidStackUrl;

    fn from_str(given: &str) -> Result<Self, InvalidStackUrl> {
        let invalid = || InvalidStackUrl {
            given: given.chars().take(MAX_URL_BYTES).collect(),
        };
        let lower = given.to_ascii_lowercase();
        let bare = lower.strip_suffix('/').unwrap_or(&lower);
        let (scheme, authority) = bare.split_once("://").ok_or_else(invalid)?;
        let fits =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        if !matches!(scheme, "http" | "https")
            || bare.len() > MAX_URL_BYTES
            || !authority.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
            || !authority.chars().all(fits)
        {
            return Err(invalid());
        }
        Ok(Self(bare.to_owned()))
    }
}

impl TryFrom<String> for StackUrl {
    type Error = InvalidStackUrl;

    fn try_from(given: String) -> Result<Self, InvalidStackUrl> {
        given.parse()
    }
}

impl From<StackUrl> for String {
    fn from(url: StackUrl) -> Self {
        url.0
    }
}

impl fmt::Display for StackUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who runs a stack: the organization in its certificates. Characters that mean nothing in an X.500 name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Operator(String);

/// A text that is no such name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a name of up to {MAX_OPERATOR_BYTES} letters, digits, spaces, dots, colons, hyphens and underscores, found \
     {given:?}"
)]
pub struct InvalidOperator {
    /// What was given.
    pub given: String,
}

impl Operator {
    /// The host that a stack is on.
    pub fn of_host(url: &StackUrl) -> Self {
        let bare = url.authority().replace(['[', ']'], "");
        Self(bare.chars().take(MAX_OPERATOR_BYTES).collect())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Operator {
    type Err = InvalidOperator;

    fn from_str(given: &str) -> Result<Self, InvalidOperator> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | ':' | '-' | '_');
        if given.is_empty()
            || given.len() > MAX_OPERATOR_BYTES
            || given.trim() != given
            || !given.chars().all(fits)
        {
            return Err(InvalidOperator {
                given: given.chars().take(2 * MAX_OPERATOR_BYTES).collect(),
            });
        }
        Ok(Self(given.to_owned()))
    }
}

impl TryFrom<String> for Operator {
    type Error = InvalidOperator;

    fn try_from(given: String) -> Result<Self, InvalidOperator> {
        given.parse()
    }
}

impl From<Operator> for String {
    fn from(operator: Operator) -> Self {
        operator.0
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_and_host_are_a_stacks_address() {
        for (given, url, authority) in [
            (
                "http://127.0.0.1:8740/",
                "http://127.0.0.1:8740",
                "127.0.0.1:8740",
            ),
            (
                "HTTPS://Packages.Example",
                "https://packages.example",
                "packages.example",
            ),
            ("http://[::1]:8740", "http://[::1]:8740", "[::1]:8740"),
        ] {
            let parsed: StackUrl = given.parse().unwrap();
            assert_eq!((parsed.as_str(), parsed.authority()), (url, authority));
        }
        for bad in [
            "",
            "packages.example",
            "ftp://x",
            "https://",
            "https://x/y",
            "https://u@x",
            "https://x?y",
            "https://x y",
        ] {
            assert!(bad.parse::<StackUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_operator_means_nothing_in_a_name_of_x500() {
        assert!("Acme Corp. 2".parse::<Operator>().is_ok());
        for bad in ["", "a,CN=b", "a+b", " a", "é", &"a".repeat(65)] {
            assert!(bad.parse::<Operator>().is_err(), "{bad}");
        }
        let url: StackUrl = "http://[::1]:8740".parse().unwrap();
        assert_eq!(Operator::of_host(&url).as_str(), "::1:8740");
    }
}

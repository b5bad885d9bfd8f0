//! Whom ID tokens are for.

use std::fmt;
use std::str::FromStr;

use super::PublicUrl;

/// An audience of this index's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(String);

/// A text that is no audience of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a name of this index's own of at most {MAX_BYTES} printable characters, such as its host, and none of {}, found `{given}`",
    OF_OTHERS.join(", ")
)]
pub struct InvalidAudience {
    /// What was given, shortened.
    pub given: String,
}

/// As long as a host's name may be, with a port.
const MAX_BYTES: usize = 260;

/// Tokens for these are made every day, for others.
const OF_OTHERS: [&str; 3] = ["pypi", "testpypi", "sigstore"];

impl Audience {
    /// Named after where the index is: host and port. A name that begins with a digit could not be set as a variable in a
    /// shell, as GitLab's jobs need it, so it gets a word in front.
    pub fn of(url: &PublicUrl) -> Self {
        let authority = url.authority();
        let plain = authority.starts_with(|c: char| c.is_ascii_alphabetic());
        Self(if plain {
            authority.to_owned()
        } else {
            format!("index-{authority}")
        })
    }

    /// The audience as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The variable in which GitLab's jobs leave a token for this audience: where Python's `id` and uv look for it.
    pub fn variable(&self) -> String {
        let word = self.0.to_ascii_uppercase();
        let word = word.replace(|c: char| !(c.is_ascii_alphanumeric() || c == '_'), "_");
        format!("{word}_ID_TOKEN")
    }
}

impl FromStr for Audience {
    type Err = InvalidAudience;

    fn from_str(given: &str) -> Result<Self, InvalidAudience> {
        let printable = !given.is_empty() && given.chars().all(|c| c.is_ascii_graphic());
        let others = OF_OTHERS.iter().any(|it| it.eq_ignore_ascii_case(given));
        if !printable || others || given.len() > MAX_BYTES {
            return Err(InvalidAudience {
                given: given.chars().take(80).collect(),
            });
        }
        Ok(Self(given.to_owned()))
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_named_after_the_host() {
        let of = |url: &str| {
            let audience = Audience::of(&url.parse().unwrap());
            (audience.to_string(), audience.variable())
        };
        let both = |audience: &str, variable: &str| (audience.to_owned(), variable.to_owned());
        assert_eq!(
            of("https://packages.acme-corp.example"),
            both(
                "packages.acme-corp.example",
                "PACKAGES_ACME_CORP_EXAMPLE_ID_TOKEN"
            )
        );
        assert_eq!(
            of("https://127.0.0.1:8740"),
            both("index-127.0.0.1:8740", "INDEX_127_0_0_1_8740_ID_TOKEN")
        );
        for others in [
            "pypi",
            "TestPyPI",
            "sigstore",
            "",
            "a b",
            "ü",
            &"x".repeat(300),
        ] {
            assert!(others.parse::<Audience>().is_err(), "{others}");
        }
    }
}

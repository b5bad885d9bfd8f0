//! What stores know a log by.

use std::fmt;
use std::str::FromStr;

/// The longest name. It becomes a folder's.
const MAX_NAME_BYTES: usize = 32;

/// A log's name, such as `rekor1`: small letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LogName(String);

/// A text is no log's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a log's name of 1 to {MAX_NAME_BYTES} small letters, digits and hyphens, found {given:?}"
)]
pub struct InvalidLogName {
    given: String,
}

impl LogName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LogName {
    type Err = InvalidLogName;

    fn from_str(given: &str) -> Result<Self, InvalidLogName> {
        let ours = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if given.is_empty() || given.len() > MAX_NAME_BYTES || !given.chars().all(ours) {
            let given = given.chars().take(MAX_NAME_BYTES).collect();
            return Err(InvalidLogName { given });
        }
        Ok(Self(given.to_owned()))
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

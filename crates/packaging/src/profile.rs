//! How strict an index is where companies need what the public index refuses.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::excerpt::excerpt;

/// The two sets of rules an index may keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Allows local versions, any well-formed platform tag (`linux_x86_64`), `Private ::` classifiers, direct
    /// references, and equal bytes under two names.
    #[default]
    Private,
    /// Refuses them, as PyPI does.
    Pypi,
}

impl Profile {
    /// The word used in configuration: `private` or `pypi`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Pypi => "pypi",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word names no profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the profile `private` or `pypi`, found `{given}`")]
pub struct UnknownProfile {
    /// What was given, shortened.
    pub given: String,
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(given: &str) -> Result<Self, UnknownProfile> {
        match given {
            "private" => Ok(Self::Private),
            "pypi" => Ok(Self::Pypi),
            _ => Err(UnknownProfile {
                given: excerpt(given),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_profile_reads_as_it_is_written_and_other_words_do_not() {
        for profile in [Profile::Private, Profile::Pypi] {
            assert_eq!(profile.as_str().parse(), Ok(profile));
            assert_eq!(
                serde_json::to_string(&profile).unwrap(),
                format!("\"{profile}\"")
            );
        }
        assert_eq!(Profile::default(), Profile::Private);
        for word in ["", "PyPI", "Private", "public"] {
            assert_eq!(
                Profile::from_str(word),
                Err(UnknownProfile {
                    given: word.to_owned()
                })
            );
        }
    }
}

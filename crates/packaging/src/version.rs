//! Versions by PEP 440, over `pep440_rs`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::excerpt::excerpt;

/// A version stands in every filename, which file systems bound at 255 bytes; the same share as a name.
const MAX_VERSION_BYTES: usize = 200;

/// A PEP 440 version. `1.0` and `1.0.0` are equal; the text shown is the normal form with the zeros kept, as
/// `str(packaging.version.Version(…))`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(pep440_rs::Version);

impl Version {
    /// Equal text for equal versions: the normal form without trailing zeros, as
    /// `packaging.utils.canonicalize_version`. For keys in a database; `1.0.0` becomes `1`.
    pub fn key(&self) -> String {
        let release = self.0.release();
        let kept = release
            .iter()
            .rposition(|number| *number != 0)
            .map_or(1, |last| last + 1);
        self.0
            .clone()
            .with_release(release.iter().take(kept).copied())
            .to_string()
    }

    /// Does it carry a local part (`1.0+cu121`)?
    pub fn is_local(&self) -> bool {
        self.0.is_local()
    }

    /// Is it a pre-release or a development release?
    pub fn is_prerelease(&self) -> bool {
        self.0.any_prerelease()
    }
}

/// The text is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{given}' is invalid for 'version'")]
pub struct InvalidVersion {
    /// What was given, shortened.
    pub given: String,
    /// What is wrong with it; `None` when it is too long or holds a number that no 64-bit word holds.
    pub source: Option<pep440_rs::VersionParseError>,
}

impl FromStr for Version {
    type Err = InvalidVersion;

    /// Leading and trailing blanks are ignored, as by `packaging`. Unlike there, each number must be below 2⁶⁴ − 1.
    fn from_str(given: &str) -> Result<Self, InvalidVersion> {
        let refuse = |source| InvalidVersion {
            given: excerpt(given),
            source,
        };
        if given.len() > MAX_VERSION_BYTES {
            return Err(refuse(None));
        }
        let version = pep440_rs::Version::from_str(given).map_err(|source| refuse(Some(source)))?;
        // `pep440_rs` orders "no number here" as the largest one: `1.0.dev18446744073709551615` would equal `1.0`.
        let numbers = [
            version.dev(),
            version.post(),
            version.pre().map(|pre| pre.number),
        ];
        if numbers.contains(&Some(u64::MAX)) {
            return Err(refuse(None));
        }
        Ok(Self(version))
    }
}

impl TryFrom<String> for Version {
    type Error = InvalidVersion;

    fn try_from(given: String) -> Result<Self, InvalidVersion> {
        given.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn normal_form_and_key() {
        for (given, normal, key) in [
            ("1.0", "1.0", "1"),
            ("1.0.0", "1.0.0", "1"),
            ("0.0", "0.0", "0"),
            ("0", "0", "0"),
            ("10.20.0", "10.20.0", "10.20"),
            ("V1.0-ALPHA.1", "1.0a1", "1a1"),
            ("1.0c1", "1.0rc1", "1rc1"),
            ("1.0-1", "1.0.post1", "1.post1"),
            ("1!2.0.dev", "1!2.0.dev0", "1!2.dev0"),
            (" 1.0 ", "1.0", "1"),
            ("1.0+Ubuntu_01-x", "1.0+ubuntu.1.x", "1+ubuntu.1.x"),
            ("1.4.0.0.0", "1.4.0.0.0", "1.4"),
            ("1.0.300.0", "1.0.300.0", "1.0.300"),
        ] {
            assert_eq!(version(given).to_string(), normal, "{given}");
            assert_eq!(version(given).key(), key, "{given}");
            assert_eq!(version(key), version(given), "{given}");
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        let long = format!("1.{}", "0".repeat(MAX_VERSION_BYTES));
        let largest = format!("1.0.dev{}", u64::MAX);
        for given in [
            "",
            "dog",
            "1.0.*",
            "1..0",
            "1.0_x",
            "==1.0",
            "1.0+",
            "1.0+é",
            "１.0",
            "1.0\0",
            "99999999999999999999",
            &long,
            &largest,
        ] {
            let error = Version::from_str(given).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("'{}' is invalid for 'version'", excerpt(given))
            );
            assert!(
                serde_json::from_value::<Version>(given.into()).is_err(),
                "{given:?}"
            );
        }
    }

    #[test]
    fn order_is_that_of_pep_440() {
        let ascending = [
            "1.0.dev1",
            "1.0a1",
            "1.0b2",
            "1.0rc1",
            "1.0",
            "1.0+local",
            "1.0.post1",
            "1.1",
            "1!0.1",
        ];
        for pair in ascending.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("1.0"), version("1.0.0"));
    }

    #[test]
    fn local_and_prerelease_are_told() {
        for (given, local, prerelease) in [
            ("1.0", false, false),
            ("1.0+cu121", true, false),
            ("1.0rc1", false, true),
            ("1.0.dev3+x", true, true),
            ("1.0.post1", false, false),
        ] {
            assert_eq!(
                (version(given).is_local(), version(given).is_prerelease()),
                (local, prerelease),
                "{given}"
            );
        }
    }
}

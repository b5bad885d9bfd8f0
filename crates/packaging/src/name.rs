//! Project names: as owners write them, and as indexes compare them (PEP 503, Core Metadata `Name`).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::excerpt::excerpt;

/// A name stands in every filename of its project, which file systems bound at 255 bytes; this leaves room for a
/// version and tags. The longest names seen in the wild are well below.
const MAX_NAME_BYTES: usize = 200;

/// A project name in normalised form: `Foo._Bar` and `foo-bar` are one project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProjectName(String);

impl ProjectName {
    /// The normalised name, lower-case, words joined by `-`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Equal for names that the eye confuses: separators are dropped, `l L i I` read as `1`, `o O` as `0`.
    pub fn confusable(&self) -> String {
        let seen = |c: char| match c {
            '-' => None,
            'l' | 'i' => Some('1'),
            'o' => Some('0'),
            other => Some(other),
        };
        self.0.chars().filter_map(seen).collect()
    }

    /// The name as it begins a filename: `-` becomes `_` (PEP 625, binary distribution format).
    pub fn escaped(&self) -> String {
        self.0.replace('-', "_")
    }
}

/// The text is no project name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{given}' is an invalid value for Name. Error: Start and end with a letter or numeral containing only ASCII \
     numeric and '.', '_' and '-' ({MAX_NAME_BYTES} characters at most)."
)]
pub struct InvalidName {
    /// What was given, shortened.
    pub given: String,
}

/// The rule of Core Metadata for `Name`, plus the bound.
fn check(given: &str) -> Result<(), InvalidName> {
    let edge = |c: char| c.is_ascii_alphanumeric();
    let inner = |c: char| edge(c) || matches!(c, '-' | '_' | '.');
    if given.len() > MAX_NAME_BYTES
        || !given.starts_with(edge)
        || !given.ends_with(edge)
        || !given.chars().all(inner)
    {
        return Err(InvalidName {
            given: excerpt(given),
        });
    }
    Ok(())
}

impl FromStr for ProjectName {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        check(given)?;
        let words = given.split(['-', '_', '.']).filter(|word| !word.is_empty());
        Ok(Self(
            words.collect::<Vec<_>>().join("-").to_ascii_lowercase(),
        ))
    }
}

impl TryFrom<String> for ProjectName {
    type Error = InvalidName;

    fn try_from(given: String) -> Result<Self, InvalidName> {
        given.parse()
    }
}

impl From<ProjectName> for String {
    fn from(name: ProjectName) -> Self {
        name.0
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A project name as its owner typed it. Compare projects by [`ProjectName`], show them by this.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// The name exactly as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The project that the name means.
    pub fn normalised(&self) -> ProjectName {
        self.0
            .parse()
            .expect("every display name was checked by the rule for project names")
    }
}

impl FromStr for DisplayName {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        check(given)?;
        Ok(Self(given.to_owned()))
    }
}

impl TryFrom<String> for DisplayName {
    type Error = InvalidName;

    fn try_from(given: String) -> Result<Self, InvalidName> {
        check(&given)?;
        Ok(Self(given))
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> ProjectName {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_one_project_are_equal() {
        for (given, normal) in [
            ("Foo._Bar", "foo-bar"),
            ("foo-bar", "foo-bar"),
            ("FOO__bar--baz..qux", "foo-bar-baz-qux"),
            ("a", "a"),
            ("7", "7"),
            ("zope.interface", "zope-interface"),
        ] {
            assert_eq!(name(given).as_str(), normal);
            let display: DisplayName = given.parse().unwrap();
            assert_eq!(display.as_str(), given);
            assert_eq!(display.normalised(), name(normal));
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "a".repeat(MAX_NAME_BYTES + 1);
        for given in [
            "", "-", "foo-", "_foo", "foo bar", "foo\n", "foo\0bar", "f/oo", "føø", "foo!", "ſ",
            "\u{212a}", &long,
        ] {
            assert!(ProjectName::from_str(given).is_err(), "{given:?}");
            assert!(DisplayName::from_str(given).is_err(), "{given:?}");
            assert!(
                serde_json::from_value::<ProjectName>(given.into()).is_err(),
                "{given:?}"
            );
            assert!(
                serde_json::from_value::<DisplayName>(given.into()).is_err(),
                "{given:?}"
            );
        }
        assert!(ProjectName::from_str(&"a".repeat(MAX_NAME_BYTES)).is_ok());
    }

    #[test]
    fn the_message_names_the_rule_and_cuts_a_long_value() {
        let error = ProjectName::from_str("foo-").unwrap_err();
        assert!(error.to_string().starts_with(
            "'foo-' is an invalid value for Name. Error: Start and end with a letter"
        ));
        let error = ProjectName::from_str(&"-".repeat(1_000_000)).unwrap_err();
        assert_eq!(error.given, format!("{0}...{0}", "-".repeat(30)));
    }

    #[test]
    fn names_that_look_alike_are_confusable() {
        let toasting = name("toasting").confusable();
        for other in [
            "toast1ng",
            "toastlng",
            "t0asting",
            "toast-ing",
            "toast.ing",
            "toast_ing",
            "TOASTING",
            "toastIng",
        ] {
            assert_eq!(name(other).confusable(), toasting, "{other}");
        }
        assert_ne!(name("toastings").confusable(), toasting);
    }

    #[test]
    fn a_filename_begins_with_underscores_for_dashes() {
        assert_eq!(name("Some.Thing-else").escaped(), "some_thing_else");
    }
}

//! What a trust domain is called, and what it may speak for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use touchplate_packaging::ProjectName;

use super::error::Refusal;
use crate::json;
use crate::verify::Proven;

/// A domain's name becomes part of file names and of messages.
const MAX_DOMAIN_NAME_BYTES: usize = 64;

/// What a trust domain is called: lower-case letters, digits and hyphens. `public-good` and `staging` are Sigstore's.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(String);

/// The text is no name of a trust domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the name of a trust domain, up to {MAX_DOMAIN_NAME_BYTES} lower-case letters, digits and hyphens such as \
     `acme`, found {given:?}"
)]
pub struct InvalidDomainName {
    /// What was given, shortened.
    pub given: String,
}

impl DomainName {
    /// What the domain of Sigstore's public-good instance is called.
    pub const PUBLIC_GOOD: &str = "public-good";
    /// What the domain of Sigstore's staging instance is called.
    pub const STAGING: &str = "staging";

    /// The public-good domain's.
    pub fn public_good() -> Self {
        Self(Self::PUBLIC_GOOD.to_owned())
    }

    /// The staging domain's.
    pub fn staging() -> Self {
        Self(Self::STAGING.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the public-good domain's.
    pub fn is_public_good(&self) -> bool {
        self.0 == Self::PUBLIC_GOOD
    }

    /// Whether it is neither of Sigstore's.
    pub fn is_private(&self) -> bool {
        self.0 != Self::PUBLIC_GOOD && self.0 != Self::STAGING
    }
}

impl FromStr for DomainName {
    type Err = InvalidDomainName;

    fn from_str(given: &str) -> Result<Self, InvalidDomainName> {
        let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if given.len() > MAX_DOMAIN_NAME_BYTES
            || !given.starts_with(edge)
            || !given.ends_with(edge)
            || !given.chars().all(|c| edge(c) || c == '-')
        {
            return Err(InvalidDomainName {
                given: json::shown(given),
            });
        }
        Ok(Self(given.to_owned()))
    }
}

impl TryFrom<String> for DomainName {
    type Error = InvalidDomainName;

    fn try_from(given: String) -> Result<Self, InvalidDomainName> {
        given.parse()
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Project names that belong together, in normalised form: `Acme_*` and `acme-*` are one pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ProjectPattern {
    /// `*`: whatever no domain lists more narrowly.
    All,
    /// `acme-*`: every name that begins so; not `acme` itself.
    Prefix(Prefix),
    /// `acme`: that project.
    Name(ProjectName),
}

/// How the names of a pattern begin, normalised, at least one character.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prefix(String);

impl Prefix {
    /// The text before the `*`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is no pattern of project names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a project name, the beginning of names followed by `*` such as `acme-*`, or `*`; found {given:?}"
)]
pub struct InvalidPattern {
    /// What was given, shortened.
    pub given: String,
}

impl FromStr for ProjectPattern {
    type Err = InvalidPattern;

    fn from_str(given: &str) -> Result<Self, InvalidPattern> {
        let invalid = || InvalidPattern {
            given: json::shown(given),
        };
        let Some(start) = given.strip_suffix('*') else {
            return given.parse().map(Self::Name).map_err(|_| invalid());
        };
        if start.is_empty() {
            return Ok(Self::All);
        }
        // With a letter behind it, it must be a name; what the letter adds is then taken away again.
        let name: ProjectName = format!("{start}x").parse().map_err(|_| invalid())?;
        let prefix = name.as_str().strip_suffix('x').ok_or_else(invalid)?;
        Ok(Self::Prefix(Prefix(prefix.to_owned())))
    }
}

impl ProjectPattern {
    /// How narrowly it names the project, if at all: exactly, by so many characters, or as one of all.
    fn narrowness(&self, project: &ProjectName) -> Option<usize> {
        match self {
            Self::All => Some(0),
            Self::Prefix(Prefix(prefix)) => project
                .as_str()
                .starts_with(prefix.as_str())
                .then_some(prefix.len()),
            Self::Name(name) => (name == project).then_some(usize::MAX),
        }
    }
}

impl TryFrom<String> for ProjectPattern {
    type Error = InvalidPattern;

    fn try_from(given: String) -> Result<Self, InvalidPattern> {
        given.parse()
    }
}

impl From<ProjectPattern> for String {
    fn from(pattern: ProjectPattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for ProjectPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Prefix(Prefix(prefix)) => write!(f, "{prefix}*"),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// The longest issuer that is read. OpenID Connect sets no bound; real ones have less than a hundred bytes.
const MAX_ISSUER_BYTES: usize = 512;

/// An OpenID Connect issuer, compared byte by byte with the certificate's (OpenID Connect Discovery 1.0 §4.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OidcIssuer(String);

/// The text is no issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an OpenID Connect issuer, an https URL without query and fragment such as \
     `https://token.actions.githubusercontent.com`, found {given:?}"
)]
pub struct InvalidIssuer {
    /// What was given, shortened.
    pub given: String,
}

impl OidcIssuer {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OidcIssuer {
    type Err = InvalidIssuer;

    fn from_str(given: &str) -> Result<Self, InvalidIssuer> {
        // An issuer inside a company may be reached without TLS. The certificate's text is what counts; nobody connects.
        let rest = given.strip_prefix("https://");
        let rest = rest.or_else(|| given.strip_prefix("http://"));
        let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '"' | '\\');
        let is_url = rest.is_some_and(|rest| {
            !rest.is_empty() && !rest.starts_with('/') && rest.chars().all(fits)
        });
        if !is_url || given.len() > MAX_ISSUER_BYTES {
            return Err(InvalidIssuer {
                given: json::shown(given),
            });
        }
        Ok(Self(given.to_owned()))
    }
}

impl TryFrom<String> for OidcIssuer {
    type Error = InvalidIssuer;

    fn try_from(given: String) -> Result<Self, InvalidIssuer> {
        given.parse()
    }
}

impl From<OidcIssuer> for String {
    fn from(issuer: OidcIssuer) -> Self {
        issuer.0
    }
}

impl fmt::Display for OidcIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a domain may speak for: project names, and certificates by whose word. Without issuers, by anybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    projects: Vec<ProjectPattern>,
    issuers: Vec<OidcIssuer>,
    all_names: bool,
}

impl Scope {
    /// These names, for certificates issued on the word of these identity providers; of any if there are none.
    pub fn new(projects: Vec<ProjectPattern>, issuers: Vec<OidcIssuer>) -> Self {
        Self {
            projects,
            issuers,
            all_names: false,
        }
    }

    /// States that `*` among the names is meant: the operator's `all-names = true`.
    pub fn stating_all_names(mut self) -> Self {
        self.all_names = true;
        self
    }

    pub(super) fn of_everything(mut self) -> Self {
        self.projects = vec![ProjectPattern::All];
        self
    }

    /// The project names.
    pub fn projects(&self) -> &[ProjectPattern] {
        &self.projects
    }

    /// The identity providers; none: any.
    pub fn issuers(&self) -> &[OidcIssuer] {
        &self.issuers
    }

    /// Whether it was stated that `*` is meant.
    pub fn states_all_names(&self) -> bool {
        self.all_names
    }

    /// How narrowly a pattern of this scope names the project, if one does.
    pub(super) fn narrowness(&self, project: &ProjectName) -> Option<usize> {
        let patterns = self.projects.iter();
        patterns
            .filter_map(|pattern| pattern.narrowness(project))
            .max()
    }

    /// The certificate's issuer must be one of the scope's, if that names any.
    pub(super) fn take_issuer<E: std::error::Error + Send + Sync + 'static>(
        &self,
        proven: &Proven,
    ) -> Result<(), Refusal<E>> {
        let found = proven.identity().issuer();
        if self.issuers.is_empty() || self.issuers.iter().any(|it| it.as_str() == found) {
            return Ok(());
        }
        Err(Refusal::Issuer {
            expected: self.issuers.clone(),
            found: json::shown(found),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> ProjectPattern {
        text.parse().unwrap()
    }

    #[test]
    fn patterns_are_normalised_like_names() {
        for (given, normal) in [
            ("*", "*"),
            ("Acme", "acme"),
            ("Acme._Tools", "acme-tools"),
            ("Acme_*", "acme-*"),
            ("acme.-_*", "acme-*"),
            ("acme*", "acme*"),
            ("x*", "x*"),
            ("acmex*", "acmex*"),
        ] {
            assert_eq!(pattern(given).to_string(), normal, "{given}");
            assert_eq!(pattern(normal), pattern(given));
        }
        for bad in [
            "", "**", "*-acme", "-*", "_acme*", "a*b", "acme-", "ac me", "é*", "?", "a\0*",
        ] {
            assert!(bad.parse::<ProjectPattern>().is_err(), "{bad:?}");
        }
        assert!(
            format!("{}*", "a".repeat(200))
                .parse::<ProjectPattern>()
                .is_err()
        );
    }

    #[test]
    fn the_narrower_pattern_is_known() {
        let project: ProjectName = "acme-tools".parse().unwrap();
        let narrow = |text: &str| pattern(text).narrowness(&project);
        let order = ["*", "a*", "acme-*", "acme-tools*", "acme-tools"];
        for pair in order.windows(2) {
            assert!(narrow(pair[0]) < narrow(pair[1]), "{pair:?}");
        }
        for other in ["acme", "acme-tools-*", "tools*", "acme-tool"] {
            assert_eq!(narrow(other), None, "{other}");
        }
        let acme: ProjectName = "acme".parse().unwrap();
        assert_eq!(pattern("acme-*").narrowness(&acme), None);
    }

    #[test]
    fn names_of_domains_and_issuers_are_checked() {
        for good in ["acme", "a", "acme-2", "public-good"] {
            assert_eq!(good.parse::<DomainName>().unwrap().as_str(), good);
        }
        let long = "a".repeat(65);
        for bad in ["", "Acme", "-a", "a-", "a.b", "a/b", "..", "ä", &long] {
            assert!(bad.parse::<DomainName>().is_err(), "{bad:?}");
        }
        for good in [
            "https://token.actions.githubusercontent.com",
            "http://gitlab.acme.example:8080/x",
        ] {
            assert_eq!(good.parse::<OidcIssuer>().unwrap().as_str(), good);
        }
        let long = format!("https://{}", "a".repeat(512));
        for bad in [
            "",
            "acme",
            "https://",
            "https:///x",
            "https://a b",
            "https://a?b",
            "https://a#",
            "ftp://a",
            &long,
        ] {
            assert!(bad.parse::<OidcIssuer>().is_err(), "{bad:?}");
        }
    }
}

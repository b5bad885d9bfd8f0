//! What the fields of a publisher can be.

use super::{GITHUB_ISSUER, GITLAB_ISSUER, Publisher, PublisherError};
use crate::identity::Claims;
use crate::json;

/// The longest field of a publisher: the longest path that Linux opens.
const MAX_FIELD_BYTES: usize = 4096;

/// Claims of which an OIDC publisher needs one. The others are shared by strangers: a commit by every fork, a runner by
/// everybody, a build signer (a reusable workflow) by all who call it.
pub(super) const IDENTIFYING: [&str; 7] = [
    "san",
    "sub",
    "source_repository_uri",
    "source_repository_id",
    "source_repository_owner_uri",
    "source_repository_owner_id",
    "build_config_uri",
];

/// A claim's name as this program keeps it, if an OIDC publisher may ask for it. `token_subject` is `sub` by another name
/// and stands for it in records only.
pub(super) fn claim_name(given: &str) -> Result<ClaimName, PublisherError> {
    const OTHERS: [&str; 2] = ["san", "sub"];
    /// What every token has, whoever holds it.
    const OF_TOKENS: [&str; 6] = ["iss", "aud", "exp", "iat", "nbf", "jti"];
    let mut names = OTHERS.iter().chain(Claims::NAMES).copied();
    let known = names.find(|name| name.eq_ignore_ascii_case(given));
    match known {
        Some(name) if name == given => Ok(ClaimName::Certified(name)),
        None if !given.is_empty()
            && given.len() <= MAX_CLAIM_NAME_BYTES
            && !OF_TOKENS.contains(&given)
            && !given.chars().any(char::is_control) =>
        {
            Ok(ClaimName::TokenOnly)
        }
        Some(_) | None => Err(PublisherError::UnknownClaim {
            found: json::shown(given),
        }),
    }
}

/// Names of claims are short words or URLs.
const MAX_CLAIM_NAME_BYTES: usize = 256;

/// Who shows a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClaimName {
    /// Certificates, by this name, and tokens.
    Certified(&'static str),
    /// The provider's tokens alone.
    TokenOnly,
}

impl Publisher {
    /// Refuses fields that no such publisher can have. Reading checks this; so must who builds one from other input.
    pub fn check_form(&self) -> Result<(), PublisherError> {
        for (field, text) in self.fields() {
            let Some(text) = text else { continue };
            check(field, text, self.shape(field))?;
        }
        let Self::OIDC { claims, .. } = self else {
            return Ok(());
        };
        let mut says_who = false;
        for (name, value) in claims {
            let name = claim_name(name)?;
            let field = match name {
                ClaimName::Certified(name) => name,
                ClaimName::TokenOnly => "claim",
            };
            check(field, value.as_str(), None)?;
            says_who |= name == ClaimName::TokenOnly || IDENTIFYING.contains(&field);
        }
        if says_who {
            Ok(())
        } else {
            Err(PublisherError::NobodyInParticular)
        }
    }

    /// Which form a field's text has, beyond what every text has.
    fn shape(&self, field: &str) -> Option<Shape> {
        Some(match (self, field) {
            (
                Self::GitHub { .. } | Self::GitHubEnterprise { .. },
                "repository" | "callee_repository",
            ) => Shape::OwnerAndName,
            (
                Self::GitHub { .. } | Self::GitHubEnterprise { .. },
                "workflow" | "callee_workflow",
            ) => Shape::File,
            (Self::GitLab { .. } | Self::GitLabSelfManaged { .. }, "repository") => Shape::Groups,
            (Self::Buildkite { .. }, _)
            | (Self::Kubernetes { .. }, "namespace" | "service_account") => Shape::PathPart,
            (Self::GitHubEnterprise { .. }, "issuer") => Shape::OwnGitHub,
            (Self::GitLabSelfManaged { .. }, "issuer") => Shape::OwnGitLab,
            (Self::Kubernetes { .. } | Self::OIDC { .. }, "issuer") => Shape::Issuer,
            _ => return None,
        })
    }
}

fn check(field: &'static str, text: &str, shape: Option<Shape>) -> Result<(), PublisherError> {
    let expected = match shape {
        _ if text.is_empty() => "some text",
        _ if text.len() > MAX_FIELD_BYTES => "a shorter text",
        _ if text.chars().any(char::is_control) => "text without control characters",
        Some(shape) if !shape.fits(text) => shape.words(),
        _ => return Ok(()),
    };
    Err(PublisherError::Invalid {
        field,
        expected,
        found: json::shown(text),
    })
}

/// Texts that become part of a URI: what would change its meaning is refused.
#[derive(Clone, Copy)]
enum Shape {
    OwnerAndName,
    Groups,
    File,
    PathPart,
    Issuer,
    OwnGitHub,
    OwnGitLab,
}

impl Shape {
    fn fits(self, text: &str) -> bool {
        let part = |part: &str| !part.is_empty() && part != "." && part != "..";
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
        let plain_parts = || text.split('/').all(|it| part(it) && it.chars().all(plain));
        let parts = text.split('/').count();
        match self {
            Self::OwnerAndName => parts == 2 && plain_parts(),
            Self::Groups => parts >= 2 && plain_parts(),
            Self::PathPart => parts == 1 && plain_parts(),
            Self::File => parts == 1 && part(text),
            Self::Issuer => origin(text).is_some(),
            Self::OwnGitHub => text != GITHUB_ISSUER && github_server(text).is_some(),
            Self::OwnGitLab => text != GITLAB_ISSUER && origin(text).is_some(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::OwnerAndName => "`owner/repository`",
            Self::Groups => "`group/project`",
            Self::File => "a filename without a folder",
            Self::PathPart => "letters, digits, `-`, `_`, `.` and `+`, as in a URL",
            Self::Issuer => {
                "a URL such as https://issuer.example, without query, fragment or slash at the end"
            }
            Self::OwnGitHub => {
                "the issuer URL of a GitHub of one's own, such as https://github.example/_services/token (github.com's is \
                 of kind GitHub)"
            }
            Self::OwnGitLab => {
                "the URL of a GitLab of one's own, without slash at the end (gitlab.com's is of kind GitLab)"
            }
        }
    }
}

/// Scheme and authority of an issuer's URL; none where it could not be an issuer's (OpenID Connect Core §2: no query, no
/// fragment). Plain http serves tests and clusters that issue to themselves; who may vouch is the certificate
/// authority's affair.
fn origin(issuer: &str) -> Option<&str> {
    let plain = |c: char| c.is_ascii_graphic() && !"?#@\\\"<>".contains(c);
    if !issuer.chars().all(plain) || issuer.ends_with('/') {
        return None;
    }
    let scheme = ["https://", "http://"];
    let scheme = scheme.iter().find(|scheme| issuer.starts_with(**scheme))?;
    let rest = issuer.get(scheme.len()..)?;
    let host = rest.split('/').next().filter(|host| !host.is_empty())?;
    issuer.get(..scheme.len() + host.len())
}

/// Where the repositories of a GitHub with this issuer are, without slash at the end: the certificate authority writes
/// that before `owner/repository`.
///
/// An enterprise on github.com with an issuer of its own has `https://token.actions.githubusercontent.com/NAME`; data
/// residency at `NAME.ghe.com` has `https://token.actions.NAME.ghe.com`; a server has `https://HOST/_services/token`.
pub fn github_server(issuer: &str) -> Option<String> {
    const ACTIONS: &str = "https://token.actions.";
    let origin = origin(issuer)?;
    Some(if origin == GITHUB_ISSUER {
        "https://github.com".to_owned()
    } else {
        match origin.strip_prefix(ACTIONS) {
            Some(host) if host.ends_with(".ghe.com") => format!("https://{host}"),
            _ => origin.to_owned(),
        }
    })
}

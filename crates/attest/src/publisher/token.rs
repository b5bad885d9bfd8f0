//! Whether an ID token is a publisher's: the same publisher that certificates are held against.
//!
//! Source: `docs/differences.md` says where this differs from PyPI, and each provider's own list of claims is named at its
//! check. The claims must have been checked before: signature, times and audience are `id_token`'s.

mod judge;
mod lookup;
mod run;

use serde_json::{Map, Value};

use crate::json;

pub use run::Run;

/// What an ID token says of its holder, for whoever has checked its signature, times and audience.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenClaims {
    issuer: String,
    claims: Map<String, Value>,
}

/// How an ID token differs from what a publisher asks for. The words up to the colon are PyPI's, where it has the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenMismatch {
    /// No publisher has these claims.
    #[error("Publisher with matching claims was not found")]
    NotFound,
    /// A claim that every token of the provider has is not there.
    #[error("Missing claim '{claim}'")]
    Missing {
        /// Which.
        claim: String,
    },
    /// A claim that must be there has another value.
    #[error("Check failed for required claim '{claim}': expected {expected}, found {}", found.as_deref().unwrap_or("none"))]
    Required {
        /// Which.
        claim: String,
        /// What the publisher asks for.
        expected: String,
        /// What the token says, shortened.
        found: Option<String>,
    },
    /// A claim that the publisher alone asks for is missing or has another value.
    #[error("Check failed for optional claim '{claim}': expected {expected}, found {}", found.as_deref().unwrap_or("none"))]
    Optional {
        /// Which.
        claim: &'static str,
        /// What the publisher asks for.
        expected: String,
        /// What the token says, shortened.
        found: Option<String>,
    },
    /// The workflow's claim names no workflow file.
    #[error("Could not extract workflow filename from OIDC claims")]
    NoWorkflow,
    /// The workflow's claim is there and empty.
    #[error("The {claim} claim is empty")]
    Empty {
        /// Which.
        claim: &'static str,
    },
    /// The token does not say what it was built from.
    #[error("The {} and sha claims are empty", .git_ref)]
    NoVersion {
        /// The name of the ref's claim.
        git_ref: &'static str,
    },
    /// Another workflow, or the right one at another version than the token's.
    #[error("The {claim} claim does not match, expecting one of [{}], got '{found}'", .expected.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", "))]
    Workflow {
        /// Which claim.
        claim: &'static str,
        /// What it may be.
        expected: Vec<String>,
        /// What the token says, shortened.
        found: String,
    },
    /// Such a workflow runs with the rights of the repository on the word of a stranger's pull request.
    #[error("Publishing from a workflow invoked via 'pull_request_target' is not supported.")]
    PullRequestTarget,
    /// Whoever may log in to such a job speaks for it.
    #[error("Publishing from a job that was rerun with SSH access is not supported.")]
    SshRerun,
    /// ActiveState's subject is none of its.
    #[error("Invalid 'subject' claim. Wrong format")]
    SubjectFormat,
    /// ActiveState's subject is another's.
    #[error("Invalid 'subject' claim")]
    Subject,
    /// Another issuer's token.
    #[error("JWT issuer '{found}' does not match expected issuer '{expected}'")]
    Issuer {
        /// The publisher's.
        expected: String,
        /// The token's, shortened.
        found: String,
    },
    /// The publisher's own fields are not in the form that reading checks.
    #[error("the {kind} publisher is malformed, so no token can be its")]
    Malformed {
        /// The kind.
        kind: &'static str,
    },
}

impl TokenClaims {
    /// What the issuer says. Only for claims of a token that was checked.
    pub fn new(issuer: impl Into<String>, claims: Map<String, Value>) -> Self {
        Self {
            issuer: issuer.into(),
            claims,
        }
    }

    /// Who vouches for them.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// A claim of text that is there and says something.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str().filter(|it| !it.is_empty())
    }

    /// The token's subject.
    pub fn subject(&self) -> Option<&str> {
        self.text("sub")
    }

    /// A claim that every token of its provider has: text, maybe empty.
    fn required(&self, claim: &str) -> Result<&str, TokenMismatch> {
        match self.claims.get(claim) {
            None | Some(Value::Null) => Err(TokenMismatch::Missing {
                claim: claim.to_owned(),
            }),
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(TokenMismatch::Required {
                claim: claim.to_owned(),
                expected: "a text".to_owned(),
                found: Some(json::shown(&other.to_string())),
            }),
        }
    }

    /// The claim equals `expected`, as `equal` has it.
    fn is(
        &self,
        claim: &str,
        expected: &str,
        equal: impl Fn(&str, &str) -> bool,
    ) -> Result<(), TokenMismatch> {
        let found = self.required(claim)?;
        if equal(expected, found) {
            return Ok(());
        }
        Err(TokenMismatch::Required {
            claim: claim.to_owned(),
            expected: expected.to_owned(),
            found: Some(json::shown(found)),
        })
    }
}

/// Names that a provider knows no two of that differ in case alone.
fn any_case(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn exactly(one: &str, other: &str) -> bool {
    one == other
}

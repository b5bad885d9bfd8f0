//! Trusted publishers: who may speak for a project.
//!
//! Source: PEP 740, "Provenance objects"; how certificates show each kind: Fulcio's `oid-info.md` and `oidc.md`.

mod claim_match;
mod describe;
mod form;
mod ids;
mod lookup;
mod matching;
mod stated;
mod token;
mod unique;
mod wire;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json::{FieldError, JsonError};

pub use claim_match::{ClaimMatch, Glob, InvalidGlob};
pub use form::github_server;
pub use ids::{OtherIds, PinnedIds};
pub(crate) use lookup::lookup_keys;
pub use matching::{EnvironmentCheck, Mismatch};
pub(crate) use matching::{issued_by, only_name, same};
pub use stated::ClaimContradicted;
pub use token::{Run, TokenClaims, TokenMismatch};

const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";
const GITLAB_ISSUER: &str = "https://gitlab.com";
const ACTIVESTATE_ISSUER: &str = "https://platform.activestate.com/api/v1/oauth/oidc";
const GOOGLE_ISSUER: &str = "https://accounts.google.com";
const CIRCLECI_ISSUER: &str = "https://oidc.circleci.com";
const BUILDKITE_ISSUER: &str = "https://agent.buildkite.com";

/// A trusted publisher. On the wire an object with `kind` and the fields below, absent options as null.
///
/// Built from anything but JSON, [`check_form`](Self::check_form) says whether its fields can be what they are named.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Publisher {
    /// A workflow on github.com.
    GitHub {
        /// `owner/repository`, in the case that GitHub shows.
        repository: String,
        /// The workflow's filename below `.github/workflows/`.
        workflow: String,
        /// The deployment environment that the job must run in; any where absent.
        environment: Option<String>,
        /// The reusable workflow that must sign on the caller's behalf; any, or none, where absent.
        callee: Option<Callee>,
    },
    /// A pipeline on gitlab.com.
    GitLab {
        /// `group/…/project`.
        repository: String,
        /// The pipeline file's path, such as `.gitlab-ci.yml`.
        workflow_filepath: String,
        /// The environment that the job must run in; any where absent.
        environment: Option<String>,
    },
    /// A Google Cloud service account.
    Google {
        /// Its e-mail address.
        email: String,
    },
    /// An ActiveState project. No certificate shows its identity, so it matches no attestation.
    ActiveState {
        /// The organisation.
        organization: String,
        /// The project.
        project: String,
        /// The actor.
        actor: String,
    },
    /// A CircleCI pipeline definition.
    CircleCI {
        /// The project's UUID.
        project_id: String,
        /// The pipeline definition's UUID.
        pipeline_definition_id: String,
        /// The repository without scheme, such as `github.com/owner/repository`; any where absent.
        vcs_origin: Option<String>,
        /// The git ref; any where absent.
        vcs_ref: Option<String>,
    },
    /// A person, by the e-mail address that an identity provider vouches for.
    Email {
        /// The address, in the case that the provider uses.
        email: String,
        /// The provider's URL.
        issuer: String,
    },
    /// A Buildkite pipeline, whatever it builds: certificates do not name its repository.
    Buildkite {
        /// The organisation, as in URLs.
        organization: String,
        /// The pipeline, as in URLs.
        pipeline: String,
    },
    /// A service account of a Kubernetes cluster.
    Kubernetes {
        /// The cluster's issuer URL.
        issuer: String,
        /// The namespace.
        namespace: String,
        /// The service account.
        service_account: String,
    },
    /// Anyone of an identity provider whose token or certificate has these claims.
    OIDC {
        /// The provider's URL.
        issuer: String,
        /// Claims and what they must be: a name of [`Claims`](crate::Claims)' fields, `sub`, `san`, or a claim of the
        /// provider's tokens that no certificate shows. One of them at least says who it is.
        claims: BTreeMap<String, ClaimMatch>,
    },
    /// A workflow on a GitHub of one's own: GitHub Enterprise Server, data residency, or an enterprise with its own issuer.
    GitHubEnterprise {
        /// The issuer URL of its workflow tokens, such as `https://github.example/_services/token`.
        issuer: String,
        /// `owner/repository`, in the case that GitHub shows.
        repository: String,
        /// The workflow's filename below `.github/workflows/`.
        workflow: String,
        /// The deployment environment that the job must run in; any where absent.
        environment: Option<String>,
        /// The reusable workflow, of the same host, that must sign on the caller's behalf; any, or none, where absent.
        callee: Option<Callee>,
    },
    /// A pipeline on a GitLab of one's own.
    GitLabSelfManaged {
        /// Its URL, which is the issuer of its tokens.
        issuer: String,
        /// `group/…/project`.
        repository: String,
        /// The pipeline file's path, such as `.gitlab-ci.yml`.
        workflow_filepath: String,
        /// The environment that the job must run in; any where absent.
        environment: Option<String>,
    },
}

/// A reusable workflow: the job runs in it, so the certificate's subject and build signer URI name it, while the build
/// config URI names the caller. On the wire `callee_repository` and `callee_workflow`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Callee {
    /// `owner/repository` of the called workflow.
    pub repository: String,
    /// Its filename below `.github/workflows/`.
    pub workflow: String,
}

/// Why JSON is no publisher.
#[derive(Debug, thiserror::Error)]
pub enum PublisherError {
    /// The bytes are no strict JSON.
    #[error("the publisher is not readable")]
    Json(#[from] JsonError),
    /// A field is missing or has another type.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// A kind that this program cannot tie to a certificate.
    #[error("expected one of {} as the publisher's kind, found {found:?}", KINDS.join(", "))]
    UnknownKind {
        /// What stands there, shortened.
        found: String,
    },
    /// A field's text cannot be what its name says.
    #[error("expected {expected} as the publisher's {field}, found {found:?}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What stands there, shortened.
        found: String,
    },
    /// One half of a reusable workflow.
    #[error(
        "a reusable workflow is both callee_repository and callee_workflow, found {found} alone"
    )]
    HalfCallee {
        /// The field that is there.
        found: &'static str,
    },
    /// A reusable workflow where there is none: it would look as if it restricted something.
    #[error("{kind} publishers have no reusable workflow (callee_repository, callee_workflow)")]
    NoCallee {
        /// The kind.
        kind: &'static str,
    },
    /// A claim that says nothing of the holder, or the slip of a pen.
    #[error(
        "expected `sub`, `san`, a certificate's claim such as `source_repository_uri` or a token's own, found {found:?}"
    )]
    UnknownClaim {
        /// What stands there, shortened.
        found: String,
    },
    /// A pattern that is none, or that everything fits.
    #[error(transparent)]
    Glob(#[from] InvalidGlob),
    /// Without one of these everybody of the issuer could match.
    #[error("expected one of {}, or a claim of the token's own, among the publisher's claims: the others do not say who it is", form::IDENTIFYING.join(", "))]
    NobodyInParticular,
}

/// Every kind, as on the wire.
const KINDS: [&str; 11] = [
    "GitHub",
    "GitLab",
    "Google",
    "ActiveState",
    "CircleCI",
    "Email",
    "Buildkite",
    "Kubernetes",
    "OIDC",
    "GitHubEnterprise",
    "GitLabSelfManaged",
];

impl Publisher {
    /// A workflow on github.com, in any environment, whatever it calls.
    pub fn github(repository: impl Into<String>, workflow: impl Into<String>) -> Self {
        Self::GitHub {
            repository: repository.into(),
            workflow: workflow.into(),
            environment: None,
            callee: None,
        }
    }

    /// The `kind` of the wire form.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::GitHub { .. } => "GitHub",
            Self::GitLab { .. } => "GitLab",
            Self::Google { .. } => "Google",
            Self::ActiveState { .. } => "ActiveState",
            Self::CircleCI { .. } => "CircleCI",
            Self::Email { .. } => "Email",
            Self::Buildkite { .. } => "Buildkite",
            Self::Kubernetes { .. } => "Kubernetes",
            Self::OIDC { .. } => "OIDC",
            Self::GitHubEnterprise { .. } => "GitHubEnterprise",
            Self::GitLabSelfManaged { .. } => "GitLabSelfManaged",
        }
    }

    /// Whether readers of the Integrity API know this kind. They refuse a whole provenance object for one kind that they
    /// do not know, so an index puts no other beside these there. A reusable workflow adds two keys, which they pass over: they
    /// compare the caller alone. (pypi-attestations 0.0.30 knows exactly these four; ActiveState publishers have no
    /// attestations anywhere.)
    pub fn is_known_to_readers(&self) -> bool {
        match self {
            Self::GitHub { .. }
            | Self::GitLab { .. }
            | Self::Google { .. }
            | Self::CircleCI { .. } => true,
            Self::ActiveState { .. }
            | Self::Email { .. }
            | Self::Buildkite { .. }
            | Self::Kubernetes { .. }
            | Self::OIDC { .. }
            | Self::GitHubEnterprise { .. }
            | Self::GitLabSelfManaged { .. } => false,
        }
    }

    /// The reusable workflow that must sign for it.
    pub fn callee(&self) -> Option<&Callee> {
        match self {
            Self::GitHub { callee, .. } | Self::GitHubEnterprise { callee, .. } => callee.as_ref(),
            _ => None,
        }
    }

    /// The host of a GitHub or GitLab kind's repositories: what stands before `owner/repository` in certificates.
    fn server(&self) -> Option<String> {
        match self {
            Self::GitHub { .. } => Some("https://github.com".to_owned()),
            Self::GitLab { .. } => Some("https://gitlab.com".to_owned()),
            Self::GitHubEnterprise { issuer, .. } => form::github_server(issuer),
            Self::GitLabSelfManaged { issuer, .. } => Some(issuer.clone()),
            _ => None,
        }
    }
}

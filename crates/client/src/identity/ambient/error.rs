//! Why a place did not say who it is.

use std::io;
use std::path::PathBuf;

use crate::fetch::{Cause, FetchError};
use crate::identity::token::TokenError;

/// Why a place did not say who it is.
#[derive(Debug, thiserror::Error)]
pub enum AmbientError {
    /// A GitHub job without the permission.
    #[error(
        "this GitHub Actions job may not ask for an ID token; give it the permission `id-token: write`"
    )]
    GitHubPermission,
    /// GitHub's variable holds no URL.
    #[error("ACTIONS_ID_TOKEN_REQUEST_URL is not an http or https URL")]
    GitHubUrl,
    /// A GitLab job without that token.
    #[error(
        "this GitLab CI job has no ID token in {variable}; add `id_tokens: {{ {variable}: {{ aud: {audience} }} }}` to it"
    )]
    GitLab {
        /// Whom it should be for.
        audience: String,
        /// Where it should be.
        variable: String,
    },
    /// A pod without that token.
    #[error(
        "no file in `{}` holds an ID token for the audience {audience}; project one into the pod: `serviceAccountToken: \
         {{ audience: {audience}, path: {audience} }}`",
        .folder.display()
    )]
    NotProjected {
        /// Whom it should be for.
        audience: String,
        /// Where it should be.
        folder: PathBuf,
    },
    /// A pod's tokens cannot be read.
    #[error("the ID tokens in `{}` could not be read", .folder.display())]
    Folder {
        /// Where they are.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A variable of Google's names no host.
    #[error("GCE_METADATA_HOST does not name a host")]
    MetadataHost,
    /// The service could not be asked.
    #[error("{from} could not be asked for an ID token")]
    Fetch {
        /// Which one.
        from: &'static str,
        /// Why.
        source: FetchError,
    },
    /// The service said no.
    #[error("{from} gave no ID token: status {status}")]
    Refused {
        /// Which one.
        from: &'static str,
        /// What it answered.
        status: u16,
    },
    /// The service answered something else.
    #[error("{from} answered something else than an ID token")]
    Answer {
        /// Which one.
        from: &'static str,
    },
    /// The service's program is missing or cannot be run.
    #[error("`{program}` could not be run, which this service hands out ID tokens by")]
    Program {
        /// Its name.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The service's program failed.
    #[error("`{program}` gave no ID token, and ended with {status}: {said}")]
    ProgramFailed {
        /// Its name.
        program: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The start of what it said.
        said: String,
    },
    /// What came is no token.
    #[error("what {from} gave is no ID token")]
    NotAToken {
        /// Where it is from.
        from: &'static str,
        /// Why.
        source: TokenError,
    },
}

impl AmbientError {
    /// Who can mend it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Fetch { source, .. } => source.cause(),
            Self::Refused { .. } | Self::Answer { .. } => Cause::Outside,
            Self::GitHubPermission
            | Self::GitHubUrl
            | Self::GitLab { .. }
            | Self::NotProjected { .. }
            | Self::Folder { .. }
            | Self::MetadataHost
            | Self::Program { .. }
            | Self::ProgramFailed { .. }
            | Self::NotAToken { .. } => Cause::Configuration,
        }
    }
}

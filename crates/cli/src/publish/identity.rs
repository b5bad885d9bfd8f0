//! Whose identity is exchanged: from a file, else from the place where this runs. There must be exactly one.

use std::path::PathBuf;

use touchplate_client::fetch::Agent;
use touchplate_client::identity::IdentityToken;
use touchplate_client::identity::ambient::Source;
use touchplate_client::publish::access::IdentityFailure;

use super::options::{Arguments, TrustedPublishing};
use super::target::Target;
use crate::report::Failure;
use crate::signing;

/// Where ID tokens for the index are from.
#[derive(Debug)]
pub(super) enum Holder {
    /// This file, named for the index; or one named for signing, if it is for the index as well.
    File(PathBuf, bool),
    /// The place.
    Place(Source),
}

#[derive(Debug, thiserror::Error)]
enum HolderError {
    #[error(
        "this environment says that it is a job of {} and of {}, and which identity is meant cannot be told",
        .0.describe(), .1.describe()
    )]
    Two(Source, Source),
}

/// Why the token in a file is not for the index.
#[derive(Debug, thiserror::Error)]
enum FileTokenError {
    #[error("{0}")]
    Unusable(String),
    #[error(
        "the ID token in `{}` is for {}, not for {expected}; give one for the index with --index-token-file", .path.display(), .found.join(", ")
    )]
    Audience {
        path: PathBuf,
        found: Vec<String>,
        expected: String,
    },
}

impl Holder {
    /// Whoever holds the identity of this run; `None` where nobody does, or nobody is needed.
    pub(super) fn of_run(arguments: &Arguments, target: &Target) -> Result<Option<Self>, Failure> {
        let wants = arguments.destination.trusted_publishing;
        let is_given =
            target.destination.credential.is_some() && wants != TrustedPublishing::Always;
        if is_given && arguments.no_attestations {
            return Ok(None);
        }
        if let Some(path) = &arguments.index_token_file {
            return Ok(Some(Self::File(path.clone(), true)));
        }
        if let Some(path) = arguments.signing.token_file() {
            return Ok(Some(Self::File(path.to_owned(), false)));
        }
        let variable = |name: &str| std::env::var(name).ok();
        if let [first, second, ..] = Source::jobs(&variable)[..] {
            return Err(
                Failure::usage(HolderError::Two(first, second)).hint(
                    "unset the variable of the service that is not meant, or give tokens with --index-token-file and \
                     --identity-token-file",
                ),
            );
        }
        Ok(Source::detect(&variable).map(Self::Place))
    }

    /// In words.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::File(path, _) => path.display().to_string(),
            Self::Place(source) => source.describe().to_owned(),
        }
    }

    /// The ID token for an audience.
    pub(super) fn token(
        &self,
        audience: &str,
        agent: &Agent,
    ) -> Result<IdentityToken, IdentityFailure> {
        let variable = |name: &str| std::env::var(name).ok();
        let (path, is_for_index) = match self {
            Self::Place(source) => return Ok(source.token(audience, agent, &variable)?),
            Self::File(path, is_for_index) => (path, *is_for_index),
        };
        let who = signing::of_file(path)
            .map_err(|failure| FileTokenError::Unusable(failure.messages().join(": ")))?;
        // One that is named for the index goes to the index, which says what is wrong with it.
        if !is_for_index && !who.token.audiences().contains(&audience) {
            let found = who.token.audiences().into_iter();
            return Err(Box::new(FileTokenError::Audience {
                path: path.clone(),
                found: found.map(str::to_owned).collect(),
                expected: audience.to_owned(),
            }));
        }
        Ok(who.token)
    }
}

//! Tokens for reading that users make for themselves, by HTTP: for their laptops and jobs, which need no more.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use touchplate_attest::{JsonError, from_object, read_strict_json};
use touchplate_packaging::ProjectName;

use super::MAX_MANAGED_BYTES;
use crate::Index;
use crate::accounts::{Caller, MAX_READ_PROJECTS, MadeFor, Reader, Token, TokenId, UserName};
use crate::origin::Origin;
use crate::ports::{RevokeError, StoreError, StoredToken, TokenError};
use crate::projects::ReadError;

/// Read tokens of one user, revoked and ended ones too. A job that makes one each time would otherwise fill the database.
pub const MAX_READ_TOKENS: usize = 1000;

/// Why no token was made, told or revoked.
#[derive(Debug, thiserror::Error)]
pub enum ReadTokenError {
    /// Who has only a part of a token must not make more of it.
    #[error(
        "only a token for all of its user's projects, not narrowed and not for reading alone, makes, shows and revokes read tokens"
    )]
    NotWhole,
    /// It would be good for longer than what it was made with.
    #[error("the given token ends at {end}, and one that is made with it ends no later")]
    Outlives {
        /// When the given one ends.
        end: Timestamp,
    },
    /// It would never be good.
    #[error("expected an end to come, found {0}, which has passed")]
    Ended(Timestamp),
    /// There is no such project, or the caller may not know that there is.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectName),
    /// It names more than [`MAX_READ_PROJECTS`].
    #[error("expected at most {MAX_READ_PROJECTS} projects of one read token, found {0}")]
    TooManyProjects(usize),
    /// There are [`MAX_READ_TOKENS`].
    #[error("the user `{0}` has made {MAX_READ_TOKENS} read tokens, which is the most")]
    TooMany(UserName),
    /// The caller has none of that id.
    #[error("the user `{user}` has no read token {id}")]
    NoSuchToken {
        /// Who asked.
        user: UserName,
        /// The id.
        id: TokenId,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A text asks for no read token.
#[derive(Debug, thiserror::Error)]
pub enum ReadTokenTextError {
    /// The bytes are no strict JSON.
    #[error("what is asked for is not readable")]
    Json(#[from] JsonError),
    /// It has another shape.
    #[error("expected an object with `projects`, a list of names, or `expires_at`, both or none")]
    Shape(#[source] serde_json::Error),
}

/// A read token as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadTokenAsked {
    /// What it is for; none: all that its user may see.
    #[serde(default)]
    pub projects: Option<BTreeSet<ProjectName>>,
    /// When it ends; none: with the token that it is made with.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

impl ReadTokenAsked {
    /// Reads it from its JSON alone, of at most [`MAX_MANAGED_BYTES`].
    pub fn parse(json: &[u8]) -> Result<Self, ReadTokenTextError> {
        let value = read_strict_json(json, MAX_MANAGED_BYTES)?;
        from_object(value).map_err(ReadTokenTextError::Shape)
    }
}

impl Index {
    /// The caller's read tokens, oldest first.
    pub async fn read_tokens_by(
        &self,
        caller: &Caller,
    ) -> Result<Vec<StoredToken>, ReadTokenError> {
        if !caller.scope.is_whole() {
            return Err(ReadTokenError::NotWhole);
        }
        let mut tokens = self.ports.accounts.tokens(&caller.user).await?;
        tokens.retain(|it| matches!(it.made_for, MadeFor::Reading(_)));
        Ok(tokens)
    }

    /// Makes a read token for the caller.
    pub async fn create_read_token_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        asked: &ReadTokenAsked,
    ) -> Result<(Token, StoredToken), ReadTokenError> {
        if self.read_tokens_by(caller).await?.len() >= MAX_READ_TOKENS {
            return Err(ReadTokenError::TooMany(caller.user.clone()));
        }
        let end = asked.expires_at.or(caller.expires_at);
        if let Some(end) = end.filter(|end| *end <= origin.at) {
            return Err(ReadTokenError::Ended(end));
        }
        match (caller.expires_at, end) {
            (Some(most), Some(end)) if end > most => {
                return Err(ReadTokenError::Outlives { end: most });
            }
            _ => {}
        }
        self.may_read_each(caller, asked.projects.as_ref()).await?;
        let made_for = MadeFor::Reading(asked.projects.clone());
        let made = self.create_token(origin, &caller.user, made_for.clone(), end);
        let token = made.await.map_err(|error| match error {
            TokenError::NoSuchProject(name) => ReadTokenError::NoSuchProject(name),
            TokenError::TooManyProjects(count) => ReadTokenError::TooManyProjects(count),
            TokenError::Store(error) => ReadTokenError::Store(error),
            other @ (TokenError::NoSuchUser(_) | TokenError::NoLeftoverTokens(_)) => {
                ReadTokenError::Store(StoreError::new("store a read token", other))
            }
        })?;
        let stored = StoredToken {
            id: token.id().clone(),
            hash: token.hash(),
            narrowing_key: None,
            user: caller.user.clone(),
            made_for,
            created_at: origin.at,
            expires_at: end,
            revoked_at: None,
        };
        Ok((token, stored))
    }

    /// A name that the caller may not see is as one that nobody uses.
    async fn may_read_each(
        &self,
        caller: &Caller,
        projects: Option<&BTreeSet<ProjectName>>,
    ) -> Result<(), ReadTokenError> {
        let count = projects.map_or(0, BTreeSet::len);
        if count > MAX_READ_PROJECTS {
            return Err(ReadTokenError::TooManyProjects(count));
        }
        let reader = Reader::Account(caller.clone());
        for name in projects.into_iter().flatten() {
            self.project(&reader, name)
                .await
                .map_err(|error| match error {
                    ReadError::Store(error) => ReadTokenError::Store(error),
                    ReadError::NotFound | ReadError::NoProvenance(_) | ReadError::Blobs(_) => {
                        ReadTokenError::NoSuchProject(name.clone())
                    }
                })?;
        }
        Ok(())
    }

    /// Revokes one of the caller's read tokens; once more changes nothing.
    pub async fn revoke_read_token_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        id: &TokenId,
    ) -> Result<(), ReadTokenError> {
        let missing = || ReadTokenError::NoSuchToken {
            user: caller.user.clone(),
            id: id.clone(),
        };
        let own = self.read_tokens_by(caller).await?;
        if !own.iter().any(|it| it.id == *id) {
            return Err(missing());
        }
        let revoked = self.ports.accounts.revoke_token(origin, id).await;
        revoked.map_err(|error| match error {
            RevokeError::NoSuchToken(_) => missing(),
            RevokeError::Store(error) => error.into(),
        })
    }
}

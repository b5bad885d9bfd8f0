//! What a project's members manage with a token of theirs: publishers, the tokens minted for them, and ratchets.
//!
//! The operator's own functions ([`Index::add_publisher_on`] and the rest) ask nobody.

mod members;
mod pending;
mod read_tokens;
mod visibility;
mod withdrawing;

use serde::Deserialize;
use serde_json::Value;
use touchplate_attest::{Glob, JsonError, Publisher, from_object, read_strict_json};
use touchplate_packaging::ProjectName;

use crate::Index;
use crate::accounts::{Action, Caller, Reader, Role, TokenId};
use crate::attesters::NotAllowed;
use crate::origin::Origin;
use crate::ports::{
    AddPublisherError, Project, PublisherId, RatchetError, SeenProject, StoreError, StoredMinted,
    StoredPublisher,
};
use crate::projects::ReadError;
use crate::trusted_publishing::{
    Ratchet, RatchetKind, RatchetSince, Terms, TokenSeconds, UnknownRatchet, ZeroDays,
};

pub use members::{ManageMembersError, MemberTextError, RoleAsked};
pub use pending::{ManagePendingError, PendingAsked, PendingTextError};
pub use read_tokens::{MAX_READ_TOKENS, ReadTokenAsked, ReadTokenError, ReadTokenTextError};
pub use visibility::{SetVisibilityError, VisibilityTextError};
pub use withdrawing::{MAX_REASON_CHARS, StatusAsked, WithdrawError, WithdrawTextError, YankAsked};

/// Publishers of one project, as far as its owners add them. The operator may add more.
pub const MAX_PUBLISHERS: u32 = 2000;

/// Longest JSON of a publisher with its terms.
pub const MAX_MANAGED_BYTES: usize = 64 * 1024;

/// Why a token's holder may not do something. Each caller has its own words for it.
pub(crate) enum NotByToken {
    /// There is no such project, or not for them to see.
    NoSuchProject,
    /// They may not.
    NotAllowed(NotAllowed),
    /// The database failed.
    Store(StoreError),
}

impl From<NotAllowed> for NotByToken {
    fn from(why: NotAllowed) -> Self {
        Self::NotAllowed(why)
    }
}

impl From<StoreError> for NotByToken {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Caller {
    /// Whether the token is for such actions in that project.
    pub(crate) fn token_allows(
        &self,
        project: &ProjectName,
        action: Action,
    ) -> Result<(), NotAllowed> {
        if self.scope.only_reads() && action != Action::Read {
            return Err(NotAllowed::TokenForReading);
        }
        if action.takes_whole_token() && !self.scope.is_all() {
            return Err(NotAllowed::TokenForUploads);
        }
        Ok(self.scope.reaches(project)?)
    }

    /// Whether somebody who is `role` in a project may act so there.
    pub(crate) fn role_allows(&self, role: Option<Role>, action: Action) -> Result<(), NotAllowed> {
        let user = self.user.clone();
        match role {
            None => Err(NotAllowed::NotAMember { user }),
            Some(role) if role.may(action) => Ok(()),
            Some(_) => Err(NotAllowed::RoleTooLow {
                user,
                needed: action.least_role(),
            }),
        }
    }
}

/// Why something was not managed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// There is no such project, or the caller may not know that there is.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectName),
    /// The caller may not see it.
    #[error(
        "only a maintainer or an owner, with a token that reaches `{project}`, sees who publishes there"
    )]
    NotSeen {
        /// The project.
        project: ProjectName,
        /// Why not.
        #[source]
        why: NotAllowed,
    },
    /// The caller may not change it.
    #[error(
        "only an owner, with a token for all of their projects, changes who publishes `{project}`"
    )]
    NotAllowed {
        /// The project.
        project: ProjectName,
        /// Why not.
        #[source]
        why: NotAllowed,
    },
    /// The project has no publisher of that number.
    #[error("the project `{project}` has no publisher {}", .id.0)]
    NoSuchPublisher {
        /// The project.
        project: ProjectName,
        /// The number.
        id: PublisherId,
    },
    /// The project has this publisher, or takes others alone.
    #[error(transparent)]
    Publisher(AddPublisherError),
    /// There are [`MAX_PUBLISHERS`].
    #[error("expected at most {MAX_PUBLISHERS} publishers of one project; remove one first")]
    TooMany,
    /// No token of that id was minted for the project, or it was forgotten since.
    #[error("no token {id} was minted for the project `{project}`")]
    NoSuchToken {
        /// The project.
        project: ProjectName,
        /// The id.
        id: TokenId,
    },
    /// The ratchet is turned further already.
    #[error(transparent)]
    Ratchet(RatchetError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A publisher, and on which terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublisherOnTerms {
    /// Who.
    pub publisher: Publisher,
    /// On which terms.
    pub terms: Terms,
}

/// A text is no publisher with its terms.
#[derive(Debug, thiserror::Error)]
pub enum PublisherOnTermsError {
    /// The bytes are no strict JSON.
    #[error("the publisher is not readable")]
    Json(#[from] JsonError),
    /// It has another shape.
    #[error("expected an object with `publisher`, and maybe `token_seconds` and `git_ref`")]
    Shape(#[source] serde_json::Error),
    /// A key that a publisher of this kind does not have would look as if it restricted something.
    #[error("a publisher of kind {kind} has no `{key}`")]
    Foreign {
        /// The kind.
        kind: String,
        /// The key, cut to 80 characters.
        key: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    publisher: Value,
    #[serde(default)]
    token_seconds: Option<TokenSeconds>,
    #[serde(default)]
    git_ref: Option<Glob>,
}

impl PublisherOnTerms {
    /// Reads both from their JSON alone, of at most [`MAX_MANAGED_BYTES`].
    pub fn parse(json: &[u8]) -> Result<Self, PublisherOnTermsError> {
        Self::of(read_strict_json(json, MAX_MANAGED_BYTES)?)
    }

    fn of(value: Value) -> Result<Self, PublisherOnTermsError> {
        let wire: Wire = from_object(value).map_err(PublisherOnTermsError::Shape)?;
        let given = wire.publisher;
        let publisher: Publisher =
            serde_json::from_value(given.clone()).map_err(PublisherOnTermsError::Shape)?;
        let known = publisher.to_json();
        let mut keys = given.as_object().into_iter().flatten();
        if let Some((key, _)) =
            keys.find(|(key, value)| !value.is_null() && known.get(key.as_str()).is_none())
        {
            let kind = known.get("kind").and_then(Value::as_str);
            return Err(PublisherOnTermsError::Foreign {
                kind: kind.unwrap_or_default().to_owned(),
                key: key.chars().take(80).collect(),
            });
        }
        Ok(Self {
            publisher,
            terms: Terms {
                token_seconds: wire.token_seconds,
                git_ref: wire.git_ref,
            },
        })
    }
}

/// A text says no terms.
#[derive(Debug, thiserror::Error)]
pub enum TermsTextError {
    /// The bytes are no strict JSON.
    #[error("the terms are not readable")]
    Json(#[from] JsonError),
    /// It has another shape.
    #[error("expected an object with `token_seconds` or `git_ref`, both or none")]
    Shape(#[source] serde_json::Error),
}

impl Terms {
    /// Reads terms from their JSON alone, of at most [`MAX_MANAGED_BYTES`]. What is absent asks nothing.
    pub fn parse(json: &[u8]) -> Result<Self, TermsTextError> {
        let value = read_strict_json(json, MAX_MANAGED_BYTES)?;
        from_object(value).map_err(TermsTextError::Shape)
    }
}

/// A text is no ratchet.
#[derive(Debug, thiserror::Error)]
pub enum RatchetTextError {
    /// The bytes are no strict JSON.
    #[error("the ratchet is not readable")]
    Json(#[from] JsonError),
    /// It has another shape.
    #[error("expected an object with `ratchet`, and with `days` for `no-late-files`")]
    Shape(#[source] serde_json::Error),
    /// There is no such ratchet.
    #[error(transparent)]
    Unknown(#[from] UnknownRatchet),
    /// Its days are missing, or stand where there are none.
    #[error(transparent)]
    Days(#[from] ZeroDays),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RatchetWire {
    ratchet: String,
    #[serde(default)]
    days: Option<u32>,
}

impl Ratchet {
    /// Reads a ratchet from its JSON alone.
    pub fn parse(json: &[u8]) -> Result<Self, RatchetTextError> {
        let value = read_strict_json(json, MAX_MANAGED_BYTES)?;
        let wire: RatchetWire = from_object(value).map_err(RatchetTextError::Shape)?;
        let kind: RatchetKind = wire.ratchet.parse()?;
        Ok(kind.turned(wire.days)?)
    }
}

impl Index {
    /// The ratchets of a project, by name, for a member.
    pub async fn ratchets_by(
        &self,
        caller: &Caller,
        project: &ProjectName,
    ) -> Result<Vec<RatchetSince>, ManageError> {
        let project = self.seen(caller, project).await?;
        Ok(self.ports.trusted.ratchets(project.id).await?)
    }

    /// Turns a ratchet, for an owner; all of the project's as they stand then. The way back is the operator's.
    pub async fn turn_ratchet_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        project: &ProjectName,
        ratchet: Ratchet,
    ) -> Result<Vec<RatchetSince>, ManageError> {
        let found = self.managed(caller, project).await?;
        let turned = self.turn_ratchet(origin, project, ratchet).await;
        turned.map_err(|error| match error {
            RatchetError::NoSuchProject(project) => ManageError::NoSuchProject(project),
            RatchetError::Store(error) => ManageError::Store(error),
            RatchetError::Tighter { .. } => ManageError::Ratchet(error),
        })?;
        Ok(self.ports.trusted.ratchets(found.id).await?)
    }

    /// The publishers of a project, oldest first, for a member.
    pub async fn publishers_by(
        &self,
        caller: &Caller,
        project: &ProjectName,
    ) -> Result<Vec<StoredPublisher>, ManageError> {
        let project = self.seen(caller, project).await?;
        Ok(self.ports.publishers.list(project.id).await?)
    }

    /// Adds a publisher to a project, for an owner.
    pub async fn add_publisher_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        project: &ProjectName,
        added: &PublisherOnTerms,
    ) -> Result<StoredPublisher, ManageError> {
        self.managed(caller, project).await?;
        let PublisherOnTerms { publisher, terms } = added;
        let publishers = &self.ports.publishers;
        let added = publishers.add(origin, project, publisher, terms, Some(MAX_PUBLISHERS));
        added.await.map_err(|error| match error {
            AddPublisherError::NoSuchProject(project) => ManageError::NoSuchProject(project),
            AddPublisherError::TooMany(_) => ManageError::TooMany,
            AddPublisherError::Store(error) => ManageError::Store(error),
            AddPublisherError::NoEnvironment(_) | AddPublisherError::Exists(_) => {
                ManageError::Publisher(error)
            }
        })
    }

    /// Sets the terms of a publisher, in place of those that it has, for an owner.
    pub async fn set_terms_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        project: &ProjectName,
        id: PublisherId,
        terms: &Terms,
    ) -> Result<StoredPublisher, ManageError> {
        let found = self.managed(caller, project).await?;
        let set = self.ports.trusted.set_terms(origin, project, id, terms);
        let missing = || ManageError::NoSuchPublisher {
            project: project.clone(),
            id,
        };
        if !set.await? {
            return Err(missing());
        }
        let publishers = self.ports.publishers.list(found.id).await?;
        let stored = publishers.into_iter().find(|stored| stored.id == id);
        stored.ok_or_else(missing)
    }

    /// Removes a publisher, for an owner. What it vouched for keeps its provenance; its tokens end.
    pub async fn remove_publisher_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        project: &ProjectName,
        id: PublisherId,
    ) -> Result<(), ManageError> {
        self.managed(caller, project).await?;
        let removed = self.ports.publishers.remove(origin, project, id).await?;
        let missing = || ManageError::NoSuchPublisher {
            project: project.clone(),
            id,
        };
        removed.then_some(()).ok_or_else(missing)
    }

    /// The tokens minted for a project of late, newest first, for a member.
    pub async fn minted_by(
        &self,
        caller: &Caller,
        project: &ProjectName,
        limit: u32,
    ) -> Result<Vec<StoredMinted>, ManageError> {
        let project = self.seen(caller, project).await?;
        Ok(self.ports.trusted.minted_for(project.id, limit).await?)
    }

    /// Revokes a token that was minted for a project, for an owner: for all of its projects, as whoever may have it may
    /// have it for each.
    pub async fn revoke_minted_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        project: &ProjectName,
        id: &TokenId,
    ) -> Result<(), ManageError> {
        let found = self.managed(caller, project).await?;
        let trusted = &self.ports.trusted;
        let missing = || ManageError::NoSuchToken {
            project: project.clone(),
            id: id.clone(),
        };
        if trusted.reached(id, found.id).await?.is_none() {
            return Err(missing());
        }
        let revoked = trusted.revoke_minted(origin, id).await?;
        revoked.then_some(()).ok_or_else(missing)
    }

    async fn seen(&self, caller: &Caller, name: &ProjectName) -> Result<Project, ManageError> {
        let seen = self.permitted(caller, name, Action::SeeSettings).await;
        seen.map_err(|not| match not {
            NotByToken::NoSuchProject => ManageError::NoSuchProject(name.clone()),
            NotByToken::NotAllowed(why) => ManageError::NotSeen {
                project: name.clone(),
                why,
            },
            NotByToken::Store(error) => error.into(),
        })
    }

    async fn managed(&self, caller: &Caller, name: &ProjectName) -> Result<Project, ManageError> {
        let managed = self.permitted(caller, name, Action::ChangeSettings).await;
        managed.map_err(|not| match not {
            NotByToken::NoSuchProject => ManageError::NoSuchProject(name.clone()),
            NotByToken::NotAllowed(why) => ManageError::NotAllowed {
                project: name.clone(),
                why,
            },
            NotByToken::Store(error) => error.into(),
        })
    }

    /// The project, where the token and the role of its holder there allow the action.
    ///
    /// 1. Is it there, for them to see?
    /// 2. Is the token for such actions, and does it reach the project?
    /// 3. May their role?
    pub(crate) async fn permitted(
        &self,
        caller: &Caller,
        name: &ProjectName,
        action: Action,
    ) -> Result<Project, NotByToken> {
        let seen = self.seen_by_token(caller, name).await?; // 1
        caller.token_allows(name, action)?; // 2
        caller.role_allows(seen.role, action)?; // 3
        Ok(seen.project)
    }

    async fn seen_by_token(
        &self,
        caller: &Caller,
        name: &ProjectName,
    ) -> Result<SeenProject, NotByToken> {
        let reader = Reader::Account(caller.clone());
        match self.seen_project(&reader, name).await {
            Ok(seen) => Ok(seen),
            Err(ReadError::Store(error)) => Err(error.into()),
            Err(ReadError::NotFound | ReadError::NoProvenance(_) | ReadError::Blobs(_)) => {
                Err(NotByToken::NoSuchProject)
            }
        }
    }
}

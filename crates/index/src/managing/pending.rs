//! Pending publishers by HTTP: whoever may create projects says who creates one for them by a first mint.

use serde_json::Value;
use touchplate_attest::{JsonError, read_strict_json};
use touchplate_packaging::{DisplayName, InvalidName};

use super::{MAX_MANAGED_BYTES, PublisherOnTerms, PublisherOnTermsError};
use crate::Index;
use crate::accounts::{Caller, UserName};
use crate::attesters::NotAllowed;
use crate::origin::Origin;
use crate::ports::{AddPendingError, PendingId, StoreError, StoredPending};
use crate::trusted_publishing::PendingPublisher;

/// Why a pending publisher was not managed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ManagePendingError {
    /// The caller may not.
    #[error(
        "only a token for all of its user's projects, and new ones, sees and changes pending publishers"
    )]
    NotAllowed(#[source] NotAllowed),
    /// The caller has no pending publisher of that number; somebody else may.
    #[error("the user `{user}` has no pending publisher {}", .id.0)]
    NoSuchPending {
        /// Who asked.
        user: UserName,
        /// The number.
        id: PendingId,
    },
    /// It cannot be registered.
    #[error(transparent)]
    Add(AddPendingError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A text is no pending publisher.
#[derive(Debug, thiserror::Error)]
pub enum PendingTextError {
    /// The bytes are no strict JSON.
    #[error("the pending publisher is not readable")]
    Json(#[from] JsonError),
    /// It names no project.
    #[error("expected an object with `project`, a name, beside `publisher`")]
    NoProject,
    /// Nothing can be called so.
    #[error("`project` is no name of a project")]
    Name(#[from] InvalidName),
    /// The rest is no publisher with its terms.
    #[error(transparent)]
    Publisher(#[from] PublisherOnTermsError),
}

/// A publisher of a project to come, as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingAsked {
    /// The project's name, as it shall be shown.
    pub project: DisplayName,
    /// Who, on which terms.
    pub publisher: PublisherOnTerms,
}

impl PendingAsked {
    /// Reads it from its JSON alone, of at most [`MAX_MANAGED_BYTES`].
    pub fn parse(json: &[u8]) -> Result<Self, PendingTextError> {
        let Value::Object(mut fields) = read_strict_json(json, MAX_MANAGED_BYTES)? else {
            return Err(PendingTextError::NoProject);
        };
        let Some(Value::String(project)) = fields.remove("project") else {
            return Err(PendingTextError::NoProject);
        };
        Ok(Self {
            project: project.parse()?,
            publisher: PublisherOnTerms::of(Value::Object(fields))?,
        })
    }
}

impl Index {
    /// The caller's pending publishers, oldest first.
    pub async fn pending_publishers_by(
        &self,
        caller: &Caller,
    ) -> Result<Vec<StoredPending>, ManagePendingError> {
        may_create(caller)?;
        Ok(self.ports.trusted.pending(Some(&caller.user)).await?)
    }

    /// One of them.
    pub async fn pending_publisher_by(
        &self,
        caller: &Caller,
        id: PendingId,
    ) -> Result<StoredPending, ManagePendingError> {
        let mut own = self.pending_publishers_by(caller).await?.into_iter();
        let found = own.find(|stored| stored.id == id);
        found.ok_or_else(|| ManagePendingError::NoSuchPending {
            user: caller.user.clone(),
            id,
        })
    }

    /// Registers one more: the caller will own the project, which is seen by whom the index says that new ones are.
    pub async fn add_pending_publisher_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        asked: &PendingAsked,
    ) -> Result<StoredPending, ManagePendingError> {
        may_create(caller)?;
        let pending = PendingPublisher {
            display: asked.project.clone(),
            visibility: self.settings.default_visibility,
            owner: Some(caller.user.clone()),
            publisher: asked.publisher.publisher.clone(),
            terms: asked.publisher.terms.clone(),
        };
        let added = self.add_pending_publisher(origin, &pending).await;
        let id = added.map_err(|error| match error {
            AddPendingError::Store(error) => ManagePendingError::Store(error),
            other => ManagePendingError::Add(other),
        })?;
        self.pending_publisher_by(caller, id).await
    }

    /// Removes one of the caller's.
    pub async fn remove_pending_publisher_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        id: PendingId,
    ) -> Result<(), ManagePendingError> {
        let own = self.pending_publisher_by(caller, id).await?;
        let removed = self.ports.trusted.remove_pending(origin, own.id).await?;
        // A mint or another request came first.
        let missing = || ManagePendingError::NoSuchPending {
            user: caller.user.clone(),
            id,
        };
        removed.then_some(()).ok_or_else(missing)
    }
}

fn may_create(caller: &Caller) -> Result<(), ManagePendingError> {
    let why = match &caller.scope {
        scope if scope.is_all() => return Ok(()),
        scope if scope.only_reads() => NotAllowed::TokenForReading,
        _ => NotAllowed::TokenForUploads,
    };
    Err(ManagePendingError::NotAllowed(why))
}

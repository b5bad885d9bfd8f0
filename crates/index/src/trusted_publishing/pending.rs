//! Publishers of projects that do not exist yet: the first mint creates the project.

use jiff::{SignedDuration, Timestamp};
use touchplate_attest::Publisher;
use touchplate_packaging::DisplayName;

use super::Terms;
use crate::Index;
use crate::accounts::UserName;
use crate::origin::Origin;
use crate::ports::{AddPendingError, PendingId, StoreError, StoredPending};
use crate::projects::{ReadError, Visibility};

/// Days until an unused one ends, as at PyPI: whoever holds the name of a repository by then may be somebody else.
pub const PENDING_DAYS: i64 = 30;

/// Pending publishers of one user. PyPI has three; the packages of one repository are sometimes some dozens.
pub const MAX_PENDING: u32 = 100;

/// Who may create a project by their first mint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingPublisher {
    /// The project's name, as it shall be shown.
    pub display: DisplayName,
    /// Who may see it.
    pub visibility: Visibility,
    /// Who will own it; none: nobody but the operator.
    pub owner: Option<UserName>,
    /// Who may create it.
    pub publisher: Publisher,
    /// On which terms.
    pub terms: Terms,
}

impl Index {
    /// Registers a pending publisher. The name is not reserved.
    pub async fn add_pending_publisher(
        &self,
        origin: &Origin,
        pending: &PendingPublisher,
    ) -> Result<PendingId, AddPendingError> {
        let name = pending.display.normalised();
        if crate::upload::is_reserved(&name) {
            return Err(AddPendingError::Confusable(name));
        }
        let end = origin
            .at
            .checked_add(SignedDuration::from_hours(24 * PENDING_DAYS));
        let end = end.unwrap_or(Timestamp::MAX);
        self.ports
            .trusted
            .add_pending(origin, pending, end, MAX_PENDING)
            .await
    }

    /// Removes a pending publisher.
    pub async fn remove_pending_publisher(
        &self,
        origin: &Origin,
        id: PendingId,
    ) -> Result<(), ReadError> {
        if self.ports.trusted.remove_pending(origin, id).await? {
            Ok(())
        } else {
            Err(ReadError::NotFound)
        }
    }

    /// The pending publishers of a user, or all of them, oldest first.
    pub async fn pending_publishers(
        &self,
        owner: Option<&UserName>,
    ) -> Result<Vec<StoredPending>, StoreError> {
        self.ports.trusted.pending(owner).await
    }
}

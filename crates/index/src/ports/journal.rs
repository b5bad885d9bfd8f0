//! The journal: one row for each changing transaction.

use async_trait::async_trait;
use tokio::sync::watch;
use touchplate_packaging::ProjectName;

use super::StoreError;

/// The number of a journal row; grows with each change, whichever process makes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(pub u64);

/// One change, as far as feeds and caches need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRow {
    /// Its number.
    pub serial: Serial,
    /// Who made it (`user:alice`, `operator`, `index`).
    pub actor: String,
    /// The request it was made in.
    pub request: String,
    /// What was done, such as `upload file`.
    pub action: String,
    /// The project it concerns; none for users and tokens.
    pub project: Option<ProjectName>,
}

/// Says that the journal may have news. A hint may be missing, or come for nothing: what changed, the serials say.
#[derive(Debug)]
pub struct Hints(Option<watch::Receiver<u64>>);

impl Hints {
    /// None ever come.
    pub fn never() -> Self {
        Self(None)
    }

    /// One for each change of what is watched.
    pub fn of(changes: watch::Receiver<u64>) -> Self {
        Self(Some(changes))
    }

    /// Resolves when there may be news since the last time; for ever pending where nobody tells.
    pub async fn next(&mut self) {
        if let Some(changes) = &mut self.0
            && changes.changed().await.is_ok()
        {
            return;
        }
        self.0 = None;
        std::future::pending::<()>().await;
    }
}

/// Reads the journal.
#[async_trait]
pub trait Journal: Send + Sync {
    /// The highest serial that a reader can see; zero in an empty index. A row with a lower serial never appears later.
    async fn head(&self) -> Result<Serial, StoreError>;

    /// At most `limit` rows with a serial above `after`, in order.
    async fn after(&self, after: Serial, limit: u32) -> Result<Vec<JournalRow>, StoreError>;

    /// Hints from now on. Who follows the journal asks it from time to time all the same.
    fn hints(&self) -> Hints;
}

//! Rendered pages that are kept.

use async_trait::async_trait;
use touchplate_packaging::{ProjectName, Sha256};

use super::{Serial, StoreError};

/// What names a page that is kept. Whoever renders otherwise has another name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageName<'p> {
    /// Whose page it is.
    pub project: &'p ProjectName,
    /// Which page of the project, and how it is coded.
    pub shape: &'p str,
    /// What rendered it, and with which settings.
    pub made_by: &'p str,
}

/// A page whose bytes are among the blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPage {
    /// The project's serial that it shows.
    pub serial: Serial,
    /// Digest of the page as it is.
    pub plain: Sha256,
    /// Digest of the bytes that are kept, which may be coded.
    pub sha256: Sha256,
    /// How many they are.
    pub bytes: u64,
}

/// Which pages are kept. They are no part of the index: what is lost is rendered again, and no change writes a journal row.
#[async_trait]
pub trait KeptPages: Send + Sync {
    /// Notes that a page is kept, in place of the one of that project and shape, if its project is public and has that serial
    /// still; false, and nothing was written, if not. The bytes are stored before.
    async fn keep(&self, name: PageName<'_>, page: &KeptPage) -> Result<bool, StoreError>;

    /// The page of that name, if its project is public and has that page's serial now.
    async fn kept(&self, name: PageName<'_>) -> Result<Option<KeptPage>, StoreError>;

    /// Forgets the pages that are shown no more, because their project changed or is not public; how many those were.
    async fn forget_stale(&self) -> Result<u64, StoreError>;
}

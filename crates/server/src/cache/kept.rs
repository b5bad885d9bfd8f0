//! Large pages beyond this process: whoever starts, or had to make room, takes them from the blob store instead of rendering and
//! coding them again.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::sync::Semaphore;
use touchplate_index::Index;
use touchplate_index::files::Links;
use touchplate_index::ports::{PageName, Serial};
use touchplate_packaging::{ProjectName, Sha256};

use super::Rendered;
use crate::coding::Coding;

/// Shorter pages, of fewer than some 400 files, are rendered in milliseconds, and there are many of them: each would be a file, a row
/// and a flush of the disk. `bench/kept` compares.
const MIN_BYTES: usize = 256 << 10;

/// Pages that are written down at once. When more come, they are not: the next one to render them tries again.
const AT_ONCE: usize = 2;

/// Knows under which name this program's pages are kept.
pub(super) struct Keeper {
    made_by: OnceLock<Arc<str>>,
    turns: Arc<Semaphore>,
}

impl Default for Keeper {
    fn default() -> Self {
        Self {
            made_by: OnceLock::new(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Keeper {
    pub(super) fn page(
        &self,
        index: &Index,
        links: &Links,
        project: &ProjectName,
        json: bool,
    ) -> Keeping {
        let made_by = self
            .made_by
            .get_or_init(|| touchplate_index::simple::made_by(links).into());
        Keeping {
            index: index.clone(),
            project: project.clone(),
            json,
            made_by: made_by.clone(),
            turns: self.turns.clone(),
        }
    }
}

/// A project's page for installers in one of its shapes, which is kept if it is large. Only what anybody may see comes here.
#[derive(Clone)]
pub(crate) struct Keeping {
    index: Index,
    project: ProjectName,
    json: bool,
    made_by: Arc<str>,
    turns: Arc<Semaphore>,
}

impl fmt::Debug for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name(Coding::Identity);
        f.debug_struct("Keeping").field("name", &name).finish()
    }
}

impl Keeping {
    fn name(&self, coding: Coding) -> PageName<'_> {
        let shape = match (self.json, coding) {
            (false, Coding::Identity) => "simple html",
            (false, Coding::Gzip) => "simple html, gzip",
            (false, Coding::Zstd) => "simple html, zstd",
            (true, Coding::Identity) => "simple json",
            (true, Coding::Gzip) => "simple json, gzip",
            (true, Coding::Zstd) => "simple json, zstd",
        };
        PageName {
            project: &self.project,
            shape,
            made_by: &self.made_by,
        }
    }

    /// The page, if it was kept and is right now.
    pub(crate) async fn find(self) -> Option<Rendered> {
        let kept = self.index.kept_page(self.name(Coding::Identity)).await?;
        let page = Rendered::digested(kept.bytes, kept.plain, Some(kept.serial.0), true);
        Some(page.kept_in(self))
    }

    /// The page, which was rendered just now, kept from now on.
    pub(crate) fn keep(self, page: Rendered) -> Rendered {
        if page.body.len() < MIN_BYTES {
            return page;
        }
        self.write(Coding::Identity, &page, page.body.clone());
        page.kept_in(self)
    }

    /// The page in that coding, if it was kept so.
    pub(super) async fn coded(&self, coding: Coding, plain: &Sha256) -> Option<Bytes> {
        let kept = self.index.kept_page(self.name(coding)).await?;
        // Coded from these very bytes: the validator says so.
        (kept.plain == *plain).then_some(kept.bytes)
    }

    /// Writes it down beside the answer, which does not wait for it.
    pub(super) fn write(&self, coding: Coding, page: &Rendered, bytes: Bytes) {
        let Ok(turn) = self.turns.clone().try_acquire_owned() else {
            return;
        };
        let Some(serial) = page.serial.map(Serial) else {
            return;
        };
        let (keeping, plain) = (self.clone(), page.plain);
        tokio::spawn(async move {
            let name = keeping.name(coding);
            keeping.index.keep_page(name, serial, plain, bytes).await;
            drop(turn);
        });
    }
}

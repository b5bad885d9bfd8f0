//! Work that the index does by itself: sweeping bytes that no file refers to.

use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt as _;
use touchplate_packaging::Sha256;

use crate::Index;
use crate::checking::PAGE_BLOBS;
use crate::jobs::{Job, Shift, ShiftError};
use crate::ports::{BlobError, JobName, StoreError};

/// How long bytes without a file are kept. An upload stores its bytes before its row; one that takes longer than this in
/// between is told to send them again.
pub const SWEEP_GRACE: Duration = Duration::from_secs(60 * 60);

/// Forgetting and removing what is no longer needed. Half an hour at least between two times, whichever processes they are of: each
/// process tries once an hour, at its own minute.
pub const TIDYING: Job = Job {
    name: JobName("tidying"),
    every: Duration::from_secs(30 * 60),
};

/// Why a sweep stopped. What was done stays done; the next sweep goes on.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob store failed.
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

/// Whether nobody has taken this over.
async fn goes_on(shift: Option<&Shift>) -> Result<bool, StoreError> {
    let Some(shift) = shift else { return Ok(true) };
    match shift.goes_on().await {
        Ok(()) => Ok(true),
        Err(ShiftError::Lost) => Ok(false),
        Err(ShiftError::Store(error)) => Err(error),
    }
}

impl Index {
    /// Removes bytes that no file and no page that may still be shown refers to and that are older than `grace`; returns how many blobs went. Harms
    /// nothing where it runs in several processes at once, and may be killed anywhere: the next sweep finishes what was begun.
    pub async fn sweep(&self, now: SystemTime, grace: Duration) -> Result<u32, SweepError> {
        self.sweep_while(None, now, grace).await
    }

    /// The same, as long as the shift is ours: what is left when it is lost, whoever has it now sweeps.
    pub async fn sweep_in(
        &self,
        shift: &Shift,
        now: SystemTime,
        grace: Duration,
    ) -> Result<u32, SweepError> {
        self.sweep_while(Some(shift), now, grace).await
    }

    async fn sweep_while(
        &self,
        shift: Option<&Shift>,
        now: SystemTime,
        grace: Duration,
    ) -> Result<u32, SweepError> {
        let before = now.checked_sub(grace).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut swept = self.finish_sweeps().await?;
        // Nearly every blob is in use: a page of them costs one question and one sign of life, not a transaction each.
        let mut pages = self.ports.blobs.stored().try_chunks(PAGE_BLOBS);
        while let Some(page) = pages.try_next().await.map_err(|failed| failed.1)? {
            let old = page.iter().filter(|blob| blob.stored_at < before);
            let old: Vec<Sha256> = old.map(|blob| blob.digest).collect();
            let unused = self.ports.inventory.unreferenced(&old).await?;
            if !goes_on(shift).await? {
                return Ok(swept);
            }
            for digest in unused {
                if !goes_on(shift).await? {
                    return Ok(swept);
                }
                swept += u32::from(self.sweep_one(&digest).await?);
            }
        }
        Ok(swept)
    }

    /// Forgets stale pages, so that nothing refers to their bytes, and finishes the sweeps that somebody began.
    pub(crate) async fn finish_sweeps(&self) -> Result<u32, SweepError> {
        self.ports.kept.forget_stale().await?;
        let mut swept = 0;
        for digest in self.ports.releases.unfinished_sweeps().await? {
            swept += u32::from(self.sweep_one(&digest).await?);
        }
        Ok(swept)
    }

    pub(crate) async fn sweep_one(&self, digest: &Sha256) -> Result<bool, SweepError> {
        if !self.ports.releases.begin_sweep(digest).await? {
            return Ok(false);
        }
        self.ports.blobs.remove(digest).await?;
        self.ports.releases.swept(digest).await?;
        Ok(true)
    }
}

//! Whether what is stored is still what was stored: bytes, their digests, attestations, and bytes that nothing refers to.

mod evidence;
mod finding;
mod review;

use std::time::{Duration, SystemTime};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256 as Hasher};
use touchplate_packaging::Sha256;

pub use evidence::Unsound;
pub use finding::{Finding, WrongAttestation, WrongFile};
pub use review::{MOST_LISTED, NoLonger, Review};

use crate::Index;
use crate::chores::{SWEEP_GRACE, SweepError};
use crate::ports::{
    BlobError, Came, FileId, HeldBytes, HeldMetadata, InventoryAttestation, InventoryFile,
    StoreError, StoredBlob, Unavailable,
};

/// Rows of one page.
const PAGE_ROWS: u32 = 100;

/// Blobs whose rows are asked for at once.
pub(crate) const PAGE_BLOBS: usize = 500;

/// Files that are read at once: a disk or an object store has something to do while digests are made, and memory holds a few pieces.
const READ_AT_ONCE: usize = 8;

/// What is to be checked, and done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whether bytes are read; else it is asked only whether they are there and how many they are.
    pub digests: bool,
    /// Whether bytes without a row that are older than the grace time go.
    pub sweep: bool,
}

/// What was looked at, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Files.
    pub files: u64,
    /// Their bytes together.
    pub bytes: u64,
    /// Attestations, of uploads and later ones.
    pub attestations: u64,
    /// Blobs that are stored.
    pub blobs: u64,
    /// Those of them that nothing refers to and that are younger than the grace time: an upload may be about to.
    pub young: u64,
    /// Those that were older and are removed.
    pub swept: u64,
    /// What is wrong.
    pub findings: u64,
}

/// Why a check came to no end. What was found until then was told.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob store is not there, or does not say what it has. What it has wrong of one file is a finding.
    #[error(transparent)]
    Blobs(#[from] BlobError),
    /// The process is ending.
    #[error("the check was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl From<SweepError> for CheckError {
    fn from(error: SweepError) -> Self {
        match error {
            SweepError::Store(error) => error.into(),
            SweepError::Blobs(error) => error.into(),
        }
    }
}

/// A check under way: who is told what is found, and the sums so far.
struct Check<'c> {
    index: &'c Index,
    tell: &'c mut dyn FnMut(Finding),
    sums: Checked,
}

impl Index {
    /// Walks through everything that is stored, in pages, beside whatever else happens to the index. Each finding is told as it is
    /// found.
    ///
    /// 1. Of each file: are its bytes there, as many as its row says, and with its digest? Is its METADATA file?
    /// 2. Does each attestation still verify, by today's trust roots, and say what was noted of it?
    /// 3. Does a file or a kept page refer to each blob, or is it young?
    pub async fn check(
        &self,
        asked: Asked,
        now: Timestamp,
        tell: &mut dyn FnMut(Finding),
    ) -> Result<Checked, CheckError> {
        let mut check = Check {
            index: self,
            tell,
            sums: Checked::default(),
        };
        check.files(asked.digests).await?; // 1
        check.attestations(now).await?; // 2
        check.blobs(asked.sweep, now.into()).await?; // 3
        Ok(check.sums)
    }

    /// What is wrong with a file, unless it is gone by now.
    async fn check_file(
        &self,
        file: &InventoryFile,
        digests: bool,
    ) -> Result<Vec<WrongFile>, CheckError> {
        let wrong = match &file.held {
            Err(_) => return Ok(Vec::new()),
            Ok(held) => {
                let bytes = self.wrong_bytes(held, digests).await?;
                let metadata = held.core_metadata.as_ref().and_then(wrong_metadata);
                bytes.into_iter().chain(metadata).collect::<Vec<_>>()
            }
        };
        if wrong.is_empty() || self.is_there(file.id).await? {
            return Ok(wrong);
        }
        Ok(Vec::new())
    }

    async fn is_there(&self, file: FileId) -> Result<bool, StoreError> {
        let before = FileId(file.0.saturating_sub(1));
        let next = self.ports.inventory.files_after(before, 1).await?;
        Ok(next.first().is_some_and(|it| it.id == file))
    }

    async fn wrong_bytes(
        &self,
        held: &HeldBytes,
        digests: bool,
    ) -> Result<Option<WrongFile>, CheckError> {
        let HeldBytes { size, sha256, .. } = *held;
        let found = async {
            match self.ports.blobs.size(&sha256).await? {
                None => Ok(Some(WrongFile::Missing { sha256 })),
                Some(found) if found != size => Ok(Some(WrongFile::Length {
                    sha256,
                    expected: size,
                    found,
                })),
                Some(_) if !digests => Ok(None),
                Some(_) => self.wrong_digest(&sha256, size).await,
            }
        };
        match found.await {
            Ok(wrong) => Ok(wrong),
            Err(error) if is_unavailable(&error) => Err(error.into()),
            Err(source) => Ok(Some(WrongFile::Unreadable { sha256, source })),
        }
    }

    async fn wrong_digest(
        &self,
        sha256: &Sha256,
        size: u64,
    ) -> Result<Option<WrongFile>, BlobError> {
        let Some(mut bytes) = self.ports.blobs.read(sha256, 0..size).await? else {
            return Ok(Some(WrongFile::Missing { sha256: *sha256 }));
        };
        let mut hasher = Hasher::new();
        while let Some(piece) = bytes.try_next().await? {
            hasher.update(&piece);
        }
        let found = Sha256::from_bytes(hasher.finalize().into());
        Ok((found != *sha256).then_some(WrongFile::Digest {
            expected: *sha256,
            found,
        }))
    }
}

impl Check<'_> {
    fn found(&mut self, finding: Finding) {
        self.sums.findings = self.sums.findings.saturating_add(1);
        (self.tell)(finding);
    }

    async fn files(&mut self, digests: bool) -> Result<(), CheckError> {
        let mut after = FileId(0);
        loop {
            let page = self
                .index
                .ports
                .inventory
                .files_after(after, PAGE_ROWS)
                .await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.id;
            let index = self.index;
            let mut checks = stream::iter(page)
                .map(async |file| {
                    let wrong = index.check_file(&file, digests).await;
                    (file, wrong)
                })
                .buffered(READ_AT_ONCE);
            while let Some((file, wrong)) = checks.next().await {
                self.sums.files = self.sums.files.saturating_add(1);
                let InventoryFile { name, held, .. } = file;
                let mut wrong = wrong?;
                match held {
                    Ok(held) => self.sums.bytes = self.sums.bytes.saturating_add(held.size),
                    Err(source) => wrong.push(WrongFile::Row(source)),
                }
                for wrong in wrong {
                    let filename = name.clone();
                    self.found(Finding::File { filename, wrong });
                }
            }
        }
    }

    async fn attestations(&mut self, now: Timestamp) -> Result<(), CheckError> {
        for came in Came::ALL {
            let mut after = 0;
            loop {
                let inventory = &self.index.ports.inventory;
                let page = inventory.attestations_after(came, after, PAGE_ROWS).await?;
                let Some(last) = page.last() else { break };
                after = last.id;
                let rows = u64::try_from(page.len()).unwrap_or(u64::MAX);
                self.sums.attestations = self.sums.attestations.saturating_add(rows);
                for finding in self.index.unsound(came, page, now).await? {
                    self.found(finding);
                }
            }
        }
        Ok(())
    }

    async fn blobs(&mut self, sweep: bool, now: SystemTime) -> Result<(), CheckError> {
        let before = now
            .checked_sub(SWEEP_GRACE)
            .unwrap_or(SystemTime::UNIX_EPOCH);
        if sweep {
            self.sums.swept = u64::from(self.index.finish_sweeps().await?);
        }
        let mut pages = self.index.ports.blobs.stored().try_chunks(PAGE_BLOBS);
        while let Some(page) = pages.try_next().await.map_err(|failed| failed.1)? {
            let blobs = u64::try_from(page.len()).unwrap_or(u64::MAX);
            self.sums.blobs = self.sums.blobs.saturating_add(blobs);
            let digests: Vec<Sha256> = page.iter().map(|blob| blob.digest).collect();
            let unused = self.index.ports.inventory.unreferenced(&digests).await?;
            for blob in page.iter().filter(|blob| unused.contains(&blob.digest)) {
                self.orphan(blob, sweep, before).await?;
            }
        }
        Ok(())
    }

    async fn orphan(
        &mut self,
        blob: &StoredBlob,
        sweep: bool,
        before: SystemTime,
    ) -> Result<(), CheckError> {
        if blob.stored_at >= before {
            self.sums.young = self.sums.young.saturating_add(1);
        } else if !sweep {
            self.found(Finding::Orphan(blob.clone()));
        } else if self.index.sweep_one(&blob.digest).await? {
            self.sums.swept = self.sums.swept.saturating_add(1);
        }
        Ok(())
    }
}

impl Index {
    /// Those of a page of attestations that no longer hold.
    async fn unsound(
        &self,
        came: Came,
        page: Vec<InventoryAttestation>,
        now: Timestamp,
    ) -> Result<Vec<Finding>, CheckError> {
        let trust = self.trust();
        let judge = move || {
            let judged = page.into_iter().filter_map(|row| {
                let wrong = match row.held {
                    Err(source) => WrongAttestation::Row(source),
                    Ok(held) => WrongAttestation::Unsound(held.holds(&trust, now).err()?),
                };
                Some(Finding::Attestation {
                    filename: row.filename,
                    came,
                    row: row.id,
                    wrong,
                })
            });
            judged.collect()
        };
        Ok(tokio::task::spawn_blocking(judge).await?)
    }
}

fn wrong_metadata(held: &HeldMetadata) -> Option<WrongFile> {
    let HeldMetadata { sha256, stored } = *held;
    match stored {
        None => Some(WrongFile::MetadataMissing { sha256 }),
        Some(found) => (found != sha256).then_some(WrongFile::MetadataDigest {
            expected: sha256,
            found,
        }),
    }
}

/// Whether it is not this blob that is wrong, but the store that is not there.
fn is_unavailable(error: &BlobError) -> bool {
    error.cause.downcast_ref::<Unavailable>().is_some()
}

/// How old bytes must be for it to be a finding that nothing refers to them.
pub const GRACE: Duration = SWEEP_GRACE;

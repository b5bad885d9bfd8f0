//! Every blob that a file refers to, from one blob store to another.

use std::path::{Path, PathBuf};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use touchplate_index::Ports;
use touchplate_index::ports::{BlobError, Blobs, FileId, Unavailable};
use touchplate_index::spool::{Spool, SpoolError, SpoolRoom};
use touchplate_packaging::Sha256;

use super::{MoveError, Session};

/// Files of one page.
const PAGE_ROWS: u32 = 200;

/// Blobs on their way at once.
const AT_ONCE: usize = 8;

/// What became of the blobs. Those that several files share are counted for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopiedBlobs {
    /// Blobs that were copied.
    pub copied: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that were there.
    pub there: u64,
    /// Blobs of files that were deleted while the index was moved.
    pub gone: u64,
    /// Blobs that are missing or wrong where they come from.
    pub wrong: u64,
}

/// A blob that cannot be moved, because it is not what its row says.
#[derive(Debug, thiserror::Error)]
pub enum WrongBlob {
    /// It is not there.
    #[error("{filename}: its bytes are not there: expected a blob {sha256}")]
    Missing {
        /// A file that refers to it.
        filename: String,
        /// Which.
        sha256: Sha256,
    },
    /// It is another one.
    #[error("{filename}: its blob {sha256} has other bytes: their SHA-256 is {found}")]
    Digest {
        /// A file that refers to it.
        filename: String,
        /// Which.
        sha256: Sha256,
        /// What is there.
        found: Sha256,
    },
    /// It cannot be read.
    #[error("{filename}: its blob {sha256} cannot be read")]
    Unreadable {
        /// A file that refers to it.
        filename: String,
        /// Which.
        sha256: Sha256,
        /// Why not.
        source: BlobError,
    },
}

impl WrongBlob {
    /// A file that refers to it, and which it is.
    pub fn of(&self) -> (&str, &Sha256) {
        match self {
            Self::Missing { filename, sha256 }
            | Self::Digest {
                filename, sha256, ..
            }
            | Self::Unreadable {
                filename, sha256, ..
            } => (filename, sha256),
        }
    }
}

/// A file, and the bytes that its row promises.
type Row = (FileId, String, u64, Sha256);

/// Blobs under way.
pub(super) struct Copying<'c> {
    from: &'c Ports,
    to: &'c dyn Blobs,
    room: SpoolRoom,
    folder: PathBuf,
    tell: &'c mut (dyn FnMut(WrongBlob) + Send),
    sums: CopiedBlobs,
}

/// What became of one.
enum Became {
    Copied(u64),
    There,
    Gone,
    Wrong(WrongBlob),
}

impl<'c> Copying<'c> {
    pub(super) fn new(
        from: &'c Ports,
        to: &'c dyn Blobs,
        folder: &Path,
        tell: &'c mut (dyn FnMut(WrongBlob) + Send),
    ) -> Result<Self, MoveError> {
        let room = SpoolRoom::open(folder).map_err(|source| MoveError::Spool {
            folder: folder.to_owned(),
            source,
        })?;
        Ok(Self {
            from,
            to,
            room,
            folder: folder.to_owned(),
            tell,
            sums: CopiedBlobs::default(),
        })
    }

    /// Copies those of a page of the index as it is; the last row of the page. What is wrong is told when the snapshot's are copied.
    pub(super) async fn live_page(&mut self, after: FileId) -> Result<Option<FileId>, MoveError> {
        let page = self.from.inventory.files_after(after, PAGE_ROWS).await?;
        let last = page.last().map(|file| file.id);
        let held = page.into_iter().filter_map(|file| {
            let held = file.held.ok()?;
            Some((file.id, file.name, held.size, held.sha256))
        });
        let copied = self.page(held.collect()).await?;
        for became in copied {
            if let Became::Copied(bytes) = became {
                self.copied(bytes);
            }
        }
        Ok(last)
    }

    /// Copies those of a snapshot that are not there yet.
    pub(super) async fn snapshot(&mut self, session: &mut dyn Session) -> Result<(), MoveError> {
        let before = self.sums.copied;
        let mut after = FileId(0);
        loop {
            let page = session.files_after(after, PAGE_ROWS).await?;
            let Some((last, ..)) = page.last() else { break };
            after = *last;
            for became in self.page(page).await? {
                match became {
                    Became::Copied(bytes) => self.copied(bytes),
                    Became::There => self.sums.there = self.sums.there.saturating_add(1),
                    Became::Gone => self.sums.gone = self.sums.gone.saturating_add(1),
                    Became::Wrong(wrong) => {
                        self.sums.wrong = self.sums.wrong.saturating_add(1);
                        (self.tell)(wrong);
                    }
                }
            }
        }
        // What the first walk copied was there for the second one.
        self.sums.there = self.sums.there.saturating_sub(before);
        Ok(())
    }

    pub(super) fn finish(self) -> CopiedBlobs {
        self.sums
    }

    fn copied(&mut self, bytes: u64) {
        self.sums.copied = self.sums.copied.saturating_add(1);
        self.sums.bytes = self.sums.bytes.saturating_add(bytes);
    }

    async fn page(&self, rows: Vec<Row>) -> Result<Vec<Became>, MoveError> {
        let copies = stream::iter(rows).map(|row| self.one(row));
        copies.buffered(AT_ONCE).try_collect().await
    }

    async fn one(&self, (_, filename, size, sha256): Row) -> Result<Became, MoveError> {
        if self.to.size(&sha256).await? == Some(size) {
            return Ok(Became::There);
        }
        let spool = match self.spooled(&sha256).await {
            Ok(Some(spool)) => spool,
            Ok(None) if self.is_gone(&sha256).await? => return Ok(Became::Gone),
            Ok(None) => return Ok(Became::Wrong(WrongBlob::Missing { filename, sha256 })),
            Err(MoveError::Blobs(source))
                if source.cause.downcast_ref::<Unavailable>().is_none() =>
            {
                return Ok(Became::Wrong(WrongBlob::Unreadable {
                    filename,
                    sha256,
                    source,
                }));
            }
            Err(error) => return Err(error),
        };
        let found = spool.digests().sha256;
        if found != sha256 {
            return Ok(Became::Wrong(WrongBlob::Digest {
                filename,
                sha256,
                found,
            }));
        }
        self.to.put(&sha256, spool).await?;
        Ok(Became::Copied(size))
    }

    /// A blob of the source; none if it is not there.
    async fn spooled(&self, sha256: &Sha256) -> Result<Option<Spool>, MoveError> {
        let Some(size) = self.from.blobs.size(sha256).await? else {
            return Ok(None);
        };
        let Some(mut bytes) = self.from.blobs.read(sha256, 0..size).await? else {
            return Ok(None);
        };
        let disk = |error| MoveError::Spool {
            folder: self.folder.clone(),
            source: match error {
                SpoolError::Disk(error) => error,
                SpoolError::TooLarge { .. } => std::io::Error::other(error),
            },
        };
        let mut writer = self.room.writer(u64::MAX);
        while let Some(piece) = bytes.try_next().await? {
            writer.write(&piece).await.map_err(disk)?;
        }
        Ok(Some(writer.finish().await.map_err(disk)?))
    }

    /// Whether nothing refers to it any more.
    async fn is_gone(&self, sha256: &Sha256) -> Result<bool, MoveError> {
        let unused = self
            .from
            .inventory
            .unreferenced(std::slice::from_ref(sha256))
            .await?;
        Ok(!unused.is_empty())
    }
}

//! What is in a distribution file, for people who look before they install.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use tokio::runtime::Handle;
use touchplate_packaging::Sha256;
use touchplate_packaging::archive::{self, ArchiveError, Beginning, Limits, Listing};

use crate::Index;
use crate::awaited::{Awaited, awaited};
use crate::files::FoundFile;
use crate::ports::{BlobError, Blobs};
use crate::projects::ReadError;

/// Archives that are read at once: each keeps a thread busy.
pub(crate) const READ_AT_ONCE: usize = 2;

/// Digests of members are computed of archives that unpack to so much: under half a second. Of larger wheels RECORD still
/// says which there should be.
const HASHED_BYTES: u64 = 128 << 20;

/// A tar archive has no directory: it is read through, up to here, and no further.
const MAX_UNPACKED_BYTES: u64 = 512 << 20;

/// Read from the store at once.
const CHUNK_BYTES: u64 = 256 << 10;

/// Why an archive's contents are not shown.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// It is larger than what is read for a page, or was accepted by rules that hold no more.
    #[error("the archive cannot be read")]
    Archive(#[from] ArchiveError),
    /// The store failed.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Index {
    /// What is in a file, with digests.
    ///
    /// # Errors
    /// See [`ContentsError`].
    pub async fn listing(&self, found: &FoundFile) -> Result<Listing, ContentsError> {
        let filename = found.file.filename.clone();
        let read = move |file: &mut Awaited<BlobReader>, limits: &Limits| {
            archive::list(file, &filename, limits, HASHED_BYTES)
        };
        self.look(found, read).await
    }

    /// The first `first` bytes of the member at `path`.
    ///
    /// # Errors
    /// See [`ContentsError`]; there may be no such member.
    pub async fn beginning(
        &self,
        found: &FoundFile,
        path: &str,
        first: usize,
    ) -> Result<Beginning, ContentsError> {
        let (filename, path) = (found.file.filename.clone(), path.to_owned());
        let read = move |file: &mut Awaited<BlobReader>, limits: &Limits| {
            archive::beginning(file, &filename, limits, &path, first)
        };
        let found = self.look(found, read).await?;
        Ok(found.ok_or(ReadError::NotFound)?)
    }

    /// Reads an archive on a thread that may block.
    async fn look<T: Send + 'static>(
        &self,
        found: &FoundFile,
        read: impl FnOnce(&mut Awaited<BlobReader>, &Limits) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ContentsError> {
        let limits = Limits {
            decompressed_bytes: MAX_UNPACKED_BYTES
                .min(self.settings.archive_limits.decompressed_bytes),
            ..self.settings.archive_limits
        };
        let file = BlobReader {
            blobs: self.ports.blobs.clone(),
            digest: found.file.digests.sha256,
            size: found.file.size,
            at: 0,
            buffer: Vec::new(),
            buffer_at: 0,
            runtime: Handle::current(),
        };
        let done = awaited(&self.reading, file, move |file| read(file, &limits)).await;
        let done = done.map_err(|cause| BlobError::new("read an archive", cause));
        done.map_err(ReadError::from)?.map_err(|error| match error {
            ArchiveError::Read(cause) => {
                ReadError::from(BlobError::new("read an archive", cause)).into()
            }
            other => ContentsError::Archive(other),
        })
    }
}

/// A blob as a file, on a thread that may block.
struct BlobReader {
    blobs: Arc<dyn Blobs>,
    digest: Sha256,
    size: u64,
    at: u64,
    buffer: Vec<u8>,
    /// Where in the blob the buffer begins.
    buffer_at: u64,
    runtime: Handle,
}

impl BlobReader {
    /// What is buffered from here on.
    fn buffered(&self) -> &[u8] {
        let from = self.at.checked_sub(self.buffer_at);
        let from = from.and_then(|from| usize::try_from(from).ok());
        from.and_then(|from| self.buffer.get(from..))
            .unwrap_or_default()
    }

    fn fill(&mut self) -> io::Result<()> {
        let range = self.at..self.at.saturating_add(CHUNK_BYTES).min(self.size);
        let (blobs, digest) = (&self.blobs, &self.digest);
        let read = async {
            let stream = blobs.read(digest, range).await?;
            let missing = || BlobError::new("read an archive", "it is not there");
            let parts: Vec<bytes::Bytes> = stream.ok_or_else(missing)?.try_collect().await?;
            Ok::<_, BlobError>(parts.concat())
        };
        self.buffer = self.runtime.block_on(read).map_err(io::Error::other)?;
        self.buffer_at = self.at;
        Ok(())
    }
}

impl Read for BlobReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.size || into.is_empty() {
            return Ok(0);
        }
        if self.buffered().is_empty() {
            self.fill()?;
        }
        let count = self.buffered().read(into)?;
        self.at = self.at.saturating_add(count as u64);
        Ok(count)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

//! Large pages that were rendered once, kept among the blobs for whoever needs them after a restart, in another process, or when
//! memory had no more room for them.
//!
//! Whoever could write to the blob store alone could not change what installers are told: the digest of each page is in the
//! database, and bytes of another digest are rendered anew.

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt as _;
use touchplate_packaging::Sha256;

use crate::Index;
use crate::ports::{BlobError, KeptPage, PageName, Serial, StoreError};
use crate::spool::SpoolError;

/// The longest page that is kept: one of half a million files.
pub const MAX_KEPT_BYTES: u64 = 256 << 20;

/// A page that was kept.
#[derive(Clone, Debug)]
pub struct KeptBytes {
    /// The project's serial that it shows.
    pub serial: Serial,
    /// Digest of the page as it is.
    pub plain: Sha256,
    /// The page, coded as its name says.
    pub bytes: Bytes,
}

/// Why a page was not kept or not found. It is rendered anew.
#[derive(Debug, thiserror::Error)]
enum KeptError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blobs(#[from] BlobError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error("a page that was kept is damaged: expected {expected}, found {found}")]
    Damaged { expected: Sha256, found: Sha256 },
    #[error("a thread that digests was stopped")]
    Interrupted(#[from] tokio::task::JoinError),
}

impl Index {
    /// A page that was kept and is right now; none: render it. What fails is told in the log.
    pub async fn kept_page(&self, name: PageName<'_>) -> Option<KeptBytes> {
        match self.read_kept(name).await {
            Ok(found) => found,
            Err(error) => {
                tell(
                    &error,
                    name,
                    "a kept page could not be read; it is rendered anew",
                );
                None
            }
        }
    }

    async fn read_kept(&self, name: PageName<'_>) -> Result<Option<KeptBytes>, KeptError> {
        let Some(page) = self.ports.kept.kept(name).await? else {
            return Ok(None);
        };
        let whole = 0..page.bytes.min(MAX_KEPT_BYTES);
        let Some(mut stream) = self.ports.blobs.read(&page.sha256, whole).await? else {
            return Ok(None);
        };
        let mut bytes = BytesMut::new();
        while let Some(piece) = stream.try_next().await? {
            bytes.extend_from_slice(&piece);
        }
        let bytes = bytes.freeze();
        let digested = bytes.clone();
        let found = tokio::task::spawn_blocking(move || Sha256::of(&digested)).await?;
        if found != page.sha256 {
            let expected = page.sha256;
            return Err(KeptError::Damaged { expected, found });
        }
        Ok(Some(KeptBytes {
            serial: page.serial,
            plain: page.plain,
            bytes,
        }))
    }

    /// Keeps a page that shows that serial of its public project; `plain` is the digest of the page as it is. What fails is told in
    /// the log.
    pub async fn keep_page(&self, name: PageName<'_>, serial: Serial, plain: Sha256, bytes: Bytes) {
        if !self.settings.keeps_pages {
            return;
        }
        if let Err(error) = self.write_kept(name, serial, plain, bytes).await {
            tell(
                &error,
                name,
                "a page could not be kept; it is rendered again when it is needed",
            );
        }
    }

    async fn write_kept(
        &self,
        name: PageName<'_>,
        serial: Serial,
        plain: Sha256,
        bytes: Bytes,
    ) -> Result<(), KeptError> {
        let mut writer = self.spool.writer(MAX_KEPT_BYTES);
        writer.write(&bytes).await?;
        let spooled = writer.finish().await?;
        let page = KeptPage {
            serial,
            plain,
            sha256: spooled.digests().sha256,
            bytes: spooled.size(),
        };
        // As everywhere: the bytes before the row.
        self.ports.blobs.put(&page.sha256, spooled).await?;
        self.ports.kept.keep(name, &page).await?;
        Ok(())
    }
}

fn tell(error: &KeptError, name: PageName<'_>, what: &str) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::warn!(%error, cause, project = %name.project, shape = name.shape, "{what}");
}

//! Bytes by digest.

use std::ops::Range;
use std::pin::Pin;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use touchplate_packaging::{Filename, Sha256};

use crate::spool::Spool;

/// Bytes as they are read.
pub type Bytestream = Pin<Box<dyn Stream<Item = Result<Bytes, BlobError>> + Send>>;

/// A blob that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    /// What it is named by; whether the bytes are those is another question.
    pub digest: Sha256,
    /// How many bytes it has.
    pub size: u64,
    /// When it was stored, or stored again.
    pub stored_at: SystemTime,
}

/// Blobs as they are found.
pub type Listing = Pin<Box<dyn Stream<Item = Result<StoredBlob, BlobError>> + Send>>;

/// The blob store failed. The cause is for the log.
#[derive(Debug, thiserror::Error)]
#[error("the blob store failed while it should {doing}")]
pub struct BlobError {
    /// What was being done, as an infinitive clause.
    pub doing: &'static str,
    /// What it said.
    #[source]
    pub cause: Box<dyn std::error::Error + Send + Sync>,
}

impl BlobError {
    /// A failure of `doing` for the reason `cause`.
    pub fn new(
        doing: &'static str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            doing,
            cause: cause.into(),
        }
    }
}

/// Bytes, each under its SHA-256.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Stores `bytes` under `digest`. On return they survive a power cut. Storing the same digest again succeeds and
    /// changes nothing. On failure nothing is left under the digest.
    async fn put(&self, digest: &Sha256, bytes: Spool) -> Result<(), BlobError>;

    /// The length in bytes; none if there is no such blob.
    async fn size(&self, digest: &Sha256) -> Result<Option<u64>, BlobError>;

    /// Reads a range of bytes; none if there is no such blob. The range lies within the blob.
    async fn read(
        &self,
        digest: &Sha256,
        range: Range<u64>,
    ) -> Result<Option<Bytestream>, BlobError>;

    /// Removes bytes; removing what is not there succeeds.
    async fn remove(&self, digest: &Sha256) -> Result<(), BlobError>;

    /// Whether readers are to be sent [elsewhere](Self::elsewhere) for bytes.
    fn sends_elsewhere(&self) -> bool {
        false
    }

    /// A URL at which anybody who has it gets the bytes for some minutes, as a file of that name; none: they come from here.
    /// Whether they are there is not looked at.
    async fn elsewhere(
        &self,
        _digest: &Sha256,
        _filename: &Filename,
    ) -> Result<Option<String>, BlobError> {
        Ok(None)
    }

    /// Every blob, in no particular order, found step by step: there may be more than memory has room for. Whether what comes
    /// or goes meanwhile is among them is left open.
    fn stored(&self) -> Listing;
}

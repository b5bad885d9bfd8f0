//! A blob store whose operations are counted and timed.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use touchplate_index::ports::{BlobError, Blobs, Bytestream, Listing};
use touchplate_index::spool::Spool;
use touchplate_packaging::{Filename, Sha256};

use tracing::Instrument as _;

use super::Metrics;
use super::labels::{Operation, outcome};
use crate::traces;

/// What stands before the store.
pub(crate) struct Measured {
    blobs: Arc<dyn Blobs>,
    metrics: Arc<Metrics>,
}

impl Measured {
    pub(crate) fn new(blobs: Arc<dyn Blobs>, metrics: Arc<Metrics>) -> Self {
        Self { blobs, metrics }
    }

    async fn timed<T>(
        &self,
        operation: &'static str,
        done: impl Future<Output = Result<T, BlobError>>,
    ) -> Result<T, BlobError> {
        let began = Instant::now();
        let span = tracing::info_span!(target: traces::TARGET, "blobs", operation);
        let result = done.instrument(span).await;
        let outcome = outcome(result.is_ok());
        let operation = Operation { operation, outcome };
        let seconds = self.metrics.blob_seconds.get_or_create(&operation);
        seconds.observe(began.elapsed().as_secs_f64());
        result
    }
}

#[async_trait]
impl Blobs for Measured {
    async fn put(&self, digest: &Sha256, bytes: Spool) -> Result<(), BlobError> {
        self.timed("put", self.blobs.put(digest, bytes)).await
    }

    async fn size(&self, digest: &Sha256) -> Result<Option<u64>, BlobError> {
        self.timed("size", self.blobs.size(digest)).await
    }

    async fn read(
        &self,
        digest: &Sha256,
        range: Range<u64>,
    ) -> Result<Option<Bytestream>, BlobError> {
        self.timed("read", self.blobs.read(digest, range)).await
    }

    async fn remove(&self, digest: &Sha256) -> Result<(), BlobError> {
        self.timed("remove", self.blobs.remove(digest)).await
    }

    fn sends_elsewhere(&self) -> bool {
        self.blobs.sends_elsewhere()
    }

    async fn elsewhere(
        &self,
        digest: &Sha256,
        filename: &Filename,
    ) -> Result<Option<String>, BlobError> {
        self.timed("sign", self.blobs.elsewhere(digest, filename))
            .await
    }

    fn stored(&self) -> Listing {
        self.blobs.stored()
    }
}

//! Bytes by digest.

use std::ops::Range;
use std::time::SystemTime;

use async_trait::async_trait;
use touchplate_index::ports::{BlobError, Blobs, Bytestream, Listing, StoredBlob};
use touchplate_index::spool::Spool;
use touchplate_packaging::Sha256;

use super::Memory;

#[async_trait]
impl Blobs for Memory {
    async fn put(&self, digest: &Sha256, bytes: Spool) -> Result<(), BlobError> {
        let bytes =
            std::fs::read(bytes.path()).map_err(|cause| BlobError::new("store bytes", cause))?;
        self.state()
            .blobs
            .insert(digest.to_string(), (bytes, SystemTime::now()));
        Ok(())
    }

    async fn size(&self, digest: &Sha256) -> Result<Option<u64>, BlobError> {
        Ok(self
            .state()
            .blobs
            .get(&digest.to_string())
            .map(|(bytes, _)| bytes.len() as u64))
    }

    async fn read(
        &self,
        digest: &Sha256,
        range: Range<u64>,
    ) -> Result<Option<Bytestream>, BlobError> {
        let state = self.state();
        let Some((bytes, _)) = state.blobs.get(&digest.to_string()) else {
            return Ok(None);
        };
        let index =
            |at: u64| usize::try_from(at).map_err(|cause| BlobError::new("read bytes", cause));
        let piece = bytes
            .get(index(range.start)?..index(range.end)?)
            .ok_or_else(|| BlobError::new("read bytes", "the range lies outside the blob"))?;
        let piece = bytes::Bytes::copy_from_slice(piece);
        Ok(Some(Box::pin(futures_util::stream::once(async move {
            Ok(piece)
        }))))
    }

    async fn remove(&self, digest: &Sha256) -> Result<(), BlobError> {
        self.state().blobs.remove(&digest.to_string());
        Ok(())
    }

    fn stored(&self) -> Listing {
        let state = self.state();
        let blob = |(digest, (bytes, at)): (&String, &(Vec<u8>, SystemTime))| {
            Some(Ok(StoredBlob {
                digest: digest.parse().ok()?,
                size: bytes.len() as u64,
                stored_at: *at,
            }))
        };
        let blobs: Vec<_> = state.blobs.iter().filter_map(blob).collect();
        Box::pin(futures_util::stream::iter(blobs))
    }
}

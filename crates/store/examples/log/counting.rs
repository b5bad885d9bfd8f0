//! A store that counts the tiles that are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use touchplate_attest::log::{TilePath, TreeHash};
use touchplate_trust::log::{
    Batch, Beat, Cell, CommitError, Committed, Entry, Holder, Lease, LogName, LogStore,
    LogStoreError, State,
};

pub(crate) struct Counting {
    pub(crate) inner: Arc<dyn LogStore>,
    pub(crate) tiles: AtomicU64,
}

#[async_trait]
impl LogStore for Counting {
    async fn take_lease(
        &self,
        log: &LogName,
        holder: &Holder,
        silent: Option<Beat>,
    ) -> Result<Lease, LogStoreError> {
        self.inner.take_lease(log, holder, silent).await
    }

    async fn release_lease(&self, log: &LogName, epoch: u64) -> Result<(), LogStoreError> {
        self.inner.release_lease(log, epoch).await
    }

    async fn commit(&self, log: &LogName, batch: &Batch) -> Result<Committed, CommitError> {
        self.inner.commit(log, batch).await
    }

    async fn export(&self, log: &LogName) -> Result<u64, LogStoreError> {
        self.inner.export(log).await
    }

    async fn state(&self, log: &LogName) -> Result<State, LogStoreError> {
        self.inner.state(log).await
    }

    async fn cell(&self, log: &LogName) -> Result<Option<Cell>, LogStoreError> {
        self.inner.cell(log).await
    }

    async fn tile(&self, log: &LogName, path: TilePath) -> Result<Option<Bytes>, LogStoreError> {
        self.tiles.fetch_add(1, Ordering::Relaxed);
        self.inner.tile(log, path).await
    }

    async fn entry(&self, log: &LogName, index: u64) -> Result<Option<Entry>, LogStoreError> {
        self.inner.entry(log, index).await
    }

    async fn find_leaves(
        &self,
        log: &LogName,
        leaves: &[TreeHash],
    ) -> Result<Vec<Option<u64>>, LogStoreError> {
        self.inner.find_leaves(log, leaves).await
    }

    async fn search(
        &self,
        log: &LogName,
        key: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<u64>, LogStoreError> {
        self.inner.search(log, key, limit).await
    }
}

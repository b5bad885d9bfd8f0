//! A logs' store that fails at one call, either way: nothing was done, or it was done and the answer was lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use touchplate_attest::log::{TilePath, TreeHash};
use touchplate_trust::log::{
    Batch, Beat, Cell, CommitError, Committed, Entry, Holder, Lease, LogName, LogStore,
    LogStoreError, State,
};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing was done.
    Lost,
    /// It was done, and the answer was lost.
    DoneButUnanswered,
    /// Nothing was done, nor by the calls that follow: so many in all.
    Outage(u64),
}

/// Fails at one call.
pub struct FaultyLogs {
    inner: Arc<dyn LogStore>,
    at: u64,
    effect: Effect,
    calls: AtomicU64,
}

impl FaultyLogs {
    /// Fails at the call number `at`, counted from 0.
    pub fn new(inner: Arc<dyn LogStore>, at: u64, effect: Effect) -> Arc<Self> {
        Arc::new(Self {
            inner,
            at,
            effect,
            calls: AtomicU64::new(0),
        })
    }

    /// Whether it came to the fault.
    pub fn was_reached(&self) -> bool {
        self.calls() > self.at
    }

    /// How often the store was called.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    async fn run<T, E: From<LogStoreError>>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, E> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let fault = || E::from(LogStoreError::new("do as it was told", "the cable is out"));
        match self.effect {
            Effect::Lost if call == self.at => Err(fault()),
            Effect::Outage(calls) if (self.at..self.at + calls).contains(&call) => Err(fault()),
            Effect::DoneButUnanswered if call == self.at => {
                work.await?;
                Err(fault())
            }
            _ => work.await,
        }
    }
}

#[async_trait]
impl LogStore for FaultyLogs {
    async fn take_lease(
        &self,
        log: &LogName,
        holder: &Holder,
        silent: Option<Beat>,
    ) -> Result<Lease, LogStoreError> {
        self.run(self.inner.take_lease(log, holder, silent)).await
    }

    async fn release_lease(&self, log: &LogName, epoch: u64) -> Result<(), LogStoreError> {
        self.run(self.inner.release_lease(log, epoch)).await
    }

    async fn commit(&self, log: &LogName, batch: &Batch) -> Result<Committed, CommitError> {
        self.run(self.inner.commit(log, batch)).await
    }

    async fn export(&self, log: &LogName) -> Result<u64, LogStoreError> {
        self.run(self.inner.export(log)).await
    }

    async fn state(&self, log: &LogName) -> Result<State, LogStoreError> {
        self.run(self.inner.state(log)).await
    }

    async fn cell(&self, log: &LogName) -> Result<Option<Cell>, LogStoreError> {
        self.run(self.inner.cell(log)).await
    }

    async fn tile(&self, log: &LogName, path: TilePath) -> Result<Option<Bytes>, LogStoreError> {
        self.run(self.inner.tile(log, path)).await
    }

    async fn entry(&self, log: &LogName, index: u64) -> Result<Option<Entry>, LogStoreError> {
        self.run(self.inner.entry(log, index)).await
    }

    async fn find_leaves(
        &self,
        log: &LogName,
        leaves: &[TreeHash],
    ) -> Result<Vec<Option<u64>>, LogStoreError> {
        self.run(self.inner.find_leaves(log, leaves)).await
    }

    async fn search(
        &self,
        log: &LogName,
        key: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<u64>, LogStoreError> {
        self.run(self.inner.search(log, key, limit)).await
    }
}

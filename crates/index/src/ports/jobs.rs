//! Whose turn it is to do what one process does for all.

use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;

/// A job that one process does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JobName(pub &'static str);

/// The number of a turn: grows with each, whoever has it. With an older one nothing is renewed, finished or given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub u64);

/// Whether one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// One may, until the lease ends.
    Taken(Fence),
    /// Somebody else may until then, or it was done not long ago: it is nobody's turn for so long.
    NotFor(Duration),
}

/// Turns at jobs, kept by the database and told by its clock: processes may disagree on the time.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Takes the next turn for so long as `lease`, unless somebody has one, or one was finished less than `every` ago.
    async fn take(
        &self,
        job: JobName,
        lease: Duration,
        every: Duration,
    ) -> Result<Turn, StoreError>;

    /// Makes the lease as long again, counted from now. False: the turn is over, and somebody else has or had one since.
    async fn renew(&self, job: JobName, turn: Fence, lease: Duration) -> Result<bool, StoreError>;

    /// Ends the turn; `done` says whether the job was. Nothing where it is over already.
    async fn end(&self, job: JobName, turn: Fence, done: bool) -> Result<(), StoreError>;
}

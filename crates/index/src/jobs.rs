//! What one process does for all: each job has a lease in the database, and a number that fences off whoever lost it.

use std::time::Duration;

use crate::Index;
use crate::ports::{Fence, JobName, StoreError, Turn};

/// How long a turn lasts without a sign of life. Whoever is killed keeps the others waiting for no longer; a step (one blob
/// removed, one batch counted) that takes longer loses its turn, which is why a turn is asked for before each.
const LEASE: Duration = Duration::from_secs(60);

/// A job, and how often it is done.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// What.
    pub name: JobName,
    /// Not again before so long.
    pub every: Duration,
}

/// The right to do a job now.
pub struct Shift {
    index: Index,
    job: JobName,
    turn: Fence,
}

/// Why a job stopped in the middle. What was done stays done.
#[derive(Debug, thiserror::Error)]
pub enum ShiftError {
    /// Another process does it now.
    #[error("another process has taken this over, since this one was not heard of for {} seconds", LEASE.as_secs())]
    Lost,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Index {
    /// The right to do a job, if it is time and nobody else does it.
    pub async fn shift(&self, job: &Job) -> Result<Option<Shift>, StoreError> {
        let turn = self.ports.jobs.take(job.name, LEASE, job.every).await?;
        Ok(match turn {
            Turn::Taken(turn) => Some(Shift {
                index: self.clone(),
                job: job.name,
                turn,
            }),
            Turn::NotFor(_) => None,
        })
    }
}

impl Shift {
    /// Before each step: it is still ours, and for another `LEASE`.
    pub async fn goes_on(&self) -> Result<(), ShiftError> {
        let jobs = &self.index.ports.jobs;
        match jobs.renew(self.job, self.turn, LEASE).await? {
            true => Ok(()),
            false => Err(ShiftError::Lost),
        }
    }

    /// The job is done, or what could be.
    pub async fn done(self) -> Result<(), StoreError> {
        self.index.ports.jobs.end(self.job, self.turn, true).await
    }
}

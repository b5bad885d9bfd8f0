//! Whose turn it is. The database's clock is the machine's.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use touchplate_index::ports::{Fence, JobName, Jobs, StoreError, Turn};

use super::Memory;

#[derive(Default)]
pub(super) struct Turns(HashMap<JobName, JobState>);

#[derive(Default)]
struct JobState {
    fence: u64,
    /// None: nobody has a turn.
    held_until: Option<Instant>,
    done_at: Option<Instant>,
}

#[async_trait]
impl Jobs for Memory {
    async fn take(
        &self,
        job: JobName,
        lease: Duration,
        every: Duration,
    ) -> Result<Turn, StoreError> {
        let (mut state, now) = (self.state(), Instant::now());
        let job = state.jobs.0.entry(job).or_default();
        let next = job.held_until.max(job.done_at.map(|at| at + every));
        if let Some(next) = next.filter(|next| *next > now) {
            return Ok(Turn::NotFor(next - now));
        }
        job.fence += 1;
        job.held_until = Some(now + lease);
        Ok(Turn::Taken(Fence(job.fence)))
    }

    async fn renew(&self, job: JobName, turn: Fence, lease: Duration) -> Result<bool, StoreError> {
        let mut state = self.state();
        let job = state.jobs.0.entry(job).or_default();
        let ours = job.fence == turn.0 && job.held_until.is_some();
        if ours {
            job.held_until = Some(Instant::now() + lease);
        }
        Ok(ours)
    }

    async fn end(&self, job: JobName, turn: Fence, done: bool) -> Result<(), StoreError> {
        let mut state = self.state();
        let job = state.jobs.0.entry(job).or_default();
        if job.fence == turn.0 {
            job.held_until = None;
            if done {
                job.done_at = Some(Instant::now());
            }
        }
        Ok(())
    }
}

//! One sequencer at a time, whatever the number of processes.
//!
//! The lease keeps processes from working against each other; that no two roots of one size are ever shown is the work of
//! the compare-and-swap and of the epoch that each commit shows. So no clock is compared: who finds the lease taken watches
//! for a sign of life, for a time by its own clock.

use std::time::Duration;

use tokio::time::Instant;
use touchplate_attest::log::TreeHash;

use super::Sequencer;
use crate::log::LogError;
use crate::log::edge::Edge;
use crate::log::store::{Beat, Cell, Lease};

/// A holder that commits nothing for so long is taken for dead. A batch takes milliseconds, and a quiet holder lets go
/// after half a second.
const SILENCE: Duration = Duration::from_secs(2);

/// How often who waits looks again: a fraction of what a handover may take.
const LOOK: Duration = Duration::from_millis(10);

/// A holder that is wanted keeps the lease for so long, or two busy processes would do nothing but hand it over.
const HOLD: Duration = Duration::from_millis(100);

/// After that it leaves time for the other to look.
const PAUSE: Duration = Duration::from_millis(25);

/// The longest that a batch waits for the lease: several handovers, or a dead holder and some.
const PATIENCE: Duration = Duration::from_secs(10);

/// The lease, and the log as it was left.
pub(super) struct Held {
    pub(super) epoch: u64,
    pub(super) cell: Option<Cell>,
    pub(super) edge: Edge,
    pub(super) since: Instant,
    pub(super) wanted: bool,
}

impl Held {
    /// The head that a batch follows.
    pub(super) fn after(&self) -> Option<(u64, TreeHash)> {
        self.cell.as_ref().map(|cell| (cell.size, cell.root))
    }

    pub(super) fn should_go(&self) -> bool {
        self.wanted && self.since.elapsed() >= HOLD
    }
}

pub(super) async fn let_others_in() {
    tokio::time::sleep(PAUSE).await;
}

impl Sequencer {
    /// Takes the lease, and begins from what the store has.
    pub(super) async fn hold(&mut self) -> Result<Held, LogError> {
        let epoch = self.take_lease().await?;
        let log = &self.log;
        let state = log.store.state(&log.name).await?;
        self.exported = self.exported.max(state.exported);
        let edge = match &state.cell {
            None => Edge::default(),
            Some(cell) => {
                log.signer.check(cell)?;
                Edge::of(cell, &state.edge).ok_or(LogError::Damaged { size: cell.size })?
            }
        };
        Ok(Held {
            epoch,
            cell: state.cell,
            edge,
            since: Instant::now(),
            wanted: false,
        })
    }

    async fn take_lease(&self) -> Result<u64, LogError> {
        let began = Instant::now();
        let mut watched: Option<(Beat, Instant)> = None;
        while began.elapsed() < PATIENCE {
            let silent = watched.filter(|(_, since)| since.elapsed() >= SILENCE);
            let silent = silent.map(|(beat, _)| beat);
            let (store, name) = (&self.log.store, &self.log.name);
            match store.take_lease(name, &self.holder, silent).await? {
                Lease::Taken { epoch } => return Ok(epoch),
                Lease::Held(beat) if watched.is_some_and(|(seen, _)| seen == beat) => {}
                Lease::Held(beat) => watched = Some((beat, Instant::now())),
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(LogError::Held)
    }

    /// Frees the lease. Where that fails, whoever wants it waits until it looks dead.
    pub(super) async fn let_go(&mut self) {
        let Some(held) = self.held.take() else {
            return;
        };
        let freed = self.log.store.release_lease(&self.log.name, held.epoch);
        if let Err(error) = freed.await {
            tracing::warn!(log = %self.log.name, error = %super::chain(&error), "the log's lease was not freed");
        }
    }
}

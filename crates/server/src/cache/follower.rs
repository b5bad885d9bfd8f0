//! What is known here of the journal.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use touchplate_index::Index;
use touchplate_index::ports::{JournalRow, Serial, StoreError};
use touchplate_packaging::ProjectName;

/// How old our knowledge of the journal may be. A change must be seen within a second; the rest is for the answer.
const MAX_AGE: Duration = Duration::from_millis(900);

/// Journal rows read at once.
const BATCH: u32 = 1000;

/// Projects share this many stamps. Two that share one are rendered again when either changes, which costs little, and
/// the table stays small however many projects there are.
const STAMPS: usize = 4096;

/// What was known of a project's changes when something of it was read. What was read then is right while the moment
/// [lasts](super::Cache::lasts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Moment {
    /// Where the stamp stands; none: every project's changes count.
    slot: Option<usize>,
    stamp: u64,
}

/// Reads the journal as it grows.
pub(super) struct Follower {
    index: Index,
    /// The last serial seen; held while the journal is read.
    seen: tokio::sync::Mutex<Serial>,
    stamps: Box<[AtomicU64]>,
    any: AtomicU64,
    /// As `seen`, for who does not want to wait.
    newest: AtomicU64,
    hasher: RandomState,
    /// When the last reading that reached the journal's end began; none: it failed.
    current_at: Mutex<Option<Instant>>,
}

impl Follower {
    pub(super) async fn open(index: Index) -> Result<Self, StoreError> {
        let began = Instant::now();
        let head = index.head().await?;
        Ok(Self {
            index,
            seen: tokio::sync::Mutex::new(head),
            stamps: (0..STAMPS).map(|_| AtomicU64::new(head.0)).collect(),
            any: AtomicU64::new(head.0),
            newest: AtomicU64::new(head.0),
            hasher: RandomState::new(),
            current_at: Mutex::new(Some(began)),
        })
    }

    fn slot(&self, project: &ProjectName) -> Option<usize> {
        let hash = self.hasher.hash_one(project) % (STAMPS as u64);
        usize::try_from(hash).ok()
    }

    fn stamp(&self, slot: Option<usize>) -> u64 {
        let stamp = slot.and_then(|slot| self.stamps.get(slot));
        stamp.unwrap_or(&self.any).load(Ordering::Acquire)
    }

    /// The present; none while what is known here is too old.
    pub(super) fn moment(&self, project: Option<&ProjectName>) -> Option<Moment> {
        if !self.is_current() {
            return None;
        }
        let slot = project.and_then(|project| self.slot(project));
        let stamp = self.stamp(slot);
        Some(Moment { slot, stamp })
    }

    /// Whether nothing happened since.
    pub(super) fn lasts(&self, moment: Moment) -> bool {
        self.is_current() && self.stamp(moment.slot) == moment.stamp
    }

    fn note(&self, row: &JournalRow) {
        // A row without a project is about users and tokens, which no kept page shows.
        if let Some(project) = &row.project {
            if let Some(slot) = self.slot(project).and_then(|slot| self.stamps.get(slot)) {
                slot.fetch_max(row.serial.0, Ordering::AcqRel);
            }
            self.any.fetch_max(row.serial.0, Ordering::AcqRel);
        }
    }

    fn is_current(&self) -> bool {
        let at = *self
            .current_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        at.is_some_and(|at| at.elapsed() < MAX_AGE)
    }

    /// The last change known here, and how old that knowledge is.
    pub(super) fn told(&self) -> (Serial, Option<Duration>) {
        let at = *self
            .current_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let serial = Serial(self.newest.load(Ordering::Relaxed));
        (serial, at.map(|at| at.elapsed()))
    }

    pub(super) async fn catch_up(&self) {
        let mut seen = self.seen.lock().await;
        let began = Instant::now();
        let outcome = self.read_on(&mut seen).await;
        let mut current_at = self
            .current_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(()) => {
                if current_at.is_none() {
                    tracing::info!("the journal can be read again; pages are kept again");
                }
                *current_at = Some(began);
            }
            Err(error) => {
                if current_at.is_some() {
                    let cause = &error.cause;
                    tracing::error!(%error, %cause, "the journal cannot be read; every page is rendered afresh");
                }
                *current_at = None;
            }
        }
    }

    async fn read_on(&self, seen: &mut Serial) -> Result<(), StoreError> {
        loop {
            let rows = self.index.changes(*seen, BATCH).await?;
            for row in &rows {
                self.note(row);
                *seen = (*seen).max(row.serial);
                self.newest.fetch_max(row.serial.0, Ordering::Relaxed);
            }
            if rows.len() < BATCH as usize {
                return Ok(());
            }
        }
    }
}

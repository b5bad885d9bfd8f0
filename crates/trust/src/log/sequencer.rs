//! The task that gives entries their places.

mod batch;
mod lease;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use touchplate_attest::log::{TILE_WIDTH, TreeHash};

use super::edge::Edge;
use super::store::{Batch, Cell, CommitError, Holder, LogStoreError};
use super::{AppendError, Appended, LogError, NewEntry, Shared};
use batch::{Placed, Places};
use lease::Held;

/// Entries of one batch: what may wait. So many are one transaction of about two megabytes.
const BATCH_ENTRIES: usize = super::WAITING;

/// Bytes after which no more are taken into a batch: it stays in memory as a whole, and in the store's transaction.
const BATCH_BYTES: usize = 4 << 20;

/// A quiet sequencer gives the lease back, so that another process need not wait for it.
const IDLE: Duration = Duration::from_millis(500);

/// How often a batch is tried: each try that was fenced off found that another process was faster.
const TRIES: u32 = 5;

/// An entry that waits for its place, and who waits for the answer.
pub(super) struct Request {
    pub(super) leaf: TreeHash,
    pub(super) entry: NewEntry,
    pub(super) answer: oneshot::Sender<Result<Appended, AppendError>>,
}

pub(super) struct Sequencer {
    log: Arc<Shared>,
    waiting: mpsc::Receiver<Request>,
    holder: Holder,
    held: Option<Held>,
    /// Entries below this are in files.
    exported: u64,
    exporting: Option<JoinHandle<Result<u64, LogStoreError>>>,
}

/// Why a try ended without answers.
enum Failure {
    /// Another process came first: nothing of this try is in the log.
    Overtaken,
    Log(LogError),
}

impl<E: Into<LogError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Log(error.into())
    }
}

impl Sequencer {
    pub(super) fn new(
        log: &Arc<Shared>,
        waiting: mpsc::Receiver<Request>,
    ) -> Result<Self, LogError> {
        let mut random = [0; 16];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| LogError::Random)?;
        Ok(Self {
            log: log.clone(),
            waiting,
            holder: Holder(hex::encode(random)),
            held: None,
            exported: 0,
            exporting: None,
        })
    }

    /// Checks what is kept, and writes the first checkpoint, or the first by today's key, where there is none.
    pub(super) async fn begin(&mut self) -> Result<(), LogError> {
        let kept = self.log.store.state(&self.log.name).await?;
        if let Some(cell) = &kept.cell {
            Edge::of(cell, &kept.edge).ok_or(LogError::Damaged { size: cell.size })?;
            if self.log.signer.check(cell)? {
                return Ok(());
            }
        }
        for _ in 0..TRIES {
            match self.sign_head().await {
                Ok(()) => {
                    self.let_go().await;
                    return Ok(());
                }
                Err(Failure::Overtaken) => {}
                Err(Failure::Log(error)) => return Err(error),
            }
        }
        Err(LogError::Held)
    }

    /// The head as it is, signed by today's key.
    async fn sign_head(&mut self) -> Result<(), Failure> {
        let held = self.hold().await?;
        let (size, root) = match &held.cell {
            Some(cell) if self.log.signer.check(cell)? => {
                self.held = Some(held);
                return Ok(());
            }
            Some(cell) => (cell.size, cell.root),
            None => (0, touchplate_attest::log::empty_root()),
        };
        let batch = Batch {
            epoch: held.epoch,
            after: held.after(),
            cell: self.log.signer.cell(size, root)?,
            entries: Vec::new(),
            tiles: Vec::new(),
            exported: 0,
        };
        self.commit(&batch).await?;
        self.held = Some(Held {
            cell: Some(batch.cell),
            ..held
        });
        Ok(())
    }

    /// Until the last [`super::Log`] is gone.
    pub(super) async fn run(mut self) {
        while let Some(requests) = self.next().await {
            self.sequence(requests).await;
        }
        self.let_go().await;
    }

    /// Whatever waits, once something does.
    async fn next(&mut self) -> Option<Vec<Request>> {
        let first = if self.held.is_some() {
            match tokio::time::timeout(IDLE, self.waiting.recv()).await {
                Ok(first) => first,
                Err(_) => {
                    self.let_go().await;
                    self.waiting.recv().await
                }
            }
        } else {
            self.waiting.recv().await
        };
        let mut requests = vec![first?];
        let mut bytes = 0;
        while requests.len() < BATCH_ENTRIES && bytes < BATCH_BYTES {
            let Ok(request) = self.waiting.try_recv() else {
                break;
            };
            bytes += request.entry.body.len();
            requests.push(request);
        }
        Some(requests)
    }

    /// Appends a batch and answers it, whatever it takes.
    async fn sequence(&mut self, requests: Vec<Request>) {
        let mut failed_before = false;
        let mut last = LogError::Held;
        for _ in 0..TRIES {
            match self.try_once(&requests).await {
                Ok(placed) => return self.answer(requests, placed).await,
                Err(Failure::Overtaken) => self.held = None,
                Err(Failure::Log(error)) => {
                    // What is remembered may be outdated: begin from what the store has.
                    self.held = None;
                    tracing::warn!(log = %self.log.name, error = %chain(&error), "a batch of the log failed");
                    last = error;
                    // Twice is no accident: whoever waits should hear of it.
                    if failed_before {
                        break;
                    }
                    failed_before = true;
                }
            }
        }
        let error = AppendError::Unavailable(Arc::new(last));
        for request in requests {
            // Who no longer waits needs no answer.
            let _ = request.answer.send(Err(error.clone()));
        }
    }

    /// One transaction.
    async fn try_once(&mut self, requests: &[Request]) -> Result<Placed, Failure> {
        let held = match self.held.take() {
            Some(held) => held,
            None => self.hold().await?,
        };
        let places = Places::of(requests, &held, &self.log).await?;
        if places.new.is_empty() {
            let cell = held
                .cell
                .clone()
                .ok_or(LogError::Missing { what: "head" })?;
            let placed = places.unchanged(cell);
            self.held = Some(held);
            return Ok(placed);
        }
        let mut edge = held.edge.clone();
        let mut growth = edge.grow(places.new.iter().map(|&at| requests[at].leaf));
        let root = growth.root(edge.size());
        let root = root.ok_or(LogError::Missing { what: "root" })?;
        self.note_exported().await;
        let batch = Batch {
            epoch: held.epoch,
            after: held.after(),
            cell: self.log.signer.cell(edge.size(), root)?,
            entries: places.rows(requests),
            tiles: growth.changed(),
            exported: self.exported,
        };
        let wanted = self.commit(&batch).await?;
        let placed = places.grown(growth, batch.cell.clone());
        self.held = Some(Held {
            edge,
            cell: Some(batch.cell),
            wanted,
            ..held
        });
        self.export();
        Ok(placed)
    }

    /// Commits, and where the answer was lost looks whether it was done. True where another waits for the lease.
    async fn commit(&self, batch: &Batch) -> Result<bool, Failure> {
        let log = &self.log;
        match log.store.commit(&log.name, batch).await {
            Ok(committed) => Ok(committed.wanted),
            Err(CommitError::Fenced | CommitError::Moved) => Err(Failure::Overtaken),
            Err(CommitError::Store(error)) => {
                let cell: Option<Cell> = log.store.cell(&log.name).await.unwrap_or(None);
                if cell.as_ref() == Some(&batch.cell) {
                    return Ok(false);
                }
                Err(Failure::from(error))
            }
        }
    }

    async fn answer(&mut self, requests: Vec<Request>, mut placed: Placed) {
        for (at, request) in requests.into_iter().enumerate() {
            let appended = placed.answer(at, &request, &self.log).await;
            // Who no longer waits needs no answer.
            let _ = request.answer.send(appended);
        }
        if self.held.as_ref().is_some_and(Held::should_go) {
            self.let_go().await;
            lease::let_others_in().await;
        }
    }

    /// Begins to make files of full tiles, beside the batches that follow.
    fn export(&mut self) {
        let size = self.held.as_ref().map_or(0, |held| held.edge.size());
        let full = size - size % TILE_WIDTH;
        if full <= self.exported || self.exporting.is_some() {
            return;
        }
        let log = self.log.clone();
        self.exporting = Some(tokio::spawn(
            async move { log.store.export(&log.name).await },
        ));
    }

    /// Takes notice of what the export has done by now.
    async fn note_exported(&mut self) {
        let Some(exporting) = self.exporting.take_if(|it| it.is_finished()) else {
            return;
        };
        match exporting.await {
            Ok(Ok(exported)) => self.exported = self.exported.max(exported),
            Ok(Err(error)) => {
                tracing::warn!(log = %self.log.name, error = %chain(&error), "full tiles stay in the database");
            }
            Err(error) => {
                tracing::warn!(log = %self.log.name, %error, "full tiles stay in the database");
            }
        }
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

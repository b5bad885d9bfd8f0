//! Rendered pages, kept until the journal says that their project changed, whichever process changed it.
//!
//! A page is kept under its name *and a stamp*: the serial of the last change, known here, that concerns its project. The
//! stamp is read before rendering begins, so a page under a stamp has seen at least that change; once a later change is
//! known, the stamp moves and the old page is never asked for again. There is no eviction that could come too early or
//! too late. What is known here is at most `MAX_AGE` old, or nothing is taken from the cache at all.
//!
//! Only what anybody may see is kept.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use bytes::Bytes;
use moka::policy::EvictionPolicy;
use touchplate_index::ports::{JournalRow, Serial, StoreError};
use touchplate_index::projects::ReadError;
use touchplate_index::{Index, Reader};
use touchplate_packaging::{Filename, ProjectName, Sha256, Version};

use crate::problem::Problem;

/// Bytes of pages kept. A project page of a hundred files takes about 60 kB, so this holds about a thousand such.
const MAX_BYTES: u64 = 64 << 20;

/// What a page weighs beside its body: key, stamp and bookkeeping.
const OVERHEAD_BYTES: usize = 512;

/// A page that nobody asked for within this time makes room, among them those whose stamp has moved.
const MAX_IDLE: Duration = Duration::from_secs(60 * 60);

/// How often the journal is asked for news: a change reaches readers within a quarter of a second or so.
pub(crate) const POLL_EVERY: Duration = Duration::from_millis(200);

/// How old our knowledge of the journal may be. A change must be seen within a second; the rest is for the answer.
const MAX_AGE: Duration = Duration::from_millis(900);

/// Journal rows read at once.
const BATCH: u32 = 1000;

/// Projects share this many stamps. Two that share one are rendered again when either changes, which costs little, and
/// the table stays small however many projects there are.
const STAMPS: usize = 4096;

/// Names a page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PageKey {
    /// `/simple/`.
    SimpleIndex { json: bool },
    /// `/simple/{project}/`.
    SimpleProject { project: ProjectName, json: bool },
    /// The Integrity API's object.
    Provenance {
        project: ProjectName,
        version: Version,
        filename: Filename,
    },
    /// `/api/v1/projects/{project}/attesters`.
    Attesters(ProjectName),
    /// `/api/v1/projects/{project}/{version}/{filename}/attestations`.
    Attestations {
        project: ProjectName,
        version: Version,
        filename: Filename,
    },
    /// `/api/v1/projects/{project}/{version}/{filename}/provenance`.
    KnownProvenance {
        project: ProjectName,
        version: Version,
        filename: Filename,
    },
    /// `/project/{project}/`.
    Project(ProjectName),
    /// `/project/{project}/{version}/{filename}`.
    File {
        project: ProjectName,
        version: Version,
        filename: Filename,
    },
}

impl PageKey {
    /// The project whose changes it shows; none: every project's.
    fn project(&self) -> Option<&ProjectName> {
        match self {
            Self::SimpleIndex { .. } => None,
            Self::SimpleProject { project, .. }
            | Self::Provenance { project, .. }
            | Self::Attesters(project)
            | Self::Attestations { project, .. }
            | Self::KnownProvenance { project, .. }
            | Self::Project(project)
            | Self::File { project, .. } => Some(project),
        }
    }
}

/// A page as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    pub(crate) body: Bytes,
    /// A strong validator: the digest of the body.
    pub(crate) etag: HeaderValue,
    /// The serial that the page shows, if its kind has one.
    pub(crate) serial: Option<u64>,
    /// May anybody see it?
    pub(crate) public: bool,
}

impl Rendered {
    pub(crate) fn new(body: Vec<u8>, serial: Option<u64>, public: bool) -> Self {
        let digest = Sha256::of(&body).to_string();
        // 128 bits of it: no two versions of a page are ever confused, and headers stay short.
        let etag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
        let etag =
            HeaderValue::try_from(etag).expect("hexadecimal digits in quotes are a header value");
        Self {
            body: body.into(),
            etag,
            serial,
            public,
        }
    }
}

/// Why a page could not be rendered; shared by all who waited for it.
#[derive(Clone, Debug)]
enum Unrendered {
    Absent,
    Refused(Box<Problem>),
}

/// The pages.
pub struct Cache {
    pages: moka::future::Cache<(PageKey, u64), Rendered>,
    follower: Follower,
}

impl Cache {
    /// An empty cache that follows the journal from where it is now.
    pub async fn open(index: Index) -> Result<Self, StoreError> {
        let weigh = |_: &(PageKey, u64), page: &Rendered| {
            u32::try_from(page.body.len().saturating_add(OVERHEAD_BYTES)).unwrap_or(u32::MAX)
        };
        let pages = moka::future::Cache::builder()
            .max_capacity(MAX_BYTES)
            .weigher(weigh)
            // Not the frequency-based default: it would keep a page whose stamp moved over its popular successor.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_idle(MAX_IDLE)
            .build();
        Ok(Self {
            pages,
            follower: Follower::open(index).await?,
        })
    }

    /// The page of that name as `reader` may see it. `render` makes it for a reader; many who ask for one public page at
    /// once wait for one rendering.
    pub(crate) async fn page<F>(
        &self,
        key: PageKey,
        reader: &Reader,
        render: impl Fn(Reader) -> F,
    ) -> Result<Rendered, Problem>
    where
        F: Future<Output = Result<Rendered, ReadError>>,
    {
        let anonymous = async { render(Reader::Anonymous).await.map_err(Unrendered::from) };
        let for_anybody = if self.follower.is_current() {
            let stamp = self.follower.stamp(key.project());
            self.pages
                .try_get_with((key, stamp), anonymous)
                .await
                .map_err(|error| (*error).clone())
        } else {
            anonymous.await
        };
        match (for_anybody, reader) {
            (Ok(page), _) => Ok(page),
            (Err(Unrendered::Absent), Reader::Account(_)) => Ok(render(reader.clone()).await?),
            (Err(Unrendered::Absent), Reader::Anonymous) => Err(ReadError::NotFound.into()),
            (Err(Unrendered::Refused(problem)), _) => Err(*problem),
        }
    }

    /// Learns what changed until now. A failure is logged, and pages are rendered afresh until it works again.
    pub async fn catch_up(&self) {
        self.follower.catch_up().await;
    }
}

impl From<ReadError> for Unrendered {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NotFound => Self::Absent,
            ReadError::NoProvenance(_) | ReadError::Store(_) | ReadError::Blobs(_) => {
                Self::Refused(Box::new(error.into()))
            }
        }
    }
}

/// Reads the journal as it grows.
struct Follower {
    index: Index,
    /// The last serial seen; held while the journal is read.
    seen: tokio::sync::Mutex<Serial>,
    stamps: Box<[AtomicU64]>,
    any: AtomicU64,
    hasher: RandomState,
    /// When the last reading that reached the journal's end began; none: it failed.
    current_at: Mutex<Option<Instant>>,
}

impl Follower {
    async fn open(index: Index) -> Result<Self, StoreError> {
        let began = Instant::now();
        let head = index.head().await?;
        Ok(Self {
            index,
            seen: tokio::sync::Mutex::new(head),
            stamps: (0..STAMPS).map(|_| AtomicU64::new(head.0)).collect(),
            any: AtomicU64::new(head.0),
            hasher: RandomState::new(),
            current_at: Mutex::new(Some(began)),
        })
    }

    fn slot(&self, project: &ProjectName) -> Option<&AtomicU64> {
        let hash = self.hasher.hash_one(project) % (STAMPS as u64);
        self.stamps.get(usize::try_from(hash).ok()?)
    }

    fn stamp(&self, project: Option<&ProjectName>) -> u64 {
        let slot = project
            .and_then(|project| self.slot(project))
            .unwrap_or(&self.any);
        slot.load(Ordering::Acquire)
    }

    fn note(&self, row: &JournalRow) {
        // A row without a project is about users and tokens, which no kept page shows.
        if let Some(project) = &row.project {
            if let Some(slot) = self.slot(project) {
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

    async fn catch_up(&self) {
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
            }
            if rows.len() < BATCH as usize {
                return Ok(());
            }
        }
    }
}

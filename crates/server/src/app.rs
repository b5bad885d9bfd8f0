//! What every handler shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use touchplate_index::Index;
use touchplate_index::files::Links;
use touchplate_index::ports::Blobs;
use touchplate_index::search::Search;

use crate::api::upload::Drains;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::config::{ForwardedHeader, Images, Limits, Network};
use crate::metrics::Metrics;
use crate::publishing::Publishing;
use crate::serving::FilesHost;
use crate::trust::Mounted;

/// The state of the server: cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// What an [`App`] is made of.
pub struct Shared {
    /// The index.
    pub index: Index,
    /// Finds projects.
    pub search: Search,
    /// Asked by `/readyz` alone.
    pub blobs: Arc<dyn Blobs>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How pages refer to files and provenance.
    pub links: Links,
    /// Where this index is, as pages tell people, without a slash at its end.
    pub url: String,
    /// May anybody read without credentials?
    pub anonymous_read: bool,
    /// Is every change refused for now?
    pub read_only: bool,
    /// What becomes of pictures in long descriptions.
    pub readme_images: Images,
    /// Proxies whose forwarded headers count.
    pub forwarded_from: Vec<Network>,
    /// The header of theirs that counts.
    pub forwarded_header: ForwardedHeader,
    /// Who may read `/metrics`.
    pub metrics_from: Vec<Network>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The host that has files alone, if there is one.
    pub files_host: Option<FilesHost>,
    /// How much one client may hold.
    pub limits: Limits,
    /// Whether the server was told to stop.
    pub stopping: Stopping,
    /// Rendered pages.
    pub cache: Cache,
    /// Refused bodies that are still arriving.
    pub drains: Drains,
    /// Trusted publishing, unless the operator wants none.
    pub publishing: Option<Publishing>,
    /// The private trust stack, where there is one.
    pub trust: Mounted,
}

/// Whether the server was told to stop.
#[derive(Clone, Debug, Default)]
pub struct Stopping(Arc<AtomicBool>);

impl Stopping {
    /// It was.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl App {
    /// Shares `parts`.
    pub fn new(parts: Shared) -> Self {
        Self(Arc::new(parts))
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

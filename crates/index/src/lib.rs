//! What the index does: upload, read, yank, roles, tokens, publishers; and the ports it needs.
//!
//! [`Index`] is the door. It knows no HTTP, no SQL and no signing key: what it needs of the world it asks for through
//! [`ports`], and every method that changes something takes an [`Origin`] (who, in which request, when).

pub mod accounts;
pub mod attesters;
mod awaited;
pub mod binding;
pub mod checking;
pub mod chores;
pub mod contents;
pub mod coverage;
pub mod downloads;
pub mod files;
pub mod history;
pub mod jobs;
pub mod kept;
pub mod managing;
mod news;
pub mod origin;
pub mod ports;
pub mod projects;
pub mod provenance;
pub mod publishers;
pub mod releases;
pub mod search;
pub mod simple;
pub mod spool;
pub mod trusted_publishing;
pub mod upload;

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Semaphore;
use touchplate_attest::TrustDomains;
use touchplate_packaging::{Profile, archive::Limits};

pub use accounts::{Caller, Reader, Scope};
use downloads::Counter;
pub use origin::{Actor, Origin, RequestId};
use ports::{
    Accounts, Attesters, Blobs, Catalogue, Coverage, Downloads, Inventory, Jobs, Journal,
    KeptPages, LateAttestations, News, Projects, Publishers, Releases, TrustedPublishing,
};
use spool::SpoolRoom;

/// The target of spans that are for traces alone: whoever logs leaves it out.
pub const TRACES: &str = "touchplate::traces";

/// The ports an [`Index`] stands on, each behind its trait so that a test or another database can stand in.
#[derive(Clone)]
pub struct Ports {
    /// Projects and the pages read from them.
    pub projects: Arc<dyn Projects>,
    /// Releases and files.
    pub releases: Arc<dyn Releases>,
    /// Users, roles and tokens.
    pub accounts: Arc<dyn Accounts>,
    /// Configured publishers.
    pub publishers: Arc<dyn Publishers>,
    /// Publishers across projects, pending ones, and the tokens minted for them.
    pub trusted: Arc<dyn TrustedPublishing>,
    /// Configured attesters.
    pub attesters: Arc<dyn Attesters>,
    /// What was attested after an upload.
    pub late: Arc<dyn LateAttestations>,
    /// How often files were downloaded.
    pub downloads: Arc<dyn Downloads>,
    /// How much of the index has provenance.
    pub coverage: Arc<dyn Coverage>,
    /// What was released lately.
    pub news: Arc<dyn News>,
    /// Whose turn it is to do what one process does for all.
    pub jobs: Arc<dyn Jobs>,
    /// What changed, in order.
    pub journal: Arc<dyn Journal>,
    /// What search is told of projects.
    pub catalogue: Arc<dyn Catalogue>,
    /// Everything that is stored, row by row.
    pub inventory: Arc<dyn Inventory>,
    /// Rendered pages whose bytes are among the blobs.
    pub kept: Arc<dyn KeptPages>,
    /// Bytes by digest.
    pub blobs: Arc<dyn Blobs>,
}

/// What an operator decides.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which uploads are welcome (DESIGN.md, "Profiles").
    pub profile: Profile,
    /// Visibility of a project that an upload creates.
    pub default_visibility: projects::Visibility,
    /// Largest distribution file in bytes.
    pub max_file_bytes: u64,
    /// What an archive may be.
    pub archive_limits: Limits,
    /// Where this index is for everybody, without a slash at its end: what attestations that name an index must name. None
    /// where nothing is uploaded.
    pub url: Option<String>,
    /// Whether every file must come with an attestation that names this index, whatever its project asks for.
    pub index_binding_required: bool,
    /// Whether large pages are kept among the blobs.
    pub keeps_pages: bool,
    /// How many bytes the files of one project may have together, where it has no quota of its own.
    pub max_project_bytes: Option<u64>,
}

/// One gibibyte: the largest file PyPI grants on request; wheels with GPU kernels come close to it.
pub const DEFAULT_MAX_FILE_BYTES: u64 = 1 << 30;

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: Profile::Private,
            default_visibility: projects::Visibility::Public,
            max_file_bytes: DEFAULT_MAX_FILE_BYTES,
            archive_limits: Limits::default(),
            url: None,
            index_binding_required: false,
            keeps_pages: true,
            max_project_bytes: None,
        }
    }
}

/// The index: cheap to clone, shared by every request.
#[derive(Clone)]
pub struct Index {
    ports: Ports,
    settings: Arc<Settings>,
    /// One for all clones, so that what one is told all believe.
    trust: Arc<RwLock<Arc<TrustDomains>>>,
    spool: Arc<SpoolRoom>,
    downloads: Arc<Counter>,
    /// Whose turn it is to read an archive for a page.
    reading: Arc<Semaphore>,
    /// Whose turn it is to have an uploaded archive inspected.
    inspecting: Arc<Semaphore>,
}

impl Index {
    /// An index over `ports`, checking attestations by `trust`, spooling uploads into `spool`.
    pub fn new(
        ports: Ports,
        settings: Settings,
        trust: Arc<TrustDomains>,
        spool: SpoolRoom,
    ) -> Self {
        Self {
            ports,
            settings: Arc::new(settings),
            trust: Arc::new(RwLock::new(trust)),
            spool: Arc::new(spool),
            reading: Arc::new(Semaphore::new(contents::READ_AT_ONCE)),
            inspecting: Arc::new(Semaphore::new(upload::INSPECTED_AT_ONCE)),
            downloads: Arc::default(),
        }
    }

    /// The same index, known under this base URL.
    pub fn known_as(mut self, url: &str) -> Self {
        let settings = Settings {
            url: Some(url.trim_end_matches('/').to_owned()),
            ..(*self.settings).clone()
        };
        self.settings = Arc::new(settings);
        self
    }

    /// What the operator decided.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whom attestations are checked by: the domain of the project's name.
    pub fn trust(&self) -> Arc<TrustDomains> {
        let trust = self.trust.read();
        // Whoever panicked did not leave it half written.
        trust.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on attestations are checked by `trust`; checks that are under way end as they began.
    pub fn believe(&self, trust: Arc<TrustDomains>) {
        *self.trust.write().unwrap_or_else(PoisonError::into_inner) = trust;
    }

    /// Where uploads wait until they are accepted.
    pub fn spool(&self) -> &SpoolRoom {
        &self.spool
    }
}

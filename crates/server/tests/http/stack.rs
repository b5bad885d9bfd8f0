//! A private stack for tests: its keys, and logs in memory.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use touchplate_index::files::Links;
use touchplate_index::search::Search;
use touchplate_index::spool::SpoolRoom;
use touchplate_index::{Index, Settings};
use touchplate_server::Clock as _;
use touchplate_server::app::{App, Shared};
use touchplate_server::cache::Cache;
use touchplate_server::outbound::Issuers;
use touchplate_server::trust::limits::{ADDRESS_LIMIT, IDENTITY_LIMIT, Limits};
use touchplate_server::trust::{Mounted, StackParts, TrustStack};
use touchplate_testkit::FixedClock;
use touchplate_testkit::memory::{FloorMemory, LogMemory, Memory, SearchMemory};
use touchplate_trust::layout::{Founding, Keys, Layout, SecretFile};
use touchplate_trust::log::Log;

/// A server's state with a stack, and what of it tests need to know.
pub(crate) struct Stack {
    pub(crate) app: App,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) keys: Keys,
    pub(crate) ct: Log,
    _spool: tempfile::TempDir,
}

impl Stack {
    /// One that believes `issuers`.
    pub(crate) async fn new(issuers: Issuers) -> Self {
        let limits = Limits::new(IDENTITY_LIMIT, ADDRESS_LIMIT);
        Self::limited(issuers, limits).await
    }

    pub(crate) async fn limited(issuers: Issuers, limits: Limits) -> Self {
        let spool = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::default());
        let ports = Memory::ports();
        let room = SpoolRoom::open(spool.path()).unwrap();
        let root = Arc::new(touchplate_attest::TrustDomains::public_good());
        let index = Index::new(ports.clone(), Settings::default(), root, room);
        let layout = layout(spool.path(), clock.now());
        let secret = layout.secret(None).unwrap();
        let keys = layout.unlock(&secret, clock.now()).unwrap();
        let parts = StackParts {
            layout: &layout,
            keys: &keys,
            logs: LogMemory::new(),
            floor: Arc::new(FloorMemory::default()),
            issuers: Arc::new(issuers),
            limits,
            clock_is_unchecked: false,
        };
        let trust = TrustStack::of(parts, clock.now()).await.unwrap();
        let ct = trust.ct.clone();
        let app = App::new(Shared {
            cache: Cache::open(index.clone()).await.unwrap(),
            search: Search::new(&index, Arc::new(SearchMemory::default())),
            index,
            blobs: ports.blobs,
            clock: clock.clone(),
            links: Links {
                files: String::new(),
                provenance: None,
            },
            url: "https://packages.example".to_owned(),
            anonymous_read: false,
            read_only: false,
            readme_images: Default::default(),
            forwarded_from: vec!["192.0.2.0/24".parse().unwrap()],
            forwarded_header: Default::default(),
            metrics_from: Vec::new(),
            metrics: Default::default(),
            files_host: None,
            limits: Default::default(),
            stopping: Default::default(),
            drains: Default::default(),
            publishing: None,
            trust: Mounted::new(Some(trust)),
        });
        Self {
            app,
            clock,
            keys,
            ct,
            _spool: spool,
        }
    }
}

/// A new stack.
fn layout(folder: &Path, now: Timestamp) -> Layout {
    let founding = Founding {
        folder: folder.join("trust"),
        url: "https://packages.example".parse().unwrap(),
        operator: "Example".parse().unwrap(),
        domain: "example".parse().unwrap(),
        projects: vec!["*".parse().unwrap()],
        sign_in: None,
        secret: SecretFile::Beside,
        root_key: None,
    };
    founding.found(now).unwrap()
}

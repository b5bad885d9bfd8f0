//! A private stack for tests: its keys, and logs in memory.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use touchplate_index::files::Links;
use touchplate_index::spool::SpoolRoom;
use touchplate_index::{Index, Settings};
use touchplate_server::Clock as _;
use touchplate_server::app::{App, Shared};
use touchplate_server::cache::Cache;
use touchplate_server::outbound::Issuers;
use touchplate_server::trust::ca::Ca;
use touchplate_server::trust::limits::{ADDRESS_LIMIT, IDENTITY_LIMIT, Limits};
use touchplate_server::trust::{Services, TrustStack};
use touchplate_testkit::FixedClock;
use touchplate_testkit::memory::{LogMemory, Memory};
use touchplate_trust::SigningKey;
use touchplate_trust::authority::{Authority, Signers};
use touchplate_trust::layout::{Founding, Keys, SecretFile};
use touchplate_trust::log::{Log, LogSettings};
use touchplate_trust::rekor::{Rekor1, Rekor2};

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
        let store = LogMemory::new();
        let keys = keys(spool.path(), clock.now());
        let open = |name: &'static str, key: &Arc<SigningKey>| {
            let settings = LogSettings {
                name: name.parse().unwrap(),
                origin: format!("packages.example/trust/{name}"),
                key: key.clone(),
                former_keys: Vec::new(),
            };
            let store = store.clone();
            async move { Log::open(settings, store).await.unwrap() }
        };
        let current = |ring: &touchplate_trust::layout::KeyRing| {
            ring.current(clock.now()).unwrap().key.clone()
        };
        let rekor1 = current(&keys.rekor1);
        let ct = open("ct", &current(&keys.ct)).await;
        let signers = Signers {
            authority: keys.authority.clone(),
            ct: keys.ct.clone(),
            log: Arc::new(ct.clone()),
        };
        let authority = Authority::new(signers).unwrap();
        let services = Services {
            rekor1: Rekor1::new(open("rekor1", &rekor1).await, rekor1.clone()).unwrap(),
            rekor2: Rekor2::new(open("rekor2", &current(&keys.rekor2)).await),
            ct: ct.clone(),
            ca: Ca::new(authority, Arc::new(issuers)).unwrap(),
            limits,
        };
        let app = App::new(Shared {
            cache: Cache::open(index.clone()).await.unwrap(),
            index,
            blobs: ports.blobs,
            clock: clock.clone(),
            links: Links {
                files: String::new(),
                provenance: None,
            },
            url: "https://packages.example".to_owned(),
            anonymous_read: false,
            forwarded_from: vec!["192.0.2.0/24".parse().unwrap()],
            drains: Default::default(),
            trust: Some(TrustStack::new(services)),
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

/// The keys of a new stack.
fn keys(folder: &Path, now: Timestamp) -> Keys {
    let founding = Founding {
        folder: folder.join("trust"),
        url: "https://packages.example".parse().unwrap(),
        operator: "Example".parse().unwrap(),
        domain: "example".parse().unwrap(),
        projects: Vec::new(),
        sign_in: None,
        secret: SecretFile::Beside,
        root_key: None,
    };
    let layout = founding.found(now).unwrap();
    layout.unlock(&layout.secret(None).unwrap(), now).unwrap()
}

//! When the database or the blob store fails: said to the operator, kept from the reader, and never papered over with an
//! old page.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{Request, Response, header};
use http_body_util::BodyExt as _;
use insta::assert_snapshot;
use touchplate_attest::TrustDomains;
use touchplate_index::files::Links;
use touchplate_index::ports::{
    BlobError, Blobs, Bytestream, Hints, Journal, JournalRow, Listing, NewProject, Serial,
    StoreError,
};
use touchplate_index::projects::Visibility;
use touchplate_index::search::Search;
use touchplate_index::spool::{Spool, SpoolRoom};
use touchplate_index::{Actor, Index, Origin, Ports, RequestId, Settings};
use touchplate_packaging::Sha256;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_server::app::{App, Shared};
use touchplate_server::cache::Cache;
use touchplate_server::wiring;
use touchplate_testkit::FixedClock;
use touchplate_testkit::memory::{Memory, SearchMemory};
use tower::ServiceExt as _;

/// Fails when it is told to.
#[derive(Clone, Default)]
struct Switch(Arc<AtomicBool>);

impl Switch {
    fn break_it(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn mend_it(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn check(&self) -> std::io::Result<()> {
        if self.0.load(Ordering::SeqCst) {
            Err(std::io::Error::other(
                "the cable is out (secret path /srv/db)",
            ))
        } else {
            Ok(())
        }
    }
}

struct Breakable<T: ?Sized> {
    inner: Arc<T>,
    switch: Switch,
}

#[async_trait]
impl Journal for Breakable<dyn Journal> {
    async fn head(&self) -> Result<Serial, StoreError> {
        self.switch
            .check()
            .map_err(|cause| StoreError::new("find the head", cause))?;
        self.inner.head().await
    }

    async fn after(&self, after: Serial, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        self.switch
            .check()
            .map_err(|cause| StoreError::new("read on", cause))?;
        self.inner.after(after, limit).await
    }

    fn hints(&self) -> Hints {
        self.inner.hints()
    }
}

#[async_trait]
impl Blobs for Breakable<dyn Blobs> {
    async fn put(&self, digest: &Sha256, bytes: Spool) -> Result<(), BlobError> {
        self.inner.put(digest, bytes).await
    }

    async fn size(&self, digest: &Sha256) -> Result<Option<u64>, BlobError> {
        self.switch
            .check()
            .map_err(|cause| BlobError::new("look", cause))?;
        self.inner.size(digest).await
    }

    async fn read(
        &self,
        digest: &Sha256,
        range: std::ops::Range<u64>,
    ) -> Result<Option<Bytestream>, BlobError> {
        self.inner.read(digest, range).await
    }

    async fn remove(&self, digest: &Sha256) -> Result<(), BlobError> {
        self.inner.remove(digest).await
    }

    fn stored(&self) -> Listing {
        self.inner.stored()
    }
}

struct World {
    app: App,
    journal: Switch,
    blobs: Switch,
    _spool: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let spool = tempfile::tempdir().unwrap();
        let (journal, blobs) = (Switch::default(), Switch::default());
        let mut ports: Ports = Memory::ports();
        ports.journal = Arc::new(Breakable {
            inner: ports.journal,
            switch: journal.clone(),
        });
        ports.blobs = Arc::new(Breakable {
            inner: ports.blobs,
            switch: blobs.clone(),
        });
        let room = SpoolRoom::open(spool.path()).unwrap();
        let root = Arc::new(TrustDomains::public_good());
        let index = Index::new(ports.clone(), Settings::default(), root, room);
        let app = App::new(Shared {
            cache: Cache::open(index.clone()).await.unwrap(),
            search: Search::new(&index, Arc::new(SearchMemory::default())),
            index,
            blobs: ports.blobs,
            clock: Arc::new(FixedClock::default()),
            links: Links {
                files: String::new(),
                provenance: None,
            },
            url: "https://packages.example".to_owned(),
            anonymous_read: true,
            read_only: false,
            readme_images: Default::default(),
            forwarded_from: Vec::new(),
            forwarded_header: Default::default(),
            metrics_from: Vec::new(),
            metrics: Default::default(),
            files_host: None,
            limits: Default::default(),
            stopping: Default::default(),
            drains: Default::default(),
            publishing: None,
            trust: touchplate_server::trust::Mounted::new(None),
        });
        Self {
            app,
            journal,
            blobs,
            _spool: spool,
        }
    }

    async fn get(&self, target: &str) -> Response<Body> {
        let request = Request::get(target).header(header::ACCEPT, "application/json, text/plain");
        let router = wiring::router(self.app.clone());
        router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    async fn text(&self, target: &str) -> String {
        let body = self.get(target).await.into_body().collect().await.unwrap();
        String::from_utf8(body.to_bytes().to_vec()).unwrap()
    }

    fn origin(&self) -> Origin {
        Origin {
            actor: Actor::Operator,
            request: RequestId::random(),
            at: self.app.clock.now(),
        }
    }
}

#[tokio::test]
async fn while_the_journal_cannot_be_read_every_page_is_made_afresh() {
    let world = World::new().await;
    let project = NewProject {
        display: "demo".parse().unwrap(),
        visibility: Visibility::Public,
        owner: None,
    };
    world
        .app
        .index
        .create_project(&world.origin(), &project)
        .await
        .unwrap();
    world.app.cache.catch_up().await;
    assert!(
        world
            .text("/simple/demo/")
            .await
            .contains("content=\"active\"")
    );

    // Nobody follows the journal here: a change that nobody heard of is not shown while what is known is young…
    let name = "demo".parse().unwrap();
    let archived = ProjectStatus::Archived;
    world
        .app
        .index
        .set_status(&world.origin(), &name, archived, None)
        .await
        .unwrap();
    assert!(
        world
            .text("/simple/demo/")
            .await
            .contains("content=\"active\"")
    );
    // …and is as soon as one knows that it may be old.
    world.journal.break_it();
    world.app.cache.catch_up().await;
    assert!(
        world
            .text("/simple/demo/")
            .await
            .contains("content=\"archived\"")
    );

    world.journal.mend_it();
    world.app.cache.catch_up().await;
    world.text("/simple/demo/").await;
    let deprecated = ProjectStatus::Deprecated;
    world
        .app
        .index
        .set_status(&world.origin(), &name, deprecated, None)
        .await
        .unwrap();
    assert!(
        world
            .text("/simple/demo/")
            .await
            .contains("content=\"archived\"")
    );
    // The same when nobody has asked the journal for a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(
        world
            .text("/simple/demo/")
            .await
            .contains("content=\"deprecated\"")
    );
}

#[tokio::test]
async fn a_failure_is_the_operators_to_know() {
    let world = World::new().await;
    assert_eq!(world.text("/readyz").await, "ready\n");
    world.blobs.break_it();
    assert_snapshot!("no_blobs", world.text("/readyz").await);
    world.journal.break_it();
    assert_snapshot!("no_database", world.text("/readyz").await);
    assert_eq!(world.get("/readyz").await.status(), 503);
    assert_eq!(world.get("/healthz").await.status(), 200);

    let answer = world.get("/simple/").await;
    assert_eq!(answer.status(), 500);
    let id = answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(body.contains(&id), "{body}");
    assert_snapshot!("internal", body.replace(&id, "<id>"));
}

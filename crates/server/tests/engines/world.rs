//! Two servers on one index: one next to its engines, which prepares and judges, and one that reaches them through proxies and does
//! nothing by itself, so that each message is of the request that was made.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_index::ports::{JournalRow, Serial};
use touchplate_server::app::App;
use touchplate_server::{Config, wiring};
use touchplate_testkit::http::{Answer, Client, Request};
use touchplate_testkit::postgres::TestDatabase;
use touchplate_testkit::s3::TestBucket;
use touchplate_testkit::sample::Sample;
use touchplate_testkit::{Proxy, TestServer};
use touchplate_trust::LocalIssuer;

pub(crate) const GITHUB: &str = "https://token.actions.githubusercontent.com";

pub(crate) struct World {
    /// Next to the engines.
    pub(crate) near: TestServer,
    /// Talks to the one behind the proxies.
    pub(crate) client: Client,
    /// The one behind the proxies.
    pub(crate) app: App,
    pub(crate) rows: Proxy,
    pub(crate) bytes: Proxy,
    pub(crate) database: TestDatabase,
    pub(crate) github: LocalIssuer,
    /// Cases that were tried.
    pub(crate) steps: AtomicU64,
    reached: AtomicBool,
    serving: JoinHandle<()>,
    _folder: TempDir,
}

impl World {
    /// None where an engine is not there, which is said.
    pub(crate) async fn new() -> Option<Self> {
        Self::with("").await
    }

    /// The same, with more in the URL of the database behind the proxy.
    pub(crate) async fn with(parameters: &str) -> Option<Self> {
        let (database, bucket) = (TestDatabase::fresh().await?, TestBucket::fresh()?);
        let folder = tempfile::tempdir().unwrap();
        let github = LocalIssuer::new(GITHUB, "g", TokenAlgorithm::ES256).unwrap();
        let issuers = folder.path().join("issuers.toml");
        let keys = folder.path().join("keys.json");
        std::fs::write(&keys, github.key_set().unwrap()).unwrap();
        let list = format!(
            "[[issuer]]\nissuer = \"{GITHUB}\"\nkind = \"github\"\nalgorithms = [\"ES256\"]\njwks_file = \"keys.json\"\n"
        );
        std::fs::write(&issuers, list).unwrap();
        let near = TestServer::start_with(|config| {
            config.location.database = database.url().parse().unwrap();
            config.location.blobs = bucket.url().parse().unwrap();
            config.trust_issuers = Some(issuers);
        })
        .await;
        let rows = Proxy::before(database.address()).await;
        let bytes = Proxy::before(bucket.address()).await;
        let mut config: Config = near.config().clone();
        let url = rows.instead_of(database.address(), &database.url());
        config.location.database = format!("{url}{parameters}").parse().unwrap();
        let url = bytes.instead_of(bucket.address(), bucket.url());
        config.location.blobs = url.parse().unwrap();
        config.data = folder.path().join("far");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = wiring::assemble(&config, near.clock.clone(), address).await;
        let app = app.unwrap();
        let router = wiring::router(app.clone());
        let serving = tokio::spawn(async move {
            drop(axum::serve(listener, router.into_make_service()).await);
        });
        Some(Self {
            near,
            client: Client::at(address),
            app,
            rows,
            bytes,
            database,
            github,
            steps: AtomicU64::new(0),
            reached: AtomicBool::new(false),
            serving,
            _folder: folder,
        })
    }

    /// Sends to the server behind the proxies.
    pub(crate) async fn send(&self, request: &Request) -> Answer {
        self.client.send(request).await
    }

    /// `GET` from the server behind the proxies, once it has heard of every change.
    pub(crate) async fn seen(&self, target: &str) -> Answer {
        self.app.cache.catch_up().await;
        let accept = match target.starts_with("/simple/") {
            true => "application/vnd.pypi.simple.v1+json",
            false => "*/*",
        };
        self.send(&Request::get(target).accept(accept)).await
    }

    /// From now on nothing fails.
    pub(crate) fn heal(&self) {
        let reached = [&self.rows, &self.bytes].map(Proxy::heal);
        let reached = reached.contains(&true);
        self.reached.fetch_or(reached, Ordering::SeqCst);
    }

    /// Whether it came to a fault since this was asked.
    pub(crate) fn was_reached(&self) -> bool {
        self.reached.swap(false, Ordering::SeqCst)
    }

    pub(crate) async fn serial(&self) -> Serial {
        self.near.index.head().await.unwrap()
    }

    /// What changed after `serial`, in order.
    pub(crate) async fn changes(&self, serial: Serial) -> Vec<JournalRow> {
        self.near.index.changes(serial, 1000).await.unwrap()
    }

    /// Waits until nobody says anything to an engine: connections that go back to their pool are asked whether they still work.
    pub(crate) async fn settle(&self) {
        loop {
            let before = (self.rows.messages(), self.bytes.messages());
            tokio::time::sleep(Duration::from_millis(10)).await;
            if before == (self.rows.messages(), self.bytes.messages()) {
                return;
            }
        }
    }

    /// The request that uploads a sample with a token.
    pub(crate) fn uploading(&self, token: &str, sample: &Sample) -> Request {
        let (content_type, body) = self.near.form(sample);
        let request = Request::new("POST", "/legacy/").token(token);
        request.body(&content_type, body)
    }

    /// Whether the project lists the sample. Then it is whole: its bytes, its metadata and its provenance are there.
    pub(crate) async fn lists(&self, project: &str, sample: &Sample) -> bool {
        let page = self.seen(&format!("/simple/{project}/")).await;
        if page.status == 404 {
            return false;
        }
        let page = page.assert_ok().json();
        let listed = page["files"].as_array().unwrap().iter();
        let mut listed = listed.filter(|file| file["filename"] == sample.filename().as_str());
        let Some(file) = listed.next() else {
            return false;
        };
        assert!(listed.next().is_none(), "it is listed twice");
        let digest = sample.sha256().to_string();
        assert_eq!(file["hashes"]["sha256"], digest.as_str());
        let (first, rest) = digest.split_at(2);
        let (second, rest) = rest.split_at(2);
        let url = format!("/files/{first}/{second}/{rest}/{}", sample.filename());
        let bytes = self.seen(&url).await.assert_ok().body;
        assert!(bytes == sample.bytes(), "its bytes are others");
        if sample.filename().ends_with(".whl") {
            self.seen(&format!("{url}.metadata")).await.assert_ok();
        }
        let provenance = file["provenance"].as_str();
        assert_eq!(provenance.is_some(), !sample.workloads().is_empty());
        if let Some(provenance) = provenance {
            let path = provenance.strip_prefix(touchplate_testkit::server::URL);
            let object = self.seen(path.unwrap()).await.assert_ok().json();
            let bundles = object["attestation_bundles"].as_array().unwrap();
            assert_eq!(bundles.len(), sample.workloads().len());
        }
        true
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A refusal that a client tries again: 503, when, and in whose name it can be asked about.
#[track_caller]
pub(crate) fn assert_later(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.whole());
    assert_eq!(
        answer.header("retry-after"),
        Some("5"),
        "{}",
        answer.whole()
    );
}

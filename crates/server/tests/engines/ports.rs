//! SQLite and a folder: every call of the ports in an upload's path fails, both ways; and then the client asks again.

use std::sync::Arc;

use tokio::net::TcpListener;
use touchplate_attest::{TrustDomains, TrustRoot};
use touchplate_index::files::Links;
use touchplate_index::search::Search;
use touchplate_index::spool::SpoolRoom;
use touchplate_index::{Index, Settings};
use touchplate_server::app::{App, Shared};
use touchplate_server::cache::Cache;
use touchplate_server::wiring;
use touchplate_store::{BlobsUrl, DatabaseUrl, Location};
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Client;
use touchplate_testkit::memory::SearchMemory;
use touchplate_testkit::port_faults::{Effect, Faults, faulty};
use touchplate_testkit::sample;

/// A server on the same data as `near`, with ports that fail.
async fn on(near: &TestServer, faults: &Arc<Faults>) -> Client {
    let opened = touchplate_store::open(&near.config().location)
        .await
        .unwrap();
    let ports = faulty(opened.ports, faults);
    let room = SpoolRoom::open(&opened.spool_folder.unwrap()).unwrap();
    let root = TrustRoot::from_json(&near.domain.trusted_root_json()).unwrap();
    let index = Index::new(
        ports.clone(),
        Settings::default(),
        Arc::new(TrustDomains::only(root)),
        room,
    );
    let app = App::new(Shared {
        cache: Cache::open(index.clone()).await.unwrap(),
        search: Search::new(&index, Arc::new(SearchMemory::default())),
        index,
        blobs: ports.blobs,
        clock: near.clock.clone(),
        links: Links {
            files: String::new(),
            provenance: None,
        },
        url: touchplate_testkit::server::URL.to_owned(),
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
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = wiring::router(app);
    tokio::spawn(async move { drop(axum::serve(listener, router.into_make_service()).await) });
    Client::at(address)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_there_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let near = TestServer::start_with(|config| {
        config.location = Location {
            database: DatabaseUrl::Sqlite(folder.path().join("rows.sqlite")),
            blobs: BlobsUrl::File(folder.path().join("blobs")),
        };
    })
    .await;
    let alice = near.publisher("alice").await.of("demo").await;
    let faults = Faults::none();
    let far = on(&near, &faults).await;
    let (name, mut step) = ("demo".parse().unwrap(), 0);
    for effect in [Effect::Lost, Effect::DoneButUnanswered, Effect::Outage(3)] {
        for at in 0.. {
            let wheel = sample::wheel("demo", &format!("{step}.0")).attested();
            step += 1;
            let since = near.index.head().await.unwrap();
            let request = alice.uploading(&wheel);
            faults.fail_at(at, effect);
            let first = far.send(&request).await;
            let reached = faults.heal();
            // What is there now is read past every cache.
            let there = async || {
                let reader = touchplate_index::Reader::Anonymous;
                let links = Links {
                    files: String::new(),
                    provenance: None,
                };
                let page = near.index.project_page(&reader, &name, &links).await;
                let page = page.unwrap();
                page.page
                    .files
                    .iter()
                    .any(|file| file.filename.to_string() == wheel.filename())
            };
            let was_there = there().await;
            let digest = wheel.sha256().to_string();
            match first.status {
                200 => assert!(was_there),
                // Nothing says that this fault may pass.
                _ => assert_eq!(first.status, 500, "{}", first.whole()),
            }
            if was_there {
                assert!(
                    near.stored_blobs().await.contains(&digest),
                    "bytes before row"
                );
            }
            let again = far.send(&request).await.assert_ok();
            let said = if was_there {
                "was stored before"
            } else {
                "Stored "
            };
            assert!(again.text().contains(said), "{}", again.text());
            assert!(there().await && near.stored_blobs().await.contains(&digest));
            let rows = near.index.changes(since, 1000).await.unwrap();
            let uploads = rows.iter().filter(|row| row.action == "upload file");
            assert_eq!(uploads.count(), 1, "one row a change");
            if !reached {
                println!("upload: {at} calls, {effect:?}");
                break;
            }
        }
    }
}

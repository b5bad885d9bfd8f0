//! Large pages outlast the process that rendered them, and are never shown when they are wrong.

use std::time::{Duration, SystemTime};

use touchplate_index::files::Links;
use touchplate_index::ports::{PageName, Serial};
use touchplate_index::projects::Visibility;
use touchplate_index::simple::made_by;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_packaging::{ProjectName, Sha256};
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;
use touchplate_testkit::server::{Account, URL};

use crate::simple::server_sees;

const PAGE: &str = "/simple/demo/";
const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// A project whose page is large: of one file, with an essay as the reason of its status.
async fn large(server: &TestServer) -> Account<'_> {
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    say(server, ProjectStatus::Deprecated).await;
    alice
}

async fn say(server: &TestServer, status: ProjectStatus) {
    let why = "an essay of many words ".repeat(20_000);
    server
        .index
        .set_status(&server.operator(), &demo(), status, Some(&why))
        .await
        .unwrap();
    server_sees(server).await;
}

fn demo() -> ProjectName {
    "demo".parse().unwrap()
}

fn maker() -> String {
    made_by(&Links {
        files: URL.to_owned(),
        provenance: Some(URL.to_owned()),
    })
}

/// What is kept of a page in one shape, once it is; none after a while.
async fn kept(server: &TestServer, shape: &str) -> Option<(Serial, Sha256, Vec<u8>)> {
    let (project, made_by) = (demo(), maker());
    for _ in 0..100 {
        let name = PageName {
            project: &project,
            shape,
            made_by: &made_by,
        };
        if let Some(found) = server.index.kept_page(name).await {
            return Some((found.serial, found.plain, found.bytes.to_vec()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    None
}

/// Keeps these bytes as the page, as if this program had rendered them.
async fn plant(server: &TestServer, shape: &str, plain: Sha256, bytes: &[u8]) {
    let (project, made_by) = (demo(), maker());
    let name = PageName {
        project: &project,
        shape,
        made_by: &made_by,
    };
    let (serial, ..) = kept(server, "simple json").await.unwrap();
    let bytes = bytes.to_vec().into();
    server.index.keep_page(name, serial, plain, bytes).await;
}

fn asking(coding: &str) -> Request {
    Request::get(PAGE)
        .accept(JSON)
        .header("accept-encoding", coding)
}

#[tokio::test]
async fn a_large_page_is_taken_from_where_it_was_kept() {
    let server = TestServer::start().await;
    large(&server).await;
    let page = server.client.send(&asking("identity")).await.assert_ok();
    let (_, plain, bytes) = kept(&server, "simple json").await.unwrap();
    assert_eq!((&bytes, plain), (&page.body, Sha256::of(&page.body)));
    let zipped = server.client.send(&asking("gzip")).await.assert_ok();
    let (_, plain, bytes) = kept(&server, "simple json, gzip").await.unwrap();
    assert_eq!((&bytes, plain), (&zipped.body, Sha256::of(&page.body)));
    // Another process takes them from there: here it is told something else, to see that.
    let other = br#"{"kept":true}"#;
    plant(&server, "simple json", Sha256::of(other), other).await;
    let beside = server.beside().await;
    let taken = beside.client.send(&asking("identity")).await.assert_ok();
    assert_eq!(taken.body, other);
    // A coding of other bytes than these is none of them.
    let zipped = beside.client.send(&asking("gzip")).await.assert_ok();
    assert_eq!(zipped.body, other);
    let serial = page.header("x-pypi-last-serial");
    assert_eq!(taken.header("x-pypi-last-serial"), serial);
    // HTML was never asked for, and a page of another version of this program is none of ours.
    let html = beside.get(PAGE).await.assert_ok();
    assert!(html.text().contains("demo-1.0-py3-none-any.whl"));
    // A change makes it wrong, in every process.
    say(&server, ProjectStatus::Archived).await;
    let changed = beside.client.send(&asking("identity")).await.assert_ok();
    assert!(changed.text().contains("archived"));
}

#[tokio::test]
async fn a_coding_is_taken_from_where_it_was_kept() {
    let server = TestServer::start().await;
    large(&server).await;
    let page = server.client.send(&asking("identity")).await.assert_ok();
    kept(&server, "simple json").await.unwrap();
    let other = b"no gzip at all";
    plant(&server, "simple json, gzip", Sha256::of(&page.body), other).await;
    let beside = server.beside().await;
    let taken = beside.client.send(&asking("gzip")).await.assert_ok();
    assert_eq!(taken.body, other);
}

#[tokio::test]
async fn a_kept_page_stays_behind_the_boundary() {
    let server = TestServer::start().await;
    let alice = large(&server).await;
    server.client.send(&asking("identity")).await.assert_ok();
    kept(&server, "simple json").await.unwrap();
    let set = async |visibility| {
        let (origin, demo) = (server.operator(), demo());
        let set = server.index.set_visibility(&origin, &demo, visibility);
        set.await.unwrap();
        server_sees(&server).await;
    };
    set(Visibility::Private).await;
    // A member reads it, and nothing of that is kept.
    let member = asking("gzip").token(&alice.token);
    server.client.send(&member).await.assert_ok();
    let beside = server.beside().await;
    for server in [&server, &beside] {
        for coding in ["identity", "gzip", "zstd"] {
            let answer = server.client.send(&asking(coding)).await;
            assert_eq!(answer.status, 404, "{coding}");
        }
    }
    let (project, made_by) = (demo(), maker());
    let name = PageName {
        project: &project,
        shape: "simple json",
        made_by: &made_by,
    };
    assert!(server.index.kept_page(name).await.is_none());
    // What was kept is forgotten and its bytes are swept; the file's stay.
    let later = SystemTime::now() + Duration::from_secs(3600);
    let swept = server.index.sweep(later, Duration::ZERO).await.unwrap();
    assert!(swept >= 1);
    let file = sample::wheel("demo", "1.0").sha256().to_string();
    assert_eq!(server.stored_blobs().await, [file]);
    set(Visibility::Public).await;
    beside.client.send(&asking("identity")).await.assert_ok();
}

#[tokio::test]
async fn what_is_damaged_or_gone_is_rendered_anew() {
    let server = TestServer::start().await;
    large(&server).await;
    let page = server.client.send(&asking("identity")).await.assert_ok();
    let (.., bytes) = kept(&server, "simple json").await.unwrap();
    let digest = Sha256::of(&bytes).to_string();
    // A page that may be shown is not swept.
    let later = SystemTime::now() + Duration::from_secs(3600);
    server.index.sweep(later, Duration::ZERO).await.unwrap();
    assert!(server.stored_blobs().await.contains(&digest));
    let changed = b"x".repeat(bytes.len());
    for (damage, instead) in [
        ("cut", Some(&bytes[..bytes.len() / 2])),
        ("changed", Some(&changed)),
        ("gone", None),
    ] {
        server.damage_blob(&digest, instead).await;
        let beside = server.beside().await;
        let again = beside.client.send(&asking("identity")).await.assert_ok();
        assert_eq!(again.body, page.body, "{damage}");
        assert_eq!(again.header("etag"), page.header("etag"), "{damage}");
        // It is kept once more.
        let (.., mended) = kept(&server, "simple json").await.unwrap();
        assert_eq!(mended, bytes, "{damage}");
    }
    // Where nothing can be written, pages are read all the same.
    let Some(folder) = server.folder_of_blobs() else {
        return;
    };
    let folder = folder.join(&digest[..2]);
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, b"in the way").unwrap();
    let beside = server.beside().await;
    for coding in ["identity", "gzip", "zstd"] {
        beside.client.send(&asking(coding)).await.assert_ok();
    }
}

#[tokio::test]
async fn a_small_page_is_not_kept() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0");
    alice.upload(wheel.clone()).await.assert_ok();
    server.client.send(&asking("gzip")).await.assert_ok();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.stored_blobs().await, [wheel.sha256().to_string()]);
}

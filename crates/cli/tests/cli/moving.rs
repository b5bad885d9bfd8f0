//! `touchplate admin backup`, `restore` and `migrate`: the same index comes out, byte for byte, and what cannot be kept is told.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use touchplate_packaging::Sha256;
use touchplate_server::Config;
use touchplate_testkit::postgres::TestDatabase;
use touchplate_testkit::s3::TestBucket;
use touchplate_testkit::sample;

use crate::run::{Server, command, touchplate_in};
use crate::stored::{Stored, admin};

const WHEEL: &str = "demo-1.0-py3-none-any.whl";

/// What clients read of an index at these engines, each page with its address.
fn pages(config: &Config) -> Vec<String> {
    let place = [
        ("TOUCHPLATE_DATABASE", config.location.database.to_string()),
        ("TOUCHPLATE_BLOBS", config.location.blobs.to_string()),
        ("TOUCHPLATE_URL", "https://packages.example".to_owned()),
    ];
    let place: Vec<_> = place
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    let server = Server::start_with("127.0.0.1:0", &config.data, &place);
    let json = "application/vnd.pypi.simple.v1+json";
    let mut seen = Vec::new();
    for (path, accept) in [
        ("/simple/", json),
        ("/simple/", "text/html"),
        ("/simple/demo/", json),
        ("/simple/demo/", "text/html"),
        ("/simple/hidden/", json),
        (&format!("/integrity/demo/1.0/{WHEEL}/provenance"), "*/*"),
        ("/integrity/demo/1.0/demo-1.0.tar.gz/provenance", "*/*"),
        (
            &format!("/api/v1/projects/demo/1.0/{WHEEL}"),
            "application/json",
        ),
        ("/pypi/demo/json", "*/*"),
    ] {
        let (status, body) = server.fetch(path, accept);
        seen.push(format!("{path} {accept} {status}\n{body}"));
    }
    assert!(
        seen[2].contains(WHEEL) && seen[5].contains(" 200\n"),
        "{seen:#?}"
    );
    seen
}

/// The same index elsewhere.
fn at(config: &Config, data: &Path, database: &str, blobs: &str) -> Config {
    let mut at = config.clone();
    at.data = data.to_owned();
    at.location.database = database.parse().unwrap();
    at.location.blobs = blobs.parse().unwrap();
    at
}

fn in_folder(config: &Config, folder: &Path) -> Config {
    let place = Config::in_folder(folder).location;
    at(
        config,
        folder,
        &place.database.to_string(),
        &place.blobs.to_string(),
    )
}

/// Each table with its rows and their digest.
fn tables(report: &Value) -> Vec<Value> {
    let tables = report["tables"].as_array().unwrap();
    assert!(tables.len() > 25, "{report:#}");
    tables.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_moves_to_postgresql_and_s3_and_back_and_nothing_changes() {
    let (Some(database), Some(bucket)) = (TestDatabase::fresh().await, TestBucket::fresh()) else {
        return;
    };
    let mut stored = Stored::start().await;
    stored.server.stop().await;
    let folder = tempfile::tempdir().unwrap();
    let first = stored.server.config().clone();
    let second = at(
        &first,
        &folder.path().join("second"),
        &database.url(),
        bucket.url(),
    );
    let third = in_folder(&first, &folder.path().join("third"));
    let before = pages(&first);
    let mut digests = Vec::new();
    for (from, to) in [(&first, &second), (&second, &third)] {
        let (database, blobs) = (
            to.location.database.to_string(),
            to.location.blobs.to_string(),
        );
        let words = [
            "migrate", "--to", &database, "--blobs", &blobs, "--format", "json",
        ];
        let report = admin(from, &words).ended(0).json();
        assert_eq!(report["blobs"]["copied"], 3, "{report:#}");
        digests.push(tables(&report));
        assert_eq!(pages(to), before);
        admin(to, &["check"]).ended(0).says(&["nothing is wrong"]);
        admin(from, &words)
            .ended(1)
            .complains(&["is not empty", "hint:"]);
    }
    // Serving wrote nothing but what it counts by itself.
    let of = |tables: &[Value], name: &str| tables.iter().find(|it| it["table"] == name).cloned();
    for name in [
        "journal",
        "files",
        "attestations",
        "late_attestations",
        "tokens",
        "core_metadata",
    ] {
        let (one, two) = (of(&digests[0], name), of(&digests[1], name));
        assert!(
            one.as_ref().unwrap()["rows"].as_u64().unwrap() > 0,
            "{name}"
        );
        assert_eq!(one, two, "{name}");
    }
    // Row numbers go on where they were.
    for config in [&second, &third] {
        admin(config, &["user", "add", "bob"]).ended(0);
        admin(config, &["project", "create", "later", "--owner", "bob"]).ended(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_restored_to_the_same_pages_and_copies_each_blob_once() {
    let stored = Stored::start().await;
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let path = backup.to_str().unwrap();
    let words = ["backup", path, "--format", "json"];
    let blobs = |report: &Value| {
        (
            report["blobs"]["copied"].clone(),
            report["blobs"]["there"].clone(),
        )
    };
    let first = stored.admin(&words).ended(0).json();
    assert_eq!(blobs(&first), (3.into(), 0.into()));
    // Of the same state: nothing to copy, and the same rows.
    let again = stored.admin(&words).ended(0).json();
    assert_eq!(blobs(&again), (0.into(), 3.into()));
    assert_eq!(again["serial"], first["serial"]);
    // One more file is one more blob.
    let bob = stored.server.publisher("bob").await.of("more").await;
    bob.upload(sample::wheel("more", "1.0").attested())
        .await
        .assert_ok();
    let more = stored.admin(&words).ended(0).json();
    assert_eq!(blobs(&more), (1.into(), 3.into()));

    // It is a data folder.
    let kept = in_folder(stored.server.config(), &backup);
    admin(&kept, &["check"])
        .ended(0)
        .says(&["checked 4 files", "nothing is wrong"]);
    let restored = in_folder(stored.server.config(), &folder.path().join("restored"));
    admin(&restored, &["restore", path]).ended(0).says(&[
        "the backup's index is restored, as of serial",
        "tables, each read again",
    ]);
    assert_eq!(pages(&restored), pages(stored.server.config()));
    admin(&restored, &["check"]).ended(0);
    admin(&restored, &["restore", path])
        .ended(1)
        .complains(&["is not empty"]);
    // The backup is served too, which leaves its database to be tidied up; the next backup replaces it all the same.
    assert_eq!(pages(&kept), pages(&restored));
    stored.admin(&words).ended(0);
    admin(&kept, &["check"]).ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_postgresql_and_s3_is_a_folder() {
    let (Some(database), Some(bucket)) = (TestDatabase::fresh().await, TestBucket::fresh()) else {
        return;
    };
    let stored = Stored::start_with(|config| {
        config.location.database = database.url().parse().unwrap();
        config.location.blobs = bucket.url().parse().unwrap();
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    stored
        .admin(&["backup", backup.to_str().unwrap()])
        .ended(0)
        .says(&["3 copied"]);
    let kept = in_folder(stored.server.config(), &backup);
    admin(&kept, &["check"]).ended(0);
    assert_eq!(pages(&kept), pages(stored.server.config()));
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_while_uploads_arrive_are_whole_each_of_one_moment() {
    let stored = Arc::new(Stored::start().await);
    let done = Arc::new(AtomicBool::new(false));
    let uploading = tokio::spawn({
        let (stored, done) = (stored.clone(), done.clone());
        async move {
            let carol = stored.server.publisher("carol").await.of("busy").await;
            let mut count = 0;
            while !done.load(Ordering::Relaxed) {
                let wheel = sample::wheel("busy", &format!("1.{count}"));
                carol.upload(wheel).await.assert_ok();
                count += 1;
            }
            count
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let kept = in_folder(stored.server.config(), &backup);
    let words = ["backup".to_owned(), backup.display().to_string()];
    let mut seen = Vec::new();
    for _ in 0..3 {
        let (stored, kept, words) = (stored.clone(), kept.clone(), words.clone());
        let files = tokio::task::spawn_blocking(move || {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            stored.admin(&words).ended(0);
            let report = admin(&kept, &["check", "--format", "json"]).ended(0).json();
            report["files"].as_u64().unwrap()
        });
        seen.push(files.await.unwrap());
    }
    done.store(true, Ordering::Relaxed);
    let uploaded: u64 = uploading.await.unwrap();
    assert!(
        uploaded > 0 && seen.is_sorted() && seen[0] >= 3,
        "{uploaded} {seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_or_wrong_is_named_and_the_rest_is_kept() {
    let stored = Stored::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (wheel, sdist) = (sample::wheel("demo", "1.0"), sample::sdist("demo", "1.0"));
    fs::write(stored.blob(&wheel.sha256().to_string()), b"other").unwrap();
    fs::remove_file(stored.blob(&sdist.sha256().to_string())).unwrap();
    let backup = folder.path().join("backup");
    let words = ["backup", backup.to_str().unwrap()];
    let other = Sha256::of(b"other").to_string();
    stored.admin(&words).ended(1).says(&[
        WHEEL,
        "has other bytes",
        &other,
        "demo-1.0.tar.gz: its bytes are not there",
        "1 copied",
    ]);
    // Whoever mends the index mends the backup with the next one.
    fs::write(stored.blob(&wheel.sha256().to_string()), wheel.bytes()).unwrap();
    fs::write(stored.blob(&sdist.sha256().to_string()), sdist.bytes()).unwrap();
    stored
        .admin(&words)
        .ended(0)
        .says(&["2 copied", "1 were there"]);
    let kept = in_folder(stored.server.config(), &backup);
    admin(&kept, &["check"]).ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_moved_is_refused_with_a_sentence() {
    let stored = Stored::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = |words: &[&str]| stored.admin(words);
    // Something else is there.
    fs::create_dir(path("other")).unwrap();
    fs::write(path("other/letter"), "dear").unwrap();
    run(&["backup", &path("other")])
        .ended(2)
        .complains(&["is not empty, and no backup"]);
    assert_eq!(fs::read_dir(path("other")).unwrap().count(), 1);
    fs::write(path("file"), "").unwrap();
    run(&["backup", &path("file")])
        .ended(3)
        .complains(&["cannot be used"]);
    run(&["restore", &path("nothing")])
        .ended(2)
        .complains(&["there is no backup in", "touchplate.sqlite"]);
    run(&["migrate", "--to", "mysql://x", "--blobs", "file:x"])
        .ended(2)
        .complains(&["is no database: expected"]);
    run(&["migrate", "--to", "sqlite:x", "--blobs", "ftp://x"])
        .ended(2)
        .complains(&["is no blob store: expected"]);
    run(&["backup", &path("backup")]).ended(0);
    run(&["restore", &path("backup")])
        .ended(1)
        .complains(&["is not empty"]);
    // No index is made where somebody only meant to save one.
    let slip = ["--data", "slip", "admin", "backup", "backup"];
    touchplate_in(folder.path(), &slip)
        .ended(2)
        .complains(&["there is no index at slip"]);
    assert!(!folder.path().join("slip").exists());
    // A backup that is no database leaves nothing.
    fs::write(path("backup/touchplate.sqlite"), "no database").unwrap();
    let target = in_folder(stored.server.config(), &folder.path().join("target"));
    admin(&target, &["restore", &path("backup")])
        .ended(3)
        .complains(&["cannot be opened"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_killed_leaves_the_former_one() {
    let stored = Stored::start().await;
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    let words = ["backup", backup.to_str().unwrap()];
    stored.admin(&words).ended(0);
    // What a killed one leaves: a database that is half written, and what SQLite has beside it.
    for name in [
        "touchplate.sqlite.new",
        "touchplate.sqlite.new-wal",
        "touchplate.sqlite.new-shm",
    ] {
        fs::write(backup.join(name), "half").unwrap();
    }
    let kept = in_folder(stored.server.config(), &backup);
    admin(&kept, &["check"]).ended(0);
    stored.admin(&words).ended(0);
    admin(&kept, &["check"])
        .ended(0)
        .says(&["nothing is wrong"]);
    let left: Vec<_> = fs::read_dir(&backup)
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains(".new")),
        "{left:?}"
    );
    // One at a time.
    let lock = fs::File::open(backup.join("backup.lock")).unwrap();
    lock.lock().unwrap();
    stored
        .admin(&words)
        .ended(1)
        .complains(&["is in use", "another"]);
    drop(lock);
    let mut killed = command();
    let config = stored.server.config();
    killed.args([
        "--data",
        config.data.to_str().unwrap(),
        "admin",
        words[0],
        words[1],
    ]);
    let mut killed = killed.spawn().unwrap();
    killed.kill().unwrap();
    killed.wait().unwrap();
    admin(&kept, &["check"]).ended(0);
    stored.admin(&words).ended(0);
    admin(&kept, &["check"]).ended(0);
}

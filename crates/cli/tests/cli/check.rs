//! `touchplate admin check`: what is damaged is named, whatever it is, and nothing else is.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use insta::assert_json_snapshot;
use touchplate_packaging::Sha256;
use touchplate_testkit::postgres::TestDatabase;
use touchplate_testkit::s3::TestBucket;
use touchplate_testkit::sample::{self, Sample};

use crate::run::{Run, shape, touchplate_in};
use crate::stored::Stored;

const WHEEL: &str = "demo-1.0-py3-none-any.whl";

fn wheel() -> Sample {
    sample::wheel("demo", "1.0")
}

/// What was found, each by its word and what it is about.
fn found(run: &Run) -> Vec<(String, String)> {
    let report = run.json();
    let findings = report["findings"].as_array().unwrap().iter();
    let of = |finding: &serde_json::Value| {
        let about = finding.get("filename").or_else(|| finding.get("sha256"));
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        (text(&finding["finding"]), text(about.unwrap()))
    };
    let found: Vec<_> = findings.map(of).collect();
    assert_eq!(report["found"], found.len());
    found
}

const JSON: [&str; 3] = ["check", "--format", "json"];
const FAST: [&str; 4] = ["check", "--fast", "--format", "json"];

#[tokio::test(flavor = "multi_thread")]
async fn an_index_in_which_nothing_is_wrong_is_clean_beside_its_server() {
    let stored = Stored::start().await;
    let report = stored.admin(&JSON).ended(0).json();
    assert_json_snapshot!("check", shape(&report));
    for (key, count) in [
        ("files", 3),
        ("attestations", 3),
        ("blobs", 3),
        ("found", 0),
    ] {
        assert_eq!(report[key], count, "{key}");
    }
    stored.admin(&["check"]).ended(0).says(&[
        "checked 3 files",
        "3 attestations",
        "nothing is wrong",
    ]);
    stored
        .admin(&["check", "--fast"])
        .ended(0)
        .says(&["their bytes unread"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_missing_cut_off_or_changed_are_found() {
    let stored = Stored::start().await;
    let path = stored.blob(&wheel().sha256().to_string());
    let bytes = wheel().bytes();

    let mut flipped = bytes.clone();
    flipped[100] ^= 1;
    fs::write(&path, &flipped).unwrap();
    let run = stored.admin(&JSON).ended(1);
    assert_eq!(found(&run), [("digest".to_owned(), WHEEL.to_owned())]);
    let flipped = Sha256::of(&flipped).to_string();
    stored.admin(&["check"]).ended(1).says(&[
        WHEEL,
        "has other bytes",
        &flipped,
        "1 finding",
        "hint:",
    ]);
    // Whoever does not read bytes does not see it.
    stored.admin(&FAST).ended(0);

    fs::write(&path, &bytes[..100]).unwrap();
    for command in [&JSON[..], &FAST] {
        let run = stored.admin(command).ended(1);
        assert_eq!(found(&run), [("length".to_owned(), WHEEL.to_owned())]);
        let messages = run.json()["findings"][0]["messages"][0].to_string();
        assert!(messages.contains("has 100 bytes: expected"), "{messages}");
    }

    fs::remove_file(&path).unwrap();
    for command in [&JSON[..], &FAST] {
        let run = stored.admin(command).ended(1);
        assert_eq!(found(&run), [("missing".to_owned(), WHEEL.to_owned())]);
    }

    // Something that cannot be read is one finding, and the others are looked at.
    fs::create_dir(&path).unwrap();
    let run = stored.admin(&JSON).ended(1);
    let found = found(&run);
    assert!(
        matches!(&found[..], [(word, _)] if word == "length" || word == "unreadable"),
        "{found:?}"
    );
    fs::remove_dir(&path).unwrap();

    fs::write(&path, &bytes).unwrap();
    stored.admin(&JSON).ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_on_postgresql_and_s3_is_found() {
    let (Some(database), Some(bucket)) = (TestDatabase::fresh().await, TestBucket::fresh()) else {
        return;
    };
    let stored = Stored::start_with(|config| {
        config.location.database = database.url().parse().unwrap();
        config.location.blobs = bucket.url().parse().unwrap();
    })
    .await;
    stored.admin(&JSON).ended(0);
    let (digest, bytes) = (wheel().sha256().to_string(), wheel().bytes());
    let mut flipped = bytes.clone();
    flipped[100] ^= 1;
    for (damage, word, fast) in [
        (Some(&flipped[..]), "digest", 0),
        (Some(&bytes[..100]), "length", 1),
        (None, "missing", 1),
    ] {
        stored.server.damage_blob(&digest, damage).await;
        let run = stored.admin(&JSON).ended(1);
        assert_eq!(found(&run), [(word.to_owned(), WHEEL.to_owned())]);
        stored.admin(&FAST).ended(fast);
    }
    stored.server.damage_blob(&digest, Some(&bytes)).await;
    stored.admin(&JSON).ended(0);
    // Too young to be anything but an upload's that is under way.
    let nobodys = Sha256::of(b"nobody's").to_string();
    stored.server.damage_blob(&nobodys, Some(b"nobody's")).await;
    let run = stored.admin(&JSON).ended(0);
    assert_eq!(run.json()["young"], 1);
    stored.admin(&["check", "--sweep"]).ended(0);
    assert!(stored.server.stored_blobs().await.contains(&nobodys));
    for (sql, word) in [
        (
            "UPDATE core_metadata SET bytes = 'other'",
            "metadata-digest",
        ),
        ("DELETE FROM core_metadata", "metadata-missing"),
        (
            "UPDATE late_attestations SET record = '{}'",
            "attestation-row",
        ),
    ] {
        database.run(sql).await;
        let run = stored.admin(&JSON).ended(1);
        let found = found(&run);
        assert!(found.iter().any(|(it, _)| it == word), "{found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_nothing_refers_to_are_found_once_they_are_old_and_go_when_that_is_asked() {
    let stored = Stored::start().await;
    let digest = Sha256::of(b"nobody's").to_string();
    let path = stored.blob(&digest);
    fs::write(&path, b"nobody's").unwrap();
    let run = stored.admin(&JSON).ended(0);
    assert_eq!(
        (&run.json()["young"], &run.json()["blobs"]),
        (&1.into(), &4.into())
    );
    stored.admin(&["check", "--sweep"]).ended(0);
    assert!(path.exists(), "it is too young to go");

    let two_hours_ago = SystemTime::now() - Duration::from_secs(2 * 60 * 60);
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(two_hours_ago)
        .unwrap();
    let run = stored.admin(&JSON).ended(1);
    assert_eq!(found(&run), [("orphan".to_owned(), digest.clone())]);
    stored.admin(&["check"]).ended(1).says(&[
        &digest,
        "nothing refers to its 8 bytes",
        "120 minutes ago",
    ]);
    assert!(path.exists());
    let run = stored
        .admin(&["check", "--sweep", "--format", "json"])
        .ended(0);
    assert_eq!(run.json()["swept"], 1);
    assert!(!path.exists());
    // A file's bytes are not nobody's, however old.
    let path = stored.blob(&wheel().sha256().to_string());
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(two_hours_ago)
        .unwrap();
    stored
        .admin(&["check", "--sweep"])
        .ended(0)
        .says(&["nothing is wrong"]);
    assert!(path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn attestations_that_are_damaged_in_the_database_are_found() {
    type Damage = fn(&str) -> String;
    let damages: [(&str, &str, Damage, &str, usize); 5] = [
        (
            "attestations",
            "json",
            |it| it.replacen("\"version\":1", "\"version\":7", 1),
            "attestation-malformed",
            2,
        ),
        (
            "late_attestations",
            "json",
            |it| it.replacen("\"signature\":\"M", "\"signature\":\"N", 1),
            "attestation-unverified",
            1,
        ),
        (
            "attestations",
            "record",
            |it| it.replacen("release.yml@", "other.yml@", 1),
            "attestation-noted",
            2,
        ),
        (
            "late_attestations",
            "record",
            |it| it.replace("audit@example.org", "odd@example.org"),
            "attestation-holder",
            1,
        ),
        (
            "late_attestations",
            "record",
            |_| "{}".to_owned(),
            "attestation-row",
            1,
        ),
    ];
    for (table, column, change, word, count) in damages {
        let stored = Stored::start().await;
        stored.server.damage(table, column, change).await;
        let run = stored.admin(&JSON).ended(1);
        let words: Vec<_> = found(&run).into_iter().map(|(word, _)| word).collect();
        assert_eq!(words, vec![word; count], "{table} {column} {}", run.stdout);
        let later = run.json()["findings"][0]["attestation"]["later"].clone();
        assert_eq!(later, table == "late_attestations");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attestations_are_held_against_todays_roots() {
    let stored = Stored::start().await;
    let others = touchplate_trust::Domain::new("other.test", stored.server.now()).unwrap();
    let root = stored.server.config().data.join("other.json");
    fs::write(&root, others.trusted_root_json()).unwrap();
    let mut config = stored.server.config().clone();
    config.trusted_root = Some(root);
    let run = crate::stored::admin(&config, &JSON).ended(1);
    let words: Vec<_> = found(&run).into_iter().map(|(word, _)| word).collect();
    assert_eq!(words, vec!["attestation-unverified"; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metadata_file_that_is_gone_or_another_one_is_found() {
    let stored = Stored::start().await;
    let stored = &stored;
    stored
        .server
        .execute("UPDATE core_metadata SET bytes = CAST('other' AS BLOB)")
        .await;
    let run = stored.admin(&JSON).ended(1);
    assert!(
        found(&run)
            .iter()
            .all(|(word, _)| word == "metadata-digest"),
        "{}",
        run.stdout
    );
    stored.server.execute("DELETE FROM core_metadata").await;
    let run = stored.admin(&FAST).ended(1);
    assert_eq!(
        found(&run)[0],
        ("metadata-missing".to_owned(), WHEEL.to_owned())
    );
    stored
        .server
        .execute("UPDATE files SET sha256 = CAST('short' AS BLOB) WHERE filename LIKE 'demo%whl'")
        .await;
    let run = stored.admin(&FAST).ended(1);
    assert!(
        found(&run).contains(&("row".to_owned(), WHEEL.to_owned())),
        "{}",
        run.stdout
    );
}

#[test]
fn where_there_is_no_index_none_is_made_and_none_is_clean() {
    let folder = tempfile::tempdir().unwrap();
    touchplate_in(folder.path(), &["--data", "slip", "admin", "check"])
        .ended(2)
        .complains(&["there is no index at slip", "--data"]);
    assert!(!folder.path().join("slip").exists());
    // It is there, and is no database.
    fs::write(folder.path().join("touchplate.sqlite"), "no database").unwrap();
    touchplate_in(folder.path(), &["--data", ".", "admin", "check"])
        .ended(3)
        .complains(&["cannot be opened"]);
}

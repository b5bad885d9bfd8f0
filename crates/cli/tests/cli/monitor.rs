//! `trust monitor`: what nobody meant to sign is told, and a log that contradicts itself is refused.

use std::fs;
use std::path::Path;

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use tempfile::TempDir;
use touchplate_attest::{Attestation, AttestationBundle, Provenance, Publisher, Sha256};

use crate::logs::Logs;
use crate::odd_index::serve_paths;
use crate::run::{Run, shape, touchplate_with};

const OURS: &str = "acme/demo";
const IDENTITY: &str = "https://github.com/acme/*";

/// A file with its attestation.
struct Signed {
    name: &'static str,
    bytes: &'static [u8],
    attestation: Vec<u8>,
}

/// A watcher's folder.
struct Watch {
    folder: TempDir,
}

impl Watch {
    fn of(logs: &Logs) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("root.json"), logs.root()).unwrap();
        Self { folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn look(&self, logs: &Logs, more: &[&str]) -> Run {
        let log = logs.url("rekor1");
        let words = [
            "trust",
            "monitor",
            "--trusted-root",
            "root.json",
            "--log",
            &log,
            "--identity",
            IDENTITY,
            "--state",
            "state.json",
        ];
        touchplate_with(self.path(), &[], &[&words[..], more].concat())
    }

    fn state(&self) -> Value {
        let json = fs::read(self.path().join("state.json")).unwrap();
        serde_json::from_slice(&json).unwrap()
    }
}

fn sign(logs: &Logs, name: &'static str) -> Signed {
    let bytes = name.as_bytes();
    Signed {
        name,
        bytes,
        attestation: logs.attest(OURS, name, bytes),
    }
}

/// An index that has these files.
fn index(files: &[&Signed]) -> String {
    let publisher = r#"{"kind":"GitHub","repository":"acme/demo","workflow":"release.yml"}"#;
    let publisher = Publisher::parse(publisher.as_bytes()).unwrap();
    let mut paths = Vec::new();
    let mut listed = Vec::new();
    for file in files {
        let attestation = Attestation::parse(&file.attestation).unwrap();
        let bundle = AttestationBundle::new(publisher.clone(), vec![attestation]);
        let path = format!("/provenance/{}", file.name);
        paths.push((path.clone(), Provenance::new(vec![bundle]).to_json()));
        listed.push(json!({
            "filename": file.name,
            "url": format!("/files/{}", file.name),
            "hashes": {"sha256": Sha256::of(file.bytes)},
            "provenance": format!("BASE{path}"),
        }));
    }
    let meta = json!({"api-version": "1.4"});
    let page = json!({"meta": meta, "name": "demo", "files": listed});
    let list = json!({"meta": meta, "projects": [{"name": "demo"}]});
    paths.push(("/simple/demo/".to_owned(), page.to_string().into_bytes()));
    paths.push(("/simple/".to_owned(), list.to_string().into_bytes()));
    format!("{}/simple/", serve_paths(paths))
}

#[test]
fn a_signature_that_was_never_uploaded_is_told() {
    let logs = Logs::start();
    let watch = Watch::of(&logs);
    let first = sign(&logs, "demo-1.0.tar.gz");
    // Somebody else's is nobody's business here.
    logs.attest("other/project", "other-1.0.tar.gz", b"other");
    let look = |more: &[&str]| watch.look(&logs, more);
    let at = index(&[&first]);
    let run = look(&["--index", &at, "--format", "json"]).ended(0);
    let report = run.json();
    assert_eq!(
        (&report["size"], &report["accounted"], &report["files"]),
        (&2.into(), &1.into(), &1.into())
    );
    // With a stolen token, and never uploaded.
    logs.attest(OURS, "demo-6.6.6.tar.gz", b"malware");
    let run = look(&["--index", &at, "--format", "json"]).ended(1);
    let report = run.json();
    assert_eq!(report["unaccounted"][0]["index"], 2);
    assert_eq!(
        report["unaccounted"][0]["san"],
        "https://github.com/acme/demo/.github/workflows/release.yml@refs/tags/v1.0"
    );
    assert_json_snapshot!("monitored", shape(&report));
    // It is told until somebody has looked at it, though the log has not grown.
    look(&["--index", &at]).ended(1).says(&[
        "entry 2: no file of the index accounts for it",
        "the log still has the same 3 entries",
    ]);
    look(&["--index", &at, "--ignore", "2"]).ended(0);
    look(&["--index", &at, "--grace", "60"])
        .ended(0)
        .says(&["too young"]);
}

#[test]
fn a_name_in_a_certificate_that_the_authority_never_gave_is_no_alarm() {
    let logs = Logs::start();
    logs.attest_by(OURS, "demo-1.0.tar.gz", b"demo", true);
    let run = Watch::of(&logs).look(&logs, &["--format", "json"]).ended(0);
    let report = run.json();
    assert_eq!(
        (&report["read"], &report["foreign"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn without_an_index_each_new_entry_is_told_once() {
    let logs = Logs::start();
    let watch = Watch::of(&logs);
    sign(&logs, "demo-1.0.tar.gz");
    watch.look(&logs, &["--from", "now"]).ended(0);
    watch.look(&logs, &[]).ended(0);
    sign(&logs, "demo-2.0.tar.gz");
    sign(&logs, "demo-3.0.tar.gz");
    watch
        .look(&logs, &[])
        .ended(1)
        .says(&["entry 1: new", "entry 2: new", "grown from 1 to 3"]);
    watch.look(&logs, &[]).ended(0);
    assert_eq!(watch.state()["start"], 1);
}

#[test]
fn a_file_whose_entry_the_log_lacks_is_told() {
    let logs = Logs::start();
    let first = sign(&logs, "demo-1.0.tar.gz");
    let second = sign(&logs, "demo-2.0.tar.gz");
    let at = index(&[&first, &second]);
    // The log shows this watcher another tree than the one that the attestations were proved by.
    let logs = logs.forgetful();
    logs.attest("other/project", "other-1.0.tar.gz", b"other");
    let watch = Watch::of(&logs);
    let run = watch
        .look(&logs, &["--index", &at, "--format", "json"])
        .ended(1);
    let lacking = run.json()["lacking"].clone();
    assert_eq!(lacking.as_array().unwrap().len(), 2);
    assert_eq!(lacking[0]["filename"], "demo-1.0.tar.gz");
    assert_eq!(lacking[1]["index"], 1);
}

#[test]
fn an_attestation_that_does_not_hold_accounts_for_nothing() {
    let logs = Logs::start();
    let mut file = sign(&logs, "demo-1.0.tar.gz");
    file.bytes = b"other bytes";
    let at = index(&[&file]);
    Watch::of(&logs)
        .look(&logs, &["--index", &at])
        .ended(1)
        .says(&[
            "demo-1.0.tar.gz: has an attestation that does not hold",
            "entry 0: no file of the index accounts for it",
        ]);
}

#[test]
fn a_forked_log_is_refused_and_both_notes_are_told() {
    let logs = Logs::start();
    let watch = Watch::of(&logs);
    for name in ["demo-1.0.tar.gz", "demo-2.0.tar.gz", "demo-3.0.tar.gz"] {
        sign(&logs, name);
    }
    watch.look(&logs, &[]).ended(1);
    let before = watch.state();
    let logs = logs.forgetful();
    let refused = |size: usize| {
        let run = watch.look(&logs, &["--format", "json"]).ended(1);
        let run = run.complains(&["the log contradicts itself", "stays as it was"]);
        let report = run.json();
        assert_eq!(report["contradiction"]["before"], before["checkpoint"]);
        let now = report["contradiction"]["now"].as_str().unwrap();
        assert_eq!(now.lines().nth(1), Some(size.to_string().as_str()));
        // What is remembered is the evidence.
        assert_eq!(watch.state(), before);
    };
    // Smaller, of the same size, and grown from another past.
    sign(&logs, "demo-4.0.tar.gz");
    refused(1);
    sign(&logs, "demo-5.0.tar.gz");
    sign(&logs, "demo-6.0.tar.gz");
    refused(3);
    sign(&logs, "demo-7.0.tar.gz");
    refused(4);
    let run = watch.look(&logs, &[]).ended(1);
    run.says(&["it signed before", "it signed now", "Keep both notes"]);
}

#[test]
fn what_is_remembered_must_be_of_the_same_log_and_identity() {
    let logs = Logs::start();
    let watch = Watch::of(&logs);
    sign(&logs, "demo-1.0.tar.gz");
    watch.look(&logs, &[]).ended(1);
    let path = watch.path().join("state.json");
    let state = fs::read_to_string(&path).unwrap();
    let with = |from: &str, to: &str| {
        assert!(state.contains(from), "{state}");
        fs::write(&path, state.replacen(from, to, 1)).unwrap();
        watch.look(&logs, &[]).ended(2)
    };
    with(IDENTITY, "https://github.com/other/*")
        .complains(&["the state is of the identity https://github.com/other/*"]);
    with("/trust/rekor1\"", "/trust/rekor2\"").complains(&["the state is of the log"]);
    with("\"version\": 1", "\"version\": 2")
        .complains(&["expected a state of version 1, found 2", "move it away"]);
    with("\"size\": 1", "\"size\": 3").complains(&["the state contradicts itself"]);
    fs::write(&path, "{").unwrap();
    watch.look(&logs, &[]).ended(2);
    touchplate_with(
        watch.path(),
        &[],
        &[
            "trust",
            "monitor",
            "--trusted-root",
            "root.json",
            "--log",
            "https://elsewhere.example",
            "--identity",
            "*",
        ],
    )
    .ended(2)
    .complains(&["no trust root here has a key of a log at https://elsewhere.example"]);
}

#[test]
fn each_kind_of_log_is_followed() {
    let logs = Logs::start();
    let watch = Watch::of(&logs);
    for _ in 0..3 {
        sign(&logs, "demo-1.0.tar.gz");
    }
    for (name, size) in [("rekor1", 3), ("rekor2", 0), ("ct", 0)] {
        let log = logs.url(name);
        let words = [
            "trust",
            "monitor",
            "--trusted-root",
            "root.json",
            "--log",
            &log,
            "--identity",
            "nobody@example.com",
            "--format",
            "json",
        ];
        let home = watch.path().to_str().unwrap();
        let run = touchplate_with(watch.path(), &[("XDG_STATE_HOME", home)], &words).ended(0);
        let report = run.json();
        assert_eq!(report["size"], size);
        let state = report["state"].as_str().unwrap();
        assert!(state.starts_with(home) && Path::new(state).is_file());
    }
}

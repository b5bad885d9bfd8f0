//! `trust monitor`: what nobody meant to sign is told, and a log that contradicts itself is refused.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use touchplate_attest::{Attestation, AttestationBundle, Provenance, Publisher, Sha256};
use touchplate_trust::{Domain, Predicate, Workload};

use crate::odd_index::serve_paths;
use crate::private_index::{SIGNER, Stack};
use crate::run::{Run, shape};

const IDENTITY: &str = "https://github.com/acme/demo/*";

/// A file with its attestation.
struct Signed {
    name: String,
    sha256: Sha256,
    attestation: Vec<u8>,
}

/// One look at the log of signatures.
fn look(stack: &Stack, more: &[&str]) -> Run {
    let log = stack.url("/trust/rekor1");
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
    stack.run(&[&words[..], more].concat())
}

fn state(stack: &Stack) -> Value {
    let json = fs::read(stack.path().join("state.json")).unwrap();
    serde_json::from_slice(&json).unwrap()
}

fn sign(stack: &Stack, version: &str) -> Signed {
    let (wheel, name) = stack.wheel(version);
    stack.sign(&[&name]).ended(0);
    let sidecar = stack.path().join(format!("{name}.publish.attestation"));
    Signed {
        sha256: wheel.sha256(),
        attestation: fs::read(sidecar).unwrap(),
        name,
    }
}

/// Signs as a job of another project.
fn sign_elsewhere(stack: &Stack) {
    let path = "acme/other/.github/workflows/release.yml@refs/tags/v1.0";
    stack.token(
        "sigstore",
        &json!({"repository": "acme/other", "workflow_ref": path, "job_workflow_ref": path}),
    );
    let (_, name) = stack.wheel("9.9");
    stack.sign(&[&name]).ended(0);
    stack.token("sigstore", &json!({}));
}

/// An index that has these files, whatever they are.
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
            "hashes": {"sha256": file.sha256},
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
    let stack = Stack::start();
    let first = sign(&stack, "1.0");
    // Somebody else's is nobody's business here.
    sign_elsewhere(&stack);
    let at = index(&[&first]);
    let report = look(&stack, &["--index", &at, "--format", "json"])
        .ended(0)
        .json();
    assert_eq!(
        (&report["size"], &report["accounted"], &report["files"]),
        (&2.into(), &1.into(), &1.into())
    );
    // With a stolen token, and never uploaded.
    sign(&stack, "6.6.6");
    let report = look(&stack, &["--index", &at, "--format", "json"])
        .ended(1)
        .json();
    assert_eq!(report["unaccounted"][0]["index"], 2);
    assert_eq!(report["unaccounted"][0]["san"], SIGNER);
    assert_json_snapshot!("monitored", shape(&report));
    // It is told until somebody has looked at it, though the log has not grown.
    look(&stack, &["--index", &at]).ended(1).says(&[
        "entry 2: no file of the index accounts for it",
        "the log still has the same 3 entries",
    ]);
    look(&stack, &["--index", &at, "--ignore", "2"]).ended(0);
    look(&stack, &["--index", &at, "--grace", "60"])
        .ended(0)
        .says(&["too young"]);
}

#[test]
fn a_name_in_a_certificate_that_the_authority_never_gave_is_no_alarm() {
    let stack = Stack::start();
    let foreign = Domain::new("foreign.example", jiff::Timestamp::now()).unwrap();
    let who = Workload::github("acme/demo", "release.yml", "refs/tags/v1.0");
    let now = jiff::Timestamp::now();
    let digest = Sha256::of(b"demo");
    let minted = foreign
        .attest(&who, "demo-1.0.tar.gz", &digest, Predicate::Publish, now)
        .unwrap();
    let minted: Value = serde_json::from_slice(&minted).unwrap();
    let entry = &minted["verification_material"]["transparency_entries"][0];
    let body = STANDARD
        .decode(entry["canonicalizedBody"].as_str().unwrap())
        .unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let envelope = json!({
        "payload": minted["envelope"]["statement"],
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"sig": minted["envelope"]["signature"]}],
    });
    let proposal = json!({
        "kind": "dsse",
        "apiVersion": "0.0.1",
        "spec": {"proposedContent": {
            "envelope": envelope.to_string(),
            "verifiers": [body["spec"]["signatures"][0]["verifier"]],
        }},
    });
    let agent = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).build());
    agent
        .post(stack.url("/trust/rekor1/api/v1/log/entries"))
        .header("content-type", "application/json")
        .send(proposal.to_string())
        .unwrap();
    let report = look(&stack, &["--format", "json"]).ended(0).json();
    assert_eq!(
        (&report["read"], &report["foreign"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn without_an_index_each_new_entry_is_told_once() {
    let stack = Stack::start();
    sign(&stack, "1.0");
    look(&stack, &["--from", "now"]).ended(0);
    look(&stack, &[]).ended(0);
    sign(&stack, "2.0");
    sign(&stack, "3.0");
    look(&stack, &[])
        .ended(1)
        .says(&["entry 1: new", "entry 2: new", "grown from 1 to 3"]);
    look(&stack, &[]).ended(0);
    assert_eq!(state(&stack)["start"], 1);
}

#[test]
fn a_file_whose_entry_the_log_lacks_is_told() {
    let mut stack = Stack::start();
    let first = sign(&stack, "1.0");
    let second = sign(&stack, "2.0");
    let at = index(&[&first, &second]);
    // The log shows this watcher another tree than the one that the attestations were proved by.
    stack.forget();
    sign_elsewhere(&stack);
    let report = look(&stack, &["--index", &at, "--format", "json"])
        .ended(1)
        .json();
    let lacking = &report["lacking"];
    assert_eq!(lacking.as_array().unwrap().len(), 2);
    assert_eq!(lacking[0]["filename"], first.name.as_str());
    assert_eq!(lacking[1]["index"], 1);
}

#[test]
fn an_attestation_that_does_not_hold_accounts_for_nothing() {
    let stack = Stack::start();
    let mut file = sign(&stack, "1.0");
    file.sha256 = Sha256::of(b"other bytes");
    let at = index(&[&file]);
    look(&stack, &["--index", &at]).ended(1).says(&[
        &format!("{}: has an attestation that does not hold", file.name),
        "entry 0: no file of the index accounts for it",
    ]);
}

#[test]
fn a_forked_log_is_refused_and_both_notes_are_told() {
    let mut stack = Stack::start();
    for version in ["1.0", "2.0", "3.0"] {
        sign(&stack, version);
    }
    look(&stack, &[]).ended(1);
    let before = state(&stack);
    stack.forget();
    let refused = |size: usize| {
        let run = look(&stack, &["--format", "json"]).ended(1);
        let run = run.complains(&["the log contradicts itself", "stays as it was"]);
        let report = run.json();
        assert_eq!(report["contradiction"]["before"], before["checkpoint"]);
        let now = report["contradiction"]["now"].as_str().unwrap();
        assert_eq!(now.lines().nth(1), Some(size.to_string().as_str()));
        // What is remembered is the evidence.
        assert_eq!(state(&stack), before);
    };
    // Smaller, of the same size, and grown from another past.
    sign(&stack, "4.0");
    refused(1);
    sign(&stack, "5.0");
    sign(&stack, "6.0");
    refused(3);
    sign(&stack, "7.0");
    refused(4);
    let run = look(&stack, &[]).ended(1);
    run.says(&["it signed before", "it signed now", "Keep both notes"]);
}

#[test]
fn what_is_remembered_must_be_of_the_same_log_and_identity() {
    let stack = Stack::start();
    sign(&stack, "1.0");
    look(&stack, &[]).ended(1);
    let path = stack.path().join("state.json");
    let state = fs::read_to_string(&path).unwrap();
    let with = |from: &str, to: &str| {
        assert!(state.contains(from), "{state}");
        fs::write(&path, state.replacen(from, to, 1)).unwrap();
        look(&stack, &[]).ended(2)
    };
    with(IDENTITY, "https://github.com/other/*")
        .complains(&["the state is of the identity https://github.com/other/*"]);
    with("/trust/rekor1\"", "/trust/rekor2\"").complains(&["the state is of the log"]);
    with("\"version\": 1", "\"version\": 2")
        .complains(&["expected a state of version 1, found 2", "move it away"]);
    with("\"size\": 1", "\"size\": 3").complains(&["the state contradicts itself"]);
    fs::write(&path, "{").unwrap();
    look(&stack, &[]).ended(2);
    let elsewhere = [
        "trust",
        "monitor",
        "--trusted-root",
        "root.json",
        "--log",
        "https://elsewhere.example",
        "--identity",
        "*",
    ];
    stack
        .run(&elsewhere)
        .ended(2)
        .complains(&["no trust root here has a key of a log at https://elsewhere.example"]);
}

#[test]
fn each_kind_of_log_is_followed_and_remembered_on_its_own() {
    let stack = Stack::start();
    sign(&stack, "1.0");
    for (name, size) in [("rekor1", 1), ("rekor2", 0), ("ct", 1)] {
        let log = stack.url(&format!("/trust/{name}"));
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
        let home = stack.path().to_str().unwrap();
        let run = stack.run_with(&[("XDG_STATE_HOME", home)], &words).ended(0);
        let report = run.json();
        assert_eq!(report["size"], size);
        let state = report["state"].as_str().unwrap();
        assert!(state.starts_with(home) && Path::new(state).is_file());
    }
}

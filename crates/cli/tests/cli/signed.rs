//! `sign`, `bundle sign` and `trust monitor` against a private stack: what it gives is verified, and by others too.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::private_index::{ISSUER, SIGNER, Stack};
use crate::run::shape;

const EXPECTED: [&str; 6] = [
    "--identity",
    SIGNER,
    "--issuer",
    ISSUER,
    "--trusted-root",
    "root.json",
];

fn sidecar(stack: &Stack, name: &str) -> Value {
    let path = stack.path().join(format!("{name}.publish.attestation"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_release_is_signed_with_one_certificate_and_verifies() {
    let stack = Stack::start();
    let versions = ["1.0", "1.1", "1.2", "1.3", "1.4"];
    let names: Vec<String> = versions.iter().map(|it| stack.wheel(it).1).collect();
    let mut words: Vec<&str> = names.iter().map(String::as_str).collect();
    words.extend(["--format", "json"]);
    let run = stack.sign(&words).ended(0);
    assert_json_snapshot!("signed", shape(&run.json()));
    let certificates: BTreeSet<String> = names
        .iter()
        .map(|name| sidecar(&stack, name)["verification_material"]["certificate"].to_string())
        .collect();
    assert_eq!(certificates.len(), 1);
    let mut words = vec!["verify"];
    words.extend(names.iter().map(String::as_str));
    stack.run(&[&words[..], &EXPECTED].concat()).ended(0);
    // Once more, with one file that is new: the others stay as they are.
    let first = sidecar(&stack, &names[0]);
    let (_, new) = stack.wheel("2.0");
    stack.sign(&[&names[0], &new]).ended(0).says(&[
        &format!("{}.publish.attestation: was there, and holds", names[0]),
        &format!("{new}.publish.attestation: signed, logged and verified"),
        SIGNER,
    ]);
    assert_eq!(sidecar(&stack, &names[0]), first);
    // All are there: nobody needs a token.
    fs::remove_file(stack.path().join("token.jwt")).unwrap();
    stack.sign(&[&new]).ended(0).says(&["was there, and holds"]);
}

#[test]
fn rekor_v2_and_its_timestamp_are_there_for_those_who_ask() {
    let stack = Stack::start();
    let (_, name) = stack.wheel("1.0");
    let run = stack.sign(&[&name, "--rekor-version", "2"]).ended(0);
    run.says(&["/trust/rekor2", "/trust/tsa"]);
    let material = sidecar(&stack, &name)["verification_material"].clone();
    assert_eq!(
        material["transparency_entries"][0]["kindVersion"],
        json!({"kind": "hashedrekord", "version": "0.0.2"})
    );
    assert_eq!(material["timestamps"].as_array().unwrap().len(), 1);
    stack
        .run(&[&["verify", &name], &EXPECTED[..]].concat())
        .ended(0);
}

#[test]
fn the_two_halves_of_a_configuration_and_the_trust_store_name_an_instance_too() {
    let stack = Stack::start();
    let (_, name) = stack.wheel("1.0");
    let by = [
        "sign",
        &name,
        "--identity-token-file",
        "token.jwt",
        "--replace",
    ];
    let halves = [
        "--signing-config",
        "signing_config.json",
        "--trusted-root",
        "root.json",
    ];
    stack.run(&[&by[..], &halves].concat()).ended(0);
    let import = [
        "trust",
        "import",
        "--trust",
        "store",
        "--name",
        "acme",
        "--projects",
        "demo",
        "trust_config.json",
    ];
    stack.run(&import).ended(0);
    stack
        .run(&[&by[..], &["--trust", "store"]].concat())
        .ended(0)
        .says(&["trust domain acme"]);
}

#[test]
fn what_the_authority_refuses_is_told_in_its_words_and_nothing_is_written() {
    let stack = Stack::start();
    let (_, name) = stack.wheel("1.0");
    let refused = |audience: &str, claims: Value, words: &str| {
        stack.token(audience, &claims);
        stack
            .sign(&[&name])
            .ended(1)
            .complains(&["the certificate authority at", words]);
        let sidecar = stack.path().join(format!("{name}.publish.attestation"));
        assert!(!sidecar.exists());
    };
    refused("pypi", json!({}), "audience");
    let other = json!({"repository": "other/demo", "workflow_ref": "other/demo/.github/workflows/release.yml@refs/tags/v1.0",
        "job_workflow_ref": "other/demo/.github/workflows/release.yml@refs/tags/v1.0"});
    refused("sigstore", other, "status 403");
}

#[test]
fn services_are_not_believed_because_they_were_asked() {
    let stack = Stack::start();
    let (_, name) = stack.wheel("1.0");
    // The services of one stack, and the root of another.
    let other = Stack::start();
    fs::copy(
        other.path().join("root.json"),
        stack.path().join("other.json"),
    )
    .unwrap();
    for version in ["1", "2"] {
        let words = [
            "sign",
            &name,
            "--signing-config",
            "signing_config.json",
            "--trusted-root",
            "other.json",
            "--identity-token-file",
            "token.jwt",
            "--rekor-version",
            version,
        ];
        stack
            .run(&words)
            .ended(3)
            .complains(&["what the services returned does not verify"]);
    }
    let sidecar = stack.path().join(format!("{name}.publish.attestation"));
    assert!(!sidecar.exists());
    // What somebody else signed is not published under this run's name.
    stack.sign(&[&name]).ended(0);
    let branch = json!({"workflow_ref": "acme/demo/.github/workflows/release.yml@refs/heads/main",
        "job_workflow_ref": "acme/demo/.github/workflows/release.yml@refs/heads/main", "ref": "refs/heads/main"});
    stack.token("sigstore", &branch);
    let (_, second) = stack.wheel("2.0");
    stack
        .sign(&[&name, &second])
        .ended(1)
        .complains(&["has an attestation by", "--replace"]);
    stack.sign(&[&name, &second, "--replace"]).ended(0);
}

#[test]
fn a_job_signs_by_what_its_environment_says() {
    let stack = Stack::start();
    let (_, name) = stack.wheel("1.0");
    let token = fs::read_to_string(stack.path().join("token.jwt")).unwrap();
    let words = [
        "sign",
        &name,
        "--trust-config",
        "trust_config.json",
        "--replace",
    ];
    for variables in [
        [("GITLAB_CI", "true"), ("SIGSTORE_ID_TOKEN", token.as_str())],
        [("CI", "true"), ("SIGSTORE_ID_TOKEN", token.as_str())],
    ] {
        stack.run_with(&variables, &words).ended(0);
    }
    stack
        .run_with(&[("GITHUB_ACTIONS", "true")], &words)
        .ended(2)
        .complains(&["id-token: write"]);
}

#[test]
fn bundles_are_signed_and_verified_by_both_kinds_of_log() {
    let stack = Stack::start();
    fs::write(stack.path().join("artifact"), b"any artifact").unwrap();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "artifact", "digest": {"sha256": touchplate_attest::Sha256::of(b"any artifact")}}],
        "predicateType": "https://example.com/predicate/v1",
        "predicate": {"a": 1},
    });
    fs::write(stack.path().join("statement"), statement.to_string()).unwrap();
    let verify = [
        "bundle",
        "verify",
        "--trusted-root",
        "root.json",
        "--certificate-identity",
        SIGNER,
        "--certificate-oidc-issuer",
        ISSUER,
        "--bundle",
        "bundle.json",
        "artifact",
    ];
    for (what, version) in [
        (&["artifact"][..], "1"),
        (&["artifact"], "2"),
        (&["--in-toto", "statement"], "1"),
        (&["--in-toto", "statement"], "2"),
    ] {
        let sign = [
            "bundle",
            "sign",
            "--trust-config",
            "trust_config.json",
            "--identity-token-file",
            "token.jwt",
            "--bundle",
            "bundle.json",
            "--rekor-version",
            version,
        ];
        stack.run(&[&sign[..], what].concat()).ended(0);
        stack.run(&verify).ended(0);
    }
    let sign = [
        "bundle",
        "sign",
        "--trust-config",
        "trust_config.json",
        "--identity-token-file",
        "token.jwt",
        "--bundle",
        "bundle.json",
        "--in-toto",
        "artifact",
    ];
    stack
        .run(&sign)
        .ended(2)
        .complains(&["is not an in-toto statement"]);
}

#[test]
fn the_conformance_client_signs_what_it_verifies() {
    let stack = Stack::start();
    fs::write(stack.path().join("artifact"), b"any artifact").unwrap();
    let token = fs::read_to_string(stack.path().join("token.jwt")).unwrap();
    let client = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/conformance/client"
    );
    let run = |words: &[&str]| {
        let mut command = Command::new(client);
        command
            .current_dir(stack.path())
            .env("TOUCHPLATE_BIN", env!("CARGO_BIN_EXE_touchplate"))
            .args(words);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    let sign = [
        "sign-bundle",
        "--identity-token",
        &token,
        "--signing-config",
        "signing_config.json",
        "--trusted-root",
        "root.json",
        "--bundle",
        "bundle.json",
        "artifact",
    ];
    assert_eq!(run(&sign), (Some(0), String::new()));
    let verify = |identity: &str| {
        run(&[
            "verify-bundle",
            "--bundle",
            "bundle.json",
            "--certificate-identity",
            identity,
            "--certificate-oidc-issuer",
            ISSUER,
            "--trusted-root",
            "root.json",
            "artifact",
        ])
    };
    assert_eq!(verify(SIGNER).0, Some(0));
    assert_eq!(verify("https://example.com/other").0, Some(1));
    assert_eq!(
        run(&["sign-bundle", "--bundle", "b", "artifact"]).0,
        Some(2)
    );
}

/// One look at a log of the stack.
fn look(stack: &Stack, log: &str) -> crate::run::Run {
    let state = format!("{log}.state");
    let words = [
        "trust",
        "monitor",
        "--trusted-root",
        "root.json",
        "--log",
        &stack.url(&format!("/trust/{log}")),
        "--identity",
        "https://github.com/acme/*",
        "--index",
        &stack.url("/simple/"),
        "--state",
        &state,
        "--format",
        "json",
    ];
    stack.run(&words)
}

#[test]
fn whoever_signs_with_a_stolen_token_is_seen_in_the_certificate_log_and_in_the_log_of_signatures() {
    let stack = Stack::start();
    let upload = stack.publisher();
    for version in ["1.0", "1.1"] {
        let (wheel, name) = stack.wheel(version);
        stack.sign(&[&name]).ended(0);
        stack.upload(&upload, &wheel);
    }
    for (log, entries) in [("rekor1", 2), ("ct", 2), ("rekor2", 0)] {
        let report = look(&stack, log).ended(0).json();
        assert_eq!(report["accounted"], entries, "{log}");
        assert_eq!(report["files"], 2);
    }
    // The token of a job, in the wrong hands: signed, and never uploaded.
    let (_, name) = stack.wheel("6.6.6");
    stack.sign(&[&name]).ended(0);
    for log in ["rekor1", "ct"] {
        let report = look(&stack, log).ended(1).json();
        assert_eq!(report["size_before"], 2);
        let unaccounted = report["unaccounted"].as_array().unwrap();
        assert_eq!(unaccounted.len(), 1, "{log}: {report:#}");
        assert_eq!(unaccounted[0]["san"], SIGNER);
        assert_eq!(unaccounted[0]["issuer"], ISSUER);
    }
    // Where only a certificate was taken, the certificate log alone has it.
    let (_, name) = stack.wheel("6.6.7");
    stack.sign(&[&name, "--rekor-version", "2"]).ended(0);
    assert_eq!(
        look(&stack, "rekor2").ended(1).json()["unaccounted"][0]["index"],
        0
    );
    let unaccounted = look(&stack, "ct").ended(1).json()["unaccounted"].clone();
    assert_eq!(unaccounted.as_array().unwrap().len(), 2);
}

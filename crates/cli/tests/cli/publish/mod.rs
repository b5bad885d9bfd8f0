//! `publish` against a private index with its own trust stack: what it says before it sends, what it sends, what it refuses.

mod bound;
mod odd;

use std::fs;

use serde_json::{Value, json};
use touchplate_testkit::sample;

use crate::private_index::{ISSUER, SIGNER, Stack};
use crate::run::Run;

/// `touchplate publish` by the two tokens.
fn publish(stack: &Stack, words: &[&str]) -> Run {
    let index = stack.url("/legacy/");
    let by = [
        "publish",
        "--index",
        &index,
        "--trust-config",
        "trust_config.json",
        "--identity-token-file",
        "token.jwt",
        "--index-token-file",
        "index.jwt",
    ];
    stack.run(&[&by[..], words].concat())
}

/// A stack with a publisher for the job whose tokens are there.
fn stack() -> Stack {
    let stack = Stack::start();
    stack.publisher();
    stack.index_token(&json!({}));
    stack
}

fn verify(stack: &Stack, release: &str) -> Run {
    let simple = stack.url("/simple/");
    let words = ["verify", release, "--index", &simple];
    let expected = [
        "--identity",
        SIGNER,
        "--issuer",
        ISSUER,
        "--trusted-root",
        "root.json",
    ];
    stack.run(&[&words[..], &expected].concat())
}

#[test]
fn a_release_is_planned_published_verified_and_published_again_as_the_same() {
    let stack = stack();
    let (_, name) = stack.wheel("1.0");
    let planned = publish(&stack, &[&name, "--dry-run"]).ended(0);
    planned.says(&[&format!("{name}: new"), "would publish", "no release"]);
    let (status, _) = stack.fetch("/simple/demo/");
    assert_eq!(status, 200);
    publish(&stack, &[&name]).ended(0).says(&[
        &format!("{name}: published, with its publish and index attestations"),
        SIGNER,
        "listed at",
    ]);
    verify(&stack, "demo==1.0").ended(0);
    // Nothing is left to do, so that no new token is needed to say so: each serves once.
    publish(&stack, &[&name])
        .ended(0)
        .says(&["is there, byte for byte"]);
}

#[test]
fn a_release_worse_than_the_last_one_is_not_published_unless_that_is_meant() {
    let stack = stack();
    let token = stack.run(&[
        "--data", "index", "admin", "token", "create", "--user", "alice",
    ]);
    fs::write(stack.path().join("token"), token.ended(0).stdout).unwrap();
    let (_, first) = stack.wheel("1.0");
    publish(&stack, &[&first]).ended(0);
    let (_, second) = stack.wheel("1.1");
    let index = stack.url("/legacy/");
    let by_token = [
        "publish",
        "--index",
        &index,
        "--token-file",
        "token",
        &second,
    ];
    stack
        .run(&[&by_token[..], &["--no-attestations"]].concat())
        .ended(1)
        .complains(&[
            "release 1.0 is attested by",
            "would not be",
            "--allow-downgrade",
        ]);
    let other = json!({"workflow_ref": "acme/demo/.github/workflows/other.yml@refs/tags/v1.0",
        "job_workflow_ref": "acme/demo/.github/workflows/other.yml@refs/tags/v1.0"});
    stack.token("sigstore", &other);
    stack.index_token(&json!({}));
    publish(&stack, &[&second])
        .ended(1)
        .complains(&["by somebody else", "--allow-new-identity"]);
    // Allowed here; the index has its own opinion of whose attestations it takes.
    publish(&stack, &[&second, "--allow-new-identity"])
        .ended(1)
        .complains(&["which is no publisher of `demo`"]);
    stack
        .run(&[&by_token[..], &["--no-attestations", "--allow-downgrade"]].concat())
        .ended(0)
        .says(&["as allowed", "published"]);
}

#[test]
fn what_lies_beside_a_file_is_verified_before_anything_is_sent() {
    let stack = stack();
    let (_, name) = stack.wheel("1.0");
    let (_, other) = stack.wheel("1.1");
    stack.sign(&[&name, &other]).ended(0);
    let sidecar = |name: &str, kind: &str| stack.path().join(format!("{name}.{kind}.attestation"));
    // Made in an earlier step by the same identity: it is sent as it is.
    publish(&stack, &[&name])
        .ended(0)
        .says(&["with its index and publish attestations"]);
    verify(&stack, "demo==1.0").ended(0);
    stack.index_token(&json!({}));
    let refused = |words: &[&str]| {
        publish(&stack, &[&other])
            .ended(1)
            .complains(words)
            .complains(&["nothing was sent"]);
    };
    let good = fs::read_to_string(sidecar(&other, "publish")).unwrap();
    fs::copy(sidecar(&name, "publish"), sidecar(&other, "publish")).unwrap();
    refused(&["does not hold for", "is about the file demo-1.0"]);
    let mut damaged: Value = serde_json::from_str(&good).unwrap();
    damaged["envelope"]["signature"] = "AAAA".into();
    fs::write(sidecar(&other, "publish"), damaged.to_string()).unwrap();
    refused(&["does not hold for"]);
    fs::write(sidecar(&other, "publish"), "{}").unwrap();
    refused(&["is not an attestation"]);
    fs::write(sidecar(&other, "publish"), &good).unwrap();
    fs::write(sidecar(&other, "again"), &good).unwrap();
    refused(&["are attestations of the same type"]);
    fs::remove_file(sidecar(&other, "again")).unwrap();
    // The signer is another stack's.
    let stranger = Stack::start();
    fs::copy(
        stranger.path().join("trust_config.json"),
        stack.path().join("other.json"),
    )
    .unwrap();
    let index = stack.url("/legacy/");
    let words = [
        "publish",
        "--index",
        &index,
        "--trust-config",
        "other.json",
        "--identity-token-file",
        "token.jwt",
        "--index-token-file",
        "index.jwt",
        &other,
    ];
    stack
        .run(&words)
        .ended(1)
        .complains(&["the trust root does not have", "--trust-config"]);
    publish(&stack, &[&other]).ended(0);
}

#[test]
fn files_that_are_no_distributions_or_not_what_they_say_are_refused_first() {
    let stack = stack();
    let (_, name) = stack.wheel("1.0");
    let refused = |file: &str, bytes: &[u8], status: i32, words: &[&str]| {
        fs::write(stack.path().join(file), bytes).unwrap();
        publish(&stack, &[&name, file])
            .ended(status)
            .complains(words);
    };
    refused(
        "notes.txt",
        b"hello",
        2,
        &["not the name of a wheel or sdist"],
    );
    refused(
        "demo-1.0.tar.gz",
        b"hello",
        1,
        &["`demo-1.0.tar.gz` would be refused", "nothing was sent"],
    );
    let other = sample::wheel("other", "1.0");
    let named = sample::wheel("demo", "3.0").archive_says("Name", "other");
    refused(
        "demo-3.0-py3-none-any.whl",
        &named.bytes(),
        1,
        &["`demo-3.0-py3-none-any.whl` would be refused", "other"],
    );
    fs::remove_file(stack.path().join("demo-3.0-py3-none-any.whl")).unwrap();
    refused(
        "demo-2.0-py3-none-any.whl",
        &other.bytes(),
        1,
        &["`demo-2.0-py3-none-any.whl` would be refused"],
    );
    let (status, page) = stack.fetch("/simple/demo/");
    assert!(status == 200 && !page.contains("whl"), "{page}");
}

#[test]
fn who_is_refused_learns_why() {
    let stack = stack();
    let (_, name) = stack.wheel("1.0");
    stack.token_as("index.jwt", "another-index", &json!({}));
    publish(&stack, &[&name]).ended(1).complains(&[
        "the index wants ID tokens for the audience index-",
        "another-index",
    ]);
    stack.index_token(&json!({"exp": 1_000_000_000}));
    publish(&stack, &[&name])
        .ended(1)
        .complains(&["the ID token", "this machine's clock"]);
    let bare = ["publish", &name, "--index", &stack.url("/legacy/")];
    stack
        .run(&bare)
        .ended(2)
        .complains(&["neither a credential", "docs/guide/publish.md"]);
    stack
        .run(&["publish", &name])
        .ended(2)
        .complains(&["nothing says which index"]);
    let both = [("GITHUB_ACTIONS", "true"), ("BUILDKITE", "true")];
    stack
        .run_with(&both, &bare)
        .ended(2)
        .complains(&["GitHub Actions and of Buildkite"]);
}

#[test]
fn the_report_is_json() {
    let stack = stack();
    let (_, name) = stack.wheel("1.0");
    let run = publish(&stack, &[&name, "--format", "json"]).ended(0);
    insta::assert_json_snapshot!("published", crate::run::shape(&run.json()));
    let file = &run.json()["files"][0];
    assert_eq!(
        (&file["before"], &file["outcome"]),
        (&json!("new"), &json!("published"))
    );
}

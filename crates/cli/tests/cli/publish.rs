//! `publish` against a private index with its own trust stack: what it says before it sends, what it sends, what it refuses.

use serde_json::json;

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
        &format!("{name}: published, with its publish attestation"),
        SIGNER,
        "listed at",
    ]);
    verify(&stack, "demo==1.0").ended(0);
    // Nothing is left to do, so that no new token is needed to say so: each serves once.
    publish(&stack, &[&name])
        .ended(0)
        .says(&["is there, byte for byte"]);
}

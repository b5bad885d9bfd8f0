//! `touchplate publish` to an index that asks for attestations which name it.

use std::fs;

use serde_json::json;

use crate::private_index::Stack;
use crate::run::Run;

const TYPE: &str = "urn:touchplate:attestation:publish:v1";

/// A stack whose project takes nothing else.
fn stack() -> Stack {
    let stack = Stack::start();
    stack.publisher();
    let turn = [
        "--data",
        "index",
        "admin",
        "ratchet",
        "turn",
        "--project",
        "demo",
    ];
    stack
        .run(&[&turn[..], &["index-binding-required"]].concat())
        .ended(0);
    stack
}

/// With an ID token of its own: one serves once.
fn publish(stack: &Stack, words: &[&str]) -> Run {
    stack.index_token(&json!({}));
    super::publish(stack, words)
}

/// Everything that the index knows of a file.
fn known(stack: &Stack, filename: &str) -> String {
    let path = format!("/api/v1/projects/demo/1.0/{filename}/provenance");
    let (status, known) = stack.fetch(&path);
    assert_eq!(status, 200, "{known}");
    known
}

fn attestations_beside(stack: &Stack) -> Vec<String> {
    let entries = fs::read_dir(stack.path()).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    names
        .filter(|name| name.ends_with(".attestation"))
        .collect()
}

#[test]
fn a_release_is_signed_for_the_index_that_asks_for_it() {
    let stack = stack();
    let (_, name) = stack.wheel("1.0");
    publish(&stack, &[&name]).ended(0).says(&[&format!(
        "{name}: published, with its publish and index attestations"
    )]);
    assert!(known(&stack, &name).contains(TYPE));
    // Readers of provenance never see it, and it lies nowhere that other clients send it from.
    let (_, provenance) = stack.fetch(&format!("/integrity/demo/1.0/{name}/provenance"));
    assert_eq!(
        provenance.matches("\"statement\"").count(),
        1,
        "{provenance}"
    );
    assert!(attestations_beside(&stack).is_empty());
}

#[test]
fn an_attestation_made_elsewhere_is_sent_with_one_for_the_index() {
    let stack = stack();
    let (_, name) = stack.wheel("1.0");
    stack.sign(&[&name]).ended(0);
    publish(&stack, &[&name]).ended(0);
    assert!(known(&stack, &name).contains(TYPE));
    assert_eq!(attestations_beside(&stack).len(), 1);
}

#[test]
fn without_one_the_index_refuses() {
    let stack = stack();
    let (_, name) = stack.wheel("1.0");
    publish(&stack, &[&name, "--no-attestations"])
        .ended(1)
        .complains(&["attestation that names this index"]);
}

//! Servers verify again what is stored, when something else is believed than before.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use touchplate_trust::Domain;

use crate::private_index::Stack;
use crate::stored::Stored;

/// The review that `admin check` shows, once there is one that `wanted` is content with.
async fn reviewed(check: impl Fn() -> Value, wanted: impl Fn(&Value) -> bool) -> Value {
    // Minutes, on a loaded machine; a second, else.
    for _ in 0..600 {
        let review = check()["review"].clone();
        if review["ended_at"].is_string() && wanted(&review) {
            return review;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("there is no such review: {}", check());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_longer_verifies_after_a_root_was_replaced_is_reported_and_served_on() {
    let mut stored = Stored::start().await;
    let root = stored.server.config().trusted_root.clone().unwrap();
    let check = |stored: &Stored| stored.admin(&["check", "--format", "json"]).json();
    // The server began with nothing to look at, so the next one is the first that reviews.
    stored.server.stop().await;
    let again = stored.server.beside().await;
    let clean = reviewed(|| check(&stored), |_| true).await;
    assert_eq!(
        (&clean["attestations"], &clean["unsound"]),
        (&3.into(), &0.into())
    );
    drop(again);

    let kept = fs::read(&root).unwrap();
    let others = Domain::new("other.test", stored.server.now()).unwrap();
    fs::write(&root, others.trusted_root_json()).unwrap();
    let again = stored.server.beside().await;
    let believed = |review: &Value| review["believed"] != clean["believed"];
    let other = reviewed(|| check(&stored), believed).await;
    assert_eq!(
        (&other["attestations"], &other["unsound"]),
        (&3.into(), &3.into())
    );
    let listed: Vec<_> = other["listed"].as_array().unwrap().iter().collect();
    let files: Vec<_> = listed
        .iter()
        .map(|it| {
            (
                it["filename"].as_str().unwrap(),
                it["later"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        files,
        [
            ("demo-1.0-py3-none-any.whl", false),
            ("hidden-2.0-py3-none-any.whl", false),
            ("demo-1.0-py3-none-any.whl", true)
        ]
    );
    assert!(
        listed
            .iter()
            .all(|it| it["finding"] == "attestation-unverified"),
        "{listed:#?}"
    );
    stored.admin(&["check", "--fast"]).ended(1).says(&[
        "a server verified 3 attestations again at",
        "3 no longer held",
    ]);
    let provenance = again
        .get("/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance")
        .await;
    assert_eq!(provenance.status, 200);
    drop(again);

    fs::write(&root, kept).unwrap();
    let _again = stored.server.beside().await;
    let mended = reviewed(|| check(&stored), |review| review["unsound"] == 0).await;
    assert_eq!(mended["believed"], clean["believed"]);
    stored.admin(&["check"]).ended(0).says(&["all held"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_running_server_takes_up_make_it_look_again() {
    let stack = Stack::start();
    let token = stack.publisher();
    let (wheel, name) = stack.wheel("1.0");
    stack.sign(&[&name]).ended(0);
    stack.upload(&token, &wheel);
    let check = || {
        stack
            .run(&["--data", "index", "admin", "check", "--format", "json"])
            .ended(0)
            .json()
    };
    stack
        .run(&["trust", "rotate", "tsa", "--data", "index"])
        .ended(0);
    let first = reviewed(check, |review| review["attestations"] == 1).await;
    stack
        .run(&["trust", "rotate", "tsa", "--data", "index"])
        .ended(0);
    let second = reviewed(check, |review| review["believed"] != first["believed"]).await;
    assert_eq!(
        (&second["attestations"], &second["unsound"]),
        (&1.into(), &0.into())
    );
}

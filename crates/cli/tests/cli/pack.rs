//! `audit --write-pack` and `--from-pack`: the same verdicts with nobody to ask.

use std::path::Path;

use serde_json::Value;

use crate::audit::workflow;
use crate::paper_index::PaperIndex;
use crate::run::{Run, touchplate_with};

/// Runs it in a folder, with nothing from elsewhere.
fn apart(folder: &Path, words: &[&str]) -> Run {
    let nothing = [("HOME", "/nonexistent"), ("XDG_CACHE_HOME", "/nonexistent")];
    touchplate_with(folder, &nothing, words)
}

/// What of a report may not depend on where it was made.
fn verdicts(run: &Run) -> Value {
    run.json()["lockfiles"].clone()
}

fn index() -> PaperIndex {
    let mut index = PaperIndex::new();
    index.release("demo", "1.0", 1, Some(&workflow("example/demo", "1.0")));
    index.release("demo", "1.1", 2, Some(&workflow("example/demo", "1.1")));
    index.release("demo", "1.2", 3, None);
    index.release("bare", "1.0", 1, None);
    index.pylock(&["bare-1.0.tar.gz", "demo-1.1.tar.gz", "demo-1.2.tar.gz"]);
    index
}

#[test]
fn a_pack_has_everything_and_its_roots_are_believed_by_its_seal() {
    let index = index();
    let run = index
        .audit(
            &index.serve(),
            &["--write-pack", "audit.pack", "--format", "json"],
        )
        .ended(1);
    let seal = run.json()["pack"]["seal"].as_str().unwrap().to_owned();
    let elsewhere = tempfile::tempdir().unwrap();
    for file in ["audit.pack", "pylock.toml"] {
        std::fs::copy(index.path().join(file), elsewhere.path().join(file)).unwrap();
    }
    let from = [
        "audit",
        "pylock.toml",
        "--from-pack",
        "audit.pack",
        "--offline",
        "--format",
        "json",
    ];
    let again = apart(elsewhere.path(), &[&from[..], &["--seal", &seal]].concat()).ended(1);
    assert_eq!(verdicts(&again), verdicts(&run));
    assert_eq!(again.json()["signatures"], 1);
    assert_eq!(again.json()["pack"]["seal"], seal);
    // Without the seal it is this machine that says whom to believe.
    let unsealed = apart(elsewhere.path(), &from).ended(1);
    assert_eq!(
        verdicts(&unsealed)[0]["entries"][1]["reasons"][0]["finding"],
        "does-not-verify"
    );
    std::fs::copy(
        index.path().join("root.json"),
        elsewhere.path().join("root.json"),
    )
    .unwrap();
    let own = apart(
        elsewhere.path(),
        &[&from[..], &["--trusted-root", "root.json"]].concat(),
    )
    .ended(1);
    assert_eq!(verdicts(&own), verdicts(&run));
    // Another seal is another pack.
    let other = "0".repeat(64);
    apart(elsewhere.path(), &[&from[..], &["--seal", &other]].concat())
        .ended(1)
        .complains(&["it is another one"]);
}

#[test]
fn what_is_not_in_a_pack_is_told_and_damage_is_refused() {
    let index = index();
    index
        .audit(&index.serve(), &["--write-pack", "audit.pack"])
        .ended(1);
    let from = ["audit", "more.txt", "--from-pack", "audit.pack"];
    index.write(
        "more.txt",
        format!("other==1.0 --hash=sha256:{}\n", "0".repeat(64)),
    );
    index
        .run(&from)
        .ended(3)
        .says(&[
            "not-packed",
            "the pack has no page of `other`",
            "it is older than what is audited; write it anew with --write-pack",
            "1 cannot be told",
        ])
        .complains(&["or the pack has none, for 1 of the entries"]);
    let whole = std::fs::read(index.path().join("audit.pack")).unwrap();
    for damaged in [&whole[..whole.len() / 2], b"", b"no pack"] {
        std::fs::write(index.path().join("audit.pack"), damaged).unwrap();
        index
            .run(&from)
            .ended(2)
            .complains(&["`audit.pack` is no pack that can be used"]);
    }
    index
        .run(&["audit", "more.txt", "--from-pack", "absent.pack"])
        .ended(3);
    index
        .run(&["audit", "more.txt", "--seal", &"0".repeat(64)])
        .ended(2)
        .complains(&["--from-pack"]);
}

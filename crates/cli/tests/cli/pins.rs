//! `verify` by the pins of `touchplate.lock.toml`.

use std::fs;
use std::process::Stdio;

use jiff::Timestamp;
use touchplate_attest::Sha256;
use touchplate_trust::{Predicate, Workload};

use crate::run::command;
use crate::verify::{Case, NAME, PUBLISHER};

const LOCK: &str = "touchplate.lock.toml";

/// Writes `name` and its sidecar, by `who`.
fn release(case: &Case, name: &str, who: &Workload) {
    let bytes = format!("the bytes of {name}");
    let minted = case
        .domain
        .attest(
            who,
            name,
            &Sha256::of(bytes.as_bytes()),
            Predicate::Publish,
            Timestamp::now(),
        )
        .unwrap();
    case.write(name, bytes);
    case.write(&format!("{name}.publish.attestation"), minted);
}

fn workflow(repository: &str, tag: &str) -> Workload {
    Workload::github(repository, "release.yml", &format!("refs/tags/{tag}"))
}

fn lock(case: &Case) -> String {
    fs::read_to_string(case.path().join(LOCK)).unwrap()
}

#[test]
fn who_is_seen_first_is_pinned_and_expected_from_then_on() {
    let case = Case::new();
    release(&case, NAME, &workflow("example/sampleproject", "v1.0"));
    case.verify(&[NAME]).ended(1).says(&[
        "you did not say whom you expect",
        "--publisher",
        "--first-use",
    ]);
    assert!(!case.path().join(LOCK).exists());
    case.verify(&[NAME, "--first-use"]).ended(0).says(&[
        "verified",
        "GitHub workflow release.yml of example/sampleproject for sampleproject, in ",
    ]);
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let pinned = format!(
        r#"
[[project]]
name = "sampleproject"

[[project.identity]]
publisher = {{ kind = "GitHub", repository = "example/sampleproject", workflow = "release.yml" }}
repository-id = "123456"
owner-id = "654321"
first-seen = {{ version = "1.0", date = {today} }}
"#
    );
    assert!(lock(&case).ends_with(&pinned), "{}", lock(&case));
    let before = lock(&case);
    // Without a flag, and for the next release.
    case.verify(&[NAME]).ended(0);
    release(
        &case,
        "sampleproject-1.1.tar.gz",
        &workflow("example/sampleproject", "v1.1"),
    );
    let run = case
        .verify(&[
            "sampleproject-1.1.tar.gz",
            "--first-use",
            "--format",
            "json",
        ])
        .ended(0);
    assert_eq!(run.json()["files"][0]["pinned"], serde_json::json!([]));
    assert_eq!(
        run.json()["files"][0]["expected"]["pins"][0]["repository_id"],
        "123456"
    );
    assert_eq!(lock(&case), before);
    // A flag says it anew, whatever is pinned.
    case.verify(&[
        NAME,
        "--publisher",
        &PUBLISHER.replace("release.yml", "other.yml"),
    ])
    .ended(1);
    case.verify(&[NAME, "--publisher", PUBLISHER, "--first-use"])
        .ended(2);
}

#[test]
fn another_publisher_is_refused_and_both_are_shown() {
    let case = Case::new();
    release(&case, NAME, &workflow("example/sampleproject", "v1.0"));
    case.verify(&[NAME, "--first-use"]).ended(0);
    release(
        &case,
        "sampleproject-1.1.tar.gz",
        &workflow("mallory/sampleproject", "v1.1"),
    );
    let before = lock(&case);
    for more in [&["--first-use"] as &[&str], &[]] {
        case.verify(&[&["sampleproject-1.1.tar.gz"], more].concat())
            .ended(1)
            .says(&[
                "it is not by whom you expect",
                "expected GitHub workflow release.yml of example/sampleproject, as pinned; found GitHub workflow release.yml of mallory/sampleproject",
                "remove `sampleproject` from",
            ]);
    }
    assert_eq!(lock(&case), before);
    // One run over both: the first pins, and the second is held against that.
    fs::remove_file(case.path().join(LOCK)).unwrap();
    case.verify(&[".", "--first-use"]).ended(1).says(&[
        "✓ sampleproject-1.0.tar.gz: verified",
        "✗ sampleproject-1.1.tar.gz: not verified",
    ]);
}

#[test]
fn a_name_that_means_somebody_else_now_is_refused() {
    let case = Case::new();
    release(&case, NAME, &workflow("example/sampleproject", "v1.0"));
    case.verify(&[NAME, "--first-use"]).ended(0);
    let mut anew = workflow("example/sampleproject", "v1.1");
    anew.claims.source_repository_id = Some("999".to_owned());
    release(&case, "sampleproject-1.1.tar.gz", &anew);
    case.verify(&["sampleproject-1.1.tar.gz"]).ended(1).says(&[
        "is not who was pinned under that name",
        "repository id 123456 of owner id 654321",
        "repository id 999",
    ]);
    let mut sold = workflow("example/sampleproject", "v1.2");
    sold.claims.source_repository_owner_id = Some("777".to_owned());
    release(&case, "sampleproject-1.2.tar.gz", &sold);
    case.verify(&["sampleproject-1.2.tar.gz"])
        .ended(1)
        .says(&["owner id 777"]);
    let mut silent = workflow("example/sampleproject", "v1.3");
    silent.claims.source_repository_id = None;
    release(&case, "sampleproject-1.3.tar.gz", &silent);
    case.verify(&["sampleproject-1.3.tar.gz"])
        .ended(1)
        .says(&["repository id none"]);
}

#[test]
fn what_does_not_hold_is_not_pinned() {
    let case = Case::new();
    release(&case, NAME, &workflow("example/sampleproject", "v1.0"));
    case.write(&format!("{NAME}.other.attestation"), "{}");
    case.verify(&[NAME, "--first-use"]).ended(1);
    case.write("other-1.0.tar.gz", "x");
    case.verify(&["other-1.0.tar.gz", "--first-use"]).ended(1);
    assert!(!case.path().join(LOCK).exists());
}

#[test]
fn a_person_is_pinned_by_name() {
    let case = Case::new();
    release(
        &case,
        NAME,
        &Workload::email("alice@example.org", "https://id.example"),
    );
    case.verify(&[NAME, "--first-use"]).ended(0);
    assert!(lock(&case).contains("san = \"alice@example.org\"\nissuer = \"https://id.example\"\n"));
    case.verify(&[NAME]).ended(0);
    release(
        &case,
        NAME,
        &Workload::email("alice@example.org", "https://evil.example"),
    );
    case.verify(&[NAME])
        .ended(1)
        .says(&["(vouched for by https://evil.example)"]);
}

#[test]
fn the_file_is_named_or_found_and_read_strictly() {
    let case = Case::new();
    release(&case, NAME, &workflow("example/sampleproject", "v1.0"));
    case.verify(&[NAME, "--lock", "pins.toml"])
        .ended(2)
        .complains(&["there is no `pins.toml`", "--first-use"]);
    case.verify(&[NAME, "--lock", "pins.toml", "--first-use"])
        .ended(0);
    case.verify(&[NAME, "--lock", "pins.toml"]).ended(0);
    case.verify(&[NAME]).ended(1);
    case.write(LOCK, "version = 2");
    case.verify(&[NAME])
        .ended(2)
        .complains(&["expected version 1, found 2", "docs/guide/pins.md"]);
    case.write(LOCK, "version = 1\n[[project]]\nname = 'x'\nnote = 'y'");
    case.verify(&[NAME]).ended(2).complains(&["cannot be used"]);
    // It does not matter to those who say whom they expect.
    case.verify(&[NAME, "--publisher", PUBLISHER]).ended(0);
}

#[test]
fn processes_that_pin_at_once_lose_nothing() {
    let case = Case::new();
    let names: Vec<String> = (0..6).map(|at| format!("p{at}-1.0.tar.gz")).collect();
    for name in &names {
        release(&case, name, &workflow("example/sampleproject", "v1.0"));
    }
    let running: Vec<_> = names
        .iter()
        .map(|name| {
            command()
                .current_dir(case.path())
                .args(["verify", "--trusted-root", "root.json", "--first-use", name])
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in running {
        assert!(child.wait().unwrap().success());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    case.verify(&names).ended(0);
}

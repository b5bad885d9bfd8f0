//! `lock annotate` and `lock check`; and `audit` of what they wrote.

use touchplate_trust::Workload;

use crate::audit::{findings, workflow};
use crate::paper_index::PaperIndex;

const IDENTITY: &str = r#"attestation-identities = [{ kind = "GitHub", repository = "example/demo", workflow = "release.yml" }]"#;

fn by_demo(version: &str) -> Workload {
    workflow("example/demo", version)
}

/// `demo` 1.0 and 1.1 by its workflow, and `bare` without provenance.
fn index() -> PaperIndex {
    let mut index = PaperIndex::new();
    index.release("demo", "1.0", 1, Some(&by_demo("1.0")));
    index.release("demo", "1.1", 2, Some(&by_demo("1.1")));
    index.release("bare", "1.0", 1, None);
    index.pylock(&["bare-1.0.tar.gz", "demo-1.1.tar.gz"]);
    index
}

#[test]
fn identities_are_written_in_place_on_first_use_and_enforced() {
    let index = index();
    let url = index.serve();
    let before = format!("# Mine.\n{}", index.read("pylock.toml"));
    index.write("pylock.toml", &before);
    let annotate = ["lock", "annotate", "pylock.toml", "--index", &url];
    let check = ["lock", "check", "pylock.toml", "--index", &url];
    // Nobody is written down yet.
    index
        .run(&check)
        .ended(1)
        .says(&["Attested, and nobody is pinned (1)"]);
    index.run(&annotate).ended(0).says(&[
        "Recorded on first use (1)",
        "demo 1.1 (line 13): GitHub workflow release.yml of example/demo",
        "Nobody to record",
        "first use is a leap",
    ]);
    let after = index.read("pylock.toml");
    assert_eq!(after.replace(&format!("{IDENTITY}\n"), ""), before);
    index.run(&check).ended(0).says(&["✓ demo 1.1"]);
    index
        .run(&["audit", "pylock.toml", "--index", &url])
        .ended(0)
        .says(&["1 verified"]);
    // Again changes nothing.
    index.run(&annotate).ended(0).says(&["As recorded (1)"]);
    assert_eq!(index.read("pylock.toml"), after);
}

#[test]
fn somebody_else_is_shown_and_written_only_when_asked_to() {
    let index = index();
    let url = index.serve();
    index
        .run(&["lock", "annotate", "pylock.toml", "--index", &url])
        .ended(0);
    let theirs = index
        .read("pylock.toml")
        .replace("example/demo", "mallory/demo");
    index.write("pylock.toml", &theirs);
    let check = ["lock", "check", "pylock.toml", "--index", &url];
    let annotate = ["lock", "annotate", "pylock.toml", "--index", &url];
    let run = index
        .run(&[&check[..], &["--format", "json"]].concat())
        .ended(1);
    assert_eq!(
        findings(&run.json(), 1),
        ["not-recorded", "recorded-unattested", "unpinned"]
    );
    index.run(&annotate).ended(1).says(&[
        "Somebody else is recorded: left as they are (1)",
        "old              GitHub workflow release.yml of mallory/demo",
        "new              GitHub workflow release.yml of example/demo",
        "--replace",
    ]);
    assert_eq!(index.read("pylock.toml"), theirs);
    let run = index
        .run(&[&annotate[..], &["--replace", "--format", "json"]].concat())
        .ended(0);
    let report = run.json();
    assert_eq!(report["written"], true);
    assert_eq!(report["entries"][1]["outcome"], "replaced");
    assert_eq!(report["entries"][1]["old"][0]["repository"], "mallory/demo");
    assert_eq!(report["entries"][0]["outcome"], "nobody");
    assert!(index.read("pylock.toml").contains(IDENTITY));
    index.run(&check).ended(0);
}

#[test]
fn what_is_wrong_is_not_written_down() {
    let mut index = index();
    index.release("demo", "1.2", 3, Some(&workflow("mallory/demo", "1.2")));
    index.release("demo", "1.3", 4, None);
    index.pylock(&["demo-1.2.tar.gz", "demo-1.3.tar.gz"]);
    let before = index.read("pylock.toml");
    let url = index.serve();
    index
        .run(&["lock", "annotate", "pylock.toml", "--index", &url])
        .ended(1)
        .says(&[
            "Something is wrong: nothing is written of these (2)",
            "changed",
            "lost",
        ]);
    assert_eq!(index.read("pylock.toml"), before);
    // What is recorded and no longer there.
    let recorded = before.replace(
        "version = \"1.3\"\n",
        &format!("version = \"1.3\"\n{IDENTITY}\n"),
    );
    index.write("pylock.toml", recorded);
    let run = index
        .run(&[
            "lock",
            "check",
            "pylock.toml",
            "--index",
            &url,
            "--format",
            "json",
        ])
        .ended(1);
    assert_eq!(findings(&run.json(), 1), ["lost", "recorded-unattested"]);
    // Nobody answers: that is no change of who it is.
    let nobody = "http://127.0.0.1:1/simple/";
    index.pylock(&["demo-1.1.tar.gz"]);
    index
        .run(&["lock", "annotate", "pylock.toml", "--index", nobody])
        .ended(3);
    index
        .run(&["lock", "check", "pylock.toml", "--index", nobody])
        .ended(3);
}

#[test]
fn other_lockfiles_are_pinned_beside_them() {
    let index = index();
    let url = index.serve();
    let sha256 = crate::paper_index::digest("demo-1.1.tar.gz");
    index.write(
        "requirements.txt",
        format!("demo==1.1 --hash=sha256:{sha256}\n"),
    );
    let before = index.read("requirements.txt");
    let check = ["lock", "check", "requirements.txt", "--index", &url];
    index.run(&check).ended(1);
    index
        .run(&["lock", "annotate", "requirements.txt", "--index", &url])
        .ended(0)
        .says(&[
            "pinned now",
            "GitHub workflow release.yml of example/demo for demo",
        ]);
    assert_eq!(index.read("requirements.txt"), before);
    assert!(index.read("touchplate.lock.toml").contains("example/demo"));
    index.run(&check).ended(0);
}

#[test]
fn the_same_name_with_other_numbers_is_not_whom_the_lockfile_records() {
    let mut index = index();
    let mut anew = by_demo("1.2");
    anew.claims.source_repository_id = Some("999".to_owned());
    index.release("demo", "1.2", 3, Some(&anew));
    index.pylock(&["demo-1.2.tar.gz"]);
    let recorded = index.read("pylock.toml");
    let recorded = recorded.replace(
        "version = \"1.2\"\n",
        &format!("version = \"1.2\"\n{IDENTITY}\n"),
    );
    index.write("pylock.toml", recorded);
    let words = [
        "lock",
        "check",
        "pylock.toml",
        "--format",
        "json",
        "--index",
        &index.serve(),
    ];
    let run = index.run(&words).ended(1);
    assert_eq!(findings(&run.json(), 0), ["renumbered"]);
}

//! Incidents of `reference/clients.md` §5 that a client can see, as `audit` decides them; each with a benign neighbour.

use jiff::Timestamp;
use touchplate_trust::Workload;

use crate::audit::{findings, workflow};
use crate::paper_index::PaperIndex;

const REPOSITORY: &str = "example/demo";

fn by_demo(version: &str) -> Workload {
    workflow(REPOSITORY, version)
}

/// Audits this release of `demo` alone: the exit status, and what was found.
#[track_caller]
fn audit(index: &PaperIndex, version: &str) -> (i32, Vec<String>) {
    index.pylock(&[&format!("demo-{version}.tar.gz")]);
    let run = index.audit(&index.serve(), &["--format", "json"]);
    (run.status, findings(&run.json(), 0))
}

fn ended(status: i32, found: &[&str]) -> (i32, Vec<String>) {
    (status, found.iter().map(|&it| it.to_owned()).collect())
}

fn accepted(finding: &str, version: &str, until: &str) -> String {
    format!(
        "version = 1\n\n[[project]]\nname = \"demo\"\n\n[[project.accepted]]\nfinding = \"{finding}\"\n\
         version = \"{version}\"\nreason = \"released by hand\"\nuntil = {until}\n"
    )
}

/// S2, Ultralytics 8.3.45: a leftover token, and no attestation where there always was one.
#[test]
fn s2_a_release_by_a_leftover_token_has_lost_its_provenance() {
    let mut index = PaperIndex::new();
    for (version, day) in [("8.3.43", 1), ("8.3.44", 2)] {
        index.release("demo", version, day, Some(&by_demo(version)));
    }
    index.release("demo", "8.3.45", 3, None);
    index.release("demo", "8.3.46", 4, Some(&by_demo("8.3.46")));
    assert_eq!(audit(&index, "8.3.45"), ended(1, &["lost"]));
    // Its neighbours, before and after, pass.
    assert_eq!(audit(&index, "8.3.44"), ended(0, &["unpinned"]));
    assert_eq!(audit(&index, "8.3.46"), ended(0, &["unpinned"]));
    // A project that never had any has none to lose.
    let mut never = PaperIndex::new();
    never.release("demo", "1.0", 1, None);
    never.release("demo", "1.1", 2, None);
    assert_eq!(audit(&never, "1.1"), ended(0, &["unattested"]));
}

/// S7, axios 1.14.1 and 0.30.4: both lines lost what both had.
#[test]
fn s7_a_maintenance_line_loses_its_provenance_too() {
    let mut index = PaperIndex::new();
    index.release("demo", "0.30.3", 1, Some(&by_demo("0.30.3")));
    index.release("demo", "1.14.0", 2, Some(&by_demo("1.14.0")));
    index.release("demo", "1.14.1", 3, None);
    index.release("demo", "0.30.4", 4, None);
    assert_eq!(audit(&index, "1.14.1"), ended(1, &["lost"]));
    assert_eq!(audit(&index, "0.30.4"), ended(1, &["lost"]));
    // Where an index does not say when, the line alone decides.
    let mut timeless = PaperIndex::new();
    timeless.release("demo", "0.30.3", 0, Some(&by_demo("0.30.3")));
    timeless.release("demo", "0.30.4", 0, None);
    timeless.release("demo", "1.14.0", 0, Some(&by_demo("1.14.0")));
    assert_eq!(audit(&timeless, "0.30.4"), ended(1, &["lost"]));
    // A fix of the old line by the same workflow passes.
    index.release("demo", "0.30.5", 5, Some(&by_demo("0.30.5")));
    assert_eq!(audit(&index, "0.30.5"), ended(0, &["unpinned"]));
    // So does an old line from before there was any.
    let mut old = PaperIndex::new();
    old.release("demo", "0.1", 1, None);
    old.release("demo", "1.0", 2, Some(&by_demo("1.0")));
    assert_eq!(audit(&old, "0.1"), ended(0, &["unattested"]));
}

/// S16, svglib 2.0.0: lost without harm, by another way to upload. It has to be cheap to live with.
#[test]
fn s16_a_benign_loss_is_accepted_with_a_reason_until_a_day() {
    let mut index = PaperIndex::new();
    index.release("demo", "1.0", 1, Some(&by_demo("1.0")));
    index.release("demo", "2.0.0", 2, None);
    index.release("demo", "2.0.1", 3, None);
    assert_eq!(audit(&index, "2.0.0"), ended(1, &["lost"]));
    index.write(
        "touchplate.lock.toml",
        accepted("lost", "2.0.0", "2999-12-31"),
    );
    let url = index.serve();
    index.pylock(&["demo-2.0.0.tar.gz"]);
    index
        .audit(&url, &["--fail-on", "unknown"])
        .ended(0)
        .says(&[
            "Accepted for a while (1)",
            "accepted until 2999-12-31: released by hand",
            "0 violations, 0 cannot be told, 1 accepted",
        ]);
    // Not the next one, not another finding, and not for ever.
    assert_eq!(audit(&index, "2.0.1"), ended(1, &["lost"]));
    index.write(
        "touchplate.lock.toml",
        accepted("changed", "2.0.0", "2999-12-31"),
    );
    assert_eq!(audit(&index, "2.0.0"), ended(1, &["lost"]));
    index.write(
        "touchplate.lock.toml",
        accepted("lost", "2.0.0", "2020-01-31"),
    );
    index.pylock(&["demo-2.0.0.tar.gz"]);
    index
        .audit(&url, &[])
        .ended(1)
        .says(&["was accepted until 2020-01-31: released by hand"]);
    // Today is included.
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    index.write("touchplate.lock.toml", accepted("lost", "2.0.0", &today));
    assert_eq!(audit(&index, "2.0.0").0, 0);
    for (wrong, message) in [
        (
            accepted("does-not-verify", "2.0.0", "2999-12-31"),
            "not one that can be accepted",
        ),
        (
            accepted("lsot", "2.0.0", "2999-12-31"),
            "`lsot`, which is not one",
        ),
        (
            accepted("lost", "2.0.0", "2999-12-31").replace("released by hand", " "),
            "without a reason",
        ),
        (
            accepted("lost", "2.0.0", "12:00:00"),
            "is not one, such as 2026-11-25",
        ),
        (accepted("lost", "x y", "2999-12-31"), "cannot be read"),
    ] {
        index.write("touchplate.lock.toml", wrong);
        index.audit(&url, &[]).ended(2).complains(&[message]);
    }
}

/// S19: the same names, and other numbers behind them.
#[test]
fn s19_a_name_that_was_registered_anew_is_another_builder() {
    let anew = |version: &str| {
        let mut who = by_demo(version);
        who.claims.source_repository_id = Some("999".to_owned());
        who.claims.source_repository_owner_id = Some("888".to_owned());
        who
    };
    let mut index = PaperIndex::new();
    index.release("demo", "1.0", 1, Some(&by_demo("1.0")));
    index.release("demo", "1.1", 2, Some(&by_demo("1.1")));
    index.release("demo", "1.2", 3, Some(&anew("1.2")));
    assert_eq!(audit(&index, "1.1"), ended(0, &["unpinned"]));
    assert_eq!(audit(&index, "1.2"), ended(1, &["renumbered", "unpinned"]));
    // By pins as well.
    index.pylock(&["demo-1.1.tar.gz"]);
    index.audit(&index.serve(), &["--first-use"]).ended(0);
    assert_eq!(audit(&index, "1.1"), ended(0, &[]));
    assert_eq!(audit(&index, "1.2"), ended(1, &["renumbered"]));
}

/// S20: the index leaves out what it does not like, or puts another's in its place.
#[test]
fn s20_pins_notice_an_index_that_strips_provenance_or_lies() {
    let mut honest = PaperIndex::new();
    honest.release("demo", "1.0", 1, Some(&by_demo("1.0")));
    honest.pylock(&["demo-1.0.tar.gz"]);
    honest.audit(&honest.serve(), &["--first-use"]).ended(0);
    assert_eq!(audit(&honest, "1.0"), ended(0, &[]));
    // Everything is stripped, so that no history tells: not what was kept either.
    let mut stripped = PaperIndex::new();
    stripped.release("demo", "1.0", 1, None);
    honest.pylock(&["demo-1.0.tar.gz"]);
    let run = honest
        .audit(&stripped.serve(), &["--format", "json"])
        .ended(1);
    assert_eq!(findings(&run.json(), 0), ["pinned-unattested"]);
    // Announced, and not given.
    stripped.write("pylock.toml", "");
    let announced = r#"{"meta":{"api-version":"1.4"},"name":"demo","files":[{"filename":"demo-1.0.tar.gz","url":"/x","hashes":{},"provenance":"BASE/gone"}]}"#;
    let page = vec![("/simple/demo/".to_owned(), announced.as_bytes().to_vec())];
    let withheld = format!("{}/simple/", crate::odd_index::serve_paths(page));
    let run = honest
        .audit(&withheld, &["--no-cache", "--format", "json"])
        .ended(1);
    assert_eq!(findings(&run.json(), 0), ["withheld"]);
    // Valid provenance, of another publisher.
    let mut lying = PaperIndex::new();
    lying.release("demo", "1.0", 1, Some(&workflow("mallory/demo", "1.0")));
    lying.write("touchplate.lock.toml", honest.read("touchplate.lock.toml"));
    assert_eq!(audit(&lying, "1.0"), ended(1, &["not-pinned"]));
}

/// S22: a reusable workflow signs on a caller's behalf, release after release.
#[test]
fn s22_a_reusable_workflow_is_a_builder_like_others() {
    let reusable = |version: &str, callee: &str| {
        let mut who = by_demo(version);
        let signer =
            format!("https://github.com/{callee}/.github/workflows/build.yml@refs/heads/main");
        who.san = touchplate_attest::SubjectName::Uri(signer.clone());
        who.claims.build_signer_uri = Some(signer);
        who
    };
    let mut index = PaperIndex::new();
    index.release(
        "demo",
        "1.0",
        1,
        Some(&reusable("1.0", "example/workflows")),
    );
    index.release(
        "demo",
        "1.1",
        2,
        Some(&reusable("1.1", "example/workflows")),
    );
    assert_eq!(audit(&index, "1.1"), ended(0, &["unpinned"]));
    index.pylock(&["demo-1.0.tar.gz"]);
    index.audit(&index.serve(), &["--first-use"]).ended(0);
    assert_eq!(audit(&index, "1.1"), ended(0, &[]));
    // Another caller is another builder, whatever it calls.
    let mut other = workflow("mallory/demo", "1.2");
    other.san = reusable("1.2", "example/workflows").san;
    other.claims.build_signer_uri = reusable("1.2", "example/workflows").claims.build_signer_uri;
    index.release("demo", "1.2", 3, Some(&other));
    assert_eq!(audit(&index, "1.2"), ended(1, &["not-pinned"]));
}

/// What a release is made of: some of its files attested, or by several builders.
#[test]
fn partial_inconsistent_and_changed_releases_are_told_apart() {
    let mut index = PaperIndex::new();
    let wheel = |version: &str| format!("demo-{version}-py3-none-any.whl");
    index.release("demo", "1.0", 1, Some(&by_demo("1.0")));
    index.file(&wheel("1.0"), 1, Some(&by_demo("1.0")));
    // A wheel that came later, by hand.
    index.release("demo", "1.1", 2, Some(&by_demo("1.1")));
    index.file(&wheel("1.1"), 9, None);
    let url = index.serve();
    let audit_both = |index: &PaperIndex, url: &str, version: &str| {
        index.pylock(&[&format!("demo-{version}.tar.gz"), &wheel(version)]);
        let run = index.audit(url, &["--format", "json"]);
        (run.status, findings(&run.json(), 0))
    };
    assert_eq!(audit_both(&index, &url, "1.0"), ended(0, &["unpinned"]));
    assert_eq!(
        audit_both(&index, &url, "1.1"),
        ended(1, &["partial", "unpinned"])
    );
    // What is not locked is not installed.
    assert_eq!(audit(&index, "1.1"), ended(0, &["unpinned"]));
    // A second builder, new in this release; then both go on.
    let other = |version: &str| {
        Workload::github(REPOSITORY, "wheels.yml", &format!("refs/tags/v{version}"))
    };
    for (version, day) in [("1.2", 11), ("1.3", 12)] {
        index.release("demo", version, day, Some(&by_demo(version)));
        index.file(&wheel(version), day, Some(&other(version)));
    }
    index.release("demo", "1.4", 13, Some(&by_demo("1.4")));
    let url = index.serve();
    assert_eq!(
        audit_both(&index, &url, "1.2"),
        ended(1, &["changed", "unpinned", "inconsistent"])
    );
    assert_eq!(
        audit_both(&index, &url, "1.3"),
        ended(0, &["unpinned", "inconsistent"])
    );
    // One that went builds nothing any more.
    assert_eq!(audit(&index, "1.4").0, 0);
    // Pages that are too old to say.
    index.of_version("1.0");
    let (status, found) = audit(&index, "1.4");
    assert_eq!(
        (status, found.contains(&"changed".to_owned())),
        (0, false),
        "{found:?}"
    );
}

/// The release before has provenance that does not hold: a change cannot be told, and that is said.
#[test]
fn a_history_that_cannot_be_read_is_not_a_good_one() {
    let mut index = PaperIndex::new();
    index.served_with("demo-1.0.tar.gz", 1, Some(b"{}".to_vec()));
    index.release("demo", "1.1", 2, Some(&by_demo("1.1")));
    index.pylock(&["demo-1.1.tar.gz"]);
    let run = index.audit(&index.serve(), &["--format", "json"]).ended(0);
    assert_eq!(findings(&run.json(), 0), ["history-unread", "unpinned"]);
    assert_eq!(run.json()["counts"]["unknown"], 1);
}

//! `verify` of directories and patterns.

use std::fs;

use touchplate_trust::Predicate;

use crate::verify::{BYTES, Case, NAME, PUBLISHER};

/// A tree: the file in `dist`, the same below it, and things beside it.
fn case() -> Case {
    let case = Case::new();
    fs::create_dir_all(case.path().join("dist/below")).unwrap();
    for folder in ["dist", "dist/below"] {
        case.write(&format!("{folder}/{NAME}"), BYTES);
        case.write(
            &format!("{folder}/{NAME}.publish.attestation"),
            case.mint(Predicate::Publish),
        );
        case.write(&format!("{folder}/notes.txt"), "");
    }
    case
}

/// The paths of what is reported, one a line.
fn found(case: &Case, arguments: &[&str]) -> String {
    let more = ["--publisher", PUBLISHER, "--format", "json"];
    let report = case.verify(&[arguments, &more].concat()).ended(0).json();
    let files = report["files"].as_array().unwrap();
    let paths = files.iter().map(|file| file["path"].as_str().unwrap());
    paths.collect::<Vec<_>>().join(
        "
",
    )
}

#[test]
fn directories_and_patterns_are_looked_into_once_each() {
    let case = case();
    let (above, below) = (format!("dist/{NAME}"), format!("dist/below/{NAME}"));
    let both = format!("{below}\n{above}");
    assert_eq!(found(&case, &["dist"]), above);
    assert_eq!(found(&case, &["dist", "--recursive"]), both);
    assert_eq!(found(&case, &["dist/**/*.tar.gz"]), both);
    assert_eq!(found(&case, &["dist/*"]), above);
    assert_eq!(found(&case, &[&above, "dist", "dist/*"]), above);
    // A shell's `dist/*` names the sidecars as well.
    let sidecar = format!("{above}.publish.attestation");
    assert_eq!(found(&case, &[&above, &sidecar]), above);
    case.verify(&["dist", "--recursive", "--attestation", "a.json"])
        .ended(2)
        .complains(&["expected one file with --attestation"]);
}

#[test]
fn many_files_are_reported_in_their_order() {
    let case = Case::new();
    fs::create_dir(case.path().join("many")).unwrap();
    let names: Vec<String> = (0..40).map(|at| format!("p{at:02}-1.0.tar.gz")).collect();
    for name in &names {
        case.write(&format!("many/{name}"), name);
    }
    let report = case.verify(&["many", "--format", "json"]).ended(1).json();
    let files = report["files"].as_array().unwrap();
    let reported: Vec<_> = files
        .iter()
        .map(|file| file["filename"].as_str().unwrap())
        .collect();
    assert_eq!(reported, names);
}

#[test]
fn a_wheel_that_is_none_by_its_name_is_not_passed_over() {
    let case = case();
    case.write("dist/evil.whl", "");
    case.verify(&["dist", "--publisher", PUBLISHER])
        .ended(2)
        .complains(&["`dist/evil.whl` is not the name of a wheel or sdist"]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_back_is_not_followed() {
    let case = case();
    std::os::unix::fs::symlink("..", case.path().join("dist/below/up")).unwrap();
    assert_eq!(found(&case, &["dist", "--recursive"]).lines().count(), 2);
}

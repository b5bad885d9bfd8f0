//! `verify --keep`: what verified is kept, and nothing else.

use std::fs;
use std::path::Path;

use touchplate_trust::Predicate;

use crate::verify::{BYTES, Case, NAME, PUBLISHER};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_kept_verifies_again_and_is_never_overwritten() {
    let case = Case::new();
    case.write(
        &format!("{NAME}.publish.attestation"),
        case.mint(Predicate::Publish),
    );
    case.write(
        "array.json",
        [b"[".as_slice(), &case.mint(Predicate::Slsa), b"]"].concat(),
    );
    let keep = [NAME, "--publisher", PUBLISHER, "--keep", "kept/here"];
    case.verify(&keep)
        .ended(0)
        .says(&["kept/here/sampleproject-1.0.tar.gz"]);
    let kept = case.path().join("kept/here");
    let expected = [
        NAME.to_owned(),
        format!("{NAME}.publish.attestation"),
        format!("{NAME}.verified.json"),
    ];
    assert_eq!(names(&kept), expected);
    assert_eq!(fs::read(kept.join(NAME)).unwrap(), BYTES);
    let record = fs::read(kept.join(&expected[2])).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["file"]["verified"], true);
    // From there, with everything that lies there named by a shell.
    let shell: Vec<String> = names(&kept)
        .iter()
        .map(|name| format!("kept/here/{name}"))
        .collect();
    let shell: Vec<&str> = shell.iter().map(String::as_str).collect();
    case.verify(&[&shell[..], &["--publisher", PUBLISHER]].concat())
        .ended(0);
    // Once more changes nothing, not even the record.
    case.verify(&keep).ended(0);
    assert_eq!(fs::read(kept.join(&expected[2])).unwrap(), record);
    // An array becomes what is looked for beside the file.
    case.verify(&[
        NAME,
        "--attestations",
        "array.json",
        "--publisher",
        PUBLISHER,
        "--keep",
        "slsa",
    ])
    .ended(0);
    assert!(
        case.path()
            .join(format!("slsa/{NAME}.slsa.attestation"))
            .exists()
    );
    // Another file of that name is in the way.
    fs::write(kept.join(NAME), "other").unwrap();
    case.verify(&keep)
        .ended(1)
        .complains(&["is there already, with other contents"]);
    assert_eq!(fs::read(kept.join(NAME)).unwrap(), b"other");
    fs::remove_file(kept.join(NAME)).unwrap();
    fs::write(kept.join(&expected[1]), "{}").unwrap();
    case.verify(&keep)
        .ended(1)
        .complains(&["is there already, with other contents"]);
    assert_eq!(names(&kept), expected[1..]);
}

#[test]
fn what_failed_is_not_kept() {
    let case = Case::new();
    case.write(
        &format!("{NAME}.publish.attestation"),
        case.mint(Predicate::Publish),
    );
    case.write("sampleproject-2.0.tar.gz", "x");
    case.verify(&[".", "--publisher", PUBLISHER, "--keep", "kept"])
        .ended(1);
    assert_eq!(names(&case.path().join("kept")).len(), 3);
    let other = PUBLISHER.replace("sampleproject", "other");
    case.verify(&[NAME, "--publisher", &other, "--keep", "none"])
        .ended(1);
    assert!(names(&case.path().join("none")).is_empty());
    case.write("file", "");
    case.verify(&[NAME, "--publisher", PUBLISHER, "--keep", "file"])
        .ended(3)
        .complains(&["the directory `file` could not be made"]);
}

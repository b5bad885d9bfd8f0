//! Python's reference, pypi-attestations, as a judge. It is asked where `TOUCHPLATE_REFERENCE_PYTHON` names a Python that
//! has it (`pip install pypi-attestations==0.0.30`).
//!
//! The cases stay in the build's folder of temporary files, with a manifest such as the corpus has, for other judges.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use touchplate_trust::Predicate;

use crate::bundles;
use crate::faults::{Accepted, Elsewhere, Refused, faults};
use crate::support::{
    MESSAGE, NAME, digest, domain, github, now, publish_with_empty_body, workloads,
};

/// Every case as a file in `folder`, and what the reference is expected to say.
fn write_cases(folder: &Path) -> BTreeMap<String, Elsewhere> {
    let domain = domain();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("root.json"), domain.trusted_root_json()).unwrap();
    let mut rows = Vec::new();
    let mut expected = BTreeMap::new();
    let mut case = |kind: &str,
                    id: String,
                    publisher: &Value,
                    json: Vec<u8>,
                    verdict: Elsewhere| {
        let path = format!("{id}.{kind}");
        std::fs::write(folder.join(&path), json).unwrap();
        let word = match verdict {
            Accepted => "accept",
            Refused => "reject",
        };
        rows.push(json!({
            "id": id, "kind": kind, "path": path, "trusted_root": "root.json", "artifact_name": NAME,
            "artifact_sha256": digest(), "artifact": hex::encode(MESSAGE), "publisher": publisher,
            "expected": word, "level": "must",
        }));
        expected.insert(id, verdict);
    };
    for (kind, who, publisher) in workloads() {
        let predicates = [
            ("publish", Predicate::Publish),
            ("publish-empty", publish_with_empty_body()),
            ("slsa", Predicate::Slsa),
        ];
        for (name, predicate) in predicates {
            let json = domain.attest(&who, NAME, &digest(), predicate, now());
            case(
                "pep740",
                format!("{kind}-{name}"),
                &publisher,
                json.unwrap(),
                Accepted,
            );
        }
    }
    let (_, who, publisher) = &workloads()[0];
    let mut recipe = domain.recipe(&github(), NAME, &digest(), Predicate::Publish, now());
    recipe.unknown_keys = true;
    let json = domain.mint(&recipe).unwrap();
    case(
        "pep740",
        "unknown-keys".to_owned(),
        publisher,
        json,
        Accepted,
    );
    for (position, (fault, .., verdict)) in faults().into_iter().enumerate() {
        let json = domain.attest_wrongly(who, NAME, &digest(), Predicate::Publish, now(), &fault);
        let name = format!("{fault:?}");
        let name = name.split('(').next().unwrap_or_default();
        case(
            "pep740",
            format!("fault-{position:02}-{name}"),
            publisher,
            json.unwrap(),
            verdict,
        );
    }
    for (name, recipe) in bundles::certified(&domain) {
        let minted = domain.mint_bundle(&recipe).unwrap();
        // `intoto` entries it reads no more.
        let verdict = if name.starts_with("intoto") {
            Refused
        } else {
            Accepted
        };
        case(
            "bundle",
            format!("bundle-{name}"),
            publisher,
            minted.json,
            verdict,
        );
    }
    for (fault, .., verdict) in bundles::faults() {
        let mut recipe = domain.recipe(&github(), NAME, &digest(), Predicate::Publish, now());
        fault.apply(&mut recipe);
        let minted = domain.mint_bundle(&recipe).unwrap();
        case(
            "bundle",
            format!("bundle-fault-{fault:?}"),
            publisher,
            minted.json,
            verdict,
        );
    }
    let manifest = json!({"cases": rows}).to_string();
    std::fs::write(folder.join("MANIFEST.json"), manifest).unwrap();
    expected
}

#[test]
fn the_reference_says_of_each_case_what_is_expected_of_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("minted");
    let expected = write_cases(&folder);
    let Ok(python) = std::env::var("TOUCHPLATE_REFERENCE_PYTHON") else {
        println!("skipped: TOUCHPLATE_REFERENCE_PYTHON names no Python with pypi-attestations");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trust/reference.py");
    let output = Command::new(python)
        .arg(script)
        .arg(&folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let found: BTreeMap<String, Option<String>> = serde_json::from_slice(&output.stdout).unwrap();
    let differ = expected
        .iter()
        .filter(|(id, verdict)| (**verdict == Refused) != found[*id].is_some());
    let differ =
        differ.map(|(id, verdict)| format!("{id}: expected {verdict:?}, found {:?}", found[id]));
    let differ: Vec<_> = differ.collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    println!("{} cases as expected", expected.len());
}

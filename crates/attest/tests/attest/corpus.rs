//! The shared corpus, where it is: real attestations cannot be committed here.

use std::path::PathBuf;
use std::process::Command;

/// The folder that `TOUCHPLATE_CORPUS` names, or the one beside the workspace.
fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("TOUCHPLATE_CORPUS").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    named
        .or(Some(beside))
        .filter(|folder| folder.join("MANIFEST.json").is_file())
}

/// Cargo builds the examples of a package before it runs its tests.
fn example() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().and_then(|deps| deps.parent()).unwrap();
    built
        .join("examples")
        .join(format!("corpus{}", std::env::consts::EXE_SUFFIX))
}

#[test]
fn every_row_that_the_specs_decide_comes_out_as_the_manifest_says() {
    let (Some(folder), example) = (folder(), example()) else {
        eprintln!("SKIPPED: no corpus (set TOUCHPLATE_CORPUS, or put it at ../shared/corpus)");
        return;
    };
    if !example.is_file() {
        eprintln!(
            "SKIPPED: the corpus example is not built ({})",
            example.display()
        );
        return;
    }
    let output = Command::new(example)
        .arg(&folder)
        .args(["--kind", "pep740,upload,provenance"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let differing: Vec<&str> = text.lines().filter(|line| differs(line)).collect();
    assert!(
        output.status.success() && differing.is_empty(),
        "{}\n{}",
        differing.join("\n"),
        text.lines().last().unwrap_or_default()
    );
}

/// Rows of level *must* or *strict* whose verdict is not the expected one.
fn differs(line: &str) -> bool {
    let Ok(row) = serde_json::from_str::<serde_json::Value>(line) else {
        return false;
    };
    row["level"] != "policy" && row["verdict"] != row["expected"]
}

//! The demo, whole.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::run::command;

#[test]
fn every_step_comes_out_and_the_shown_command_verifies() {
    let folder = TempDir::new().unwrap();
    let output = command()
        .arg("demo")
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stdout}\n{stderr}");
    assert_eq!(stdout.matches("✓ refused: ").count(), 6, "{stdout}");
    for message in [
        "not about one with",
        "the log has another signature of the statement",
        "mallory/sampleproject",
        "is about the file sampleproject-1.0.tar.gz, not about sampleproject-1.1.tar.gz",
        "before the certificate became valid at",
        "which the trust root does not have",
    ] {
        assert!(stdout.contains(message), "{message} is not in {stdout}");
    }
    assert!(
        !stdout.contains('✗') && !stdout.contains('\u{1b}'),
        "{stdout}"
    );

    // The index's data is gone; what the reader needs is there.
    let left: Vec<_> = folder
        .path()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let line = stdout
        .lines()
        .find(|line| line.contains("touchplate verify "))
        .unwrap_or_else(|| panic!("{stdout}"));
    let shown = Command::new("sh").args(["-c", line]).output().unwrap();
    assert!(shown.status.success(), "{line}: {shown:?}");
}

#[test]
fn kept_it_serves_until_it_is_interrupted() {
    let folder = TempDir::new().unwrap();
    let mut demo = command();
    demo.args(["demo", "--keep"]).env("TMPDIR", folder.path());
    let mut child = demo.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let told = lines
        .find(|line| line.trim_start().starts_with("project "))
        .unwrap();
    let url = told.split_whitespace().nth(1).unwrap().to_owned();
    assert!(lines.any(|line| line == "Serving until Ctrl-C."));
    let agent = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).build());
    let page = agent
        .get(url)
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    assert!(page.contains("sampleproject"), "{page}");
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn without_a_place_to_write_it_says_so() {
    let gone = Path::new("/nonexistent/folder");
    let output = command().arg("demo").env("TMPDIR", gone).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("folder for temporary files") && stderr.contains("cause:"),
        "{stderr}"
    );
}

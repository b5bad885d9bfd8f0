//! What a CI service wants said in its own way: GitHub's masks and annotations.

use std::fs::OpenOptions;
use std::io::Write as _;

use touchplate_client::publish::access::Lease;

use crate::report::{Failure, note};

fn is_github() -> bool {
    std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true")
}

/// Has a token masked wherever the job's log would show it. This program never shows one; what runs after it may.
pub(super) fn mask(lease: &Lease) {
    if is_github() {
        note(&format!("::add-mask::{}", lease.credential.secret()));
    }
}

/// Puts a failure where a pull request or a run shows it.
pub(super) fn annotate(failure: &Failure) {
    if !is_github() {
        return;
    }
    let mut text = failure.messages().join(": ");
    if let Some(hint) = failure.what_to_do() {
        text.push_str("\nhint: ");
        text.push_str(hint);
    }
    note(&format!(
        "::error title=touchplate publish::{}",
        escaped(&text)
    ));
}

/// Adds to the summary of the job, where there is one. That it could not be written changes nothing about the release.
pub(super) fn summarise(markdown: &str) {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|_| is_github()) else {
        return;
    };
    if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(path) {
        let _ = file.write_all(markdown.as_bytes());
    }
}

/// As GitHub's own toolkit escapes a command's message.
fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

//! What `trust monitor` reports.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use touchplate_client::monitor::{Followed, IdentityPattern, Judgement, Lacking, Seen, Unproven};
use url::Url;

use crate::options::REPORT_VERSION;
use crate::report::causes;
use crate::screen::{Page, instant};

/// One run.
pub(super) struct Report<'r> {
    pub(super) log: &'r str,
    pub(super) identity: &'r IdentityPattern,
    pub(super) index: Option<&'r Url>,
    pub(super) files: Option<u64>,
    pub(super) state_path: &'r Path,
    pub(super) followed: &'r Followed,
    pub(super) judgement: Judgement,
    pub(super) now: Timestamp,
}

/// For people.
pub(super) fn text(report: &Report<'_>) -> String {
    let mut page = Page::new();
    let Report {
        followed,
        judgement,
        ..
    } = report;
    for seen in &judgement.unaccounted {
        let whose = match report.index {
            Some(_) => "no file of the index accounts for it",
            None => "new",
        };
        page.bad(&format!("entry {}: {whose}", seen.index));
        entry(&mut page, seen);
    }
    for lacking in &judgement.lacking {
        let file = &lacking.account.filename;
        page.bad(&format!("{file}: the log lacks its entry"));
        page.row("signed by", &lacking.account.san);
        if let Some(index) = lacking.account.index {
            page.row("said to be", &format!("entry {index}"));
        }
    }
    for unproven in &judgement.unproven {
        page.bad(&format!(
            "{}: has an attestation that does not hold",
            unproven.filename
        ));
        for cause in causes(&unproven.source) {
            page.row("because", &cause);
        }
    }
    let size = followed.state.size();
    page.good(&match followed.before {
        Some(before) if before == size => {
            format!("the log still has the same {size} entries")
        }
        Some(before) => format!(
            "the log has grown from {before} to {size} entries, and has changed nothing before"
        ),
        None => format!("the log has {size} entries, which lead to the root that it signed"),
    });
    page.row("log", report.log);
    page.row("identity", &report.identity.to_string());
    if let (Some(index), Some(files)) = (report.index, report.files) {
        page.row("index", index.as_str());
        page.row(
            "accounted for",
            &format!("{} entries, by {files} files", judgement.accounted),
        );
    }
    if !judgement.pending.is_empty() {
        page.row(
            "too young",
            &format!(
                "{} entries, of which nothing is said yet",
                judgement.pending.len()
            ),
        );
    }
    page.row("read", &format!("{} entries", followed.read));
    if followed.unreadable > 0 {
        page.row("unreadable", &format!("{} of them", followed.unreadable));
    }
    if followed.foreign > 0 {
        let count = followed.foreign;
        page.row(
            "pretended",
            &format!("{count} name the identity by certificates of no authority of the root"),
        );
    }
    page.row("remembered in", &report.state_path.display().to_string());
    page.take()
}

fn entry(page: &mut Page, seen: &Seen) {
    page.row("signed by", &seen.san);
    page.row("vouched for by", &seen.issuer);
    page.row("certified at", &instant(seen.certified_at));
    page.row("kind", &seen.kind);
    if let Some(digest) = &seen.digest {
        page.row("digest", digest);
    }
    if let Some(run) = &seen.run {
        page.row("run", run);
    }
}

/// For programs.
pub(super) fn json(report: &Report<'_>) -> Value {
    let Report {
        followed,
        judgement,
        ..
    } = report;
    json!({
        "version": REPORT_VERSION,
        "clean": judgement.is_clean(),
        "checked_at": report.now,
        "log": report.log,
        "identity": report.identity.to_string(),
        "index": report.index.map(Url::as_str),
        "files": report.files,
        "state": report.state_path.display().to_string(),
        "size_before": followed.before,
        "size": followed.state.size(),
        "checkpoint": followed.state.checkpoint(),
        "read": followed.read,
        "unreadable": followed.unreadable,
        "foreign": followed.foreign,
        "accounted": judgement.accounted,
        "ignored": judgement.ignored,
        "unaccounted": judgement.unaccounted,
        "pending": judgement.pending,
        "lacking": judgement.lacking.iter().map(lacking).collect::<Vec<_>>(),
        "unproven": judgement.unproven.iter().map(unproven).collect::<Vec<_>>(),
        "contradiction": null,
    })
}

fn lacking(lacking: &Lacking) -> Value {
    json!({
        "filename": lacking.account.filename,
        "san": lacking.account.san,
        "index": lacking.account.index,
        "leaf": lacking.leaf,
        "certified_at": lacking.account.certified_at,
    })
}

fn unproven(unproven: &Unproven) -> Value {
    json!({
        "filename": unproven.filename,
        "refused": causes(&unproven.source).collect::<Vec<_>>(),
    })
}

/// A log that contradicts itself, for people.
pub(super) fn contradiction_text(log: &str, before: Option<&str>, now: &str) -> String {
    let mut page = Page::new();
    page.bad(&format!("{log} contradicts itself"));
    for (title, note) in [("it signed before", before), ("it signed now", Some(now))] {
        if let Some(note) = note {
            page.gap();
            page.title(title);
            note.lines().for_each(|line| page.line(line));
        }
    }
    page.gap();
    page.line("Keep both notes: they are what proves it to others.");
    page.take()
}

/// The same for programs.
pub(super) fn contradiction_json(log: &str, before: Option<&str>, now: &str) -> Value {
    json!({
        "version": REPORT_VERSION,
        "clean": false,
        "log": log,
        "contradiction": {"before": before, "now": now},
    })
}

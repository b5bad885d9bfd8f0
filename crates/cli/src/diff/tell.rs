//! The differences, in words and as JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::provenance::Side;
use super::{FileReport, Report};
use crate::options::REPORT_VERSION;
use crate::screen::Page;

/// Of a value in the report for people: a description is as long as a book.
const SHOWN_CHARACTERS: usize = 160;

/// Of a list of members in the report for people. JSON has all of them.
const SHOWN_MEMBERS: usize = 50;

/// The report for people.
pub(super) fn text(report: &Report) -> String {
    let mut page = Page::new();
    let Report {
        project, old, new, ..
    } = report;
    page.title(&format!("{project} {old} -> {new}"));
    provenance(&mut page, report);
    page.gap();
    page.title("Metadata");
    if report.files.is_empty() {
        page.line("  No file of one release has a counterpart in the other.");
    } else if report.metadata.is_empty() {
        page.line("  No field differs but the version.");
    }
    for change in &report.metadata {
        page.line(&format!("  {}", change.field));
        signed(&mut page, '-', &change.removed);
        signed(&mut page, '+', &change.added);
    }
    for file in &report.files {
        contents(&mut page, file);
    }
    for (release, files) in [(old, &report.only_old), (new, &report.only_new)] {
        for name in files {
            page.gap();
            page.line(&format!("{name}: only {release} has such a file"));
        }
    }
    page.take()
}

fn provenance(page: &mut Page, report: &Report) {
    let provenance = &report.provenance;
    page.gap();
    page.title("Provenance");
    match provenance.all_hold() {
        true => page.line(&format!("  {}", provenance.sentence())),
        false => page.bad(provenance.sentence()),
    }
    for (release, side) in [
        (&report.old, &provenance.old),
        (&report.new, &provenance.new),
    ] {
        let Side {
            files, attested, ..
        } = side;
        page.row(
            &release.to_string(),
            &format!("{attested} of {files} files attested"),
        );
        for signer in &side.signers {
            page.row("", &format!("by {signer}"));
        }
        for (name, why) in &side.broken {
            page.bad(&format!("{name}: {why}"));
        }
    }
    for (words, old, new) in &provenance.claims {
        page.line(&format!("  {words}"));
        signed(page, '-', old);
        signed(page, '+', new);
    }
}

fn contents(page: &mut Page, file: &FileReport) {
    page.gap();
    page.title(&format!("{} -> {}", file.old, file.new));
    let contents = &file.contents;
    if file.is_same {
        page.line("  The same bytes.");
        return;
    }
    let size = |bytes: Option<u64>| bytes.map_or("a link".to_owned(), |it| format!("{it} bytes"));
    let one = |(path, bytes): &(String, Option<u64>)| format!("{path} ({})", size(*bytes));
    let changed: Vec<_> = contents
        .changed
        .iter()
        .map(|(path, old, new)| format!("{path} ({} -> {})", size(*old), size(*new)))
        .collect();
    signed(
        page,
        '-',
        &contents.removed.iter().map(one).collect::<Vec<_>>(),
    );
    signed(
        page,
        '+',
        &contents.added.iter().map(one).collect::<Vec<_>>(),
    );
    signed(page, '~', &changed);
    if contents.is_empty() {
        page.line("  No member differs.");
    }
    page.line(&format!("  {} members are the same.", contents.same));
    if contents.not_compared > 0 {
        page.line(&format!(
            "  {} members have the same size and were not compared further: the archives are too large.",
            contents.not_compared
        ));
    }
}

/// Lines with a sign in front, as many as people read.
fn signed<'v>(page: &mut Page, sign: char, values: impl IntoIterator<Item = &'v String>) {
    let mut values = values.into_iter();
    for value in values.by_ref().take(SHOWN_MEMBERS) {
        let mut shown: String = value.chars().take(SHOWN_CHARACTERS).collect();
        if shown.len() < value.len() {
            shown.push_str(" ...");
        }
        page.line(&format!("    {sign} {shown}"));
    }
    let more = values.count();
    if more > 0 {
        page.line(&format!(
            "    {sign} {more} more; --format json has them all"
        ));
    }
}

/// The report for programs.
pub(super) fn json(report: &Report) -> Value {
    let provenance = &report.provenance;
    let claims = provenance.claims.iter();
    let claims = claims.map(|(claim, old, new)| json!({"claim": claim, "old": old, "new": new}));
    let metadata = report.metadata.iter();
    let metadata = metadata.map(
        |change| json!({"field": change.field, "removed": change.removed, "added": change.added}),
    );
    json!({
        "version": REPORT_VERSION,
        "project": report.project.as_str(),
        "old": report.old.to_string(),
        "new": report.new.to_string(),
        "provenance": {
            "summary": provenance.sentence(),
            "old": side(&provenance.old),
            "new": side(&provenance.new),
            "claims": claims.collect::<Vec<_>>(),
        },
        "metadata": metadata.collect::<Vec<_>>(),
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "only_old": report.only_old,
        "only_new": report.only_new,
        "failed": report.failures.iter().map(|(what, failure)| {
            json!({"what": what, "why": failure.messages()})
        }).collect::<Vec<_>>(),
    })
}

fn side(side: &Side) -> Value {
    let signers: &BTreeSet<String> = &side.signers;
    let broken = side.broken.iter();
    json!({
        "files": side.files,
        "attested": side.attested,
        "signers": signers,
        "broken": broken.map(|(name, why)| json!({"filename": name, "why": why})).collect::<Vec<_>>(),
    })
}

fn file(file: &FileReport) -> Value {
    let contents = &file.contents;
    let one = |(path, bytes): &(String, Option<u64>)| json!({"path": path, "size": bytes});
    json!({
        "old": file.old,
        "new": file.new,
        "same": file.is_same,
        "added": contents.added.iter().map(one).collect::<Vec<_>>(),
        "removed": contents.removed.iter().map(one).collect::<Vec<_>>(),
        "changed": contents.changed.iter().map(|(path, old, new)| {
            json!({"path": path, "old_size": old, "new_size": new})
        }).collect::<Vec<_>>(),
        "members_same": contents.same,
        "members_not_compared": contents.not_compared,
    })
}

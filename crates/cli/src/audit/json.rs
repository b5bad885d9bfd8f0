//! An audit for programs. Its schema is `docs/schema/audit.schema.json`.

use serde_json::{Map, Value, json};
use touchplate_client::audit::{Audited, AuditedFile, Seen};
use touchplate_client::pins::Pin;
use touchplate_policy::verdict::{Acceptance, Reason};

use super::FailOn;
use super::report::{AuditedLockfile, Report};
use crate::options::REPORT_VERSION;

pub(super) fn json(report: &Report, fail_on: FailOn) -> Value {
    let counts = report.counts();
    let total: usize = counts.values().sum();
    let mut told: Map<String, Value> = counts
        .iter()
        .map(|(standing, count)| (standing.as_str().to_owned(), json!(count)))
        .collect();
    told.insert("entries".to_owned(), json!(total));
    let lockfiles: Vec<Value> = report.lockfiles.iter().map(lockfile).collect();
    let unread = report.unread.iter().map(|(path, failure)| {
        json!({
            "path": path.display().to_string(),
            "error": failure.messages(),
        })
    });
    let pinned = report.pinned.iter().map(|(project, it)| {
        let mut pin = pin(it);
        if let Value::Object(fields) = &mut pin {
            fields.insert("project".to_owned(), json!(project));
        }
        pin
    });
    json!({
        "version": REPORT_VERSION,
        "passes": !report.says_no(fail_on),
        "checked_at": report.now,
        "trust_root": {
            "sha256": report.trust.only_digest(),
            "origin": report.trust.origin(None),
        },
        "index": report.index.as_ref().map(|index| json!({
            "url": index.url.as_str(),
            "origin": index.origin,
        })),
        "pins": report.has_pins.then(|| report.pins.display().to_string()),
        "pinned": pinned.collect::<Vec<_>>(),
        "counts": told,
        "signatures": report.signatures(),
        "pack": report.pack.as_ref().map(|pack| json!({
            "path": pack.path.display().to_string(),
            "seal": pack.seal,
            "made_at": pack.made_at,
        })),
        "lockfiles": lockfiles,
        "unread": unread.collect::<Vec<_>>(),
    })
}

fn lockfile(lockfile: &AuditedLockfile) -> Value {
    json!({
        "path": lockfile.path.display().to_string(),
        "format": lockfile.format.to_string(),
        "entries": lockfile.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn entry(audited: &Audited) -> Value {
    let entry = &audited.entry;
    json!({
        "line": entry.line,
        "name": entry.shown,
        "project": entry.name,
        "version": entry.version.as_ref().map(ToString::to_string),
        "place": audited.place,
        "index": audited.index.as_ref().map(url::Url::as_str),
        "standing": audited.verdict.standing.as_str(),
        "reasons": reasons(audited),
        "files": audited.files.iter().map(file).collect::<Vec<_>>(),
    })
}

/// Each reason of an entry.
pub(crate) fn reasons(audited: &Audited) -> Vec<Value> {
    audited.verdict.reasons.iter().map(reason).collect()
}

fn reason(reason: &Reason) -> Value {
    json!({
        "finding": reason.finding.word(),
        "class": reason.class().as_str(),
        "message": reason.finding.to_string(),
        "causes": reason.finding.causes(),
        "files": reason.files,
        "accepted": reason.accepted.as_ref().map(acceptance),
        "expired": reason.expired.as_ref().map(acceptance),
    })
}

fn acceptance(acceptance: &Acceptance) -> Value {
    json!({"reason": acceptance.reason, "until": acceptance.until.to_string()})
}

fn file(file: &AuditedFile) -> Value {
    json!({
        "name": file.shown,
        "sha256": file.sha256,
        "attestations": file.seen.iter().map(seen).collect::<Vec<_>>(),
    })
}

fn seen(seen: &Seen) -> Value {
    json!({
        "publisher": seen.publisher,
        "identity": {"san": seen.san, "issuer": seen.issuer},
    })
}

fn pin(pin: &Pin) -> Value {
    json!({
        "who": pin.who.to_string(),
        "repository_id": pin.ids.repository_id,
        "owner_id": pin.ids.owner_id,
        "first_seen": {"version": pin.version.to_string(), "date": pin.date.to_string()},
    })
}

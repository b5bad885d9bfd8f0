//! An audit for people: what is wrong first, what is well last, and how many of each there are.

use touchplate_client::audit::Audited;
use touchplate_policy::verdict::{Reason, Standing};

use super::report::{AuditedLockfile, Kind, Report};
use crate::screen::{Page, instant};

/// Files of one reason that are named; a release may have hundreds.
const SHOWN_FILES: usize = 3;

pub(super) fn text(report: &Report) -> String {
    let mut page = Page::new();
    for lockfile in &report.lockfiles {
        page.gap();
        let (path, format) = (lockfile.path.display(), lockfile.format);
        let count = lockfile.entries.len();
        page.title(&format!(
            "{path} ({format}): {}",
            counted(count, "entry", "entries")
        ));
        for standing in Standing::ALL {
            group(&mut page, lockfile, standing);
        }
    }
    page.gap();
    summary(&mut page, report);
    page.take()
}

/// The entries of one standing.
fn group(page: &mut Page, lockfile: &AuditedLockfile, standing: Standing) {
    let entries = lockfile.entries.iter();
    let entries: Vec<&Audited> = entries
        .filter(|it| it.verdict.standing == standing)
        .collect();
    if entries.is_empty() {
        return;
    }
    page.gap();
    page.title(&format!("{} ({})", title(standing), entries.len()));
    for audited in entries {
        let name = match lockfile.format {
            Kind::Lockfile(_) => format!("{} (line {})", called(audited), audited.entry.line),
            Kind::Environment => called(audited),
        };
        match standing {
            Standing::Violation => page.bad(&name),
            Standing::Verified => page.good(&format!("{name}: built by {}", builders(audited))),
            Standing::Unpinned => page.line(&format!("{name}: built by {}", builders(audited))),
            Standing::Unknown | Standing::Accepted | Standing::Unattested => page.line(&name),
        }
        let told = audited
            .verdict
            .reasons
            .iter()
            .filter(|reason| !is_said(standing, reason));
        told.for_each(|it| reason(page, it));
    }
}

/// Whether the group's title, or the line itself, says it already.
fn is_said(standing: Standing, reason: &Reason) -> bool {
    let word = reason.finding.word();
    standing == Standing::Unattested && word == "unattested"
        || standing == Standing::Unpinned && word == "unpinned"
}

/// What was found, with its causes and its files.
pub(crate) fn reason(page: &mut Page, reason: &Reason) {
    page.row(reason.finding.word(), &reason.finding.to_string());
    for cause in reason.finding.causes() {
        page.row("", cause);
    }
    match reason.files.as_slice() {
        [] => {}
        files if files.len() <= SHOWN_FILES => page.row("", &files.join(", ")),
        files => {
            let shown: Vec<&str> = files.iter().take(SHOWN_FILES).map(String::as_str).collect();
            let more = files.len() - SHOWN_FILES;
            page.row("", &format!("{} and {more} more", shown.join(", ")));
        }
    }
    if let Some(accepted) = &reason.accepted {
        page.row(
            "",
            &format!("accepted until {}: {}", accepted.until, accepted.reason),
        );
    }
    if let Some(expired) = &reason.expired {
        page.row(
            "",
            &format!("was accepted until {}: {}", expired.until, expired.reason),
        );
    }
}

fn title(standing: Standing) -> &'static str {
    match standing {
        Standing::Violation => "Not as it should be, or not as it was",
        Standing::Unknown => "Cannot be told",
        Standing::Accepted => "Accepted for a while",
        Standing::Unattested => "Without provenance, as in every release before",
        Standing::Unpinned => "Attested, and nobody is pinned",
        Standing::Verified => "Attested by whom is pinned or recorded",
    }
}

/// What an entry is called.
pub(crate) fn called(audited: &Audited) -> String {
    match &audited.entry.version {
        Some(version) => format!("{} {version}", audited.entry.shown),
        None => audited.entry.shown.clone(),
    }
}

fn builders(audited: &Audited) -> String {
    let mut builders: Vec<String> = Vec::new();
    for seen in audited.files.iter().flat_map(|file| &file.seen) {
        let who = match &seen.pin {
            Some(pin) => pin.who.to_string(),
            None => seen.san.clone(),
        };
        if !builders.contains(&who) {
            builders.push(who);
        }
    }
    builders.join(" and ")
}

/// How many entries there are of each standing, in one line.
pub(super) fn summed(report: &Report) -> String {
    let counts = report.counts();
    let total: usize = counts.values().sum();
    let count = |standing: Standing| counts.get(&standing).copied().unwrap_or_default();
    format!(
        "{}: {}, {} cannot be told, {} accepted, {} without provenance, {} attested and not pinned, {} verified",
        counted(total, "entry", "entries"),
        counted(count(Standing::Violation), "violation", "violations"),
        count(Standing::Unknown),
        count(Standing::Accepted),
        count(Standing::Unattested),
        count(Standing::Unpinned),
        count(Standing::Verified),
    )
}

fn summary(page: &mut Page, report: &Report) {
    let counts = report.counts();
    let count = |standing: Standing| counts.get(&standing).copied().unwrap_or_default();
    page.line(&summed(report));
    page.row(
        "signatures",
        &format!("{} verified now", report.signatures()),
    );
    page.row("trust root", &report.trust.origin(None));
    if let Some(index) = &report.index {
        page.row("index", &format!("{} (from {})", index.url, index.origin));
    }
    if let Some(pack) = &report.pack {
        let path = pack.path.display();
        page.row(
            "pack",
            &format!("{path}, made at {}", instant(pack.made_at)),
        );
        page.row("seal", &pack.seal.to_string());
    }
    let pins = report.pins.display();
    if report.has_pins {
        page.row("pins", &pins.to_string());
    }
    for (project, pin) in &report.pinned {
        page.row(
            "pinned now",
            &format!("{} for {project}, in {pins}", pin.who),
        );
    }
    let unpinned = count(Standing::Unpinned);
    if unpinned > 0 && report.pinned.is_empty() {
        page.hint(
            "--first-use pins who built what nobody is pinned for, so that a change of it is told",
        );
    }
    if count(Standing::Violation) > 0 {
        page.hint(
            "what you have looked into can be accepted for a while, with a reason, in touchplate.lock.toml: see docs/guide/audit.md",
        );
    }
}

/// A number and what it counts.
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

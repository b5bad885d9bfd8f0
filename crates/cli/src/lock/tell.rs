//! What became of each entry, for people and for programs.

use std::path::Path;

use serde_json::{Value, json};
use touchplate_attest::Publisher;

use super::annotate::{Annotated, Step};
use crate::audit::{called, reason_row, reasons_json};
use crate::options::REPORT_VERSION;
use crate::screen::Page;

pub(super) fn text(path: &Path, annotated: &[Annotated<'_>], written: bool) -> String {
    let mut page = Page::new();
    let steps = [
        (
            Step::Refused,
            "Something is wrong: nothing is written of these",
        ),
        (Step::Left, "Somebody else is recorded: left as they are"),
        (Step::Replaced, "Replaced"),
        (Step::Recorded, "Recorded on first use"),
        (Step::Unchanged, "As recorded"),
        (
            Step::Nobody,
            "Nobody to record: no provenance, or it cannot be told",
        ),
    ];
    for (step, title) in steps {
        let of_step: Vec<_> = annotated.iter().filter(|it| it.step == step).collect();
        if of_step.is_empty() {
            continue;
        }
        page.gap();
        page.title(&format!("{title} ({})", of_step.len()));
        of_step.into_iter().for_each(|it| entry(&mut page, it));
    }
    page.gap();
    let count = |step: Step| annotated.iter().filter(|it| it.step == step).count();
    page.line(&format!(
        "{}: {} entries: {} recorded, {} replaced, {} as recorded, {} left, {} refused, {} with nobody to record",
        path.display(),
        annotated.len(),
        count(Step::Recorded),
        count(Step::Replaced),
        count(Step::Unchanged),
        count(Step::Left),
        count(Step::Refused),
        count(Step::Nobody),
    ));
    if count(Step::Recorded) > 0 && written {
        page.hint(
            "first use is a leap: it says that nothing has changed since. Compare it with what the projects say of themselves, and commit it",
        );
    }
    if count(Step::Left) > 0 {
        page.hint(
            "if you know why it is somebody else, --replace writes them; else do not install it",
        );
    }
    page.take()
}

fn entry(page: &mut Page, annotated: &Annotated<'_>) {
    let audited = annotated.audited;
    let name = format!("{} (line {})", called(audited), audited.entry.line);
    match annotated.step {
        Step::Refused => {
            page.bad(&name);
            let reasons = audited.verdict.reasons.iter();
            reasons.for_each(|reason| reason_row(page, reason));
        }
        Step::Left => {
            page.bad(&name);
            page.row("old", &described(&annotated.old));
            page.row("new", &described(&annotated.new));
        }
        Step::Replaced => {
            page.line(&name);
            page.row("old", &described(&annotated.old));
            page.row("new", &described(&annotated.new));
        }
        Step::Recorded => page.line(&format!("{name}: {}", described(&annotated.new))),
        Step::Unchanged => page.good(&format!("{name}: {}", described(&annotated.old))),
        Step::Nobody => {
            page.line(&name);
            let reasons = audited.verdict.reasons.iter();
            reasons.for_each(|reason| reason_row(page, reason));
        }
    }
}

fn described(publishers: &[Value]) -> String {
    let described = publishers.iter().map(|json| {
        let publisher = Publisher::parse(json.to_string().as_bytes());
        publisher.map_or_else(|_| json.to_string(), |publisher| publisher.describe())
    });
    let described: Vec<String> = described.collect();
    if described.is_empty() {
        "nobody".to_owned()
    } else {
        described.join(" and ")
    }
}

pub(super) fn json(path: &Path, annotated: &[Annotated<'_>], written: bool) -> Value {
    let entries = annotated.iter().map(|it| {
        let entry = &it.audited.entry;
        json!({
            "line": entry.line,
            "name": entry.shown,
            "project": entry.name,
            "version": entry.version.as_ref().map(ToString::to_string),
            "outcome": it.step.as_str(),
            "old": it.old,
            "new": it.new,
            "reasons": reasons_json(it.audited),
        })
    });
    json!({
        "version": REPORT_VERSION,
        "path": path.display().to_string(),
        "written": written,
        "entries": entries.collect::<Vec<_>>(),
    })
}

//! What a document says, in words and as JSON.

use std::path::Path;

use serde_json::{Value, json};

use super::kind::Document;
use super::{attestation, entry, stamp};
use crate::options::REPORT_VERSION;
use crate::screen::Page;

/// The report for people.
pub(super) fn text(path: &Path, document: &Document) -> String {
    let mut page = Page::new();
    page.title(&format!("{}: {}", path.display(), document.what()));
    page.line(unchecked(document));
    match document {
        Document::Attestation(read) => {
            page.gap();
            attestation::attestation(&mut page, read);
        }
        Document::Attestations(read) => attestation::attestations(&mut page, read),
        Document::Provenance(read) => attestation::provenance(&mut page, read),
        Document::Certificates(read) => {
            for certificate in read {
                page.gap();
                certificate.text(&mut page);
            }
        }
        Document::Bundle(read) => {
            page.gap();
            read.text(&mut page);
        }
        Document::Root(read) => read.text(&mut page),
        Document::Timestamp(der) => {
            page.gap();
            stamp::text(&mut page, der);
        }
        Document::Checkpoint(read) => {
            page.gap();
            entry::checkpoint(&mut page, read);
        }
    }
    page.take()
}

/// Above every report: what is shown was not checked.
fn unchecked(document: &Document) -> &'static str {
    match document {
        Document::Attestation(_) | Document::Attestations(_) | Document::Provenance(_) => {
            "These are claims; nothing was checked. `touchplate verify` checks them."
        }
        Document::Bundle(_) => {
            "These are claims; nothing was checked. `touchplate bundle verify` checks them."
        }
        Document::Root(_) => {
            "These are claims; nothing was checked. A root is believed for where it comes from: compare its digest."
        }
        Document::Certificates(_) | Document::Timestamp(_) | Document::Checkpoint(_) => {
            "These are claims; nothing was checked, not even a signature."
        }
    }
}

/// The report for programs.
pub(super) fn json(document: &Document) -> Value {
    let (kind, contents) = match document {
        Document::Attestation(read) => ("attestation", attestation::attestation_json(read)),
        Document::Attestations(read) => (
            "attestations",
            read.iter().map(attestation::attestation_json).collect(),
        ),
        Document::Provenance(read) => ("provenance", attestation::provenance_json(read)),
        Document::Certificates(read) => match &**read {
            [only] => ("certificate", only.json()),
            several => (
                "certificates",
                several
                    .iter()
                    .map(super::certificate::Certificate::json)
                    .collect(),
            ),
        },
        Document::Bundle(read) => ("bundle", read.json()),
        Document::Root(read) => (read.kind(), read.json()),
        Document::Timestamp(der) => ("timestamp", stamp::json(der)),
        Document::Checkpoint(read) => ("checkpoint", entry::checkpoint_json(read)),
    };
    json!({"version": REPORT_VERSION, "checked": false, "kind": kind, kind: contents})
}

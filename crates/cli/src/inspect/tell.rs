//! What a document says, in words and as JSON.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use touchplate_attest::attestation::TransparencyEntry;
use touchplate_attest::{Attestation, Provenance};

use super::certificate::{Certificate, claim_label};
use super::kind::Document;
use crate::options::REPORT_VERSION;
use crate::report::causes;
use crate::screen::{Page, hex, instant};

/// Above every report: what is shown was not checked.
const UNCHECKED: &str = "These are claims; nothing was checked. `touchplate verify` checks them.";

/// The report for people.
pub(crate) fn text(path: &Path, document: &Document) -> String {
    let mut page = Page::new();
    let title = |what: &str| format!("{}: {what}", path.display());
    match document {
        Document::Attestation(read) => {
            page.title(&title("a PEP 740 attestation"));
            page.line(UNCHECKED);
            page.gap();
            attestation(&mut page, read);
        }
        Document::Attestations(read) => {
            page.title(&title("PEP 740 attestations, as an upload carries them"));
            page.line(UNCHECKED);
            attestations(&mut page, read);
        }
        Document::Provenance(read) => {
            page.title(&title("a PEP 740 provenance object"));
            page.line(UNCHECKED);
            provenance(&mut page, read);
        }
        Document::Certificate(read) => {
            page.title(&title("a signing certificate"));
            page.line(UNCHECKED);
            page.gap();
            certificate(&mut page, read);
        }
    }
    page.take()
}

fn provenance(page: &mut Page, provenance: &Provenance) {
    for (at, bundle) in provenance.bundles.iter().enumerate() {
        page.gap();
        page.title(&format!("Bundle {}", at + 1));
        page.row("publisher", &bundle.publisher.describe());
        for (name, value) in bundle.publisher_claims().into_iter().flatten() {
            page.row(
                name,
                &value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
            );
        }
        attestations(page, &bundle.attestations);
    }
    if provenance.bundles.is_empty() {
        page.line("It has no bundles, so it vouches for nothing.");
    }
}

fn attestations(page: &mut Page, attestations: &[Attestation]) {
    for (at, read) in attestations.iter().enumerate() {
        page.gap();
        page.title(&format!("Attestation {}", at + 1));
        attestation(page, read);
    }
}

fn attestation(page: &mut Page, attestation: &Attestation) {
    let statement = attestation.statement();
    page.row("says", statement.predicate_type().as_str());
    for subject in statement.subjects() {
        page.row(
            "about",
            subject.name.as_deref().unwrap_or("a file without a name"),
        );
        for (algorithm, digest) in &subject.digests {
            page.row(algorithm, digest);
        }
    }
    if !statement.predicate().is_null() {
        page.row("predicate", &statement.predicate().to_string());
    }
    page.gap();
    match Certificate::read(attestation.certificate()) {
        Ok(read) => certificate(page, &read),
        Err(error) => page.row(
            "certificate",
            &causes(&error).collect::<Vec<_>>().join(": "),
        ),
    }
    attestation
        .transparency_entries()
        .iter()
        .for_each(|read| entry(page, read));
}

fn certificate(page: &mut Page, certificate: &Certificate) {
    for name in &certificate.names {
        page.row("certificate of", name);
    }
    page.row(
        "vouched for by",
        certificate.issuer.as_deref().unwrap_or("nobody"),
    );
    let time = |time: Option<Timestamp>| time.map_or_else(|| "no time".to_owned(), instant);
    page.row(
        "valid",
        &format!(
            "{} to {}",
            time(certificate.not_before),
            time(certificate.not_after)
        ),
    );
    for (number, value) in &certificate.claims {
        page.row(&claim_label(*number), value);
    }
}

fn entry(page: &mut Page, entry: &TransparencyEntry) {
    page.gap();
    page.row(
        "log entry",
        &format!("{} in the log {}", entry.log_index, hex(&entry.log_id)),
    );
    page.row("kind", &format!("{} {}", entry.kind, entry.kind_version));
    let time = entry
        .integrated_time
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    page.row(
        "logged at",
        &time.map_or_else(|| "no time".to_owned(), instant),
    );
    page.row(
        "promise",
        if entry.promise.is_some() {
            "there is one"
        } else {
            "none"
        },
    );
    match &entry.proof {
        None => page.row("inclusion proof", "none"),
        Some(proof) => {
            page.row(
                "inclusion proof",
                &format!(
                    "{} in a tree of {} entries",
                    proof.log_index, proof.tree_size
                ),
            );
            page.row(
                "checkpoint",
                &format!(
                    "{}, signed by {}",
                    proof.checkpoint.origin(),
                    proof.checkpoint.signers().collect::<Vec<_>>().join(", ")
                ),
            );
        }
    }
}

/// The report for programs.
pub(crate) fn json(document: &Document) -> Value {
    let (kind, contents) = match document {
        Document::Attestation(read) => ("attestation", attestation_json(read)),
        Document::Attestations(read) => {
            ("attestations", read.iter().map(attestation_json).collect())
        }
        Document::Provenance(read) => ("provenance", provenance_json(read)),
        Document::Certificate(read) => ("certificate", certificate_json(read)),
    };
    json!({"version": REPORT_VERSION, "checked": false, "kind": kind, kind: contents})
}

fn provenance_json(provenance: &Provenance) -> Value {
    let bundles = provenance.bundles.iter().map(|bundle| {
        json!({
            "publisher": bundle.publisher.to_json(),
            "claims": bundle.publisher_claims(),
            "attestations": bundle.attestations.iter().map(attestation_json).collect::<Vec<_>>(),
        })
    });
    json!({"bundles": bundles.collect::<Vec<_>>()})
}

fn attestation_json(attestation: &Attestation) -> Value {
    let statement = attestation.statement();
    let subjects = statement
        .subjects()
        .iter()
        .map(|subject| json!({"name": subject.name, "digests": subject.digests}));
    let (certificate, unreadable) = match Certificate::read(attestation.certificate()) {
        Ok(read) => (Some(certificate_json(&read)), None),
        Err(error) => (None, Some(causes(&error).collect::<Vec<_>>())),
    };
    json!({
        "predicate_type": statement.predicate_type(),
        "subjects": subjects.collect::<Vec<_>>(),
        "predicate": statement.predicate(),
        "certificate": certificate,
        "certificate_unreadable": unreadable,
        "log_entries": attestation.transparency_entries().iter().map(entry_json).collect::<Vec<_>>(),
    })
}

fn certificate_json(certificate: &Certificate) -> Value {
    let claims = certificate
        .claims
        .iter()
        .map(|(number, value)| (number.to_string(), value.as_str().into()));
    json!({
        "names": certificate.names,
        "issuer": certificate.issuer,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "claims": claims.collect::<serde_json::Map<_, _>>(),
    })
}

fn entry_json(entry: &TransparencyEntry) -> Value {
    json!({
        "log_id": hex(&entry.log_id),
        "log_index": entry.log_index,
        "kind": format!("{} {}", entry.kind, entry.kind_version),
        "integrated_time": entry.integrated_time,
        "has_promise": entry.promise.is_some(),
        "proof": entry.proof.as_ref().map(|proof| json!({
            "log_index": proof.log_index,
            "tree_size": proof.tree_size,
            "root_hash": hex(&proof.root_hash),
            "checkpoint": {
                "origin": proof.checkpoint.origin(),
                "tree_size": proof.checkpoint.tree_size(),
                "signers": proof.checkpoint.signers().collect::<Vec<_>>(),
            },
        })),
    })
}

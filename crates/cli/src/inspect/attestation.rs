//! PEP 740: attestations and provenance objects.

use serde_json::{Value, json};
use touchplate_attest::{Attestation, Provenance};

use super::certificate::Certificate;
use super::entry::Entry;
use crate::report::causes;
use crate::screen::Page;

/// A provenance object, for people.
pub(super) fn provenance(page: &mut Page, provenance: &Provenance) {
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

/// Several attestations, for people.
pub(super) fn attestations(page: &mut Page, attestations: &[Attestation]) {
    for (at, read) in attestations.iter().enumerate() {
        page.gap();
        page.title(&format!("Attestation {}", at + 1));
        attestation(page, read);
    }
}

/// One attestation, for people.
pub(super) fn attestation(page: &mut Page, attestation: &Attestation) {
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
        Ok(read) => read.text(page),
        Err(error) => page.row(
            "certificate",
            &causes(&error).collect::<Vec<_>>().join(": "),
        ),
    }
    attestation
        .transparency_entries()
        .iter()
        .for_each(|read| Entry::of(read).text(page));
}

/// A provenance object, for programs.
pub(super) fn provenance_json(provenance: &Provenance) -> Value {
    let bundles = provenance.bundles.iter().map(|bundle| {
        json!({
            "publisher": bundle.publisher.to_json(),
            "claims": bundle.publisher_claims(),
            "attestations": bundle.attestations.iter().map(attestation_json).collect::<Vec<_>>(),
        })
    });
    json!({"bundles": bundles.collect::<Vec<_>>()})
}

/// One attestation, for programs.
pub(super) fn attestation_json(attestation: &Attestation) -> Value {
    let statement = attestation.statement();
    let subjects = statement
        .subjects()
        .iter()
        .map(|subject| json!({"name": subject.name, "digests": subject.digests}));
    let (certificate, unreadable) = match Certificate::read(attestation.certificate()) {
        Ok(read) => (Some(read.json()), None),
        Err(error) => (None, Some(causes(&error).collect::<Vec<_>>())),
    };
    json!({
        "predicate_type": statement.predicate_type(),
        "subjects": subjects.collect::<Vec<_>>(),
        "predicate": statement.predicate(),
        "certificate": certificate,
        "certificate_unreadable": unreadable,
        "log_entries": attestation.transparency_entries().iter().map(|read| Entry::of(read).json()).collect::<Vec<_>>(),
    })
}

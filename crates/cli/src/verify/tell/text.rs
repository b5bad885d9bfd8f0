//! The report for people.

use std::path::Path;

use touchplate_attest::{EnvironmentCheck, Proven};
use touchplate_client::pins::PinFile;

use super::{Headline, Report, headline};
use crate::report::causes;
use crate::screen::{Page, instant};
use crate::signer;
use crate::verify::candidate;
use crate::verify::expected::{Tied, Unexpected};
use crate::verify::judge::{Judged, Refused};

/// The report for people.
pub(crate) fn text(report: &Report) -> String {
    let mut page = Page::new();
    let pin_file = report.expectation.pin_file();
    for judged in &report.files {
        file(&mut page, judged, pin_file);
    }
    page.gap();
    match report.trust.only_digest() {
        Some(digest) => page.row(
            "trust root",
            &format!("{digest} ({})", report.trust.origin(None)),
        ),
        None => page.row("trust", &report.trust.origin(None)),
    }
    if let Some(index) = &report.index {
        page.row("index", &format!("{} (from {})", index.url, index.origin));
    }
    page.row("checked at", &instant(report.now));
    let records = report.files.iter().flat_map(|judged| &judged.findings);
    if let Some(record) = records
        .filter_map(|finding| finding.result.as_ref().ok()?.record())
        .next()
    {
        page.gap();
        page.line("What was checked, of each attestation:");
        record
            .checked
            .iter()
            .for_each(|check| page.line(&format!("  - {check}")));
    }
    page.take()
}

fn file(page: &mut Page, judged: &Judged, pin_file: Option<&PinFile>) {
    let facts = &judged.target.facts;
    page.gap();
    match headline(judged) {
        Headline::Verified => page.good(&format!("{}: verified", facts.filename)),
        Headline::NobodyExpected => {
            page.bad(&format!(
                "{}: not verified, since you did not say whom you expect",
                facts.filename
            ));
        }
        Headline::NoAttestation => page.bad(&format!(
            "{}: not verified, since there is no attestation",
            facts.filename
        )),
        Headline::Refused => page.bad(&format!("{}: not verified", facts.filename)),
    }
    let server = judged.target.server.as_ref();
    match server {
        Some(server) if !server.fetched => {
            page.row(
                "sha256",
                &format!("{}, as the index says; it was not fetched", facts.sha256),
            );
        }
        Some(_) | None => page.row("sha256", &facts.sha256.to_string()),
    }
    if let Some(server) = server {
        page.row("from", server.url.as_str());
    }
    for finding in &judged.findings {
        page.gap();
        page.row("attestation", &finding.source.place());
        if let Some(domain) = &finding.domain {
            page.row("trust domain", &domain.to_string());
        }
        match &finding.result {
            Ok(tied) => story(page, tied),
            Err(refused) => refusal(page, refused),
        }
    }
    match headline(judged) {
        Headline::Verified => afterwards(page, judged, pin_file),
        Headline::Refused => how_to_accept(page, judged, pin_file),
        Headline::NobodyExpected => say_whom(page, judged),
        Headline::NoAttestation if server.is_some() => {
            page.hint("the server has no provenance object for this file");
        }
        Headline::NoAttestation => {
            page.hint(
                "expected one of these beside the file, or another place named with --attestation,",
            );
            page.line("      --attestations or --provenance:");
            for ending in ["publish.attestation", "slsa.attestation", "provenance"] {
                page.line(&format!("      {}.{ending}", facts.filename));
            }
        }
    }
}

fn say_whom(page: &mut Page, judged: &Judged) {
    page.gap();
    page.line("  Every signature holds. That says who it was, not that they may.");
    let found = judged
        .findings
        .iter()
        .filter_map(|finding| finding.result.as_ref().ok())
        .next();
    match found.and_then(|tied| candidate::flags(tied.proven())) {
        Some(flags) => {
            page.hint("if that is who should have built this file, say so with");
            page.line(&format!("      {flags}"));
            page.line("      or pin them for this and later releases with --first-use");
        }
        None => page.hint("say whom you expect with --publisher, or with --identity and --issuer"),
    }
}

/// What was done because the file is verified.
fn afterwards(page: &mut Page, judged: &Judged, pin_file: Option<&PinFile>) {
    let path = pin_file.map_or(Path::new(""), PinFile::path);
    for pin in &judged.pinned {
        let project = judged.target.facts.filename.project();
        page.gap();
        page.row(
            "pinned",
            &format!("{} for {project}, in {}", pin.who, path.display()),
        );
    }
    if !judged.kept.is_empty() {
        page.gap();
        judged.kept.iter().for_each(|path| page.row("kept", path));
    }
}

/// Where pins say otherwise: how somebody who knows better changes them.
fn how_to_accept(page: &mut Page, judged: &Judged, pin_file: Option<&PinFile>) {
    let is_pinned = judged.findings.iter().any(|finding| {
        let refused = finding.result.as_ref().err();
        matches!(
            refused,
            Some(Refused::Unexpected {
                source: Unexpected::Pinned(_),
                ..
            })
        )
    });
    if let Some(file) = pin_file.filter(|_| is_pinned) {
        let project = judged.target.facts.filename.project();
        page.hint(&format!(
            "if you know why that changed, remove `{project}` from {} and pin anew with --first-use",
            file.path().display()
        ));
    }
}

fn story(page: &mut Page, tied: &Tied) {
    let proven = tied.proven();
    page.row("says", proven.predicate_type().as_str());
    if let Some((publisher, environment)) = tied.publisher() {
        page.row("made by", &publisher.describe());
        match environment {
            EnvironmentCheck::NotAsked => {}
            EnvironmentCheck::Matched => page.row("environment", "as expected"),
            EnvironmentCheck::NotProvable => {
                page.row("environment", "not provable: the certificate names none");
            }
        }
    }
    who(page, proven);
}

fn who(page: &mut Page, proven: &Proven) {
    signer::identity(page, proven.identity(), proven.claims());
    signer::records(page, proven.log_entries(), proven.times());
}

fn refusal(page: &mut Page, refused: &Refused) {
    for (at, message) in causes(refused).enumerate() {
        page.row(if at == 0 { "refused" } else { "because" }, &message);
    }
    if let Refused::Unexpected { proven, .. } = refused {
        page.row("says", proven.predicate_type().as_str());
        who(page, proven);
    }
}

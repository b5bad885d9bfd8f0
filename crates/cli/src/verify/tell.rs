//! What `verify` found, in words and as JSON.

use serde_json::{Value, json};
use touchplate_attest::{Claims, EnvironmentCheck, LogEntryFacts, Proven, TimeSource};

use super::candidate;
use super::expected::{Expected, Tied};
use super::judge::{Finding, Judged, Refused, Report};
use crate::options::REPORT_VERSION;
use crate::report::causes;
use crate::screen::{Page, instant};

/// The report for people.
pub(crate) fn text(report: &Report) -> String {
    let mut page = Page::new();
    for judged in &report.files {
        file(&mut page, judged);
    }
    page.gap();
    page.row(
        "trust root",
        &format!(
            "{} ({})",
            report.root.trust_root().digest(),
            report.root.origin()
        ),
    );
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

fn file(page: &mut Page, judged: &Judged) {
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
    page.row("sha256", &facts.sha256.to_string());
    for finding in &judged.findings {
        page.gap();
        page.row("attestation", &finding.source.path().display().to_string());
        match &finding.result {
            Ok(tied) => story(page, tied),
            Err(refused) => refusal(page, refused),
        }
    }
    match headline(judged) {
        Headline::Verified | Headline::Refused => {}
        Headline::NobodyExpected => say_whom(page, judged),
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

/// The answer for one file, in one word.
enum Headline {
    Verified,
    NobodyExpected,
    NoAttestation,
    Refused,
}

fn headline(judged: &Judged) -> Headline {
    if judged.findings.is_empty() {
        Headline::NoAttestation
    } else if judged.is_verified() {
        Headline::Verified
    } else if judged
        .findings
        .iter()
        .any(|finding| finding.result.is_err())
    {
        Headline::Refused
    } else {
        Headline::NobodyExpected
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
        }
        None => page.hint("say whom you expect with --publisher, or with --identity and --issuer"),
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

/// Who signed, and what the certificate and the logs say of it.
fn who(page: &mut Page, proven: &Proven) {
    for san in proven.identity().sans() {
        page.row("signed by", san.as_str());
    }
    page.row("vouched for by", proven.identity().issuer());
    for (label, value) in told(proven.claims()) {
        page.row(label, value);
    }
    for entry in proven.log_entries() {
        let LogEntryFacts {
            log_index, log_url, ..
        } = entry;
        page.row("log entry", &format!("{log_index} in {log_url}"));
    }
    for signed in proven.times() {
        let by = match &signed.source {
            TimeSource::Log { url, .. } => url,
            TimeSource::Authority { uri } => uri,
        };
        page.row("signed at", &format!("{}, says {by}", instant(signed.time)));
    }
}

/// The claims that people ask for first. JSON has all of them.
fn told(claims: &Claims) -> impl Iterator<Item = (&'static str, &str)> {
    let told = [
        ("repository", &claims.source_repository_uri),
        ("workflow", &claims.build_config_uri),
        ("commit", &claims.source_repository_digest),
        ("ref", &claims.source_repository_ref),
        ("trigger", &claims.build_trigger),
        ("runner", &claims.runner_environment),
        ("environment", &claims.deployment_environment),
        ("run", &claims.run_invocation_uri),
    ];
    told.into_iter()
        .filter_map(|(label, value)| Some((label, value.as_deref()?)))
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

/// The report for programs.
pub(crate) fn json(report: &Report) -> Value {
    json!({
        "version": REPORT_VERSION,
        "verified": report.is_verified(),
        "checked_at": report.now,
        "trust_root": {"sha256": report.root.trust_root().digest(), "origin": report.root.origin()},
        "expected": expected_json(&report.expected),
        "files": report.files.iter().map(file_json).collect::<Vec<_>>(),
    })
}

fn expected_json(expected: &Expected) -> Value {
    match expected {
        Expected::Publishers(publishers) => {
            json!({"publishers": publishers.iter().map(touchplate_attest::Publisher::to_json).collect::<Vec<_>>()})
        }
        Expected::Identity { san, issuer } => json!({"identity": {"san": san, "issuer": issuer}}),
        Expected::Nobody => Value::Null,
    }
}

fn file_json(judged: &Judged) -> Value {
    let reason = match headline(judged) {
        Headline::Verified => Value::Null,
        Headline::NobodyExpected => "nobody-expected".into(),
        Headline::NoAttestation => "no-attestation".into(),
        Headline::Refused => "refused".into(),
    };
    json!({
        "filename": judged.target.facts.filename.as_str(),
        "sha256": judged.target.facts.sha256,
        "path": judged.target.path.as_ref().map(|path| path.display().to_string()),
        "verified": judged.is_verified(),
        "reason": reason,
        "attestations": judged.findings.iter().map(finding_json).collect::<Vec<_>>(),
    })
}

fn finding_json(finding: &Finding) -> Value {
    let tied = finding.result.as_ref().ok();
    let proven = match &finding.result {
        Ok(tied) => Some(tied.proven()),
        Err(Refused::Unexpected { proven, .. }) => Some(&**proven),
        Err(
            Refused::Attestation(_)
            | Refused::Array(_)
            | Refused::Provenance(_)
            | Refused::Unverified(_)
            | Refused::ProvenanceUnverified(_)
            | Refused::Unreadable(_),
        ) => None,
    };
    let publisher = tied.and_then(Tied::publisher);
    json!({
        "source": finding.source.path().display().to_string(),
        "verified": tied.is_some_and(Tied::is_expected),
        "refused": finding.result.as_ref().err().map(|refused| causes(refused).collect::<Vec<_>>()),
        "predicate_type": proven.map(Proven::predicate_type),
        "publisher": publisher.map(|(publisher, _)| publisher.to_json()),
        "environment": publisher.map(|(_, environment)| environment),
        "identity": proven.map(identity_json),
        "claims": proven.map(Proven::claims),
        "log_entries": proven.map(Proven::log_entries),
        "checked": tied.and_then(Tied::record).map(|record| record.checked),
    })
}

fn identity_json(proven: &Proven) -> Value {
    let identity = proven.identity();
    let sans: Vec<&str> = identity
        .sans()
        .map(touchplate_attest::SubjectName::as_str)
        .collect();
    json!({"san": identity.san().as_str(), "sans": sans, "issuer": identity.issuer()})
}

//! The report for programs.

use jiff::Timestamp;
use serde_json::{Value, json};
use touchplate_attest::Proven;
use touchplate_client::pins::{Pin, Who};

use super::{Headline, Report, headline};
use crate::options::REPORT_VERSION;
use crate::report::{Failure, Kind, causes};
use crate::root::Trust;
use crate::verify::expected::{Expected, Tied};
use crate::verify::judge::{Finding, Judged, Refused};

/// The report for programs.
pub(crate) fn json(report: &Report) -> Value {
    let index = report.index.as_ref();
    let pin_file = report
        .expectation
        .pin_file()
        .filter(|file| file.exists() || any_pinned(report));
    json!({
        "version": REPORT_VERSION,
        "verified": report.is_verified(),
        "checked_at": report.now,
        "trust_root": trust_json(&report.trust),
        "expected": expected_json(report.expectation.of_every_file()),
        "pins": pin_file.map(|file| file.path().display().to_string()),
        "index": index.map(|index| json!({"url": index.url.as_str(), "origin": index.origin})),
        "files": report.files.iter().map(file_json).collect::<Vec<_>>(),
        "failures": report.failures.iter().map(failure_json).collect::<Vec<_>>(),
    })
}

/// What is kept beside one file: its part of the report.
pub(crate) fn record(judged: &Judged, trust: &Trust, now: Timestamp) -> Value {
    json!({
        "version": REPORT_VERSION,
        "checked_at": now,
        "trust_root": trust_json(trust),
        "file": file_json(judged),
    })
}

fn any_pinned(report: &Report) -> bool {
    report.files.iter().any(|judged| !judged.pinned.is_empty())
}

fn trust_json(trust: &Trust) -> Value {
    json!({"sha256": trust.only_digest(), "origin": trust.origin(None)})
}

fn failure_json((target, failure): &(String, Failure)) -> Value {
    let kind = match failure.kind() {
        Kind::Refused => "no",
        Kind::Usage => "usage",
        Kind::Outside => "outside",
    };
    json!({"target": target, "kind": kind, "error": failure.messages(), "hint": failure.what_to_do()})
}

fn expected_json(expected: &Expected) -> Value {
    match expected {
        Expected::Publishers(publishers) => {
            json!({"publishers": publishers.iter().map(touchplate_attest::Publisher::to_json).collect::<Vec<_>>()})
        }
        Expected::Identity { san, issuer } => json!({"identity": {"san": san, "issuer": issuer}}),
        Expected::Pinned(pins) => json!({"pins": pins.iter().map(pin_json).collect::<Vec<_>>()}),
        Expected::Nobody => Value::Null,
    }
}

fn pin_json(pin: &Pin) -> Value {
    let (publisher, identity) = match &pin.who {
        Who::Publisher(publisher) => (Some(publisher.to_json()), None),
        Who::Identity { san, issuer } => (None, Some(json!({"san": san, "issuer": issuer}))),
    };
    json!({
        "publisher": publisher,
        "identity": identity,
        "repository_id": pin.ids.repository_id,
        "owner_id": pin.ids.owner_id,
        "first_seen": {"version": pin.version.to_string(), "date": pin.date},
        "index": pin.index,
    })
}

fn file_json(judged: &Judged) -> Value {
    let reason = match headline(judged) {
        Headline::Verified => Value::Null,
        Headline::NobodyExpected => "nobody-expected".into(),
        Headline::NoAttestation => "no-attestation".into(),
        Headline::Refused => "refused".into(),
    };
    let server = judged.target.server.as_ref();
    json!({
        "filename": judged.target.facts.filename.as_str(),
        "sha256": judged.target.facts.sha256,
        "path": judged.target.path().map(|path| path.display().to_string()),
        "url": server.map(|server| server.url.as_str()),
        "fetched": server.map(|server| server.fetched),
        "verified": judged.is_verified(),
        "reason": reason,
        "expected": expected_json(&judged.expected),
        "pinned": judged.pinned.iter().map(pin_json).collect::<Vec<_>>(),
        "kept": judged.kept,
        "attestations": judged.findings.iter().map(finding_json).collect::<Vec<_>>(),
    })
}

fn finding_json(finding: &Finding<Tied>) -> Value {
    let tied = finding.result.as_ref().ok();
    let proven = match &finding.result {
        Ok(tied) => Some(tied.proven()),
        Err(Refused::Unexpected { proven, .. }) => Some(&**proven),
        Err(
            Refused::Attestation(_)
            | Refused::Array(_)
            | Refused::Provenance(_)
            | Refused::Unverified(_)
            | Refused::Digest(_)
            | Refused::ProvenanceUnverified(_)
            | Refused::Unreadable(_),
        ) => None,
    };
    let publisher = tied.and_then(Tied::publisher);
    json!({
        "source": finding.source.place(),
        "verified": tied.is_some_and(Tied::is_expected),
        "refused": finding.result.as_ref().err().map(|refused| causes(refused).collect::<Vec<_>>()),
        "trust_domain": finding.domain.as_ref().map(ToString::to_string),
        "predicate_type": proven.map(Proven::predicate_type),
        "publisher": publisher.map(|(publisher, _)| publisher.to_json()),
        "environment": publisher.map(|(_, environment)| environment),
        "identity": proven.map(identity_json),
        "claims": proven.map(Proven::claims),
        "log_entries": proven.map(Proven::log_entries),
        "times": proven.map(Proven::times),
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

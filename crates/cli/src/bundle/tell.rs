//! What `bundle verify` found, in words and as JSON.

use serde_json::{Value, json};
use touchplate_attest::bundle::{Bundle, MediaType, ProvenBundle};
use touchplate_attest::{ManagedKey, Sha256, Statement, SubjectName};

use super::judge::{Expected, Report};
use crate::options::REPORT_VERSION;
use crate::report::causes;
use crate::screen::{Page, instant};
use crate::signer;

/// The report for people.
pub(super) fn text(report: &Report) -> String {
    let mut page = Page::new();
    let name = report.target.name();
    if report.is_verified() {
        page.good(&format!("{name}: verified"));
    } else {
        page.bad(&format!("{name}: not verified"));
    }
    for (algorithm, digest) in report.target.known() {
        page.row(algorithm, &digest);
    }
    let version = report.bundle.as_ref().map(version);
    let version = version.map(|it| format!(", version {it}"));
    page.row(
        "bundle",
        &format!("{}{}", report.path.display(), version.unwrap_or_default()),
    );
    if let Err(refused) = &report.result {
        for (at, message) in causes(refused).enumerate() {
            page.row(if at == 0 { "refused" } else { "because" }, &message);
        }
    }
    if let (Some(bundle), Some(proven)) = (&report.bundle, report.proven()) {
        story(&mut page, bundle, proven, &report.expected);
    }
    page.gap();
    let (digest, origin) = (report.root.root.digest(), &report.root.origin);
    page.row("trust root", &format!("{digest} ({origin})"));
    page.row("checked at", &instant(report.now));
    page.take()
}

/// The version of a bundle's format.
fn version(bundle: &Bundle) -> &'static str {
    match bundle.media_type() {
        MediaType::V0_1 => "0.1",
        MediaType::V0_2 => "0.2",
        MediaType::V0_3 => "0.3",
    }
}

fn story(page: &mut Page, bundle: &Bundle, proven: &ProvenBundle, expected: &Expected) {
    let says = match bundle.statement() {
        Some(statement) => statement.predicate_type().as_str(),
        None => "nothing but a signature over the artifact",
    };
    page.row("says", says);
    match (proven.identity(), expected) {
        (Some(identity), _) => signer::identity(page, identity, proven.claims()),
        (None, Expected::Key(key)) => page.row("signed with", &format!("the key {}", digest(key))),
        (None, Expected::Identity { .. }) => {}
    }
    signer::records(page, proven.log_entries(), proven.times());
    if proven.times().is_empty() {
        page.row("signed at", "no time is proved");
    }
}

/// SHA-256 of a key's SubjectPublicKeyInfo.
fn digest(key: &ManagedKey) -> Sha256 {
    Sha256::of(key.spki())
}

/// The report for programs.
pub(super) fn json(report: &Report) -> Value {
    let proven = report.proven();
    let refused = report.result.as_ref().err();
    let statement = report.bundle.as_ref().and_then(Bundle::statement);
    json!({
        "version": REPORT_VERSION,
        "verified": report.is_verified(),
        "checked_at": report.now,
        "trust_root": {"sha256": report.root.root.digest(), "origin": report.root.origin},
        "expected": expected_json(&report.expected),
        "artifact": {
            "path": report.target.path.as_ref().map(|path| path.display().to_string()),
            "digests": report.target.known().collect::<std::collections::BTreeMap<_, _>>(),
        },
        "bundle": {"path": report.path.display().to_string(), "version": report.bundle.as_ref().map(version)},
        "refused": refused.map(|refused| causes(refused).collect::<Vec<_>>()),
        "predicate_type": proven.and(statement).map(Statement::predicate_type),
        "identity": proven.and_then(identity_json),
        "claims": proven.filter(|it| it.identity().is_some()).map(ProvenBundle::claims),
        "times": proven.map(ProvenBundle::times),
        "log_entries": proven.map(ProvenBundle::log_entries),
    })
}

fn expected_json(expected: &Expected) -> Value {
    match expected {
        Expected::Identity { san, issuer } => json!({"identity": {"san": san, "issuer": issuer}}),
        Expected::Key(key) => json!({"key": {"spki_sha256": digest(key)}}),
    }
}

fn identity_json(proven: &ProvenBundle) -> Option<Value> {
    let identity = proven.identity()?;
    let sans: Vec<&str> = identity.sans().map(SubjectName::as_str).collect();
    Some(json!({"san": identity.san().as_str(), "sans": sans, "issuer": identity.issuer()}))
}

//! One attestation in words: who made it, what each check says, what certificate, statement and log say.

use touchplate_attest::domain::DomainReport;
use touchplate_attest::{
    Attestation, CertificateFacts, Claims, EnvironmentCheck, LogEntryFacts, PredicateType,
};
use touchplate_index::attesters::{AttestationRecord, Capacity, KnownAttestation};

use super::checks::{self, CheckTold};
use super::root::Root;
use super::sentence::{Proof, Sentence, sentence};
use crate::pages::link::Link;
use crate::pages::{text, units};

/// A label and what stands under it.
pub(super) type Fact = (&'static str, Link);

/// One attestation as people read it.
pub(super) struct AttestationTold {
    /// Its place on the page, counted from 1.
    pub(super) number: usize,
    /// What kind of claim it is, as a heading.
    pub(super) heading: &'static str,
    /// Who built the file; that the evidence does not hold, where it does not.
    pub(super) sentence: Sentence,
    /// Whether the page begins with that sentence.
    pub(super) is_lede: bool,
    /// Whether every check holds.
    pub(super) held: bool,
    pub(super) checks: Vec<CheckTold>,
    /// How many of the checks hold.
    pub(super) holding: usize,
    /// Whom it was accepted from, and what that means for the environment.
    pub(super) accepted: String,
    pub(super) environment: Option<&'static str>,
    /// When it was added, where that was after the upload.
    pub(super) added: Option<String>,
    /// The run that built it.
    pub(super) run: Option<Link>,
    pub(super) certificate: Vec<Fact>,
    pub(super) statement: Vec<Fact>,
    /// Each log entry, and when the signature was stamped.
    pub(super) records: Vec<Vec<Fact>>,
    pub(super) checked_at: String,
    /// Against which root, and how that is today's.
    pub(super) root: String,
    pub(super) root_since: Option<String>,
    pub(super) domain: Option<String>,
}

/// What is known of an attestation, and what its checks say today.
pub(super) fn told(
    number: usize,
    known: &KnownAttestation,
    report: Option<&DomainReport>,
) -> AttestationTold {
    let (facts, record) = (&known.facts, &known.facts.record);
    let checks = checks::told(known, report);
    let holding = checks.iter().filter(|check| check.is_held()).count();
    let held = holding == checks.len();
    let proven = report.and_then(DomainReport::proven).filter(|_| held);
    let attestation = report.and_then(|report| report.report.attestation());
    let certificate = attestation.and_then(|it| it.certificate_facts().ok());
    AttestationTold {
        number,
        heading: heading(&record.predicate_type),
        sentence: match proven {
            Some(proven) => sentence(&Proof {
                identity: proven.identity(),
                claims: proven.claims(),
                expected: &record.expected,
                capacity: facts.capacity,
                entries: proven.log_entries(),
                times: proven.times(),
                is_public_good: report.is_some_and(|it| Root::of(it) == Root::PublicGood),
            }),
            None => broken(holding, checks.len()),
        },
        held,
        holding,
        is_lede: false,
        accepted: accepted(facts.capacity, record),
        environment: environment(record),
        added: facts.added.as_ref().map(|added| {
            let by = added.by.strip_prefix("user:").unwrap_or(&added.by);
            format!("{} by {by}", units::time(added.at))
        }),
        run: certificate
            .as_ref()
            .and_then(|it| it.claims.run_invocation_uri.as_deref().map(Link::of)),
        certificate: certificate.as_ref().map(of_certificate).unwrap_or_default(),
        statement: attestation.map(of_statement).unwrap_or_default(),
        records: records(record),
        checked_at: units::time(record.checked_at),
        root: record.trust_root_sha256.to_string(),
        root_since: report
            .filter(|report| report.root_digest != record.trust_root_sha256)
            .map(|report| report.root_digest.to_string()),
        domain: report.and_then(|report| Some(report.domain.as_ref()?.to_string())),
        checks,
    }
}

fn heading(predicate_type: &PredicateType) -> &'static str {
    match predicate_type {
        PredicateType::Publish => "Publish attestation",
        PredicateType::Slsa => "SLSA build provenance",
        PredicateType::IndexPublish => "Publish attestation for this index alone",
        PredicateType::Other(_) => "Attestation of another kind",
    }
}

/// Nothing of what damaged evidence says is told as if it were proved.
fn broken(holding: usize, all: usize) -> Sentence {
    Sentence::of(&format!(
        "The evidence that is stored for this attestation does not hold today: {holding} of {all} checks hold. Nothing that \
         it says is proved; the checks below show where it breaks."
    ))
}

fn accepted(capacity: Capacity, record: &AttestationRecord) -> String {
    let who = record.expected.describe();
    let who = text::line(&who);
    match capacity {
        Capacity::Publisher => {
            format!("It was accepted as made by a publisher of this project: {who}.")
        }
        Capacity::Attester(role) => {
            format!("It was accepted as made by an attester of this project, its {role}: {who}.")
        }
    }
}

fn environment(record: &AttestationRecord) -> Option<&'static str> {
    match record.environment {
        EnvironmentCheck::NotAsked => None,
        EnvironmentCheck::Matched => {
            Some("The certificate names the publisher's deployment environment.")
        }
        EnvironmentCheck::NotProvable => Some(
            "The publisher asks for a deployment environment; the certificate names none, so it is not proved.",
        ),
    }
}

fn of_certificate(facts: &CertificateFacts) -> Vec<Fact> {
    let identity = &facts.identity;
    let mut listed: Vec<Fact> = identity
        .sans()
        .map(|san| ("issued to", Link::of(san.as_str())))
        .collect();
    listed.push(("on the word of", Link::of(identity.issuer())));
    let window = format!(
        "{} to {}",
        units::time(facts.not_before),
        units::time(facts.not_after)
    );
    listed.push(("valid", Link::plain(window)));
    let seen = facts.logged_at.map(units::time);
    listed.extend(seen.map(|time| ("seen by a certificate log", Link::plain(time))));
    listed.extend(named(&facts.claims));
    listed
}

/// Every claim but the deprecated ones, which repeat others under older names.
fn named(claims: &Claims) -> impl Iterator<Item = Fact> {
    let named = claims
        .named()
        .filter(|(key, _, _)| !key.starts_with("github_workflow_"));
    named.map(|(_, label, value)| (label, Link::of(value)))
}

fn of_statement(attestation: &Attestation) -> Vec<Fact> {
    let statement = attestation.statement();
    let mut listed = vec![
        ("type", Link::plain(statement.type_uri())),
        ("claim", Link::plain(statement.predicate_type().as_str())),
    ];
    for subject in statement.subjects() {
        let name = subject.name.clone().unwrap_or_default();
        listed.push(("about the file", Link::plain(name)));
        listed.extend(
            subject.digests.iter().map(|(algorithm, digest)| {
                ("digest", Link::plain(format!("{algorithm}: {digest}")))
            }),
        );
    }
    if let Some(index) = statement.index() {
        listed.push(("for the index", Link::of(index)));
    }
    listed
}

fn records(record: &AttestationRecord) -> Vec<Vec<Fact>> {
    record.log_entries.iter().map(entry).collect()
}

fn entry(entry: &LogEntryFacts) -> Vec<Fact> {
    let number = entry.log_index.to_string();
    let number = match super::words::entry_page(entry) {
        Some(page) => Link::new(&number, &page),
        None => Link::plain(number),
    };
    let mut listed = vec![("entry", number), ("log", Link::plain(&entry.log_url))];
    let taken = entry.integrated_time.map(units::time);
    listed.extend(taken.map(|time| ("taken", Link::plain(time))));
    listed.extend([
        ("kind", Link::plain(&entry.kind)),
        ("log id", Link::plain(&entry.log_id)),
        ("checkpoint of", Link::plain(&entry.checkpoint_origin)),
        (
            "in a tree of",
            Link::plain(format!("{} entries", entry.tree_size)),
        ),
    ]);
    listed
}

//! The checks of one attestation as lines: what was asked, what it proves, what came of it.

use std::error::Error;

use touchplate_attest::Proven;
use touchplate_attest::domain::DomainReport;
use touchplate_attest::verify::{Check, Outcome};
use touchplate_index::attesters::{AttestationRecord, Capacity, KnownAttestation};

/// One line.
pub(super) struct CheckTold {
    /// A word for programs.
    pub(super) name: &'static str,
    pub(super) title: String,
    /// What it proves when it holds.
    pub(super) proves: &'static str,
    /// `held`, `failed` or `absent`.
    pub(super) result: &'static str,
    /// The result in a word for people.
    pub(super) word: &'static str,
    /// Why it failed.
    pub(super) why: Option<String>,
}

impl CheckTold {
    pub(super) fn is_held(&self) -> bool {
        self.result == HELD
    }

    fn new(name: &'static str, title: impl Into<String>, proves: &'static str, came: Came) -> Self {
        let (result, word, why) = match came {
            Came::Held => (HELD, "holds", None),
            Came::Failed(why) => ("failed", "fails", Some(why)),
            Came::NotReached => ("absent", "not reached", None),
        };
        Self {
            name,
            title: title.into(),
            proves,
            result,
            word,
            why,
        }
    }
}

const HELD: &str = "held";

/// What came of a check, its failure in words.
enum Came {
    Held,
    Failed(String),
    NotReached,
}

impl Came {
    fn of(result: Result<(), impl Error + 'static>) -> Self {
        match result {
            Ok(()) => Self::Held,
            Err(error) => Self::Failed(chain(&error)),
        }
    }
}

/// Every check of an attestation, in order: its own, then whether it is whose the project expects, and what was noted.
pub(super) fn told(known: &KnownAttestation, report: Option<&DomainReport>) -> Vec<CheckTold> {
    let outcomes = report.map(|report| report.report.outcomes());
    let mut lines: Vec<CheckTold> = match outcomes {
        Some(outcomes) => outcomes
            .iter()
            .map(|(check, came)| line(*check, came))
            .collect(),
        None => Check::ALL
            .into_iter()
            .map(|check| line(check, &Outcome::NotReached))
            .collect(),
    };
    let proven = report.and_then(|report| report.report.proven());
    lines.extend(domain(report));
    let proven = proven.filter(|_| report.is_some_and(|report| report.proven().is_some()));
    lines.push(holder(known, proven));
    lines.push(noted(&known.facts.record, proven));
    lines
}

fn line(check: Check, came: &Outcome) -> CheckTold {
    let came = match came {
        Outcome::Held => Came::Held,
        Outcome::Failed(failure) => Came::Failed(chain(failure)),
        Outcome::NotReached => Came::NotReached,
    };
    CheckTold::new(check.name(), check.title(), check.proves(), came)
}

/// Whether a domain may say this; not asked where there is one root for all names.
fn domain(report: Option<&DomainReport>) -> Option<CheckTold> {
    let proves = "An authority is believed only for the project names and identity providers that it was given.";
    let Some(report) = report else {
        let came = Came::Failed("No trust domain speaks for this project's name today.".to_owned());
        return Some(CheckTold::new(
            "domain",
            "A trust domain speaks for this project",
            proves,
            came,
        ));
    };
    let name = report.domain.as_ref()?;
    let came = match &report.issuer {
        None => Came::NotReached,
        Some(Ok(())) => Came::Held,
        Some(Err(refusal)) => Came::Failed(chain(refusal)),
    };
    let title = format!(
        "The trust domain {name} speaks for this project, and takes the certificate's identity provider"
    );
    Some(CheckTold::new("domain", title, proves, came))
}

fn holder(known: &KnownAttestation, proven: Option<&Proven>) -> CheckTold {
    let came = proven.map_or(Came::NotReached, |proven| {
        Came::of(known.facts.record.expected.recognises(proven).map(drop))
    });
    let title = match known.facts.capacity {
        Capacity::Publisher => "The certificate's holder is a publisher of this project".to_owned(),
        Capacity::Attester(role) => {
            format!("The certificate's holder is an attester of this project, its {role}")
        }
    };
    let proves = "Who signed is not just somebody: this project's owners named them before.";
    CheckTold::new("holder", title, proves, came)
}

/// What was noted when it came is what the evidence says.
fn noted(record: &AttestationRecord, proven: Option<&Proven>) -> CheckTold {
    let came = match proven {
        None => Came::NotReached,
        Some(proven) => match record.differs_from(proven) {
            None => Came::Held,
            Some(field) => Came::Failed(format!("The note has another {field} than the evidence.")),
        },
    };
    CheckTold::new(
        "record",
        "What this index noted when it took the attestation is what the evidence says",
        "Whoever reads the note reads what the evidence says, and nobody changed it since.",
        came,
    )
}

/// An error and its causes as one sentence.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let mut text = causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ");
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    text.push('.');
    crate::pages::text::line(&text).into_owned()
}

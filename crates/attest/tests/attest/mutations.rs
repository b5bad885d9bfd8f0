//! A good attestation with one field changed: each rule refuses by a name of its own.
//!
//! Where the changed field must still be signed and logged, the recipe is changed before the minting; where the change is
//! to the document, the document is changed after it.

mod proving;
mod reading;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use touchplate_attest::statement::StatementError;
use touchplate_attest::{
    Artifact, Attestation, AttestationError, Bundle, BundleError, BundleVerifyError, EntryError,
    FileFacts, TimestampError, TrustRoot, VerifyError, verify, verify_bundle,
};
use touchplate_trust::{Fault, Recipe};

use crate::support::Case;

/// What is changed, how, and the variants from the outermost to the innermost that name the rule.
pub(crate) type Mutation = (&'static str, Change, &'static str);

/// One change.
pub(crate) enum Change {
    /// Before it is signed and logged.
    Recipe(fn(&mut Recipe)),
    /// The same, by a fault that the demo knows.
    Fault(Fault),
    /// To a field of the document.
    Field(fn(&mut Value)),
    /// To the document's text.
    Text(fn(String) -> Vec<u8>),
}

use Change::{Field, Recipe as Minted, Text};

#[test]
fn each_changed_field_is_refused_by_a_rule_of_its_own() {
    let case = Case::good();
    let root = case.root();
    let mut rules = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, change, expected) in mutations() {
        let found = judge(&case.file, &change.make(&case), &root, case.now);
        let found = found.map_or_else(|rule| rule, |()| "accepted".to_owned());
        if found != expected {
            wrong.push(format!("{name}: expected {expected}, found {found}"));
        }
        if !rules.insert(found.clone()) {
            wrong.push(format!("{name}: {found} is another's rule too"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rules.len() >= 60, "{}", rules.len());
}

impl Change {
    /// A new attestation with this change.
    pub(crate) fn make(&self, case: &Case) -> Vec<u8> {
        let mut recipe = case.recipe();
        match self {
            Minted(change) => change(&mut recipe),
            Self::Fault(fault) => fault.apply(&mut recipe),
            Field(_) | Text(_) => {}
        }
        let mut json = case.mint(&recipe);
        match self {
            Field(change) => change(&mut json),
            Text(change) => return change(json.to_string()),
            Minted(_) | Self::Fault(_) => {}
        }
        json.to_string().into_bytes()
    }
}

/// Whether an attestation is read and verifies, or the name of the rule that refuses it.
pub(crate) fn judge(
    file: &FileFacts,
    document: &[u8],
    root: &TrustRoot,
    now: Timestamp,
) -> Result<(), String> {
    let attestation = Attestation::parse(document).map_err(|refused| unread(&refused))?;
    let outcome = verify(file, &attestation, root, now);
    outcome.map(|_| ()).map_err(|refused| unproven(&refused))
}

/// The same for a bundle.
pub(crate) fn judge_bundle(
    artifact: &Artifact,
    document: &[u8],
    root: &TrustRoot,
    now: Timestamp,
) -> Result<(), String> {
    let bundle = Bundle::parse(document).map_err(|refused| match refused {
        BundleError::Json(inner) => format!("Json/{}", variant(&inner)),
        BundleError::Field(inner) => format!("Field/{}", variant(&inner)),
        BundleError::Checkpoint { source, .. } => format!("Checkpoint/{}", variant(&source)),
        other => variant(&other),
    })?;
    let outcome = verify_bundle(artifact, &bundle, None, root, now);
    outcome.map(|_| ()).map_err(|refused| match refused {
        BundleVerifyError::Evidence(inner) => unproven(&inner),
        other => variant(&other),
    })
}

/// The variants from the outermost to the rule's own. Which field it was is no part of it.
fn unread(refused: &AttestationError) -> String {
    use AttestationError as E;
    let inner = match refused {
        E::Json(inner) => variant(inner),
        E::Field(inner) => variant(inner),
        E::Checkpoint { source, .. } => variant(source),
        E::Timestamp { source, .. } => variant(source),
        E::Statement(StatementError::Json(inner)) => format!("Json/{}", variant(inner)),
        E::Statement(StatementError::Field(inner)) => format!("Field/{}", variant(inner)),
        other => return variant(other),
    };
    format!("{}/{inner}", variant(refused))
}

fn unproven(refused: &VerifyError) -> String {
    let inner = match refused {
        VerifyError::Certificate(inner) => variant(inner),
        VerifyError::Entry { source, .. } => match source {
            EntryError::BodyJson(inner) => format!("BodyJson/{}", variant(inner)),
            EntryError::BodyField(inner) => format!("BodyField/{}", variant(inner)),
            EntryError::InclusionProof(inner) => format!("InclusionProof/{}", variant(inner)),
            other => variant(other),
        },
        VerifyError::CertificateSignature(inner) => variant(inner),
        VerifyError::Timestamp { source, .. } => match source {
            TimestampError::Token(inner) => format!("Token/{}", variant(inner)),
            other => variant(other),
        },
        other => return variant(other),
    };
    format!("{}/{inner}", variant(refused))
}

/// The name of a variant: what `Debug` begins with.
fn variant(error: &impl std::fmt::Debug) -> String {
    let shown = format!("{error:?}");
    let name = shown.split(|c: char| !c.is_ascii_alphanumeric()).next();
    name.unwrap_or_default().to_owned()
}

pub(crate) fn mutations() -> impl Iterator<Item = Mutation> {
    let read = [
        reading::document(),
        reading::fields(),
        reading::notes(),
        reading::statements(),
    ];
    let proved = [
        proving::certificates(),
        proving::logs(),
        proving::signatures(),
        proving::stamps(),
    ];
    read.into_iter().chain(proved).flatten()
}

fn entry(json: &mut Value) -> &mut Value {
    &mut json["verification_material"]["transparency_entries"][0]
}

//! The checks one by one: a single damage shows where it is, and nowhere else.

use serde_json::Value;
use touchplate_attest::verify::{Check, Outcome, Report, report};

use crate::support::{Case, base64, flip};

/// The checks that fail, and those that are not reached.
fn turned(report: &Report) -> (Vec<Check>, Vec<Check>) {
    let such = |wanted: fn(&Outcome) -> bool| {
        let outcomes = report.outcomes().iter();
        let outcomes = outcomes.filter(|(_, outcome)| wanted(outcome));
        outcomes.map(|(check, _)| *check).collect()
    };
    (
        such(|it| matches!(it, Outcome::Failed(_))),
        such(|it| matches!(it, Outcome::NotReached)),
    )
}

fn damaged(change: impl FnOnce(&mut Value)) -> (Vec<Check>, Vec<Check>) {
    let case = Case::good();
    let mut json = case.mint(&case.recipe());
    change(&mut json);
    let text = json.to_string();
    let report = report(&case.file, text.as_bytes(), &case.root(), case.now);
    assert!(report.proven().is_none());
    turned(&report)
}

#[test]
fn of_a_good_attestation_every_check_holds() {
    let case = Case::good();
    let text = case.mint(&case.recipe()).to_string();
    let report = report(&case.file, text.as_bytes(), &case.root(), case.now);
    assert_eq!(turned(&report), (vec![], vec![]));
    let checks = report.outcomes().iter().map(|(check, _)| *check);
    assert_eq!(checks.collect::<Vec<_>>(), Check::ALL);
    assert_eq!(report.proven().unwrap().file(), &case.file);
}

#[test]
fn one_flipped_bit_turns_the_check_that_it_is_about() {
    let entry = "/verification_material/transparency_entries/0";
    let at =
        |pointer: &str, byte: usize| damaged(|json| flip(json.pointer_mut(pointer).unwrap(), byte));
    let signed = at("/envelope/signature", 40);
    assert_eq!(signed, (vec![Check::Signature, Check::Logged], vec![]));
    let promise = at(
        &format!("{entry}/inclusionPromise/signedEntryTimestamp"),
        40,
    );
    assert_eq!(promise, (vec![Check::Time], vec![Check::Validity]));
    let proof = at(&format!("{entry}/inclusionProof/hashes/0"), 3);
    assert_eq!(proof, (vec![Check::Inclusion], vec![]));
    let root = at(&format!("{entry}/inclusionProof/rootHash"), 3);
    assert_eq!(root, (vec![Check::Inclusion], vec![]));
    let log = at(&format!("{entry}/logId/keyId"), 3);
    let stands_on_the_log = vec![Check::Inclusion, Check::Time, Check::Validity];
    assert_eq!(log, (vec![Check::Logged], stands_on_the_log));
}

#[test]
fn a_damaged_certificate_is_not_the_one_that_was_issued() {
    let (failed, absent) = damaged(|json| {
        let field = json
            .pointer_mut("/verification_material/certificate")
            .unwrap();
        let last = base64::decode(field).len() - 1;
        flip(field, last);
    });
    // The issuer's signature is the last thing in it; the log has another certificate.
    assert_eq!(failed, [Check::Authority, Check::Logged]);
    assert_eq!(absent, [Check::Validity]);
}

#[test]
fn a_changed_statement_is_neither_signed_nor_logged() {
    let (failed, absent) = damaged(|json| {
        let statement = json.pointer_mut("/envelope/statement").unwrap();
        let text = String::from_utf8(base64::decode(statement)).unwrap();
        let other = text.replace("sampleproject-1.0", "sampleproject-1.1");
        *statement = base64::encode(other.as_bytes()).into();
    });
    assert_eq!(failed, [Check::Subject, Check::Signature, Check::Logged]);
    assert_eq!(absent, []);
}

#[test]
fn of_what_is_no_attestation_nothing_else_is_said() {
    let (failed, absent) = damaged(|json| json["version"] = 2.into());
    assert_eq!(failed, [Check::Format]);
    assert_eq!(absent.len(), Check::ALL.len() - 1);
}

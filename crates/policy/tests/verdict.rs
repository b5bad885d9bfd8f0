//! Verdicts on facts alone: what is accepted, what is worst, and that each entry has one standing.

// A failure here is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use touchplate_policy::verdict::{
    Acceptance, Class, EntryFacts, Evidence, Finding, LockedFacts, Missing, Rules, Standing,
    Untold, Verdict, judge,
};

fn accepted(finding: &str, version: Option<&str>, until: &str) -> Acceptance {
    Acceptance {
        finding: finding.to_owned(),
        version: version.map(|version| version.parse().unwrap()),
        reason: "looked into".to_owned(),
        until: until.parse().unwrap(),
    }
}

fn judged(facts: &EntryFacts, accepted: &[Acceptance]) -> Verdict {
    let today = "2026-06-15".parse().unwrap();
    judge(facts, &Rules { accepted, today })
}

fn files(evidence: Vec<Evidence>) -> EntryFacts {
    let files = evidence.into_iter().zip(1..);
    EntryFacts {
        version: Some("1.0".parse().unwrap()),
        files: files
            .map(|(evidence, number)| LockedFacts {
                shown: format!("demo-1.0-{number}-py3-none-any.whl"),
                evidence,
            })
            .collect(),
        ..EntryFacts::default()
    }
}

fn words(verdict: &Verdict) -> Vec<&str> {
    verdict.reasons.iter().map(|it| it.finding.word()).collect()
}

#[test]
fn one_finding_of_many_files_is_one_reason() {
    let verdict = judged(&files(vec![Evidence::Absent, Evidence::Absent]), &[]);
    assert_eq!(words(&verdict), ["unattested"]);
    assert_eq!(verdict.reasons[0].files.len(), 2);
    assert_eq!(verdict.standing, Standing::Unattested);
    assert_eq!(verdict.worst(), Some(Class::Notice));
}

#[test]
fn what_cannot_be_told_comes_before_what_is_only_worth_knowing() {
    let missing = Evidence::Found(Finding::NotAtIndex(Missing::File));
    let verdict = judged(&files(vec![Evidence::Absent, missing]), &[]);
    assert_eq!(words(&verdict), ["not-at-index", "unattested"]);
    assert_eq!(verdict.standing, Standing::Unknown);
    let untold = EntryFacts {
        untold: Some(Untold::Vcs("https://code.example/demo.git".to_owned())),
        ..EntryFacts::default()
    };
    assert_eq!(words(&judged(&untold, &[])), ["vcs"]);
}

#[test]
fn an_acceptance_is_for_a_finding_a_version_and_a_time() {
    let mut facts = files(vec![Evidence::Absent]);
    facts.pinned = vec!["somebody".to_owned()];
    let standing = |accepted: Acceptance| judged(&facts, &[accepted]).standing;
    let word = "pinned-unattested";
    assert_eq!(
        standing(accepted(word, None, "2026-06-15")),
        Standing::Accepted
    );
    assert_eq!(
        standing(accepted(word, Some("1.0.0"), "2026-12-31")),
        Standing::Accepted
    );
    assert_eq!(
        standing(accepted(word, Some("1.1"), "2026-12-31")),
        Standing::Violation
    );
    assert_eq!(
        standing(accepted("lost", None, "2026-12-31")),
        Standing::Violation
    );
    let late = judged(&facts, &[accepted(word, None, "2026-06-14")]);
    assert_eq!(late.standing, Standing::Violation);
    assert!(late.reasons[0].expired.is_some());
    // One that has ended hides none that has not.
    let both = [
        accepted(word, None, "2026-06-14"),
        accepted(word, None, "2026-06-16"),
    ];
    assert_eq!(judged(&facts, &both).standing, Standing::Accepted);
    assert_eq!(judged(&facts, &both).worst(), None);
}

#[test]
fn evidence_that_is_false_is_never_accepted() {
    let false_one = Evidence::Found(Finding::DoesNotVerify { why: Vec::new() });
    let facts = files(vec![false_one]);
    let verdict = judged(&facts, &[accepted("does-not-verify", None, "2999-12-31")]);
    assert_eq!(verdict.standing, Standing::Violation);
}

#[test]
fn a_server_that_did_not_answer_is_told_apart() {
    let facts = EntryFacts {
        unasked: Some(Finding::Unreachable { why: Vec::new() }),
        ..EntryFacts::default()
    };
    let verdict = judged(&facts, &[]);
    assert!(verdict.is_cut_off());
    assert_eq!(verdict.standing, Standing::Unknown);
    assert!(!judged(&files(vec![Evidence::Absent]), &[]).is_cut_off());
}

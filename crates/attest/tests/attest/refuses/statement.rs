//! Statements about something else.

use std::collections::BTreeMap;

use serde_json::json;
use touchplate_attest::{Sha256, VerifyError as V};
use touchplate_trust::Fault;

use crate::support::{Case, digest};

#[test]
fn statements_of_another_type_or_number_of_subjects() {
    refuses!(
        |it| it.statement.type_uri = "https://in-toto.io/Statement/v0.1".into(),
        V::StatementType { .. }
    );
    refuses!(
        |it| it.statement.subjects.clear(),
        V::SubjectCount { found: 0 }
    );
    refuses!(
        |it| Fault::TwoSubjects.apply(it),
        V::SubjectCount { found: 2 }
    );
    refuses!(
        |it| it
            .statement
            .subjects
            .push(("other-1.0.tar.gz".into(), BTreeMap::new())),
        V::SubjectCount { found: 2 }
    );
}

#[test]
fn subjects_with_another_name() {
    refuses!(|it| it.statement.subjects[0].0.clear(), V::NoSubjectName);
    for name in [
        "sampleproject-1.0.tar.gz\0",
        "./sampleproject-1.0.tar.gz",
        " sampleproject-1.0.tar.gz",
        "sampleproject-1.0.TAR.GZ",
        "sampleproject-1.0.tar.gz.asc",
        "sampleproject-1.0.egg",
        "s\u{430}mpleproject-1.0.tar.gz",
    ] {
        let case = Case::good();
        let mut recipe = case.recipe();
        Fault::OtherFilename(name.to_owned()).apply(&mut recipe);
        let refused = case.verify(&case.mint(&recipe)).unwrap_err();
        assert!(
            matches!(refused, V::SubjectName { .. }),
            "{name:?} {refused:?}"
        );
    }
    for name in [
        "sampleproject-1.1.tar.gz",
        "sampleproject-1.0.zip",
        "sample-project-1.0.tar.gz",
    ] {
        let case = Case::good();
        let mut recipe = case.recipe();
        Fault::OtherFilename(name.to_owned()).apply(&mut recipe);
        let refused = case.verify(&case.mint(&recipe)).unwrap_err();
        assert!(
            matches!(refused, V::OtherFile { .. }),
            "{name:?} {refused:?}"
        );
    }
    refuses_in!(
        |case| case.file.filename = "sampleproject-1.0-py3-none-any.whl".parse().unwrap(),
        V::OtherFile { .. }
    );
}

#[test]
fn subjects_with_another_digest() {
    refuses!(
        |it| Fault::OtherSha256(Sha256::of(b"other")).apply(it),
        V::OtherSha256 { .. }
    );
    refuses_in!(
        |case| case.file.sha256 = Sha256::of(b"other"),
        V::OtherSha256 { .. }
    );
    refuses!(
        |it| it.statement.subjects[0].1 = BTreeMap::from([("SHA256".into(), digest().to_string())]),
        V::NoSha256
    );
    refuses!(
        |it| it.statement.subjects[0].1 = BTreeMap::from([("sha512".into(), "ab".repeat(64))]),
        V::NoSha256
    );
    for spelling in [
        digest().to_string().to_uppercase(),
        format!("{}0", digest()),
        digest().to_string()[..62].to_owned(),
        String::new(),
    ] {
        let case = Case::good();
        let mut recipe = case.recipe();
        recipe.statement.subjects[0]
            .1
            .insert("sha256".into(), spelling.clone());
        let refused = case.verify(&case.mint(&recipe)).unwrap_err();
        assert!(
            matches!(refused, V::Sha256Spelling { .. }),
            "{spelling:?} {refused:?}"
        );
    }
}

#[test]
fn predicates_that_nobody_knows_or_that_do_not_fit() {
    refuses!(
        |it| it.statement.predicate_type = "https://slsa.dev/provenance/v0.2".into(),
        V::PredicateType { .. }
    );
    refuses!(
        |it| it.statement.predicate_type.push('/'),
        V::PredicateType { .. }
    );
    refuses!(
        |it| it.statement.predicate = json!({"a": 1}),
        V::PredicateBody { .. }
    );
    refuses!(
        |it| it.statement.predicate = json!([]),
        V::PredicateBody { .. }
    );
    refuses!(
        |it| it.statement.predicate_type = "https://slsa.dev/provenance/v1".into(),
        V::PredicateBody { .. }
    );
}

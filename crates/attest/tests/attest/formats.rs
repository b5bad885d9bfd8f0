//! What is read as an attestation, an array of them, or a provenance object.

use serde_json::{Value, json};
use touchplate_attest::attestation::{MAX_ATTESTATION_BYTES, MAX_TRANSPARENCY_ENTRIES};
use touchplate_attest::log::CheckpointError;
use touchplate_attest::provenance::{MAX_ATTESTATIONS, MAX_BUNDLES, MAX_PROVENANCE_BYTES};
use touchplate_attest::statement::StatementError;
use touchplate_attest::{
    Attestation, AttestationError as A, FieldError as F, JsonError as J, Provenance,
    ProvenanceError as P, PublisherError,
};

use crate::support::{Case, base64};

fn good() -> Value {
    let case = Case::good();
    case.mint(&case.recipe())
}

fn parse(json: &Value) -> Result<Attestation, A> {
    Attestation::parse(json.to_string().as_bytes())
}

fn refused(change: impl FnOnce(&mut Value)) -> A {
    let mut json = good();
    change(&mut json);
    parse(&json).unwrap_err()
}

fn entry(json: &mut Value) -> &mut Value {
    &mut json["verification_material"]["transparency_entries"][0]
}

#[test]
fn an_attestation_keeps_the_text_it_came_in() {
    let mut json = good();
    json["more"] = json!({"1": [1.0, "é"]});
    json["envelope"]["more"] = json!(null);
    json["verification_material"]["more"] = json!([]);
    let text = serde_json::to_string_pretty(&json).unwrap();
    let attestation = Attestation::parse(format!(" \n{text}\n").as_bytes()).unwrap();
    assert_eq!(attestation.json(), text);
    assert!(attestation.is_same_as(&parse(&json).unwrap()));
    assert!(!attestation.is_same_as(&parse(&good()).unwrap()));
    let array = format!("[\n{text} , {text}]");
    let array = Attestation::parse_array(array.as_bytes()).unwrap();
    assert_eq!(
        array.iter().map(Attestation::json).collect::<Vec<_>>(),
        [&text, &text]
    );
}

#[test]
fn versions_other_than_the_number_1() {
    for version in [
        json!(2),
        json!(0),
        json!("1"),
        json!(1.0),
        json!(true),
        json!(null),
        json!([1]),
    ] {
        let refused = refused(|json| json["version"] = version.clone());
        assert!(
            matches!(refused, A::Version { .. }),
            "{version} {refused:?}"
        );
    }
    let refused = refused(|json| {
        json.as_object_mut().unwrap().remove("version");
    });
    assert!(matches!(refused, A::Version { found } if found == "none"));
}

#[test]
fn fields_that_are_missing_or_of_another_type() {
    for pointer in [
        "/verification_material",
        "/verification_material/certificate",
        "/verification_material/transparency_entries",
        "/verification_material/transparency_entries/0/logId",
        "/verification_material/transparency_entries/0/logId/keyId",
        "/verification_material/transparency_entries/0/kindVersion/kind",
        "/verification_material/transparency_entries/0/canonicalizedBody",
        "/verification_material/transparency_entries/0/inclusionPromise/signedEntryTimestamp",
        "/verification_material/transparency_entries/0/inclusionProof/rootHash",
        "/verification_material/transparency_entries/0/inclusionProof/checkpoint",
        "/verification_material/transparency_entries/0/inclusionProof/checkpoint/envelope",
        "/envelope",
        "/envelope/statement",
        "/envelope/signature",
    ] {
        let missing = refused(|json| *json.pointer_mut(pointer).unwrap() = Value::Null);
        assert!(
            matches!(missing, A::Field(F::Missing { .. })),
            "{pointer} {missing:?}"
        );
        let other = refused(|json| *json.pointer_mut(pointer).unwrap() = json!(true));
        assert!(
            matches!(other, A::Field(F::WrongType { .. } | F::NotAnObject { .. })),
            "{pointer} {other:?}"
        );
    }
    for other in [json!(null), json!([]), json!("x"), json!(1)] {
        assert!(matches!(
            parse(&other),
            Err(A::Field(F::NotAnObject { .. }))
        ));
    }
    let not_an_object = refused(|json| *entry(json) = json!("x"));
    assert!(matches!(not_an_object, A::Field(F::NotAnObject { .. })));
}

#[test]
fn base64_in_another_spelling() {
    for pointer in [
        "/verification_material/certificate",
        "/verification_material/transparency_entries/0/logId/keyId",
        "/verification_material/transparency_entries/0/canonicalizedBody",
        "/verification_material/transparency_entries/0/inclusionPromise/signedEntryTimestamp",
        "/verification_material/transparency_entries/0/inclusionProof/rootHash",
        "/envelope/statement",
        "/envelope/signature",
    ] {
        for change in [
            (|text| format!("{text} ")) as fn(&str) -> String,
            |text| format!(" {text}"),
            |text| format!("{text}AAAA="),
            |text| format!("{}-", &text[..text.len() - 1]),
        ] {
            let refused = refused(|json| {
                let text = json.pointer_mut(pointer).unwrap();
                *text = change(text.as_str().unwrap()).into();
            });
            assert!(
                matches!(refused, A::Field(F::Base64 { .. })),
                "{pointer} {refused:?}"
            );
        }
    }
    // Lines are read where early writers made them, and nowhere else.
    let wrap = |text: &str| {
        text.as_bytes()
            .chunks(76)
            .map(|line| std::str::from_utf8(line).unwrap().to_owned() + "\n")
            .collect::<String>()
    };
    let mut json = good();
    let body = &mut entry(&mut json)["canonicalizedBody"];
    *body = wrap(body.as_str().unwrap()).into();
    assert!(matches!(parse(&json), Err(A::Field(F::Base64 { .. }))));
    let mut json = good();
    for pointer in [
        "/verification_material/certificate",
        "/envelope/statement",
        "/envelope/signature",
    ] {
        let text = json.pointer_mut(pointer).unwrap();
        *text = wrap(text.as_str().unwrap()).into();
    }
    parse(&json).unwrap();
}

#[test]
fn log_entries_are_protobufs_json_and_nothing_more() {
    for change in [
        (|entry| entry["more"] = json!(1)) as fn(&mut Value),
        |entry| entry["logId"]["more"] = json!(1),
        |entry| entry["kindVersion"]["more"] = json!(1),
        |entry| entry["inclusionPromise"]["more"] = json!(1),
        |entry| entry["inclusionProof"]["more"] = json!(1),
        |entry| entry["inclusionProof"]["checkpoint"]["more"] = json!(1),
    ] {
        let refused = refused(|json| change(entry(json)));
        assert!(
            matches!(refused, A::Field(F::Unknown { .. })),
            "{refused:?}"
        );
    }
    for pointer in [
        "/logIndex",
        "/integratedTime",
        "/inclusionProof/logIndex",
        "/inclusionProof/treeSize",
    ] {
        let number = refused(|json| *entry(json).pointer_mut(pointer).unwrap() = json!("-1"));
        assert!(
            matches!(number, A::Field(F::Number { .. })),
            "{pointer} {number:?}"
        );
    }
    // Numbers as numbers, and zero left out: both are allowed by protobuf's JSON.
    let case = Case::good();
    let mut json = case.mint(&case.recipe());
    for pointer in [
        "/logIndex",
        "/integratedTime",
        "/inclusionProof/logIndex",
        "/inclusionProof/treeSize",
    ] {
        let number = entry(&mut json).pointer_mut(pointer).unwrap();
        *number = number.as_str().unwrap().parse::<u64>().unwrap().into();
    }
    case.verify(&json).unwrap();
    let refused = refused(|json| {
        entry(json)["inclusionProof"]["hashes"][0] = json!(base64::encode(&[0; 31]));
    });
    assert!(matches!(
        refused,
        A::Field(F::Length {
            expected: 32,
            found: 31,
            ..
        })
    ));
    let refused = refused_hashes(64);
    assert!(
        matches!(
            refused,
            A::Field(F::TooMany {
                limit: 63,
                found: 64,
                ..
            })
        ),
        "{refused:?}"
    );
}

fn refused_hashes(number: usize) -> A {
    refused(|json| {
        entry(json)["inclusionProof"]["hashes"] = json!(vec![base64::encode(&[0; 32]); number]);
    })
}

#[test]
fn no_entry_too_many_and_a_malformed_checkpoint() {
    let none = refused(|json| json["verification_material"]["transparency_entries"] = json!([]));
    assert!(matches!(none, A::NoTransparencyEntries));
    let many = refused(|json| {
        let entry = entry(json).clone();
        json["verification_material"]["transparency_entries"] =
            vec![entry; MAX_TRANSPARENCY_ENTRIES + 1].into();
    });
    assert!(matches!(many, A::Field(F::TooMany { .. })));
    let note = refused(|json| {
        let note = &mut entry(json)["inclusionProof"]["checkpoint"]["envelope"];
        *note = note.as_str().unwrap().trim_end().into();
    });
    assert!(matches!(
        note,
        A::Checkpoint {
            position: 1,
            source: CheckpointError::Unfinished
        }
    ));
}

#[test]
fn statements_that_are_none() {
    for (text, is_json) in [
        ("", false),
        ("{}{}", false),
        ("\u{feff}{}", false),
        (
            r#"{"_type":"a","_type":"a","subject":[],"predicateType":"p"}"#,
            false,
        ),
        ("[]", true),
        (r#"{"_type":"a","subject":{},"predicateType":"p"}"#, true),
    ] {
        let refused =
            refused(|json| json["envelope"]["statement"] = base64::encode(text.as_bytes()).into());
        let fits = if is_json {
            matches!(refused, A::Statement(StatementError::Field(_)))
        } else {
            matches!(refused, A::Statement(StatementError::Json(_)))
        };
        assert!(fits, "{text} {refused:?}");
    }
}

#[test]
fn padding_is_bounded_in_number_and_size() {
    let padded = refused(|json| json["padding"] = "x".repeat(MAX_ATTESTATION_BYTES).into());
    assert!(matches!(padded, A::Json(J::TooLarge { .. })));
    // Also where more than one fits.
    let mut json = good();
    json["padding"] = "x".repeat(MAX_ATTESTATION_BYTES).into();
    let array = Attestation::parse_array(json!([json]).to_string().as_bytes());
    assert!(
        matches!(array, Err(A::Item { position: 1, source }) if matches!(*source, A::Json(J::TooLarge { .. })))
    );
    let mut deep = Value::Null;
    for _ in 0..40 {
        deep = json!([deep]);
    }
    assert!(matches!(
        refused(|json| json["deep"] = deep),
        A::Json(J::TooDeep)
    ));
    let text = good().to_string().replacen('{', r#"{"a":NaN,"#, 1);
    assert!(matches!(
        Attestation::parse(text.as_bytes()),
        Err(A::Json(J::Syntax(_)))
    ));
    let text = good()
        .to_string()
        .replacen('{', &format!(r#"{{"a":{},"#, "9".repeat(20_000)), 1);
    assert!(matches!(
        Attestation::parse(text.as_bytes()),
        Err(A::Json(J::Syntax(_)))
    ));
}

#[test]
fn an_array_has_one_or_two_objects() {
    let array = |json: Value| Attestation::parse_array(json.to_string().as_bytes());
    let one = good();
    assert_eq!(array(json!([one])).unwrap().len(), 1);
    assert_eq!(array(json!([one, one])).unwrap().len(), 2);
    assert!(matches!(array(json!([])), Err(A::EmptyArray)));
    for (count, found) in [(3, 3), (4, 4)] {
        let several: Vec<&Value> = vec![&one; count];
        let refused = array(json!(several));
        assert!(matches!(refused, Err(A::TooMany { found: it }) if it == found));
    }
    for other in [
        json!(null),
        one.clone(),
        json!(json!([one]).to_string()),
        json!(1),
    ] {
        assert!(matches!(array(other), Err(A::NotAnArray { .. })));
    }
    assert!(matches!(
        array(json!([one, null])),
        Err(A::Item { position: 2, .. })
    ));
    assert!(matches!(
        Attestation::parse_array(b""),
        Err(A::Json(J::Syntax(_)))
    ));
    assert!(matches!(
        Attestation::parse_array(b"[] []"),
        Err(A::Json(J::Trailing(_)))
    ));
}

fn provenance(publisher: &Value) -> Value {
    json!({"version": 1, "attestation_bundles": [{"publisher": publisher, "attestations": [good()]}]})
}

#[test]
fn a_provenance_object_is_served_as_it_came() {
    let github = json!({"kind": "GitHub", "repository": "o/r", "workflow": "r.yml", "environment": "", "claims": null,
        "vendor-property": {"b": 1, "a": [2]}});
    let mut json = provenance(&github);
    json["more"] = json!("é");
    json["attestation_bundles"][0]["more"] = json!([]);
    // In an order of its own, with white space and a spelling of numbers that a value would lose.
    let attestation = format!(
        "{{ \"z\" : 1.500, \"é\":\"\u{1f600}\",\n {}",
        &good().to_string()[1..]
    );
    json["attestation_bundles"][0]["attestations"] = json!(["HERE"]);
    let text = json.to_string().replace("\"HERE\"", &attestation);
    let provenance = Provenance::parse(text.as_bytes()).unwrap();
    assert_eq!(provenance.bundles[0].attestations[0].json(), attestation);
    assert_eq!(provenance.bundles[0].publisher_claims(), None);
    let served = String::from_utf8(provenance.to_json()).unwrap();
    assert!(served.is_ascii() && !served.contains('\n'), "{served}");
    assert!(served.starts_with(
        r#"{"attestation_bundles":[{"attestations":[{"z":1.500,"\u00e9":"\ud83d\ude00","#
    ));
    assert!(served.contains(
        r#"}],"more":[],"publisher":{"claims":null,"environment":null,"kind":"GitHub","repository":"o/r","vendor-property":{"a":[2],"b":1},"workflow":"r.yml"}}],"more":"\u00e9","version":1}"#
    ));
    let again = Provenance::parse(served.as_bytes()).unwrap();
    assert_eq!(again.to_json(), served.as_bytes());
    assert!(again.bundles[0].attestations[0].is_same_as(&provenance.bundles[0].attestations[0]));
}

#[test]
fn provenance_objects_that_are_none() {
    let github = json!({"kind": "GitHub", "repository": "o/r", "workflow": "r.yml"});
    let refused = |change: fn(&mut Value)| {
        let mut json = provenance(&github);
        change(&mut json);
        Provenance::parse(json.to_string().as_bytes()).unwrap_err()
    };
    assert!(matches!(
        refused(|it| it["version"] = json!(2)),
        P::Version { .. }
    ));
    assert!(matches!(
        refused(|it| it["version"] = json!(null)),
        P::Version { .. }
    ));
    assert!(matches!(
        refused(|it| *it = json!([it.clone()])),
        P::Field(F::NotAnObject { .. })
    ));
    assert!(matches!(
        refused(|it| it["attestation_bundles"] = json!(null)),
        P::Field(F::Missing { .. })
    ));
    assert!(matches!(
        refused(|it| it["attestation_bundles"] = json!({})),
        P::Field(F::WrongType { .. })
    ));
    assert!(matches!(
        refused(|it| it["attestation_bundles"] = json!([1])),
        P::Field(F::NotAnObject { .. })
    ));
    assert!(matches!(
        refused(|it| it["attestation_bundles"] =
            vec![it["attestation_bundles"][0].clone(); MAX_BUNDLES + 1].into()),
        P::Field(F::TooMany { .. })
    ));
    assert!(matches!(
        refused(|it| it["attestation_bundles"][0]["publisher"] = json!(null)),
        P::Field(F::Missing { .. })
    ));
    assert!(matches!(
        refused(|it| it["attestation_bundles"][0]["publisher"]["kind"] = json!("github")),
        P::Publisher {
            bundle: 1,
            source: PublisherError::UnknownKind { .. }
        }
    ));
    assert!(matches!(
        refused(|it| it["attestation_bundles"][0]["attestations"] = json!([])),
        P::NoAttestations { bundle: 1 }
    ));
    assert!(matches!(
        refused(|it| it["attestation_bundles"][0]["attestations"] = json!("x")),
        P::Field(F::WrongType { .. })
    ));
    assert!(matches!(
        refused(|it| it["attestation_bundles"][0]["attestations"] =
            vec![json!(1); MAX_ATTESTATIONS + 1].into()),
        P::Field(F::TooMany { .. })
    ));
    assert!(matches!(
        refused(|it| it["attestation_bundles"][0]["attestations"][0]["version"] = json!(2)),
        P::Attestation {
            bundle: 1,
            position: 1,
            source: A::Version { .. }
        }
    ));
    assert!(matches!(
        refused(|it| it["padding"] = "x".repeat(MAX_PROVENANCE_BYTES).into()),
        P::Json(J::TooLarge { .. })
    ));
    let twice = provenance(&github)
        .to_string()
        .replacen('{', r#"{"attestation_bundles":[],"#, 1);
    assert!(matches!(
        Provenance::parse(twice.as_bytes()),
        Err(P::Json(J::DuplicateKey { .. }))
    ));
}

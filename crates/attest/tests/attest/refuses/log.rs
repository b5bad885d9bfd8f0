//! Log entries that prove nothing, or something else.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use touchplate_attest::{EntryError as E, VerifyError as V};
use touchplate_trust::{Domain, Fault, KeyHolder, Predicate};

use crate::support::{Case, NAME, base64, digest, flip, now, workload};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn entry(json: &mut Value) -> &mut Value {
    &mut json["verification_material"]["transparency_entries"][0]
}

#[test]
fn entries_of_another_kind_or_log() {
    refuses!(
        |it| it.entries[0].kind.0 = "hashedrekord".into(),
        entry!(E::Kind { .. })
    );
    refuses!(
        |it| it.entries[0].kind.1 = "0.0.2".into(),
        entry!(E::Kind { .. })
    );
    refuses!(
        |it| Fault::ForeignLog.apply(it),
        entry!(E::UnknownLog { .. })
    );
    refuses_json!(
        |json| flip(&mut entry(json)["logId"]["keyId"], 3),
        entry!(E::UnknownLog { .. })
    );
    refuses_in!(
        |case| case.root["tlogs"] = json!([]),
        entry!(E::UnknownLog { .. })
    );
    // A log whose id is not its key's hash is none of version 1.
    let mut case = Case::good();
    let mut json = case.mint(&case.recipe());
    flip(&mut entry(&mut json)["logId"]["keyId"], 3);
    case.root["tlogs"][0]["logId"]["keyId"] = entry(&mut json)["logId"]["keyId"].clone();
    let refused = case.verify(&json).unwrap_err();
    assert!(
        matches!(refused, entry!(E::NotVersionOneLog { .. })),
        "{refused:?}"
    );
}

#[test]
fn entry_times() {
    refuses!(|it| it.entries[0].promise = None, entry!(E::NoPromise));
    refuses_json!(
        |json| {
            entry(json)
                .as_object_mut()
                .unwrap()
                .remove("integratedTime");
        },
        entry!(E::NoIntegratedTime)
    );
    refuses_json!(
        |json| entry(json)["integratedTime"] = json!(i64::MAX.to_string()),
        entry!(E::Time { .. })
    );
    refuses!(
        |it| Fault::LoggedInFuture(HOUR).apply(it),
        entry!(E::InFuture { .. })
    );
    refuses!(
        |it| Fault::CertificateNotYetValid.apply(it),
        entry!(E::BeforeCertificate { .. })
    );
    refuses!(
        |it| Fault::CertificateExpired.apply(it),
        entry!(E::AfterCertificate { .. })
    );
    refuses_json!(
        |json| entry(json)["integratedTime"] = json!((now().as_second() - 1).to_string()),
        entry!(E::Promise(_))
    );
    refuses_in!(
        |case| case.now = now() - SignedDuration::from_secs(1),
        entry!(E::InFuture { .. })
    );
}

#[test]
fn keys_and_authorities_out_of_force() {
    for (window, rule) in [
        (
            json!({"start": "2024-01-01T00:00:00Z", "end": "2025-06-15T11:59:59Z"}),
            "ended",
        ),
        (json!({"start": "2025-06-15T12:00:01Z"}), "not begun"),
    ] {
        let mut case = Case::good();
        let json = case.mint(&case.recipe());
        let good = case.root.clone();
        case.root["tlogs"][0]["publicKey"]["validFor"] = window.clone();
        let refused = case.verify(&json).unwrap_err();
        assert!(
            matches!(refused, entry!(E::LogNotInForce { .. })),
            "{rule} {refused:?}"
        );
        case.root = good;
        case.root["certificateAuthorities"][0]["validFor"] = window;
        let refused = case.verify(&json).unwrap_err();
        assert!(
            matches!(refused, entry!(E::AuthorityNotInForce { .. })),
            "{rule} {refused:?}"
        );
    }
    // The authority's own certificates end ten years after it was made.
    let then: Timestamp = "2012-01-01T00:00:00Z".parse().unwrap();
    let mut case = Case::good();
    case.domain = Domain::new("trust.example", then).unwrap();
    case.root = serde_json::from_slice(&case.domain.trusted_root_json()).unwrap();
    let refused = case.verify(&case.mint(&case.recipe())).unwrap_err();
    assert!(
        matches!(refused, entry!(E::AuthorityNotValid { .. })),
        "{refused:?}"
    );
}

#[test]
fn proofs_and_checkpoints_that_disagree() {
    refuses!(|it| it.entries[0].checkpoint = None, entry!(E::NoProof));
    let checkpoint = |change: fn(&mut touchplate_trust::CheckpointRecipe)| {
        let case = Case::good();
        let mut recipe = case.recipe();
        change(recipe.entries[0].checkpoint.as_mut().unwrap());
        case.verify(&case.mint(&recipe)).unwrap_err()
    };
    let refused = checkpoint(|it| it.size = Some("9999".into()));
    assert!(
        matches!(
            refused,
            entry!(E::TreeSize {
                proof: 6,
                checkpoint: 9999
            })
        ),
        "{refused:?}"
    );
    let refused = checkpoint(|it| it.root = Some([7; 32]));
    assert!(matches!(refused, entry!(E::RootHash)), "{refused:?}");
    for origin in [
        "rekor.other.example - 1",
        "rekor.trust.example - x",
        "rekor.trust.example.evil",
        "rekor.trust.example 1",
    ] {
        let case = Case::good();
        let mut recipe = case.recipe();
        recipe.entries[0].checkpoint.as_mut().unwrap().origin = Some(origin.into());
        let refused = case.verify(&case.mint(&recipe)).unwrap_err();
        assert!(
            matches!(refused, entry!(E::CheckpointOrigin { .. })),
            "{origin} {refused:?}"
        );
    }
    let refused = checkpoint(|it| it.signer = Some("rekor.other.example".into()));
    assert!(
        matches!(refused, entry!(E::CheckpointSigner { .. })),
        "{refused:?}"
    );
    refuses!(
        |it| Fault::ForeignCheckpoint.apply(it),
        entry!(E::CheckpointKey)
    );
    refuses_json!(
        |json| entry(json)["inclusionProof"]["logIndex"] = json!("6"),
        entry!(E::IndexOutside { index: 6, size: 6 })
    );
}

#[test]
fn proofs_that_do_not_prove() {
    refuses_json!(
        |json| entry(json)["inclusionProof"]["logIndex"] = json!("4"),
        entry!(E::InclusionProof(_))
    );
    refuses_json!(
        |json| flip(&mut entry(json)["inclusionProof"]["hashes"][0], 0),
        entry!(E::InclusionProof(_))
    );
    refuses_json!(
        |json| {
            entry(json)["inclusionProof"]["hashes"]
                .as_array_mut()
                .unwrap()
                .pop();
        },
        entry!(E::InclusionProof(_))
    );
    refuses_json!(
        |json| {
            let hashes = entry(json)["inclusionProof"]["hashes"]
                .as_array_mut()
                .unwrap();
            hashes.push(hashes[0].clone());
        },
        entry!(E::InclusionProof(_))
    );
    refuses_json!(
        |json| flip(&mut entry(json)["inclusionProof"]["rootHash"], 0),
        entry!(E::RootHash)
    );
}

#[test]
fn promises_that_were_not_made() {
    refuses!(|it| Fault::ForeignPromise.apply(it), entry!(E::Promise(_)));
    refuses_json!(
        |json| entry(json)["logIndex"] = json!("6"),
        entry!(E::Promise(_))
    );
    refuses_json!(
        |json| flip(
            &mut entry(json)["inclusionPromise"]["signedEntryTimestamp"],
            40
        ),
        entry!(E::Promise(_))
    );
}

#[test]
fn bodies_about_something_else() {
    refuses!(
        |it| it.entries[0].body.kind.0 = "intoto".into(),
        entry!(E::BodyKind { .. })
    );
    refuses!(
        |it| it.entries[0].body.kind.1 = "0.0.2".into(),
        entry!(E::BodyKind { .. })
    );
    refuses!(
        |it| it.entries[0].body.hash_algorithm = "sha512".into(),
        entry!(E::BodyHashAlgorithm { .. })
    );
    refuses!(
        |it| Fault::OtherPayloadLogged.apply(it),
        entry!(E::BodyPayload { .. })
    );
    refuses!(
        |it| it.entries[0].body.signatures = 0,
        entry!(E::BodySignatureCount { found: 0 })
    );
    refuses!(
        |it| it.entries[0].body.signatures = 2,
        entry!(E::BodySignatureCount { found: 2 })
    );
    refuses!(
        |it| it.entries[0].body.other_signature = true,
        entry!(E::BodySignature)
    );
    refuses!(
        |it| it.entries[0].body.other_certificate = true,
        entry!(E::BodyCertificate)
    );
    let body = |change: fn(String) -> String| {
        let case = Case::good();
        let mut json = case.mint(&case.recipe());
        let text = &mut entry(&mut json)["canonicalizedBody"];
        let body = String::from_utf8(base64::decode(text)).unwrap();
        *text = base64::encode(change(body).as_bytes()).into();
        case.verify(&json).unwrap_err()
    };
    let refused = body(|_| "{".into());
    assert!(matches!(refused, entry!(E::BodyJson(_))), "{refused:?}");
    let refused = body(|body| body.replacen('{', r#"{"kind":"dsse","#, 1));
    assert!(matches!(refused, entry!(E::BodyJson(_))), "{refused:?}");
    let refused = body(|body| body.replacen('{', r#"{"more":1,"#, 1));
    assert!(matches!(refused, entry!(E::BodyField(_))), "{refused:?}");
    let refused = body(|body| body.replace(r#""verifier":"LS0t"#, r#""verifier":"AAAA"#));
    assert!(
        matches!(refused, entry!(E::BodyCertificateEncoding)),
        "{refused:?}"
    );
    // White space changes no field, but the leaf's hash.
    let refused = body(|body| format!("{body} "));
    assert!(matches!(refused, entry!(E::Promise(_))), "{refused:?}");
}

#[test]
fn signatures_by_another_key() {
    refuses!(|it| Fault::OtherKey.apply(it), V::Signature(_));
    refuses_json!(
        |json| flip(&mut json["envelope"]["signature"], 40),
        entry!(E::BodySignature)
    );
    // The statement of another attestation that is good for the same file.
    let case = Case::good();
    let mut json = case.mint(&case.recipe());
    let other = case
        .domain
        .attest(&workload(), NAME, &digest(), Predicate::Slsa, now())
        .unwrap();
    let other: Value = serde_json::from_slice(&other).unwrap();
    json["envelope"]["statement"] = other["envelope"]["statement"].clone();
    let refused = case.verify(&json).unwrap_err();
    assert!(
        matches!(refused, entry!(E::BodyPayload { .. })),
        "{refused:?}"
    );
    // The entry of that other attestation.
    let mut json = case.mint(&case.recipe());
    json["verification_material"]["transparency_entries"] =
        other["verification_material"]["transparency_entries"].clone();
    let refused = case.verify(&json).unwrap_err();
    assert!(
        matches!(refused, entry!(E::BodyPayload { .. })),
        "{refused:?}"
    );
}

#[test]
fn every_entry_must_hold_not_only_the_first() {
    let second = |change: fn(&mut touchplate_trust::EntryRecipe)| {
        let case = Case::good();
        let mut recipe = case.recipe();
        recipe.entries.push(recipe.entries[0].clone());
        change(&mut recipe.entries[1]);
        case.verify(&case.mint(&recipe))
    };
    assert_eq!(second(|_| {}).unwrap().log_entries().len(), 2);
    let refused = second(|it| it.promise = Some(KeyHolder::Stranger)).unwrap_err();
    assert!(
        matches!(
            refused,
            V::Entry {
                position: 2,
                source: E::Promise(_)
            }
        ),
        "{refused:?}"
    );
    let refused = second(|it| it.time += HOUR).unwrap_err();
    assert!(
        matches!(
            refused,
            V::Entry {
                position: 2,
                source: E::InFuture { .. }
            }
        ),
        "{refused:?}"
    );
    let refused = second(|it| it.by_foreign_log = true).unwrap_err();
    assert!(
        matches!(
            refused,
            V::Entry {
                position: 2,
                source: E::UnknownLog { .. }
            }
        ),
        "{refused:?}"
    );
    let refused =
        second(|it| it.checkpoint.as_mut().unwrap().signed_by = KeyHolder::Stranger).unwrap_err();
    assert!(
        matches!(
            refused,
            V::Entry {
                position: 2,
                source: E::CheckpointKey
            }
        ),
        "{refused:?}"
    );
    let refused = second(|it| it.body.other_payload = true).unwrap_err();
    assert!(
        matches!(
            refused,
            V::Entry {
                position: 2,
                source: E::BodyPayload { .. }
            }
        ),
        "{refused:?}"
    );
    let mut case = Case::good();
    case.now = now() + 2 * HOUR;
    let mut recipe = case.recipe();
    recipe.entries.push(recipe.entries[0].clone());
    recipe.entries[1].time += HOUR;
    let refused = case.verify(&case.mint(&recipe)).unwrap_err();
    assert!(
        matches!(
            refused,
            V::Entry {
                position: 2,
                source: E::AfterCertificate { .. }
            }
        ),
        "{refused:?}"
    );
}

//! Whether a provenance object vouches for a file.

use serde_json::{Value, json};
use touchplate_attest::{
    Mismatch, Provenance, ProvenanceVerifyError as E, Publisher, Verified, VerifyError,
    verify_provenance,
};

use crate::support::{Case, flip, publisher};

fn object(case: &Case) -> Value {
    let attestation = case.mint(&case.recipe());
    json!({"version": 1, "attestation_bundles": [{"publisher": publisher().to_json(), "attestations": [attestation]}]})
}

fn judge(case: &Case, json: &Value, expected: &[Publisher]) -> Result<Vec<Verified>, E> {
    let provenance = Provenance::parse(json.to_string().as_bytes()).unwrap();
    verify_provenance(&case.file, &provenance, expected, &case.root(), case.now)
}

#[test]
fn each_attestation_of_each_bundle_is_verified() {
    let case = Case::good();
    let mut json = object(&case);
    let bundles = json["attestation_bundles"].as_array_mut().unwrap();
    bundles.push(bundles[0].clone());
    assert_eq!(judge(&case, &json, &[]).unwrap().len(), 2);
    assert_eq!(judge(&case, &json, &[publisher()]).unwrap().len(), 2);
    let second = &mut json["attestation_bundles"][1]["attestations"][0];
    flip(
        &mut second["verification_material"]["transparency_entries"][0]["inclusionPromise"]["signedEntryTimestamp"],
        40,
    );
    let refused = judge(&case, &json, &[]).unwrap_err();
    assert!(
        matches!(
            refused,
            E::Attestation {
                bundle: 2,
                position: 1,
                source: VerifyError::Entry { .. }
            }
        ),
        "{refused:?}"
    );
}

#[test]
fn without_attestations_nothing_is_vouched_for() {
    let empty = json!({"version": 1, "attestation_bundles": []});
    assert!(matches!(
        judge(&Case::good(), &empty, &[]),
        Err(E::NoBundles)
    ));
    assert!(matches!(
        judge(&Case::good(), &empty, &[publisher()]),
        Err(E::NoBundles)
    ));
}

#[test]
fn the_objects_publisher_must_be_the_certificates() {
    let case = Case::good();
    let mut json = object(&case);
    json["attestation_bundles"][0]["publisher"]["repository"] = json!("example/other");
    let refused = judge(&case, &json, &[publisher()]).unwrap_err();
    assert!(
        matches!(
            refused,
            E::Publisher {
                bundle: 1,
                position: 1,
                source: Mismatch::Field { .. }
            }
        ),
        "{refused:?}"
    );
}

#[test]
fn the_certificate_must_be_an_expected_publishers() {
    let case = Case::good();
    let json = object(&case);
    let other = |workflow: &str| Publisher::github("example/sampleproject", workflow);
    let refused = judge(&case, &json, &[other("a.yml"), other("b.yml")]).unwrap_err();
    assert!(
        matches!(&refused, E::Unexpected { bundle: 1, position: 1, source } if source.tried.len() == 2),
        "{refused:?}"
    );
    assert!(judge(&case, &json, &[other("a.yml"), publisher()]).is_ok());
}

#[test]
fn claims_that_contradict_the_certificate() {
    let case = Case::good();
    let claims = |claims: Value| {
        let mut json = object(&case);
        json["attestation_bundles"][0]["publisher"]["claims"] = claims;
        judge(&case, &json, &[])
    };
    for truth in [
        json!(null),
        json!({}),
        json!({"ref": "refs/tags/v1.0", "repository": "example/sampleproject", "repository_owner": "example",
            "repository_id": "123456", "event_name": "release", "environment": null, "unknown": [1]}),
        json!({"repository_id": 123_456}),
        json!({"workflow_ref": "example/sampleproject/.github/workflows/release.yml@refs/tags/v1.0"}),
        // The certificate names no environment: nothing to contradict.
        json!({"environment": "release"}),
    ] {
        claims(truth).unwrap();
    }
    for (name, lie) in [
        ("ref", json!("refs/heads/evil")),
        ("sha", json!("0".repeat(40))),
        ("repository", json!("example/Sampleproject")),
        ("repository_id", json!(1)),
        ("iss", json!("https://evil.example")),
        ("sub", json!("repo:evil")),
        ("ref", json!(["refs/tags/v1.0"])),
        ("job_workflow_ref", json!("")),
    ] {
        let refused = claims(json!({name: lie})).unwrap_err();
        assert!(
            matches!(&refused, E::Claims { source, .. } if source.claim == name),
            "{refused:?}"
        );
    }
}

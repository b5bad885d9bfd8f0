//! What holds is accepted, and everything that it says comes out.

use crate::support::{Case, digest, now, publisher};
use serde_json::json;
use sigstore_trust_root::TrustedRoot;
use sigstore_types::Bundle;
use sigstore_types::Sha256Hash;
use sigstore_verify::VerificationPolicy;
use touchplate_attest::without_repeats;
use touchplate_trust::Workload;

#[test]
fn a_minted_attestation_holds() {
    let case = Case::good();
    let json = case.mint(&case.recipe());
    let proven = case.verify(&json).unwrap();
    assert_eq!(proven.log_entries().len(), 1);
    assert_eq!(proven.log_entries()[0].integrated_time, now());
    let verified = proven.by(&publisher()).unwrap();
    println!(
        "{}",
        serde_json::to_string_pretty(&verified.record()).unwrap()
    );
}

/// The library alone, without our rules: what we mint is right by its lights too.
#[test]
fn the_sigstore_library_alone_accepts_what_is_minted() {
    let case = Case::good();
    let json = case.mint(&case.recipe());
    let bundle = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": json["verification_material"]["certificate"]},
            "tlogEntries": json["verification_material"]["transparency_entries"],
        },
        "dsseEnvelope": {
            "payload": json["envelope"]["statement"],
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": json["envelope"]["signature"]}],
        },
    });
    let bundle = Bundle::from_json(&bundle.to_string()).unwrap();
    let root = TrustedRoot::from_json(&case.root.to_string()).unwrap();
    let digest = Sha256Hash::new(*digest().as_bytes());
    sigstore_verify::verify(digest, &bundle, &VerificationPolicy::any_identity(), &root).unwrap();
}

#[test]
fn of_equal_attestations_the_first_is_kept_and_different_ones_are_refused() {
    let case = Case::good();
    let mint = || case.verify(&case.mint(&case.recipe())).unwrap();
    let publish = mint();
    let other = case.recipe_by(&Workload::email("a@example.com", "https://issuer.example"));
    let other = case.verify(&case.mint(&other)).unwrap();
    let kept = without_repeats(vec![publish.clone(), other, publish.clone()]).unwrap();
    assert_eq!(kept.len(), 2);
    let refused = without_repeats(vec![publish, mint()]).unwrap_err();
    assert_eq!((refused.first, refused.second), (1, 2));
}

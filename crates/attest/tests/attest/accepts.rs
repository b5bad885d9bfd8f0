//! What holds is accepted, and everything that it says comes out.

use crate::support::{Case, NAME, base64, digest, now, publisher};
use serde_json::json;
use sigstore_trust_root::TrustedRoot;
use sigstore_types::Bundle;
use sigstore_types::Sha256Hash;
use sigstore_verify::VerificationPolicy;
use touchplate_attest::{TrustRoot, VerificationRecord, without_repeats};
use touchplate_trust::Workload;

#[test]
fn everything_that_was_proved_is_in_the_record() {
    let case = Case::good();
    let proven = case.verify(&case.mint(&case.recipe())).unwrap();
    let record = proven.by(&publisher()).unwrap().record();
    let commit = "5d1c5a6f8a0e4f6b9c3d2e1f0a9b8c7d6e5f4a3b";
    let source = "https://github.com/example/sampleproject";
    let workflow = format!("{source}/.github/workflows/release.yml@refs/tags/v1.0");
    let log_id = base64::decode(&case.root["tlogs"][0]["logId"]["keyId"]);
    let mut expected = json!({
        "checked_at": "2025-06-15T12:00:00Z",
        "trust_root_sha256": case.root().digest(),
        "filename": NAME,
        "sha256": digest(),
        "predicate_type": "https://docs.pypi.org/attestations/publish/v1",
        "publisher": publisher().to_json(),
        "environment": "not-asked",
        "identity": {"san": {"uri": workflow}, "issuer": "https://token.actions.githubusercontent.com"},
        "claims": {
            "github_workflow_trigger": "release",
            "github_workflow_sha": commit,
            "github_workflow_name": "Release",
            "github_workflow_repository": "example/sampleproject",
            "github_workflow_ref": "refs/tags/v1.0",
            "build_signer_uri": workflow,
            "build_signer_digest": commit,
            "runner_environment": "github-hosted",
            "source_repository_uri": source,
            "source_repository_digest": commit,
            "source_repository_ref": "refs/tags/v1.0",
            "source_repository_id": "123456",
            "source_repository_owner_uri": "https://github.com/example",
            "source_repository_owner_id": "654321",
            "build_config_uri": workflow,
            "build_config_digest": commit,
            "build_trigger": "release",
            "run_invocation_uri": format!("{source}/actions/runs/1/attempts/1"),
            "source_repository_visibility": "public",
            "token_subject": "repo:example/sampleproject:ref:refs/tags/v1.0",
        },
        "log_entries": [{
            "log_id": hex::encode(&log_id),
            "log_url": "https://rekor.trust.example",
            "log_index": 5,
            "integrated_time": "2025-06-15T12:00:00Z",
            "kind": "dsse 0.0.1",
            "checkpoint_origin": "rekor.trust.example - 1",
            "tree_size": 6,
        }],
        "times": [{
            "time": "2025-06-15T12:00:00Z",
            "source": {"log": {"log_id": hex::encode(&log_id), "url": "https://rekor.trust.example"}},
        }],
    });
    let mut found = serde_json::to_value(&record).unwrap();
    let checked = found.as_object_mut().unwrap().remove("checked").unwrap();
    assert_eq!(checked.as_array().unwrap().len(), 12);
    assert_eq!(found, expected);
    expected["checked"] = checked;
    let again: VerificationRecord = serde_json::from_value(expected).unwrap();
    assert_eq!(again, record);
}

#[test]
fn claims_newer_than_this_program_are_kept() {
    let case = Case::good();
    let mut recipe = case.recipe();
    recipe.certificate.claims.other.insert(99, "new".to_owned());
    let proven = case.verify(&case.mint(&recipe)).unwrap();
    assert_eq!(proven.claims(), &recipe.certificate.claims);
    assert_eq!(proven.claims().named().count(), 20);
}

#[test]
fn both_ends_of_the_certificates_validity_count() {
    let case = Case::good();
    for at in ["start", "end"] {
        let mut recipe = case.recipe();
        let end = if at == "start" {
            &mut recipe.certificate.not_before
        } else {
            &mut recipe.certificate.not_after
        };
        *end = now();
        case.verify(&case.mint(&recipe)).unwrap();
    }
}

#[test]
fn checkpoints_may_be_cosigned_and_extended_and_the_root_may_issue() {
    let case = Case::good();
    let mut recipe = case.recipe();
    let checkpoint = recipe.entries[0].checkpoint.as_mut().unwrap();
    checkpoint.extensions.push("Timestamp: 1".to_owned());
    checkpoint.more = "\u{2014} witness.example AAAAAAAA\n".to_owned();
    case.verify(&case.mint(&recipe)).unwrap();
    let mut recipe = case.recipe();
    recipe.certificate.by_root = true;
    case.verify(&case.mint(&recipe)).unwrap();
}

#[test]
fn the_embedded_root_is_read() {
    let root = TrustRoot::public_good();
    assert_eq!(root.digest(), TrustRoot::public_good().digest());
}

#[test]
fn a_domain_and_a_root_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<touchplate_trust::Domain>();
    shared::<TrustRoot>();
    let case = Case::good();
    let json = std::thread::scope(|scope| {
        let mint = || case.mint(&case.recipe());
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(mint)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect::<Vec<_>>()
    });
    json.iter().for_each(|json| {
        case.verify(json).unwrap();
    });
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

/// An attestation as a bundle is the same evidence: it verifies here and by the library, with a log's promise and with a
/// timestamp.
#[test]
fn as_a_bundle_it_says_the_same() {
    let case = Case::good();
    for recipe in [case.recipe(), case.recipe().in_rekor_v2(now())] {
        let json = case.domain.mint(&recipe).unwrap();
        let attestation = touchplate_attest::Attestation::parse(&json).unwrap();
        let bundle = attestation.to_bundle().to_string();
        let read = touchplate_attest::Bundle::parse(bundle.as_bytes()).unwrap();
        let artifact = touchplate_attest::Artifact::with_sha256(&digest());
        let proven =
            touchplate_attest::verify_bundle(&artifact, &read, None, &case.root(), case.now);
        let proven = proven.unwrap();
        let expected = touchplate_attest::verify(&case.file, &attestation, &case.root(), case.now);
        let expected = expected.unwrap();
        assert_eq!(proven.identity(), Some(expected.identity()));
        assert_eq!(proven.times(), expected.times());
        let bundle = Bundle::from_json(&bundle).unwrap();
        let root = TrustedRoot::from_json(&case.root.to_string()).unwrap();
        let digest = Sha256Hash::new(*digest().as_bytes());
        sigstore_verify::verify(digest, &bundle, &VerificationPolicy::any_identity(), &root)
            .unwrap();
    }
}

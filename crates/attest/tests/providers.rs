//! Both providers of signature checks say the same: `cargo test -p touchplate-attest --features rustcrypto`.

#![cfg(all(feature = "rustcrypto", feature = "aws-lc-rs"))]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use jiff::Timestamp;
use touchplate_attest::crypto::{Algorithm, AwsLc, KeyError, Provider, RustCrypto};
use touchplate_attest::{Attestation, FileFacts, Sha256, TrustRoot, verify};
use touchplate_trust::{Domain, Predicate, Workload};

const MESSAGE: &[u8] = b"what is signed";

/// A SubjectPublicKeyInfo and a signature of [`MESSAGE`].
fn signed(algorithm: &'static EcdsaSigningAlgorithm) -> (Vec<u8>, Vec<u8>) {
    use aws_lc_rs::encoding::AsDer as _;
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let signature = pair.sign(&SystemRandom::new(), MESSAGE).unwrap();
    let spki: aws_lc_rs::encoding::PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    (spki.as_ref().to_vec(), signature.as_ref().to_vec())
}

fn both_say(algorithm: Algorithm, spki: &[u8], message: &[u8], signature: &[u8], holds: bool) {
    for provider in [&AwsLc as &dyn Provider, &RustCrypto] {
        let key = provider.key(algorithm, spki).unwrap();
        assert_eq!(
            key.verify(message, signature).is_ok(),
            holds,
            "{algorithm} {signature:02x?}"
        );
        if let Some(hash) = algorithm.hash() {
            let digest = hash.of(message);
            assert_eq!(key.verify_digest(&digest, signature).is_ok(), holds);
        } else {
            assert!(key.verify_digest(message, signature).is_err());
        }
    }
}

#[test]
fn signatures_hold_or_not_for_both() {
    let p256 = signed(&signature::ECDSA_P256_SHA256_ASN1_SIGNING);
    let p384 = signed(&signature::ECDSA_P384_SHA384_ASN1_SIGNING);
    let pair = Ed25519KeyPair::generate().unwrap();
    let point = pair.public_key().as_ref();
    let prefix = [
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    let ed25519 = (
        [&prefix[..], point].concat(),
        pair.sign(MESSAGE).as_ref().to_vec(),
    );
    for (algorithm, (spki, signature)) in [
        (Algorithm::EcdsaP256Sha256, p256),
        (Algorithm::EcdsaP384Sha384, p384),
        (Algorithm::Ed25519, ed25519),
    ] {
        both_say(algorithm, &spki, MESSAGE, &signature, true);
        both_say(algorithm, &spki, b"another message", &signature, false);
        both_say(algorithm, &spki, MESSAGE, b"", false);
        for at in 0..signature.len() {
            let mut damaged = signature.clone();
            damaged[at] ^= 1;
            both_say(algorithm, &spki, MESSAGE, &damaged, false);
        }
        for end in 0..spki.len() {
            for provider in [&AwsLc as &dyn Provider, &RustCrypto] {
                assert!(
                    provider.key(algorithm, &spki[..end]).is_err(),
                    "{algorithm} {end}"
                );
            }
        }
    }
}

#[test]
fn what_rustcrypto_does_not_offer_it_says() {
    let refused = RustCrypto
        .key(Algorithm::RsaPkcs1Sha256, b"any key")
        .map(drop);
    assert_eq!(
        refused.unwrap_err(),
        KeyError::NotOffered {
            algorithm: Algorithm::RsaPkcs1Sha256,
            provider: "RustCrypto"
        }
    );
}

#[test]
fn an_attestation_verifies_over_both() {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let domain = Domain::with_p384_authority("trust.example", now).unwrap();
    let file = FileFacts {
        filename: "sampleproject-1.0.tar.gz".parse().unwrap(),
        sha256: Sha256::of(b"the file's bytes"),
    };
    let workload = Workload::github("example/sampleproject", "release.yml", "refs/tags/v1.0");
    let json = domain.attest(
        &workload,
        "sampleproject-1.0.tar.gz",
        &file.sha256,
        Predicate::Publish,
        now,
    );
    let attestation = Attestation::parse(&json.unwrap()).unwrap();
    let root = domain.trusted_root_json();
    for provider in [&AwsLc as &'static dyn Provider, &RustCrypto] {
        let root = TrustRoot::with_provider(&root, provider).unwrap();
        verify(&file, &attestation, &root, now).unwrap();
    }
}

//! Sigstore bundles of each version, in each log, with timestamps and without.

use serde_json::Value;
use sigstore_types::DerPublicKey;
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy};
use touchplate_attest::ManagedKey;
use touchplate_trust::{
    BundleRecipe, BundleSigner, Domain, EntryForm, EntryRecipe, Fault, KeyKind, MintedBundle,
    Predicate, Recipe, StampRecipe,
};

use crate::faults::{Accepted, Elsewhere, Refused};
use crate::support::{
    MESSAGE, NAME, decode, digest, domain, github, library, library_bundle, now, ours, ours_bundle,
};

fn recipe(domain: &Domain) -> Recipe {
    domain.recipe(&github(), NAME, &digest(), Predicate::Publish, now())
}

/// Good bundles: those that a certificate signs.
pub(crate) fn certified(domain: &Domain) -> Vec<(String, Recipe)> {
    let statement = recipe(domain);
    let message = recipe(domain).of_message(MESSAGE);
    let mut intoto = statement.clone();
    intoto.entries = vec![EntryRecipe::new(EntryForm::Intoto, now())];
    let mut recipes = Vec::new();
    for (kind, recipe) in [
        ("dsse", &statement),
        ("message", &message),
        ("intoto", &intoto),
    ] {
        for minor in [1, 2] {
            let mut recipe = recipe.clone();
            recipe.bundle = BundleRecipe::of_version_0(minor);
            recipes.push((format!("{kind}-0.{minor}"), recipe));
        }
        recipes.push((format!("{kind}-0.3"), recipe.clone()));
        let mut stamped = recipe.clone();
        stamped.stamps.push(StampRecipe::new(now()));
        recipes.push((format!("{kind}-stamped"), stamped));
    }
    for (kind, recipe) in [("dsse", statement), ("message", message)] {
        let recipe = recipe.in_rekor_v2(now());
        let mut bare = recipe.clone();
        bare.stamps[0].embeds_certificate = false;
        recipes.push((format!("{kind}-v2"), recipe));
        recipes.push((format!("{kind}-v2-not-embedded"), bare));
    }
    recipes
}

/// Good bundles: those that a managed key signs.
pub(crate) fn managed(domain: &Domain) -> Vec<(String, Recipe)> {
    let mut recipes = certified(domain);
    recipes.retain(|(name, _)| !name.contains("intoto"));
    for (name, recipe) in &mut recipes {
        recipe.bundle.signer = BundleSigner::ManagedKey(KeyKind::P256);
        name.push_str("-managed");
    }
    recipes
}

/// Each fault in Rekor v2: part of our verifier's sentence, what the library does, and what Python's reference does. The
/// library goes by any key of the root for a checkpoint, whatever log the entry names.
pub(crate) fn faults() -> Vec<(Fault, &'static str, Elsewhere, Elsewhere)> {
    use Fault as F;
    vec![
        (
            F::NoStamp,
            "says no time, and there is no timestamp beside it",
            Refused,
            Refused,
        ),
        (
            F::StampEarly,
            "before the certificate became valid",
            Refused,
            Refused,
        ),
        (
            F::StampLate,
            "after the certificate expired",
            Refused,
            Refused,
        ),
        (
            F::StampOfAnother,
            "timestamp 1 is refused: the timestamp is about another message",
            Refused,
            Refused,
        ),
        (
            F::StampOfStatement,
            "timestamp 1 is refused: the timestamp is about another message",
            Refused,
            Refused,
        ),
        (
            F::ForeignStamp,
            "no timestamp authority of the trust root has signed",
            Refused,
            Refused,
        ),
        (
            F::ForgedStamp,
            "the timestamp's signature does not hold",
            Refused,
            Refused,
        ),
        (
            F::StampNotGranted,
            "expected a response with status 0 or 1",
            Refused,
            Refused,
        ),
        (
            F::EntryOfOtherLog,
            "expected the checkpoint of rekor.trust.example",
            Accepted,
            Refused,
        ),
        (
            F::CheckpointOfOtherLog,
            "no signature on the checkpoint bears the identifier of the log's key",
            Accepted,
            Refused,
        ),
        (
            F::StatementDigestLogged,
            "the log has a signature over the digest",
            Refused,
            Refused,
        ),
    ]
}

fn json(minted: &MintedBundle) -> Value {
    serde_json::from_slice(&minted.json).unwrap()
}

#[test]
fn every_version_and_log_is_accepted() {
    let domain = domain();
    let root = domain.trusted_root_json();
    for round in 1..=3 {
        for (name, recipe) in certified(&domain) {
            let minted = domain.mint_bundle(&recipe).unwrap();
            let any = VerificationPolicy::any_identity();
            library_bundle(&root, &json(&minted), &any)
                .unwrap_or_else(|error| panic!("{name}, round {round}: {error}"));
            let proven = ours_bundle(&root, &minted.json, None)
                .unwrap_or_else(|error| panic!("{name}, round {round}: {error}"));
            assert_eq!(proven.identity().unwrap().only_san(), Some(&github().san));
        }
        for (name, recipe) in managed(&domain) {
            let minted = domain.mint_bundle(&recipe).unwrap();
            let key = DerPublicKey::new(minted.public_key.clone());
            let policy = PublicKeyVerificationPolicy::new(key);
            library_bundle(&root, &json(&minted), &policy)
                .unwrap_or_else(|error| panic!("{name}, round {round}: {error}"));
            let key = ManagedKey::parse(&minted.public_key).unwrap();
            let proven = ours_bundle(&root, &minted.json, Some(&key))
                .unwrap_or_else(|error| panic!("{name}, round {round}: {error}"));
            assert!(proven.identity().is_none());
        }
    }
}

#[test]
fn an_attestation_may_have_timestamps() {
    let domain = domain();
    let root = domain.trusted_root_json();
    let mut both = recipe(&domain);
    both.stamps.push(StampRecipe::new(now()));
    for recipe in [both, recipe(&domain).in_rekor_v2(now())] {
        let json: Value = serde_json::from_slice(&domain.mint(&recipe).unwrap()).unwrap();
        let tokens = json["verification_material"]["timestamps"].as_array();
        assert_eq!(tokens.unwrap().len(), 1);
        library(&root, &json).unwrap();
        ours(&root, &json).unwrap();
    }
    assert_eq!(domain.log_head().size, 1);
    assert_eq!(domain.log_v2_head().size, 1);
}

#[test]
fn each_fault_in_rekor_v2_is_refused_for_what_it_is() {
    let domain = domain();
    let root = domain.trusted_root_json();
    (0..3).for_each(|_| {
        let good = recipe(&domain).in_rekor_v2(now());
        drop(domain.mint(&good).unwrap());
    });
    let mut differ = Vec::new();
    for (fault, sentence, expected, _) in faults() {
        let mut recipe = recipe(&domain);
        fault.apply(&mut recipe);
        let minted = domain.mint_bundle(&recipe).unwrap();
        let attestation: Value = serde_json::from_slice(&domain.mint(&recipe).unwrap()).unwrap();
        let said = [
            ours_bundle(&root, &minted.json, None).map(|_| ()),
            ours(&root, &attestation).map(|_| ()),
        ];
        for said in said {
            let said = said.expect_err(&format!("{fault:?}"));
            if !said.contains(sentence) {
                differ.push(format!("{fault:?}: expected {sentence:?}, found {said:?}"));
            }
        }
        let bundle = json(&minted);
        let found = library_bundle(&root, &bundle, &VerificationPolicy::any_identity());
        if (expected == Refused) != found.is_err() {
            differ.push(format!("{fault:?}: the library says {found:?}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn a_fault_changes_what_is_in_rekor_v2_already() {
    let domain = domain();
    let mut recipe = recipe(&domain).in_rekor_v2(now()).of_message(MESSAGE);
    recipe.stamps.push(StampRecipe::new(now()));
    Fault::ForeignStamp.apply(&mut recipe);
    assert_eq!(recipe.stamps.len(), 2);
    assert!(recipe.stamps.iter().all(|it| it.by_foreign_authority));
    assert!(recipe.message.is_some());
}

#[test]
fn an_entry_of_rekor_v2_is_written_as_real_ones_are() {
    let domain = domain();
    let minted = domain.mint_bundle(&recipe(&domain).in_rekor_v2(now()));
    let bundle = json(&minted.unwrap());
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    let keys: Vec<_> = entry.as_object().unwrap().keys().cloned().collect();
    let expected = [
        "canonicalizedBody",
        "inclusionProof",
        "kindVersion",
        "logId",
        "logIndex",
    ];
    assert_eq!(keys, expected);
    let body = String::from_utf8(decode(&entry["canonicalizedBody"])).unwrap();
    let start = r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":""#;
    assert!(body.starts_with(start), "{body}");
    let verifier =
        r#""verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{"rawBytes":""#;
    assert!(body.contains(verifier), "{body}");
    let note = &entry["inclusionProof"]["checkpoint"]["envelope"];
    let note = note.as_str().unwrap();
    assert!(note.starts_with("rekor2.trust.example\n1\n"), "{note}");
    // C2SP signed-note's id of an Ed25519 key is the log's.
    let signature = note.rsplit(' ').next().unwrap().trim_end();
    let signature = decode(&Value::from(signature));
    assert_eq!(signature.len(), 4 + 64);
    assert_eq!(signature[..4], decode(&entry["logId"]["keyId"])[..4]);
}

//! `bundle verify`: bundles minted for the test, whom they are by, and what refuses them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_json_snapshot;
use jiff::Timestamp;
use touchplate_attest::Sha256;
use touchplate_trust::{BundleSigner, KeyKind, MintedBundle, Predicate, Recipe, Workload};

use crate::run::{Run, shape, touchplate_in};
use crate::verify::{Case, NAME};

const SAN: &str =
    "https://github.com/example/sampleproject/.github/workflows/release.yml@refs/tags/v1.0";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const EXPECTED: [&str; 4] = [
    "--certificate-identity",
    SAN,
    "--certificate-oidc-issuer",
    ISSUER,
];
const BYTES: &[u8] = b"the file's bytes";

pub(crate) fn recipe(case: &Case) -> Recipe {
    let who = Workload::github("example/sampleproject", "release.yml", "refs/tags/v1.0");
    let now = Timestamp::now();
    let sha256 = Sha256::of(BYTES);
    case.domain
        .recipe(&who, NAME, &sha256, Predicate::Slsa, now)
}

/// Mints the bundle into `b.json`, and its key's public half into `key.pub`.
pub(crate) fn mint(case: &Case, recipe: &Recipe) {
    let MintedBundle { json, public_key } = case.domain.mint_bundle(recipe).unwrap();
    case.write("b.json", json);
    case.write("key.pub", pem(&public_key));
}

fn pem(key: &[u8]) -> String {
    let body = STANDARD.encode(key);
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

fn managed(case: &Case) -> Recipe {
    let mut recipe = recipe(case).of_message(BYTES);
    recipe.bundle.signer = BundleSigner::ManagedKey(KeyKind::P256);
    recipe
}

/// `bundle verify` of `b.json` with the case's root.
fn verify(case: &Case, arguments: &[&str]) -> Run {
    let command = ["bundle", "verify", "--trusted-root", "root.json"];
    let bundle = ["--bundle", "b.json"];
    touchplate_in(case.path(), &[&command, &bundle[..], arguments].concat())
}

/// The same, with whom is expected.
fn verify_expected(case: &Case, arguments: &[&str]) -> Run {
    verify(case, &[&EXPECTED, arguments].concat())
}

fn digest() -> String {
    format!("sha256:{}", Sha256::of(BYTES))
}

#[test]
fn a_statement_by_whom_is_expected_is_verified() {
    let case = Case::new();
    mint(&case, &recipe(&case));
    verify_expected(&case, &[NAME]).ended(0).says(&[
        "✓ sampleproject-1.0.tar.gz: verified",
        "b.json, version 0.3",
        "https://slsa.dev/provenance/v1",
        SAN,
        ISSUER,
        "https://github.com/example/sampleproject/actions/runs/1/attempts/1",
        "0 in https://rekor.trust.example",
        "says https://rekor.trust.example",
        "root.json",
    ]);
    verify_expected(&case, &[&digest()])
        .ended(0)
        .says(&[&format!("✓ {}: verified", digest())]);
    let report = verify_expected(&case, &[NAME, "--format", "json", "--offline"]).ended(0);
    assert_eq!(report.json()["verified"], true);
    assert_json_snapshot!("bundle_verified", shape(&report.json()));
}

#[test]
fn a_signature_over_the_artifact_is_verified_in_either_log() {
    let case = Case::new();
    mint(&case, &recipe(&case).of_message(BYTES));
    for artifact in [NAME, &digest()] {
        verify_expected(&case, &[artifact])
            .ended(0)
            .says(&["nothing but a signature over the artifact"]);
    }
    let now = Timestamp::now();
    mint(&case, &recipe(&case).in_rekor_v2(now).of_message(BYTES));
    let report = verify_expected(&case, &[&digest(), "--format", "json"]).ended(0);
    let report = report.json();
    assert_eq!(report["artifact"]["path"], serde_json::Value::Null);
    assert_eq!(report["predicate_type"], serde_json::Value::Null);
    assert_eq!(report["log_entries"][0]["kind"], "hashedrekord 0.0.2");
    let by = report["times"][0]["source"]["authority"]["uri"].as_str();
    assert!(by.unwrap().contains("trust.example"), "{by:?}");
}

#[test]
fn a_key_that_the_caller_knows_stands_for_an_identity() {
    let case = Case::new();
    mint(&case, &managed(&case));
    for artifact in [NAME, &digest()] {
        verify(&case, &["--key", "key.pub", artifact])
            .ended(0)
            .says(&["signed with      the key "]);
    }
    let report = verify(&case, &["--key", "key.pub", NAME, "--format", "json"]).ended(0);
    assert_json_snapshot!("bundle_verified_by_key", shape(&report.json()));
    // Another key.
    let other = case.domain.mint_bundle(&managed(&case)).unwrap();
    case.write("other.der", other.public_key);
    verify(&case, &["--key", "other.der", NAME])
        .ended(1)
        .says(&["✗", "refused"]);
    // A key signed, and somebody is expected; somebody signed, and a key is expected.
    verify_expected(&case, &[NAME])
        .ended(1)
        .says(&["signed with a key"]);
    mint(&case, &recipe(&case));
    verify(&case, &["--key", "key.pub", NAME])
        .ended(1)
        .says(&["found one by a certificate's holder"]);
}

#[test]
fn another_signer_artifact_or_root_is_refused() {
    let case = Case::new();
    mint(&case, &recipe(&case));
    let stranger = [
        "--certificate-identity",
        "mallory@example.com",
        "--certificate-oidc-issuer",
        ISSUER,
        NAME,
    ];
    verify(&case, &stranger).ended(1).says(&[
        "✗ sampleproject-1.0.tar.gz: not verified",
        "it is not by whom you expect",
        // Who it was is told all the same.
        SAN,
    ]);
    let report = verify(&case, &[&stranger[..], &["--format", "json"]].concat()).ended(1);
    let report = report.json();
    assert_eq!(report["verified"], false);
    assert_eq!(report["identity"]["san"], SAN);
    case.write("other.txt", "other bytes");
    verify_expected(&case, &["other.txt"])
        .ended(1)
        .says(&["none of the statement's 1 subjects"]);
    touchplate_in(
        case.path(),
        &[
            &["bundle", "verify", "--bundle", "b.json", NAME],
            &EXPECTED[..],
        ]
        .concat(),
    )
    .ended(1)
    .says(&["public-good Sigstore, embedded"]);
    touchplate_in(
        case.path(),
        &[
            &["bundle", "verify", "--staging", "--bundle", "b.json", NAME],
            &EXPECTED[..],
        ]
        .concat(),
    )
    .ended(1)
    .says(&["Sigstore's staging instance, embedded"]);
}

#[test]
fn what_is_no_bundle_verifies_nothing() {
    let case = Case::new();
    for (bundle, why) in [
        ("{", "not valid JSON"),
        ("{}", "mediaType"),
        ("[]", "expected"),
        (
            r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.9+json"}"#,
            "v0.9",
        ),
    ] {
        case.write("b.json", bundle);
        verify_expected(&case, &[NAME]).ended(1).says(&[
            "✗",
            "it is not a Sigstore bundle that can be checked",
            why,
        ]);
    }
    let report = verify_expected(&case, &[NAME, "--format", "json"]).ended(1);
    assert_json_snapshot!("bundle_refused", shape(&report.json()));
    case.write("b.json", vec![b' '; 4 * 1024 * 1024 + 1]);
    verify_expected(&case, &[NAME])
        .ended(1)
        .says(&["at most 4194304 bytes"]);
}

#[test]
fn nobody_in_particular_cannot_be_expected() {
    let case = Case::new();
    mint(&case, &recipe(&case));
    verify(&case, &[NAME])
        .ended(2)
        .complains(&["--certificate-identity", "--certificate-oidc-issuer"]);
    verify(&case, &[&EXPECTED[..2], &[NAME]].concat())
        .ended(2)
        .complains(&["--certificate-oidc-issuer"]);
    verify(&case, &[&EXPECTED[2..], &[NAME]].concat())
        .ended(2)
        .complains(&["--certificate-identity"]);
    verify_expected(&case, &["--key", "key.pub", NAME])
        .ended(2)
        .complains(&["cannot be used with"]);
    verify_expected(&case, &["--staging", NAME])
        .ended(2)
        .complains(&["--staging and --trusted-root"]);
}

#[test]
fn what_is_missing_is_told_apart_from_what_is_wrong() {
    let case = Case::new();
    mint(&case, &recipe(&case));
    verify_expected(&case, &["gone.txt"])
        .ended(3)
        .complains(&["`gone.txt` could not be read"]);
    verify_expected(&case, &["."])
        .ended(2)
        .complains(&["is a directory"]);
    verify_expected(&case, &["sha256:00"]).ended(2).complains(&[
        "expected 64 hexadecimal digits after `sha256:`, found 2, and there is no file of that name",
    ]);
    verify(&case, &["--key", "gone.pub", NAME])
        .ended(3)
        .complains(&["`gone.pub` could not be read"]);
    verify(&case, &["--key", NAME, NAME])
        .ended(2)
        .complains(&["is not a public key", "PUBLIC KEY"]);
    let gone = ["bundle", "verify", "--bundle", "gone.json", NAME];
    touchplate_in(case.path(), &[&gone, &EXPECTED[..]].concat())
        .ended(3)
        .complains(&["`gone.json` could not be read"]);
}

#[test]
fn a_file_named_like_a_digest_is_that_file() {
    let case = Case::new();
    mint(&case, &recipe(&case));
    case.write(&digest(), "other bytes");
    verify_expected(&case, &[&digest()])
        .ended(1)
        .says(&["none of the statement's 1 subjects"]);
}

//! `inspect`: claims, said to be claims.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_json_snapshot;
use jiff::Timestamp;
use serde_json::{Value, json};
use touchplate_trust::{BundleSigner, KeyKind, Predicate};

use crate::bundle::{mint, recipe};
use crate::run::{shape, touchplate_in};
use crate::verify::{Case, NAME};

#[test]
fn an_attestation_is_told_and_not_believed() {
    let case = Case::new();
    case.write("a.json", case.mint(Predicate::Slsa));
    touchplate_in(case.path(), &["inspect", "a.json"])
        .ended(0)
        .says(&[
            "a PEP 740 attestation",
            "These are claims; nothing was checked.",
            NAME,
            "https://slsa.dev/provenance/v1",
            "https://github.com/example/sampleproject/.github/workflows/release.yml@refs/tags/v1.0",
            "dsse 0.0.1",
        ]);
    let report = touchplate_in(case.path(), &["inspect", "a.json", "--format", "json"])
        .ended(0)
        .json();
    assert_eq!(
        (&report["version"], &report["checked"]),
        (&1.into(), &false.into())
    );
    assert_json_snapshot!("attestation", shape(&report));
}

#[test]
fn arrays_provenance_objects_and_certificates_are_told() {
    let case = Case::new();
    let json = String::from_utf8(case.mint(Predicate::Publish)).unwrap();
    case.write("array.json", format!("[{json}]"));
    touchplate_in(case.path(), &["inspect", "array.json"])
        .ended(0)
        .says(&["Attestation 1"]);
    let publisher = crate::verify::PUBLISHER;
    let provenance = format!(
        r#"{{"version":1,"attestation_bundles":[{{"publisher":{publisher},"attestations":[{json}]}}]}}"#
    );
    case.write("p.json", provenance);
    touchplate_in(case.path(), &["inspect", "p.json"])
        .ended(0)
        .says(&["Bundle 1", "GitHub workflow release.yml"]);
    let attestation: serde_json::Value = serde_json::from_str(&json).unwrap();
    let certificate = attestation["verification_material"]["certificate"]
        .as_str()
        .unwrap();
    let der = STANDARD.decode(certificate).unwrap();
    case.write("c.der", der);
    case.write(
        "c.pem",
        format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n"),
    );
    for file in ["c.der", "c.pem"] {
        touchplate_in(case.path(), &["inspect", file])
            .ended(0)
            .says(&[
                "a signing certificate",
                "refs/tags/v1.0",
                "P-256",
                "logged at        2",
            ]);
    }
    let root: Value = serde_json::from_slice(&case.domain.trusted_root_json()).unwrap();
    let chain = &root["certificateAuthorities"][0]["certChain"]["certificates"];
    let pem: String = chain.as_array().unwrap().iter().map(block).collect();
    case.write("chain.pem", format!("Of the root:\n{pem}"));
    touchplate_in(case.path(), &["inspect", "chain.pem"])
        .ended(0)
        .says(&["certificates\n", "may issue        certificates"]);
}

fn block(certificate: &Value) -> String {
    let der = certificate["rawBytes"].as_str().unwrap();
    format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n")
}

/// `inspect` of a file, as a program reads it.
fn inspected(case: &Case, file: &str) -> Value {
    let report = touchplate_in(case.path(), &["inspect", file, "--format", "json"]);
    let report = report.ended(0).json();
    assert_eq!(report["checked"], false);
    report
}

#[test]
fn bundles_are_told_with_all_that_they_hold() {
    let case = Case::new();
    mint(&case, &recipe(&case).in_rekor_v2(Timestamp::now()));
    touchplate_in(case.path(), &["inspect", "b.json"])
        .ended(0)
        .says(&[
            "a Sigstore bundle",
            "These are claims; nothing was checked.",
            "application/vnd.dev.sigstore.bundle.v0.3+json",
            "over a statement (DSSE)",
            NAME,
            "https://slsa.dev/provenance/v1",
            "hashedrekord 0.0.2",
            "timestamp        2",
        ]);
    assert_json_snapshot!("bundle", shape(&inspected(&case, "b.json")));

    let mut managed = recipe(&case).of_message(b"message");
    managed.bundle.signer = BundleSigner::ManagedKey(KeyKind::Ed25519);
    mint(&case, &managed);
    touchplate_in(case.path(), &["inspect", "b.json"])
        .ended(0)
        .says(&["over the artifact", "a key that is not in it"]);
    assert_json_snapshot!("bundle_by_key", shape(&inspected(&case, "b.json")));
}

#[test]
fn a_bundle_that_verifies_nothing_is_told_as_it_stands() {
    let case = Case::new();
    case.write("b.json", r#"{"verificationMaterial":{}}"#);
    touchplate_in(case.path(), &["inspect", "b.json"])
        .ended(0)
        .says(&["media type       none", "signature        none"]);
    let strange = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.9+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": "MA\nA="},
            "tlogEntries": [{"logIndex": -1, "inclusionProof": {"checkpoint": {"envelope": "x"}}}],
            "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": "MAA="}]},
        },
        "dsseEnvelope": {"payload": "e30=", "payloadType": "text/plain", "signatures": [1, 2]},
    });
    case.write("b.json", strange.to_string());
    touchplate_in(case.path(), &["inspect", "b.json"])
        .ended(0)
        .says(&[
            "bundle.v0.9",
            "certificate      malformed",
            "log entry        -1",
            "checkpoint       malformed",
            "timestamp        malformed",
            "signatures       2",
            "says             nothing",
        ]);
    let report = inspected(&case, "b.json");
    assert!(report["bundle"]["certificates"][0]["unreadable"].is_array());
    assert!(report["bundle"]["timestamps"][0]["unreadable"].is_array());
    for (bundle, why) in [
        (r#"{"verificationMaterial":[1]}"#, "cause:"),
        (
            r#"{"verificationMaterial":{},"verificationMaterial":{}}"#,
            "occurs twice",
        ),
        (
            r#"{"verificationMaterial":{"tlogEntries":[{"logIndex":"x"}]}}"#,
            "whole number",
        ),
        (
            r#"{"verificationMaterial":{"certificate":{"rawBytes":"!"}}}"#,
            "base64",
        ),
    ] {
        case.write("b.json", bundle);
        touchplate_in(case.path(), &["inspect", "b.json"])
            .ended(1)
            .complains(&["cannot be told as a Sigstore bundle", why]);
    }
}

#[test]
fn trust_roots_are_told_key_by_key() {
    let case = Case::new();
    touchplate_in(case.path(), &["inspect", "root.json"])
        .ended(0)
        .says(&[
            "a Sigstore trust root",
            "nothing was checked",
            "Certificate authority 1",
            "Transparency log 1",
            "https://rekor.trust.example",
            "Certificate transparency log 1",
            "Timestamp authority 1",
            "with no end",
        ]);
    assert_json_snapshot!("trust_root", shape(&inspected(&case, "root.json")));

    let root: Value = serde_json::from_slice(&case.domain.trusted_root_json()).unwrap();
    let service = |url: &str| json!([{"url": url, "majorApiVersion": 1, "validFor": {"start": "2025-01-01T00:00:00Z"}, "operator": "us"}]);
    let signing = json!({
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": service("https://ca.example"),
        "oidcUrls": service("https://oidc.example"),
        "rekorTlogUrls": service("https://log.example"),
        "rekorTlogConfig": {"selector": "ANY"},
        "tsaUrls": service("https://tsa.example"),
        "tsaConfig": {"selector": "EXACT", "count": 2},
    });
    case.write("signing.json", signing.to_string());
    let config = json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": root,
        "signingConfig": signing,
    });
    case.write("config.json", config.to_string());
    touchplate_in(case.path(), &["inspect", "config.json"])
        .ended(0)
        .says(&[
            "a Sigstore trust root and signing configuration",
            "Transparency log 1",
            "Signing",
            "https://ca.example (API version 1), 2025-01-01 00:00:00 UTC, with no end",
            "logs to use      any",
            "stamps to take   exact 2",
        ]);
    assert_json_snapshot!("trust_config", shape(&inspected(&case, "config.json")));
    let report = inspected(&case, "signing.json");
    assert_eq!(report["kind"], "signing_config");
    assert_eq!(
        report["signing_config"]["signing"]["logs"][0]["url"],
        "https://log.example"
    );

    // A root under which nothing can be verified is told, with the reason; one that is none is refused.
    let mut backwards = root;
    backwards["tlogs"][0]["publicKey"]["validFor"]["end"] = "2001-01-01T00:00:00Z".into();
    case.write("root.json", backwards.to_string());
    touchplate_in(case.path(), &["inspect", "root.json"])
        .ended(0)
        .says(&["not usable"]);
    backwards["tlogs"] = 1.into();
    case.write("root.json", backwards.to_string());
    touchplate_in(case.path(), &["inspect", "root.json"])
        .ended(1)
        .complains(&["cannot be told as a trust root"]);
}

#[test]
fn timestamps_and_checkpoints_are_told() {
    let case = Case::new();
    let minted = case
        .domain
        .mint_bundle(&recipe(&case).in_rekor_v2(Timestamp::now()))
        .unwrap();
    let bundle: Value = serde_json::from_slice(&minted.json).unwrap();
    let material = &bundle["verificationMaterial"];
    let stamps = &material["timestampVerificationData"]["rfc3161Timestamps"];
    let stamp = stamps[0]["signedTimestamp"].as_str().unwrap();
    let stamp = STANDARD.decode(stamp).unwrap();
    case.write("t.tsr", &stamp);
    touchplate_in(case.path(), &["inspect", "t.tsr"])
        .ended(0)
        .says(&[
            "a timestamp (RFC 3161)",
            "nothing was checked, not even a signature",
            "message imprint  sha256 ",
        ]);
    let report = inspected(&case, "t.tsr");
    assert_eq!(report["timestamp"]["unreadable"], Value::Null);
    case.write("t.tsr", &stamp[..stamp.len() - 1]);
    touchplate_in(case.path(), &["inspect", "t.tsr"])
        .ended(1)
        .complains(&["is not a timestamp of RFC 3161"]);

    let note = &material["tlogEntries"][0]["inclusionProof"]["checkpoint"]["envelope"];
    case.write("checkpoint", note.as_str().unwrap());
    touchplate_in(case.path(), &["inspect", "checkpoint"])
        .ended(0)
        .says(&["a log's checkpoint", "entries          1", "signed by"]);
    assert_eq!(inspected(&case, "checkpoint")["checkpoint"]["tree_size"], 1);
}

#[test]
fn what_is_none_of_these_is_named() {
    let case = Case::new();
    case.write("other.json", r#"{"a":1}"#);
    touchplate_in(case.path(), &["inspect", "other.json"])
        .ended(2)
        .complains(&["found a JSON object with the keys \"a\""]);
    touchplate_in(case.path(), &["inspect", NAME])
        .ended(2)
        .complains(&["no JSON"]);
    touchplate_in(case.path(), &["inspect", "gone"])
        .ended(3)
        .complains(&["could not be read"]);
    case.write("a.json", r#"{"version":1,"verification_material":{}}"#);
    touchplate_in(case.path(), &["inspect", "a.json"])
        .ended(1)
        .complains(&["not an attestation", "cause:"]);
}

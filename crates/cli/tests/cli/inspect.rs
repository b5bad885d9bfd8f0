//! `inspect`: claims, said to be claims.

use insta::assert_json_snapshot;
use touchplate_trust::Predicate;

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
    use base64::Engine as _;
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
    let der = base64::engine::general_purpose::STANDARD
        .decode(certificate)
        .unwrap();
    case.write("c.der", der);
    case.write(
        "c.pem",
        format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n"),
    );
    for file in ["c.der", "c.pem"] {
        touchplate_in(case.path(), &["inspect", file])
            .ended(0)
            .says(&["a signing certificate", "refs/tags/v1.0"]);
    }
}

#[test]
fn what_is_none_of_these_is_named() {
    let case = Case::new();
    touchplate_in(case.path(), &["inspect", "root.json"])
        .ended(2)
        .complains(&["found a trust root"]);
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

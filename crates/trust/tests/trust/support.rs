//! Who signs, what about, and the judges.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sigstore_trust_root::TrustedRoot;
use sigstore_verify::VerificationPolicy;
use touchplate_attest::bundle::{Bundle, ProvenBundle, verify_bundle};
use touchplate_attest::{Artifact, Attestation, FileFacts, ManagedKey, Proven, Sha256, TrustRoot};
use touchplate_trust::{Domain, Predicate, Workload};

pub(crate) const NAME: &str = "sampleproject-1.0.tar.gz";

/// A time that stands still, in the past of every machine that runs this.
pub(crate) fn now() -> Timestamp {
    "2025-06-15T12:00:00.123456789Z".parse().unwrap()
}

pub(crate) fn domain() -> Domain {
    Domain::new("trust.example", now()).unwrap()
}

/// The file.
pub(crate) const MESSAGE: &[u8] = b"the file's bytes";

pub(crate) fn digest() -> Sha256 {
    Sha256::of(MESSAGE)
}

pub(crate) fn github() -> Workload {
    Workload::github("example/sampleproject", "release.yml", "refs/tags/v1.0")
}

/// Every kind of workload, and the publisher that it is of.
pub(crate) fn workloads() -> Vec<(&'static str, Workload, Value)> {
    let (project, pipeline) = (
        "a9b1f9a5-6fa0-4b5b-9d3a-7f0c0a1b2c3d",
        "0d1e2f3a-4b5c-4d7e-8f9a-0b1c2d3e4f5a",
    );
    vec![
        (
            "github",
            github(),
            json!({"kind": "GitHub", "repository": "example/sampleproject", "workflow": "release.yml"}),
        ),
        (
            "github-environment",
            github().in_environment("release"),
            json!({
                "kind": "GitHub", "repository": "example/sampleproject", "workflow": "release.yml",
                "environment": "release",
            }),
        ),
        (
            "gitlab",
            Workload::gitlab(
                "group/sub/sampleproject",
                ".gitlab-ci.yml",
                "refs/tags/v1.0",
            ),
            json!({
                "kind": "GitLab", "repository": "group/sub/sampleproject", "workflow_filepath": ".gitlab-ci.yml",
            }),
        ),
        (
            "google",
            Workload::google("builder@example-project.iam.gserviceaccount.com"),
            json!({"kind": "Google", "email": "builder@example-project.iam.gserviceaccount.com"}),
        ),
        (
            "circleci",
            Workload::circleci(
                project,
                pipeline,
                "github.com/example/sampleproject",
                "refs/tags/v1.0",
            ),
            json!({
                "kind": "CircleCI", "project_id": project, "pipeline_definition_id": pipeline,
                "vcs_origin": "github.com/example/sampleproject", "vcs_ref": "refs/tags/v1.0",
            }),
        ),
        (
            "email",
            Workload::email("maintainer@example.org", "https://accounts.example.org"),
            json!({"kind": "Email", "email": "maintainer@example.org", "issuer": "https://accounts.example.org"}),
        ),
    ]
}

pub(crate) fn publish_with_empty_body() -> Predicate {
    Predicate::Other {
        predicate_type: "https://docs.pypi.org/attestations/publish/v1".to_owned(),
        body: json!({}),
    }
}

/// A good attestation by a workflow on GitHub.
pub(crate) fn mint(domain: &Domain) -> Value {
    let json = domain.attest(&github(), NAME, &digest(), Predicate::Publish, now());
    serde_json::from_slice(&json.unwrap()).unwrap()
}

/// What the library says of an attestation as the bundle that it stands for, whoever signed it.
pub(crate) fn library(root: &[u8], json: &Value) -> Result<(), sigstore_verify::Error> {
    let mut bundle = json!({
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
    if let Some(tokens) = json["verification_material"]["timestamps"].as_array() {
        let tokens = tokens.iter().map(|it| json!({"signedTimestamp": it}));
        let tokens = tokens.collect::<Vec<_>>();
        bundle["verificationMaterial"]["timestampVerificationData"] =
            json!({"rfc3161Timestamps": tokens});
    }
    library_bundle(root, &bundle, &VerificationPolicy::any_identity())
}

/// What the library says of a bundle about [`MESSAGE`].
pub(crate) fn library_bundle(
    root: &[u8],
    bundle: &Value,
    policy: &impl sigstore_verify::Policy,
) -> Result<(), sigstore_verify::Error> {
    let bundle = sigstore_types::Bundle::from_json(&bundle.to_string())?;
    let root = TrustedRoot::from_json(std::str::from_utf8(root).unwrap()).unwrap();
    sigstore_verify::verify(MESSAGE, &bundle, policy, &root).map(|_| ())
}

/// What our own verifier says half an hour after [`now`]: a message with its causes where it refuses.
pub(crate) fn ours(root: &[u8], json: &Value) -> Result<Proven, String> {
    let attestation =
        Attestation::parse(json.to_string().as_bytes()).map_err(|error| told(&error))?;
    let file = FileFacts {
        filename: NAME.parse().unwrap(),
        sha256: digest(),
    };
    let root = TrustRoot::from_json(root).unwrap();
    let now = now() + SignedDuration::from_mins(30);
    touchplate_attest::verify(&file, &attestation, &root, now).map_err(|error| told(&error))
}

/// The same for a bundle about [`MESSAGE`].
pub(crate) fn ours_bundle(
    root: &[u8],
    json: &[u8],
    key: Option<&ManagedKey>,
) -> Result<ProvenBundle, String> {
    let bundle = Bundle::parse(json).map_err(|error| told(&error))?;
    let root = TrustRoot::from_json(root).unwrap();
    let now = now() + SignedDuration::from_mins(30);
    verify_bundle(&Artifact::of(MESSAGE), &bundle, key, &root, now).map_err(|error| told(&error))
}

/// A message with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

pub(crate) fn decode(text: &Value) -> Vec<u8> {
    use base64::Engine as _;
    let text = text.as_str().unwrap();
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap()
}

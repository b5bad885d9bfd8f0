//! `sign`: what it refuses before anybody is asked.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tempfile::TempDir;
use touchplate_trust::Domain;

use crate::run::{Run, touchplate_with};

/// A folder with a file to sign and an instance that nobody answers for.
struct Case {
    folder: TempDir,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("demo-1.0.tar.gz"), b"sdist").unwrap();
        let case = Self { folder };
        case.instance("http://127.0.0.1:9");
        case
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a trust configuration whose services are all below `base`.
    fn instance(&self, base: &str) {
        let domain = Domain::new("private.example", jiff::Timestamp::now()).unwrap();
        let service = |version: u32| {
            json!([{"url": base, "majorApiVersion": version, "operator": "a.example",
                "validFor": {"start": "2024-01-01T00:00:00Z"}}])
        };
        let root: Value = serde_json::from_slice(&domain.trusted_root_json()).unwrap();
        let config = json!({
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": root,
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": service(1),
                "oidcUrls": [],
                "rekorTlogUrls": service(1),
                "rekorTlogConfig": {"selector": "ANY"},
                "tsaUrls": service(1),
                "tsaConfig": {"selector": "ANY"},
            },
        });
        fs::write(self.path().join("trust_config.json"), config.to_string()).unwrap();
    }

    /// Writes a token that says this, signed by nobody.
    fn token(&self, more: &Value) {
        let mut claims =
            json!({"iss": "https://ci.example", "sub": "job", "exp": 4_000_000_000_u64});
        for (key, value) in more.as_object().unwrap() {
            claims[key] = value.clone();
        }
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let (header, claims) = (part("{}"), part(&claims.to_string()));
        let text = format!("{header}.{claims}.{}", part("secret"));
        fs::write(self.path().join("token.jwt"), text).unwrap();
    }

    fn sign(&self, arguments: &[&str]) -> Run {
        let words = [&["sign", "demo-1.0.tar.gz"], arguments].concat();
        touchplate_with(self.path(), &[], &words)
    }
}

const CONFIG: [&str; 2] = ["--trust-config", "trust_config.json"];
const TOKEN: [&str; 2] = ["--identity-token-file", "token.jwt"];

#[test]
fn no_instance_is_built_in() {
    let case = Case::new();
    case.token(&json!({}));
    case.sign(&TOKEN).ended(2).complains(&[
        "nothing says which services are to sign",
        "--trust-config",
        "touchplate trust refresh",
    ]);
    case.sign(&["--signing-config", "trust_config.json"])
        .ended(2)
        .complains(&["--trusted-root"]);
    case.sign(&["--trusted-root", "demo-1.0.tar.gz"])
        .ended(2)
        .complains(&["is not a usable trust configuration"]);
    case.sign(&["--offline", CONFIG[0], CONFIG[1]])
        .ended(2)
        .complains(&["--offline forbids the network"]);
}

#[test]
fn a_domain_that_does_not_say_how_to_sign_is_named() {
    let case = Case::new();
    let config: Value =
        serde_json::from_slice(&fs::read(case.path().join("trust_config.json")).unwrap()).unwrap();
    fs::write(
        case.path().join("root.json"),
        config["trustedRoot"].to_string(),
    )
    .unwrap();
    let import = |file: &str| {
        let words = [
            "trust",
            "import",
            "--trust",
            "store",
            "--name",
            "acme",
            "--projects",
            "demo",
            file,
        ];
        touchplate_with(case.path(), &[], &words)
    };
    import("root.json").ended(0);
    case.token(&json!({}));
    case.sign(&["--trust", "store", TOKEN[0], TOKEN[1]])
        .ended(2)
        .complains(&["the trust domain acme does not say which services sign for it"]);
    import("trust_config.json").ended(0);
    // Now it is asked, and nobody is there.
    case.sign(&["--trust", "store", TOKEN[0], TOKEN[1]])
        .ended(3)
        .complains(&["the certificate authority gave no answer"]);
}

#[test]
fn nobody_signs_without_an_identity() {
    let case = Case::new();
    case.sign(&CONFIG)
        .ended(2)
        .complains(&["there is no identity to sign with", "docs/guide/sign.md"]);
    fs::write(case.path().join("token.jwt"), "not a token").unwrap();
    let signed = |case: &Case| case.sign(&[CONFIG, TOKEN].concat());
    let run = signed(&case)
        .ended(2)
        .complains(&["does not hold an ID token"]);
    assert!(!run.stderr.contains("not a token"));
    case.token(&json!({"exp": 1_700_000_000}));
    signed(&case)
        .ended(1)
        .complains(&["the ID token expired at 2023-11-14T22:13:20Z"]);
    case.sign(&[&CONFIG[..], &["--out-of-band"]].concat())
        .ended(2)
        .complains(&["names no identity provider", "--oidc-issuer"]);
}

#[test]
fn names_of_a_private_repository_are_kept_from_a_public_log() {
    let case = Case::new();
    case.token(&json!({"repository": "acme/secret", "repository_visibility": "private"}));
    let signed = |more: &[&str]| case.sign(&[&CONFIG[..], &TOKEN, more].concat());
    // This log is nobody's that is known.
    signed(&[]).ended(3);
    for public in [
        "https://rekor.sigstore.dev",
        "https://rekor.sigstore.dev.",
        "https://LOG2025.rekor.sigstage.sigstore.dev/",
    ] {
        case.instance(public);
        signed(&[]).ended(1).complains(&[
            "the repository acme/secret is private",
            "public log",
            "--public",
        ]);
    }
    case.token(&json!({"project_path": "acme/secret", "project_visibility": "internal"}));
    signed(&[]).ended(1).complains(&["acme/secret is internal"]);
}

#[test]
fn the_other_kind_of_log_entry_must_be_asked_for() {
    let case = Case::new();
    case.token(&json!({}));
    let words = [&CONFIG[..], &TOKEN, &["--rekor-version", "2"]].concat();
    case.sign(&words)
        .ended(2)
        .complains(&["no log that speaks Rekor v2", "--rekor-version"]);
    case.sign(&["--rekor-version", "3"])
        .ended(2)
        .complains(&["expected 1 or 2"]);
}

#[test]
fn what_lies_in_the_place_of_an_attestation_is_not_overwritten() {
    let case = Case::new();
    case.token(&json!({}));
    let sidecar = case.path().join("demo-1.0.tar.gz.publish.attestation");
    fs::write(&sidecar, "{}").unwrap();
    case.sign(&[CONFIG, TOKEN].concat())
        .ended(1)
        .complains(&["is there already, and is not an attestation", "--replace"]);
    assert_eq!(fs::read(&sidecar).unwrap(), b"{}");
    // With --replace it goes on to the services, and what is there stays until there is better.
    case.sign(&[&CONFIG[..], &TOKEN, &["--replace"]].concat())
        .ended(3);
    assert_eq!(fs::read(&sidecar).unwrap(), b"{}");
}

//! What clients of a stack need: its trusted root, where its services are, and both in one.
//!
//! All of it follows from the description, which holds nothing secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::Decode as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use touchplate_attest::log::NoteKey;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::keys::KeyKind;
use crate::layout::{KeyEntry, Layout, LayoutError, Role};
use crate::window::Window;

const ROOT: &str = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
const SIGNING: &str = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
const TRUST_CONFIG: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

/// A file that clients of a stack need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is called, in the folder and below `/trust/`.
    pub name: &'static str,
    /// Its contents.
    pub json: String,
}

/// What the documents of a stack are called.
pub const NAMES: [&str; 5] = [
    "root.json",
    "signing_config.json",
    "signing_config.rekor1.json",
    "trust_config.json",
    "trust_config.rekor1.json",
];

/// Which transparency logs a signing configuration names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Logs {
    /// Both; signers take the newer one that they know.
    Both,
    /// That of Rekor's version 1 alone: what PEP 740's attestations have room for.
    First,
}

/// Every document of a stack: the root, and how to sign for it with either log, or with that of version 1 alone.
///
/// # Errors
/// When the description names certificates that cannot be read.
pub fn documents(layout: &Layout, now: Timestamp) -> Result<Vec<Document>, LayoutError> {
    let root = trusted_root(layout)?;
    let (both, first) = (
        signing_config(layout, Logs::Both, now),
        signing_config(layout, Logs::First, now),
    );
    let together = |signing: &Value| json!({"mediaType": TRUST_CONFIG, "trustedRoot": root, "signingConfig": signing});
    let values = [
        root.clone(),
        both.clone(),
        first.clone(),
        together(&both),
        together(&first),
    ];
    let named = NAMES.into_iter().zip(values);
    Ok(named
        .map(|(name, value)| Document {
            name,
            json: format!("{value:#}\n"),
        })
        .collect())
}

/// `trusted_root.json`.
///
/// # Errors
/// When the description names certificates that cannot be read.
pub fn trusted_root_json(layout: &Layout) -> Result<String, LayoutError> {
    Ok(trusted_root(layout)?.to_string())
}

/// `trusted_root.json`: every key that there ever was, with its time.
fn trusted_root(layout: &Layout) -> Result<Value, LayoutError> {
    let description = layout.description();
    let url = description.url.as_str();
    let of = |role: Role| description.keys.iter().filter(move |it| it.role == role);
    let mut logs = Vec::new();
    for (role, path) in [(Role::Rekor1, "rekor1"), (Role::Rekor2, "rekor2")] {
        for entry in of(role) {
            logs.push(log(layout, entry, path)?);
        }
    }
    let mut certificate_logs = Vec::new();
    for entry in of(Role::Ct) {
        certificate_logs.push(log(layout, entry, "ct")?);
    }
    let mut authorities = Vec::new();
    for entry in of(Role::Authority) {
        authorities.push(authority(layout, entry, url, "root")?);
    }
    let mut stamps = Vec::new();
    for entry in of(Role::Tsa) {
        stamps.push(authority(
            layout,
            entry,
            &stamps_url(url),
            "timestamps root",
        )?);
    }
    Ok(json!({
        "mediaType": ROOT,
        "tlogs": logs,
        "certificateAuthorities": authorities,
        "ctlogs": certificate_logs,
        "timestampAuthorities": stamps,
    }))
}

/// The signing configuration. `caUrls` names the host alone: sigstore-python drops a path.
fn signing_config(layout: &Layout, logs: Logs, now: Timestamp) -> Value {
    let description = layout.description();
    let url = description.url.as_str();
    let since = |role: Role| {
        let entries = description.keys.iter().filter(|it| it.role == role);
        let start = entries.map(|it| it.start).min().unwrap_or(now);
        Window { start, end: None }.to_json()
    };
    let service = |url: &str, version: u32, role: Role| {
        json!({
            "url": url,
            "majorApiVersion": version,
            "validFor": since(role),
            "operator": description.operator,
        })
    };
    let sign_in = description.sign_in.iter();
    let mut rekor = vec![service(&format!("{url}/trust/rekor1"), 1, Role::Rekor1)];
    if logs == Logs::Both {
        rekor.insert(0, service(&format!("{url}/trust/rekor2"), 2, Role::Rekor2));
    }
    json!({
        "mediaType": SIGNING,
        "caUrls": [service(url, 1, Role::Authority)],
        "oidcUrls": sign_in.map(|it| service(it, 1, Role::Authority)).collect::<Vec<_>>(),
        "rekorTlogUrls": rekor,
        "rekorTlogConfig": {"selector": "ANY"},
        "tsaUrls": [service(&stamps_url(url), 1, Role::Tsa)],
        "tsaConfig": {"selector": "ANY"},
    })
}

fn stamps_url(url: &str) -> String {
    format!("{url}/trust/tsa/api/v1/timestamp")
}

/// What a log calls itself: its address without the scheme. `path` is `rekor1`, `rekor2` or `ct`.
pub fn origin(layout: &Layout, path: &str) -> String {
    format!("{}/trust/{path}", layout.description().url.authority())
}

fn log(layout: &Layout, entry: &KeyEntry, path: &str) -> Result<Value, LayoutError> {
    let spki = entry.spki()?;
    let key = NoteKey::new(&origin(layout, path), &spki).map_err(|_| LayoutError::Public)?;
    Ok(log_json(
        &format!("{}/trust/{path}", layout.description().url),
        &spki,
        key_details(kind_of(&spki)?),
        *key.id(),
        &entry.window(),
    ))
}

/// A log in a trusted root.
pub(crate) fn log_json(
    url: &str,
    spki: &[u8],
    details: &str,
    id: [u8; 32],
    window: &Window,
) -> Value {
    json!({
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": STANDARD.encode(spki),
            "keyDetails": details,
            "validFor": window.to_json(),
        },
        "logId": {"keyId": STANDARD.encode(id)},
    })
}

fn authority(
    layout: &Layout,
    entry: &KeyEntry,
    uri: &str,
    common_name: &str,
) -> Result<Value, LayoutError> {
    let operator = layout.description().operator.as_str();
    let chain = layout.chain(entry)?;
    Ok(authority_json(
        operator,
        common_name,
        uri,
        &chain,
        &entry.window(),
    ))
}

/// An authority in a trusted root.
pub(crate) fn authority_json(
    organization: &str,
    common_name: &str,
    uri: &str,
    chain: &[Vec<u8>],
    window: &Window,
) -> Value {
    let certificates = chain.iter();
    let certificates = certificates.map(|der| json!({"rawBytes": STANDARD.encode(der)}));
    json!({
        "subject": {"organization": organization, "commonName": common_name},
        "uri": uri,
        "certChain": {"certificates": certificates.collect::<Vec<_>>()},
        "validFor": window.to_json(),
    })
}

/// Of the two kinds that logs have.
fn kind_of(spki: &[u8]) -> Result<KeyKind, LayoutError> {
    const ED25519: &str = "1.3.101.112";
    let spki = SubjectPublicKeyInfoOwned::from_der(spki).map_err(|_| LayoutError::Public)?;
    Ok(if spki.algorithm.oid.to_string() == ED25519 {
        KeyKind::Ed25519
    } else {
        KeyKind::P256
    })
}

/// What Sigstore calls a kind of key.
pub(crate) fn key_details(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::P256 => "PKIX_ECDSA_P256_SHA_256",
        KeyKind::P384 => "PKIX_ECDSA_P384_SHA_384",
        KeyKind::P521 => "PKIX_ECDSA_P521_SHA_512",
        KeyKind::Ed25519 => "PKIX_ED25519",
        KeyKind::Rsa => "PKIX_RSA_PKCS1V15_2048_SHA256",
    }
}

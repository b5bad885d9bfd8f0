//! Tokens of the corpus, where it is there. Each variant of the error has its test in `tests/attest/stamps.rs`.

use std::path::PathBuf;

use serde_json::Value;

use super::{Authority, StampError, Token};
use crate::crypto::default_provider;
use crate::encoding::{base64, wrapped_base64};

/// The corpus's folder, if it is here.
fn corpus() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("TOUCHPLATE_CORPUS").map_or(beside, PathBuf::from);
    folder.join("MANIFEST.json").exists().then_some(folder)
}

fn read(file: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn authorities(root: &Value) -> Vec<Authority> {
    let root = root.get("trustedRoot").unwrap_or(root);
    let listed = root["timestampAuthorities"].as_array();
    let read = |authority: &Value| {
        let certificates = authority["certChain"]["certificates"].as_array().unwrap();
        let certificates = certificates
            .iter()
            .map(|it| base64(it["rawBytes"].as_str().unwrap()).unwrap());
        let time = |end: &str| Some(authority["validFor"][end].as_str()?.parse().unwrap());
        Authority::read(
            authority["uri"].as_str().unwrap_or_default(),
            &certificates.collect::<Vec<_>>(),
            time("start"),
            time("end"),
            default_provider(),
        )
        .unwrap()
    };
    listed.into_iter().flatten().map(read).collect()
}

/// What becomes of each timestamp of a bundle.
fn verdicts(bundle: &Value, root: &Value) -> Vec<String> {
    let signature = bundle["messageSignature"]["signature"].as_str();
    let signature = signature.or_else(|| bundle["dsseEnvelope"]["signatures"][0]["sig"].as_str());
    let signature = base64(signature.unwrap()).unwrap();
    let tokens =
        bundle["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"].as_array();
    let authorities = authorities(root);
    let now = "2026-11-01T00:00:00Z".parse().unwrap();
    let verdict = |token: &Value| -> Result<String, StampError> {
        let der = wrapped_base64(token["signedTimestamp"].as_str().unwrap()).unwrap();
        let token = Token::parse(&der)?;
        let stamp = token.verify(&signature, &authorities, now, default_provider())?;
        Ok(stamp.time.to_string())
    };
    let tokens = tokens.into_iter().flatten();
    tokens
        .map(|token| verdict(token).unwrap_or_else(|error| format!("{error:?}")))
        .collect()
}

/// Rows whose only token is refused, and by which rule.
const REFUSED: [(&str, &str); 9] = [
    (
        "conf-rekor2-timestamp-payload-mismatch_fail",
        "OtherMessage",
    ),
    (
        "conf-rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail",
        "UnknownAuthority",
    ),
    ("w-stamp-other", "OtherMessage"),
    ("w-stamp-payload", "OtherMessage"),
    ("w-stamp-evilkey", "Signature"),
    ("w-stamp-status", "NotGranted"),
    ("w-stamp-junk", "Malformed"),
    ("w-tsa-ended", "OutsideWindow"),
    ("w-tsa-future", "OutsideWindow"),
];

#[test]
fn the_corpus_tokens_are_judged_right() {
    let Some(folder) = corpus() else {
        eprintln!("SKIPPED: no corpus (set TOUCHPLATE_CORPUS, or put it at ../shared/corpus)");
        return;
    };
    let manifest = read(folder.join("MANIFEST.json"));
    let rows = manifest.as_object().unwrap().values();
    let rows = rows.filter_map(Value::as_array).flatten();
    let mut good = 0;
    for row in rows.filter(|row| row["kind"] == "bundle") {
        let id = row["id"].as_str().unwrap();
        let path = |key: &str| folder.join(row[key].as_str().unwrap());
        let Ok(bytes) = std::fs::read(path("path")) else {
            continue; // kept back
        };
        // Some rows are no JSON, or no bundle.
        let bundle: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let verification = &bundle["verificationMaterial"]["timestampVerificationData"];
        if verification["rfc3161Timestamps"].is_null() {
            continue;
        }
        let verdicts = verdicts(&bundle, &read(path("trusted_root")));
        let refused = REFUSED.iter().find(|(refused, _)| *refused == id);
        if let Some((_, rule)) = refused {
            assert!(verdicts[0].starts_with(rule), "{id}: {verdicts:?}");
            continue;
        }
        for verdict in verdicts {
            let is_time = verdict.parse::<jiff::Timestamp>().is_ok();
            assert!(is_time || verdict == "UnknownAuthority", "{id}: {verdict}");
            good += usize::from(is_time);
        }
    }
    assert!(good > 40, "{good} good tokens");
}

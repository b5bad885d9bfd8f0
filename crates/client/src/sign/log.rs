//! Transparency logs: Rekor v1 and v2. Both answers become one entry, as protobuf writes it (`TransparencyLogEntry`), which
//! is the form of attestations and bundles.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use url::Url;

use super::authority::Certificate;
use super::content::Content;
use super::error::SignError;
use super::service::{self, Kind};
use crate::fetch::{Agent, Question};

/// What a log has made of a proposal.
pub(super) enum Recorded {
    /// This entry.
    Entry(Value),
    /// It has that very signature already, and does not say as which entry: an answer was lost. A further signature by the
    /// same key is another one, and its entry another.
    Known,
}

/// Records a signature in a log of version 1.
pub(super) fn record_v1(
    agent: &Agent,
    base: &Url,
    content: &Content,
    signature: &[u8],
    certificate: &Certificate,
) -> Result<Recorded, SignError> {
    let url = service::below(base, "api/v1/log/entries");
    let proposal = content.proposal_v1(signature, &certificate.pem()?);
    let mut answer = service::post_json(agent, Kind::Log, &url, &proposal)?;
    if answer.status == 409 {
        // The entry is there, since an earlier answer was lost, and this is where.
        let location = answer.location.as_deref();
        let known = location.and_then(|location| url.join(location).ok());
        let Some(known) = known.filter(|known| known.origin() == url.origin()) else {
            return Ok(Recorded::Known);
        };
        answer = service::ask(agent, Kind::Log, &Question::get(&known))?;
    }
    if !matches!(answer.status, 200 | 201) {
        return Err(service::refused(Kind::Log, &url, &answer));
    }
    let document = service::json(Kind::Log, &url, &answer)?;
    let entry = entry_of_v1(&document, content.kind_v1());
    let entry = entry.ok_or_else(|| incomplete(url))?;
    Ok(Recorded::Entry(entry))
}

/// Records a signature in a log of version 2.
pub(super) fn record_v2(
    agent: &Agent,
    base: &Url,
    content: &Content,
    signature: &[u8],
    certificate: &Certificate,
) -> Result<Recorded, SignError> {
    let url = service::below(base, "api/v2/log/entries");
    let proposal = content.proposal_v2(signature, &certificate.der);
    let answer = service::post_json(agent, Kind::Log, &url, &proposal)?;
    match answer.status {
        200 | 201 => {}
        409 => return Ok(Recorded::Known),
        _ => return Err(service::refused(Kind::Log, &url, &answer)),
    }
    let document = service::json(Kind::Log, &url, &answer)?;
    let entry = entry_of_v2(&document).ok_or_else(|| incomplete(url))?;
    Ok(Recorded::Entry(entry))
}

fn incomplete(url: Url) -> SignError {
    SignError::Answer {
        service: Kind::Log,
        url,
        expected: "one entry with its proof and checkpoint",
    }
}

/// `{"<uuid>": {…}}`, with hex and numbers, in protobuf's form, with base64 and numbers as text.
fn entry_of_v1(document: &Value, (kind, version): (&str, &str)) -> Option<Value> {
    let entries = document.as_object()?;
    let entry = entries.values().next().filter(|_| entries.len() == 1)?;
    let verification = entry.get("verification")?;
    let proof = verification.get("inclusionProof")?;
    let hashes = proof.get("hashes")?.as_array()?.iter();
    let hashes: Option<Vec<String>> = hashes.map(|it| recoded(Some(it))).collect();
    Some(json!({
        "logIndex": number(entry.get("logIndex"))?,
        "logId": {"keyId": recoded(entry.get("logID"))?},
        "kindVersion": {"kind": kind, "version": version},
        "integratedTime": number(entry.get("integratedTime"))?,
        "inclusionPromise": {
            "signedEntryTimestamp": verification.get("signedEntryTimestamp")?.as_str()?,
        },
        "inclusionProof": {
            "logIndex": number(proof.get("logIndex"))?,
            "rootHash": recoded(proof.get("rootHash"))?,
            "treeSize": number(proof.get("treeSize"))?,
            "hashes": hashes?,
            "checkpoint": {"envelope": proof.get("checkpoint")?.as_str()?},
        },
        "canonicalizedBody": entry.get("body")?.as_str()?,
    }))
}

/// In protobuf's form already: only what belongs into an entry is taken over.
fn entry_of_v2(document: &Value) -> Option<Value> {
    let kind = document.get("kindVersion")?;
    let proof = document.get("inclusionProof")?;
    let mut taken = Map::new();
    // Protobuf's JSON leaves out what is 0 or empty.
    let text = |value: Option<&Value>| number(value).unwrap_or_else(|| "0".to_owned());
    taken.insert("logIndex".into(), text(document.get("logIndex")).into());
    let key_id = document.get("logId")?.get("keyId")?.as_str()?;
    taken.insert("logId".into(), json!({"keyId": key_id}));
    let (kind, version) = (kind.get("kind")?.as_str()?, kind.get("version")?.as_str()?);
    taken.insert(
        "kindVersion".into(),
        json!({"kind": kind, "version": version}),
    );
    taken.insert(
        "inclusionProof".into(),
        json!({
            "logIndex": text(proof.get("logIndex")),
            "rootHash": proof.get("rootHash")?.as_str()?,
            "treeSize": text(proof.get("treeSize")),
            "hashes": proof.get("hashes").cloned().unwrap_or_else(|| json!([])),
            "checkpoint": {"envelope": proof.get("checkpoint")?.get("envelope")?.as_str()?},
        }),
    );
    let body = document.get("canonicalizedBody")?.as_str()?;
    taken.insert("canonicalizedBody".into(), body.into());
    Some(Value::Object(taken))
}

/// A whole number as text, whether it came as one or as text.
fn number(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::Number(number) => number.as_u64().map(|it| it.to_string()),
        Value::String(text) => text.parse::<u64>().ok().map(|it| it.to_string()),
        _ => None,
    }
}

/// Hex as base64.
fn recoded(value: Option<&Value>) -> Option<String> {
    let bytes = hex::decode(value?.as_str()?).ok()?;
    Some(STANDARD.encode(bytes))
}

//! Sigstore bundles of every media type.

use serde::Deserialize;
use serde_json::{Value, json};
use touchplate_attest::{JsonError, read_strict_json};

use super::certificate::Certificate;
use super::entry::Entry;
use super::stamp;
use super::wire::{Bytes, Chain, RawBytes};
use crate::report::causes;
use crate::screen::{Page, hex};

/// The longest bundle that is told. Real ones have 3 to 20 kB.
const MAX_BUNDLE_BYTES: usize = 4 * 1024 * 1024;

/// A bundle: protobuf's JSON of `dev.sigstore.bundle.v1.Bundle`, in which everything is optional.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Bundle {
    media_type: String,
    verification_material: Material,
    message_signature: Option<MessageSignature>,
    dsse_envelope: Option<Envelope>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Material {
    certificate: Option<RawBytes>,
    x509_certificate_chain: Option<Chain>,
    public_key: Option<PublicKey>,
    tlog_entries: Vec<Entry>,
    timestamp_verification_data: Timestamps,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PublicKey {
    hint: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Timestamps {
    rfc3161_timestamps: Vec<SignedTimestamp>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SignedTimestamp {
    signed_timestamp: Bytes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct MessageSignature {
    message_digest: Option<MessageDigest>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MessageDigest {
    algorithm: String,
    digest: Bytes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Envelope {
    payload: Bytes,
    payload_type: String,
    signatures: Vec<serde::de::IgnoredAny>,
}

/// What an in-toto statement says.
struct Statement {
    type_uri: Option<String>,
    predicate_type: Option<String>,
    subjects: Vec<Subject>,
    predicate: Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Subject {
    name: Option<String>,
    digest: serde_json::Map<String, Value>,
}

/// Why bytes are no bundle.
#[derive(Debug, thiserror::Error)]
pub(super) enum BundleError {
    #[error("not readable")]
    Json(#[from] JsonError),
    #[error("not a Sigstore bundle")]
    Form(#[from] serde_json::Error),
}

impl Bundle {
    /// Reads one, however strange, as long as each thing is where it belongs.
    pub(super) fn read(json: &[u8]) -> Result<Self, BundleError> {
        read_strict_json(json, MAX_BUNDLE_BYTES)?;
        Ok(serde_json::from_slice(json)?)
    }

    /// The certificates, the signing one first.
    fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        let material = &self.verification_material;
        let chain = material.x509_certificate_chain.iter();
        let chain = chain.flat_map(|chain| &chain.certificates);
        let all = material.certificate.iter().chain(chain);
        all.map(|certificate| certificate.raw_bytes.0.as_slice())
    }

    /// For people.
    pub(super) fn text(&self, page: &mut Page) {
        let media_type = match &*self.media_type {
            "" => "none",
            media_type => media_type,
        };
        page.row("media type", media_type);
        if let Some(signature) = &self.message_signature {
            page.row("signature", "over the artifact");
            if let Some(MessageDigest { algorithm, digest }) = &signature.message_digest {
                page.row("about", &format!("{algorithm} {}", hex(&digest.0)));
            }
        }
        if let Some(envelope) = &self.dsse_envelope {
            envelope.text(page);
        }
        if self.message_signature.is_none() && self.dsse_envelope.is_none() {
            page.row("signature", "none");
        }
        if let Some(key) = &self.verification_material.public_key {
            page.gap();
            page.row(
                "signed with",
                &format!("a key that is not in it, {}", key.hint),
            );
        }
        for der in self.certificates() {
            page.gap();
            match Certificate::read(der) {
                Ok(read) => read.text(page),
                Err(error) => page.row("certificate", &format!("malformed: {error}")),
            }
        }
        let material = &self.verification_material;
        material.tlog_entries.iter().for_each(|it| it.text(page));
        for stamp in &material.timestamp_verification_data.rfc3161_timestamps {
            page.gap();
            stamp::text(page, &stamp.signed_timestamp.0);
        }
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let material = &self.verification_material;
        let digest =
            |it: &MessageDigest| json!({"algorithm": it.algorithm, "digest": hex(&it.digest.0)});
        let message = self.message_signature.as_ref();
        let stamps = material
            .timestamp_verification_data
            .rfc3161_timestamps
            .iter();
        json!({
            "media_type": self.media_type,
            "message_signature": message.map(|it| json!({"digest": it.message_digest.as_ref().map(digest)})),
            "envelope": self.dsse_envelope.as_ref().map(Envelope::json),
            "public_key_hint": material.public_key.as_ref().map(|key| &key.hint),
            "certificates": self.certificates().map(Certificate::read_json).collect::<Vec<_>>(),
            "log_entries": material.tlog_entries.iter().map(Entry::json).collect::<Vec<_>>(),
            "timestamps": stamps.map(|it| stamp::json(&it.signed_timestamp.0)).collect::<Vec<_>>(),
        })
    }
}

impl Envelope {
    fn statement(&self) -> Result<Statement, BundleError> {
        let value = read_strict_json(&self.payload.0, MAX_BUNDLE_BYTES)?;
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let subjects = value
            .get("subject")
            .cloned()
            .unwrap_or(Value::Array(Vec::new()));
        Ok(Statement {
            type_uri: text("_type"),
            predicate_type: text("predicateType"),
            subjects: serde_json::from_value(subjects)?,
            predicate: value.get("predicate").cloned().unwrap_or_default(),
        })
    }

    fn text(&self, page: &mut Page) {
        page.row("signature", "over a statement (DSSE)");
        if self.signatures.len() != 1 {
            page.row("signatures", &self.signatures.len().to_string());
        }
        page.row("payload type", &self.payload_type);
        let statement = match self.statement() {
            Ok(statement) => statement,
            Err(error) => {
                let why = causes(&error).collect::<Vec<_>>().join(": ");
                return page.row("statement", &format!("malformed: {why}"));
            }
        };
        page.row(
            "statement type",
            statement.type_uri.as_deref().unwrap_or("none"),
        );
        page.row(
            "says",
            statement.predicate_type.as_deref().unwrap_or("nothing"),
        );
        for subject in &statement.subjects {
            let name = subject.name.as_deref();
            page.row("about", name.unwrap_or("a file without a name"));
            for (algorithm, digest) in &subject.digest {
                let text = digest
                    .as_str()
                    .map_or_else(|| digest.to_string(), str::to_owned);
                page.row(algorithm, &text);
            }
        }
        if !statement.predicate.is_null() {
            page.row("predicate", &statement.predicate.to_string());
        }
    }

    fn json(&self) -> Value {
        let (statement, unreadable) = match self.statement() {
            Ok(statement) => (Some(statement.json()), None),
            Err(error) => (None, Some(causes(&error).collect::<Vec<_>>())),
        };
        json!({
            "payload_type": self.payload_type,
            "signatures": self.signatures.len(),
            "statement": statement,
            "statement_unreadable": unreadable,
        })
    }
}

impl Statement {
    fn json(&self) -> Value {
        let subjects = self.subjects.iter();
        let subjects = subjects.map(|it| json!({"name": it.name, "digests": it.digest}));
        json!({
            "type": self.type_uri,
            "predicate_type": self.predicate_type,
            "subjects": subjects.collect::<Vec<_>>(),
            "predicate": self.predicate,
        })
    }
}

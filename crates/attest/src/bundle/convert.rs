//! A Sigstore bundle made of an attestation: the same evidence in the form that every Sigstore client reads.

use serde_json::{Value, json};

use crate::attestation::Attestation;
use crate::encoding;
use crate::statement::PAYLOAD_TYPE;

/// Version 0.3: one certificate, inclusion proofs.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

impl Attestation {
    /// The attestation as a Sigstore bundle of version 0.3. Log entries are as they stand in it; nothing is added, and what
    /// PEP 740 has no place for is left out.
    pub fn to_bundle(&self) -> Value {
        let own: Value = serde_json::from_str(self.json()).unwrap_or_default();
        let entries = own.pointer("/verification_material/transparency_entries");
        let mut material = json!({
            "certificate": {"rawBytes": base64(self.certificate())},
            "tlogEntries": entries,
        });
        let stamps = self.timestamps().iter();
        let stamps: Vec<Value> = stamps
            .map(|token| json!({"signedTimestamp": base64(token.der())}))
            .collect();
        if !stamps.is_empty() {
            material["timestampVerificationData"] = json!({"rfc3161Timestamps": stamps});
        }
        json!({
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": material,
            "dsseEnvelope": {
                "payload": base64(&self.payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": base64(self.signature())}],
            },
        })
    }

    /// The signed statement's bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(encoding::base64_length(bytes));
    encoding::append_base64(bytes, &mut text);
    text
}

//! Log entries: their bodies in each form, and what the log says of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};
use touchplate_attest::Sha256;

use crate::forge::attestation::Signed;
use crate::forge::domain::{Domain, TrustError};
use crate::forge::log::Log;
use crate::forge::recipe::{BodyRecipe, CheckpointRecipe, EntryForm, EntryRecipe};
use crate::forge::tree::Inclusion;
use crate::keys::SigningKey;
use crate::roots::key_details;

impl Domain {
    pub(crate) fn log(
        &self,
        recipe: &EntryRecipe,
        signed: &Signed<'_>,
    ) -> Result<Value, TrustError> {
        let (log, other) = match (recipe.body.form.is_v2(), recipe.by_foreign_log) {
            (false, false) => (&self.log, &self.log_v2),
            (false, true) => (&self.strangers.log, &self.strangers.log_v2),
            (true, false) => (&self.log_v2, &self.log),
            (true, true) => (&self.strangers.log_v2, &self.strangers.log),
        };
        let body = self.body(&recipe.body, signed)?;
        let inclusion = log.tree.add(&body);
        let body = STANDARD.encode(body);
        let time = recipe.time.as_second();
        let id = if recipe.names_other_log {
            other.id()
        } else {
            log.id()
        };
        let mut entry = json!({
            "logIndex": inclusion.index.to_string(),
            "logId": {"keyId": STANDARD.encode(id)},
            "kindVersion": {"kind": recipe.kind.0, "version": recipe.kind.1},
            "canonicalizedBody": body,
        });
        if recipe.tells_time {
            entry["integratedTime"] = time.to_string().into();
        }
        if let Some(holder) = recipe.promise {
            let promised = canonical(&json!({
                "body": body,
                "integratedTime": time,
                "logID": hex::encode(id),
                "logIndex": inclusion.index,
            }))?;
            let promise = self.holder(holder, &log.key).sign(&promised)?;
            entry["inclusionPromise"] = json!({"signedEntryTimestamp": STANDARD.encode(promise)});
        }
        if let Some(checkpoint) = &recipe.checkpoint {
            let signer = if checkpoint.by_other_log {
                &other.key
            } else {
                self.holder(checkpoint.signed_by, &log.key)
            };
            entry["inclusionProof"] = proof(recipe, checkpoint, log, signer, &inclusion)?;
        }
        Ok(entry)
    }

    /// Rekor's canonical body.
    fn body(&self, recipe: &BodyRecipe, signed: &Signed<'_>) -> Result<Vec<u8>, TrustError> {
        let signature = if recipe.other_signature {
            signed.by.key.sign(&signed.signed)?
        } else {
            signed.signature.clone()
        };
        let [intermediate, _] = self.authority.chain();
        let verifier = match (recipe.other_certificate, signed.is_managed) {
            (true, _) => Verifier::Certificate(intermediate),
            (false, false) => Verifier::Certificate(&signed.by.certificate),
            (false, true) => Verifier::Key(&signed.by.key),
        };
        let digest = |right: &[u8]| {
            Sha256::of(if recipe.other_payload {
                b"another"
            } else {
                right
            })
        };
        let payload = digest(&signed.payload);
        let message = if recipe.digest_of_payload {
            payload
        } else {
            digest(&signed.signed)
        };
        let spec = match recipe.form {
            EntryForm::Dsse => recipe.dsse(signed, &payload, &signature, &verifier)?,
            EntryForm::Intoto => recipe.intoto(signed, &payload, &signature, &verifier)?,
            EntryForm::HashedRekord => json!({
                "data": {"hash": {"algorithm": recipe.hash_algorithm, "value": message}},
                "signature": {
                    "content": STANDARD.encode(signature),
                    "publicKey": {"content": verifier.to_pem()?},
                },
            }),
            EntryForm::HashedRekordV2 => json!({"hashedRekordV002": {
                "data": {
                    "algorithm": recipe.hash_algorithm,
                    "digest": STANDARD.encode(message.as_bytes()),
                },
                "signature": {
                    "content": STANDARD.encode(signature),
                    "verifier": verifier.to_json(&signed.by.key),
                },
            }}),
        };
        canonical(&json!({"kind": recipe.kind.0, "apiVersion": recipe.kind.1, "spec": spec}))
    }
}

impl BodyRecipe {
    fn dsse(
        &self,
        signed: &Signed<'_>,
        payload: &Sha256,
        signature: &[u8],
        verifier: &Verifier<'_>,
    ) -> Result<Value, TrustError> {
        let signature = json!({
            "signature": STANDARD.encode(signature),
            "verifier": verifier.to_pem()?,
        });
        Ok(json!({
            "envelopeHash": {"algorithm": "sha256", "value": envelope_hash(signed)},
            "payloadHash": {"algorithm": self.hash_algorithm, "value": payload},
            "signatures": vec![signature; self.signatures],
        }))
    }

    /// Without the payload, as Rekor keeps it; signatures are in base64 twice.
    fn intoto(
        &self,
        signed: &Signed<'_>,
        payload: &Sha256,
        signature: &[u8],
        verifier: &Verifier<'_>,
    ) -> Result<Value, TrustError> {
        let signature = json!({
            "publicKey": verifier.to_pem()?,
            "sig": STANDARD.encode(STANDARD.encode(signature)),
        });
        Ok(json!({"content": {
            "envelope": {
                "payloadType": signed.payload_type,
                "signatures": vec![signature; self.signatures],
            },
            "hash": {"algorithm": "sha256", "value": envelope_hash(signed)},
            "payloadHash": {"algorithm": self.hash_algorithm, "value": payload},
        }}))
    }
}

/// Nobody can check it: the log hashes the envelope in the spelling in which it was sent.
fn envelope_hash(signed: &Signed<'_>) -> Sha256 {
    let envelope = json!({
        "payload": STANDARD.encode(&signed.payload),
        "payloadType": signed.payload_type,
        "signatures": [{"sig": STANDARD.encode(&signed.signature)}],
    });
    Sha256::of(envelope.to_string().as_bytes())
}

/// What an entry's signature is checked with.
enum Verifier<'s> {
    Certificate(&'s [u8]),
    Key(&'s SigningKey),
}

impl Verifier<'_> {
    /// Rekor v1 writes PEM with LF and a trailing one; clients compare it exactly.
    fn to_pem(&self) -> Result<String, TrustError> {
        let (label, der) = match self {
            Self::Certificate(der) => ("CERTIFICATE", *der),
            Self::Key(key) => ("PUBLIC KEY", key.public()),
        };
        let text = der::pem::encode_string(label, der::pem::LineEnding::LF, der);
        Ok(STANDARD.encode(text.map_err(der::Error::from)?))
    }

    /// Rekor v2's; `key` is the signer's either way.
    fn to_json(&self, key: &SigningKey) -> Value {
        let details = key_details(key.kind());
        match self {
            Self::Certificate(der) => json!({
                "keyDetails": details,
                "x509Certificate": {"rawBytes": STANDARD.encode(der)},
            }),
            Self::Key(key) => json!({
                "keyDetails": details,
                "publicKey": {"rawBytes": STANDARD.encode(key.public())},
            }),
        }
    }
}

fn proof(
    recipe: &EntryRecipe,
    checkpoint: &CheckpointRecipe,
    log: &Log,
    signer: &SigningKey,
    at: &Inclusion,
) -> Result<Value, TrustError> {
    let mut path = at.path.clone();
    if recipe.other_path {
        // The first leaf of a log has no path that could be another.
        match path.first_mut() {
            Some(hash) => *hash = [7; 32],
            None => path.push([7; 32]),
        }
    }
    let mut proof = json!({
        "logIndex": at.index.to_string(),
        "rootHash": STANDARD.encode(at.root),
        "treeSize": at.size.to_string(),
        "hashes": path.iter().map(|hash| STANDARD.encode(hash)).collect::<Vec<_>>(),
    });
    if !recipe.without_checkpoint {
        proof["checkpoint"] = json!({"envelope": checkpoint.to_note(log, signer, at)?});
    }
    Ok(proof)
}

impl CheckpointRecipe {
    fn to_note(&self, log: &Log, key: &SigningKey, at: &Inclusion) -> Result<String, TrustError> {
        let origin = self.origin.clone().unwrap_or_else(|| log.origin());
        let size = self.size.clone().unwrap_or_else(|| at.size.to_string());
        let root = STANDARD.encode(self.root.unwrap_or(at.root));
        let mut text = format!("{origin}\n{size}\n{root}\n");
        self.extensions
            .iter()
            .for_each(|line| text.extend([line, "\n"]));
        let signer = self.signer.as_deref().unwrap_or(&log.name);
        Ok(Log::note(&text, signer, key)? + &self.more)
    }
}

/// RFC 8785's form: what a log signs and keeps.
fn canonical(value: &impl Serialize) -> Result<Vec<u8>, TrustError> {
    Ok(serde_json_canonicalizer::to_vec(value)?)
}

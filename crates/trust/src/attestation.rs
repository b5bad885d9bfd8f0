//! The minting of an attestation: certificate, signature and log entries, as its recipe says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};
use touchplate_attest::Sha256;

use crate::domain::{Domain, TrustError};
use crate::keys::{KeyKind, SigningKey};
use crate::log::Log;
use crate::recipe::{BodyRecipe, CheckpointRecipe, EntryRecipe, KeyHolder, Recipe};
use crate::tree::Inclusion;

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A key that was certified.
struct Certified {
    key: SigningKey,
    certificate: Vec<u8>,
}

/// A signed statement, which log entries are about.
struct Signed<'c> {
    by: &'c Certified,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl Domain {
    /// Makes the attestation of `recipe`: PEP 740's JSON.
    pub fn mint(&self, recipe: &Recipe) -> Result<Vec<u8>, TrustError> {
        self.mint_with(recipe, &self.certify(recipe)?)
    }

    /// Makes an attestation of each recipe, all with the key and certificate of the first: as a release signs its files.
    pub fn mint_together(&self, recipes: &[Recipe]) -> Result<Vec<Vec<u8>>, TrustError> {
        let Some(first) = recipes.first() else {
            return Ok(Vec::new());
        };
        let certified = self.certify(first)?;
        recipes
            .iter()
            .map(|recipe| self.mint_with(recipe, &certified))
            .collect()
    }

    fn mint_with(&self, recipe: &Recipe, certified: &Certified) -> Result<Vec<u8>, TrustError> {
        let signed = self.sign(recipe, certified)?;
        let mut entries = Vec::new();
        for entry in &recipe.entries {
            entries.push(if entry.of_another {
                self.log(entry, &self.sign(recipe, &self.certify(recipe)?)?)?
            } else {
                self.log(entry, &signed)?
            });
        }
        let mut attestation = json!({
            "version": recipe.version,
            "verification_material": {
                "certificate": STANDARD.encode(&certified.certificate),
                "transparency_entries": entries,
            },
            "envelope": {
                "statement": STANDARD.encode(&signed.payload),
                "signature": STANDARD.encode(&signed.signature),
            },
        });
        if recipe.unknown_keys {
            let unknown = json!({"a": [null, 1.5, "ü"]});
            attestation["verification_material"]["unknown"] = unknown.clone();
            attestation["envelope"]["unknown"] = unknown.clone();
            attestation["unknown"] = unknown;
        }
        Ok(attestation.to_string().into_bytes())
    }

    /// A new key each time, and the recipe's certificate for it.
    fn certify(&self, recipe: &Recipe) -> Result<Certified, TrustError> {
        let key = SigningKey::generate(if recipe.certificate.p384 {
            KeyKind::P384
        } else {
            KeyKind::P256
        })?;
        let authority = if recipe.certificate.by_foreign_authority {
            &self.strangers.authority
        } else {
            &self.authority
        };
        let certificate = authority.issue(
            &recipe.certificate,
            &key,
            &self.certificate_log,
            &self.strangers.key,
        )?;
        Ok(Certified { key, certificate })
    }

    fn sign<'c>(&self, recipe: &Recipe, by: &'c Certified) -> Result<Signed<'c>, TrustError> {
        let payload = recipe.statement.to_json()?;
        let holder = self.holder(recipe.signed_by, &by.key);
        let signature = holder.sign(&pae(&payload))?;
        Ok(Signed {
            by,
            payload,
            signature,
        })
    }

    fn holder<'k>(&'k self, holder: KeyHolder, right: &'k SigningKey) -> &'k SigningKey {
        match holder {
            KeyHolder::Right => right,
            KeyHolder::Stranger => &self.strangers.key,
        }
    }

    fn log(&self, recipe: &EntryRecipe, signed: &Signed<'_>) -> Result<Value, TrustError> {
        let log = if recipe.by_foreign_log {
            &self.strangers.log
        } else {
            &self.log
        };
        let body = self.body(&recipe.body, signed)?;
        let inclusion = log.tree.add(&body);
        let body = STANDARD.encode(body);
        let time = recipe.time.as_second();
        let mut entry = json!({
            "logIndex": inclusion.index.to_string(),
            "logId": {"keyId": STANDARD.encode(log.key.id())},
            "kindVersion": {"kind": recipe.kind.0, "version": recipe.kind.1},
            "integratedTime": time.to_string(),
            "canonicalizedBody": body,
        });
        if let Some(holder) = recipe.promise {
            let promised = canonical(&json!({
                "body": body,
                "integratedTime": time,
                "logID": hex::encode(log.key.id()),
                "logIndex": inclusion.index,
            }))?;
            let promise = self.holder(holder, &log.key).sign(&promised)?;
            entry["inclusionPromise"] = json!({"signedEntryTimestamp": STANDARD.encode(promise)});
        }
        if let Some(checkpoint) = &recipe.checkpoint {
            entry["inclusionProof"] = self.proof(recipe, checkpoint, log, &inclusion)?;
        }
        Ok(entry)
    }

    fn proof(
        &self,
        recipe: &EntryRecipe,
        checkpoint: &CheckpointRecipe,
        log: &Log,
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
            proof["checkpoint"] = json!({"envelope": self.checkpoint(checkpoint, log, at)?});
        }
        Ok(proof)
    }

    fn checkpoint(
        &self,
        recipe: &CheckpointRecipe,
        log: &Log,
        at: &Inclusion,
    ) -> Result<String, TrustError> {
        let origin = recipe.origin.clone().unwrap_or_else(|| log.origin());
        let size = recipe.size.clone().unwrap_or_else(|| at.size.to_string());
        let root = STANDARD.encode(recipe.root.unwrap_or(at.root));
        let mut text = format!("{origin}\n{size}\n{root}\n");
        recipe
            .extensions
            .iter()
            .for_each(|line| text.extend([line, "\n"]));
        let signer = recipe.signer.as_deref().unwrap_or(&log.name);
        let note = Log::note(&text, signer, self.holder(recipe.signed_by, &log.key))?;
        Ok(note + &recipe.more)
    }

    /// Rekor's canonical body of a `dsse` entry.
    fn body(&self, recipe: &BodyRecipe, signed: &Signed<'_>) -> Result<Vec<u8>, TrustError> {
        let envelope = json!({
            "payload": STANDARD.encode(&signed.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": STANDARD.encode(&signed.signature)}],
        });
        let payload: &[u8] = if recipe.other_payload {
            b"another"
        } else {
            &signed.payload
        };
        let signature = if recipe.other_signature {
            signed.by.key.sign(&pae(&signed.payload))?
        } else {
            signed.signature.clone()
        };
        let [intermediate, _] = self.authority.chain();
        let certificate = if recipe.other_certificate {
            intermediate
        } else {
            &signed.by.certificate
        };
        // Rekor writes the certificate as PEM with LF and a trailing one; clients compare it exactly.
        let verifier = STANDARD.encode(pem(certificate)?);
        let signature = json!({"signature": STANDARD.encode(signature), "verifier": verifier});
        canonical(&json!({
            "kind": recipe.kind.0,
            "apiVersion": recipe.kind.1,
            "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": Sha256::of(envelope.to_string().as_bytes())},
                "payloadHash": {"algorithm": recipe.hash_algorithm, "value": Sha256::of(payload)},
                "signatures": vec![signature; recipe.signatures],
            },
        }))
    }
}

/// RFC 8785's form: what a log signs and keeps.
fn canonical(value: &impl Serialize) -> Result<Vec<u8>, TrustError> {
    Ok(serde_json_canonicalizer::to_vec(value)?)
}

/// DSSE's pre-authentication encoding: what is signed.
fn pae(payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} ",
        PAYLOAD_TYPE.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

fn pem(der: &[u8]) -> Result<String, TrustError> {
    let ending = der::pem::LineEnding::LF;
    let text = der::pem::encode_string("CERTIFICATE", ending, der);
    Ok(text.map_err(der::Error::from)?)
}

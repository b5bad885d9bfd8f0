//! A throwaway trust domain: its parts together, and the minting of attestations.

use std::collections::BTreeMap;

use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use touchplate_attest::Sha256;

use crate::authority::Authority;
use crate::fault::Fault;
use crate::keys::{Curve, SigningKey};
use crate::log::{Inclusion, Log};
use crate::recipe::{
    BodyRecipe, CheckpointRecipe, EntryRecipe, KeyHolder, Predicate, Recipe, later,
};
use crate::workload::Workload;

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Keys and authorities are believed from a year before the domain was made: tests sign in the past.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// A certificate authority, a certificate log's key and a transparency log, all in memory and made in some
/// milliseconds. May be shared between threads.
pub struct Domain {
    name: String,
    since: Timestamp,
    authority: Authority,
    log: Log,
    /// A log and a key that are in no trust root.
    foreign_log: Log,
    stranger: SigningKey,
}

/// Why something could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Names become part of addresses, certificates and signed notes.
    #[error(
        "expected a host name of lower-case letters, digits, dots and hyphens, found {found:?}"
    )]
    Name {
        /// The name given.
        found: String,
    },
    /// The cryptography failed: the system has no randomness.
    #[error("a key could not be made or used")]
    Crypto(#[from] Unspecified),
    /// A value has no place in a certificate.
    #[error("a certificate could not be encoded")]
    Encoding(#[from] der::Error),
    /// An object identifier is none.
    #[error("an object identifier is malformed")]
    Oid,
    /// A part is longer than its length field can say.
    #[error("a part of the certificate is too long")]
    TooLong,
    /// A value has no JSON.
    #[error("JSON could not be written")]
    Json(#[from] serde_json::Error),
}

impl Domain {
    /// A new domain; `name` is the host that its services would have, such as `trust.example`.
    pub fn new(name: &str, now: Timestamp) -> Result<Self, TrustError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        if name.is_empty() || name.len() > 63 || !name.chars().all(fits) {
            return Err(TrustError::Name {
                found: name.to_owned(),
            });
        }
        Ok(Self {
            authority: Authority::new(name, now)?,
            log: Log::new(SigningKey::generate(Curve::P256)?, format!("rekor.{name}")),
            foreign_log: Log::new(
                SigningKey::generate(Curve::P256)?,
                format!("rekor.stranger.{name}"),
            ),
            stranger: SigningKey::generate(Curve::P256)?,
            name: name.to_owned(),
            since: later(now, -YEAR),
        })
    }

    /// The domain's `trusted_root.json`, as Sigstore's clients read it.
    pub fn trusted_root_json(&self) -> Vec<u8> {
        let window = json!({"start": self.since.to_string()});
        let key = |key: &SigningKey| {
            json!({
                "rawBytes": STANDARD.encode(key.public()),
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                "validFor": window,
            })
        };
        let log = |url: String, log: &SigningKey| {
            json!({
                "baseUrl": url,
                "hashAlgorithm": "SHA2_256",
                "publicKey": key(log),
                "logId": {"keyId": STANDARD.encode(log.id())},
            })
        };
        let chain = self.authority.chain();
        let certificates: Vec<Value> = chain
            .iter()
            .map(|der| json!({"rawBytes": STANDARD.encode(der)}))
            .collect();
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(format!("https://{}", self.log.name), &self.log.key)],
            "certificateAuthorities": [{
                "subject": {"organization": self.name, "commonName": "root"},
                "uri": format!("https://fulcio.{}", self.name),
                "certChain": {"certificates": certificates},
                "validFor": window,
            }],
            "ctlogs": [log(format!("https://ctlog.{}", self.name), self.authority.certificate_log())],
            "timestampAuthorities": [],
        });
        root.to_string().into_bytes()
    }

    /// Signs a statement about one file as `who`, logs it at `now`, and returns the attestation's JSON.
    pub fn attest(
        &self,
        who: &Workload,
        filename: &str,
        sha256: &Sha256,
        predicate: Predicate,
        now: Timestamp,
    ) -> Result<Vec<u8>, TrustError> {
        self.mint(&self.recipe(who, filename, sha256, predicate, now))
    }

    /// The same, wrong in one way.
    pub fn attest_wrongly(
        &self,
        who: &Workload,
        filename: &str,
        sha256: &Sha256,
        predicate: Predicate,
        now: Timestamp,
        fault: &Fault,
    ) -> Result<Vec<u8>, TrustError> {
        let mut recipe = self.recipe(who, filename, sha256, predicate, now);
        fault.apply(&mut recipe);
        self.mint(&recipe)
    }

    /// The recipe of [`attest`](Self::attest), to be changed and given to [`mint`](Self::mint).
    pub fn recipe(
        &self,
        who: &Workload,
        filename: &str,
        sha256: &Sha256,
        predicate: Predicate,
        now: Timestamp,
    ) -> Recipe {
        Recipe::new(who, filename, sha256, predicate, now)
    }

    /// Makes the attestation of `recipe`: certificate, signature and log entries.
    pub fn mint(&self, recipe: &Recipe) -> Result<Vec<u8>, TrustError> {
        let key = SigningKey::generate(if recipe.certificate.p384 {
            Curve::P384
        } else {
            Curve::P256
        })?;
        let certificate = self
            .authority
            .issue(&recipe.certificate, &key, &self.stranger)?;
        let payload = serde_json::to_vec(&recipe.statement.to_json())?;
        let signer = match recipe.signed_by {
            KeyHolder::Right => &key,
            KeyHolder::Stranger => &self.stranger,
        };
        let signature = signer.sign(&pae(&payload))?;
        let signed = Signed {
            key: &key,
            certificate: &certificate,
            payload: &payload,
            signature: &signature,
        };
        let entries = recipe.entries.iter().map(|entry| self.log(entry, &signed));
        let attestation = json!({
            "version": 1,
            "verification_material": {
                "certificate": STANDARD.encode(&certificate),
                "transparency_entries": entries.collect::<Result<Vec<_>, _>>()?,
            },
            "envelope": {"statement": STANDARD.encode(&payload), "signature": STANDARD.encode(&signature)},
        });
        Ok(attestation.to_string().into_bytes())
    }

    fn log(&self, recipe: &EntryRecipe, signed: &Signed<'_>) -> Result<Value, TrustError> {
        let log = if recipe.by_foreign_log {
            &self.foreign_log
        } else {
            &self.log
        };
        let body = self.body(&recipe.body, signed)?;
        let inclusion = log.add(&body);
        let (index, seconds) = (inclusion.index, recipe.time.as_second());
        let mut entry = json!({
            "logIndex": index.to_string(),
            "logId": {"keyId": STANDARD.encode(log.key.id())},
            "kindVersion": {"kind": recipe.kind.0, "version": recipe.kind.1},
            "integratedTime": seconds.to_string(),
            "canonicalizedBody": STANDARD.encode(&body),
        });
        if let Some(holder) = recipe.promise {
            // RFC 8785's form of these four: sorted keys, no white space.
            let promised = format!(
                r#"{{"body":"{}","integratedTime":{seconds},"logID":"{}","logIndex":{index}}}"#,
                STANDARD.encode(&body),
                hex::encode(log.key.id()),
            );
            let promise = self.holder(holder, &log.key).sign(promised.as_bytes())?;
            entry["inclusionPromise"] = json!({"signedEntryTimestamp": STANDARD.encode(promise)});
        }
        if let Some(checkpoint) = &recipe.checkpoint {
            entry["inclusionProof"] = json!({
                "logIndex": index.to_string(),
                "rootHash": STANDARD.encode(inclusion.root),
                "treeSize": inclusion.size.to_string(),
                "hashes": inclusion.path.iter().map(|hash| STANDARD.encode(hash)).collect::<Vec<_>>(),
                "checkpoint": {"envelope": self.checkpoint(checkpoint, log, &inclusion)?},
            });
        }
        Ok(entry)
    }

    fn holder<'k>(&'k self, holder: KeyHolder, right: &'k SigningKey) -> &'k SigningKey {
        match holder {
            KeyHolder::Right => right,
            KeyHolder::Stranger => &self.stranger,
        }
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

    /// Rekor's canonical body of a `dsse` entry (RFC 8785).
    fn body(&self, recipe: &BodyRecipe, signed: &Signed<'_>) -> Result<Vec<u8>, TrustError> {
        let envelope = json!({
            "payload": STANDARD.encode(signed.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": STANDARD.encode(signed.signature)}],
        });
        let payload: &[u8] = if recipe.other_payload {
            b"another"
        } else {
            signed.payload
        };
        let signature = if recipe.other_signature {
            signed.key.sign(&pae(signed.payload))?
        } else {
            signed.signature.to_vec()
        };
        let [intermediate, _] = self.authority.chain();
        let certificate = if recipe.other_certificate {
            intermediate
        } else {
            signed.certificate
        };
        // Rekor writes the certificate as PEM with LF and a trailing one; clients compare it exactly.
        let verifier = STANDARD.encode(pem(certificate));
        let signature = json!({"signature": STANDARD.encode(signature), "verifier": verifier});
        let body = json!({
            "kind": recipe.kind.0,
            "apiVersion": recipe.kind.1,
            "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": Sha256::of(envelope.to_string().as_bytes())},
                "payloadHash": {"algorithm": recipe.hash_algorithm, "value": Sha256::of(payload)},
                "signatures": vec![signature; recipe.signatures],
            },
        });
        Ok(sorted(&body).into_bytes())
    }
}

/// What a log entry is about.
struct Signed<'a> {
    key: &'a SigningKey,
    certificate: &'a Vec<u8>,
    payload: &'a [u8],
    signature: &'a [u8],
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

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let lines: Vec<_> = lines.collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

/// RFC 8785's form of a value of ASCII strings alone, whatever order the JSON library keeps.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<&String, String> = fields
                .iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            let fields = fields
                .iter()
                .map(|(key, value)| format!("\"{key}\":{value}"));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(sorted).collect::<Vec<_>>().join(",")
        ),
        other => other.to_string(),
    }
}

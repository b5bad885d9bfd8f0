//! Signing without keys that are kept: an ID token becomes a certificate of some minutes, its key signs each file, logs
//! record the signatures, and what comes of it is verified before anybody sees it.
//!
//! A [`Signer`] is one run: one key and one certificate for all files of a release. Several threads may share it. Which
//! services it asks, a [`SigningConfig`] says; whom it believes, the trust root that readers will verify by.

mod authority;
mod config;
mod content;
mod error;
mod key;
mod log;
mod service;
mod stamps;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use touchplate_attest::statement::PAYLOAD_TYPE;
use touchplate_attest::{
    Artifact, Attestation, Bundle, CertificateFacts, FileFacts, PredicateType, Proven,
    ProvenBundle, Sha256, TrustRoot, verify_any_predicate, verify_bundle,
};

use crate::fetch::Agent;
use crate::identity::IdentityToken;
use authority::Certificate;
pub use config::{
    MAX_SIGNING_CONFIG_BYTES, RekorVersion, Services, SigningConfig, SigningConfigError,
};
use content::Content;
pub use error::SignError;
use key::EphemeralKey;
pub use key::KeyError;
use log::Recorded;
pub use service::Kind as ServiceKind;

/// Signatures on their way at once: a log batches them, and four releases at once must not be turned away.
pub const MAX_AT_ONCE: usize = 8;

/// Seconds by which a service's clock may be ahead of ours: what was signed a moment ago must not count as signed in
/// future. Those of servers are synchronised; this is for laptops.
const LEEWAY: i64 = 30;

/// Signs the files of one release.
pub struct Signer<'s> {
    agent: &'s Agent,
    services: Services,
    root: TrustRoot,
    clock: &'s (dyn Fn() -> Timestamp + Sync),
    key: EphemeralKey,
    certificate: Certificate,
}

impl std::fmt::Debug for Signer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("services", &self.services)
            .finish_non_exhaustive()
    }
}

/// A claim to sign about a file.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its type.
    pub predicate_type: PredicateType,
    /// Its body; null for none.
    pub predicate: Value,
}

impl Claim {
    /// That the file is published by the signer: PEP 740's `publish/v1`, which has no body.
    pub fn publish() -> Self {
        Self {
            predicate_type: PredicateType::Publish,
            predicate: Value::Null,
        }
    }

    /// That the file is published by the signer to the index with this base URL, and to no other.
    pub fn publish_to(index: &str) -> Self {
        Self {
            predicate_type: PredicateType::IndexPublish,
            predicate: json!({"index": index}),
        }
    }
}

/// An attestation that was made, and what verifying it proved.
#[derive(Debug)]
pub struct Signed {
    /// PEP 740's JSON.
    pub json: String,
    /// What it proves.
    pub proven: Proven,
}

/// A bundle that was made, and what verifying it proved.
#[derive(Debug)]
pub struct SignedBundle {
    /// Sigstore's JSON, version 0.3.
    pub json: String,
    /// What it proves.
    pub proven: ProvenBundle,
}

impl<'s> Signer<'s> {
    /// Makes a key and has it certified for the holder of `token`. What is signed with it is held against `root`.
    ///
    /// # Errors
    /// When the certificate authority refuses, or gives a certificate that is not for this key, issuer and time.
    pub fn new(
        agent: &'s Agent,
        services: Services,
        root: TrustRoot,
        token: &IdentityToken,
        clock: &'s (dyn Fn() -> Timestamp + Sync),
    ) -> Result<Self, SignError> {
        let key = EphemeralKey::generate()?;
        let certificate = authority::certify(agent, &services.authority, &key, token, clock())?;
        Ok(Self {
            agent,
            services,
            root,
            clock,
            key,
            certificate,
        })
    }

    /// Whom the certificate names.
    pub fn certificate(&self) -> &CertificateFacts {
        &self.certificate.facts
    }

    /// Signs a claim about a file: an attestation of PEP 740, verified as its readers will.
    ///
    /// # Errors
    /// See [`SignError`].
    pub fn attest(&self, file: &FileFacts, claim: &Claim) -> Result<Signed, SignError> {
        let payload = content::statement(file, &claim.predicate_type, &claim.predicate);
        let content = Content::Statement(payload.clone());
        let material = self.sign(&content)?;
        let mut verification_material = json!({
            "certificate": STANDARD.encode(&self.certificate.der),
            "transparency_entries": material.entries,
        });
        if !material.timestamps.is_empty() {
            verification_material["timestamps"] = material.timestamps.into();
        }
        let json = json!({
            "version": 1,
            "verification_material": verification_material,
            "envelope": {
                "statement": STANDARD.encode(&payload),
                "signature": STANDARD.encode(&material.signature),
            },
        })
        .to_string();
        let attestation = Attestation::parse(json.as_bytes())?;
        let proven = verify_any_predicate(file, &attestation, &self.root, self.soon())?;
        Ok(Signed { json, proven })
    }

    /// Signs an artifact as it is: a Sigstore bundle.
    ///
    /// # Errors
    /// See [`SignError`].
    pub fn sign_artifact(&self, bytes: Vec<u8>) -> Result<SignedBundle, SignError> {
        let digest = Sha256::of(&bytes);
        let artifact = Artifact::of(&bytes);
        let material = self.sign(&Content::Artifact(bytes))?;
        let signature = json!({
            "messageDigest": {"algorithm": "SHA2_256", "digest": STANDARD.encode(digest.as_bytes())},
            "signature": STANDARD.encode(&material.signature),
        });
        self.bundle(&artifact, "messageSignature", &signature, &material)
    }

    /// Signs an in-toto statement, which has its own subjects: a Sigstore bundle with a DSSE envelope. It is verified for
    /// the first subject.
    ///
    /// # Errors
    /// See [`SignError`].
    pub fn sign_statement(&self, payload: &[u8]) -> Result<SignedBundle, SignError> {
        let subject = first_subject(payload).ok_or(SignError::NotAStatement)?;
        let content = Content::Statement(payload.to_owned());
        let material = self.sign(&content)?;
        let envelope = json!({
            "payload": STANDARD.encode(payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": STANDARD.encode(&material.signature)}],
        });
        self.bundle(&subject, "dsseEnvelope", &envelope, &material)
    }

    fn bundle(
        &self,
        artifact: &Artifact,
        key: &str,
        content: &Value,
        material: &Material,
    ) -> Result<SignedBundle, SignError> {
        let stamps = material.timestamps.iter();
        let stamps: Vec<Value> = stamps
            .map(|stamp| json!({"signedTimestamp": stamp}))
            .collect();
        let mut verification_material = json!({
            "certificate": {"rawBytes": STANDARD.encode(&self.certificate.der)},
            "tlogEntries": material.entries,
        });
        if !stamps.is_empty() {
            verification_material["timestampVerificationData"] =
                json!({"rfc3161Timestamps": stamps});
        }
        let json = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": verification_material,
            key: content,
        })
        .to_string();
        let bundle = Bundle::parse(json.as_bytes())?;
        let proven = verify_bundle(artifact, &bundle, None, &self.root, self.soon())?;
        Ok(SignedBundle { json, proven })
    }

    /// Signs, has it stamped, has it logged.
    fn sign(&self, content: &Content) -> Result<Material, SignError> {
        /// A log that knows a signature already lost an answer; it does not do so again and again.
        const ATTEMPTS: usize = 3;
        for _ in 0..ATTEMPTS {
            self.certificate.is_still_valid((self.clock)())?;
            let signature = self.key.sign(&content.message())?;
            if let Some(entries) = self.record(content, &signature)? {
                let stamps = self.services.stamps.iter();
                let stamps = stamps.map(|url| stamps::stamp(self.agent, url, &signature));
                return Ok(Material {
                    timestamps: stamps.collect::<Result<_, _>>()?,
                    signature,
                    entries,
                });
            }
        }
        Err(SignError::Answer {
            service: ServiceKind::Log,
            url: self.services.logs[0].clone(),
            expected: "an entry: it says of each signature that it knows it already",
        })
    }

    /// The entries of all logs, none where a log has the signature already and does not say where.
    fn record(&self, content: &Content, signature: &[u8]) -> Result<Option<Vec<Value>>, SignError> {
        let mut entries = Vec::new();
        for url in &self.services.logs {
            let record = match self.services.version {
                RekorVersion::V1 => log::record_v1,
                RekorVersion::V2 => log::record_v2,
            };
            match record(self.agent, url, content, signature, &self.certificate)? {
                Recorded::Entry(entry) => entries.push(entry),
                Recorded::Known => return Ok(None),
            }
        }
        Ok(Some(entries))
    }

    /// Now, for verifying what services with other clocks said just now.
    fn soon(&self) -> Timestamp {
        let now = (self.clock)();
        now.checked_add(SignedDuration::from_secs(LEEWAY))
            .unwrap_or(now)
    }
}

/// What is there beside the content.
struct Material {
    signature: Vec<u8>,
    entries: Vec<Value>,
    timestamps: Vec<String>,
}

/// The digests of a statement's first subject, for verifying what was signed.
fn first_subject(payload: &[u8]) -> Option<Artifact> {
    let statement: Value = serde_json::from_slice(payload).ok()?;
    let digests = statement.get("subject")?.get(0)?.get("digest")?;
    let digest = |name: &str| hex::decode(digests.get(name)?.as_str()?).ok();
    Some(Artifact {
        sha256: digest("sha256").and_then(|it| it.try_into().ok()),
        sha384: digest("sha384").and_then(|it| it.try_into().ok()),
        sha512: digest("sha512").and_then(|it| it.try_into().ok()),
    })
}

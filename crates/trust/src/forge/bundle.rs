//! Sigstore bundles, in each version of their JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use touchplate_attest::Sha256;

use crate::forge::attestation::{Certified, Signed};
use crate::forge::domain::{Domain, TrustError};
use crate::forge::recipe::{BundleSigner, Recipe};
use crate::keys::SigningKey;

/// A bundle, and what only its maker knows.
#[derive(Clone, Debug)]
pub struct MintedBundle {
    /// The bundle.
    pub json: Vec<u8>,
    /// The signing key's public half, SubjectPublicKeyInfo in DER: for bundles that name a managed key.
    pub public_key: Vec<u8>,
}

impl Domain {
    /// Makes the Sigstore bundle of `recipe`.
    pub fn mint_bundle(&self, recipe: &Recipe) -> Result<MintedBundle, TrustError> {
        let certified = match recipe.bundle.signer {
            BundleSigner::Certificate | BundleSigner::Chain => self.certify(recipe)?,
            BundleSigner::ManagedKey(kind) => Certified {
                key: SigningKey::generate(kind)?,
                certificate: Vec::new(),
            },
        };
        let mut signed = match &recipe.message {
            None => self.sign(recipe, &certified)?,
            Some(message) => self.sign_message(recipe, message, &certified)?,
        };
        signed.is_managed = matches!(recipe.bundle.signer, BundleSigner::ManagedKey(_));
        let mut material = self.signer(recipe, &certified);
        material["tlogEntries"] = self.entries(recipe, &signed)?.into();
        if !recipe.stamps.is_empty() {
            let stamps = self.tokens(recipe, &signed)?.into_iter();
            let stamps = stamps.map(|it| json!({"signedTimestamp": it}));
            material["timestampVerificationData"] =
                json!({"rfc3161Timestamps": stamps.collect::<Vec<_>>()});
        }
        let mut bundle = json!({
            "mediaType": recipe.bundle.media_type,
            "verificationMaterial": material,
        });
        match &recipe.message {
            None => bundle["dsseEnvelope"] = envelope(recipe, &signed),
            Some(message) => {
                let digest = Sha256::of(if recipe.bundle.other_digest {
                    b"another"
                } else {
                    message
                });
                bundle["messageSignature"] = json!({
                    "messageDigest": {
                        "algorithm": "SHA2_256",
                        "digest": STANDARD.encode(digest.as_bytes()),
                    },
                    "signature": STANDARD.encode(&signed.signature),
                });
            }
        }
        Ok(MintedBundle {
            json: bundle.to_string().into_bytes(),
            public_key: certified.key.public().to_vec(),
        })
    }

    fn sign_message<'c>(
        &self,
        recipe: &Recipe,
        message: &[u8],
        by: &'c Certified,
    ) -> Result<Signed<'c>, TrustError> {
        Ok(Signed {
            by,
            is_managed: false,
            payload: message.to_vec(),
            payload_type: String::new(),
            signed: message.to_vec(),
            signature: self.holder(recipe.signed_by, &by.key).sign(message)?,
        })
    }

    fn signer(&self, recipe: &Recipe, certified: &Certified) -> Value {
        let raw = |der: &[u8]| json!({"rawBytes": STANDARD.encode(der)});
        match recipe.bundle.signer {
            BundleSigner::Certificate => json!({"certificate": raw(&certified.certificate)}),
            BundleSigner::Chain => {
                let [intermediate, _] = self.authority.chain();
                let chain = [raw(&certified.certificate), raw(intermediate)];
                json!({"x509CertificateChain": {"certificates": chain}})
            }
            // The hint is for people: which of their keys it was.
            BundleSigner::ManagedKey(_) => {
                let hint = STANDARD.encode(certified.key.id());
                json!({"publicKey": {"hint": hint}})
            }
        }
    }
}

fn envelope(recipe: &Recipe, signed: &Signed<'_>) -> Value {
    let signature = json!({"sig": STANDARD.encode(&signed.signature), "keyid": ""});
    json!({
        "payload": STANDARD.encode(&signed.payload),
        "payloadType": signed.payload_type,
        "signatures": vec![signature; recipe.bundle.signatures],
    })
}

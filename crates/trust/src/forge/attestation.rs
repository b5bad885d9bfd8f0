//! The minting of an attestation: certificate and signature as its recipe says, in PEP 740's form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::forge::domain::{Domain, TrustError};
use crate::forge::recipe::{KeyHolder, Recipe, StampRecipe, Stamped};
use crate::keys::{KeyKind, SigningKey};

/// A key that was certified.
pub(crate) struct Certified {
    pub(crate) key: SigningKey,
    pub(crate) certificate: Vec<u8>,
}

/// What log entries and timestamps are about.
pub(crate) struct Signed<'c> {
    pub(crate) by: &'c Certified,
    /// Entries have the bare key instead of its certificate.
    pub(crate) is_managed: bool,
    /// The statement, or the message.
    pub(crate) payload: Vec<u8>,
    /// Of a statement.
    pub(crate) payload_type: String,
    /// The bytes that are signed: the message itself, or a statement's pre-authentication encoding.
    pub(crate) signed: Vec<u8>,
    pub(crate) signature: Vec<u8>,
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
        let mut material = json!({
            "certificate": STANDARD.encode(&certified.certificate),
            "transparency_entries": self.entries(recipe, &signed)?,
        });
        if !recipe.stamps.is_empty() {
            material["timestamps"] = self.tokens(recipe, &signed)?.into();
        }
        let mut attestation = json!({
            "version": recipe.version,
            "verification_material": material,
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

    /// A log entry for each of the recipe's.
    pub(crate) fn entries(
        &self,
        recipe: &Recipe,
        signed: &Signed<'_>,
    ) -> Result<Vec<Value>, TrustError> {
        let mut entries = Vec::new();
        for entry in &recipe.entries {
            entries.push(if entry.of_another {
                self.log(entry, &self.sign(recipe, &self.certify(recipe)?)?)?
            } else {
                self.log(entry, signed)?
            });
        }
        Ok(entries)
    }

    /// A timestamp token for each of the recipe's, base64.
    pub(crate) fn tokens(
        &self,
        recipe: &Recipe,
        signed: &Signed<'_>,
    ) -> Result<Vec<String>, TrustError> {
        let stamps = recipe.stamps.iter();
        stamps
            .map(|stamp| Ok(STANDARD.encode(self.token(stamp, signed)?)))
            .collect()
    }

    fn token(&self, recipe: &StampRecipe, signed: &Signed<'_>) -> Result<Vec<u8>, TrustError> {
        let authority = if recipe.by_foreign_authority {
            &self.strangers.stamps
        } else {
            &self.stamps
        };
        let mut token = authority.recipe(recipe.time)?;
        token.status = recipe.status;
        token.signed_by = recipe.signed_by;
        if !recipe.embeds_certificate {
            token.embedded.clear();
        }
        let message: &[u8] = match &recipe.of {
            Stamped::Signature => &signed.signature,
            Stamped::Payload => &signed.payload,
            Stamped::Other(bytes) => bytes,
        };
        authority.stamp(&token, message)
    }

    /// A new key each time, and the recipe's certificate for it.
    pub(crate) fn certify(&self, recipe: &Recipe) -> Result<Certified, TrustError> {
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

    /// Signs the recipe's statement (DSSE).
    pub(crate) fn sign<'c>(
        &self,
        recipe: &Recipe,
        by: &'c Certified,
    ) -> Result<Signed<'c>, TrustError> {
        let payload = recipe.statement.to_json()?;
        let signed = pae(&recipe.payload_type, &payload);
        let signature = self.holder(recipe.signed_by, &by.key).sign(&signed)?;
        Ok(Signed {
            by,
            is_managed: false,
            payload,
            payload_type: recipe.payload_type.clone(),
            signed,
            signature,
        })
    }

    pub(crate) fn holder<'k>(&'k self, holder: KeyHolder, right: &'k SigningKey) -> &'k SigningKey {
        match holder {
            KeyHolder::Right => right,
            KeyHolder::Stranger if right.kind() == KeyKind::Ed25519 => &self.strangers.log_v2.key,
            KeyHolder::Stranger => &self.strangers.key,
        }
    }
}

/// DSSE's pre-authentication encoding: what is signed.
fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

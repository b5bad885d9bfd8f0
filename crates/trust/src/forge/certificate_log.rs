//! The certificate log: its timestamps, and the tree that keeps what they promise (RFC 6962).

use crate::forge::domain::TrustError;
use crate::forge::recipe::{KeyHolder, TimestampRecipe};
use crate::forge::tree::Tree;
use crate::keys::SigningKey;

pub(crate) struct CertificateLog {
    pub(crate) key: SigningKey,
    pub(crate) tree: Tree,
}

impl CertificateLog {
    pub(crate) fn new(key: SigningKey) -> Self {
        Self {
            key,
            tree: Tree::default(),
        }
    }

    /// The list of signed certificate timestamps (§3.3) for a precertificate whose body, without that list, is `body`.
    /// What this log signs is in its tree before it is signed.
    pub(crate) fn timestamps(
        &self,
        recipes: &[TimestampRecipe],
        body: &[u8],
        issuer: &SigningKey,
        stranger: &SigningKey,
    ) -> Result<Vec<u8>, TrustError> {
        let mut list = Vec::new();
        for recipe in recipes {
            let body = if recipe.of_another { b"another" } else { body };
            let entry = timestamped_entry(millis(recipe)?, body, issuer)?;
            let signer = match recipe.signed_by {
                KeyHolder::Right => {
                    self.tree.add(&entry);
                    &self.key
                }
                KeyHolder::Stranger => stranger,
            };
            let log_id = if recipe.claims_right_log {
                self.key.id()
            } else {
                signer.id()
            };
            let mut timestamp = vec![0]; // version 1
            timestamp.extend(log_id);
            timestamp.extend(millis(recipe)?.to_be_bytes());
            timestamp.extend([0, 0, 4, 3]); // no extensions; SHA-256, ECDSA
            timestamp.extend(prefixed(&signer.sign(&entry)?)?);
            list.extend(prefixed(&timestamp)?);
        }
        prefixed(&list)
    }
}

/// §3.2's signed input, and byte for byte §3.4's leaf: the only difference between the two is a type code that is 0 in
/// both.
fn timestamped_entry(millis: u64, body: &[u8], issuer: &SigningKey) -> Result<Vec<u8>, TrustError> {
    let [0, length @ ..] = u32::try_from(body.len())
        .map_err(|_| TrustError::TooLong)?
        .to_be_bytes()
    else {
        return Err(TrustError::TooLong);
    };
    let mut entry = vec![0, 0]; // version 1; certificate timestamp, or timestamped entry
    entry.extend(millis.to_be_bytes());
    entry.extend([0, 1]); // precertificate
    entry.extend(issuer.id());
    entry.extend(length);
    entry.extend(body);
    entry.extend([0, 0]); // no extensions
    Ok(entry)
}

fn millis(recipe: &TimestampRecipe) -> Result<u64, TrustError> {
    u64::try_from(recipe.time.as_millisecond()).map_err(|_| TrustError::Time { found: recipe.time })
}

/// `bytes` with their length in two bytes in front, as TLS writes vectors.
fn prefixed(bytes: &[u8]) -> Result<Vec<u8>, TrustError> {
    let length = u16::try_from(bytes.len()).map_err(|_| TrustError::TooLong)?;
    Ok([&length.to_be_bytes(), bytes].concat())
}

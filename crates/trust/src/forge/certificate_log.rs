//! The certificate log: its timestamps, and the tree that keeps what they promise (RFC 6962).

use crate::forge::domain::TrustError;
use crate::forge::recipe::{KeyHolder, TimestampRecipe};
use crate::forge::tree::Tree;
use crate::fulcio::{prefixed, timestamp, timestamped_entry};
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
            let entry = timestamped_entry(millis(recipe)?, body, &issuer.id())?;
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
            let timestamp = timestamp(&log_id, millis(recipe)?, &signer.sign(&entry)?)?;
            list.extend(prefixed(&timestamp)?);
        }
        prefixed(&list)
    }
}

fn millis(recipe: &TimestampRecipe) -> Result<u64, TrustError> {
    u64::try_from(recipe.time.as_millisecond()).map_err(|_| TrustError::Time { found: recipe.time })
}

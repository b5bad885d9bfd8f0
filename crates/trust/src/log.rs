//! A transparency log in memory, of the shape of Rekor's version 1.

use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::keys::SigningKey;
use crate::tree::Tree;

/// A log with its key. Each checkpoint is of the tree as it is then.
pub(crate) struct Log {
    pub(crate) key: SigningKey,
    /// Its address without the scheme, which is what it calls itself.
    pub(crate) name: String,
    pub(crate) tree: Tree,
}

impl Log {
    pub(crate) fn new(key: SigningKey, name: String) -> Self {
        Self {
            key,
            name,
            tree: Tree::default(),
        }
    }

    /// A checkpoint's first line: the log's name and the number of its one shard.
    pub(crate) fn origin(&self) -> String {
        format!("{} - 1", self.name)
    }

    /// `text` as a signed note (C2SP signed-note), signed by `key` under `name`.
    pub(crate) fn note(text: &str, name: &str, key: &SigningKey) -> Result<String, Unspecified> {
        let mut signature = key.id()[..4].to_vec();
        signature.extend(key.sign(text.as_bytes())?);
        Ok(format!(
            "{text}\n\u{2014} {name} {}\n",
            STANDARD.encode(signature)
        ))
    }
}

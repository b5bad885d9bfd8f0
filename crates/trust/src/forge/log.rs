//! Transparency logs in memory, of the shapes of Rekor's versions 1 and 2.

use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use touchplate_attest::Sha256;

use crate::forge::tree::Tree;
use crate::keys::{KeyKind, SigningKey};

/// An Ed25519 key in SubjectPublicKeyInfo ends with these many bytes of the key itself (RFC 8410 §4).
const ED25519_BYTES: usize = 32;

/// A log with its key. Each checkpoint is of the tree as it is then.
pub(crate) struct Log {
    pub(crate) key: SigningKey,
    /// Its address without the scheme, which is what it calls itself.
    pub(crate) name: String,
    pub(crate) tree: Tree,
}

impl Log {
    /// Rekor v1: an ECDSA key.
    pub(crate) fn v1(name: String) -> Result<Self, Unspecified> {
        Self::new(KeyKind::P256, name)
    }

    /// Rekor v2: an Ed25519 key, as witnesses ask for.
    pub(crate) fn v2(name: String) -> Result<Self, Unspecified> {
        Self::new(KeyKind::Ed25519, name)
    }

    fn new(kind: KeyKind, name: String) -> Result<Self, Unspecified> {
        Ok(Self {
            key: SigningKey::generate(kind)?,
            name,
            tree: Tree::default(),
        })
    }

    /// What roots and entries know the log by.
    pub(crate) fn id(&self) -> [u8; 32] {
        key_id(&self.name, &self.key)
    }

    /// A checkpoint's first line: the log's name, and with v1 the number of its one shard.
    pub(crate) fn origin(&self) -> String {
        match self.key.kind() {
            KeyKind::Ed25519 => self.name.clone(),
            _ => format!("{} - 1", self.name),
        }
    }

    /// `text` as a signed note (C2SP signed-note), signed by `key` under `name`.
    pub(crate) fn note(text: &str, name: &str, key: &SigningKey) -> Result<String, Unspecified> {
        let mut signature = key_id(name, key)[..4].to_vec();
        signature.extend(key.sign(text.as_bytes())?);
        Ok(format!(
            "{text}\n\u{2014} {name} {}\n",
            STANDARD.encode(signature)
        ))
    }
}

/// C2SP signed-note for Ed25519, type 1; for ECDSA Rekor's own: the hash of the key, whatever the name.
fn key_id(name: &str, key: &SigningKey) -> [u8; 32] {
    if key.kind() != KeyKind::Ed25519 {
        return key.id();
    }
    let start = key.public().len().saturating_sub(ED25519_BYTES);
    *Sha256::of(&[name.as_bytes(), b"\n\x01", &key.public()[start..]].concat()).as_bytes()
}

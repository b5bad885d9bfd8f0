//! Public keys that a caller knows and manages without certificates.

use crate::crypto::{KeyError, KeyKind};
use crate::verify::pem;

/// The longest key that is read. An RSA key of 8,192 bits has 1,062 bytes, in PEM 1,500.
const MAX_KEY_BYTES: usize = 16 * 1024;

/// A public key that a bundle must be signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedKey {
    spki: Vec<u8>,
    kind: KeyKind,
}

impl ManagedKey {
    /// Reads a SubjectPublicKeyInfo, in PEM (RFC 7468 §13) or DER.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() > MAX_KEY_BYTES {
            return Err(KeyError::UnknownKind);
        }
        let spki = pem("PUBLIC KEY", bytes).unwrap_or_else(|| bytes.to_vec());
        let kind = KeyKind::of_spki(&spki)?;
        Ok(Self { spki, kind })
    }

    /// The SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// What kind of key it is.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }
}

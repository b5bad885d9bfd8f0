//! The artifact that a bundle must be about, known by its digests.

use sha2::Digest as _;
use touchplate_packaging::Sha256;

use crate::crypto::Hash;

/// Digests of an artifact. Which one is needed depends on the bundle, so a caller who has the bytes gives all three.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifact {
    /// SHA-256, 32 bytes.
    pub sha256: Option<[u8; 32]>,
    /// SHA-384, 48 bytes.
    pub sha384: Option<[u8; 48]>,
    /// SHA-512, 64 bytes.
    pub sha512: Option<[u8; 64]>,
}

impl Artifact {
    /// All digests of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            sha256: Some(sha2::Sha256::digest(bytes).into()),
            sha384: Some(sha2::Sha384::digest(bytes).into()),
            sha512: Some(sha2::Sha512::digest(bytes).into()),
        }
    }

    /// An artifact of which only the SHA-256 is known.
    pub fn with_sha256(sha256: &Sha256) -> Self {
        Self {
            sha256: Some(*sha256.as_bytes()),
            ..Self::default()
        }
    }

    /// The digest by one function, where it is known.
    pub fn digest(&self, hash: Hash) -> Option<&[u8]> {
        match hash {
            Hash::Sha256 => self.sha256.as_ref().map(<[u8; 32]>::as_slice),
            Hash::Sha384 => self.sha384.as_ref().map(<[u8; 48]>::as_slice),
            Hash::Sha512 => self.sha512.as_ref().map(<[u8; 64]>::as_slice),
        }
    }
}

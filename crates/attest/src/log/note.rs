//! Keys of signed notes (C2SP `signed-note`): their identifiers, the lines they sign, and whether they did.

use std::fmt;

use der::Decode as _;
use sha2::{Digest as _, Sha256};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use super::checkpoint::Checkpoint;
use super::tree::TreeHash;
use crate::crypto::{self, Algorithm, KeyError, KeyKind, PublicKey};
use crate::encoding;

/// The type byte of Ed25519 keys in the specification.
const ED25519_TYPE: u8 = 1;

/// Whose notes are believed: a name and a public key.
pub struct NoteKey {
    name: String,
    id: [u8; 32],
    key: Box<dyn PublicKey>,
}

impl fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteKey")
            .field("name", &self.name)
            .field("id", &hex::encode(self.id))
            .finish_non_exhaustive()
    }
}

/// Why a name and a key are no note's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteKeyError {
    /// Names stand between spaces on a line.
    #[error(
        "expected a note key's name without white space, control characters and `+`, found {found:?}"
    )]
    Name {
        /// The name, shortened.
        found: String,
    },
    /// The key cannot be used.
    #[error("the note's key cannot be used")]
    Key(#[from] KeyError),
    /// Logs sign with Ed25519 or, as Rekor v1, ECDSA on P-256.
    #[error("expected an Ed25519 or P-256 key for notes, found another")]
    Kind,
}

/// Why a note is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// No signature line has the key's name and the start of its identifier.
    #[error("the note is not signed by that key")]
    NotSigned,
    /// A signature line has both, and its signature does not hold.
    #[error("the note's signature does not hold")]
    Signature,
}

impl NoteKey {
    /// The key that signs under `name`. `spki` is a SubjectPublicKeyInfo in DER.
    pub fn new(name: &str, spki: &[u8]) -> Result<Self, NoteKeyError> {
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.contains(odd) {
            return Err(NoteKeyError::Name {
                found: crate::json::shown(name),
            });
        }
        let kind = KeyKind::of_spki(spki)?;
        let id = match kind {
            KeyKind::Ed25519 => ed25519_id(name, spki)?,
            // Rekor's own: the hash of the key, whatever the name.
            KeyKind::P256 => Sha256::digest(spki).into(),
            KeyKind::P384 | KeyKind::P521 | KeyKind::Rsa => return Err(NoteKeyError::Kind),
        };
        let key = crypto::default_provider().key(Algorithm::usual_for(kind), spki)?;
        Ok(Self {
            name: name.to_owned(),
            id,
            key,
        })
    }

    /// Who signs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole identifier: what trust roots and log entries know the log by. Notes have its first four bytes.
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The note of a text and this key's signature over it.
    pub fn note(&self, text: &str, signature: &[u8]) -> String {
        let hint = self.id.first_chunk::<4>().map_or(&[][..], |hint| hint);
        let mut note = format!("{text}\n\u{2014} {} ", self.name);
        encoding::append_base64(&[hint, signature].concat(), &mut note);
        note.push('\n');
        note
    }

    /// Whether this key signed a checkpoint.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<(), NoteError> {
        let ours = checkpoint
            .signatures()
            .filter(|it| it.name == self.name && self.id.starts_with(&it.key_hint));
        let text = checkpoint.text().as_bytes();
        let mut answer = Err(NoteError::NotSigned);
        for signature in ours {
            if self.key.verify(text, &signature.bytes).is_ok() {
                return Ok(());
            }
            answer = Err(NoteError::Signature);
        }
        answer
    }
}

fn ed25519_id(name: &str, spki: &[u8]) -> Result<[u8; 32], KeyError> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| KeyError::UnknownKind)?;
    let key = spki.subject_public_key.raw_bytes();
    let mut hasher = Sha256::new();
    hasher.update(name);
    hasher.update([b'\n', ED25519_TYPE]);
    hasher.update(key);
    Ok(hasher.finalize().into())
}

/// The text of a checkpoint (C2SP `tlog-checkpoint`): what a log signs.
pub fn checkpoint_text(origin: &str, size: u64, root: &TreeHash) -> String {
    let mut text = format!("{origin}\n{size}\n");
    encoding::append_base64(root, &mut text);
    text.push('\n');
    text
}

//! An issuer's public keys, as it publishes them: a JSON Web Key Set (RFC 7517).

use base64_simd::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use super::{IdTokenError, TokenAlgorithm, text};
use crate::json::{self, JsonError};

/// The longest key set that is read. Google's and GitHub's have 2 to 8 kB; certificates beside the keys may triple that.
pub const MAX_KEY_SET_BYTES: usize = 256 << 10;

/// Keys that are read. Issuers have two to six, and some publish one for each tenant.
const MAX_KEYS: usize = 64;

/// Of an RSA key, in bytes: 2048 to 8192 bits, as everywhere here.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Of a coordinate on P-256, and of an Ed25519 key.
const POINT_BYTES: usize = 32;

/// The keys of one issuer that a token can be signed with. There is one at least.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: Vec<Key>,
}

#[derive(Clone, Debug)]
struct Key {
    id: String,
    kind: Kind,
    /// What the key says that it is for.
    only: Option<String>,
    key: DecodingKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    Ed25519,
}

/// Why bytes are no key set.
#[derive(Debug, thiserror::Error)]
pub enum KeySetError {
    /// No JSON.
    #[error("the key set is not readable")]
    Json(#[from] JsonError),
    /// RFC 7517 §5.
    #[error("expected a JSON object with an array `keys`")]
    Form,
    /// More than are read.
    #[error("expected at most {MAX_KEYS} keys, found {found}")]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// None that a token could be signed with. Such a set replaces no other.
    #[error(
        "expected a key with a `kid` that RS256, PS256, ES256 or EdDSA can use, found none among {found}"
    )]
    NoneUsable {
        /// How many there are.
        found: usize,
    },
}

impl KeySet {
    /// Reads a key set. Keys that no token may be signed with here are passed over, as RFC 7517 §5 has it.
    ///
    /// # Errors
    /// See [`KeySetError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        let Value::Object(set) = json::read(bytes, MAX_KEY_SET_BYTES)? else {
            return Err(KeySetError::Form);
        };
        let Some(Value::Array(listed)) = set.get("keys") else {
            return Err(KeySetError::Form);
        };
        let found = listed.len();
        if found > MAX_KEYS {
            return Err(KeySetError::TooMany { found });
        }
        let keys: Vec<Key> = listed
            .iter()
            .filter_map(|key| Key::read(key.as_object()?))
            .collect();
        if keys.is_empty() {
            return Err(KeySetError::NoneUsable { found });
        }
        Ok(Self { keys })
    }

    /// Whether there is a key of that name.
    pub fn has(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| key.id == key_id)
    }

    /// The key of that name for this algorithm.
    pub(super) fn find(
        &self,
        key_id: &str,
        algorithm: TokenAlgorithm,
    ) -> Result<&DecodingKey, IdTokenError> {
        let key_id_shown = || json::shown(key_id);
        let mut named = self.keys.iter().filter(|key| key.id == key_id).peekable();
        if named.peek().is_none() {
            return Err(IdTokenError::UnknownKey {
                key_id: key_id_shown(),
            });
        }
        let fitting = named.find(|key| key.is_for(algorithm));
        let fitting = fitting.ok_or_else(|| IdTokenError::KeyAlgorithm {
            key_id: key_id_shown(),
            algorithm,
        })?;
        Ok(&fitting.key)
    }
}

impl Key {
    /// None for a key that cannot be used, or whose private half is published with it.
    fn read(key: &Map<String, Value>) -> Option<Self> {
        if text(key, "use").is_some_and(|purpose| purpose != "sig") || key.contains_key("d") {
            return None;
        }
        let operations = key.get("key_ops").and_then(Value::as_array);
        if operations.is_some_and(|they| !they.iter().any(|it| it == "verify")) {
            return None;
        }
        let bytes = |member| URL_SAFE_NO_PAD.decode_to_vec(text(key, member)?).ok();
        let point = |member| bytes(member).filter(|it| it.len() == POINT_BYTES);
        let curve = text(key, "crv");
        let (kind, decoding) = match (text(key, "kty")?, curve) {
            ("RSA", _) => {
                let modulus = bytes("n").filter(|n| RSA_BYTES.contains(&n.len()))?;
                let exponent = bytes("e")?;
                let key = DecodingKey::from_rsa_raw_components(&modulus, &exponent);
                (Kind::Rsa, key)
            }
            ("EC", Some("P-256")) => {
                let key = [&[4][..], &point("x")?, &point("y")?].concat(); // uncompressed (SEC 1 §2.3.3)
                (Kind::P256, DecodingKey::from_ec_der(&key))
            }
            ("OKP", Some("Ed25519")) => (Kind::Ed25519, DecodingKey::from_ed_der(&point("x")?)),
            _ => return None,
        };
        Some(Self {
            id: text(key, "kid").filter(|id| !id.is_empty())?.to_owned(),
            kind,
            only: text(key, "alg").map(str::to_owned),
            key: decoding,
        })
    }

    fn is_for(&self, algorithm: TokenAlgorithm) -> bool {
        let kind = match algorithm {
            TokenAlgorithm::RS256 | TokenAlgorithm::PS256 => Kind::Rsa,
            TokenAlgorithm::ES256 => Kind::P256,
            TokenAlgorithm::EdDSA => Kind::Ed25519,
        };
        let only = self.only.as_deref();
        self.kind == kind && only.is_none_or(|only| only == algorithm.as_str())
    }
}

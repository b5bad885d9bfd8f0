//! A token that its holder narrowed, with nobody's help: `tp-2-` + id + `-` + blocks + key.
//!
//! A token's secret is an Ed25519 private key, and the index keeps its public key beside the secret's hash. A block says what
//! the token is narrowed to and names the next public key; what the token says up to there is signed with the key before.
//! The last key's private half ends the token: whoever holds it can add a block, and whoever lacks an earlier one can take
//! none away. `docs/decisions/scoped-tokens.md` has the reasons.

#[cfg(test)]
mod tests;

use std::str::FromStr;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;
use touchplate_attest::read_strict_json;

use super::{Caveats, MalformedToken, Occasion, Projects, SecretHash, Token, TokenId, fill_random};

/// The whole token. With the user name and in base64 it stays below 8 KiB, which proxies commonly allow a header.
pub const MAX_NARROWED_BYTES: usize = 4096;

/// Blocks of one token: each is a hand that it went through, and costs a signature check.
pub const MAX_BLOCKS: usize = 8;

/// `tp-`, and the version of this form.
const NARROWED_PREFIX: &str = "tp-2-";

/// Bytes of a private or a public key of Ed25519 (RFC 8032 §5.1.5).
const KEY_BYTES: usize = 32;

/// Bytes of a signature (RFC 8032 §5.1.6).
const SIGNATURE_BYTES: usize = 64;

/// The public half of a token's secret: checks what its holder narrowed, and makes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NarrowingKey([u8; KEY_BYTES]);

impl NarrowingKey {
    pub(super) fn of(secret: [u8; KEY_BYTES]) -> Self {
        Secret(secret).public()
    }

    /// From the stored 32 bytes.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes to store.
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    fn checks(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(message, signature).is_ok()
    }
}

/// A private half. Never shown but in the token that it ends.
struct Secret([u8; KEY_BYTES]);

impl Secret {
    fn random() -> Self {
        let mut bytes = [0; KEY_BYTES];
        fill_random(&mut bytes);
        Self(bytes)
    }

    fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&self.0)
            .expect("any 32 bytes are a private key of Ed25519 (RFC 8032 §5.1.5)")
    }

    fn public(&self) -> NarrowingKey {
        let pair = self.pair();
        let bytes = pair.public_key().as_ref().try_into();
        NarrowingKey(bytes.expect("a public key of Ed25519 has 32 bytes"))
    }
}

impl FromStr for Secret {
    type Err = MalformedToken;

    fn from_str(given: &str) -> Result<Self, MalformedToken> {
        Ok(Self(bytes(given)?))
    }
}

/// `N` bytes in base64 for URLs, in its one spelling.
fn bytes<const N: usize>(given: &str) -> Result<[u8; N], MalformedToken> {
    let bytes = URL_SAFE_NO_PAD.decode(given).map_err(|_| MalformedToken)?;
    bytes.try_into().map_err(|_| MalformedToken)
}

/// A block as it is written.
#[derive(Serialize)]
struct Wire {
    key: String,
    #[serde(flatten)]
    caveats: Caveats,
}

struct Block {
    caveats: Caveats,
    /// What signs the next block, or ends the token.
    key: NarrowingKey,
    /// How much of the token's text is signed.
    signed: usize,
    signature: [u8; SIGNATURE_BYTES],
}

impl Block {
    /// Reads the two segments of a block; `signed` is where the first ends in the token's text.
    fn read(block: &str, signature: &str, signed: usize) -> Result<Self, MalformedToken> {
        let json = URL_SAFE_NO_PAD.decode(block).map_err(|_| MalformedToken)?;
        let value = read_strict_json(&json, MAX_NARROWED_BYTES).map_err(|_| MalformedToken)?;
        let Value::Object(mut fields) = value else {
            return Err(MalformedToken);
        };
        // Taken out first: an unknown caveat must be refused, and serde does not do that beside a flattened field.
        let Some(Value::String(key)) = fields.remove("key") else {
            return Err(MalformedToken);
        };
        let caveats = serde_json::from_value(Value::Object(fields));
        Ok(Self {
            caveats: caveats.map_err(|_| MalformedToken)?,
            key: NarrowingKey(bytes(&key)?),
            signed,
            signature: bytes(signature)?,
        })
    }
}

/// A token that its holder narrowed, as it came: it says what it says, and whether it is genuine is still to be found out.
pub struct Narrowed {
    id: TokenId,
    /// All of its text but the key at its end.
    text: String,
    blocks: Vec<Block>,
    secret: Secret,
}

impl Narrowed {
    /// Whether each block was signed by who held the token before it, from the index's own on.
    fn is_of(&self, root: NarrowingKey) -> bool {
        let mut key = root;
        for block in &self.blocks {
            if !key.checks(&self.text.as_bytes()[..block.signed], &block.signature) {
                return false;
            }
            key = block.key;
        }
        self.secret.public() == key
    }
}

impl FromStr for Narrowed {
    type Err = MalformedToken;

    fn from_str(given: &str) -> Result<Self, MalformedToken> {
        if given.len() > MAX_NARROWED_BYTES {
            return Err(MalformedToken);
        }
        let rest = given.strip_prefix(NARROWED_PREFIX).ok_or(MalformedToken)?;
        let (id, rest) = rest.split_once('-').ok_or(MalformedToken)?;
        let (chain, secret) = rest.rsplit_once('.').ok_or(MalformedToken)?;
        let segments: Vec<_> = chain.split('.').collect();
        let (pairs, odd) = segments.as_chunks::<2>();
        if !odd.is_empty() || pairs.len() > MAX_BLOCKS {
            return Err(MalformedToken);
        }
        let mut at = given.len() - rest.len();
        let mut blocks = Vec::with_capacity(pairs.len());
        for [block, signature] in pairs {
            let signed = at + block.len();
            blocks.push(Block::read(block, signature, signed)?);
            // Behind the signature and its two dots.
            at = signed + signature.len() + 2;
        }
        Ok(Self {
            id: id.parse()?,
            text: given[..given.len() - secret.len() - 1].to_owned(),
            blocks,
            secret: secret.parse()?,
        })
    }
}

/// A token in either form: as the index made it, or narrowed by a holder.
pub enum Bearer {
    /// As the index made it.
    Whole(Token),
    /// Narrowed.
    Narrowed(Narrowed),
}

/// Why a token was not narrowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NarrowError {
    /// Nothing was said that it should be narrowed to.
    #[error("expected something to narrow the token to: projects, an end or networks")]
    Nothing,
    /// It went through enough hands.
    #[error("the token was narrowed {MAX_BLOCKS} times already, which is the most")]
    TooOften,
    /// It would not fit a header.
    #[error(
        "the narrowed token would have {0} bytes, and the most is {MAX_NARROWED_BYTES}; name fewer projects or networks"
    )]
    TooLong(usize),
}

impl Bearer {
    /// Its public part.
    pub fn id(&self) -> &TokenId {
        match self {
            Self::Whole(token) => token.id(),
            Self::Narrowed(narrowed) => &narrowed.id,
        }
    }

    /// What its holders narrowed it to, in the order in which they did.
    pub fn caveats(&self) -> impl Iterator<Item = &Caveats> {
        let blocks = match self {
            Self::Whole(_) => &[][..],
            Self::Narrowed(narrowed) => &narrowed.blocks,
        };
        blocks.iter().map(|block| &block.caveats)
    }

    /// Whether it is the token of which the index keeps this, or was narrowed from it. One made before tokens could be
    /// narrowed has no key.
    pub(crate) fn is_of(&self, hash: &SecretHash, key: Option<NarrowingKey>) -> bool {
        match self {
            Self::Whole(token) => token.is_of(hash),
            Self::Narrowed(narrowed) => key.is_some_and(|key| narrowed.is_of(key)),
        }
    }

    /// What is left of the projects that the token reaches, if all holds that its holders narrowed it to.
    pub(crate) fn allows(
        &self,
        only: Option<Projects>,
        occasion: &Occasion,
    ) -> Result<Option<Projects>, super::CaveatUnmet> {
        self.caveats().try_fold(only, |only, caveats| {
            caveats.check(occasion)?;
            caveats.narrow(only)
        })
    }

    /// The token narrowed further. Asks nobody, and cannot be taken back by who gets the result.
    pub fn narrow(&self, caveats: &Caveats) -> Result<String, NarrowError> {
        if caveats.is_empty() {
            return Err(NarrowError::Nothing);
        }
        let (mut text, secret) = match self {
            Self::Whole(token) => (
                format!("{NARROWED_PREFIX}{}-", token.id),
                &Secret(token.secret),
            ),
            Self::Narrowed(narrowed) if narrowed.blocks.len() >= MAX_BLOCKS => {
                return Err(NarrowError::TooOften);
            }
            Self::Narrowed(narrowed) => (format!("{}.", narrowed.text), &narrowed.secret),
        };
        let next = Secret::random();
        let block = Wire {
            key: URL_SAFE_NO_PAD.encode(next.public().0),
            caveats: caveats.clone(),
        };
        let json = serde_json::to_vec(&block).expect("text, times and lists of text are JSON");
        append(&mut text, secret, &json, &next);
        if text.len() > MAX_NARROWED_BYTES {
            return Err(NarrowError::TooLong(text.len()));
        }
        Ok(text)
    }
}

/// A block, signed with all that stands before it, and the key behind it.
fn append(text: &mut String, secret: &Secret, block: &[u8], next: &Secret) {
    URL_SAFE_NO_PAD.encode_string(block, text);
    let signature = secret.pair().sign(text.as_bytes());
    for part in [signature.as_ref(), &next.0] {
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(part, text);
    }
}

impl FromStr for Bearer {
    type Err = MalformedToken;

    fn from_str(given: &str) -> Result<Self, MalformedToken> {
        if given.starts_with(NARROWED_PREFIX) {
            given.parse().map(Self::Narrowed)
        } else {
            given.parse().map(Self::Whole)
        }
    }
}

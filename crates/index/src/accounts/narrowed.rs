//! A token that its holder narrowed, with nobody's help: `tp-2-` + id + `-` + a biscuit.
//!
//! A token's secret is an Ed25519 private key, and the index keeps its public key beside the secret's hash. The secret signs
//! the biscuit's first block, and each block names the key that signs the next; the last one's private half is in the
//! biscuit, so that whoever holds it can add a block, and nobody can take one away. All of that is Biscuit's own format
//! (<https://doc.biscuitsec.org/reference/specifications>), and its tools read and narrow what follows the id.
//! `docs/decisions/scoped-tokens.md` has the reasons.

mod narrowing;
mod shape;
#[cfg(test)]
mod tests;

use std::str::FromStr;

use biscuit_auth::builder::{Algorithm, BlockBuilder};
use biscuit_auth::{Biscuit, KeyPair, PrivateKey, PublicKey, UnverifiedBiscuit};

use super::{
    Caveats, MAX_CAVEAT_NETWORKS, MadeFor, MalformedToken, Scope, SecretHash, Token, TokenId,
};

pub(super) use narrowing::Narrowing;
pub use narrowing::{CaveatUnmet, Occasion};
pub use shape::Unfit;

/// The whole token. With the user name and in base64 it stays below 8 KiB, which proxies commonly allow a header.
pub const MAX_NARROWED_BYTES: usize = 4096;

/// Blocks of one token: each is a hand that it went through, and costs a signature check.
pub const MAX_BLOCKS: usize = 8;

/// `tp-`, and the version of this form.
const NARROWED_PREFIX: &str = "tp-2-";

/// Bytes of a private or a public key of Ed25519 (RFC 8032 §5.1.5).
const KEY_BYTES: usize = 32;

/// The public half of a token's secret: checks what its holder narrowed, and makes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NarrowingKey([u8; KEY_BYTES]);

impl NarrowingKey {
    pub(super) fn of(secret: &[u8; KEY_BYTES]) -> Self {
        let bytes = key_pair(secret).public().to_bytes().try_into();
        Self(bytes.expect("a public key of Ed25519 has 32 bytes"))
    }

    /// From the stored 32 bytes.
    pub fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes to store.
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

fn key_pair(secret: &[u8; KEY_BYTES]) -> KeyPair {
    let key = PrivateKey::from_bytes(secret, Algorithm::Ed25519);
    KeyPair::from(&key.expect("any 32 bytes are a private key of Ed25519 (RFC 8032 §5.1.5)"))
}

/// A token that its holder narrowed, as it came: it says what it says, and whether it is genuine is still to be found out.
pub struct Narrowed {
    id: TokenId,
    biscuit: UnverifiedBiscuit,
}

impl FromStr for Narrowed {
    type Err = MalformedToken;

    fn from_str(given: &str) -> Result<Self, MalformedToken> {
        if given.len() > MAX_NARROWED_BYTES {
            return Err(MalformedToken);
        }
        let rest = given.strip_prefix(NARROWED_PREFIX).ok_or(MalformedToken)?;
        let (id, biscuit) = rest.split_once('-').ok_or(MalformedToken)?;
        let id = id.parse()?;
        let biscuit = UnverifiedBiscuit::from_base64(biscuit).map_err(|_| MalformedToken)?;
        // Before anything is computed with it.
        let few = biscuit.block_count() <= MAX_BLOCKS;
        few.then_some(Self { id, biscuit }).ok_or(MalformedToken)
    }
}

/// A token in either form: as the index made it, or narrowed by a holder.
pub enum Bearer {
    /// As the index made it.
    Whole(Token),
    /// Narrowed.
    Narrowed(Box<Narrowed>),
}

/// A token that proved to be one of ours.
pub(crate) struct Proved(Option<Biscuit>);

impl Proved {
    /// What is left of what it was made for, if anything is there and then.
    pub(crate) fn scope(
        self,
        made_for: MadeFor,
        occasion: &Occasion,
    ) -> Result<Scope, CaveatUnmet> {
        let narrowing = self.0.map(|it| Narrowing::new(it, *occasion)).transpose()?;
        Ok(Scope::new(made_for, narrowing))
    }
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
    /// Its holder closed it.
    #[error("the token is sealed, so that nobody can narrow it further")]
    Sealed,
    /// More than any runner has.
    #[error("expected at most {MAX_CAVEAT_NETWORKS} networks, found {0}")]
    TooManyNetworks(usize),
    /// It would not fit a header.
    #[error(
        "the narrowed token would have {0} bytes, and the most is {MAX_NARROWED_BYTES}; name fewer projects or networks"
    )]
    TooLong(usize),
    /// The biscuit cannot be made.
    #[error("the token cannot be narrowed: {0}")]
    Biscuit(biscuit_auth::error::Token),
}

impl Bearer {
    /// Its public part.
    pub fn id(&self) -> &TokenId {
        match self {
            Self::Whole(token) => token.id(),
            Self::Narrowed(narrowed) => &narrowed.id,
        }
    }

    /// The proof that it is the token of which the index keeps this, or was narrowed from it. One made before tokens could be
    /// narrowed has no key.
    pub(crate) fn proved(&self, hash: &SecretHash, key: Option<NarrowingKey>) -> Option<Proved> {
        match self {
            Self::Whole(token) => token.is_of(hash).then_some(Proved(None)),
            Self::Narrowed(narrowed) => {
                let root = PublicKey::from_bytes(key?.as_bytes(), Algorithm::Ed25519).ok()?;
                let biscuit = narrowed.biscuit.clone().verify(root).ok()?;
                Some(Proved(Some(biscuit)))
            }
        }
    }

    /// The token narrowed further. Asks nobody, and cannot be taken back by who gets the result.
    pub fn narrow(&self, caveats: &Caveats) -> Result<String, NarrowError> {
        use biscuit_auth::error::Token as Error;
        if caveats.is_empty() {
            return Err(NarrowError::Nothing);
        }
        if caveats.networks.len() > MAX_CAVEAT_NETWORKS {
            return Err(NarrowError::TooManyNetworks(caveats.networks.len()));
        }
        let block = BlockBuilder::new().code(caveats.datalog());
        let biscuit = match self {
            Self::Whole(token) => block.and_then(|block| {
                let first = Biscuit::builder().merge(block);
                first.build(&key_pair(&token.secret))?.to_base64()
            }),
            Self::Narrowed(narrowed) if narrowed.biscuit.block_count() >= MAX_BLOCKS => {
                return Err(NarrowError::TooOften);
            }
            Self::Narrowed(narrowed) => {
                block.and_then(|block| narrowed.biscuit.append(block)?.to_base64())
            }
        };
        let biscuit = biscuit.map_err(|error| match error {
            Error::AlreadySealed | Error::AppendOnSealed => NarrowError::Sealed,
            other => NarrowError::Biscuit(other),
        })?;
        let text = format!("{NARROWED_PREFIX}{}-{biscuit}", self.id());
        let long = text.len();
        (long <= MAX_NARROWED_BYTES)
            .then_some(text)
            .ok_or(NarrowError::TooLong(long))
    }
}

impl FromStr for Bearer {
    type Err = MalformedToken;

    fn from_str(given: &str) -> Result<Self, MalformedToken> {
        if given.starts_with(NARROWED_PREFIX) {
            given.parse().map(|it| Self::Narrowed(Box::new(it)))
        } else {
            given.parse().map(Self::Whole)
        }
    }
}

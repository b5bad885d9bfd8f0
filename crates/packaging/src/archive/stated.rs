//! What an archive states of its own members, as RECORD does in wheels, held against them while they are read.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// What is stated of each path.
pub(super) type Rows = BTreeMap<String, Row>;

/// What is stated of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Such as `sha256=…`; empty where nothing is stated.
    pub(super) digest: String,
    /// None where nothing is stated that is a size.
    pub(super) size: Option<u64>,
}

/// How a digest is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sha256,
    Sha384,
    Sha512,
    /// MD5 and SHA-1, which wheels may not have any more, and what nobody knows.
    Other,
    /// There is none.
    None,
}

impl Row {
    /// Adds what a second row of the same path states. Of two digests that differ neither agrees with anything.
    pub(super) fn join(&mut self, second: Self) {
        if self.digest.is_empty() {
            self.digest = second.digest;
        } else if !second.digest.is_empty() && second.digest != self.digest {
            self.digest = format!("{} {}", self.digest, second.digest);
        }
        self.size = self.size.or(second.size);
    }

    /// How its digest is made.
    pub(super) fn kind(&self) -> Kind {
        match self.digest.split_once('=') {
            Some(("sha256", _)) => Kind::Sha256,
            Some(("sha384", _)) => Kind::Sha384,
            Some(("sha512", _)) => Kind::Sha512,
            _ if self.digest.is_empty() => Kind::None,
            _ => Kind::Other,
        }
    }

    /// Is the digest this one, in base64?
    pub(super) fn agrees(&self, made: &str) -> bool {
        let stated = self.digest.split_once('=').map(|(_, digest)| digest);
        stated.is_some_and(|stated| stated.trim_end_matches('=') == made)
    }
}

/// A digest in the making.
pub(super) enum Hashing {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hashing {
    /// None where there is nothing to compare with.
    pub(super) fn of_kind(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Sha256 => Some(Self::Sha256(Sha256::new())),
            Kind::Sha384 => Some(Self::Sha384(Sha384::new())),
            Kind::Sha512 => Some(Self::Sha512(Sha512::new())),
            Kind::Other | Kind::None => None,
        }
    }

    pub(super) fn update(&mut self, part: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(part),
            Self::Sha384(hasher) => hasher.update(part),
            Self::Sha512(hasher) => hasher.update(part),
        }
    }

    /// In base64, as RECORD has it, without padding.
    pub(super) fn finish(self) -> String {
        match self {
            Self::Sha256(hasher) => URL_SAFE_NO_PAD.encode(hasher.finalize()),
            Self::Sha384(hasher) => URL_SAFE_NO_PAD.encode(hasher.finalize()),
            Self::Sha512(hasher) => URL_SAFE_NO_PAD.encode(hasher.finalize()),
        }
    }
}

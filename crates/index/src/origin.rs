//! Who changes something, in which request, and when: what each journal row records.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use crate::accounts::UserName;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user, through one of their tokens.
    User(UserName),
    /// Somebody with access to the data directory, by the command line.
    Operator,
    /// A publisher's run, by a token that was minted for it: the publisher in words.
    Publisher(String),
    /// The index itself: chores.
    Index,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "user:{name}"),
            Self::Publisher(publisher) => write!(f, "publisher:{publisher}"),
            Self::Operator => f.write_str("operator"),
            Self::Index => f.write_str("index"),
        }
    }
}

/// Names one request in logs, answers and the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// Sixteen hexadecimal digits as good as drawn at random: a count, hashed with a key that was. No secret hangs on them,
    /// and every request needs some: the system's generator would be a call for each.
    pub fn random() -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let hash = KEY.hash_one(COUNT.fetch_add(1, Ordering::Relaxed));
        Self(hex::encode(hash.to_be_bytes()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who, in which request, when. Every changing method takes one.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Who acts.
    pub actor: Actor,
    /// The request that it happens in.
    pub request: RequestId,
    /// The time of the request, read once at the door.
    pub at: Timestamp,
}

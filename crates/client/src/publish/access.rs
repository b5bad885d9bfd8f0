//! By what right files are sent: a credential that was given, or one that the identity is exchanged for, as often as it takes.

use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::credentials::Credential;
use super::door::{Door, MintError};
use crate::fetch::{Agent, Cause};
use crate::identity::{IdentityToken, TokenError};

/// A credential that ends within so long is renewed first: a large file takes minutes to send. PyPI's clients do the same.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// Of a credential's time, the most that is given away by renewing it early.
const MARGIN_SHARE: i32 = 3;

/// A credential, and its time.
#[derive(Clone, Debug)]
pub struct Lease {
    /// The credential.
    pub credential: Credential,
    /// When it was minted.
    pub begins: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
}

/// Why the identity is not to be had, whatever the reason.
pub type IdentityFailure = Box<dyn Error + Send + Sync>;

/// What finds the identity for an audience.
pub type Identity<'i> = &'i (dyn Fn(&str) -> Result<IdentityToken, IdentityFailure> + Sync);

/// By what right files are sent.
#[derive(Debug)]
pub enum Access<'a> {
    /// A password or token that was given.
    Given(Credential),
    /// Nothing: an index that takes files from anybody, or knows its callers by their addresses.
    None,
    /// Tokens for the identity.
    Exchanged(Box<Exchange<'a>>),
}

/// Exchanges the identity for tokens.
pub struct Exchange<'a> {
    agent: &'a Agent,
    door: Door,
    identity: Identity<'a>,
    clock: &'a (dyn Fn() -> Timestamp + Sync),
    minted: &'a (dyn Fn(&Lease) + Sync),
    lease: Mutex<Option<Lease>>,
    /// Asked for already, and not exchanged yet.
    next: Mutex<Option<IdentityToken>>,
}

impl std::fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("door", &self.door)
            .finish_non_exhaustive()
    }
}

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The place where this runs does not say who it is.
    #[error("there is no ID token for the audience `{audience}`")]
    Identity {
        /// For whom it should be.
        audience: String,
        /// Why not.
        source: IdentityFailure,
    },
    /// The ID token is over.
    #[error("the ID token for the audience `{audience}` cannot be used")]
    Token {
        /// For whom it is.
        audience: String,
        /// Why not.
        source: TokenError,
    },
    /// The index would not.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// A token was needed anew, and the place gave the same ID token as before.
    #[error(
        "the token for uploads ended, and this place gives the same ID token as before, which serves once"
    )]
    Spent,
}

impl AccessError {
    /// Who can mend it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::Identity { .. } => Cause::Configuration,
            Self::Token { .. } | Self::Spent => Cause::No,
            Self::Mint(source) => source.cause(),
        }
    }
}

impl Access<'_> {
    /// The credential for a file that is sent now; none is needed where there is none.
    ///
    /// # Errors
    /// See [`AccessError`].
    pub fn credential(&self) -> Result<Option<Credential>, AccessError> {
        match self {
            Self::Given(credential) => Ok(Some(credential.clone())),
            Self::None => Ok(None),
            Self::Exchanged(exchange) => exchange.current().map(Some),
        }
    }

    /// The index no longer takes `refused`: whether there is another one now.
    ///
    /// # Errors
    /// See [`AccessError`].
    pub fn renew(&self, refused: &Credential) -> Result<bool, AccessError> {
        match self {
            Self::Given(_) | Self::None => Ok(false),
            Self::Exchanged(exchange) => exchange.renew(refused),
        }
    }
}

impl<'a> Exchange<'a> {
    /// Nothing is exchanged before it is needed. `minted` hears of each token, before it is used.
    pub fn new(
        agent: &'a Agent,
        door: Door,
        identity: Identity<'a>,
        clock: &'a (dyn Fn() -> Timestamp + Sync),
        minted: &'a (dyn Fn(&Lease) + Sync),
    ) -> Self {
        Self {
            agent,
            door,
            identity,
            clock,
            minted,
            lease: Mutex::new(None),
            next: Mutex::new(None),
        }
    }

    /// The ID token that will be exchanged first: without one nothing else is worth doing, and what it says can be told.
    ///
    /// # Errors
    /// See [`AccessError`].
    pub fn introduce(&self) -> Result<IdentityToken, AccessError> {
        let token = self.identity((self.clock)())?;
        *unpoisoned(&self.next) = Some(token.clone());
        Ok(token)
    }

    /// Where the identity is exchanged.
    pub fn door(&self) -> &Door {
        &self.door
    }

    fn current(&self) -> Result<Credential, AccessError> {
        let mut held = self.held();
        let now = (self.clock)();
        let lives = held.as_ref().is_some_and(|lease| lease.outlives(now));
        if let Some(lease) = held.as_ref().filter(|_| lives) {
            let credential = lease.credential.clone();
            if self.door.is_single_use() {
                *held = None;
            }
            return Ok(credential);
        }
        let renewed = self.mint(now);
        match (renewed, held.as_ref()) {
            (Ok(lease), _) => {
                let credential = lease.credential.clone();
                *held = (!self.door.is_single_use()).then_some(lease);
                Ok(credential)
            }
            // Early renewal is a courtesy: what has not ended yet still serves.
            (Err(_), Some(lease)) if now < lease.ends => Ok(lease.credential.clone()),
            (Err(AccessError::Mint(error)), Some(_)) if error.is_reuse() => Err(AccessError::Spent),
            (Err(error), _) => Err(error),
        }
    }

    fn renew(&self, refused: &Credential) -> Result<bool, AccessError> {
        let mut held = self.held();
        // Another thread may have seen to it.
        if held
            .as_ref()
            .is_some_and(|lease| lease.credential != *refused)
        {
            return Ok(true);
        }
        match self.mint((self.clock)()) {
            Ok(lease) => {
                *held = Some(lease);
                Ok(true)
            }
            Err(AccessError::Mint(error)) if error.is_reuse() => Err(AccessError::Spent),
            Err(error) => Err(error),
        }
    }

    /// A new token. An answer that was lost has used up the ID token; most places give another one.
    fn mint(&self, now: Timestamp) -> Result<Lease, AccessError> {
        let token = self.identity(now)?;
        let lease = match self.door.mint(self.agent, &token, now) {
            Err(error) if error.is_reuse() => {
                let another = self.identity(now)?;
                if another.secret() == token.secret() {
                    return Err(error.into());
                }
                self.door.mint(self.agent, &another, now)?
            }
            lease => lease?,
        };
        (self.minted)(&lease);
        Ok(lease)
    }

    fn identity(&self, now: Timestamp) -> Result<IdentityToken, AccessError> {
        let audience = self.door.audience();
        let next = unpoisoned(&self.next).take();
        let token = next.map_or_else(|| (self.identity)(audience), Ok);
        let token = token.map_err(|source| AccessError::Identity {
            audience: audience.to_owned(),
            source,
        })?;
        token.in_force(now).map_err(|source| AccessError::Token {
            audience: audience.to_owned(),
            source,
        })
    }

    fn held(&self) -> MutexGuard<'_, Option<Lease>> {
        unpoisoned(&self.lease)
    }
}

/// A thread that panicked did not leave a value half written.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lease {
    /// Whether there is time to send a file by it.
    fn outlives(&self, now: Timestamp) -> bool {
        let share = self.ends.duration_since(self.begins) / MARGIN_SHARE;
        self.ends.duration_since(now) > MARGIN.min(share)
    }
}

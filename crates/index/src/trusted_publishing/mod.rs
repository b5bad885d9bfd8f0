//! Trusted publishing: who proves by an ID token to be a project's publisher gets a token to upload with for some minutes.
//!
//! What an ID token says was checked at the door (signature, times, audience); here its claims are held against publishers.

mod exchange;
mod minted;
mod pending;
mod ratchets;
mod terms;

pub use exchange::{ExchangeError, Minted, NoPublisher, Presented};
pub use minted::{IdTokenUse, MintedCaller, Uploader};
pub use pending::{MAX_PENDING, PENDING_DAYS, PendingPublisher};
pub use ratchets::{Ratchet, RatchetKind, RatchetSince, Ratchets, UnknownRatchet, ZeroDays};
pub use terms::{InvalidLifetime, MAX_TOKEN_SECONDS, MIN_TOKEN_SECONDS, Terms, TokenSeconds};

//! What a consumer and a publisher do against any index, over the network or not: [`fetch`], the trust domains that it
//! is judged by ([`trust_store`], refreshed by [`tuf`]), who is expected ([`pins`]), signing ([`sign`]) as whoever one is
//! ([`identity`]), publishing ([`publish`]), and watching a log ([`monitor`]). What is installed is looked at by [`environment`]. Several files at once are [`crew`]'s.
//!
//! Nothing here knows our own server or its storage: an index is what the standards say that it is.

pub mod audit;
pub mod crew;
pub mod environment;
pub mod fetch;
pub mod identity;
pub mod monitor;
pub mod pins;
pub mod publish;
pub mod sign;
pub mod trust_store;
pub mod tuf;

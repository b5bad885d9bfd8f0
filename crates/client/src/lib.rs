//! What a consumer and a publisher do against any index, over the network or not: [`fetch`], the trust domains that it
//! is judged by ([`trust_store`], refreshed by [`tuf`]), and who is expected ([`pins`]).
//!
//! Nothing here knows our own server or its storage: an index is what the standards say that it is.

pub mod fetch;
pub mod identity;
pub mod pins;
pub mod sign;
pub mod trust_store;
pub mod tuf;

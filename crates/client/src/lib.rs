//! What a consumer and a publisher do against any index, over the network or not: so far, [`fetch`].
//!
//! Nothing here knows our own server or its storage: an index is what the standards say that it is.

pub mod fetch;

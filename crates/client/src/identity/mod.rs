//! Who signs: ID tokens (OpenID Connect) from where a command runs, or from a person who logs in.

pub mod ambient;
pub mod login;
mod token;

pub use token::{ClosedRepository, IdentityToken, MAX_TOKEN_BYTES, TokenError};

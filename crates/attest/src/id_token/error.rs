//! Why an ID token is not accepted.

use jiff::Timestamp;

use super::{MAX_TOKEN_BYTES, TokenAlgorithm, UnknownAlgorithm};
use crate::json::JsonError;

/// Why an ID token is not accepted: a variant for each rule. No message repeats a token.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    /// Longer than is read.
    #[error("expected a token of at most {MAX_TOKEN_BYTES} bytes, found {found}")]
    TooLarge {
        /// Its length.
        found: usize,
    },
    /// RFC 7515 §3.1: three parts.
    #[error("expected a JSON Web Token: three parts in base64url with dots between them")]
    Form,
    /// The header is no JSON object.
    #[error("the token's header is not a JSON object")]
    Header(#[source] Option<JsonError>),
    /// RFC 7515 §4.1.11: who does not know an extension that is critical must refuse.
    #[error("the token's header names extensions that must be understood (crit); none are")]
    Critical,
    /// RFC 7515 §4.1.1.
    #[error("the token's header does not say how it is signed (alg)")]
    NoAlgorithm,
    /// RFC 8725 §3.2.
    #[error("the token is not signed (alg: none)")]
    Unsigned,
    /// HS256 and others: whoever has the public key could sign with a method of shared secrets.
    #[error(transparent)]
    UnknownAlgorithm(#[from] UnknownAlgorithm),
    /// Without it, a token is tried with each key.
    #[error("the token's header does not say which key it is signed with (kid)")]
    NoKeyId,
    /// The claims are no JSON object.
    #[error("the token's claims are not a JSON object")]
    Claims(#[source] Option<JsonError>),
    /// A claim that every token must have.
    #[error("the token has no claim `{claim}`")]
    Missing {
        /// Which.
        claim: &'static str,
    },
    /// A claim of another type.
    #[error("expected {expected} as the token's claim `{claim}`")]
    ClaimType {
        /// Which.
        claim: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// From somebody else.
    #[error("expected a token of {expected}, found one of {found:?}")]
    Issuer {
        /// Whose it should be.
        expected: String,
        /// What it says.
        found: String,
    },
    /// Signed in a way that its issuer is not known for.
    #[error(
        "expected a token signed with {}, found {found}",
        allowed.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(" or ")
    )]
    Algorithm {
        /// What its issuer may use.
        allowed: Vec<TokenAlgorithm>,
        /// What it says.
        found: TokenAlgorithm,
    },
    /// A key that its issuer does not have.
    #[error("the issuer has no key {key_id:?}")]
    UnknownKey {
        /// Which, shortened.
        key_id: String,
    },
    /// A key of another kind than the algorithm needs.
    #[error("the issuer's key {key_id:?} is not for {algorithm}")]
    KeyAlgorithm {
        /// Which, shortened.
        key_id: String,
        /// What the token says.
        algorithm: TokenAlgorithm,
    },
    /// The signature does not hold.
    #[error("the token's signature does not hold")]
    Signature,
    /// For somebody else.
    #[error("expected a token for the audience {}, found one for {found:?}", expected.join(" or "))]
    Audience {
        /// For whom it may be.
        expected: Vec<String>,
        /// What it says.
        found: String,
    },
    /// For several: each of them could use it at the others.
    #[error("expected a token for one audience, found one for {found}")]
    Audiences {
        /// How many.
        found: usize,
    },
    /// `exp` has passed.
    #[error("the token expired at {at}")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// `iat` has not come.
    #[error("the token says that it will be issued at {at}")]
    IssuedInFuture {
        /// When.
        at: Timestamp,
    },
    /// `nbf` has not come.
    #[error("the token may not be used before {at}")]
    NotYetValid {
        /// When.
        at: Timestamp,
    },
}

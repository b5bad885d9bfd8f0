//! The check of an ID token (OpenID Connect Core §2) against keys that the caller gives. Nothing here fetches a key.
//!
//! [`ReceivedToken::parse`] reads what a client sent; its issuer says whose [`KeySet`] to look in, and
//! [`check`](ReceivedToken::check) then proves the claims. Signatures are checked by `jsonwebtoken`.

mod error;
mod keys;

use std::fmt;
use std::str::FromStr;

use base64_simd::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::json;

pub use error::IdTokenError;
pub use keys::{KeySet, KeySetError, MAX_KEY_SET_BYTES};

/// The longest token that is read. GitHub's have 2 kB, GitLab's up to 8 with all the groups of a user in them.
pub const MAX_TOKEN_BYTES: usize = 16 << 10;

/// Of clocks that differ, as PyPI has it.
const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// How a token may be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenAlgorithm {
    /// RSA, PKCS #1 v1.5, SHA-256: what GitHub, GitLab, Google and Kubernetes use.
    RS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// RSA, PSS, SHA-256.
    PS256,
    /// Ed25519.
    EdDSA,
}

impl TokenAlgorithm {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::RS256, Self::ES256, Self::PS256, Self::EdDSA];

    /// As JOSE calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::ES256 => "ES256",
            Self::PS256 => "PS256",
            Self::EdDSA => "EdDSA",
        }
    }

    fn of_crate(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::RS256 => jsonwebtoken::Algorithm::RS256,
            Self::ES256 => jsonwebtoken::Algorithm::ES256,
            Self::PS256 => jsonwebtoken::Algorithm::PS256,
            Self::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

impl fmt::Display for TokenAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Text is no algorithm that tokens may be signed with here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected RS256, ES256, PS256 or EdDSA as a token's algorithm, found {found:?}")]
pub struct UnknownAlgorithm {
    /// What stands there, shortened.
    pub found: String,
}

impl FromStr for TokenAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(given: &str) -> Result<Self, UnknownAlgorithm> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == given);
        known.ok_or_else(|| UnknownAlgorithm {
            found: json::shown(given),
        })
    }
}

/// What is asked of a token.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'r> {
    /// Who must have issued it, exactly.
    pub issuer: &'r str,
    /// For whom it may be meant. It is for one of them and for nobody else.
    pub audiences: &'r [String],
    /// How it may be signed.
    pub algorithms: &'r [TokenAlgorithm],
}

/// A token as a client sent it. Nothing of it is proved.
#[derive(Clone)]
pub struct ReceivedToken<'t> {
    /// What is signed.
    message: &'t str,
    signature: &'t str,
    algorithm: TokenAlgorithm,
    key_id: String,
    issuer: String,
    claims: Map<String, Value>,
}

impl fmt::Debug for ReceivedToken<'_> {
    /// Without the signature: who reads a log must not be able to use the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, key_id, .. } = self;
        write!(
            f,
            "ReceivedToken {{ issuer: {issuer:?}, key_id: {key_id:?} }}"
        )
    }
}

impl<'t> ReceivedToken<'t> {
    /// Reads a token:
    /// 1. it is not longer than tokens are, and three parts in base64url;
    /// 2. its header is strict JSON and names no extension that must be understood;
    /// 3. it is signed, by an algorithm of [`TokenAlgorithm`];
    /// 4. it says with which key;
    /// 5. its claims are strict JSON and name an issuer.
    ///
    /// # Errors
    /// The first of these that does not hold.
    pub fn parse(token: &'t str) -> Result<Self, IdTokenError> {
        // 1
        if token.len() > MAX_TOKEN_BYTES {
            return Err(IdTokenError::TooLarge { found: token.len() });
        }
        let (message, signature) = token.rsplit_once('.').ok_or(IdTokenError::Form)?;
        let (header, claims) = message.split_once('.').ok_or(IdTokenError::Form)?;
        let [header, claims] = [header, claims].map(part);
        let (header, claims) = (header?, claims?);
        part(signature)?;
        // 2
        let header = object(&header).map_err(IdTokenError::Header)?;
        if header.contains_key("crit") {
            return Err(IdTokenError::Critical);
        }
        // 3
        let algorithm = text(&header, "alg").ok_or(IdTokenError::NoAlgorithm)?;
        if algorithm.eq_ignore_ascii_case("none") {
            return Err(IdTokenError::Unsigned);
        }
        let algorithm = algorithm.parse()?;
        // 4
        let key_id = text(&header, "kid").filter(|kid| !kid.is_empty());
        let key_id = key_id.ok_or(IdTokenError::NoKeyId)?.to_owned();
        // 5
        let claims = object(&claims).map_err(IdTokenError::Claims)?;
        let issuer = required_text(&claims, "iss")?.to_owned();
        Ok(Self {
            message,
            signature,
            algorithm,
            key_id,
            issuer,
            claims,
        })
    }

    /// Whom it says that it is from.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key that it says it is signed with.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Checks a token that was read:
    /// 6. it is from the expected issuer;
    /// 7. its algorithm is one that this issuer may use;
    /// 8. its key is one of the issuer's, and for this algorithm;
    /// 9. the signature holds;
    /// 10. it is for one audience, and that is an expected one;
    /// 11. it has not expired, was not issued in the future and may already be used, each with a leeway of 30 seconds;
    /// 12. it says about whom it is.
    ///
    /// # Errors
    /// The first of these that does not hold.
    pub fn check(
        self,
        keys: &KeySet,
        rules: &Rules<'_>,
        now: Timestamp,
    ) -> Result<IdToken, IdTokenError> {
        // 6
        if self.issuer != rules.issuer {
            return Err(IdTokenError::Issuer {
                expected: rules.issuer.to_owned(),
                found: json::shown(&self.issuer),
            });
        }
        // 7
        if !rules.algorithms.contains(&self.algorithm) {
            return Err(IdTokenError::Algorithm {
                allowed: rules.algorithms.to_vec(),
                found: self.algorithm,
            });
        }
        // 8
        let key = keys.find(&self.key_id, self.algorithm)?;
        // 9
        let holds = jsonwebtoken::crypto::verify(
            self.signature,
            self.message.as_bytes(),
            key,
            self.algorithm.of_crate(),
        );
        if !holds.unwrap_or(false) {
            return Err(IdTokenError::Signature);
        }
        // 10
        let audience = self.audience(rules.audiences)?;
        // 11
        let times = Times::read(&self.claims)?;
        times.check(now)?;
        // 12
        let subject = required_text(&self.claims, "sub")?.to_owned();
        Ok(IdToken {
            subject,
            audience,
            times,
            id: optional_text(&self.claims, "jti")?.map(str::to_owned),
            issuer: self.issuer,
            claims: self.claims,
        })
    }

    /// A string, or a list of one: of a list of several, each could use the token at the others.
    fn audience(&self, expected: &[String]) -> Result<String, IdTokenError> {
        let wrong = || IdTokenError::ClaimType {
            claim: "aud",
            expected: "a string or a list of one string",
        };
        let found = match self.claims.get("aud") {
            None | Some(Value::Null) => return Err(IdTokenError::Missing { claim: "aud" }),
            Some(Value::String(audience)) => audience,
            Some(Value::Array(list)) => match list.as_slice() {
                [Value::String(audience)] => audience,
                [_, _, ..] => return Err(IdTokenError::Audiences { found: list.len() }),
                _ => return Err(wrong()),
            },
            Some(_) => return Err(wrong()),
        };
        if !expected.contains(found) {
            return Err(IdTokenError::Audience {
                expected: expected.to_vec(),
                found: json::shown(found),
            });
        }
        Ok(found.clone())
    }
}

/// [`ReceivedToken::parse`] and [`check`](ReceivedToken::check) in one, where the issuer is known beforehand.
///
/// # Errors
/// The first rule that does not hold.
pub fn check(
    token: &str,
    keys: &KeySet,
    rules: &Rules<'_>,
    now: Timestamp,
) -> Result<IdToken, IdTokenError> {
    ReceivedToken::parse(token)?.check(keys, rules, now)
}

/// A token whose claims are proved: only [`ReceivedToken::check`] makes one.
#[derive(Clone, Debug)]
pub struct IdToken {
    issuer: String,
    subject: String,
    audience: String,
    times: Times,
    id: Option<String>,
    claims: Map<String, Value>,
}

impl IdToken {
    /// Who vouches (`iss`).
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// About whom (`sub`).
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// For whom (`aud`).
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Since when (`iat`).
    pub fn issued_at(&self) -> Timestamp {
        self.times.issued
    }

    /// Until when (`exp`). It is accepted for 30 seconds longer.
    pub fn expires_at(&self) -> Timestamp {
        self.times.expires
    }

    /// What tells it from others (`jti`).
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Every claim, as it stands.
    pub fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// A claim that is text; none where it is absent, empty or of another type.
    pub fn text(&self, claim: &str) -> Option<&str> {
        text(&self.claims, claim).filter(|text| !text.is_empty())
    }
}

#[derive(Clone, Copy, Debug)]
struct Times {
    issued: Timestamp,
    expires: Timestamp,
    not_before: Option<Timestamp>,
}

impl Times {
    fn read(claims: &Map<String, Value>) -> Result<Self, IdTokenError> {
        let required = |claim| time(claims, claim)?.ok_or(IdTokenError::Missing { claim });
        Ok(Self {
            expires: required("exp")?,
            issued: required("iat")?,
            not_before: time(claims, "nbf")?,
        })
    }

    fn check(&self, now: Timestamp) -> Result<(), IdTokenError> {
        // The latest time a token could name plus the leeway is beyond what can be said; it has not come.
        let has_passed = |time: Timestamp| time.checked_add(LEEWAY).is_ok_and(|until| until <= now);
        let is_to_come = |time: Timestamp| now.checked_add(LEEWAY).is_ok_and(|until| until < time);
        if has_passed(self.expires) {
            return Err(IdTokenError::Expired { at: self.expires });
        }
        if is_to_come(self.issued) {
            return Err(IdTokenError::IssuedInFuture { at: self.issued });
        }
        match self.not_before {
            Some(at) if is_to_come(at) => Err(IdTokenError::NotYetValid { at }),
            _ => Ok(()),
        }
    }
}

/// A part of a token, decoded: base64url without padding (RFC 7515 §2).
fn part(text: &str) -> Result<Vec<u8>, IdTokenError> {
    if text.is_empty() {
        return Err(IdTokenError::Form);
    }
    let decoded = URL_SAFE_NO_PAD.decode_to_vec(text);
    decoded.map_err(|_says_no_more| IdTokenError::Form)
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Option<json::JsonError>> {
    match json::read(bytes, MAX_TOKEN_BYTES) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(None),
        Err(error) => Err(Some(error)),
    }
}

fn text<'c>(fields: &'c Map<String, Value>, key: &str) -> Option<&'c str> {
    fields.get(key).and_then(Value::as_str)
}

/// A claim of text, if it is there.
fn optional_text<'c>(
    claims: &'c Map<String, Value>,
    claim: &'static str,
) -> Result<Option<&'c str>, IdTokenError> {
    match claims.get(claim) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err(IdTokenError::ClaimType {
            claim,
            expected: "text that is not empty",
        }),
    }
}

fn required_text<'c>(
    claims: &'c Map<String, Value>,
    claim: &'static str,
) -> Result<&'c str, IdTokenError> {
    optional_text(claims, claim)?.ok_or(IdTokenError::Missing { claim })
}

/// A time in seconds since 1970 (RFC 7519 §2, NumericDate); some issuers write fractions.
fn time(
    claims: &Map<String, Value>,
    claim: &'static str,
) -> Result<Option<Timestamp>, IdTokenError> {
    let wrong = || IdTokenError::ClaimType {
        claim,
        expected: "a time in seconds since 1970",
    };
    let seconds = match claims.get(claim) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_i64().or_else(|| whole_seconds(value.as_f64()?)),
    };
    let time = Timestamp::from_second(seconds.ok_or_else(wrong)?);
    time.map(Some).map_err(|_out_of_range| wrong())
}

fn whole_seconds(seconds: f64) -> Option<i64> {
    /// Beyond this, doubles are no longer whole numbers apart.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let within = seconds.is_finite() && seconds.abs() < EXACT;
    #[expect(clippy::cast_possible_truncation, reason = "within what both can say")]
    within.then_some(seconds.floor() as i64)
}

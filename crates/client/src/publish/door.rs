//! Where an index exchanges identities for tokens: as it says itself (PEP 807), else at its host's root, where PyPI's clients
//! ask.

mod error;
mod read;

use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use touchplate_attest::read_strict_json;
use url::Url;

pub use error::{DoorError, MintError, Said};

use super::access::Lease;
use super::credentials::Credential;
use crate::fetch::{Agent, Answer, Question};
use crate::identity::IdentityToken;

/// The longest answer that is read. A token has some hundred bytes; a refusal tells claims.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// What a token lives if the index does not say (PEP 807).
const ASSUMED_SECONDS: i64 = 900;

/// PEP 807's media type.
const PYTP: &str = "application/vnd.pypi.pytp.v1+json";

/// PEP 807's names for tokens.
const SINGLE: &str = "single-use-token";
const MULTI: &str = "multi-use-token";

/// All but letters, digits and four signs (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where an index exchanges identities for tokens, and for whom an identity must be.
#[derive(Clone, Debug)]
pub struct Door {
    audience: String,
    mint: Url,
    uses: Uses,
    discovered: Option<Value>,
}

/// For how many uploads a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Uses {
    /// For many, which nobody has to ask for.
    Many,
    /// For many, if that is asked for.
    ManyIfAsked,
    /// For one.
    One,
}

impl Door {
    /// Asks an index, by its upload URL. `None`: it has no trusted publishing.
    ///
    /// # Errors
    /// See [`DoorError`].
    pub fn find(agent: &Agent, upload: &Url) -> Result<Option<Self>, DoorError> {
        let discovered = read::discovery(agent, upload)?;
        let Some(discovered) = discovered else {
            return Self::at_root(agent, upload);
        };
        let endpoint = |key: &'static str| read::endpoint(upload, &discovered, key);
        let (asked, mint) = (
            endpoint("audience-endpoint")?,
            endpoint("token-mint-endpoint")?,
        );
        let uses = read::uses(&discovered)?;
        let audience = read::audience(agent, &asked)?;
        let audience = audience.ok_or(DoorError::NoAudience { url: asked })?;
        Ok(Some(Self {
            audience,
            mint,
            uses,
            discovered: Some(Value::Object(discovered)),
        }))
    }

    fn at_root(agent: &Agent, upload: &Url) -> Result<Option<Self>, DoorError> {
        let asked = at_root(upload, "/_/oidc/audience");
        let Some(audience) = read::audience(agent, &asked)? else {
            return Ok(None);
        };
        Ok(Some(Self {
            audience,
            mint: at_root(upload, "/_/oidc/mint-token"),
            uses: Uses::Many,
            discovered: None,
        }))
    }

    /// For whom an ID token must be.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Where tokens are minted.
    pub fn mint_url(&self) -> &Url {
        &self.mint
    }

    /// What the index says of itself by PEP 807, if it does: a later key of it may be of use to others.
    pub fn discovered(&self) -> Option<&Value> {
        self.discovered.as_ref()
    }

    /// Whether each upload needs a token of its own.
    pub fn is_single_use(&self) -> bool {
        self.uses == Uses::One
    }

    /// Exchanges an ID token. It is asked once: a second time the same ID token is a used one.
    ///
    /// # Errors
    /// See [`MintError`].
    pub fn mint(
        &self,
        agent: &Agent,
        token: &IdentityToken,
        now: Timestamp,
    ) -> Result<Lease, MintError> {
        let mut body = json!({"token": token.secret()});
        match self.uses {
            Uses::Many => {}
            Uses::ManyIfAsked => body["features"] = json!([MULTI]),
            Uses::One => body["features"] = json!([SINGLE]),
        }
        let body = body.to_string();
        let question = Question::post(&self.mint, "application/json", body.as_bytes());
        let answer = agent
            .ask_service(&question, MAX_ANSWER_BYTES)
            .map_err(MintError::Fetch)?;
        if answer.status != 200 {
            return Err(self.refused(token, &answer, now));
        }
        let document = json_of(&answer).ok_or_else(|| self.not_a_token())?;
        let minted = document.get("token").and_then(Value::as_str);
        let minted = minted.filter(|text| is_printable(text));
        let minted = minted.ok_or_else(|| self.not_a_token())?;
        let says = document.get("expires").and_then(Value::as_i64);
        let says = says.and_then(|seconds| Timestamp::from_second(seconds).ok());
        // By its clock, which may not be ours; what counts is how long from now.
        let left = says.map(|at| at.duration_since(answer.date.unwrap_or(now)));
        let left = left.unwrap_or(SignedDuration::from_secs(ASSUMED_SECONDS));
        let origin = format!("trusted publishing, by {}", self.mint);
        Ok(Lease {
            credential: Credential::token(minted, &origin),
            begins: now,
            ends: now.checked_add(left).unwrap_or(now),
        })
    }

    fn not_a_token(&self) -> MintError {
        MintError::Answer {
            url: self.mint.clone(),
        }
    }

    fn refused(&self, token: &IdentityToken, answer: &Answer, now: Timestamp) -> MintError {
        MintError::Refused {
            url: self.mint.clone(),
            status: answer.status,
            said: read::said(answer),
            audience: self.audience.clone(),
            found: token.audiences().iter().map(|&it| it.to_owned()).collect(),
            clock_off: answer.date.map(|theirs| now.duration_since(theirs)),
        }
    }
}

/// A path of the host, whatever the upload URL's own is.
fn at_root(upload: &Url, path: &str) -> Url {
    let mut url = upload.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(path);
    url
}

/// The upload URL's path, as PEP 807 wants it: all of it encoded.
fn discovery_url(upload: &Url) -> Url {
    let mut url = at_root(upload, "/.well-known/pytp");
    let key = utf8_percent_encode(upload.path(), RESERVED);
    url.set_query(Some(&format!("discover={key}")));
    url
}

fn json_of(answer: &Answer) -> Option<Value> {
    read_strict_json(&answer.bytes, MAX_ANSWER_BYTES).ok()
}

/// A token goes into a header.
fn is_printable(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic())
}

//! What entries of Rekor v1 are found by, and the questions that name it.

use serde::Deserialize;
use touchplate_attest::{Sha256, read_strict_json};

use super::encoding::base64;
use super::verifier::{Verifier, VerifierError};

/// The longest question: one key in PEM, in base64, with an address and a digest.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;

/// Something that entries can be found by: the hash of what Rekor indexes them under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SearchKey(pub [u8; 32]);

impl SearchKey {
    /// Rekor's index knows no difference between upper and lower case.
    fn of(text: &str) -> Self {
        Self(*Sha256::of(text.to_lowercase().as_bytes()).as_bytes())
    }

    /// A name in the signer's certificate.
    pub(super) fn name(name: &str) -> Self {
        Self::of(name)
    }

    /// A digest of what was signed, or of what it speaks about.
    pub(super) fn digest(algorithm: &str, hex: &str) -> Self {
        Self::of(&format!("{algorithm}:{hex}"))
    }

    /// A certificate or key, by the PEM in which the log keeps it.
    pub(super) fn verifier(pem: &str) -> Self {
        Self::of(&Sha256::of(pem.as_bytes()).to_string())
    }
}

/// A question to `index/retrieve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// What is looked for; at least one thing.
    pub keys: Vec<SearchKey>,
    /// Whether an entry must be found under every key. Otherwise under one.
    pub all: bool,
}

/// Why a question is not understood.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// No JSON that is read here.
    #[error("the query is not valid JSON")]
    Json(#[from] touchplate_attest::JsonError),
    /// Other members than a query has.
    #[error("the query has another form than Rekor's SearchIndex")]
    Form(#[source] serde_json::Error),
    /// It asks for nothing.
    #[error("expected one of email, publicKey and hash in the query")]
    Empty,
    /// A digest of another kind or length.
    #[error("expected a hash as sha256, sha384, sha512 or sha1, a colon and hex, found {found:?}")]
    Hash {
        /// What stands there, shortened.
        found: String,
    },
    /// Keys of other kinds are in no entry of this log.
    #[error("the PKI format requested is not supported by this server: expected x509")]
    KeyFormat,
    /// The key is not there, or only its address: this log fetches nothing.
    #[error("expected the public key itself, in base64 of PEM")]
    KeyContent,
    /// The key cannot be read.
    #[error("public key provided could not be parsed")]
    Key(#[from] VerifierError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Asked {
    email: Option<String>,
    public_key: Option<AskedKey>,
    hash: Option<String>,
    #[serde(default)]
    operator: Operator,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedKey {
    format: String,
    content: Option<String>,
    // Read so that its presence is told from an unknown member; never fetched.
    #[serde(rename = "url")]
    _url: Option<String>,
}

/// Rekor's clients send it always; a query without it asks for either.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Operator {
    And,
    #[default]
    Or,
}

impl Query {
    /// Reads the body of a request to `index/retrieve`.
    pub fn parse(json: &[u8]) -> Result<Self, QueryError> {
        let value = read_strict_json(json, MAX_QUERY_BYTES)?;
        let asked: Asked = serde_json::from_value(value).map_err(QueryError::Form)?;
        let mut keys = Vec::new();
        if let Some(hash) = asked.hash.filter(|hash| !hash.is_empty()) {
            keys.push(digest(&hash)?);
        }
        if let Some(key) = asked.public_key {
            keys.push(verifier(&key)?);
        }
        if let Some(email) = asked.email.filter(|email| !email.is_empty()) {
            keys.push(SearchKey::name(&email));
        }
        if keys.is_empty() {
            return Err(QueryError::Empty);
        }
        Ok(Self {
            keys,
            all: matches!(asked.operator, Operator::And),
        })
    }
}

/// Without a prefix it is told by its length, as Rekor does.
fn digest(given: &str) -> Result<SearchKey, QueryError> {
    let wrong = || QueryError::Hash {
        found: given.chars().take(160).collect(),
    };
    let by_length = match given.len() {
        40 => "sha1",
        64 => "sha256",
        96 => "sha384",
        128 => "sha512",
        _ => "",
    };
    let (algorithm, hex) = given.split_once(':').unwrap_or((by_length, given));
    let length = match algorithm {
        "sha1" => 40,
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return Err(wrong()),
    };
    let right = hex.len() == length && hex.bytes().all(|octet| octet.is_ascii_hexdigit());
    right
        .then(|| SearchKey::digest(algorithm, hex))
        .ok_or_else(wrong)
}

fn verifier(asked: &AskedKey) -> Result<SearchKey, QueryError> {
    if asked.format != "x509" {
        return Err(QueryError::KeyFormat);
    }
    let content = asked.content.as_deref().and_then(base64);
    let verifier = Verifier::from_pem(&content.ok_or(QueryError::KeyContent)?)?;
    Ok(SearchKey::verifier(&verifier.to_pem()?))
}

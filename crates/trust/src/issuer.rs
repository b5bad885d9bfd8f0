//! An identity provider in memory, for `demo` and for tests: a key pair, its key set, and tokens with any claims.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use der::Decode as _;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use pkcs8::PrivateKeyInfo;
use serde_json::{Map, Value, json};
use touchplate_attest::id_token::TokenAlgorithm;

/// As long as GitHub's are valid.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// An identity provider whose key ends with it.
pub struct LocalIssuer {
    url: String,
    key_id: String,
    algorithm: Algorithm,
    key: EncodingKey,
    public: Jwk,
}

/// Why a provider or a token could not be made.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// The system has no randomness.
    #[error("a key could not be made")]
    Crypto(#[from] Unspecified),
    /// The key has no PKCS #1.
    #[error("a key could not be encoded")]
    Encoding(#[from] der::Error),
    /// The token or the key set.
    #[error("a token could not be made")]
    Token(#[from] jsonwebtoken::errors::Error),
    /// JSON.
    #[error("a token could not be written")]
    Json(#[from] serde_json::Error),
}

impl LocalIssuer {
    /// A provider with the issuer URL `url` and a new key named `key_id`.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new(url: &str, key_id: &str, algorithm: TokenAlgorithm) -> Result<Self, IssuerError> {
        let (algorithm, key) = generate(algorithm)?;
        let mut public = Jwk::from_encoding_key(&key, algorithm)?;
        public.common.key_id = Some(key_id.to_owned());
        Ok(Self {
            url: url.to_owned(),
            key_id: key_id.to_owned(),
            algorithm,
            key,
            public,
        })
    }

    /// The issuer URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The key set that it publishes, JSON.
    ///
    /// # Errors
    /// Never for keys that [`new`](Self::new) made.
    pub fn key_set(&self) -> Result<Vec<u8>, IssuerError> {
        let set = JwkSet {
            keys: vec![self.public.clone()],
        };
        Ok(serde_json::to_vec(&set)?)
    }

    /// A token about `subject` for `audience`, issued `now`, with further `claims`; one of them that is null is left out.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn token(
        &self,
        subject: &str,
        audience: &str,
        claims: Value,
        now: Timestamp,
    ) -> Result<String, IssuerError> {
        let issued = now.as_second();
        let mut all = json!({
            "iss": self.url,
            "sub": subject,
            "aud": audience,
            "iat": issued,
            "nbf": issued,
            "exp": issued.saturating_add(LIFETIME.as_secs()),
        });
        if let (Value::Object(all), Value::Object(claims)) = (&mut all, claims) {
            all.extend(claims);
            all.retain(|_, value| !value.is_null());
        }
        self.signed(&all)
    }

    /// A token with exactly these claims.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn signed(&self, claims: &Value) -> Result<String, IssuerError> {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.key_id.clone());
        Ok(jsonwebtoken::encode(&header, claims, &self.key)?)
    }
}

fn generate(algorithm: TokenAlgorithm) -> Result<(Algorithm, EncodingKey), IssuerError> {
    let rsa = || -> Result<EncodingKey, IssuerError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der()?;
        let inner = PrivateKeyInfo::from_der(pkcs8.as_ref())?;
        Ok(EncodingKey::from_rsa_der(inner.private_key))
    };
    Ok(match algorithm {
        TokenAlgorithm::RS256 => (Algorithm::RS256, rsa()?),
        TokenAlgorithm::PS256 => (Algorithm::PS256, rsa()?),
        TokenAlgorithm::ES256 => {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
            let key = pair.to_pkcs8v1()?;
            (Algorithm::ES256, EncodingKey::from_ec_der(key.as_ref()))
        }
        TokenAlgorithm::EdDSA => {
            let key = Ed25519KeyPair::generate()?.to_pkcs8v1()?;
            (Algorithm::EdDSA, EncodingKey::from_ed_der(key.as_ref()))
        }
    })
}

/// What GitHub says of a job of `owner/repository` that runs `workflow` at `git_ref`, as its tokens have it.
pub fn github_claims(repository: &str, workflow: &str, git_ref: &str) -> Value {
    const COMMIT: &str = "5d1c5a6f8a0e4f6b9c3d2e1f0a9b8c7d6e5f4a3b";
    let owner = repository.split('/').next().unwrap_or_default();
    let file = format!("{repository}/.github/workflows/{workflow}@{git_ref}");
    let claims = [
        ("repository", repository),
        ("repository_id", "123456"),
        ("repository_owner", owner),
        ("repository_owner_id", "654321"),
        ("repository_visibility", "public"),
        ("job_workflow_ref", &file),
        ("job_workflow_sha", COMMIT),
        ("workflow_ref", &file),
        ("workflow_sha", COMMIT),
        ("workflow", "Release"),
        ("event_name", "release"),
        ("ref", git_ref),
        ("sha", COMMIT),
        ("run_id", "1"),
        ("run_attempt", "1"),
        ("runner_environment", "github-hosted"),
    ];
    let claims = claims.map(|(name, value)| (name.to_owned(), Value::from(value)));
    Value::Object(Map::from_iter(claims))
}

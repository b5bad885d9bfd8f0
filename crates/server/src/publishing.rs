//! Trusted publishing at the door: whose ID tokens are taken, and for whom they must be.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use touchplate_attest::TokenClaims;
use touchplate_attest::id_token::{IdTokenError, ReceivedToken};
use touchplate_client::fetch::InvalidProxy;
use touchplate_index::trusted_publishing::{IdTokenUse, Presented};

use crate::config::{Audience, Config, PublicUrl};
use crate::outbound::{Issuers, IssuersError, Outbound, TokenRefused};

/// Whose ID tokens are taken, and for whom they must be.
#[derive(Debug)]
pub struct Publishing {
    audience: [String; 1],
    issuers: Arc<Issuers>,
}

/// Why trusted publishing is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum PublishingError {
    /// The list of issuers.
    #[error(transparent)]
    Issuers(#[from] IssuersError),
    /// A proxy.
    #[error(transparent)]
    Proxy(#[from] InvalidProxy),
}

/// Why an ID token is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    /// It cannot be read as one.
    #[error("malformed JWT")]
    Malformed(#[source] IdTokenError),
    /// Nobody whom the operator lists.
    #[error("unknown trusted publishing issuer")]
    UnknownIssuer(#[source] TokenRefused),
    /// A rule does not hold.
    #[error("malformed or invalid token")]
    Invalid(#[source] TokenRefused),
}

/// Public providers, whose tokens are taken where the operator has no list: a publisher's token still needs a publisher.
const PUBLIC: &str = r#"
[[issuer]]
issuer = "https://token.actions.githubusercontent.com"
kind = "github"

[[issuer]]
issuer = "https://gitlab.com"
kind = "gitlab"

[[issuer]]
issuer = "https://accounts.google.com"
kind = "email"

[[issuer]]
issuer = "https://agent.buildkite.com"
kind = "buildkite"

[[issuer]]
issuer = "https://platform.activestate.com/api/v1/oauth/oidc"
kind = "generic"
"#;

impl Publishing {
    /// As a configuration has it; none where it wants none.
    ///
    /// # Errors
    /// When the list of issuers is not usable.
    pub fn open(config: &Config, url: &PublicUrl) -> Result<Option<Self>, PublishingError> {
        if !config.trusted_publishing {
            return Ok(None);
        }
        let audience = config.oidc_audience.clone();
        let audience = audience.unwrap_or_else(|| Audience::of(url));
        let outbound = Outbound::from_environment(&|name| std::env::var(name).ok())?;
        let named = config.trust_issuers.clone();
        let path: PathBuf = named.unwrap_or_else(|| config.data.join("trust").join("issuers.toml"));
        let listed = if config.trust_issuers.is_some() || path.exists() {
            Issuers::load(&path, &outbound)?
        } else {
            Issuers::default()
        };
        // A private stack's list begins empty: nobody gets certificates until somebody is listed.
        let nobody = listed.all().next().is_none();
        let issuers = if nobody {
            Issuers::parse(PUBLIC, &path, &outbound)?
        } else {
            listed
        };
        Ok(Some(Self::new(audience.as_str(), Arc::new(issuers))))
    }

    /// For this audience, from these issuers.
    pub fn new(audience: &str, issuers: Arc<Issuers>) -> Self {
        Self {
            audience: [audience.to_owned()],
            issuers,
        }
    }

    /// For whom ID tokens must be.
    pub fn audience(&self) -> &str {
        let [audience] = &self.audience;
        audience
    }

    /// Checks an ID token: who issued it, signature, times, audience.
    pub(crate) async fn check(&self, token: &str, now: Timestamp) -> Result<Presented, NotTaken> {
        let received = ReceivedToken::parse(token).map_err(unread)?;
        let issuer = self
            .issuers
            .of(&received)
            .map_err(NotTaken::UnknownIssuer)?;
        let proven = issuer.prove(received, &self.audience, now).await;
        let proven = proven.map_err(NotTaken::Invalid)?;
        // What is signed: other spellings of the signature are the same token.
        let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
        Ok(Presented {
            used: IdTokenUse::new(proven.issuer(), proven.id(), signed, proven.expires_at()),
            claims: TokenClaims::new(proven.issuer(), proven.claims().clone()),
        })
    }
}

/// What PyPI calls a malformed token, and what it finds out when it checks one.
fn unread(error: IdTokenError) -> NotTaken {
    match error {
        IdTokenError::Unsigned
        | IdTokenError::NoAlgorithm
        | IdTokenError::UnknownAlgorithm(_)
        | IdTokenError::NoKeyId
        | IdTokenError::Critical => NotTaken::Invalid(error.into()),
        other => NotTaken::Malformed(other),
    }
}

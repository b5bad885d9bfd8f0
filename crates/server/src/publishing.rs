//! Trusted publishing at the door: whose ID tokens are taken, and for whom they must be.

use std::sync::Arc;

use jiff::Timestamp;
use touchplate_attest::TokenClaims;
use touchplate_attest::id_token::{IdTokenError, ReceivedToken};
use touchplate_client::fetch::InvalidProxy;
use touchplate_index::trusted_publishing::{IdTokenUse, Presented};

use crate::config::{Audience, Config, Provider, PublicUrl};
use crate::outbound::{InForce, Issuer, Issuers, IssuersError, Outbound, TokenRefused};
use crate::trust::issuers_path;

/// Whose ID tokens are taken, and for whom they must be.
#[derive(Debug)]
pub struct Publishing {
    audience: [String; 1],
    issuers: InForce,
    /// Those whose tokens are not exchanged, listed or not.
    except: Vec<Provider>,
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
    /// Turned off by a URL that is nobody's: whom did the operator mean?
    #[error(
        "`trusted_publishing_except` names the issuer {issuer}, and the list of issuers has none of this URL"
    )]
    NotListed {
        /// As it is named.
        issuer: String,
    },
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
    /// The operator turned its provider off.
    #[error(
        "{provider} trusted publishing functionality not enabled: tokens of {issuer} are not exchanged here"
    )]
    Off {
        /// What kind of provider it is.
        provider: &'static str,
        /// Which.
        issuer: String,
    },
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
kind = "google"

[[issuer]]
issuer = "https://agent.buildkite.com"
kind = "buildkite"

[[issuer]]
issuer = "https://platform.activestate.com/api/v1/oauth/oidc"
kind = "activestate"
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
        Ok(Some(Self {
            audience: [audience.as_str().to_owned()],
            issuers: InForce::new(Arc::new(Self::issuers(config)?)),
            except: config.trusted_publishing_except.clone(),
        }))
    }

    /// Those whose tokens are taken, as the operator lists them now.
    ///
    /// # Errors
    /// When the list is not usable.
    pub(crate) fn issuers(config: &Config) -> Result<Issuers, PublishingError> {
        let outbound = Outbound::from_environment(&|name| std::env::var(name).ok())?;
        let path = issuers_path(config);
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
        for provider in &config.trusted_publishing_except {
            check_listed(provider, &issuers)?;
        }
        Ok(issuers)
    }

    /// Takes the tokens of these from now on.
    pub(crate) fn believe(&self, issuers: Arc<Issuers>) {
        self.issuers.replace(issuers);
    }

    /// For whom ID tokens must be.
    pub fn audience(&self) -> &str {
        let [audience] = &self.audience;
        audience
    }

    /// Whether the operator lets this issuer's tokens be exchanged: asked before its keys are.
    fn check_on(&self, issuer: &Issuer) -> Result<(), NotTaken> {
        let kind = issuer.policy().kind;
        let named = |provider: &Provider| provider.is(kind, issuer.url());
        if issuer.publishes() && !self.except.iter().any(named) {
            return Ok(());
        }
        Err(NotTaken::Off {
            provider: kind.as_str(),
            issuer: issuer.url().to_owned(),
        })
    }

    /// Checks an ID token: who issued it, signature, times, audience.
    pub(crate) async fn check(&self, token: &str, now: Timestamp) -> Result<Presented, NotTaken> {
        let received = ReceivedToken::parse(token).map_err(unread)?;
        let issuers = self.issuers.current();
        let issuer = issuers.of(&received).map_err(NotTaken::UnknownIssuer)?;
        self.check_on(issuer)?;
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

/// A kind may have no issuer, today; a URL that nobody has is misspelt, and who was meant would stay on.
fn check_listed(provider: &Provider, issuers: &Issuers) -> Result<(), PublishingError> {
    match provider {
        Provider::Kind(_) => Ok(()),
        Provider::Issuer(url) if issuers.all().any(|issuer| issuer.url() == url) => Ok(()),
        Provider::Issuer(url) => Err(PublishingError::NotListed {
            issuer: url.clone(),
        }),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_off_an_issuer_that_nobody_is_stops_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::in_folder(folder.path());
        let url = "https://packages.example".parse().unwrap();
        for (except, opens) in [
            ("kubernetes", true),
            ("https://gitlab.com", true),
            ("https://gitlab.com/", false),
        ] {
            config.trusted_publishing_except = vec![except.parse().unwrap()];
            let opened = Publishing::open(&config, &url);
            assert_eq!(opened.is_ok(), opens, "{except}: {opened:?}");
        }
    }
}

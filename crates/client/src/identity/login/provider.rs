//! An identity provider, by its own description (OpenID Connect Discovery).

use serde_json::Value;
use touchplate_attest::read_strict_json;
use url::Url;

use super::error::LoginError;
use crate::fetch::{Agent, Question, is_loopback};

/// The longest description that is read. Real ones have 1 to 5 kB.
const MAX_DISCOVERY_BYTES: usize = 64 * 1024;

/// An identity provider that people can log in at.
#[derive(Clone, Debug)]
pub struct Provider {
    pub(super) issuer: String,
    pub(super) authorization: Url,
    pub(super) token: Url,
}

impl Provider {
    /// Asks a provider for its description.
    ///
    /// # Errors
    /// When there is none, or it is another's, or names an address that gives up https.
    pub fn discover(agent: &Agent, issuer: &Url) -> Result<Self, LoginError> {
        secure(issuer)?;
        let mut url = issuer.clone();
        url.set_query(None);
        url.set_fragment(None);
        let path = issuer.path().trim_end_matches('/');
        url.set_path(&format!("{path}/.well-known/openid-configuration"));
        let answer = agent.ask_service(&Question::get(&url), MAX_DISCOVERY_BYTES)?;
        let useless = |why: String| LoginError::Discovery {
            issuer: issuer.to_string(),
            why,
        };
        if answer.status != 200 {
            return Err(useless(format!("{url} answered {}", answer.status)));
        }
        let document = read_strict_json(&answer.bytes, MAX_DISCOVERY_BYTES)
            .map_err(|error| useless(error.to_string()))?;
        let text = |key: &str| {
            let value = document.get(key).and_then(Value::as_str);
            value.ok_or_else(|| useless(format!("it has no `{key}`")))
        };
        let found = text("issuer")?;
        // A slash at the end is part of the name in the token, and not of what people type.
        if found.trim_end_matches('/') != issuer.as_str().trim_end_matches('/') {
            return Err(LoginError::OtherProvider {
                expected: issuer.to_string(),
                found: found.to_owned(),
            });
        }
        let address = |key: &str| {
            let text = text(key)?;
            let url: Url = text
                .parse()
                .map_err(|_| useless(format!("`{key}` is not a URL")))?;
            secure(&url)?;
            Ok::<Url, LoginError>(url)
        };
        Ok(Self {
            issuer: found.to_owned(),
            authorization: address("authorization_endpoint")?,
            token: address("token_endpoint")?,
        })
    }
}

/// A login goes over TLS, or stays on this machine.
fn secure(url: &Url) -> Result<(), LoginError> {
    if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)) {
        return Ok(());
    }
    Err(LoginError::ProviderUrl {
        found: url.to_string(),
    })
}

//! A person logs in, in a browser: OpenID Connect's authorization code flow with PKCE (RFC 7636, S256), as native programs
//! do it (RFC 8252): the provider sends the browser back to a port of this machine, or shows a code to be typed in.

mod callback;
mod error;
mod provider;

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use touchplate_attest::Sha256;
use url::Url;
use url::form_urlencoded::Serializer;

use super::token::{IdentityToken, MAX_TOKEN_BYTES};
use crate::fetch::{Agent, Question};
use callback::Callback;
pub use error::LoginError;
pub use provider::Provider;

/// As native programs without a port of their own have it: the provider shows the code.
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// As long as it takes to find the second factor.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How the answer comes back.
#[derive(Debug)]
enum Way {
    Loopback(Callback),
    OutOfBand,
}

/// A login that has begun: the person must open [`url`](Self::url).
pub struct Login<'l> {
    agent: &'l Agent,
    provider: &'l Provider,
    client: &'l str,
    way: Way,
    redirect: String,
    url: Url,
    state: String,
    nonce: String,
    verifier: String,
}

impl std::fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("provider", &self.provider)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl<'l> Login<'l> {
    /// Begins a login whose answer comes to a port of this machine.
    ///
    /// # Errors
    /// When no port is to be had.
    pub fn on_this_machine(
        agent: &'l Agent,
        provider: &'l Provider,
        client: &'l str,
    ) -> Result<Self, LoginError> {
        let callback = Callback::listen().map_err(LoginError::Port)?;
        let redirect = callback.url();
        Self::begin(agent, provider, client, Way::Loopback(callback), redirect)
    }

    /// Begins a login whose answer the person copies, for a machine that has no browser.
    ///
    /// # Errors
    /// When no random numbers are to be had.
    pub fn out_of_band(
        agent: &'l Agent,
        provider: &'l Provider,
        client: &'l str,
    ) -> Result<Self, LoginError> {
        let redirect = OUT_OF_BAND.to_owned();
        Self::begin(agent, provider, client, Way::OutOfBand, redirect)
    }

    fn begin(
        agent: &'l Agent,
        provider: &'l Provider,
        client: &'l str,
        way: Way,
        redirect: String,
    ) -> Result<Self, LoginError> {
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::of(verifier.as_bytes()).as_bytes());
        let mut url = provider.authorization.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", client)
            .append_pair("scope", "openid email")
            .append_pair("redirect_uri", &redirect)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(Self {
            agent,
            provider,
            client,
            way,
            redirect,
            url,
            state,
            nonce,
            verifier,
        })
    }

    /// Where the person logs in.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The token, once the person has logged in. `type_in` asks for the code that the provider shows; only a login out of
    /// band needs it.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub fn finish(
        self,
        type_in: impl FnOnce() -> Result<String, std::io::Error>,
    ) -> Result<IdentityToken, LoginError> {
        let code = match &self.way {
            Way::OutOfBand => type_in().map_err(LoginError::NoCode)?.trim().to_owned(),
            Way::Loopback(callback) => {
                let answer = callback.wait(PATIENCE)?;
                let expected = self.state.as_bytes();
                // Whoever else sends this browser here does not know it.
                verify_slices_are_equal(answer.state.as_bytes(), expected)
                    .map_err(|_| LoginError::State)?;
                answer.code
            }
        };
        if code.is_empty() {
            return Err(LoginError::NoCode(std::io::ErrorKind::UnexpectedEof.into()));
        }
        let token = self.exchange(&code)?;
        self.check(token)
    }

    /// The code for a token (RFC 6749 §4.1.3).
    fn exchange(&self, code: &str) -> Result<IdentityToken, LoginError> {
        let body = Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("client_id", self.client)
            .append_pair("code_verifier", &self.verifier)
            .finish();
        let url = &self.provider.token;
        let question = Question::post(url, "application/x-www-form-urlencoded", body.as_bytes());
        // An access token and a refresh token come with it.
        let answer = self.agent.ask_service(&question, 4 * MAX_TOKEN_BYTES)?;
        let document: Option<serde_json::Value> = serde_json::from_slice(&answer.bytes).ok();
        let text = |key: &str| Some(document.as_ref()?.get(key)?.as_str()?.to_owned());
        if answer.status != 200 {
            return Err(LoginError::Refused {
                status: answer.status,
                said: text("error_description")
                    .or_else(|| text("error"))
                    .unwrap_or_default(),
            });
        }
        let token = text("id_token").ok_or(LoginError::NoToken)?;
        Ok(IdentityToken::parse(&token)?)
    }

    /// OpenID Connect Core §3.1.3.7. The token came from the provider itself, over TLS: its signature is for the services
    /// that it is shown to.
    fn check(&self, token: IdentityToken) -> Result<IdentityToken, LoginError> {
        if token.issuer() != self.provider.issuer {
            return Err(LoginError::Issuer {
                expected: self.provider.issuer.clone(),
                found: token.issuer().to_owned(),
            });
        }
        if !token.audiences().contains(&self.client) {
            return Err(LoginError::Audience {
                expected: self.client.to_owned(),
            });
        }
        if token.claim("nonce") != Some(&self.nonce) {
            return Err(LoginError::Nonce);
        }
        Ok(token)
    }
}

/// 256 random bits as text: RFC 7636 §4.1 asks for 43 characters at least.
fn random() -> Result<String, LoginError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| LoginError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

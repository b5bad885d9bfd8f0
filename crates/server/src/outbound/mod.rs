//! What the server asks of others: identity providers, for the keys that their tokens are signed with.
//!
//! [`Issuers`] is the operator's list of them. A token is read by `attest::id_token`, its issuer found in the list, and
//! [`Issuer::prove`] checks it against keys that a [`KeySource`] keeps. Everything goes out through
//! `client::fetch`'s guarded agent.

mod discovery;
mod in_force;
mod issuers;
mod key_source;

use touchplate_client::fetch::{Credentials, Environment, InvalidProxy, Proxies, Settings};

pub use discovery::KeysError;
pub use in_force::InForce;
pub use issuers::{Issuer, Issuers, IssuersError, SIGSTORE, TokenRefused};
pub use key_source::KeySource;

/// How requests go out: through which proxies.
#[derive(Clone, Debug)]
pub struct Outbound {
    settings: Settings,
}

impl Outbound {
    /// As the environment says: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`. No credentials go along: key sets are
    /// public.
    ///
    /// # Errors
    /// When a variable names no proxy.
    pub fn from_environment(variable: Environment<'_>) -> Result<Self, InvalidProxy> {
        Ok(Self::through(Proxies::from_environment(variable)?))
    }

    /// Through these proxies.
    pub fn through(proxies: Proxies) -> Self {
        let user_agent = concat!("touchplate/", env!("CARGO_PKG_VERSION"));
        Self {
            settings: Settings {
                user_agent: user_agent.to_owned(),
                credentials: Credentials::default(),
                proxies,
            },
        }
    }
}

//! How much one caller may ask of the stack: by address before anything is looked at, by identity once it is proved.

use std::fmt;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::RETRY_AFTER;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use touchplate_trust::allowance::{AllowanceError, Allowances};

use super::TrustStack;
use crate::app::App;
use crate::observe::ClientAddress;
use crate::problem::Problem;

/// Certificates of one identity in a minute: some signers take one for each file, and a release has up to a few hundred.
pub const IDENTITY_LIMIT: NonZeroU32 = NonZeroU32::new(300).expect("300 is not 0");

/// Requests from one address in a minute: a company's builders may share one, and each signature asks three services.
pub const ADDRESS_LIMIT: NonZeroU32 = NonZeroU32::new(3000).expect("3000 is not 0");

/// After so many requests, callers that could ask freely again are forgotten: looking through them costs some
/// microseconds for each request so.
const FORGET_EVERY: usize = 1024;

/// How much one caller may ask.
pub struct Limits {
    addresses: Limiter<IpAddr>,
    identities: Limiter<String>,
    /// What all processes let through together; none where there is one.
    common: Option<Arc<dyn Allowances>>,
}

struct Limiter<K: Hash + Eq + Clone> {
    in_a_minute: NonZeroU32,
    limiter: RateLimiter<K, HashMapStateStore<K>, DefaultClock>,
    checks: AtomicUsize,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").finish_non_exhaustive()
    }
}

/// More than one caller may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many requests from one {who}; the header Retry-After says when to go on")]
pub(crate) struct TooMany {
    /// Counted by what.
    who: &'static str,
    /// In whole seconds, one at least.
    wait: Duration,
}

/// A caller may not go on, or nobody knows whether it may.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OverLimit {
    #[error(transparent)]
    TooMany(#[from] TooMany),
    #[error(transparent)]
    Uncounted(#[from] AllowanceError),
}

impl From<OverLimit> for Problem {
    fn from(error: OverLimit) -> Self {
        match error {
            OverLimit::TooMany(error) => error.into(),
            OverLimit::Uncounted(error) => Self::internal(&error),
        }
    }
}

impl From<TooMany> for Problem {
    fn from(error: TooMany) -> Self {
        let wait = HeaderValue::from(error.wait.as_secs());
        Self::client(StatusCode::TOO_MANY_REQUESTS, &error).with(RETRY_AFTER, wait)
    }
}

impl TooMany {
    fn after(who: &'static str, wait: Duration) -> Self {
        Self {
            who,
            wait: Duration::from_secs(wait.as_secs().saturating_add(1)),
        }
    }
}

impl Limits {
    /// So many in a minute, by identity and by address.
    pub fn new(identity: NonZeroU32, address: NonZeroU32) -> Self {
        Self {
            identities: Limiter::new(identity),
            addresses: Limiter::new(address),
            common: None,
        }
    }

    /// The same for all processes of a stack together.
    pub fn in_common(mut self, allowances: Arc<dyn Allowances>) -> Self {
        self.common = Some(allowances);
        self
    }

    /// One more certificate for an identity that is proved.
    pub(crate) async fn check_identity(&self, issuer: &str, name: &str) -> Result<(), OverLimit> {
        let key = format!("{issuer} {name}");
        self.check(&self.identities, &key, "identity").await
    }

    /// One more request from an address.
    pub(crate) async fn check_address(&self, address: IpAddr) -> Result<(), OverLimit> {
        self.check(&self.addresses, &network(address), "address")
            .await
    }

    async fn check<K: Hash + Eq + Clone + fmt::Display>(
        &self,
        own: &Limiter<K>,
        key: &K,
        who: &'static str,
    ) -> Result<(), OverLimit> {
        // What this process alone would not let through costs the database nothing.
        own.check(key, who)?;
        if let Some(common) = &self.common {
            let asks = format!("{who} {key}");
            if let Some(wait) = common.take(&asks, own.in_a_minute).await? {
                return Err(TooMany::after(who, wait).into());
            }
        }
        Ok(())
    }
}

/// Who has an IPv6 address has a network of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(in_a_minute: NonZeroU32) -> Self {
        Self {
            in_a_minute,
            limiter: RateLimiter::hashmap(Quota::per_minute(in_a_minute)),
            checks: AtomicUsize::new(1),
        }
    }

    fn check(&self, key: &K, who: &'static str) -> Result<(), TooMany> {
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if checks.is_multiple_of(FORGET_EVERY) {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|until| {
            TooMany::after(who, until.wait_time_from(DefaultClock::default().now()))
        })
    }
}

/// A request that its address may still make: the first thing that a handler of the stack asks for.
pub(crate) struct WithinLimits;

impl FromRequestParts<App> for WithinLimits {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let stack = TrustStack::from_request_parts(parts, app).await?;
        if let Some(ClientAddress(address)) = parts.extensions.get() {
            stack.limits.check_address(*address).await?;
        }
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn callers_are_counted_one_by_one_and_ipv6_by_network() {
        let three = NonZeroU32::new(3).unwrap();
        let limits = Limits::new(three, three);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for host in 1..=3 {
            let address = ip(&format!("2001:db8:1:2::{host}"));
            limits.check_address(address).await.unwrap();
        }
        let refused = limits.check_address(ip("2001:db8:1:2:ffff::")).await;
        assert_eq!(
            refused.unwrap_err().to_string(),
            "too many requests from one address; the header Retry-After says when to go on"
        );
        limits.check_address(ip("2001:db8:1:3::1")).await.unwrap();
        limits.check_address(ip("192.0.2.1")).await.unwrap();
        let me = |issuer| limits.check_identity(issuer, "me");
        for _ in 0..3 {
            me("https://a.example").await.unwrap();
        }
        assert!(me("https://a.example").await.is_err());
        me("https://b.example").await.unwrap();
    }
}

//! What an agent keeps to when others say where it goes: a server asks for what its issuers name, not its user.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use url::Url;

use super::error::FetchError;
use super::proxy::is_loopback;
use super::roots::Authorities;

/// Rules for addresses that somebody else chose. An agent with one asks over https alone (or on the loopback, if it may go
/// there), follows redirects within a host alone, and connects to no address that is not in reach, whatever a name
/// resolves to.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Where it may connect to. Through a proxy it is the proxy that decides.
    pub reach: Reach,
    /// Certificate authorities beside the system's.
    pub authorities: Authorities,
    /// For each document, from the first packet to the last.
    pub seconds: u64,
    /// How often it asks before it gives up.
    pub attempts: u32,
}

/// Which addresses are in reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those of the internet.
    Public,
    /// Also those of a private network (RFC 1918, RFC 4193, RFC 6598). Never link-local ones, where clouds answer with
    /// credentials.
    Private,
    /// This machine's own as well: for who configured an address of it.
    Loopback,
}

impl Guard {
    /// Only https, but for the loopback.
    pub(super) fn check(&self, url: &Url) -> Result<(), FetchError> {
        let is_own = is_loopback(url) && self.reach == Reach::Loopback;
        if url.scheme() == "https" || is_own {
            return Ok(());
        }
        Err(FetchError::Insecure { url: url.clone() })
    }

    /// Only to the same host.
    pub(super) fn check_redirect(&self, from: &Url, to: &Url) -> Result<(), FetchError> {
        let same =
            from.host() == to.host() && from.port_or_known_default() == to.port_or_known_default();
        if same {
            return Ok(());
        }
        Err(FetchError::OtherHost {
            url: from.clone(),
            to: to.clone(),
        })
    }
}

impl Reach {
    /// Whether one may connect there.
    pub(super) fn includes(self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match address {
            IpAddr::V4(address) => self.includes_v4(address),
            IpAddr::V6(address) => self.includes_v6(address),
        }
    }

    fn includes_v4(self, address: Ipv4Addr) -> bool {
        let [first, second, third, _] = address.octets();
        let is_shared = first == 100 && second & 0xc0 == 64; // RFC 6598
        let is_private = address.is_private() || is_shared;
        let is_special = first == 0
            || first >= 224 // multicast, reserved, broadcast
            || address.is_link_local()
            || address.is_documentation()
            || (first == 192 && second == 0 && third == 0) // RFC 6890
            || (first == 198 && second & 0xfe == 18); // RFC 2544
        if address.is_loopback() {
            self == Self::Loopback
        } else if is_private {
            self != Self::Public
        } else {
            !is_special
        }
    }

    fn includes_v6(self, address: Ipv6Addr) -> bool {
        let [first, second, ..] = address.segments();
        let is_translated = [first, second] == [0x64, 0xff9b]; // RFC 6052, an IPv4 address in its end
        let is_tunnel = first == 0x2002 || (first == 0x2001 && second == 0); // RFC 3056, RFC 4380
        let is_documentation = first == 0x2001 && second == 0xdb8;
        if address.is_loopback() {
            self == Self::Loopback
        } else if address.is_unique_local() {
            self != Self::Public
        } else if is_translated {
            let [.., a, b] = address.segments();
            let [[a, b], [c, d]] = [a.to_be_bytes(), b.to_be_bytes()];
            self.includes_v4(Ipv4Addr::new(a, b, c, d))
        } else {
            first & 0xe000 == 0x2000 && !is_tunnel && !is_documentation // RFC 4291 §2.4
        }
    }
}

/// No address of a name is in reach.
#[derive(Debug)]
pub(super) struct OutOfReach(pub(super) IpAddr);

impl fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is out of reach", self.0)
    }
}

impl std::error::Error for OutOfReach {}

/// Resolves names to addresses that are in reach: what is connected to is what was checked.
#[derive(Debug)]
pub(super) struct GuardedResolver {
    pub(super) reach: Reach,
    pub(super) inner: DefaultResolver,
}

impl Resolver for GuardedResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut within = self.empty();
        for address in found.iter().filter(|it| self.reach.includes(it.ip())) {
            within.push(*address);
        }
        match found.first() {
            Some(first) if within.is_empty() => Err(ureq::Error::Other(Box::new(OutOfReach(
                SocketAddr::ip(first),
            )))),
            _ => Ok(within),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_reach_depends_on_who_was_configured() {
        let includes = |reach: Reach, address: &str| reach.includes(address.parse().unwrap());
        for public in [
            "8.8.8.8",
            "2606:4700::1111",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
        ] {
            assert!(includes(Reach::Public, public), "{public}");
        }
        for private in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
        ] {
            assert!(!includes(Reach::Public, private), "{private}");
            assert!(includes(Reach::Private, private), "{private}");
        }
        for own in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"] {
            assert!(!includes(Reach::Private, own), "{own}");
            assert!(includes(Reach::Loopback, own), "{own}");
        }
        for never in [
            "169.254.169.254",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "192.0.0.8",
            "fe80::1",
            "ff02::1",
            "::",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!includes(Reach::Loopback, never), "{never}");
        }
    }
}

//! Addresses under which readers reach a host of ours.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::Uri;
use axum::http::uri::Authority;

/// `http://HOST[:PORT]` or `https://HOST[:PORT]`: no path, no query, no user, and no slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

/// A text that is no such address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected `https://HOST` or `http://HOST`, with a port or without, and no path, found `{given}`"
)]
pub struct InvalidUrl {
    /// What was given.
    pub given: String,
}

impl PublicUrl {
    /// Where a listener is reached from its own machine. One that listens everywhere is reached on the loopback.
    pub fn of_listener(address: SocketAddr, tls: bool) -> Self {
        let mut reached = address;
        if address.ip().is_unspecified() {
            reached.set_ip(match address.ip() {
                IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        let scheme = if tls { "https" } else { "http" };
        Self(format!("{scheme}://{reached}"))
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        self.0
            .split_once("://")
            .map_or(&self.0, |(_, authority)| authority)
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether PEP 740 lets provenance URLs begin with it: https, or the reader's own machine.
    pub fn is_secure(&self) -> bool {
        let Some(authority) = self.0.strip_prefix("http://") else {
            return true;
        };
        let host = match authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        let named = host == "localhost" || host.ends_with(".localhost");
        named || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidUrl;

    fn from_str(given: &str) -> Result<Self, InvalidUrl> {
        let invalid = || InvalidUrl {
            given: given.chars().take(200).collect(),
        };
        let uri: Uri = given.parse().map_err(|_| invalid())?;
        let scheme = uri
            .scheme_str()
            .filter(|scheme| matches!(*scheme, "http" | "https"))
            .ok_or_else(invalid)?;
        let authority = uri.authority().map(Authority::as_str).ok_or_else(invalid)?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if !bare
            || given.contains('#')
            || authority.contains('@')
            || uri.host().is_none_or(str::is_empty)
        {
            return Err(invalid());
        }
        Ok(Self(format!(
            "{scheme}://{}",
            authority.to_ascii_lowercase()
        )))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_and_host_are_an_address() {
        for (given, expected, secure) in [
            ("https://packages.example", "https://packages.example", true),
            (
                "HTTPS://Packages.Example:8443/",
                "https://packages.example:8443",
                true,
            ),
            ("http://packages.example", "http://packages.example", false),
            ("http://127.0.0.1:8740", "http://127.0.0.1:8740", true),
            ("http://[::1]:8740/", "http://[::1]:8740", true),
            ("http://localhost", "http://localhost", true),
            ("http://index.localhost:1", "http://index.localhost:1", true),
            (
                "http://localhost.example",
                "http://localhost.example",
                false,
            ),
            ("http://[2001:db8::1]", "http://[2001:db8::1]", false),
        ] {
            let url: PublicUrl = given.parse().unwrap();
            assert_eq!(
                (url.as_str(), url.is_secure()),
                (expected, secure),
                "{given}"
            );
        }
        for bad in [
            "",
            "packages.example",
            "ftp://x",
            "https://",
            "https://x/simple",
            "https://x?y",
            "https://x/#y",
            "https://u@x",
            "https://u:p@x",
            "https://:80",
            "https://x y",
        ] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
        let everywhere = PublicUrl::of_listener("0.0.0.0:80".parse().unwrap(), false);
        assert_eq!(everywhere.as_str(), "http://127.0.0.1:80");
    }
}

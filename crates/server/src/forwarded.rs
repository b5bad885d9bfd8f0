//! Who asks, where proxies stand before us: the last address that none of the operator's proxies has.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::header::FORWARDED;
use axum::http::{HeaderMap, HeaderName};

use crate::config::Network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header in which the operator's proxies say whom they speak for. One, not whichever is there: a proxy that writes one
/// of them passes the other on as the client sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, as nearly every proxy has it.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// A text that names neither.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `x-forwarded-for` or `forwarded`, found `{given}`")]
pub struct InvalidForwardedHeader {
    /// What was given, cut to 80 characters.
    pub given: String,
}

impl FromStr for ForwardedHeader {
    type Err = InvalidForwardedHeader;

    fn from_str(given: &str) -> Result<Self, InvalidForwardedHeader> {
        let all = [Self::XForwardedFor, Self::Forwarded];
        let named = all
            .into_iter()
            .find(|it| it.to_string().eq_ignore_ascii_case(given));
        named.ok_or_else(|| InvalidForwardedHeader {
            given: given.chars().take(80).collect(),
        })
    }
}

impl fmt::Display for ForwardedHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        })
    }
}

/// Who asks: behind a configured proxy, whom the proxy names; behind several, the last one that is no such proxy. What
/// cannot be read ends the search: whoever wrote it was no proxy of ours.
pub(crate) fn client(
    peer: IpAddr,
    headers: &HeaderMap,
    proxies: &[Network],
    header: ForwardedHeader,
) -> IpAddr {
    let is_proxy = |ip: &IpAddr| proxies.iter().any(|network| network.contains(*ip));
    let mut client = peer;
    if !is_proxy(&client) {
        return client;
    }
    let name = match header {
        ForwardedHeader::XForwardedFor => FORWARDED_FOR,
        ForwardedHeader::Forwarded => FORWARDED,
    };
    for value in headers.get_all(name).iter().rev() {
        let Ok(value) = value.to_str() else {
            return client;
        };
        for element in apart(value, ',').into_iter().rev() {
            let named = match header {
                ForwardedHeader::XForwardedFor => node(element.trim()),
                ForwardedHeader::Forwarded => speaks_for(element),
            };
            match named {
                Some(ip) if is_proxy(&client) => client = ip,
                _ => return client,
            }
        }
    }
    client
}

/// The node behind `for=` in one element of `Forwarded`.
fn speaks_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in apart(element, ';') {
        let Some((name, value)) = pair.split_once('=') else {
            // An empty pair is no pair.
            if pair.trim().is_empty() {
                continue;
            }
            return None;
        };
        if name.trim().eq_ignore_ascii_case("for") && found.replace(value.trim()).is_some() {
            return None;
        }
    }
    let value = found?;
    match value.strip_prefix('"') {
        None => node(value),
        // A node has nothing in it that would be written with a backslash.
        Some(quoted) => node(quoted.strip_suffix('"')?),
    }
}

/// An address, maybe with a port; in brackets if that is needed to tell it from one. Names that hide an address are none.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    if let Ok(ip) = text.parse() {
        return Some(ip);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    inside.parse().ok().filter(IpAddr::is_ipv6)
}

/// The parts between separators that stand in no quoted string.
fn apart(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        let separates = c == separator && !quoted;
        if escaped {
            escaped = false;
        } else if quoted && c == '\\' {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        }
        separates
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn asks(peer: &str, header: ForwardedHeader, values: &[&str]) -> String {
        let proxies: Vec<Network> = vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
            headers.append(FORWARDED, HeaderValue::from_str(value).unwrap());
        }
        client(peer.parse().unwrap(), &headers, &proxies, header).to_string()
    }

    #[test]
    fn forwarded_addresses_count_only_from_configured_proxies() {
        let header = ForwardedHeader::XForwardedFor;
        let two = &["6.6.6.6, 192.0.2.7", "10.1.1.1"];
        assert_eq!(asks("203.0.113.9", header, two), "203.0.113.9");
        // Each proxy vouches for the one before it; beyond the first that is none, anybody can have written it.
        assert_eq!(asks("::1", header, two), "192.0.2.7");
        for (given, expected) in [
            ("192.0.2.7:4711", "192.0.2.7"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[192.0.2.7]", "::1"),
            ("nonsense", "::1"),
            ("192.0.2.7, nonsense", "::1"),
            ("192.0.2.7,", "::1"),
            ("", "::1"),
            ("010.0.0.1", "::1"),
            ("10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.1, ::ffff:10.0.0.2", "::ffff:10.0.0.1"),
        ] {
            assert_eq!(asks("::1", header, &[given]), expected, "{given}");
        }
    }

    #[test]
    fn rfc_7239_is_read_with_its_quotes() {
        for (given, expected) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"),
            ("For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"),
            ("for=192.0.2.43, for=10.0.0.1", "192.0.2.43"),
            (
                "for=6.6.6.6, for=192.0.2.43;host=\"a,b;for=7.7.7.7\"",
                "192.0.2.43",
            ),
            ("for=\"192.0.2.43\"; ", "192.0.2.43"),
            ("host=\"\\\",for=6.6.6.6\";for=192.0.2.1", "192.0.2.1"),
            ("for=_hidden", "10.0.0.9"),
            ("for=unknown, for=10.0.0.1", "10.0.0.1"),
            ("for=192.0.2.1;for=192.0.2.2", "10.0.0.9"),
            ("192.0.2.1", "10.0.0.9"),
            ("for=\"192.0.2.1", "10.0.0.9"),
            ("proto=https", "10.0.0.9"),
        ] {
            let header = ForwardedHeader::Forwarded;
            assert_eq!(asks("10.0.0.9", header, &[given]), expected, "{given}");
        }
    }
}

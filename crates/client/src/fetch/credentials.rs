//! Who the caller is, to which server: credentials leave for the server that they are for, and for no other.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::{Origin, Url};

use super::netrc::Netrc;
use super::proxy::is_loopback;

/// Credentials by server: those that came in a URL for exactly that scheme, host and port, and a `.netrc` by host.
#[derive(Clone, Default)]
pub struct Credentials {
    given: Vec<(Origin, String)>,
    netrc: Netrc,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins = self
            .given
            .iter()
            .map(|(origin, _)| origin.ascii_serialization());
        f.debug_struct("Credentials")
            .field("given", &origins.collect::<Vec<_>>())
            .field("netrc", &self.netrc)
            .finish()
    }
}

/// A text that is no URL to fetch from. The message does not repeat it, since it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Not a URL at all.
    #[error("it is not a URL")]
    Syntax(#[source] url::ParseError),
    /// Another scheme, or no host.
    #[error("expected an http or https URL with a host")]
    Scheme,
}

/// Reads an http or https URL and takes the credentials out of it, for [`Credentials::give`].
///
/// # Errors
/// It is none.
pub fn parse_url(text: &str) -> Result<(Url, Option<String>), InvalidUrl> {
    let mut url = Url::parse(text.trim()).map_err(InvalidUrl::Syntax)?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(InvalidUrl::Scheme);
    }
    let decoded = |part: &str| percent_decode_str(part).collect::<Vec<u8>>();
    let bears = !url.username().is_empty() || url.password().is_some();
    let header = bears.then(|| {
        basic(
            &decoded(url.username()),
            &decoded(url.password().unwrap_or_default()),
        )
    });
    strip(&mut url);
    Ok((url, header))
}

/// Takes credentials out of a URL that others wrote: only the caller says who they are.
pub(super) fn strip(url: &mut Url) {
    // Both fail only for URLs that cannot have credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
}

/// A text without what stands between `//` and `@` in its URLs: it may be a password. For what is shown of texts that need be no URLs.
pub fn without_credentials(text: &str) -> String {
    let mut parts = text.split("://");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let authority = part.split(['/', ' ', '\\']).next().unwrap_or_default();
        let user = authority.rfind('@').map_or(0, |at| at + 1);
        shown.push_str("://");
        shown.push_str(part.get(user..).unwrap_or_default());
    }
    shown
}

fn basic(user: &[u8], password: &[u8]) -> String {
    format!("Basic {}", STANDARD.encode([user, b":", password].concat()))
}

impl Credentials {
    /// Those of a `.netrc`.
    pub fn new(netrc: Netrc) -> Self {
        Self {
            given: Vec::new(),
            netrc,
        }
    }

    /// Names a server that the caller means to talk to, with the credentials that [`parse_url`] found for it, if any. What
    /// was given for it before counts more than a URL without credentials.
    pub fn give(&mut self, url: &Url, header: Option<String>) {
        let known = self.given.iter().any(|(origin, _)| *origin == url.origin());
        let netrc = || {
            let (login, password) = self.netrc.of(url.host_str()?)?;
            Some(basic(login.as_bytes(), password.as_bytes())).filter(|_| !known)
        };
        if let Some(header) = header.or_else(netrc) {
            self.given.retain(|(origin, _)| *origin != url.origin());
            self.given.push((url.origin(), header));
        }
    }

    /// The `Authorization` header for a URL. To a server that the caller did not name, a `.netrc` speaks over https only.
    pub(super) fn of(&self, url: &Url) -> Option<String> {
        let given = self
            .given
            .iter()
            .find(|(origin, _)| *origin == url.origin());
        if let Some((_, header)) = given {
            return Some(header.clone());
        }
        if url.scheme() != "https" && !is_loopback(url) {
            return None;
        }
        let (login, password) = self.netrc.of(url.host_str()?)?;
        Some(basic(login.as_bytes(), password.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn passwords_in_urls_are_not_shown() {
        for (given, shown) in [
            (
                "-e git+https://u:p@h.example/x@1",
                "-e git+https://h.example/x@1",
            ),
            ("a https://u:p@h b http://q@i/x", "a https://h b http://i/x"),
            ("https://h.example/x@1", "https://h.example/x@1"),
            ("git+ssh://git@h.example/x", "git+ssh://h.example/x"),
            ("../beside", "../beside"),
            ("demo@1 ü", "demo@1 ü"),
        ] {
            assert_eq!(without_credentials(given), shown);
        }
    }

    #[test]
    fn a_url_gives_up_its_credentials() {
        let (url, header) = parse_url("https://us%40er:p%3Ass@a.example/simple/").unwrap();
        assert_eq!(url.as_str(), "https://a.example/simple/");
        assert_eq!(
            header.unwrap(),
            format!("Basic {}", STANDARD.encode("us@er:p:ss"))
        );
        assert_eq!(parse_url("https://a.example/").unwrap().1, None);
        assert_eq!(parse_url("file:///x").unwrap_err(), InvalidUrl::Scheme);
        assert!(parse_url("nowhere").is_err());
    }

    #[test]
    fn they_go_to_their_own_server_and_to_no_other() {
        let netrc = Netrc::parse("machine n.example login n password n");
        let mut credentials = Credentials::new(netrc);
        credentials.give(
            &url("https://a.example/simple/"),
            Some("Basic a".to_owned()),
        );
        assert_eq!(
            credentials.of(&url("https://a.example/x")).as_deref(),
            Some("Basic a")
        );
        for other in [
            "http://a.example/x",
            "https://a.example:8443/x",
            "https://b.a.example/x",
            "https://b.example/x",
            "http://n.example/",
        ] {
            assert_eq!(credentials.of(&url(other)), None, "{other}");
        }
        assert!(credentials.of(&url("https://n.example/")).is_some());
        // The caller names this one, so that it is their choice.
        credentials.give(&url("http://n.example/"), None);
        assert!(credentials.of(&url("http://n.example/y")).is_some());
        assert!(!format!("{credentials:?}").contains("Basic"));
    }
}

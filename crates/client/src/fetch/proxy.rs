//! Proxies, as the environment names them: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in lower or upper case.

use url::{Host, Url};

use super::Environment;

/// The proxies to go through.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<ureq::Proxy>,
    https: Option<ureq::Proxy>,
    except: Vec<Exception>,
}

/// A proxy that cannot be used. The message does not repeat it, since it may hold a password.
#[derive(Debug, thiserror::Error)]
#[error(
    "{variable} does not name a proxy; expected a URL such as http://proxy.example:3128 (http, https or socks5)"
)]
pub struct InvalidProxy {
    /// Where it was found.
    pub variable: String,
}

/// One item of `no_proxy`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    Everything,
    /// A host and those below it, perhaps at one port only.
    Host {
        host: String,
        port: Option<u16>,
    },
}

impl Proxies {
    /// Reads the environment.
    ///
    /// # Errors
    /// A variable that is set but does not name a proxy: going around it might be what it is there to prevent.
    pub fn from_environment(variable: Environment<'_>) -> Result<Self, InvalidProxy> {
        let except = either_case(variable, "no_proxy").map(|(_, list)| exceptions(&list));
        Ok(Self {
            http: named(variable, &["http_proxy", "all_proxy"])?,
            https: named(variable, &["https_proxy", "all_proxy"])?,
            except: except.unwrap_or_default(),
        })
    }

    /// The proxy for this URL. None for this machine's own addresses, which a proxy would take for its own.
    pub(super) fn of(&self, url: &Url) -> Option<&ureq::Proxy> {
        let proxy = match url.scheme() {
            "https" => self.https.as_ref(),
            _ => self.http.as_ref(),
        };
        proxy.filter(|_| !is_loopback(url) && !self.is_excepted(url))
    }

    fn is_excepted(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        self.except.iter().any(|exception| match exception {
            Exception::Everything => true,
            Exception::Host {
                host: excepted,
                port,
            } => {
                let below = host
                    .strip_suffix(excepted.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                below && port.is_none_or(|port| url.port_or_known_default() == Some(port))
            }
        })
    }
}

/// Whether the URL is of this very machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The lower-case spelling wins, as everywhere; an empty variable is as good as none.
fn either_case(variable: Environment<'_>, name: &str) -> Option<(String, String)> {
    [name.to_owned(), name.to_ascii_uppercase()]
        .into_iter()
        .find_map(|name| {
            let value = variable(&name).filter(|value| !value.is_empty())?;
            Some((name, value))
        })
}

fn named(variable: Environment<'_>, names: &[&str]) -> Result<Option<ureq::Proxy>, InvalidProxy> {
    let found = names.iter().find_map(|name| either_case(variable, name));
    found
        .map(|(variable, value)| {
            ureq::Proxy::new(&value).map_err(|_says_no_more| InvalidProxy { variable })
        })
        .transpose()
}

fn exceptions(list: &str) -> Vec<Exception> {
    let items = list.split([',', ' ']).filter(|item| !item.is_empty());
    items
        .map(|item| {
            if item == "*" {
                return Exception::Everything;
            }
            let item = item.strip_prefix('*').unwrap_or(item);
            let item = item.strip_prefix('.').unwrap_or(item).to_ascii_lowercase();
            // An IPv6 address has colons of its own; with a port it stands in brackets, as in a URL.
            let split = match item.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                    port.parse().ok().map(|port| (host.to_owned(), port))
                }
                Some(_) | None => None,
            };
            match split {
                Some((host, port)) => Exception::Host {
                    host,
                    port: Some(port),
                },
                None if item.contains(':') && !item.starts_with('[') => Exception::Host {
                    host: format!("[{item}]"),
                    port: None,
                },
                None => Exception::Host {
                    host: item,
                    port: None,
                },
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Proxies::from_environment(&move |name| {
            let found = variables.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone())
        })
        .unwrap()
    }

    fn host(proxies: &Proxies, url: &str) -> Option<String> {
        proxies
            .of(&url.parse().unwrap())
            .map(|proxy| proxy.host().to_owned())
    }

    #[test]
    fn each_scheme_has_its_proxy_and_this_machine_none() {
        let proxies = proxies(&[
            ("HTTP_PROXY", "http://upper.example:1"),
            ("http_proxy", "http://plain.example:1"),
            ("https_proxy", ""),
            ("ALL_PROXY", "socks5://all.example:2"),
        ]);
        assert_eq!(
            host(&proxies, "http://a.example/").as_deref(),
            Some("plain.example")
        );
        assert_eq!(
            host(&proxies, "https://a.example/").as_deref(),
            Some("all.example")
        );
        for own in [
            "http://127.0.0.1:8740/",
            "https://localhost/",
            "http://[::1]/",
        ] {
            assert_eq!(host(&proxies, own), None, "{own}");
        }
    }

    #[test]
    fn exceptions_are_hosts_with_those_below_them() {
        let with =
            |list: &str| proxies(&[("https_proxy", "http://proxy.example"), ("NO_PROXY", list)]);
        let direct = |list: &str, url: &str| host(&with(list), url).is_none();
        assert!(direct("a.example, b.example", "https://b.example/"));
        assert!(direct("*.corp.example", "https://x.corp.example/"));
        assert!(direct(".corp.example", "https://corp.example/"));
        assert!(direct("corp.example:8443", "https://corp.example:8443/"));
        assert!(!direct("corp.example:8443", "https://corp.example/"));
        assert!(!direct("corp.example", "https://evilcorp.example/"));
        assert!(direct("2001:db8::1", "https://[2001:db8::1]/"));
        assert!(direct("*", "https://anything.example/"));
    }

    #[test]
    fn what_is_no_proxy_is_refused_without_being_repeated() {
        let error = Proxies::from_environment(&|name| {
            (name == "https_proxy").then(|| "gopher://user:secret@x".to_owned())
        })
        .unwrap_err()
        .to_string();
        assert!(error.starts_with("https_proxy does not name a proxy"));
        assert!(!error.contains("secret"));
    }
}

//! What an index has already, and what its last release was, asked over real sockets on loopback.

#[cfg(test)]
mod downgrade;
#[cfg(test)]
mod remote;
#[cfg(test)]
#[path = "../fetch/server.rs"]
mod server;

#[cfg(test)]
use touchplate_client::fetch::{Agent, Credentials, Proxies, Settings};

/// An agent that no environment speaks to.
#[cfg(test)]
fn agent() -> Agent {
    Agent::new(Settings {
        user_agent: "test".to_owned(),
        credentials: Credentials::default(),
        proxies: Proxies::default(),
    })
}

/// A page of PEP 691 with these entries.
#[cfg(test)]
fn page(version: &str, files: &[String]) -> Vec<u8> {
    let files = files.join(",");
    let body =
        format!(r#"{{"meta":{{"api-version":"{version}"}},"name":"demo","files":[{files}]}}"#);
    let json = ("content-type", "application/vnd.pypi.simple.v1+json");
    server::answer("200 OK", &[json], body.as_bytes())
}

/// One entry; `more` are further keys, each after a comma.
#[cfg(test)]
fn entry(filename: &str, contents: &str, more: &str) -> String {
    let sha256 = touchplate_packaging::Sha256::of(contents.as_bytes());
    format!(
        r#"{{"filename":"{filename}","url":"../../f/{filename}","hashes":{{"sha256":"{sha256}"}}{more}}}"#
    )
}

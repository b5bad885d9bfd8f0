//! Whose identity it is: a login, and the places where a command runs.

#[cfg(test)]
mod ambient;
#[cfg(test)]
mod login;
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

/// A token that says this, signed by nobody.
#[cfg(test)]
fn token(claims: &serde_json::Value) -> String {
    use base64::Engine as _;
    let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let header = part(r#"{"alg":"RS256","kid":"k"}"#);
    format!(
        "{header}.{}.{}",
        part(&claims.to_string()),
        part("signature")
    )
}

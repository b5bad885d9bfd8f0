//! Where an issuer's keys are (OpenID Connect Discovery §4), and the keys themselves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use touchplate_attest::id_token::{KeySet, KeySetError, MAX_KEY_SET_BYTES};
use touchplate_attest::{JsonError, read_strict_json};
use touchplate_client::fetch::{Agent, FetchError};
use url::Url;

/// Real ones have 1 to 3 kB.
const MAX_DISCOVERY_BYTES: usize = 64 << 10;

/// Of a text in a message.
const SHOWN_CHARS: usize = 160;

/// Why an issuer's keys are not to be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Its discovery document was not fetched.
    #[error("the discovery document could not be fetched")]
    Discovery(#[source] FetchError),
    /// It is no JSON.
    #[error("the discovery document is not readable")]
    DiscoveryJson(#[source] JsonError),
    /// It is of another issuer, which could be anybody's (OpenID Connect Discovery §4.3).
    #[error("the discovery document names another issuer: {found:?}")]
    OtherIssuer {
        /// What it says, shortened.
        found: String,
    },
    /// It names no key set.
    #[error("the discovery document does not say where the key set is (jwks_uri)")]
    NoKeySet,
    /// The key set was not fetched.
    #[error("the key set could not be fetched")]
    Fetch(#[source] FetchError),
    /// The key set is none.
    #[error("the key set is not usable")]
    KeySet(#[from] KeySetError),
    /// The key set's file.
    #[error("the key set's file could not be read")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The task that fetched it was stopped.
    #[error("the server is stopping")]
    Stopped,
}

/// Fetches the keys of `issuer`: its discovery document, then the key set that this names.
pub(super) async fn fetch(issuer: &str, agent: &Arc<Agent>) -> Result<KeySet, KeysError> {
    let (issuer, agent) = (issuer.to_owned(), agent.clone());
    // The agent blocks.
    let fetching = tokio::task::spawn_blocking(move || fetch_here(&issuer, &agent));
    fetching.await.map_err(|_stopped| KeysError::Stopped)?
}

fn fetch_here(issuer: &str, agent: &Agent) -> Result<KeySet, KeysError> {
    // §4.1: a slash at the issuer's end is left out.
    let base = issuer.trim_end_matches('/');
    let url = format!("{base}/.well-known/openid-configuration");
    let url: Url = url.parse().map_err(|_not_one| KeysError::NoKeySet)?;
    let document = agent.document(&url, "application/json", MAX_DISCOVERY_BYTES);
    let document = document.map_err(KeysError::Discovery)?;
    let keys = key_set_of(issuer, &document.bytes)?;
    let keys = agent.document(&keys, "application/json", MAX_KEY_SET_BYTES);
    Ok(KeySet::parse(&keys.map_err(KeysError::Fetch)?.bytes)?)
}

/// Where the document of `issuer` says that its keys are.
fn key_set_of(issuer: &str, document: &[u8]) -> Result<Url, KeysError> {
    let document = read_strict_json(document, MAX_DISCOVERY_BYTES);
    let document = document.map_err(KeysError::DiscoveryJson)?;
    let text = |key| document.get(key).and_then(Value::as_str);
    let found = text("issuer").unwrap_or_default();
    if found != issuer {
        return Err(KeysError::OtherIssuer {
            found: found.chars().take(SHOWN_CHARS).collect(),
        });
    }
    let url = text("jwks_uri").and_then(|url| url.parse::<Url>().ok());
    url.ok_or(KeysError::NoKeySet)
}

/// Reads a key set that somebody has put into a file.
pub(super) async fn read(path: &Path) -> Result<KeySet, KeysError> {
    use tokio::io::AsyncReadExt as _;
    let unreadable = |source| KeysError::File {
        path: path.to_owned(),
        source,
    };
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more than may be: the parser then says that it is too long.
    let most = u64::try_from(MAX_KEY_SET_BYTES).unwrap_or(u64::MAX);
    let mut file = file.take(most.saturating_add(1));
    file.read_to_end(&mut bytes).await.map_err(unreadable)?;
    Ok(KeySet::parse(&bytes)?)
}

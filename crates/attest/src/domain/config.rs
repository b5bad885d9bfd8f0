//! A domain's trust root from either of the two files in which Sigstore's instances hand it out.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::{self, JsonError};
use crate::root::{MAX_TRUST_ROOT_BYTES, TrustRoot, TrustRootError};

/// The longest file that is read: a root, and the signing configuration, which lists some URLs.
pub const MAX_TRUST_CONFIG_BYTES: usize = MAX_TRUST_ROOT_BYTES + 64 * 1024;

/// When the embedded roots were fetched from their instances: the release of the crate that they are taken from.
/// 2026-10-23T00:00:00Z.
pub const EMBEDDED_AS_OF: Timestamp = Timestamp::constant(1_792_713_600, 0);

const PUBLIC_GOOD: &str = include_str!("../../roots/public-good.json");
const STAGING: &str = include_str!("../../roots/staging.json");

const CLIENT_TRUST_CONFIG: &str = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

/// A trust root with its bytes, and, from a ClientTrustConfig, how to sign for it.
#[derive(Clone, Debug)]
pub struct TrustConfig {
    root: TrustRoot,
    root_json: String,
    signing_config: Option<String>,
}

/// Why bytes hold no trust root.
#[derive(Debug, thiserror::Error)]
pub enum TrustConfigError {
    /// The bytes are no strict JSON.
    #[error("the trust configuration is not readable")]
    Json(#[from] JsonError),
    /// The document says that it is a ClientTrustConfig and is none.
    #[error(
        "expected a Sigstore ClientTrustConfig of `mediaType`, `trustedRoot` and `signingConfig`, found another"
    )]
    Malformed(#[source] serde_json::Error),
    /// The root itself.
    #[error(transparent)]
    Root(#[from] TrustRootError),
}

/// <https://github.com/sigstore/protobuf-specs>, `ClientTrustConfig`. An unknown key could change what the others mean.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClientTrustConfig<'j> {
    #[serde(rename = "mediaType")]
    _media_type: &'j RawValue,
    #[serde(borrow)]
    trusted_root: &'j RawValue,
    #[serde(borrow)]
    signing_config: Option<&'j RawValue>,
}

impl TrustConfig {
    /// The embedded root of Sigstore's public-good instance, as of [`EMBEDDED_AS_OF`].
    pub fn public_good() -> Self {
        Self {
            root: TrustRoot::public_good(),
            root_json: PUBLIC_GOOD.to_owned(),
            signing_config: None,
        }
    }

    /// The embedded root of Sigstore's staging instance, as of [`EMBEDDED_AS_OF`]. Anybody may get certificates there,
    /// and nothing that it signs is meant to be relied on.
    pub fn staging() -> Self {
        Self::parse(STAGING.as_bytes())
            .expect("the embedded root parses: a test of this crate reads it")
    }

    /// Reads a `trusted_root.json`, or a ClientTrustConfig version 0.1 for the root in it; told apart by `mediaType`.
    ///
    /// # Errors
    /// When it is neither, or the root is unusable.
    pub fn parse(json: &[u8]) -> Result<Self, TrustConfigError> {
        let value = json::read(json, MAX_TRUST_CONFIG_BYTES)?;
        let text = json::text(json, MAX_TRUST_CONFIG_BYTES)?;
        let media_type = value.get("mediaType").and_then(serde_json::Value::as_str);
        let (root_json, signing_config) = if media_type == Some(CLIENT_TRUST_CONFIG) {
            let config: ClientTrustConfig<'_> =
                serde_json::from_str(text).map_err(TrustConfigError::Malformed)?;
            (
                config.trusted_root.get(),
                config.signing_config.map(RawValue::get),
            )
        } else {
            (text, None)
        };
        Ok(Self {
            root: TrustRoot::from_json(root_json.as_bytes())?,
            root_json: root_json.to_owned(),
            signing_config: signing_config.map(str::to_owned),
        })
    }

    /// The same root with another signing configuration.
    #[must_use]
    pub fn with_signing_config(mut self, json: Option<String>) -> Self {
        self.signing_config = json;
        self
    }

    /// The root.
    pub fn root(&self) -> &TrustRoot {
        &self.root
    }

    /// The root's JSON, byte for byte as it was: its digest is the root's.
    pub fn root_json(&self) -> &str {
        &self.root_json
    }

    /// The signing configuration, unread, if there was one.
    pub fn signing_config(&self) -> Option<&str> {
        self.signing_config.as_deref()
    }
}

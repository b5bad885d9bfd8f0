//! The trust root: the authorities and logs that are believed a priori, from Sigstore's `trusted_root.json`.

mod authority;
mod followed;
mod read;

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use touchplate_packaging::Sha256;

use crate::certificate::SctScheme;
use crate::crypto::{self, KeyError, Provider, PublicKey};
use crate::encoding;
use crate::json::{self, FieldError, JsonError};
use crate::stamp::{self, StampError};

pub use authority::IssuanceError;
pub(crate) use authority::{Issuer, NotInForce, below};
pub use followed::{FollowedLog, LogKind, NotItsCheckpoint};

/// The longest trust root that is read. The public-good one has 7 kB; each key or certificate adds about one.
pub const MAX_TRUST_ROOT_BYTES: usize = 512 * 1024;

/// Authorities of one kind, certificates of one of them, and logs of one kind. The public-good root has 2 authorities,
/// 3 certificates and 2 logs after four years.
pub const MAX_AUTHORITIES_AND_LOGS: usize = 32;

/// Sigstore's public-good instance.
const PUBLIC_GOOD: &[u8] = include_bytes!("../roots/public-good.json");

/// Sigstore's staging instance.
const STAGING: &[u8] = include_bytes!("../roots/staging.json");

/// A trust root, parsed and prepared once. A clone shares it.
#[derive(Clone)]
pub struct TrustRoot {
    inner: Arc<Inner>,
}

struct Inner {
    json: Box<[u8]>,
    digest: Sha256,
    material: Material,
    provider: &'static dyn Provider,
}

/// The keys and certificates of a root, prepared.
pub(crate) struct Material {
    pub(crate) logs: Vec<Log>,
    pub(crate) certificate_logs: Vec<CertificateLog>,
    pub(crate) issuers: Vec<Issuer>,
    pub(crate) timestamp_authorities: Vec<stamp::Authority>,
}

/// Why JSON is no usable trust root.
#[derive(Debug, thiserror::Error)]
pub enum TrustRootError {
    /// The bytes are no strict JSON.
    #[error("the trust root is not readable")]
    Json(#[from] JsonError),
    /// Another document.
    #[error("expected a Sigstore trusted root ({expected}), found media type {found:?}")]
    MediaType {
        /// The media type wanted.
        expected: &'static str,
        /// The one found, shortened.
        found: String,
    },
    /// A field is missing or malformed.
    #[error("the trust root is malformed")]
    Malformed(#[from] FieldError),
    /// A validity window has no start, which Sigstore's format requires.
    #[error("the validity window of {what} has no start")]
    NoWindowStart {
        /// Whose window.
        what: String,
    },
    /// The start or end of a validity window is no RFC 3339 time.
    #[error("expected RFC 3339 times in the validity window of {what}, found {found:?}")]
    WindowTime {
        /// Whose window.
        what: String,
        /// What stands there, shortened.
        found: String,
    },
    /// A log's key is none of the kind that it claims to be.
    #[error("the key of {what} cannot be used")]
    Key {
        /// Whose key.
        what: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// More than [`MAX_AUTHORITIES_AND_LOGS`].
    #[error("expected at most {MAX_AUTHORITIES_AND_LOGS} {what} in the trust root, found {found}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A validity window ends before it starts.
    #[error("the validity window of {what} ends before it starts")]
    Window {
        /// Whose window.
        what: String,
    },
    /// Two logs of one kind have one id: the id could not select the key.
    #[error("two logs of the trust root have the id {id}")]
    DuplicateLog {
        /// The id, hex.
        id: String,
    },
    /// A certificate of an authority is no X.509 certificate.
    #[error("certificate {position} of the authority {authority} is malformed")]
    Certificate {
        /// The authority's URI.
        authority: String,
        /// Counted from 1.
        position: usize,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A certificate of an authority may not issue certificates.
    #[error("certificate {position} of the authority {authority} is not a certificate authority's")]
    NotAuthority {
        /// The authority's URI.
        authority: String,
        /// Counted from 1.
        position: usize,
    },
    /// A certificate is not signed by the one of the same chain that it names as its issuer.
    #[error(
        "certificate {position} of the authority {authority} is not signed by the issuer that it names"
    )]
    BrokenChain {
        /// The authority's URI.
        authority: String,
        /// Counted from 1.
        position: usize,
    },
    /// A certificate of an authority constrains what may be issued below it in a way that is not understood here.
    #[error(
        "certificate {position} of the authority {authority} has constraints that are not known here: {oid}"
    )]
    Constraint {
        /// The authority's URI.
        authority: String,
        /// Counted from 1.
        position: usize,
        /// The extension's OID.
        oid: String,
    },
    /// More certificates stand below one of a chain than it permits (RFC 5280 §4.2.1.9).
    #[error(
        "the chain of the authority {authority} is longer than its certificate {position} permits"
    )]
    PathLength {
        /// The authority's URI.
        authority: String,
        /// Counted from 1.
        position: usize,
    },
    /// A timestamp authority's certificates cannot be used.
    #[error("the timestamp authority {authority} cannot be used")]
    TimestampAuthority {
        /// The authority's URI.
        authority: String,
        /// What is wrong with it.
        source: StampError,
    },
}

impl TrustRoot {
    /// Sigstore's public-good instance, as embedded in this version of the program.
    pub fn public_good() -> Self {
        static ROOT: LazyLock<TrustRoot> = LazyLock::new(|| embedded(PUBLIC_GOOD));
        ROOT.clone()
    }

    /// Sigstore's staging instance, as embedded in this version of the program. It is for trying things out: whoever
    /// asks it gets certificates, and its keys are not kept as public good's are.
    pub fn staging() -> Self {
        static ROOT: LazyLock<TrustRoot> = LazyLock::new(|| embedded(STAGING));
        ROOT.clone()
    }

    /// The JSON of [`public_good`](Self::public_good).
    pub fn public_good_json() -> &'static [u8] {
        PUBLIC_GOOD
    }

    /// The JSON of [`staging`](Self::staging).
    pub fn staging_json() -> &'static [u8] {
        STAGING
    }

    /// A root from `trusted_root.json`.
    pub fn from_json(json: &[u8]) -> Result<Self, TrustRootError> {
        Self::with_provider(json, crypto::default_provider())
    }

    /// A root from `trusted_root.json`, whose signatures are checked by `provider`.
    pub fn with_provider(
        json: &[u8],
        provider: &'static dyn Provider,
    ) -> Result<Self, TrustRootError> {
        let value = json::camel_case(json::read(json, MAX_TRUST_ROOT_BYTES)?)?;
        Ok(Self {
            inner: Arc::new(Inner {
                digest: Sha256::of(json),
                json: json.into(),
                material: read::material(&value, provider)?,
                provider,
            }),
        })
    }

    /// SHA-256 of the JSON's bytes: which root a proof was made under.
    pub fn digest(&self) -> &Sha256 {
        &self.inner.digest
    }

    /// The JSON that it was read from.
    pub fn json(&self) -> &[u8] {
        &self.inner.json
    }

    pub(crate) fn material(&self) -> &Material {
        &self.inner.material
    }

    pub(crate) fn provider(&self) -> &'static dyn Provider {
        self.inner.provider
    }
}

fn embedded(json: &[u8]) -> TrustRoot {
    TrustRoot::from_json(json).expect("the embedded roots parse: a test of this crate reads them")
}

impl std::fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustRoot")
            .field("digest", self.digest())
            .finish_non_exhaustive()
    }
}

/// The time in which a key or authority is believed, both ends included; an absent end is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: Option<Timestamp>,
    pub(crate) end: Option<Timestamp>,
}

impl Window {
    pub(crate) fn contains(&self, time: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= time) && self.end.is_none_or(|end| time <= end)
    }
}

/// A transparency log of the root.
pub(crate) struct Log {
    pub(crate) id: [u8; 32],
    pub(crate) url: String,
    pub(crate) window: Window,
    pub(crate) key: Box<dyn PublicKey>,
    /// The id is the SHA-256 of the key: how Rekor v1 makes it. The tiled logs of v2 make theirs otherwise.
    pub(crate) is_rekor_v1: bool,
}

impl Log {
    /// What the log calls itself in checkpoints: its address without the scheme. A private Rekor must be started with
    /// that as its host name; left alone it takes its container's.
    pub(crate) fn name(&self) -> &str {
        Self::name_of(&self.url)
    }

    /// The name of the log at an address.
    fn name_of(url: &str) -> &str {
        let url = url.trim_end_matches('/');
        url.split_once("://").map_or(url, |(_, name)| name)
    }

    /// Whether a checkpoint's first line is this log's: its name, and with Rekor v1 the number of the shard's tree.
    pub(crate) fn has_origin(&self, origin: &str) -> bool {
        Self::is_origin(self.name(), origin)
    }

    fn is_origin(name: &str, origin: &str) -> bool {
        let tree = |rest: &str| {
            rest.strip_prefix(" - ")
                .is_some_and(|tree| encoding::decimal(tree).is_some())
        };
        let rest = origin.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || tree(rest))
    }
}

/// A certificate transparency log of the root.
pub(crate) struct CertificateLog {
    pub(crate) id: [u8; 32],
    pub(crate) url: String,
    pub(crate) window: Window,
    pub(crate) scheme: SctScheme,
    pub(crate) key: Box<dyn PublicKey>,
}

impl Material {
    pub(crate) fn log(&self, id: &[u8; 32]) -> Option<&Log> {
        self.logs.iter().find(|log| log.id == *id)
    }

    pub(crate) fn certificate_log(&self, id: &[u8; 32]) -> Option<&CertificateLog> {
        self.certificate_logs.iter().find(|log| log.id == *id)
    }
}

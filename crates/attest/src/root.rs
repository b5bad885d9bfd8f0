//! The trust root: the authorities and logs that are believed a priori, from Sigstore's `trusted_root.json`.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use touchplate_packaging::Sha256;

use crate::encoding;
use crate::json::{self, JsonError};
use crate::sigstore::{self, Material};

/// The longest trust root that is read. The public-good one has 7 kB; each key or certificate adds about one.
pub const MAX_TRUST_ROOT_BYTES: usize = 512 * 1024;

/// Certificate authorities' certificates in a root, and logs of one kind. The public-good root has 3 certificates and
/// 2 logs after four years. A verifier is prepared for each pair, at some 50 µs and 10 kB.
pub const MAX_AUTHORITIES_AND_LOGS: usize = 16;

/// A trust root, parsed and prepared once. A clone shares it.
#[derive(Clone)]
pub struct TrustRoot {
    inner: Arc<Inner>,
}

struct Inner {
    digest: Sha256,
    material: Material,
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
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
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
    /// The verifying library cannot use a key or certificate.
    #[error("the trust root cannot be used")]
    Unusable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl TrustRoot {
    /// Sigstore's public-good instance, as embedded in this version of the program.
    pub fn public_good() -> Self {
        static ROOT: LazyLock<TrustRoot> = LazyLock::new(|| {
            TrustRoot::from_json(sigstore::PUBLIC_GOOD.as_bytes())
                .expect("the embedded root parses: a test of this crate reads it")
        });
        ROOT.clone()
    }

    /// A root from `trusted_root.json`.
    pub fn from_json(json: &[u8]) -> Result<Self, TrustRootError> {
        json::read(json, MAX_TRUST_ROOT_BYTES)?;
        let text = json::text(json, MAX_TRUST_ROOT_BYTES)?;
        Ok(Self {
            inner: Arc::new(Inner {
                digest: Sha256::of(json),
                material: Material::read(text)?,
            }),
        })
    }

    /// SHA-256 of the JSON's bytes: which root a proof was made under.
    pub fn digest(&self) -> &Sha256 {
        &self.inner.digest
    }

    pub(crate) fn material(&self) -> &Material {
        &self.inner.material
    }
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
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) id: [u8; 32],
    pub(crate) url: String,
    pub(crate) window: Window,
    /// The id is the SHA-256 of the key: how Rekor v1 makes it. The tiled logs of v2 make theirs otherwise.
    pub(crate) is_rekor_v1: bool,
}

impl Log {
    /// What the log calls itself in checkpoints: its address without the scheme. A private Rekor must be started with
    /// that as its host name; left alone it takes its container's.
    pub(crate) fn name(&self) -> &str {
        let url = self.url.trim_end_matches('/');
        url.split_once("://").map_or(url, |(_, name)| name)
    }

    /// Whether a checkpoint's first line is this log's: its name, and with Rekor v1 the number of the shard's tree.
    pub(crate) fn has_origin(&self, origin: &str) -> bool {
        let tree = |rest: &str| {
            rest.strip_prefix(" - ")
                .is_some_and(|tree| encoding::decimal(tree).is_some())
        };
        let rest = origin.strip_prefix(self.name());
        rest.is_some_and(|rest| rest.is_empty() || tree(rest))
    }
}

/// A certificate transparency log of the root.
#[derive(Debug)]
pub(crate) struct CertificateLog {
    pub(crate) id: [u8; 32],
    pub(crate) window: Window,
}

/// A certificate of the root that may have issued a signing certificate.
#[derive(Debug)]
pub(crate) struct Issuer {
    /// Its subject, DER.
    pub(crate) name: Vec<u8>,
    /// Its subject key identifier, if it has one.
    pub(crate) key_id: Option<Vec<u8>>,
    /// When the root believes its authority.
    pub(crate) window: Window,
    /// It and the certificates above it, up to the top of its chain.
    pub(crate) path: Vec<PathCertificate>,
}

/// What must hold at signing time of a certificate above the signing one.
#[derive(Clone, Debug)]
pub(crate) struct PathCertificate {
    pub(crate) subject: String,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
}

impl Issuer {
    /// Whether the signing certificate says that this is its issuer.
    pub(crate) fn is_named_by(&self, issuer_name: &[u8], authority_key_id: &[u8]) -> bool {
        self.name == issuer_name
            && self
                .key_id
                .as_deref()
                .is_none_or(|id| id == authority_key_id)
    }
}

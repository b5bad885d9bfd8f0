//! A throwaway trust domain: its parts together.

use aws_lc_rs::error::Unspecified;
use jiff::Timestamp;
use touchplate_attest::Sha256;

use crate::forge::authority::Authority;
use crate::forge::certificate_log::CertificateLog;
use crate::forge::fault::Fault;
use crate::forge::log::Log;
use crate::forge::recipe::{Predicate, Recipe};
use crate::forge::root::Windows;
use crate::forge::stamp::StampAuthority;
use crate::forge::tree::TreeHead;
use crate::forge::workload::Workload;
use crate::keys::{KeyKind, SigningKey};

/// A certificate authority, a certificate log, a timestamp authority and a transparency log of each of Rekor's versions,
/// all in memory and made in some milliseconds. May be shared between threads.
pub struct Domain {
    pub(crate) name: String,
    pub(crate) windows: Windows,
    pub(crate) authority: Authority,
    pub(crate) certificate_log: CertificateLog,
    /// Rekor v1.
    pub(crate) log: Log,
    pub(crate) log_v2: Log,
    pub(crate) stamps: StampAuthority,
    pub(crate) strangers: Strangers,
}

/// What is in no trust root, for attestations that are wrong.
pub(crate) struct Strangers {
    pub(crate) authority: Authority,
    pub(crate) log: Log,
    pub(crate) log_v2: Log,
    pub(crate) stamps: StampAuthority,
    pub(crate) key: SigningKey,
}

/// Why something could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Names become part of addresses, certificates and signed notes.
    #[error(
        "expected a host name of lower-case letters, digits, dots and hyphens, found {found:?}"
    )]
    Name {
        /// The name given.
        found: String,
    },
    /// The cryptography failed: the system has no randomness.
    #[error("a key could not be made or used")]
    Crypto(#[from] Unspecified),
    /// A value has no place in a certificate.
    #[error("a certificate could not be encoded")]
    Encoding(#[from] der::Error),
    /// An object identifier is none.
    #[error("an object identifier is malformed")]
    Oid,
    /// Certificates and their timestamps count from 1970.
    #[error("expected a time after 1970, found {found}")]
    Time {
        /// The time given.
        found: Timestamp,
    },
    /// A part is longer than its length field can say.
    #[error("a part of the certificate is too long")]
    TooLong,
    /// A file has no certificates.
    #[error("expected certificates in PEM")]
    Pem,
    /// A value has no JSON.
    #[error("JSON could not be written")]
    Json(#[from] serde_json::Error),
}

impl Domain {
    /// A new domain; `name` is the host that its services would have, such as `trust.example`.
    pub fn new(name: &str, now: Timestamp) -> Result<Self, TrustError> {
        Self::with_authority_on(KeyKind::P256, name, now)
    }

    /// The same with a certificate authority on P-384, as that of Sigstore's public instance is: dearer to verify.
    pub fn with_p384_authority(name: &str, now: Timestamp) -> Result<Self, TrustError> {
        Self::with_authority_on(KeyKind::P384, name, now)
    }

    fn with_authority_on(kind: KeyKind, name: &str, now: Timestamp) -> Result<Self, TrustError> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        if name.is_empty() || name.len() > 63 || !name.chars().all(fits) {
            return Err(TrustError::Name {
                found: name.to_owned(),
            });
        }
        let stranger = format!("stranger.{name}");
        Ok(Self {
            windows: Windows::since(now),
            authority: Authority::new(name, kind, now)?,
            certificate_log: CertificateLog::new(SigningKey::generate(KeyKind::P256)?),
            log: Log::v1(format!("rekor.{name}"))?,
            log_v2: Log::v2(format!("rekor2.{name}"))?,
            stamps: StampAuthority::new(name, now)?,
            strangers: Strangers {
                authority: Authority::new(&stranger, kind, now)?,
                log: Log::v1(format!("rekor.{stranger}"))?,
                log_v2: Log::v2(format!("rekor2.{stranger}"))?,
                stamps: StampAuthority::new(&stranger, now)?,
                key: SigningKey::generate(KeyKind::P256)?,
            },
            name: name.to_owned(),
        })
    }

    /// Signs a statement about one file as `who`, logs it at `now`, and returns the attestation's JSON.
    pub fn attest(
        &self,
        who: &Workload,
        filename: &str,
        sha256: &Sha256,
        predicate: Predicate,
        now: Timestamp,
    ) -> Result<Vec<u8>, TrustError> {
        self.mint(&self.recipe(who, filename, sha256, predicate, now))
    }

    /// The same, wrong in one way.
    pub fn attest_wrongly(
        &self,
        who: &Workload,
        filename: &str,
        sha256: &Sha256,
        predicate: Predicate,
        now: Timestamp,
        fault: &Fault,
    ) -> Result<Vec<u8>, TrustError> {
        let mut recipe = self.recipe(who, filename, sha256, predicate, now);
        fault.apply(&mut recipe);
        self.mint(&recipe)
    }

    /// The recipe of [`attest`](Self::attest), to be changed and given to [`mint`](Self::mint).
    pub fn recipe(
        &self,
        who: &Workload,
        filename: &str,
        sha256: &Sha256,
        predicate: Predicate,
        now: Timestamp,
    ) -> Recipe {
        Recipe::new(who, filename, sha256, predicate, now)
    }

    /// The transparency log of Rekor's version 1 as it is now.
    pub fn log_head(&self) -> TreeHead {
        self.log.tree.head()
    }

    /// The transparency log of Rekor's version 2 as it is now.
    pub fn log_v2_head(&self) -> TreeHead {
        self.log_v2.tree.head()
    }

    /// The timestamp authority, for tokens that no [`StampRecipe`](crate::forge::StampRecipe) tells.
    pub fn stamp_authority(&self) -> &StampAuthority {
        &self.stamps
    }

    /// The certificate log as it is now: a leaf for each timestamp that it signed (RFC 6962 §3.4).
    pub fn certificate_log_head(&self) -> TreeHead {
        self.certificate_log.tree.head()
    }
}

//! The certificate authority: who has proved an identity and a key gets a certificate for ten minutes, after its
//! precertificate is in the certificate log.
//!
//! An [`IssuerPolicy`] makes a [`CertifiedIdentity`] of an ID token that was checked; a [`ProvenKey`] is a public key whose
//! holder has shown the other half. [`Authority::issue`] takes both and nothing less. The profile is Fulcio's.

mod error;
mod identity;
mod key;
mod leaf;
mod pattern;
mod policy;
mod templates;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use der::pem::LineEnding;
use der::{Decode as _, Encode as _};
use jiff::{SignedDuration, Timestamp};
use x509_cert::Certificate;
use x509_cert::ext::Extension;
use x509_cert::time::Time;

use crate::certificate;
use crate::fulcio;
use crate::layout::{Held, KeyRing};
use crate::log::{AppendError, Log, NewEntry};

pub use error::{AuthorityError, IdentityError, IssueError, KeyRequestError};
pub use identity::CertifiedIdentity;
pub use key::{MAX_REQUEST_BYTES, ProvenKey};
pub use pattern::{InvalidPattern, Pattern};
pub use policy::{IssuerKind, IssuerPolicy, UnknownKind};

/// How long a certificate is valid, as Fulcio's are: a build signs within seconds.
pub const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// The longest certificate that `attest` reads.
const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// A certificate log as the authority needs it.
#[async_trait]
pub trait CertificateLog: Send + Sync {
    /// Appends a leaf (RFC 6962 §3.4: a `MerkleTreeLeaf`). On return it survives a power cut, and a published checkpoint
    /// covers it: what is signed next promises that.
    async fn append(&self, leaf: Bytes, at: Timestamp) -> Result<(), CertificateLogError>;
}

/// A certificate could not be logged, so it is not issued.
#[derive(Debug, thiserror::Error)]
pub enum CertificateLogError {
    /// More wait than can.
    #[error("the certificate log has too much to do")]
    Busy,
    /// The log failed.
    #[error("the certificate log could not append")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The engine's. Nobody looks a certificate up by anything.
#[async_trait]
impl CertificateLog for Log {
    async fn append(&self, leaf: Bytes, at: Timestamp) -> Result<(), CertificateLogError> {
        let entry = NewEntry {
            body: leaf,
            search: Vec::new(),
            at,
        };
        match Self::append(self, entry).await {
            Ok(_) => Ok(()),
            Err(AppendError::Busy) => Err(CertificateLogError::Busy),
            Err(error) => Err(CertificateLogError::Failed(Box::new(error))),
        }
    }
}

/// What an authority signs with, and where it logs.
pub struct Signers {
    /// The keys that certify, each with its certificates.
    pub authority: KeyRing,
    /// The keys of the certificate log's timestamps.
    pub ct: KeyRing,
    /// The certificate log.
    pub log: Arc<dyn CertificateLog>,
}

/// A certificate authority of Fulcio's profile. May be shared between threads.
pub struct Authority {
    /// The newest first.
    issuing: Vec<Issuing>,
    ct: KeyRing,
    log: Arc<dyn CertificateLog>,
}

/// A key that certifies.
struct Issuing {
    held: Held,
    certificate: Certificate,
    /// What its certificates name as their issuer's key.
    key_id: Extension,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.issuing.iter().map(|issuing| &issuing.held.key);
        f.debug_list().entries(keys).finish()
    }
}

impl Authority {
    /// An authority with these keys.
    ///
    /// # Errors
    /// When a chain is not its key's, or cannot issue.
    pub fn new(signers: Signers) -> Result<Self, AuthorityError> {
        let rings = signers.authority.all().iter();
        let issuing = rings.map(Issuing::new).collect::<Result<_, _>>()?;
        Ok(Self {
            issuing,
            ct: signers.ct,
            log: signers.log,
        })
    }

    /// The chains that its certificates have ended in and will, each from the issuing certificate up to the root, DER; the
    /// newest first.
    pub fn chains(&self) -> impl Iterator<Item = &[Vec<u8>]> {
        let held = self.issuing.iter().map(|issuing| &issuing.held);
        held.map(|held| held.chain.as_slice())
    }

    /// Issues a certificate:
    /// 1. its body names the identity, the key and ten minutes from now;
    /// 2. the log appends that body, and has it for good;
    /// 3. the log's timestamp goes into the body, and the authority signs that.
    ///
    /// Answers the certificate and those above it.
    ///
    /// # Errors
    /// When no key of the authority is believed for that time, the identity does not fit into a certificate, or the log did
    /// not take it: then there is no certificate.
    pub async fn issue(
        &self,
        identity: &CertifiedIdentity,
        key: &ProvenKey,
        now: Timestamp,
    ) -> Result<Issued<'_>, IssueError> {
        let until = now
            .checked_add(LIFETIME)
            .map_err(|_| IssueError::Time(now))?;
        let issuing = self.issuing.iter().find(|it| it.covers(now, until));
        let issuing = issuing.ok_or(IssueError::AuthorityValidity)?;
        let log_key = self.ct.at(now).ok_or(IssueError::LogKey)?;
        // 1
        let signer = &issuing.held.key;
        let mut body = leaf::body(identity, key, issuing, now, until)?;
        // 2
        let millis = u64::try_from(now.as_millisecond()).map_err(|_| IssueError::Time(now))?;
        let entry = fulcio::timestamped_entry(millis, &body.to_der()?, &signer.id())?;
        let entry = Bytes::from(entry);
        self.log.append(entry.clone(), now).await?;
        // 3
        let signature = log_key.key.sign(&entry)?;
        let timestamp = fulcio::timestamp(&log_key.key.id(), millis, &signature)?;
        leaf::add_timestamp(&mut body, &timestamp)?;
        let certificate = certificate::signed(body, signer)?.to_der()?;
        if certificate.len() > MAX_CERTIFICATE_BYTES {
            let found = certificate.len();
            return Err(IssueError::TooLong { found });
        }
        Ok(Issued {
            certificate,
            above: &issuing.held.chain,
        })
    }
}

/// A certificate, and those above it.
#[derive(Clone, Debug)]
pub struct Issued<'a> {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// From the issuing certificate up to the root, DER.
    pub above: &'a [Vec<u8>],
}

/// A certificate as text, PEM.
///
/// # Errors
/// Never for what an [`Authority`] made.
pub fn to_pem(certificate: &[u8]) -> Result<String, der::pem::Error> {
    der::pem::encode_string("CERTIFICATE", LineEnding::LF, certificate)
}

impl Issuing {
    fn new(held: &Held) -> Result<Self, AuthorityError> {
        let first = held.chain.first().ok_or(AuthorityError::NoChain)?;
        let certificate = Certificate::from_der(first)?;
        let public = &certificate.tbs_certificate.subject_public_key_info;
        if public.to_der()? != held.key.public() {
            return Err(AuthorityError::OtherKey);
        }
        Ok(Self {
            held: held.clone(),
            key_id: leaf::issuing_key_id(&certificate)?,
            certificate,
        })
    }

    /// Whether clients believe it for that time, and its own certificate holds: or nobody could verify what it issues.
    fn covers(&self, from: Timestamp, until: Timestamp) -> bool {
        let validity = &self.certificate.tbs_certificate.validity;
        let seconds =
            |time: &Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        let holds = seconds(&validity.not_before) <= from.as_second()
            && until.as_second() <= seconds(&validity.not_after);
        holds && self.held.window.contains(from)
    }
}

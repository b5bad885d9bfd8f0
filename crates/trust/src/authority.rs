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
use der::{Decode as _, Encode as _};
use jiff::{SignedDuration, Timestamp};
use x509_cert::Certificate;

use crate::certificate;
use crate::fulcio;
use crate::keys::SigningKey;

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
#[error("the certificate log could not append")]
pub struct CertificateLogError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What an authority signs with, and where it logs.
pub struct Signers {
    /// The issuing certificate's key.
    pub key: Arc<SigningKey>,
    /// The certificates from the issuing one up to the root, DER.
    pub chain: Vec<Vec<u8>>,
    /// The certificate log.
    pub log: Arc<dyn CertificateLog>,
    /// The key of the certificate log's timestamps.
    pub log_key: Arc<SigningKey>,
}

/// A certificate authority of Fulcio's profile. May be shared between threads.
pub struct Authority {
    signers: Signers,
    issuing: Certificate,
    /// What its certificates name as their issuer's key.
    key_id: x509_cert::ext::Extension,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({:?})", self.signers.key)
    }
}

impl Authority {
    /// An authority with these keys.
    ///
    /// # Errors
    /// When the chain is not the key's, or cannot issue.
    pub fn new(signers: Signers) -> Result<Self, AuthorityError> {
        let first = signers.chain.first().ok_or(AuthorityError::NoChain)?;
        let issuing = Certificate::from_der(first)?;
        let public = &issuing.tbs_certificate.subject_public_key_info;
        if public.to_der()? != signers.key.public() {
            return Err(AuthorityError::OtherKey);
        }
        let key_id = leaf::issuing_key_id(&issuing)?;
        Ok(Self {
            signers,
            issuing,
            key_id,
        })
    }

    /// The certificates from the issuing one up to the root, DER.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.signers.chain
    }

    /// Issues a certificate:
    /// 1. its body names the identity, the key and ten minutes from now;
    /// 2. the log appends that body, and has it for good;
    /// 3. the log's timestamp goes into the body, and the authority signs that.
    ///
    /// Answers the certificate, DER.
    ///
    /// # Errors
    /// When the authority's own certificate does not cover that time, the identity does not fit into a certificate, or the
    /// log did not take it: then there is no certificate.
    pub async fn issue(
        &self,
        identity: &CertifiedIdentity,
        key: &ProvenKey,
        now: Timestamp,
    ) -> Result<Vec<u8>, IssueError> {
        let Signers {
            key: signer,
            log,
            log_key,
            ..
        } = &self.signers;
        // 1
        let until = self.until(now)?;
        let issuer = self.issuing.tbs_certificate.subject.clone();
        let mut body = leaf::body(
            identity,
            key,
            issuer,
            self.key_id.clone(),
            signer,
            now,
            until,
        )?;
        // 2
        let millis = u64::try_from(now.as_millisecond()).map_err(|_| IssueError::Time(now))?;
        let entry = fulcio::timestamped_entry(millis, &body.to_der()?, &signer.id())?;
        let entry = Bytes::from(entry);
        log.append(entry.clone(), now).await?;
        // 3
        let timestamp = fulcio::timestamp(&log_key.id(), millis, &log_key.sign(&entry)?)?;
        leaf::add_timestamp(&mut body, &timestamp)?;
        let signed = certificate::signed(body, signer)?.to_der()?;
        if signed.len() > MAX_CERTIFICATE_BYTES {
            return Err(IssueError::TooLong {
                found: signed.len(),
            });
        }
        Ok(signed)
    }

    /// The end of a certificate that begins now: within the authority's own validity, or nobody could verify it.
    fn until(&self, now: Timestamp) -> Result<Timestamp, IssueError> {
        let until = now
            .checked_add(LIFETIME)
            .map_err(|_| IssueError::Time(now))?;
        let validity = &self.issuing.tbs_certificate.validity;
        let seconds = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        let (from, to) = (seconds(&validity.not_before), seconds(&validity.not_after));
        if now.as_second() < from || until.as_second() > to {
            return Err(IssueError::AuthorityValidity);
        }
        Ok(until)
    }
}

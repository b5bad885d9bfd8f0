//! Why there is no authority, no identity, no key, no certificate.

use aws_lc_rs::error::Unspecified;
use jiff::Timestamp;

use super::CertificateLogError;
use super::key::MAX_REQUEST_BYTES;
use crate::forge::TrustError;

/// Why an authority cannot be.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Nothing to chain to.
    #[error("the authority has no certificate")]
    NoChain,
    /// A certificate that is none.
    #[error("the authority's certificate is not readable")]
    Certificate(#[from] der::Error),
    /// The chain begins with somebody else's certificate.
    #[error("the authority's certificate is for another key than the one that it signs with")]
    OtherKey,
    /// RFC 5280 §4.2.1.2: an authority's certificate has a subject key identifier.
    #[error("the authority's certificate has no subject key identifier")]
    NoKeyId,
}

/// Why a token gives no right to a certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A claim that the issuer's kind always has.
    #[error("the token has no claim `{claim}`, which tokens of {kind} issuers have")]
    Missing {
        /// Which.
        claim: String,
        /// The issuer's kind.
        kind: &'static str,
    },
    /// A claim that does not have the form that its issuer gives it.
    #[error("expected {expected} as the token's claim `{claim}`, found {found:?}")]
    Form {
        /// Which.
        claim: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it says, shortened.
        found: String,
    },
    /// Nobody has checked that the holder reads the mail of that address.
    #[error("the token's issuer has not verified the e-mail address")]
    Unverified,
    /// ActiveState's tokens have no place in certificates.
    #[error("identities of {kind} issuers have no certificates")]
    NoCertificates {
        /// The issuer's kind.
        kind: &'static str,
    },
    /// Longer than a certificate may be.
    #[error("the token's claims are too long for a certificate")]
    TooLong,
    /// The operator has not allowed it.
    #[error("no certificates are issued here to {source_name:?}")]
    NotAllowed {
        /// Who asked, as the policy knows them; shortened.
        source_name: String,
    },
    /// The operator asks for another value.
    #[error("no certificates are issued here for tokens whose claim `{claim}` is {found}")]
    Required {
        /// Which.
        claim: String,
        /// What it says, shortened.
        found: String,
    },
}

/// Why a public key is not taken for its sender's.
#[derive(Debug, thiserror::Error)]
pub enum KeyRequestError {
    /// Longer than is read.
    #[error("expected at most {MAX_REQUEST_BYTES} bytes of PEM, found {found}")]
    TooLarge {
        /// Its length.
        found: usize,
    },
    /// No certificate signing request.
    #[error("the certificate signing request is not PEM of PKCS #10")]
    Request(#[source] der::Error),
    /// No public key.
    #[error("the public key is not PEM of a SubjectPublicKeyInfo")]
    PublicKey(#[source] der::Error),
    /// RSA, other curves, Ed25519: what signs for ten minutes is the same everywhere.
    #[error("expected an ECDSA key on P-256, uncompressed, found {found}")]
    Kind {
        /// What it is.
        found: String,
    },
    /// Signed in a way that P-256 keys do not sign.
    #[error("expected the request to be signed with ECDSA, found the algorithm {found}")]
    Algorithm {
        /// The OID.
        found: String,
    },
    /// The signature is another key's.
    #[error("the request's signature does not hold for the key that it is for")]
    Signature,
}

/// Why a certificate was not issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The authority's own certificates have ended, end within minutes, or have not begun.
    #[error("no certificate of the authority's own is valid for the next ten minutes; rotate it")]
    AuthorityValidity,
    /// No key of the log is believed now.
    #[error("the certificate log has no key that is believed now; rotate it")]
    LogKey,
    /// Certificates and their timestamps count from 1970.
    #[error("expected a time after 1970, found {0}")]
    Time(Timestamp),
    /// Longer than verifiers read.
    #[error("the certificate would have {found} bytes, more than verifiers read")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// A part could not be encoded.
    #[error("the certificate could not be made")]
    Making(#[from] TrustError),
    /// The same, of the whole.
    #[error("the certificate could not be encoded")]
    Encoding(#[from] der::Error),
    /// The system has no randomness.
    #[error("the certificate could not be signed")]
    Crypto(#[from] Unspecified),
    /// Not logged, so not issued.
    #[error(transparent)]
    Log(#[from] CertificateLogError),
}

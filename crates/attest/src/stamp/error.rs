//! Why a timestamp is refused: each rule its own variant.

use jiff::Timestamp;

use super::authority::MAX_AUTHORITY_CERTIFICATES;
use super::token::{MAX_EMBEDDED_CERTIFICATES, MAX_TOKEN_BYTES};
use crate::crypto::{BadSignature, KeyError};

/// Why a timestamp, or an authority's certificates, are refused.
#[derive(Debug, thiserror::Error)]
pub enum StampError {
    /// No authority of the root has the signer: the token says nothing, and a caller may set it aside.
    #[error("no timestamp authority of the trust root has signed the timestamp")]
    UnknownAuthority,

    // Reading: the response around the token.
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("expected a timestamp of at most {MAX_TOKEN_BYTES} bytes, found {found}")]
    TooLong {
        /// How many bytes there are.
        found: usize,
    },
    /// The bytes are neither a TimeStampResp nor a ContentInfo in DER.
    #[error("the timestamp is no response or token of RFC 3161")]
    Malformed(#[source] der::Error),
    /// There are bytes after the end.
    #[error("expected nothing after the timestamp, found {found} bytes")]
    TrailingBytes {
        /// How many there are.
        found: usize,
    },
    /// The authority did not grant the request (RFC 3161 §2.4.2); a token beside that counts for nothing.
    #[error("expected a response with status 0 or 1 (granted), found {status}")]
    NotGranted {
        /// The PKIStatus.
        status: u8,
    },
    /// The response is granted and has no token.
    #[error("the timestamp response has no token")]
    NoToken,

    // Reading: the CMS message.
    /// The token is no CMS SignedData.
    #[error("expected a CMS SignedData in the timestamp, found {oid}")]
    NotSignedData {
        /// The content type found.
        oid: String,
    },
    /// The signed content is no TSTInfo.
    #[error("expected a TSTInfo as the timestamp's signed content, found {oid}")]
    ContentType {
        /// The content type found.
        oid: String,
    },
    /// The signed content is not there (a detached signature).
    #[error("the timestamp does not contain what it signs")]
    NoContent,
    /// More than [`MAX_EMBEDDED_CERTIFICATES`].
    #[error("expected at most {MAX_EMBEDDED_CERTIFICATES} certificates in the timestamp")]
    TooManyCertificates,
    /// RFC 3161 §2.4.2: one signer, the authority.
    #[error("expected one signer of the timestamp, found {found}")]
    SignerCount {
        /// How many there are.
        found: usize,
    },

    // Reading: the TSTInfo.
    /// The signed content is no TSTInfo in DER.
    #[error("the timestamp's TSTInfo is malformed")]
    Info(#[source] der::Error),
    /// Another version than 1.
    #[error("expected a TSTInfo of version 1, found version {found}")]
    InfoVersion {
        /// The version, in decimal; longer ones than a byte as hex.
        found: String,
    },
    /// The time is in another spelling than RFC 3161 §2.4.2 has, or does not exist.
    #[error("expected a timestamp's time like 20250131235959Z, found {found:?}")]
    Time {
        /// The time found.
        found: String,
    },
    /// A critical extension; none is known.
    #[error("the timestamp has the critical extension {oid}, which is not understood")]
    CriticalExtension {
        /// The extension.
        oid: String,
    },
    /// The message was hashed by another function than SHA-256, SHA-384 and SHA-512.
    #[error(
        "expected a message digest by SHA-256, SHA-384 or SHA-512 in the timestamp, found {oid}"
    )]
    ImprintAlgorithm {
        /// The hash function.
        oid: String,
    },
    /// The message's digest has another length than the hash function's.
    #[error("expected a message digest of {expected} bytes in the timestamp, found {found}")]
    ImprintLength {
        /// The hash function's length, in bytes.
        expected: usize,
        /// The length found, in bytes.
        found: usize,
    },

    // Reading: the signed attributes (RFC 5652 §11, RFC 5816).
    /// Nothing but the content is signed.
    #[error("the timestamp has no signed attributes")]
    NoAttributes,
    /// Signed attributes that are no attributes.
    #[error("the timestamp's signed attributes are malformed")]
    Attributes(#[source] der::Error),
    /// Signed attributes in another order than DER's (RFC 5652 §5.3): what was signed would be a guess.
    #[error("the timestamp's signed attributes are not in DER")]
    AttributesNotDer,
    /// An attribute is there twice.
    #[error("the timestamp has the signed attribute {oid} twice")]
    RepeatedAttribute {
        /// The attribute.
        oid: String,
    },
    /// An attribute has none or several values.
    #[error("expected one value of the signed attribute {oid}, found {found}")]
    AttributeValues {
        /// The attribute.
        oid: String,
        /// How many values there are.
        found: usize,
    },
    /// No attribute says what is signed.
    #[error("the timestamp's signed attributes name no content type")]
    NoContentType,
    /// An attribute says that something else than a TSTInfo is signed.
    #[error("expected signed attributes for a TSTInfo, found them for {oid}")]
    OtherContentType {
        /// The content type found.
        oid: String,
    },
    /// No attribute has the content's digest.
    #[error("the timestamp's signed attributes have no digest of its content")]
    NoMessageDigest,
    /// The attributes are about another content.
    #[error("the timestamp's signed attributes have another digest than its content")]
    OtherContent,
    /// The signer hashes by another function than SHA-256, SHA-384 and SHA-512.
    #[error("expected a timestamp signed with SHA-256, SHA-384 or SHA-512, found {oid}")]
    DigestAlgorithm {
        /// The hash function.
        oid: String,
    },

    // Verifying.
    /// No attribute names the signer's certificate.
    #[error("the timestamp's signed attributes do not name the signer's certificate")]
    NoSigningCertificate,
    /// The signer's certificate is named by SHA-1 alone (signingCertificate of RFC 2634).
    #[error("the timestamp names the signer's certificate by SHA-1 alone")]
    OldSigningCertificate,
    /// The signer's certificate is named by another hash than SHA-256, SHA-384 and SHA-512.
    #[error("expected the signer's certificate by SHA-256, SHA-384 or SHA-512, found {oid}")]
    SigningCertificateAlgorithm {
        /// The hash function.
        oid: String,
    },
    /// The attributes name another certificate than that which the signature is checked with.
    #[error("the timestamp's signed attributes name another certificate than its signer's")]
    OtherSigningCertificate,
    /// The time is later than now.
    #[error("the timestamp's time {time} is in the future; it is {now} now")]
    InFuture {
        /// The token's time.
        time: Timestamp,
        /// The caller's time.
        now: Timestamp,
    },
    /// The root does not believe the authority at the token's time.
    #[error("the trust root does not believe {authority} at the timestamp's time {time}")]
    OutsideWindow {
        /// The authority's URI.
        authority: String,
        /// The token's time.
        time: Timestamp,
    },
    /// A certificate was not yet valid at the token's time.
    #[error("the timestamp's time {time} is before the certificate {subject:?} is valid")]
    CertificateNotYetValid {
        /// The certificate's subject.
        subject: String,
        /// The token's time.
        time: Timestamp,
    },
    /// A certificate had expired at the token's time.
    #[error("the timestamp's time {time} is after the certificate {subject:?} expired")]
    CertificateExpired {
        /// The certificate's subject.
        subject: String,
        /// The token's time.
        time: Timestamp,
    },
    /// The token is about another message.
    #[error("the timestamp is about another message")]
    OtherMessage,
    /// A signature of an algorithm that the signer's key cannot make or that is unknown here, or one that hashes by
    /// another function than the signer says it does.
    #[error("the timestamp's signature algorithm {oid} does not fit its signer's key and digest")]
    SignatureAlgorithm {
        /// The algorithm.
        oid: String,
    },
    /// The signature does not hold.
    #[error("the timestamp's signature does not hold")]
    Signature(#[source] BadSignature),

    // Certificates: of the root's authority or embedded.
    /// An authority has none, or more than [`MAX_AUTHORITY_CERTIFICATES`].
    #[error(
        "expected 1 to {MAX_AUTHORITY_CERTIFICATES} certificates of a timestamp authority, found {found}"
    )]
    CertificateCount {
        /// How many there are.
        found: usize,
    },
    /// A certificate is no X.509 certificate in DER.
    #[error("certificate {position} of the timestamp authority is malformed")]
    Certificate {
        /// Counted from 1.
        position: usize,
        /// What is wrong with it.
        source: der::Error,
    },
    /// A certificate has a critical extension that is not understood.
    #[error(
        "the certificate {subject:?} has the critical extension {oid}, which is not understood"
    )]
    CertificateExtension {
        /// The certificate's subject.
        subject: String,
        /// The extension.
        oid: String,
    },
    /// A certificate's public key is of no kind that is known here.
    #[error("the public key of the certificate {subject:?} cannot be used")]
    Key {
        /// The certificate's subject.
        subject: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The signer's certificate does not say what it is for.
    #[error("the timestamp signer's certificate {subject:?} has no extended key usage")]
    NoExtendedKeyUsage {
        /// The certificate's subject.
        subject: String,
    },
    /// RFC 3161 §2.3: for timestamps and nothing else.
    #[error("expected the certificate {subject:?} to be for timestamps alone, found {found:?}")]
    ExtendedKeyUsage {
        /// The certificate's subject.
        subject: String,
        /// The usages' OIDs.
        found: Vec<String>,
    },
    /// RFC 3161 §2.3: the extended key usage is critical.
    #[error("the extended key usage of the certificate {subject:?} is not critical")]
    ExtendedKeyUsageNotCritical {
        /// The certificate's subject.
        subject: String,
    },
    /// The signer's certificate has a key usage without signatures.
    #[error("the certificate {subject:?} is not for signatures")]
    KeyUsage {
        /// The certificate's subject.
        subject: String,
    },
    /// A certificate names another issuer than the next one of its authority.
    #[error("the certificate {subject:?} names another issuer than the next one of its authority")]
    BrokenChain {
        /// The certificate's subject.
        subject: String,
    },
    /// A certificate that issued another is not a certificate authority's.
    #[error("the certificate {subject:?} issued another and is not a certificate authority's")]
    NotAuthority {
        /// The issuer's subject.
        subject: String,
    },
    /// A certificate that issued another has a key usage without certificate signing.
    #[error("the certificate {subject:?} issued another and is not for signing certificates")]
    MaySignNoCertificates {
        /// The issuer's subject.
        subject: String,
    },
    /// A certificate authority's certificate is for other ends than timestamps.
    #[error("the certificate {subject:?} issued one for timestamps and is for other ends")]
    IssuerExtendedKeyUsage {
        /// The issuer's subject.
        subject: String,
    },
    /// There are more certificate authorities below one than it allows (pathLenConstraint).
    #[error(
        "the certificate {subject:?} allows {allowed} authorities below it, and there are {found}"
    )]
    PathTooLong {
        /// The issuer's subject.
        subject: String,
        /// Its pathLenConstraint.
        allowed: u8,
        /// Authorities below it.
        found: usize,
    },
    /// A certificate is signed by an algorithm that its issuer's key cannot make or that is unknown here.
    #[error(
        "the signature algorithm {oid} of the certificate {subject:?} does not fit its issuer's key"
    )]
    PathAlgorithm {
        /// The certificate's subject.
        subject: String,
        /// The algorithm.
        oid: String,
    },
    /// A certificate is not signed by the issuer that it names.
    #[error("the certificate {subject:?} is not signed by the issuer that it names")]
    PathSignature {
        /// The certificate's subject.
        subject: String,
        /// The signature check.
        source: BadSignature,
    },
}

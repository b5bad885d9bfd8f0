//! Every rule of bundles by its own name.

use crate::crypto::Hash;
use crate::json::{FieldError, JsonError};
use crate::log::CheckpointError;
use crate::stamp::StampError;
use crate::statement::StatementError;
use crate::verify::VerifyError;

/// Why bytes are no Sigstore bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The bytes are no strict JSON.
    #[error("not readable")]
    Json(#[from] JsonError),
    /// A field is missing, has another type or is no base64.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// No version that is known.
    #[error(
        "expected the media type of a Sigstore bundle of version 0.1, 0.2 or 0.3, found {found:?}"
    )]
    MediaType {
        /// What stands there, shortened.
        found: String,
    },
    /// One of certificate, certificate chain and public key.
    #[error(
        "expected one of `certificate`, `x509CertificateChain` and `publicKey`, found {}",
        if found.is_empty() { "none".to_owned() } else { found.join(" and ") }
    )]
    Signer {
        /// Those that are there.
        found: Vec<&'static str>,
    },
    /// A bundle of version 0.3 has a single certificate.
    #[error("a bundle of version 0.3 has no certificate chain, and this one has")]
    Chain,
    /// A chain without certificates.
    #[error("the certificate chain is empty")]
    EmptyChain,
    /// Roots come from the trust root, never with the bundle.
    #[error("certificate {position} of the chain is a root, which only the trust root may name")]
    RootInChain {
        /// Which one, counted from 1.
        position: usize,
    },
    /// A certificate of the chain is none.
    #[error("certificate {position} of the chain is malformed")]
    ChainCertificate {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: der::Error,
    },
    /// One of DSSE envelope and message signature.
    #[error("expected one of `dsseEnvelope` and `messageSignature`, found {found}")]
    Content {
        /// How many are there.
        found: &'static str,
    },
    /// A DSSE envelope has one signature here: which of several would count?
    #[error("expected one signature in the DSSE envelope, found {found}")]
    SignatureCount {
        /// How many there are.
        found: usize,
    },
    /// Only in-toto statements say which artifact they are about.
    #[error("expected a DSSE envelope of an in-toto statement, found payload type {found:?}")]
    PayloadType {
        /// The type found.
        found: String,
    },
    /// What was signed is no statement.
    #[error("the signed statement is malformed")]
    Statement(#[from] StatementError),
    /// Not SHA-256, SHA-384 or SHA-512.
    #[error(
        "expected SHA2_256, SHA2_384 or SHA2_512 as the message digest's algorithm, found {found:?}"
    )]
    DigestAlgorithm {
        /// What stands there.
        found: String,
    },
    /// A note among the entries is no checkpoint.
    #[error("the checkpoint of transparency log entry {position} is malformed")]
    Checkpoint {
        /// The entry, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: CheckpointError,
    },
    /// Version 0.1 has a promise with each entry.
    #[error(
        "transparency log entry {position} has no inclusion promise, which version 0.1 requires"
    )]
    NoPromise {
        /// The entry, counted from 1.
        position: usize,
    },
    /// From version 0.2 on, each entry has a proof.
    #[error("transparency log entry {position} has no inclusion proof")]
    NoProof {
        /// The entry, counted from 1.
        position: usize,
    },
    /// The same entry of the same log.
    #[error("transparency log entry {position} repeats an earlier one")]
    RepeatedEntry {
        /// The entry, counted from 1.
        position: usize,
    },
    /// Bytes that are no RFC 3161 timestamp.
    #[error("timestamp {position} is malformed")]
    Timestamp {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: StampError,
    },
    /// One timestamp stands there twice.
    #[error("timestamp {position} repeats an earlier one")]
    RepeatedTimestamp {
        /// Which one, counted from 1.
        position: usize,
    },
}

/// Why a bundle does not verify for an artifact.
#[derive(Debug, thiserror::Error)]
pub enum BundleVerifyError {
    /// The chain is empty.
    #[error("the bundle has no certificate")]
    NoCertificate,
    /// A key was given, and a certificate's holder signed.
    #[error("expected a signature by the given key, found one by a certificate's holder")]
    NotByKey,
    /// A key signed, and none was given.
    #[error(
        "the bundle is signed with a key (hint {hint:?}), and no key was given to check it with"
    )]
    NoCertificateButKey {
        /// The bundle's hint, shortened.
        hint: String,
    },
    /// Not in-toto version 1.
    #[error(
        "expected an in-toto statement of version 1 (https://in-toto.io/Statement/v1), found {found:?}"
    )]
    StatementType {
        /// The type found.
        found: String,
    },
    /// The statement is about other artifacts.
    #[error("the artifact is none of the statement's {subjects} subjects")]
    NotASubject {
        /// How many there are.
        subjects: usize,
    },
    /// The digest beside the signature is another artifact's.
    #[error("the bundle is about an artifact with digest {found}, not about one with {expected}")]
    OtherArtifact {
        /// The artifact's digest.
        expected: String,
        /// The bundle's.
        found: String,
    },
    /// The digest beside the signature cannot be compared.
    #[error("the bundle has a {hash} digest, which is not known of the artifact")]
    DigestNotKnown {
        /// Which digest is needed.
        hash: Hash,
    },
    /// Signature, certificate, log or time do not hold.
    #[error(transparent)]
    Evidence(#[from] VerifyError),
}

//! Every rule of [`verify`](crate::verify()) by its own name.

use jiff::Timestamp;
use touchplate_packaging::{InvalidFilename, Sha256};

use crate::certificate::CertificateError;
use crate::crypto::{Algorithm, BadSignature, Hash, KeyError};
use crate::json::{FieldError, JsonError};
use crate::log::InclusionError;
use crate::root::IssuanceError;
use crate::stamp::StampError;
use crate::statement::PredicateType;

/// Why an attestation does not verify for a file. Which rule was broken is the variant, also in the nested
/// [`CertificateError`] and [`EntryError`].
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Step 1: `_type`.
    #[error(
        "expected an in-toto statement of version 1 (https://in-toto.io/Statement/v1), found {found:?}"
    )]
    StatementType {
        /// The type found.
        found: String,
    },
    /// Step 1: PEP 740 attestations are about one file.
    #[error("expected exactly one subject in the statement, found {found}")]
    SubjectCount {
        /// How many there are.
        found: usize,
    },
    /// Step 2: the subject has no name, or an empty one.
    #[error("the statement's subject has no filename")]
    NoSubjectName,
    /// Step 2: the name is no distribution's filename.
    #[error("the statement's subject {found:?} is not a distribution's filename")]
    SubjectName {
        /// The name found.
        found: String,
        /// What is wrong with it.
        source: InvalidFilename,
    },
    /// Step 2: the name is another distribution's.
    #[error("the attestation is about the file {found}, not about {expected}")]
    OtherFile {
        /// The file at hand.
        expected: String,
        /// The statement's subject.
        found: String,
    },
    /// Step 3: PEP 740 requires this digest.
    #[error("the statement's subject has no sha256 digest")]
    NoSha256,
    /// Step 3: in-toto writes digests as lower-case hex.
    #[error("expected 64 lower-case hexadecimal digits as the subject's sha256, found {found:?}")]
    Sha256Spelling {
        /// What stands there.
        found: String,
    },
    /// Step 3: the digest is another file's.
    #[error("the attestation is about a file with sha256 {found}, not about one with {expected}")]
    OtherSha256 {
        /// The digest of the file at hand.
        expected: Sha256,
        /// The statement's digest.
        found: Sha256,
    },
    /// Step 4: neither publish/v1 nor SLSA provenance v1.
    #[error("expected publish/v1 or SLSA provenance v1 as predicate type, found {found:?}")]
    PredicateType {
        /// The type found.
        found: String,
    },
    /// Step 4: a body that the type does not allow.
    #[error("the predicate's body is not one of {predicate_type}")]
    PredicateBody {
        /// The statement's predicate type.
        predicate_type: PredicateType,
    },
    /// Step 5: the signing certificate breaks the profile.
    #[error("the signing certificate is refused")]
    Certificate(#[from] CertificateError),
    /// Step 6: the certificate's timestamp is by a log that the root does not know.
    #[error(
        "the certificate's timestamp is by the log {log_id}, which the trust root does not have"
    )]
    UnknownCertificateLog {
        /// The log's id, hex.
        log_id: String,
    },
    /// Step 6: the root did not believe that log at the timestamp's time.
    #[error(
        "the certificate's timestamp is of {time}, when the trust root did not believe its log"
    )]
    CertificateLogNotInForce {
        /// The timestamp's time.
        time: Timestamp,
    },
    /// Step 6: RFC 6962 §5.2.
    #[error("the certificate's timestamp {time} is in the future, it is {now}")]
    CertificateTimestampInFuture {
        /// The timestamp's time.
        time: Timestamp,
        /// The time at which was verified.
        now: Timestamp,
    },
    /// Step 7: no certificate of the root has the issuer's name and key.
    #[error("the certificate was issued by an authority that the trust root does not have")]
    UnknownAuthority,
    /// Steps 8 to 14: a log entry is refused; every one must hold.
    #[error("transparency log entry {position} is refused")]
    Entry {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: EntryError,
    },
    /// Step 15: the authority did not sign the certificate.
    #[error("the certificate is not signed by the authority that it names")]
    CertificateSignature(#[from] IssuanceError),
    /// Step 16: the certificate log did not sign its timestamp.
    #[error("the certificate's timestamp is not signed by its log, or is of another certificate")]
    CertificateTimestamp(#[source] BadSignature),
    /// Step 20: the certificate's key did not sign the statement.
    #[error("the statement is not signed by the certificate's key")]
    Signature(#[source] BadSignature),
    /// Step 9: there are no log entries, and the root has logs.
    #[error("expected a transparency log entry, found none")]
    NoEntry,
    /// Step 9: an RFC 3161 timestamp is refused.
    #[error("timestamp {position} is refused")]
    Timestamp {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: TimestampError,
    },
    /// Step 9: neither a log's promise nor a timestamp says when it was signed.
    #[error("neither a log nor a timestamp authority says when it was signed")]
    NoTime,
    /// Step 20: the signing key cannot be used.
    #[error("the signing key cannot be used")]
    SigningKey(#[from] KeyError),
    /// Step 20: the signature is over a digest that the caller did not give.
    #[error("the signature is over the artifact's {hash}, which is not known")]
    DigestNotKnown {
        /// Which digest is needed.
        hash: Hash,
    },
    /// Step 20: the signature is over the artifact itself, and only digests are known.
    #[error("{algorithm} signs the whole artifact, of which only digests are compared here")]
    NeedsWholeArtifact {
        /// What was signed with.
        algorithm: Algorithm,
    },
    /// Not a step of `verify`: a further digest of the file, compared with the statement.
    #[error(
        "the attestation is about a file with {algorithm} {found}, not about one with {expected}"
    )]
    OtherDigest {
        /// The algorithm's name in the statement.
        algorithm: String,
        /// The digest of the file at hand.
        expected: String,
        /// The statement's digest.
        found: String,
    },
}

/// Why one log entry does not hold.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Step 8: PEP 740's signatures are logged as `dsse` 0.0.1, or in Rekor v2 as `hashedrekord` 0.0.2.
    #[error(
        "expected an entry of kind dsse 0.0.1 or hashedrekord 0.0.2, found {kind:?} {version:?}"
    )]
    Kind {
        /// The kind found.
        kind: String,
        /// Its version.
        version: String,
    },
    /// Step 8: the log's id selects its key, and the root has none.
    #[error("the entry is of the log {log_id}, which the trust root does not have")]
    UnknownLog {
        /// The log's id, hex.
        log_id: String,
    },
    /// Step 8: an entry of version 1 under the key of a version 2 log.
    #[error("the entry is of version 1, but the log {log_id} is not")]
    NotVersionOneLog {
        /// The log's id, hex.
        log_id: String,
    },
    /// Step 9: no time without the log's signed promise.
    #[error("the entry has no signed inclusion promise, so its time proves nothing")]
    NoPromise,
    /// Step 9: no time at all.
    #[error("the entry has no integrated time")]
    NoIntegratedTime,
    /// Step 9: Rekor v2 says no time.
    #[error("the entry is of Rekor v2, which says no time, and there is no timestamp beside it")]
    NoTimestamp,
    /// Step 9: a time that jiff cannot hold.
    #[error("the entry's integrated time {seconds} is no time")]
    Time {
        /// Seconds since 1970.
        seconds: i64,
    },
    /// Step 9: the log says that it took the entry later than now.
    #[error("the entry's time {time} is in the future, it is {now}")]
    InFuture {
        /// The entry's time.
        time: Timestamp,
        /// The time at which was verified.
        now: Timestamp,
    },
    /// Step 9: signed before the certificate was valid.
    #[error("the entry was logged at {time}, before the certificate became valid at {not_before}")]
    BeforeCertificate {
        /// The entry's time.
        time: Timestamp,
        /// The certificate's start.
        not_before: Timestamp,
    },
    /// Step 9: logged when the certificate had expired.
    #[error("the entry was logged at {time}, after the certificate expired at {not_after}")]
    AfterCertificate {
        /// The entry's time.
        time: Timestamp,
        /// The certificate's end.
        not_after: Timestamp,
    },
    /// Step 10: outside the validity window of the log's key.
    #[error("the entry was logged at {time}, when the trust root did not believe its log")]
    LogNotInForce {
        /// The entry's time.
        time: Timestamp,
    },
    /// Step 11: outside the validity window of the authority.
    #[error(
        "the entry was logged at {time}, when the trust root did not believe the certificate's authority"
    )]
    AuthorityNotInForce {
        /// The entry's time.
        time: Timestamp,
    },
    /// Step 11: a certificate above the signing one was not valid.
    #[error(
        "the authority's certificate {subject:?} is valid from {not_before} to {not_after}, not at {time}"
    )]
    AuthorityNotValid {
        /// Whose certificate.
        subject: String,
        /// Its start.
        not_before: Timestamp,
        /// Its end.
        not_after: Timestamp,
        /// The entry's time.
        time: Timestamp,
    },
    /// Step 12: no proof.
    #[error("the entry has no inclusion proof")]
    NoProof,
    /// Step 12: proof and checkpoint are of different trees.
    #[error(
        "the inclusion proof is for a tree of {proof} entries, its checkpoint for one of {checkpoint}"
    )]
    TreeSize {
        /// The proof's size.
        proof: u64,
        /// The checkpoint's size.
        checkpoint: u64,
    },
    /// Step 12: proof and checkpoint have different roots.
    #[error("the inclusion proof leads to another root than its checkpoint's")]
    RootHash,
    /// Step 12: the checkpoint's first line names another log.
    #[error("expected the checkpoint of {expected}, found one of {found:?}")]
    CheckpointOrigin {
        /// The log's name.
        expected: String,
        /// The origin found.
        found: String,
    },
    /// Step 12: no signature line of the checkpoint bears the log's name.
    #[error("expected a signature named {expected} on the checkpoint, found {}", found.join(", "))]
    CheckpointSigner {
        /// The log's name.
        expected: String,
        /// The names found.
        found: Vec<String>,
    },
    /// Step 12: no such entry in that tree.
    #[error("the entry's index {index} is not in a tree of {size} entries")]
    IndexOutside {
        /// The proof's index.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// Step 12: entry and proof are of different places in the log.
    #[error("the entry says that it has the index {entry}, its inclusion proof is for {proof}")]
    IndexDiffers {
        /// The entry's index.
        entry: u64,
        /// The proof's index.
        proof: u64,
    },
    /// Step 13: the entry's body is no strict JSON.
    #[error("the entry's body is not readable")]
    BodyJson(#[from] JsonError),
    /// Step 13: the body has another shape.
    #[error("the entry's body is malformed")]
    BodyField(#[from] FieldError),
    /// Step 13: the body is of another kind than the entry says.
    #[error("the entry says that it is of kind {entry}, its body says {body:?}")]
    BodyKind {
        /// Kind and version of the entry.
        entry: String,
        /// Kind and version of the body.
        body: String,
    },
    /// Step 13: version 1 logs SHA-256.
    #[error("expected a sha256 hash of the payload in the entry's body, found {found:?}")]
    BodyHashAlgorithm {
        /// The algorithm found.
        found: String,
    },
    /// Step 14: an entry about a payload, beside a signature that has none.
    #[error("the entry is about a DSSE envelope, and the signature is over an artifact")]
    BodyContentKind,
    /// Step 14: a payload of another type was logged.
    #[error("the log has a payload of another type, {logged:?}")]
    BodyPayloadType {
        /// The type that was logged.
        logged: String,
    },
    /// Step 14: a digest that cannot be compared, since the caller did not give it.
    #[error("the log has a {hash} digest, which is not known of the artifact")]
    BodyDigestNotKnown {
        /// Which digest is needed.
        hash: Hash,
    },
    /// Step 14: something else was logged.
    #[error("the log has a signature over the digest {logged:?}, this one is over {actual}")]
    BodyDigest {
        /// The digest that was logged.
        logged: String,
        /// The digest of what was signed.
        actual: String,
    },
    /// Step 14: the log has a certificate where a key signed, or a key where a certificate's holder did.
    #[error("the log names another kind of signer: certificate and public key are not the same")]
    BodyVerifierKind,
    /// Step 14: what the body holds as public key is none.
    #[error("the public key in the entry's body is not PEM")]
    BodyKeyEncoding,
    /// Step 14: another public key was logged.
    #[error("the log has another public key for the signature")]
    BodyKey,
    /// Step 14: another statement was logged.
    #[error("the log has another statement: sha256 {logged:?}, this one has {actual}")]
    BodyPayload {
        /// The hash that was logged.
        logged: String,
        /// The statement's hash.
        actual: String,
    },
    /// Step 14: an attestation has one signature.
    #[error("expected one signature in the entry's body, found {found}")]
    BodySignatureCount {
        /// How many there are.
        found: usize,
    },
    /// Step 14: another signature was logged.
    #[error("the log has another signature of the statement")]
    BodySignature,
    /// Step 14: what the body holds as certificate is none.
    #[error("the certificate in the entry's body is not PEM")]
    BodyCertificateEncoding,
    /// Step 14: another certificate was logged.
    #[error("the log has another certificate for the signature")]
    BodyCertificate,
    /// Step 17: the log did not sign the promise.
    #[error("the inclusion promise is not signed by the log for this body, time and index")]
    Promise(#[source] BadSignature),
    /// Step 18: the proof does not lead to its root.
    #[error("the inclusion proof does not prove the entry")]
    InclusionProof(#[source] InclusionError),
    /// Step 19: no signature line under the log's name has the log's key identifier.
    #[error("no signature on the checkpoint bears the identifier of the log's key")]
    CheckpointKey,
    /// Step 19: the log did not sign the checkpoint.
    #[error("the checkpoint is not signed by the log")]
    Checkpoint(#[source] BadSignature),
}

/// Why one RFC 3161 timestamp does not hold.
#[derive(Debug, thiserror::Error)]
pub enum TimestampError {
    /// The token does not verify for this signature.
    #[error(transparent)]
    Token(#[from] StampError),
    /// Signed before the certificate was valid.
    #[error(
        "the signature was stamped at {time}, before the certificate became valid at {not_before}"
    )]
    BeforeCertificate {
        /// The timestamp's time.
        time: Timestamp,
        /// The certificate's start.
        not_before: Timestamp,
    },
    /// Stamped when the certificate had expired.
    #[error("the signature was stamped at {time}, after the certificate expired at {not_after}")]
    AfterCertificate {
        /// The timestamp's time.
        time: Timestamp,
        /// The certificate's end.
        not_after: Timestamp,
    },
    /// Outside the validity window of the certificate's authority.
    #[error(
        "the signature was stamped at {time}, when the trust root did not believe the certificate's authority"
    )]
    AuthorityNotInForce {
        /// The timestamp's time.
        time: Timestamp,
    },
    /// A certificate above the signing one was not valid.
    #[error(
        "the authority's certificate {subject:?} is valid from {not_before} to {not_after}, not when the signature was stamped at {time}"
    )]
    AuthorityNotValid {
        /// Whose certificate.
        subject: String,
        /// Its start.
        not_before: Timestamp,
        /// Its end.
        not_after: Timestamp,
        /// The timestamp's time.
        time: Timestamp,
    },
}

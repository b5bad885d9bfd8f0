//! A proposed entry that was read and whose signature holds.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;
use touchplate_attest::crypto::Hash;
use touchplate_attest::{JsonError, Sha256, read_strict_json};

use super::search::SearchKey;
use super::verifier::{CheckError, VerifierError};
use super::{v1, v2};

/// An entry's body has its length in two bytes in the log's tiles (C2SP tlog-tiles).
pub const MAX_BODY_BYTES: usize = 65_535;

/// The longest proposal to the v1 log. It holds the whole envelope: a statement of an attestation's most, in base64 inside
/// JSON, and beside it a certificate.
pub const MAX_V1_PROPOSAL_BYTES: usize = 2 * 1024 * 1024;

/// The longest proposal to the v2 log: a digest, a signature and a certificate.
pub const MAX_V2_PROPOSAL_BYTES: usize = MAX_BODY_BYTES;

/// What kind of entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `dsse` 0.0.1: an envelope's hashes and signature.
    Dsse,
    /// `hashedrekord` 0.0.1: an artifact's digest and signature.
    HashedRekord,
    /// `hashedrekord` 0.0.2: the same for Rekor v2, and for the digest of what an envelope's signature is over.
    HashedRekordV2,
}

impl Kind {
    /// Its name and version.
    pub fn named(self) -> (&'static str, &'static str) {
        match self {
            Self::Dsse => ("dsse", "0.0.1"),
            Self::HashedRekord => ("hashedrekord", "0.0.1"),
            Self::HashedRekordV2 => ("hashedrekord", "0.0.2"),
        }
    }
}

/// An entry that may be logged. Nothing else may: there is no way to make one but [`Self::for_v1`] and [`Self::for_v2`].
#[derive(Clone, Debug)]
pub struct Proposal {
    kind: Kind,
    body: Bytes,
    search: Vec<SearchKey>,
}

impl Proposal {
    /// Reads what is proposed to a Rekor v1 log, and checks its signature.
    pub fn for_v1(json: &[u8]) -> Result<Self, ProposalError> {
        v1::read(&document(json, MAX_V1_PROPOSAL_BYTES)?)
    }

    /// Reads what is proposed to a Rekor v2 log, and checks its signature.
    pub fn for_v2(json: &[u8]) -> Result<Self, ProposalError> {
        v2::read(document(json, MAX_V2_PROPOSAL_BYTES)?)
    }

    /// With the body in its one spelling (RFC 8785), which is what the log hashes.
    pub(super) fn new(
        kind: Kind,
        body: &Value,
        mut search: Vec<SearchKey>,
    ) -> Result<Self, ProposalError> {
        let body = serde_json_canonicalizer::to_vec(body).map_err(ProposalError::Body)?;
        if body.len() > MAX_BODY_BYTES {
            return Err(ProposalError::BodyTooLarge { found: body.len() });
        }
        search.sort_unstable();
        search.dedup();
        Ok(Self {
            kind,
            body: body.into(),
            search,
        })
    }

    /// What kind of entry it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the log keeps and hashes.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What the entry is found by.
    pub fn search(&self) -> &[SearchKey] {
        &self.search
    }
}

/// Why an entry is not logged. Each variant but `Body` is one that the sender can act on.
#[derive(Debug, thiserror::Error)]
pub enum ProposalError {
    /// No JSON that is read here.
    #[error("the proposal is not valid JSON")]
    Json(#[from] JsonError),
    /// Members are missing, unknown or of another type.
    #[error("the proposal has another form than its kind")]
    Form(#[source] serde_json::Error),
    /// A kind of entry that this log does not keep.
    #[error("expected an entry of the kind {expected}, found {found}")]
    Kind {
        /// What is kept here.
        expected: &'static str,
        /// What was proposed, shortened.
        found: String,
    },
    /// What the log computes came along.
    #[error("expected proposedContent alone, found {member} beside it, which the log computes")]
    Computed {
        /// Which member.
        member: &'static str,
    },
    /// Text that should be base64 (RFC 4648 §4, padded) is not.
    #[error("{member} is not base64")]
    Base64 {
        /// Where it stands.
        member: &'static str,
    },
    /// The envelope inside is no JSON that is read here.
    #[error("the envelope is not valid JSON")]
    Envelope(#[source] JsonError),
    /// The envelope's members are not those of DSSE.
    #[error("the envelope has another form than DSSE")]
    EnvelopeForm(#[source] serde_json::Error),
    /// Attestations are statements.
    #[error("expected the payload type {expected}, found {found:?}", expected = super::v1::PAYLOAD_TYPE)]
    PayloadType {
        /// What the envelope says, shortened.
        found: String,
    },
    /// One signature is logged with the one key that it is checked with.
    #[error("expected one signature in the envelope, found {found}")]
    Signatures {
        /// How many there are.
        found: usize,
    },
    /// As many certificates or keys as signatures.
    #[error("expected one verifier, found {found}")]
    Verifiers {
        /// How many there are.
        found: usize,
    },
    /// The certificate or key cannot be used.
    #[error("the verifier cannot be used")]
    Verifier(#[from] VerifierError),
    /// Not both and not neither.
    #[error("expected either x509Certificate or publicKey in the verifier")]
    VerifierForm,
    /// Another hash function than those of the kind.
    #[error("expected a digest by {expected}, found {found:?}")]
    HashAlgorithm {
        /// What may stand there.
        expected: &'static str,
        /// What stands there, shortened.
        found: String,
    },
    /// Not of that hash function's length, or not in lower-case hex.
    #[error("the digest is no {hash} digest in its usual spelling")]
    Digest {
        /// Which hash function.
        hash: Hash,
    },
    /// A way of signing that cannot be checked here.
    #[error("expected keyDetails to be {expected}, found {found:?}")]
    KeyDetails {
        /// What may stand there.
        expected: &'static str,
        /// What stands there, shortened.
        found: String,
    },
    /// The key is of another kind than the details say.
    #[error("the verifier's key is not of the kind {details}")]
    OtherKey {
        /// What the details say.
        details: &'static str,
    },
    /// Ed25519 signs messages, and a digest is no message.
    #[error("a signature by Ed25519 cannot be checked with a digest alone")]
    NeedsMessage,
    /// The signature does not hold.
    #[error("verifying signature")]
    Signature(#[from] CheckError),
    /// More than a tile's entry may have.
    #[error("expected an entry of at most {MAX_BODY_BYTES} bytes, found {found}")]
    BodyTooLarge {
        /// Its length.
        found: usize,
    },
    /// The body could not be written.
    #[error("error generating canonicalized entry")]
    Body(#[source] serde_json::Error),
}

fn document(json: &[u8], limit: usize) -> Result<Value, ProposalError> {
    Ok(read_strict_json(json, limit)?)
}

/// A part of a proposal.
pub(super) fn form<T: DeserializeOwned>(value: Value) -> Result<T, ProposalError> {
    serde_json::from_value(value).map_err(ProposalError::Form)
}

/// The start of a text, for a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(160).collect()
}

/// A digest in hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::of(bytes).to_string()
}

/// How long a digest is.
pub(super) fn digest_bytes(hash: Hash) -> usize {
    match hash {
        Hash::Sha256 => 32,
        Hash::Sha384 => 48,
        Hash::Sha512 => 64,
    }
}

//! What was signed: a DSSE envelope's payload, or an artifact of which digests are known.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::error::VerifyError;
use crate::artifact::Artifact;
use crate::crypto::{Algorithm, Hash, PublicKey};

pub(crate) enum Content<'a> {
    Envelope(Envelope<'a>),
    Artifact(&'a Artifact),
}

/// A DSSE envelope's payload, under its type.
pub(crate) struct Envelope<'a> {
    payload_type: &'a str,
    payload: &'a [u8],
    encoded: OnceCell<Vec<u8>>,
}

impl Envelope<'_> {
    /// DSSE's pre-authentication encoding (DSSE protocol, "PAE").
    fn encoded(&self) -> &[u8] {
        self.encoded.get_or_init(|| {
            let (kind, payload) = (self.payload_type, self.payload);
            let start = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
            [start.as_bytes(), payload].concat()
        })
    }
}

impl<'a> Content<'a> {
    pub(crate) fn envelope(payload_type: &'a str, payload: &'a [u8]) -> Self {
        Self::Envelope(Envelope {
            payload_type,
            payload,
            encoded: OnceCell::new(),
        })
    }

    pub(super) fn payload(&self) -> Option<&[u8]> {
        match self {
            Self::Envelope(envelope) => Some(envelope.payload),
            Self::Artifact(_) => None,
        }
    }

    pub(super) fn payload_type(&self) -> Option<&str> {
        match self {
            Self::Envelope(envelope) => Some(envelope.payload_type),
            Self::Artifact(_) => None,
        }
    }

    /// The digest of what was signed, where it is known.
    pub(super) fn digest(&self, hash: Hash) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Envelope(envelope) => Some(hash.of(envelope.encoded()).into()),
            Self::Artifact(artifact) => artifact.digest(hash).map(Cow::Borrowed),
        }
    }

    /// Step 20 of [`verify`](crate::verify()).
    pub(super) fn check_signature(
        &self,
        key: &dyn PublicKey,
        algorithm: Algorithm,
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        let checked = match (self, algorithm.hash()) {
            (Self::Envelope(envelope), _) => key.verify(envelope.encoded(), signature),
            (Self::Artifact(artifact), Some(hash)) => {
                let digest = artifact.digest(hash);
                let digest = digest.ok_or(VerifyError::DigestNotKnown { hash })?;
                key.verify_digest(digest, signature)
            }
            (Self::Artifact(_), None) => {
                return Err(VerifyError::NeedsWholeArtifact { algorithm });
            }
        };
        checked.map_err(VerifyError::Signature)
    }
}

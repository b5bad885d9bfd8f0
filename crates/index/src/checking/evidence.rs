//! Whether a stored attestation still holds.

use jiff::Timestamp;
use touchplate_attest::{
    Attestation, AttestationError, DomainError, FileFacts, Mismatch, TrustDomains,
};

use crate::ports::HeldAttestation;

/// Why a stored attestation no longer holds.
#[derive(Debug, thiserror::Error)]
pub enum Unsound {
    /// It is none any more.
    #[error("it cannot be read")]
    Malformed(#[source] AttestationError),
    /// By today's trust roots, or at all.
    #[error("it does not verify")]
    Unverified(#[source] DomainError),
    /// The evidence names somebody else than the note.
    #[error("it is not by whom it was taken from")]
    Holder(#[source] Mismatch),
    /// The evidence says something else than the note.
    #[error("what was noted of it has another {0} than the evidence")]
    Noted(&'static str),
}

impl Unsound {
    /// A word for programs, which stays.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "attestation-malformed",
            Self::Unverified(_) => "attestation-unverified",
            Self::Holder(_) => "attestation-holder",
            Self::Noted(_) => "attestation-noted",
        }
    }
}

impl HeldAttestation {
    /// Whether everything that was checked when it came would be found so again. Takes a millisecond of a processor.
    ///
    /// 1. It is an attestation.
    /// 2. It verifies for its file under the domain that speaks for the project today.
    /// 3. It is by whom it was taken from.
    /// 4. It says what was noted of it.
    pub fn holds(&self, trust: &TrustDomains, now: Timestamp) -> Result<(), Unsound> {
        let attestation = Attestation::parse(self.json.as_bytes()).map_err(Unsound::Malformed)?; // 1
        let file = FileFacts {
            filename: self.filename.clone(),
            sha256: self.sha256,
        };
        let proven = trust
            .verify_any_predicate(&file, &attestation, now)
            .map_err(Unsound::Unverified)?
            .proof; // 2
        let expected = &self.record.expected;
        expected.recognises(&proven).map_err(Unsound::Holder)?; // 3
        match self.record.differs_from(&proven) {
            None => Ok(()),
            Some(what) => Err(Unsound::Noted(what)), // 4
        }
    }
}

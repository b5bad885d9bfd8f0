//! Attesters: identities that a project expects beside its publishers, and the attestations that are added to a file after
//! its upload.
//!
//! What is added here is served at `/api/v1` alone: readers of the Integrity API fail on a whole object at the first
//! predicate or publisher that they do not know (`docs/decisions/later-attestations.md`).

mod adding;
mod attester;
mod attributed;
mod configuring;
pub(crate) mod known;

pub use adding::{AddAttestationError, Added, MAX_LATE, MAX_LATE_BYTES, NobodyExpected};
pub use attester::{
    Attester, AttesterError, AttesterRole, Expected, ExpectedIdentity, InvalidIdentity,
    InvalidPredicateTypes, MAX_ATTESTER_BYTES, Predicates, UnknownAttesterRole,
};
pub use attributed::{AttestationRecord, Attributed, Capacity, UnknownCapacity};
pub use configuring::{Authority, ChangeAttestersError, MAX_ATTESTERS, NotAllowed};
pub use known::{AttestationFacts, KnownAttestation, KnownFile, KnownFiles, LateAddition};

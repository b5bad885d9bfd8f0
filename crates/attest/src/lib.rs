//! PEP 740: attestations, provenance, publishers, and the check that ties a file to the identity that built it.
//!
//! [`Attestation::parse`] and [`Provenance::parse`] read, strictly, and keep what they read. [`verify()`] then says what
//! the cryptography and the transparency log prove of a file, and [`Proven::by`] whether that was the publisher whom the
//! caller expected. Nothing here touches a disk, a network or the clock.

pub mod attestation;
mod certificate;
pub mod crypto;
pub mod domain;
mod encoding;
pub mod identity;
mod json;
pub mod log;
pub mod provenance;
pub mod publisher;
pub mod root;
pub mod root_facts;
mod sigstore;
pub mod stamp;
pub mod statement;
pub mod verify;

pub use attestation::{Attestation, AttestationError};
pub use certificate::{CertificateError, CertificateFacts};
pub use domain::{DomainError, DomainName, TrustDomain, TrustDomains};
pub use encoding::Base64Error;
pub use identity::{Claims, Identity, SubjectName};
pub use json::{FieldError, JsonError, read as read_strict_json};
pub use log::LogEntryFacts;
pub use provenance::{
    AttestationBundle, Provenance, ProvenanceError, ProvenanceVerifyError, verify_provenance,
};
pub use publisher::{
    Callee, ClaimContradicted, EnvironmentCheck, Mismatch, OtherIds, PinnedIds, Publisher,
    PublisherError,
};
pub use root::{TrustRoot, TrustRootError};
pub use statement::{PredicateType, Statement};
pub use touchplate_packaging::{Filename, Sha256};
pub use verify::{
    EntryError, FileFacts, NoMatch, Proven, Repeated, VerificationRecord, Verified, VerifyError,
    verify, without_repeats,
};

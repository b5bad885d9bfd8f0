//! PEP 740: attestations, provenance, publishers, and the check that ties a file to the identity that built it.
//!
//! [`Attestation::parse`] and [`Provenance::parse`] read, strictly, and keep what they read. [`verify()`] then says what
//! the cryptography and the transparency log prove of a file, and [`Proven::by`] whether that was the publisher whom the
//! caller expected. Nothing here touches a disk, a network or the clock.

mod artifact;
pub mod attestation;
pub mod bundle;
mod certificate;
pub mod crypto;
pub mod domain;
mod encoding;
mod entry;
#[cfg(feature = "id-token")]
pub mod id_token;
pub mod identity;
mod json;
pub mod log;
pub mod logged;
mod managed_key;
pub mod provenance;
pub mod publisher;
pub mod root;
pub mod root_facts;
pub mod stamp;
pub mod statement;
pub mod verify;

pub use artifact::Artifact;
pub use attestation::{Attestation, AttestationError};
pub use bundle::{
    Bundle, BundleContent, BundleError, BundleSigner, BundleVerifyError, MediaType, ProvenBundle,
    verify_bundle,
};
pub use certificate::{CertificateError, CertificateFacts};
pub use domain::{DomainError, DomainName, TrustDomain, TrustDomains};
pub use encoding::Base64Error;
pub use identity::{Claims, Identity, SubjectName};
pub use json::{FieldError, JsonError, from_object, read as read_strict_json};
pub use log::{LogEntryFacts, SignedTime, TimeSource};
pub use managed_key::ManagedKey;
pub use provenance::{
    AttestationBundle, Provenance, ProvenanceError, ProvenanceVerifyError, verify_provenance,
    verify_provenance_remembering,
};
pub use publisher::{
    Callee, ClaimContradicted, ClaimMatch, EnvironmentCheck, Glob, InvalidGlob, Mismatch, OtherIds,
    PinnedIds, Publisher, PublisherError, Run, TokenClaims, TokenMismatch,
};
pub use root::{FollowedLog, LogKind, TrustRoot, TrustRootError};
pub use statement::{PredicateType, Statement};
pub use touchplate_packaging::{Filename, Sha256};
pub use verify::{
    CertificateMemory, EntryError, FileFacts, NoMatch, Proven, Repeated, TimestampError,
    VerificationRecord, Verified, VerifyError, verify, verify_any_predicate, verify_remembering,
    without_repeats,
};

//! The making of signatures: certificate authority, certificate log, transparency logs, timestamp authority and minting
//! for the demo and for tests.
//!
//! A [`Domain`] is a throwaway trust stack in memory, with keys that end with it: what Sigstore's public services do
//! for real, small enough to start with a process. It is the beginning of the private trust stack.

mod attestation;
mod authority;
mod bundle;
mod certificate;
mod certificate_log;
mod domain;
mod entry;
mod fault;
mod keys;
mod log;
mod recipe;
mod root;
mod stamp;
mod statement;
mod tree;
mod workload;

pub use bundle::MintedBundle;
pub use domain::{Domain, TrustError};
pub use fault::Fault;
pub use keys::KeyKind;
pub use recipe::{
    BodyRecipe, BundleRecipe, BundleSigner, CertificateRecipe, CheckpointRecipe, EntryForm,
    EntryRecipe, KeyHolder, Predicate, Recipe, StampRecipe, Stamped, StatementRecipe,
    TimestampRecipe,
};
pub use root::{Window, Windows};
pub use stamp::{
    AttributeRecipe, AttributeValue, StampAuthority, StampCertificateRecipe, TokenRecipe,
};
pub use tree::TreeHead;
pub use workload::Workload;

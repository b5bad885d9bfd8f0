//! Minting under a throwaway trust domain, for tests: attestations and bundles that are right, and with one thing wrong.
//!
//! A [`Domain`] is a trust stack in memory, with keys that end with it. Nothing here serves anybody.

mod attestation;
mod authority;
mod bundle;
mod certificate_log;
mod domain;
mod entry;
mod fault;
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
pub use recipe::{
    BodyRecipe, BundleRecipe, BundleSigner, CertificateRecipe, CheckpointRecipe, EntryForm,
    EntryRecipe, KeyHolder, Predicate, Recipe, StampRecipe, Stamped, StatementRecipe,
    TimestampRecipe,
};
pub use root::Windows;
pub use stamp::{
    AttributeRecipe, AttributeValue, StampAuthority, StampCertificateRecipe, TokenRecipe,
};
pub use tree::TreeHead;
pub use workload::Workload;

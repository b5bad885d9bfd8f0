//! The making of signatures: the private trust stack, and what tests forge.
//!
//! [`log`] is the engine of the transparency and certificate logs. `forge` mints attestations and bundles under a
//! throwaway trust domain, right ones and wrong ones.

pub mod allowance;
pub mod authority;
mod certificate;
mod chains;
mod forge;
mod fulcio;
mod issuer;
mod keys;
pub mod layout;
pub mod log;
pub mod rekor;
pub mod roots;
pub mod stamp;
mod window;

pub use chains::certificate_pem;
pub use forge::{
    AttributeRecipe, AttributeValue, BodyRecipe, BundleRecipe, BundleSigner, CertificateRecipe,
    CheckpointRecipe, Domain, EntryForm, EntryRecipe, Fault, KeyHolder, MintedBundle, Predicate,
    Recipe, StampAuthority, StampCertificateRecipe, StampRecipe, Stamped, StatementRecipe,
    TimestampRecipe, TokenRecipe, TreeHead, TrustError, Windows, Workload,
};
pub use issuer::{IssuerError, LocalIssuer, github_claims};
pub use keys::{InvalidSecret, KeyKind, SealError, Secret, SigningKey};
pub use window::Window;

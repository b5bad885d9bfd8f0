//! Publishing a release to any index: plan, preflight, signing, exchange of the identity, upload, summary.
//!
//! In this order, and nothing of a later step is begun before the earlier ones hold for every file:
//!
//! 1. [`Distribution`]s are read and hashed; wheels come first, since installers take what is there.
//! 2. Preflight: metadata and archive, what the index lists already ([`Standing`]), what the last release was.
//! 3. Each file that is to be sent gets its attestations, all by one certificate, and those that lie beside it.
//! 4. The identity becomes a credential of some minutes ([`door`]), which is renewed before it ends.
//! 5. Files are sent ([`upload`]), several at once, and each step can be repeated: a run that was interrupted is run again.

pub mod access;
pub mod attest;
pub mod binding;
pub mod checks;
pub mod credentials;
pub mod door;
pub mod downgrade;
mod file;
pub mod form;
mod many;
pub mod remote;
pub mod sidecars;
mod standing;
pub mod upload;

pub use file::{Distribution, FileError, wheels_first};
pub use many::{Watch, upload_all};
pub use standing::Standing;

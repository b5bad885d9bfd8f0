//! Python's package formats as values: names, versions, filenames, digests, core metadata, archives and the Simple API.
//!
//! Everything that comes from outside is parsed here once, into a type that cannot hold anything else. Nothing here
//! touches a disk, a network, the clock or an account. The larger parts are behind features: `archive` (reading
//! wheels and sdists), `lock` (lockfiles), `installed` (what installers leave beside what they installed) and `simple` (the
//! Simple API's pages).

#[cfg(feature = "archive")]
pub mod archive;
mod digest;
mod excerpt;
pub mod filename;
#[cfg(feature = "installed")]
pub mod installed;
#[cfg(feature = "lock")]
pub mod lock;
pub mod metadata;
mod name;
mod profile;
#[cfg(feature = "simple")]
pub mod simple;
mod version;

pub use digest::{Blake2b256, Digests, Hasher, InvalidDigest, Md5, Sha256};
pub use filename::{
    FileKind, Filename, FilenameRefused, InvalidFilename, SdistFilename, WheelFilename,
};
pub use metadata::{CoreMetadata, MetadataError, MetadataVersion};
pub use name::{DisplayName, InvalidName, ProjectName};
pub use profile::{Profile, UnknownProfile};
pub use version::{InvalidVersion, Version};

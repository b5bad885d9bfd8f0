//! Reading wheels and sdists: is the archive what its filename says, does it hold its metadata, and would every reader
//! see the same members in it?
//!
//! Memory stays within a few mebibytes and the names of the members, whatever the archive's size: contents are
//! decompressed once, counted and dropped, and only the few files that are looked at are kept.

mod compare;
mod error;
mod listing;
mod members;
mod note;
mod path;
mod sdist;
mod stated;
mod tar;
#[cfg(test)]
mod tests;
mod wheel;
mod zip;

use std::io::{Read, Seek};

use crate::{CoreMetadata, Filename, MetadataVersion, Profile, Sha256};

pub use compare::{Difference, Disagreement, compare};
pub use error::{ArchiveError, TarProblem, ZipProblem};
pub use listing::{Beginning, Listing, Member, Recorded, beginning, list};
pub use note::Note;
pub use path::PathProblem;

use members::Members;

/// How much an archive may hold. Each is far above what real distributions have and far below what hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of members, directories included.
    pub members: usize,
    /// Of one member's path, in bytes.
    pub name_bytes: usize,
    /// Of all paths together, in bytes: they are kept in memory.
    pub names_bytes: usize,
    /// Of everything decompressed, in bytes.
    pub decompressed_bytes: u64,
    /// Decompressed by compressed size…
    pub ratio: u64,
    /// …which only counts above this many decompressed bytes: a small text compresses well.
    pub ratio_free_bytes: u64,
    /// Of a file that is kept and parsed (METADATA, PKG-INFO, WHEEL, RECORD, entry_points.txt), in bytes.
    pub kept_bytes: usize,
}

impl Limits {
    /// The largest distributions (whole cloud SDKs) have some 40,000 files.
    pub const MEMBERS: usize = 100_000;
    /// PATH_MAX is 4096 with the directory that it is unpacked into.
    pub const NAME_BYTES: usize = 1024;
    /// 40,000 paths of 100 bytes are 4 MB; a few copies are in memory at once.
    pub const NAMES_BYTES: usize = 8 << 20;
    /// The largest wheels (GPU libraries) unpack to about 4 GB.
    pub const DECOMPRESSED_BYTES: u64 = 8 << 30;
    /// What the public index allows.
    pub const RATIO: u64 = 50;
    /// What the public index allows.
    pub const RATIO_FREE_BYTES: u64 = 64 << 20;
    /// As the bound of metadata itself; RECORD of 40,000 files has under 6 MB.
    pub const KEPT_BYTES: usize = crate::metadata::MAX_METADATA_BYTES;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            members: Self::MEMBERS,
            name_bytes: Self::NAME_BYTES,
            names_bytes: Self::NAMES_BYTES,
            decompressed_bytes: Self::DECOMPRESSED_BYTES,
            ratio: Self::RATIO,
            ratio_free_bytes: Self::RATIO_FREE_BYTES,
            kept_bytes: Self::KEPT_BYTES,
        }
    }
}

impl Limits {
    /// How many bytes a file of this size may decompress to, and which limit that is.
    fn decompressed(&self, file_bytes: u64) -> (u64, ArchiveError) {
        let by_ratio = file_bytes
            .saturating_mul(self.ratio)
            .max(self.ratio_free_bytes);
        if by_ratio < self.decompressed_bytes {
            (by_ratio, ArchiveError::Ratio { ratio: self.ratio })
        } else {
            (
                self.decompressed_bytes,
                ArchiveError::Decompressed {
                    limit: self.decompressed_bytes,
                },
            )
        }
    }
}

/// What an archive holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Its own metadata, parsed.
    pub metadata: CoreMetadata,
    /// The file it was in: METADATA of a wheel, PKG-INFO of an sdist.
    pub metadata_bytes: Vec<u8>,
    /// The digest of that file, as PEP 658 and PEP 714 show it for wheels.
    pub core_metadata_sha256: Sha256,
    /// What is odd about it, but found in real distributions.
    pub notes: Vec<Note>,
    /// How many members it has, directories included.
    pub members: usize,
    /// What its members decompress to, in bytes.
    pub decompressed_bytes: u64,
}

/// Every check of an archive. Blocking: all of it is decompressed.
///
/// 1. The container is well-formed: every reader would see the same members, each with a path below the directory it is
///    unpacked into, within `limits`.
/// 2. It is a wheel or an sdist: METADATA, WHEEL and RECORD, or PKG-INFO in the one top-level directory.
/// 3. Its metadata can be read and is about the project and version that `filename` says.
/// 4. What the metadata or the format promises is there: licence files, well-formed entry points.
pub fn inspect(
    file: &mut (impl Read + Seek),
    filename: &Filename,
    profile: Profile,
    limits: &Limits,
) -> Result<Contents, ArchiveError> {
    let contents = match filename {
        Filename::Wheel(wheel) => wheel::inspect(file, wheel, limits)?,
        Filename::Sdist(sdist) => sdist::inspect(file, sdist, limits)?,
    };
    if profile == Profile::Pypi && contents.metadata.version.is_local() {
        return Err(ArchiveError::LocalVersion {
            version: contents.metadata.version.to_string(),
        });
    }
    Ok(contents)
}

/// Steps 3 and, for metadata that promises licence files, 4: `licence_directory` is where their paths begin.
fn contents(
    filename: &Filename,
    members: &Members,
    metadata_path: &str,
    metadata_bytes: Vec<u8>,
    licence_directory: &str,
    notes: Vec<Note>,
) -> Result<Contents, ArchiveError> {
    let metadata =
        CoreMetadata::parse(&metadata_bytes).map_err(|problem| ArchiveError::Metadata {
            path: metadata_path.to_owned(),
            problem: Box::new(problem),
        })?;
    if metadata.name.normalised() != *filename.project() {
        return Err(ArchiveError::NameDiffers {
            path: metadata_path.to_owned(),
            expected: filename.project().to_string(),
            found: metadata.name.to_string(),
        });
    }
    if metadata.version != *filename.version() {
        return Err(ArchiveError::VersionDiffers {
            path: metadata_path.to_owned(),
            expected: filename.version().to_string(),
            found: metadata.version.to_string(),
        });
    }
    // Before 2.4 the field was setuptools' own, and its paths began elsewhere.
    if metadata.metadata_version >= MetadataVersion::V2_4 {
        for path in &metadata.license_files {
            let expected = format!("{licence_directory}/{path}");
            if !members.files.contains(&expected) {
                return Err(ArchiveError::LicenseFile {
                    path: path.clone(),
                    filename: filename.to_string(),
                    expected,
                });
            }
        }
    }
    Ok(Contents {
        metadata,
        core_metadata_sha256: Sha256::of(&metadata_bytes),
        metadata_bytes,
        notes,
        members: members.count,
        decompressed_bytes: members.decompressed_bytes,
    })
}

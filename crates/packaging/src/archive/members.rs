//! What was found while reading an archive through, whichever its container.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use sha2::{Digest as _, Sha256 as Hash};

use crate::Sha256;
use crate::archive::path::{self, PathProblem};
use crate::archive::stated::{Hashing, Row, Rows};
use crate::archive::{ArchiveError, Limits};
use crate::excerpt::excerpt;

/// A block of decompressed bytes on its way to nowhere.
const BLOCK_BYTES: usize = 64 << 10;

/// What is done with contents beside counting them.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    /// Sizes are noted of each file, and digests of some.
    pub(super) lists: bool,
    /// Digests are computed of archives that unpack to so many bytes.
    pub(super) hash_up_to: u64,
    /// What is kept is cut where it is longer than it may be, and no error.
    pub(super) cuts: bool,
    /// What the archive itself states of its files: each that has another digest is an error.
    pub(super) stated: Rows,
}

/// Size and digest of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) bytes: u64,
    pub(super) sha256: Option<Sha256>,
}

/// The members of an archive, and the contents of the few that are looked at.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// Paths of everything that is no directory.
    pub(super) files: BTreeSet<String>,
    /// Paths of everything, directories without their slash (tar only: what may lie beyond a link).
    pub(super) paths: BTreeSet<String>,
    /// Paths of directories that are members, without their slash.
    pub(super) folders: BTreeSet<String>,
    /// The first parts of all paths.
    pub(super) top_level: BTreeSet<String>,
    /// Contents by path.
    pub(super) kept: BTreeMap<String, Vec<u8>>,
    /// Paths that came more than once.
    pub(super) repeated: BTreeSet<String>,
    /// Paths of symbolic links.
    pub(super) symlinks: BTreeSet<String>,
    /// Paths of files of which the archive states another size.
    pub(super) sizes_differ: BTreeSet<String>,
    /// Sizes, and digests as wished, by path.
    pub(super) sizes: BTreeMap<String, Known>,
    pub(super) wish: Wish,
    /// How many there are, directories included.
    pub(super) count: usize,
    /// What the files decompress to.
    pub(super) decompressed_bytes: u64,
    names_bytes: usize,
}

impl Members {
    /// None yet.
    pub(super) fn wishing(wish: Wish) -> Self {
        Self {
            wish,
            ..Self::default()
        }
    }

    /// Counts one more member of any kind and checks its path.
    pub(super) fn admit(&mut self, name: &str, limits: &Limits) -> Result<(), ArchiveError> {
        self.count += 1;
        if self.count > limits.members {
            return Err(ArchiveError::TooManyMembers {
                limit: limits.members,
            });
        }
        path::check(name, limits).map_err(|problem| path_error(name, problem))?;
        self.names_bytes = self.names_bytes.saturating_add(name.len());
        if self.names_bytes > limits.names_bytes {
            return Err(ArchiveError::NamesTooLong {
                limit: limits.names_bytes,
            });
        }
        if let Some(top) = name.split('/').next() {
            self.top_level.insert(top.to_owned());
        }
        Ok(())
    }

    /// Notes a file whose contents nobody reads.
    pub(super) fn pass_over(&mut self, name: &str, bytes: u64) {
        let known = Known {
            bytes,
            sha256: None,
        };
        self.sizes.insert(name.to_owned(), known);
        self.files.insert(name.to_owned());
    }

    /// Reads a file to its end; keeps its contents if `keep` is set. Returns how many bytes it had.
    pub(super) fn read(
        &mut self,
        name: &str,
        keep: bool,
        mut contents: impl Read,
        limits: &Limits,
    ) -> Result<u64, ArchiveError> {
        let mut kept = keep.then(Vec::new);
        // Whoever asks for none pays for none.
        let mut hasher = (self.wish.hash_up_to > 0).then(Hash::new);
        let mut held = self.hashing(name);
        let mut block = [0; BLOCK_BYTES];
        let mut bytes = 0_u64;
        loop {
            let count = contents.read(&mut block).map_err(ArchiveError::reading)?;
            let part = block.get(..count).unwrap_or_default();
            if part.is_empty() {
                break;
            }
            bytes = bytes.saturating_add(count as u64);
            if self.decompressed_bytes.saturating_add(bytes) > self.wish.hash_up_to {
                hasher = None;
            }
            if let Some(hasher) = &mut hasher {
                hasher.update(part);
            }
            if let Some(held) = &mut held {
                held.update(part);
            }
            if let Some(kept) = &mut kept {
                if self.wish.cuts {
                    let room = limits.kept_bytes.saturating_sub(kept.len());
                    kept.extend_from_slice(part.get(..room).unwrap_or(part));
                    continue;
                }
                if kept.len() + count > limits.kept_bytes {
                    return Err(ArchiveError::KeptTooLong {
                        path: excerpt(name),
                        limit: limits.kept_bytes,
                    });
                }
                kept.extend_from_slice(part);
            }
        }
        self.decompressed_bytes = self.decompressed_bytes.saturating_add(bytes);
        if let Some(kept) = kept {
            self.kept.insert(name.to_owned(), kept);
        }
        self.hold(name, held, bytes)?;
        if self.wish.lists {
            let sha256 = hasher.map(|hasher| Sha256::from_bytes(hasher.finalize().into()));
            self.sizes.insert(name.to_owned(), Known { bytes, sha256 });
        }
        if !self.files.insert(name.to_owned()) {
            self.repeated.insert(name.to_owned());
        }
        Ok(bytes)
    }

    /// No file may be what another's path leads through.
    pub(super) fn check_folders(&self) -> Result<(), ArchiveError> {
        let paths = self.files.iter().chain(&self.folders);
        let through = paths.flat_map(|path| {
            let slashes = path.match_indices('/');
            slashes.filter_map(|(at, _)| path.get(..at))
        });
        let mut folders = self.folders.iter().map(String::as_str).chain(through);
        match folders.find(|folder| self.files.contains(*folder)) {
            None => Ok(()),
            Some(name) => Err(ArchiveError::FileAndDirectory {
                name: excerpt(name),
            }),
        }
    }

    /// What the archive states of that file, however its path is spelled there.
    fn stated(&self, name: &str) -> Option<&Row> {
        let rows = &self.wish.stated;
        rows.get(name).or_else(|| {
            let respelled = name.contains('\\').then(|| name.replace('\\', "/"))?;
            rows.get(&respelled)
        })
    }

    fn hashing(&self, name: &str) -> Option<Hashing> {
        Hashing::of_kind(self.stated(name)?.kind())
    }

    /// Holds a file that was read against what the archive states of it.
    fn hold(&mut self, name: &str, held: Option<Hashing>, bytes: u64) -> Result<(), ArchiveError> {
        let Some(row) = self.stated(name) else {
            return Ok(());
        };
        if let Some(held) = held {
            let made = held.finish();
            if !row.agrees(&made) {
                let algorithm = row.digest.split('=').next().unwrap_or_default();
                return Err(ArchiveError::RecordDigest {
                    path: excerpt(name),
                    stated: excerpt(&row.digest),
                    found: format!("{algorithm}={made}"),
                });
            }
        }
        if row.size.is_some_and(|size| size != bytes) {
            self.sizes_differ.insert(name.to_owned());
        }
        Ok(())
    }
}

pub(super) fn path_error(name: &str, problem: PathProblem) -> ArchiveError {
    ArchiveError::Path {
        name: excerpt(name),
        problem,
    }
}

//! Zip archives. Read here record by record from the first byte to the last, because crates for zip start from the
//! directory at the end and step over what they do not need: what another reader finds there would go unseen. Only the
//! decompression is a crate's.

mod framing;
mod inflate;
mod scan;

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::{Crc, Decompress};

use crate::archive::members::Members;
use crate::archive::{ArchiveError, Limits, ZipProblem, tar};
use crate::excerpt::excerpt;

use framing::{Entry, Method};
use inflate::Inflate;

/// Of the file, read at once: large members are read by few calls.
const BUFFER_BYTES: usize = 64 << 10;

/// Reads the archive through. `keep` says which files' contents are wanted.
pub(super) fn read(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    keep: impl Fn(&str) -> bool,
) -> Result<Members, ArchiveError> {
    read_some(file, limits, Members::default(), keep, |_| true)
}

/// The same into `members`, which say what is wished; what is not `wanted` is told by the directory alone, and so is
/// everything but what is kept where digests are wished of less than there is.
pub(super) fn read_some(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    mut members: Members,
    keep: impl Fn(&str) -> bool,
    wanted: impl Fn(&str) -> bool,
) -> Result<Members, ArchiveError> {
    open(file, limits, &mut members)?.read(limits, &mut members, keep, wanted)?;
    Ok(members)
}

/// Reads the records of an archive, and admits its members.
pub(super) fn open<F: Read + Seek>(
    mut file: F,
    limits: &Limits,
    members: &mut Members,
) -> Result<Opened<F>, ArchiveError> {
    let length = file.seek(SeekFrom::End(0)).map_err(ArchiveError::Read)?;
    if tar::has_header(&mut file)? {
        return Err(ArchiveError::ZipAndTar);
    }
    file.rewind().map_err(ArchiveError::Read)?;
    let entries = framing::read(&mut file, length, limits, members)?;
    check_declared(&entries, length, limits)?;
    Ok(Opened {
        file: BufReader::with_capacity(BUFFER_BYTES, file),
        entries,
        decompress: Decompress::new(false),
    })
}

/// An archive whose records are in order, and whose contents are still to be read.
pub(super) struct Opened<F> {
    file: BufReader<F>,
    entries: Vec<Entry>,
    /// One for all members: a new one for each leaves a heap in pieces, a hundred megabytes for twenty thousand files.
    decompress: Decompress,
}

impl<F: Read + Seek> Opened<F> {
    /// The contents of one file, if it is there.
    pub(super) fn one(
        &mut self,
        path: &str,
        limits: &Limits,
    ) -> Result<Option<Vec<u8>>, ArchiveError> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == path) else {
            return Ok(None);
        };
        let mut alone = Members::default();
        let contents = Contents {
            file: &mut self.file,
            decompress: &mut self.decompress,
            entry,
        };
        contents.read(true, limits, &mut alone)?;
        Ok(alone.kept.remove(path))
    }

    /// Every file's contents, from the first to the last; [`read_some`] tells of which.
    pub(super) fn read(
        &mut self,
        limits: &Limits,
        members: &mut Members,
        keep: impl Fn(&str) -> bool,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<(), ArchiveError> {
        let hash_up_to = members.wish.hash_up_to;
        let is_too_much = hash_up_to > 0 && declared(&self.entries) > hash_up_to;
        if is_too_much {
            members.wish.hash_up_to = 0;
        }
        for entry in &self.entries {
            if entry.is_directory() {
                if entry.size != 0 || entry.compressed != 0 {
                    return Err(ZipProblem::DirectoryData.into());
                }
                let path = entry.name.trim_end_matches('/');
                members.folders.insert(path.to_owned());
                continue;
            }
            if entry.is_symlink {
                members.symlinks.insert(entry.name.clone());
            }
            let kept = keep(&entry.name);
            if !kept && (is_too_much || !wanted(&entry.name)) {
                members.pass_over(&entry.name, entry.size);
                continue;
            }
            let contents = Contents {
                file: &mut self.file,
                decompress: &mut self.decompress,
                entry,
            };
            contents.read(kept, limits, members)?;
        }
        Ok(())
    }
}

/// The sizes that the directory declares: a bomb that admits to being one costs nothing.
fn check_declared(entries: &[Entry], length: u64, limits: &Limits) -> Result<(), ArchiveError> {
    let (limit, exceeded) = limits.decompressed(length);
    if declared(entries) > limit {
        Err(exceeded)
    } else {
        Ok(())
    }
}

fn declared(entries: &[Entry]) -> u64 {
    let sizes = entries.iter().map(|entry| entry.size);
    sizes.fold(0, u64::saturating_add)
}

/// The contents of one file, still to be read.
struct Contents<'r, R> {
    file: &'r mut BufReader<R>,
    decompress: &'r mut Decompress,
    entry: &'r Entry,
}

impl<R: Read + Seek> Contents<'_, R> {
    /// Decompresses the file: not a byte more than declared, and all of its data.
    fn read(self, keep: bool, limits: &Limits, members: &mut Members) -> Result<(), ArchiveError> {
        let Self {
            file,
            decompress,
            entry,
        } = self;
        let here = file.stream_position().map_err(ArchiveError::Read)?;
        // Both are offsets into one file, far below 2⁶³; a relative seek keeps what is buffered.
        let distance = i64::try_from(entry.data_start).unwrap_or(i64::MAX)
            - i64::try_from(here).unwrap_or(i64::MAX);
        file.seek_relative(distance).map_err(ArchiveError::Read)?;
        let mut data = file.take(entry.compressed);
        let crc = match entry.method {
            Method::Stored => pass(&mut data, entry, keep, limits, members)?,
            Method::Deflated => pass(
                Inflate::new(&mut data, decompress),
                entry,
                keep,
                limits,
                members,
            )?,
        };
        // What stands behind the end of the compressed data is seen by no reader and could hold anything.
        if data.limit() != 0 {
            return Err(ZipProblem::DataSize.into());
        }
        if crc != entry.crc {
            return Err(ZipProblem::Checksum.into());
        }
        Ok(())
    }
}

/// Reads decompressed contents to their end, which must be where the entry says. Returns their checksum.
fn pass(
    contents: impl Read,
    entry: &Entry,
    keep: bool,
    limits: &Limits,
    members: &mut Members,
) -> Result<u32, ArchiveError> {
    let mut summed = Summed {
        from: contents,
        crc: Crc::new(),
    };
    // One byte more than declared tells that there is more.
    let most = entry.size.saturating_add(1);
    let bytes = members.read(&entry.name, keep, (&mut summed).take(most), limits)?;
    if bytes == entry.size {
        Ok(summed.crc.sum())
    } else {
        Err(ZipProblem::FileSize.into())
    }
}

/// Passes bytes on and sums them.
struct Summed<R> {
    from: R,
    crc: Crc,
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.from.read(into)?;
        self.crc.update(into.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// Would a reader of zip find an archive in a file that is something else? Such readers look for the end record near
/// the file's end and follow it to the directory.
pub(super) fn has_directory(file: &mut (impl Read + Seek)) -> Result<bool, ArchiveError> {
    scan::has_directory(file).map_err(ArchiveError::Read)
}

/// How a member that cannot be read is named.
fn unsupported(name: &str) -> ArchiveError {
    ArchiveError::Compression {
        name: excerpt(name),
    }
}

/// Reads exactly `count` bytes, however many that claims to be: nothing is reserved before it is there.
fn read_bytes(file: &mut impl BufRead, count: u64) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = Vec::new();
    let found = file
        .take(count)
        .read_to_end(&mut bytes)
        .map_err(ArchiveError::Read)?;
    if found as u64 == count {
        Ok(bytes)
    } else {
        Err(ZipProblem::Malformed.into())
    }
}

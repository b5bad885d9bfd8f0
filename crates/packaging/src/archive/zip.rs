//! Zip archives. Read here record by record from the first byte to the last, because crates for zip start from the
//! directory at the end and step over what they do not need: what another reader finds there would go unseen. Only the
//! decompression is a crate's.

mod framing;
mod scan;

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use crate::archive::members::Members;
use crate::archive::{ArchiveError, Limits, ZipProblem, tar};
use crate::excerpt::excerpt;

use framing::{Entry, Method};

/// Reads the archive through. `keep` says which files' contents are wanted.
pub(super) fn read(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    keep: impl Fn(&str) -> bool,
) -> Result<Members, ArchiveError> {
    let length = file.seek(SeekFrom::End(0)).map_err(ArchiveError::Read)?;
    if tar::has_header(file)? {
        return Err(ArchiveError::ZipAndTar);
    }
    file.rewind().map_err(ArchiveError::Read)?;
    let mut members = Members::default();
    let entries = framing::read(&mut *file, length, limits, &mut members)?;
    check_declared(&entries, length, limits)?;
    let mut file = BufReader::new(file);
    for entry in &entries {
        if entry.is_directory() {
            if entry.size != 0 || entry.compressed != 0 {
                return Err(ZipProblem::DirectoryData.into());
            }
            continue;
        }
        if entry.is_symlink {
            members.symlinks.insert(entry.name.clone());
        }
        read_entry(&mut file, entry, keep(&entry.name), limits, &mut members)?;
    }
    Ok(members)
}

/// The sizes that the directory declares: a bomb that admits to being one costs nothing.
fn check_declared(entries: &[Entry], length: u64, limits: &Limits) -> Result<(), ArchiveError> {
    let declared = entries
        .iter()
        .fold(0_u64, |total, entry| total.saturating_add(entry.size));
    let (limit, exceeded) = limits.decompressed(length);
    if declared > limit {
        Err(exceeded)
    } else {
        Ok(())
    }
}

/// Decompresses one file: not a byte more than declared, and all of its data.
fn read_entry(
    file: &mut BufReader<&mut (impl Read + Seek)>,
    entry: &Entry,
    keep: bool,
    limits: &Limits,
    members: &mut Members,
) -> Result<(), ArchiveError> {
    let here = file.stream_position().map_err(ArchiveError::Read)?;
    // Both are offsets into one file, far below 2⁶³; a relative seek keeps what is buffered.
    let distance = i64::try_from(entry.data_start).unwrap_or(i64::MAX)
        - i64::try_from(here).unwrap_or(i64::MAX);
    file.seek_relative(distance).map_err(ArchiveError::Read)?;
    let data = file.by_ref().take(entry.compressed);
    // One byte more than declared tells that there is more.
    let most = entry.size.saturating_add(1);
    let (crc, rest) = match entry.method {
        Method::Stored => {
            let mut contents = Checked {
                from: data,
                crc: Crc::new(),
            };
            let bytes = members.read(&entry.name, keep, (&mut contents).take(most), limits)?;
            check_size(bytes, entry)?;
            (contents.crc, contents.from)
        }
        Method::Deflated => {
            let mut contents = Checked {
                from: DeflateDecoder::new(data),
                crc: Crc::new(),
            };
            let bytes = members.read(&entry.name, keep, (&mut contents).take(most), limits)?;
            check_size(bytes, entry)?;
            // What stands behind the end of the compressed data is seen by no reader and could hold anything.
            (contents.crc, contents.from.into_inner())
        }
    };
    if rest.limit() != 0 {
        return Err(ZipProblem::DataSize.into());
    }
    if crc.sum() != entry.crc {
        return Err(ZipProblem::Checksum.into());
    }
    Ok(())
}

fn check_size(found: u64, entry: &Entry) -> Result<(), ArchiveError> {
    if found == entry.size {
        Ok(())
    } else {
        Err(ZipProblem::FileSize.into())
    }
}

/// Passes bytes on and sums them.
struct Checked<R> {
    from: R,
    crc: Crc,
}

impl<R: Read> Read for Checked<R> {
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

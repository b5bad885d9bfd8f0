//! `.tar.gz` archives, read as a stream. The crate `tar` takes the blocks apart; extension headers are handled here,
//! because it would read one of any length into memory, and because what they change must be seen.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Bound;

use ::tar::{Archive, Entry, EntryType, Header};
use flate2::bufread::GzDecoder;

use crate::archive::members::{Members, path_error};
use crate::archive::path::{self, PathProblem};
use crate::archive::{ArchiveError, Limits, TarProblem, zip};
use crate::excerpt::excerpt;

/// Of one extension header: paths and a few numbers.
const MAX_EXTENSION_BYTES: u64 = 64 << 10;

/// Two blocks of zeros end an archive.
const END_BYTES: u64 = 2 * BLOCK_BYTES as u64;

/// Of the file, read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// A header's size, and that of everything's unit.
const BLOCK_BYTES: usize = 512;

/// Reads the archive through. `keep` says which files' contents are wanted.
pub(super) fn read(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    keep: impl Fn(&str) -> bool,
) -> Result<Members, ArchiveError> {
    read_into(file, limits, Members::default(), keep)
}

/// The same into `members`, which say what is wished.
pub(super) fn read_into(
    file: &mut (impl Read + Seek),
    limits: &Limits,
    members: Members,
    keep: impl Fn(&str) -> bool,
) -> Result<Members, ArchiveError> {
    let length = file.seek(SeekFrom::End(0)).map_err(ArchiveError::Read)?;
    if zip::has_directory(file)? {
        return Err(ArchiveError::ZipAndTar);
    }
    file.rewind().map_err(ArchiveError::Read)?;
    let mut stream = Bounded {
        from: GzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, file)),
        bytes: 0,
        length,
        limits,
    };
    let mut reading = Reading {
        members,
        extensions: Extensions::default(),
        end: 0,
        limits,
    };
    let mut archive = Archive::new(&mut stream);
    // In raw mode nothing is read ahead of what is asked for.
    let entries = archive.entries().map_err(ArchiveError::reading)?.raw(true);
    let mut is_first = true;
    for entry in entries {
        let entry = entry.map_err(|error| header_error(error, is_first))?;
        is_first = false;
        reading.entry(entry, &keep)?;
    }
    if is_first {
        return Err(ArchiveError::NotTar);
    }
    reading.extensions.expect_none()?;
    expect_zeros(&mut stream)?;
    // All zeros, then, and as many as readers want that tell the end of an archive from one that was cut off.
    if stream.bytes < reading.end.saturating_add(END_BYTES) {
        return Err(TarProblem::NoEnd.into());
    }
    expect_end(stream.from.into_inner())?;
    check_beyond_links(&reading.members)?;
    Ok(reading.members)
}

/// Would a reader of tar take the file's first block for a header?
pub(super) fn has_header(file: &mut (impl Read + Seek)) -> Result<bool, ArchiveError> {
    file.rewind().map_err(ArchiveError::Read)?;
    let mut block = Vec::new();
    file.take(BLOCK_BYTES as u64)
        .read_to_end(&mut block)
        .map_err(ArchiveError::Read)?;
    if block.len() < BLOCK_BYTES {
        return Ok(false);
    }
    let header = Header::from_byte_slice(&block);
    // The checksum counts its own eight bytes as blanks.
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let (before, after) = (
        block.get(..148).unwrap_or_default(),
        block.get(156..).unwrap_or_default(),
    );
    Ok(header
        .cksum()
        .is_ok_and(|found| found == sum(before) + 8 * u32::from(b' ') + sum(after)))
}

/// What goes wrong between two members: a limit or damage met while decompressing, or a block that is no header.
fn header_error(error: io::Error, is_first: bool) -> ArchiveError {
    // The crate's own errors are of this kind and hold a text.
    let is_header = error.kind() == io::ErrorKind::Other;
    match ArchiveError::reading(error) {
        ArchiveError::Corrupt(_) if is_first => ArchiveError::NotTar,
        ArchiveError::Corrupt(_) if is_header => TarProblem::Header.into(),
        other => other,
    }
}

/// pip reads what several compressed streams, one behind the other, have together; uv reads the first.
fn expect_end(mut file: impl BufRead) -> Result<(), ArchiveError> {
    let left = file.fill_buf().map_err(ArchiveError::Read)?;
    if left.is_empty() {
        Ok(())
    } else {
        Err(TarProblem::BehindStream.into())
    }
}

/// After the end of the archive some writers fill a block up with zeros.
fn expect_zeros(stream: &mut impl Read) -> Result<(), ArchiveError> {
    let mut block = [0; 8 * BLOCK_BYTES];
    loop {
        let count = stream.read(&mut block).map_err(ArchiveError::reading)?;
        let part = block.get(..count).unwrap_or_default();
        if part.is_empty() {
            return Ok(());
        }
        if part.iter().any(|byte| *byte != 0) {
            return Err(TarProblem::TrailingData.into());
        }
    }
}

/// No member's path may lead through a link.
fn check_beyond_links(members: &Members) -> Result<(), ArchiveError> {
    for link in &members.symlinks {
        let beyond = format!("{link}/");
        let next = members
            .paths
            .range::<str, _>((Bound::Included(&*beyond), Bound::Unbounded))
            .next();
        if let Some(name) = next.filter(|name| name.starts_with(&beyond)) {
            return Err(TarProblem::BeyondLink {
                name: excerpt(name),
            }
            .into());
        }
    }
    Ok(())
}

/// What is known between two entries.
struct Reading<'l> {
    members: Members,
    extensions: Extensions,
    /// Where in the stream the last member ends.
    end: u64,
    limits: &'l Limits,
}

impl Reading<'_> {
    fn entry<R: Read>(
        &mut self,
        mut entry: Entry<'_, R>,
        keep: &impl Fn(&str) -> bool,
    ) -> Result<(), ArchiveError> {
        let kind = entry.header().entry_type();
        // Other forms of the number are for files larger than any that is accepted; not all readers know them.
        if entry
            .header()
            .as_bytes()
            .get(124)
            .is_some_and(|byte| byte & 0x80 != 0)
        {
            return Err(TarProblem::SizeField.into());
        }
        let blocks = entry.size().div_ceil(BLOCK_BYTES as u64);
        let contents = blocks.saturating_mul(BLOCK_BYTES as u64);
        self.end = entry.raw_file_position().saturating_add(contents);
        match kind {
            EntryType::GNULongName => {
                return set(&mut self.extensions.name, long_name(&mut entry)?);
            }
            EntryType::GNULongLink => {
                return set(&mut self.extensions.link, long_name(&mut entry)?);
            }
            EntryType::XHeader => return self.extensions.local(&extension(&mut entry)?),
            EntryType::XGlobalHeader => return global(&extension(&mut entry)?),
            EntryType::GNUSparse => return Err(TarProblem::Sparse.into()),
            _ => {}
        }
        check_unused(entry.header())?;
        let extensions = std::mem::take(&mut self.extensions);
        if extensions.size.is_some_and(|size| size != entry.size()) {
            return Err(TarProblem::Size.into());
        }
        let given = extensions
            .name
            .unwrap_or_else(|| entry.header().path_bytes().into_owned());
        let name = text(given)?;
        self.members.admit(&name, self.limits)?;
        let target = || {
            let header = entry
                .header()
                .link_name_bytes()
                .map(std::borrow::Cow::into_owned);
            text(extensions.link.clone().or(header).unwrap_or_default())
        };
        match kind {
            // Old writers mark a directory by the slash alone.
            EntryType::Regular
                if entry.header().as_bytes().get(156) == Some(&0) && name.ends_with('/') =>
            {
                self.directory(&name, entry.size())
            }
            EntryType::Regular | EntryType::Continuous if name.ends_with('/') => {
                Err(TarProblem::FileLikeDirectory.into())
            }
            EntryType::Regular | EntryType::Continuous => {
                self.members.paths.insert(name.clone());
                let declared = entry.size();
                let bytes = self
                    .members
                    .read(&name, keep(&name), &mut entry, self.limits)?;
                if bytes == declared {
                    Ok(())
                } else {
                    Err(TarProblem::CutOff.into())
                }
            }
            EntryType::Directory => self.directory(&name, entry.size()),
            EntryType::Symlink => {
                let target = target()?;
                self.link(
                    &name,
                    &target,
                    path::link_stays_inside(&name, &target),
                    entry.size(),
                )?;
                self.members.symlinks.insert(name);
                Ok(())
            }
            EntryType::Link => {
                let target = target()?;
                let top = |path: &str| path.split('/').next().map(str::to_owned);
                let inside =
                    path::check(&target, self.limits).is_ok() && top(&target) == top(&name);
                self.link(&name, &target, inside, entry.size())?;
                let members = &self.members;
                let earlier = members.files.contains(&target) && target != name;
                if !earlier || members.symlinks.contains(&target) {
                    let name = excerpt(&name);
                    return Err(TarProblem::LinkTarget { name }.into());
                }
                Ok(())
            }
            other => Err(TarProblem::Kind {
                kind: char::from(other.as_byte()),
            }
            .into()),
        }
    }

    fn directory(&mut self, name: &str, size: u64) -> Result<(), ArchiveError> {
        let path = name.trim_end_matches('/').to_owned();
        self.members.paths.insert(path.clone());
        self.members.folders.insert(path);
        if size == 0 {
            Ok(())
        } else {
            Err(TarProblem::UnexpectedContents.into())
        }
    }

    fn link(
        &mut self,
        name: &str,
        target: &str,
        inside: bool,
        size: u64,
    ) -> Result<(), ArchiveError> {
        if !inside {
            return Err(ArchiveError::Link {
                name: excerpt(name),
                target: excerpt(target),
            });
        }
        if size != 0 {
            return Err(TarProblem::UnexpectedContents.into());
        }
        self.members.paths.insert(name.to_owned());
        self.members.files.insert(name.to_owned());
        Ok(())
    }
}

/// What extension headers say of the next member.
#[derive(Default)]
struct Extensions {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    has_local: bool,
}

impl Extensions {
    /// A local pax header: path, target and size count, the rest (times, owners) does not.
    fn local(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        if std::mem::replace(&mut self.has_local, true) {
            return Err(TarProblem::Extension.into());
        }
        for (key, value) in records(bytes)? {
            match key {
                b"path" => set(&mut self.name, value.to_vec())?,
                b"linkpath" => set(&mut self.link, value.to_vec())?,
                b"size" => {
                    let size = std::str::from_utf8(value)
                        .ok()
                        .and_then(|digits| digits.parse().ok());
                    set(&mut self.size, size.ok_or(TarProblem::Extension)?)?;
                }
                key if key.starts_with(b"GNU.sparse.") => return Err(TarProblem::Sparse.into()),
                _ => {}
            }
        }
        Ok(())
    }

    fn expect_none(&self) -> Result<(), ArchiveError> {
        let none = self.name.is_none() && self.link.is_none() && !self.has_local;
        if none {
            Ok(())
        } else {
            Err(TarProblem::Extension.into())
        }
    }
}

/// Sets what may be set once for a member.
fn set<T>(place: &mut Option<T>, value: T) -> Result<(), ArchiveError> {
    if place.replace(value).is_some() {
        Err(TarProblem::Extension.into())
    } else {
        Ok(())
    }
}

/// A global pax header holds for every later member. `git archive` writes one with a comment.
fn global(bytes: &[u8]) -> Result<(), ArchiveError> {
    for (key, _) in records(bytes)? {
        if matches!(key, b"path" | b"linkpath" | b"size") || key.starts_with(b"GNU.sparse.") {
            return Err(TarProblem::GlobalExtension {
                key: String::from_utf8_lossy(key).into_owned(),
            }
            .into());
        }
    }
    Ok(())
}

/// The contents of an extension header, which are bounded.
fn extension<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>, ArchiveError> {
    let declared = entry.size();
    if declared > MAX_EXTENSION_BYTES {
        return Err(TarProblem::Extension.into());
    }
    let mut bytes = Vec::new();
    entry
        .read_to_end(&mut bytes)
        .map_err(ArchiveError::reading)?;
    if bytes.len() as u64 == declared {
        Ok(bytes)
    } else {
        Err(TarProblem::CutOff.into())
    }
}

/// GNU's way of writing a long path: text up to a NUL.
fn long_name<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = extension(entry)?;
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(bytes)
}

/// Key and value.
type Record<'e> = (&'e [u8], &'e [u8]);

/// Pax records: a length in decimal that counts itself, a blank, `key=value`, a line feed.
fn records(mut bytes: &[u8]) -> Result<Vec<Record<'_>>, TarProblem> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let blank = bytes
            .iter()
            .position(|byte| *byte == b' ')
            .ok_or(TarProblem::Extension)?;
        let digits = bytes
            .get(..blank)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let length = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let length: usize = length
            .and_then(|digits| digits.parse().ok())
            .ok_or(TarProblem::Extension)?;
        let record = bytes.get(blank + 1..length).ok_or(TarProblem::Extension)?;
        let record = record.strip_suffix(b"\n").ok_or(TarProblem::Extension)?;
        let equals = record
            .iter()
            .position(|byte| *byte == b'=')
            .ok_or(TarProblem::Extension)?;
        let (key, value) = record.split_at(equals);
        records.push((key, value.get(1..).unwrap_or_default()));
        bytes = bytes.get(length..).unwrap_or_default();
    }
    Ok(records)
}

fn text(bytes: Vec<u8>) -> Result<String, ArchiveError> {
    String::from_utf8(bytes).map_err(|error| {
        path_error(
            &String::from_utf8_lossy(error.as_bytes()),
            PathProblem::NotUtf8,
        )
    })
}

/// GNU headers have times and offsets where others have the first part of the path. Python reads that part from both.
fn check_unused(header: &Header) -> Result<(), ArchiveError> {
    let prefix = header.as_bytes().get(345..500).unwrap_or_default();
    if header.as_ustar().is_none() && prefix.iter().any(|byte| *byte != 0) {
        return Err(TarProblem::UnusedPart.into());
    }
    Ok(())
}

/// The decompressed stream: stops where a limit is exceeded, while it is being read.
struct Bounded<'l, R> {
    from: R,
    bytes: u64,
    length: u64,
    limits: &'l Limits,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(into)?;
        self.bytes = self.bytes.saturating_add(count as u64);
        let (limit, exceeded) = self.limits.decompressed(self.length);
        if self.bytes > limit {
            Err(io::Error::other(exceeded))
        } else {
            Ok(count)
        }
    }
}

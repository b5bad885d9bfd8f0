//! The records of a zip archive (APPNOTE 6.3.10, section 4.3): local headers with their data, the central directory, the
//! end records. Everything that is said twice must be said alike.

use std::collections::HashMap;
use std::io::{BufReader, Read, Seek};

use crate::archive::members::{Members, path_error};
use crate::archive::zip::{read_bytes, unsupported};
use crate::archive::{ArchiveError, Limits, PathProblem, ZipProblem};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;

/// "The value is in the ZIP64 extra field."
const IN_EXTRA: u32 = u32::MAX;

/// General purpose flags: encrypted, sizes after the data, strong encryption, UTF-8 path, encrypted directory.
const ENCRYPTED: u16 = 1 << 0 | 1 << 6 | 1 << 13;
const DATA_DESCRIPTOR: u16 = 1 << 3;
const UTF_8: u16 = 1 << 11;

/// Extra fields: ZIP64 sizes, and the path once more in UTF-8.
const ZIP_64: u16 = 0x0001;
const UNICODE_PATH: u16 = 0x7075;

/// The kinds of file in the upper half of a Unix mode.
const KIND: u32 = 0o170_000;
const SYMLINK: u32 = 0o120_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

/// One member, on which local header and directory agree.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) method: Method,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) size: u64,
    pub(super) data_start: u64,
    pub(super) is_symlink: bool,
    flags: u16,
    offset: u64,
    listed: bool,
}

impl Entry {
    pub(super) fn is_directory(&self) -> bool {
        self.name.ends_with('/')
    }
}

/// Reads every record of a file of `length` bytes, from its beginning.
pub(super) fn read(
    file: impl Read + Seek,
    length: u64,
    limits: &Limits,
    members: &mut Members,
) -> Result<Vec<Entry>, ArchiveError> {
    let mut records = Records {
        file: BufReader::new(file),
        at: 0,
        length,
    };
    let mut entries: Vec<Entry> = Vec::new();
    let mut by_name = HashMap::new();
    let mut signature = match records.signature() {
        Err(ArchiveError::Zip(_)) => return Err(ArchiveError::NotZip),
        other => other?,
    };
    if !matches!(signature, LOCAL | END) {
        // Bytes before an archive, or no archive at all: the directory tells.
        let mut file = records.file.into_inner();
        let is_zip = super::has_directory(&mut file)?;
        return Err(if is_zip {
            ZipProblem::UnknownRecord.into()
        } else {
            ArchiveError::NotZip
        });
    }
    while signature == LOCAL {
        let entry = records.local(limits)?;
        members.admit(&entry.name, limits)?;
        if by_name.insert(entry.name.clone(), entries.len()).is_some() {
            return Err(ZipProblem::DuplicateLocal.into());
        }
        entries.push(entry);
        signature = records.signature()?;
    }
    let is_end = |signature| matches!(signature, END | END_64);
    if signature != CENTRAL && !is_end(signature) {
        return Err(ZipProblem::UnknownRecord.into());
    }
    let start = records.at - 4;
    let mut listed = 0_u64;
    while signature == CENTRAL {
        let central = records.central(limits)?;
        let entry = by_name
            .get(&central.name)
            .and_then(|&index| entries.get_mut(index));
        agree(entry.ok_or(ZipProblem::NotInLocal)?, &central)?;
        listed += 1;
        signature = records.signature()?;
    }
    if !is_end(signature) {
        return Err(ZipProblem::UnknownRecord.into());
    }
    if entries.iter().any(|entry| !entry.listed) {
        return Err(ZipProblem::NotInCentral.into());
    }
    let directory = Directory {
        records: listed,
        size: records.at - 4 - start,
        offset: start,
    };
    records.ends(signature, &directory)?;
    Ok(entries)
}

/// The directory's entry must repeat the local header.
fn agree(local: &mut Entry, central: &Central) -> Result<(), ZipProblem> {
    if std::mem::replace(&mut local.listed, true) {
        return Err(ZipProblem::DuplicateCentral);
    }
    if local.compressed != central.compressed {
        return Err(ZipProblem::DataSize);
    }
    if local.size != central.size {
        return Err(ZipProblem::FileSize);
    }
    if local.crc != central.crc {
        return Err(ZipProblem::Checksum);
    }
    let telling = ENCRYPTED | DATA_DESCRIPTOR | UTF_8;
    if local.method != central.method
        || (local.flags ^ central.flags) & telling != 0
        || local.offset != central.offset
    {
        return Err(ZipProblem::Headers);
    }
    local.is_symlink = central.unix_mode & KIND == SYMLINK;
    Ok(())
}

/// An entry of the central directory.
struct Central {
    name: String,
    method: Method,
    flags: u16,
    crc: u32,
    compressed: u64,
    size: u64,
    offset: u64,
    unix_mode: u32,
}

/// Where the directory was found, and how large.
struct Directory {
    records: u64,
    size: u64,
    offset: u64,
}

struct Records<R> {
    file: BufReader<R>,
    at: u64,
    length: u64,
}

impl<R: Read + Seek> Records<R> {
    fn signature(&mut self) -> Result<u32, ArchiveError> {
        self.fields(4)?.u32().map_err(Into::into)
    }

    fn fields(&mut self, count: u64) -> Result<Fields, ArchiveError> {
        let bytes = read_bytes(&mut self.file, count)?;
        self.at += count;
        Ok(Fields { bytes, at: 0 })
    }

    /// A path, which both headers hold, and what its extra fields say.
    fn name_and_extra(
        &mut self,
        name_bytes: u16,
        extra_bytes: u16,
        flags: u16,
        limits: &Limits,
    ) -> Result<(String, Extra), ArchiveError> {
        let name = self.fields(name_bytes.into())?.bytes;
        if name.len() > limits.name_bytes {
            return Err(path_error(
                &String::from_utf8_lossy(&name),
                PathProblem::TooLong,
            ));
        }
        // Without the flag, a reader may take other bytes than ASCII for code page 437.
        let name = match String::from_utf8(name) {
            Ok(name) if name.is_ascii() || flags & UTF_8 != 0 => name,
            Ok(name) => return Err(path_error(&name, PathProblem::NotUtf8)),
            Err(error) => {
                return Err(path_error(
                    &String::from_utf8_lossy(error.as_bytes()),
                    PathProblem::NotUtf8,
                ));
            }
        };
        let extra = Extra::read(self.fields(extra_bytes.into())?)?;
        if extra
            .path
            .as_deref()
            .is_some_and(|path| path != name.as_bytes())
        {
            return Err(ZipProblem::ExtraName.into());
        }
        Ok((name, extra))
    }

    /// A local header, and the place of the data behind it.
    fn local(&mut self, limits: &Limits) -> Result<Entry, ArchiveError> {
        let offset = self.at - 4;
        let mut fields = self.fields(26)?;
        let _version_needed = fields.u16()?;
        let flags = fields.u16()?;
        let method = fields.u16()?;
        let _time_and_date = fields.u32()?;
        let crc = fields.u32()?;
        let (compressed, size) = (fields.u32()?, fields.u32()?);
        let (name_bytes, extra_bytes) = (fields.u16()?, fields.u16()?);
        let (name, mut extra) = self.name_and_extra(name_bytes, extra_bytes, flags, limits)?;
        if flags & DATA_DESCRIPTOR != 0 {
            return Err(ZipProblem::DataDescriptor.into());
        }
        let method = supported(method, flags).ok_or_else(|| unsupported(&name))?;
        let (compressed, size) = extra.local_sizes(compressed, size)?;
        let data_start = self.at;
        self.skip(compressed)?;
        let (is_symlink, listed) = (false, false);
        Ok(Entry {
            name,
            method,
            crc,
            compressed,
            size,
            data_start,
            is_symlink,
            flags,
            offset,
            listed,
        })
    }

    fn central(&mut self, limits: &Limits) -> Result<Central, ArchiveError> {
        let mut fields = self.fields(42)?;
        let _version_made_by = fields.u16()?;
        let _version_needed = fields.u16()?;
        let flags = fields.u16()?;
        let method = fields.u16()?;
        let _time_and_date = fields.u32()?;
        let crc = fields.u32()?;
        let (compressed, size) = (fields.u32()?, fields.u32()?);
        let (name_bytes, extra_bytes, comment_bytes) =
            (fields.u16()?, fields.u16()?, fields.u16()?);
        let disk = fields.u16()?;
        let _internal_attributes = fields.u16()?;
        let unix_mode = fields.u32()? >> 16;
        let offset = fields.u32()?;
        if comment_bytes != 0 {
            return Err(ZipProblem::Comment.into());
        }
        if disk != 0 {
            return Err(ZipProblem::Malformed.into());
        }
        let (name, mut extra) = self.name_and_extra(name_bytes, extra_bytes, flags, limits)?;
        let method = supported(method, flags).ok_or_else(|| unsupported(&name))?;
        let (size, compressed, offset) = extra.central_values(size, compressed, offset)?;
        Ok(Central {
            name,
            method,
            flags,
            crc,
            compressed,
            size,
            offset,
            unix_mode,
        })
    }

    /// The end records: perhaps those of ZIP64, then the one that every archive has, then nothing.
    fn ends(&mut self, signature: u32, directory: &Directory) -> Result<(), ArchiveError> {
        let mut signature = signature;
        let is_64 = signature == END_64;
        if is_64 {
            self.end_64(directory)?;
            signature = self.signature()?;
        }
        if signature != END {
            return Err(ZipProblem::UnknownRecord.into());
        }
        let mut fields = self.fields(18)?;
        let disks = (fields.u16()?, fields.u16()?);
        let (here, all) = (fields.u16()?, fields.u16()?);
        let (size, offset) = (fields.u32()?, fields.u32()?);
        let comment_bytes = fields.u16()?;
        if disks != (0, 0) || here != all {
            return Err(ZipProblem::Malformed.into());
        }
        // With ZIP64 records, each value here may point to them.
        let says =
            |value: u64, known: u64, pointer: u64| value == known || (is_64 && value == pointer);
        if !says(all.into(), directory.records, u16::MAX.into()) {
            return Err(ZipProblem::CentralRecords.into());
        }
        if !says(offset.into(), directory.offset, IN_EXTRA.into()) {
            return Err(ZipProblem::CentralOffset.into());
        }
        if !says(size.into(), directory.size, IN_EXTRA.into()) {
            return Err(ZipProblem::CentralSize.into());
        }
        let comment = self.fields(comment_bytes.into())?.bytes;
        // Readers search for the last end record from behind: there must be no other.
        if self.at != self.length || comment.windows(4).any(|four| four == END.to_le_bytes()) {
            return Err(ZipProblem::TrailingData.into());
        }
        Ok(())
    }

    fn end_64(&mut self, directory: &Directory) -> Result<(), ArchiveError> {
        let at = self.at - 4;
        let mut fields = self.fields(52)?;
        let rest = fields.u64()?;
        let _versions = fields.u32()?;
        let disks = (fields.u32()?, fields.u32()?);
        let (here, all) = (fields.u64()?, fields.u64()?);
        let (size, offset) = (fields.u64()?, fields.u64()?);
        if rest != 44 {
            return Err(ZipProblem::ExtensibleData.into());
        }
        if disks != (0, 0) || here != all {
            return Err(ZipProblem::Malformed.into());
        }
        if all != directory.records {
            return Err(ZipProblem::CentralRecords.into());
        }
        if offset != directory.offset {
            return Err(ZipProblem::CentralOffset.into());
        }
        if size != directory.size {
            return Err(ZipProblem::CentralSize.into());
        }
        if self.signature()? != LOCATOR_64 {
            return Err(ZipProblem::Malformed.into());
        }
        let mut fields = self.fields(16)?;
        let (disk, pointer, disks) = (fields.u32()?, fields.u64()?, fields.u32()?);
        if disk != 0 || disks != 1 || pointer != at {
            return Err(ZipProblem::Malformed.into());
        }
        Ok(())
    }

    fn skip(&mut self, count: u64) -> Result<(), ArchiveError> {
        let end = self
            .at
            .checked_add(count)
            .filter(|end| *end <= self.length)
            .ok_or(ZipProblem::Malformed)?;
        let distance = i64::try_from(count).map_err(|_| ZipProblem::Malformed)?;
        self.file
            .seek_relative(distance)
            .map_err(ArchiveError::Read)?;
        self.at = end;
        Ok(())
    }
}

/// What installers can read: stored or deflated, not encrypted.
fn supported(method: u16, flags: u16) -> Option<Method> {
    match method {
        _ if flags & ENCRYPTED != 0 => None,
        0 => Some(Method::Stored),
        8 => Some(Method::Deflated),
        _ => None,
    }
}

/// The two extra fields that change what a header says.
#[derive(Default)]
struct Extra {
    zip_64: Option<Fields>,
    path: Option<Vec<u8>>,
}

impl Extra {
    fn read(mut fields: Fields) -> Result<Self, ZipProblem> {
        let mut extra = Self::default();
        while !fields.is_empty() {
            let id = fields.u16()?;
            let count = fields.u16()?;
            let bytes = fields.take(count.into())?.to_vec();
            let is_second = match id {
                ZIP_64 => extra.zip_64.replace(Fields { bytes, at: 0 }).is_some(),
                // Behind a version and the checksum of the path in the header.
                UNICODE_PATH => extra
                    .path
                    .replace(bytes.get(5..).ok_or(ZipProblem::Malformed)?.to_vec())
                    .is_some(),
                _ => false,
            };
            if is_second {
                return Err(ZipProblem::DuplicateExtra);
            }
        }
        Ok(extra)
    }

    /// In a local header the field holds both sizes, whether they are needed or not, or nothing.
    fn local_sizes(&mut self, compressed: u32, size: u32) -> Result<(u64, u64), ZipProblem> {
        let needed = compressed == IN_EXTRA || size == IN_EXTRA;
        let Some(fields) = self.zip_64.as_mut().filter(|fields| !fields.is_empty()) else {
            return if needed {
                Err(ZipProblem::Malformed)
            } else {
                Ok((compressed.into(), size.into()))
            };
        };
        let (long_size, long_compressed) = (fields.u64()?, fields.u64()?);
        // Some writers put the offset and the disk there too.
        if !matches!(fields.left(), 0 | 8 | 12) {
            return Err(ZipProblem::Malformed);
        }
        if compressed != IN_EXTRA && u64::from(compressed) != long_compressed {
            return Err(ZipProblem::DataSize);
        }
        if size != IN_EXTRA && u64::from(size) != long_size {
            return Err(ZipProblem::FileSize);
        }
        Ok((long_compressed, long_size))
    }

    /// In the directory the field holds just the values that do not fit, in this order.
    fn central_values(
        &mut self,
        size: u32,
        compressed: u32,
        offset: u32,
    ) -> Result<(u64, u64, u64), ZipProblem> {
        let mut long = |value: u32| match &mut self.zip_64 {
            Some(fields) if value == IN_EXTRA => fields.u64(),
            None if value == IN_EXTRA => Err(ZipProblem::Malformed),
            Some(_) | None => Ok(value.into()),
        };
        let values = (long(size)?, long(compressed)?, long(offset)?);
        // A disk number may follow.
        let left = self.zip_64.as_ref().map_or(0, Fields::left);
        if matches!(left, 0 | 4) {
            Ok(values)
        } else {
            Err(ZipProblem::Malformed)
        }
    }
}

/// Little-endian numbers one after the other.
struct Fields {
    bytes: Vec<u8>,
    at: usize,
}

impl Fields {
    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn is_empty(&self) -> bool {
        self.left() == 0
    }

    fn take(&mut self, count: usize) -> Result<&[u8], ZipProblem> {
        let end = self.at.checked_add(count).ok_or(ZipProblem::Malformed)?;
        let taken = self.bytes.get(self.at..end).ok_or(ZipProblem::Malformed)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ZipProblem> {
        self.take(N)?.try_into().map_err(|_| ZipProblem::Malformed)
    }

    fn u16(&mut self) -> Result<u16, ZipProblem> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, ZipProblem> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, ZipProblem> {
        self.array().map(u64::from_le_bytes)
    }
}

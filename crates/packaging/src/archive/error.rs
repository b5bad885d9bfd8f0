//! Why an archive is refused: one variant a rule, in the words of the public index where it has any.

use std::io;

use crate::archive::PathProblem;
use crate::metadata::{DocumentError, MetadataError};

/// Why an archive is refused. Paths and values from it are shortened. A message is whole in itself, since an uploader
/// sees no more than that.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The file itself could not be read: nothing that the uploader can help.
    #[error("the distribution file could not be read")]
    Read(#[source] io::Error),
    /// The compressed data are damaged.
    #[error("Invalid distribution file. The compressed data cannot be decompressed")]
    Corrupt(#[source] io::Error),
    /// Readers of zip and of tar would both find an archive in it.
    #[error("Invalid distribution file. File is both a zip and a tar file")]
    ZipAndTar,
    /// Not a zip archive.
    #[error("Invalid distribution file. File is not a zipfile")]
    NotZip,
    /// A zip archive that two readers could take differently.
    #[error("Invalid distribution file. ZIP archive not accepted: {0}")]
    Zip(ZipProblem),
    /// A member is compressed by something other than deflate, or encrypted.
    #[error("Invalid distribution file. File does not use a supported compression type ('{name}')")]
    Compression {
        /// Its path.
        name: String,
    },
    /// Not a tar archive.
    #[error("Invalid distribution file. File is not a tarfile")]
    NotTar,
    /// A tar archive that two readers could take differently, or with members that no sdist needs.
    #[error("Invalid distribution file. tar archive not accepted: {0}")]
    Tar(TarProblem),
    /// A member's path leads elsewhere or has two spellings.
    #[error("Invalid distribution file. The path '{name}' is not accepted: {problem}")]
    Path {
        /// The path.
        name: String,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// A path is a file's and another's directory: what is left of them depends on the reader.
    #[error("Invalid distribution file. '{name}' is a file and a directory")]
    FileAndDirectory {
        /// The path.
        name: String,
    },
    /// A link leads out of the archive.
    #[error("Invalid distribution file. The link '{name}' leads out of the archive: to '{target}'")]
    Link {
        /// Its path.
        name: String,
        /// Where it leads.
        target: String,
    },
    /// More members than [`Limits::members`](super::Limits::members).
    #[error("Invalid distribution file. Expected at most {limit} members, found more")]
    TooManyMembers {
        /// The bound.
        limit: usize,
    },
    /// Longer paths than [`Limits::names_bytes`](super::Limits::names_bytes).
    #[error("Invalid distribution file. Expected at most {limit} bytes of paths, found more")]
    NamesTooLong {
        /// The bound.
        limit: usize,
    },
    /// It decompresses to many times its size.
    #[error("Invalid distribution file. File exceeds compression ratio of {ratio}")]
    Ratio {
        /// The bound.
        ratio: u64,
    },
    /// It decompresses to more than [`Limits::decompressed_bytes`](super::Limits::decompressed_bytes).
    #[error(
        "Invalid distribution file. Expected at most {limit} bytes when decompressed, found more"
    )]
    Decompressed {
        /// The bound.
        limit: u64,
    },
    /// A file that is parsed is larger than [`Limits::kept_bytes`](super::Limits::kept_bytes).
    #[error("Invalid distribution file. Expected at most {limit} bytes in '{path}', found more")]
    KeptTooLong {
        /// Its path.
        path: String,
        /// The bound.
        limit: usize,
    },
    /// An sdist has none or several top-level directories.
    #[error(
        "Invalid distribution file. Incorrect number of top-level directories in sdist (expected 1, found {found})"
    )]
    TopLevel {
        /// How many.
        found: usize,
    },
    /// An sdist's directory is called like another project or version.
    #[error(
        "Invalid distribution file. Expected the directory '{expected}' in it, found '{found}'"
    )]
    Directory {
        /// As the filename says.
        expected: String,
        /// What it is called.
        found: String,
    },
    /// An sdist without PKG-INFO.
    #[error("Invalid distribution file. PKG-INFO not found at {path}")]
    NoPkgInfo {
        /// Where it must be.
        path: String,
    },
    /// An sdist with two files PKG-INFO at one path.
    #[error("Invalid distribution file. Expected one file at {path}, found several")]
    TwoPkgInfo {
        /// Where it is.
        path: String,
    },
    /// A wheel without WHEEL.
    #[error("Invalid distribution file. WHEEL not found at {path}")]
    NoWheel {
        /// Where it must be.
        path: String,
    },
    /// A wheel without METADATA.
    #[error("Wheel '{filename}' does not contain the required METADATA file: {path}")]
    NoMetadata {
        /// The wheel.
        filename: String,
        /// Where it must be.
        path: String,
    },
    /// A wheel without RECORD, or with one that cannot be decoded.
    #[error("Wheel '{filename}' does not contain the required RECORD file: {path}")]
    NoRecord {
        /// The wheel.
        filename: String,
        /// Where it must be.
        path: String,
    },
    /// A file has another digest than RECORD states.
    #[error(
        "Invalid distribution file. RECORD states the digest '{stated}' of '{path}', which has '{found}'"
    )]
    RecordDigest {
        /// The file.
        path: String,
        /// As RECORD has it.
        stated: String,
        /// In the same form.
        found: String,
    },
    /// RECORD lists a path outside: what it lists is what uninstalling removes.
    #[error("Invalid distribution file. RECORD lists '{path}': {problem}")]
    RecordPath {
        /// The path.
        path: String,
        /// What is wrong with it.
        problem: PathProblem,
    },
    /// A wheel with a second `.dist-info` directory: installers take either, or refuse.
    #[error(
        "Invalid distribution file. Expected only the directory '{expected}', found '{found}' too"
    )]
    SecondDistInfo {
        /// As the filename says.
        expected: String,
        /// Another one.
        found: String,
    },
    /// WHEEL cannot be read.
    #[error("Invalid distribution file. WHEEL cannot be read: {0}")]
    Wheel(DocumentError),
    /// entry_points.txt cannot be read, or names commands that cannot be.
    #[error(
        "Wheel '{filename}' has invalid entry points defined in the entry_points.txt file (line {line}: expected \
         {expected})"
    )]
    EntryPoints {
        /// The wheel.
        filename: String,
        /// Counted from 1.
        line: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// The metadata promise a licence file that is not there.
    #[error("License-File {path} does not exist in distribution file {filename} at {expected}")]
    LicenseFile {
        /// As in the metadata.
        path: String,
        /// The distribution file.
        filename: String,
        /// Where it must be.
        expected: String,
    },
    /// The archive's metadata cannot be read.
    #[error("Invalid distribution file. {path} cannot be read: {problem}")]
    Metadata {
        /// The file.
        path: String,
        /// Why not.
        problem: Box<MetadataError>,
    },
    /// The archive's metadata are of another project than the filename.
    #[error("Invalid distribution file. Name in {path} should be '{expected}' not '{found}'")]
    NameDiffers {
        /// The file.
        path: String,
        /// As the filename says.
        expected: String,
        /// As the metadata say.
        found: String,
    },
    /// The archive's metadata are of another version than the filename.
    #[error("Invalid distribution file. Version in {path} should be '{expected}' not '{found}'")]
    VersionDiffers {
        /// The file.
        path: String,
        /// As the filename says.
        expected: String,
        /// As the metadata say.
        found: String,
    },
    /// A local version, which [`Profile::Pypi`](crate::Profile::Pypi) refuses.
    #[error("The use of local versions in '{version}' is not allowed.")]
    LocalVersion {
        /// The version.
        version: String,
    },
}

/// What two readers of a zip archive could take differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZipProblem {
    /// A record that is cut off or contradicts itself.
    #[error("Malformed zip file")]
    Malformed,
    /// Bytes between the records, before the first, or of a kind that archives of Python do not have.
    #[error("Unknown record signature")]
    UnknownRecord,
    /// Sizes that come after the data.
    #[error("ZIP contains a data descriptor")]
    DataDescriptor,
    /// The size of the compressed data is given twice, differently.
    #[error("Mis-matched data size")]
    DataSize,
    /// The size of the file is given twice, differently, or the data have another.
    #[error("Mis-matched file size")]
    FileSize,
    /// The checksum is given twice, differently, or the data have another.
    #[error("Mis-matched checksum")]
    Checksum,
    /// Method, flags or position are given twice, differently.
    #[error("Mis-matched local headers and central directory")]
    Headers,
    /// A path with a second spelling in an extra field that differs.
    #[error("Mis-matched filename in an extra field")]
    ExtraName,
    /// An extra field that may come once comes twice.
    #[error("Invalid duplicate extra in local file")]
    DuplicateExtra,
    /// Two members of one path.
    #[error("Duplicate filename in local headers")]
    DuplicateLocal,
    /// Two entries of the directory of one path.
    #[error("Duplicate filename in central directory")]
    DuplicateCentral,
    /// A member that the directory does not list.
    #[error("Filename not in central directory")]
    NotInCentral,
    /// An entry of the directory without a member.
    #[error("Missing filename in local headers")]
    NotInLocal,
    /// A comment in an entry of the directory.
    #[error("Comment in central directory")]
    Comment,
    /// The end record counts other entries.
    #[error("Mismatched central directory records")]
    CentralRecords,
    /// The end record names another position.
    #[error("Mismatched central directory offset")]
    CentralOffset,
    /// The end record names another size.
    #[error("Mismatched central directory size")]
    CentralSize,
    /// Room for anything in the ZIP64 end record.
    #[error("ZIP64 extensible data not allowed")]
    ExtensibleData,
    /// Bytes after the archive, or a second end record in its comment.
    #[error("Trailing data")]
    TrailingData,
    /// A directory with contents.
    #[error("A directory has contents")]
    DirectoryData,
}

/// What is not accepted in a tar archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TarProblem {
    /// Sparse members, which readers expand differently.
    #[error("Sparse members are not allowed")]
    Sparse,
    /// A device, a FIFO or an unknown kind of member.
    #[error("expected files, directories and links, found a member of type {kind:?}")]
    Kind {
        /// The type's character.
        kind: char,
    },
    /// A header that cannot be read.
    #[error("expected a header block, found other data")]
    Header,
    /// A header whose unused room is filled: some readers take it for a part of the path.
    #[error("expected nothing in the unused part of a header")]
    UnusedPart,
    /// A directory or a link with contents.
    #[error("expected no contents in a directory or a link")]
    UnexpectedContents,
    /// A file whose path ends like a directory's.
    #[error("expected no '/' at the end of a file's path")]
    FileLikeDirectory,
    /// An extension header that cannot be read, comes twice, or belongs to no member.
    #[error("expected well-formed extension headers, one of a kind for each member")]
    Extension,
    /// A global extension header that changes paths or sizes of every member.
    #[error("expected no global extension header with '{key}'")]
    GlobalExtension {
        /// What it sets.
        key: String,
    },
    /// A size given twice, differently.
    #[error("expected the same size in a member's header and extension header")]
    Size,
    /// A hard link to something else than a file that came before: some readers fail, some look for it elsewhere.
    #[error("expected hard links to earlier files, found '{name}'")]
    LinkTarget {
        /// Its path.
        name: String,
    },
    /// A member beyond a link: where it goes depends on the reader.
    #[error("expected no member beyond a link, found '{name}'")]
    BeyondLink {
        /// Its path.
        name: String,
    },
    /// The archive ends in the middle.
    #[error("expected the end of the archive, found the end of the file")]
    CutOff,
    /// Another compressed stream, or anything else, behind the first.
    #[error("expected nothing behind the compressed stream")]
    BehindStream,
    /// The archive stops without saying that it ends.
    #[error("expected two blocks of zeros at the end of the archive")]
    NoEnd,
    /// A size in another form than octal digits.
    #[error("expected a member's size in octal digits")]
    SizeField,
    /// Something after the archive's end.
    #[error("expected only zeros after the end of the archive")]
    TrailingData,
}

impl ArchiveError {
    /// A failed read of decompressed data: of the file, of the compression, or beyond a limit.
    pub(super) fn reading(error: io::Error) -> Self {
        if error.raw_os_error().is_some() {
            return Self::Read(error);
        }
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(other) => Self::Corrupt(other),
        }
    }
}

impl From<ZipProblem> for ArchiveError {
    fn from(problem: ZipProblem) -> Self {
        Self::Zip(problem)
    }
}

impl From<TarProblem> for ArchiveError {
    fn from(problem: TarProblem) -> Self {
        Self::Tar(problem)
    }
}

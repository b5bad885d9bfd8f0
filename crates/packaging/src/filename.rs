//! Distribution filenames as values: sdists (PEP 625) and wheels (binary distribution format).
//!
//! Reading is as lenient in spelling as PEP 740 wants it (`Some-Thing-1.0.tar.gz` is an sdist of `some-thing`), and as
//! strict as `packaging.utils` otherwise. What an upload must be spelled like is [`Filename::check_for_upload`].

mod upload;
mod wheel;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::excerpt::excerpt;
use crate::{InvalidName, InvalidVersion, ProjectName, Version};

pub use upload::FilenameRefused;
pub use wheel::{BuildTag, Tag, WheelFilename};

/// What file systems allow: NAME_MAX.
pub const MAX_FILENAME_BYTES: usize = 255;

/// Which of the two kinds of distribution file it is, in the words of the upload form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FileKind {
    /// A source distribution.
    #[serde(rename = "sdist")]
    Sdist,
    /// A wheel.
    #[serde(rename = "bdist_wheel")]
    Wheel,
}

impl FileKind {
    /// The form's word: `sdist` or `bdist_wheel`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sdist => "sdist",
            Self::Wheel => "bdist_wheel",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The form's `filetype` is neither of the two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Invalid value for filetype. Error: Use a known file type: expected `sdist` or `bdist_wheel`, found `{given}`."
)]
pub struct UnknownFileKind {
    /// What was given, shortened.
    pub given: String,
}

impl FromStr for FileKind {
    type Err = UnknownFileKind;

    fn from_str(given: &str) -> Result<Self, UnknownFileKind> {
        match given {
            "sdist" => Ok(Self::Sdist),
            "bdist_wheel" => Ok(Self::Wheel),
            _ => Err(UnknownFileKind {
                given: excerpt(given),
            }),
        }
    }
}

/// How an sdist is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SdistFormat {
    /// `.tar.gz`, the only one that PEP 625 knows.
    TarGz,
    /// `.zip`, found on old releases.
    Zip,
}

impl SdistFormat {
    /// `.tar.gz` or `.zip`.
    pub fn extension(self) -> &'static str {
        match self {
            Self::TarGz => ".tar.gz",
            Self::Zip => ".zip",
        }
    }
}

/// An sdist's filename, with what it says.
#[derive(Clone, Debug)]
pub struct SdistFilename {
    given: String,
    project: ProjectName,
    version: Version,
    format: SdistFormat,
}

impl SdistFilename {
    /// Exactly as given.
    pub fn as_str(&self) -> &str {
        &self.given
    }

    /// The project it is a distribution of.
    pub fn project(&self) -> &ProjectName {
        &self.project
    }

    /// The release it belongs to.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// How it is packed.
    pub fn format(&self) -> SdistFormat {
        self.format
    }

    /// The filename without its extension.
    pub fn stem(&self) -> &str {
        self.given
            .strip_suffix(self.format.extension())
            .unwrap_or(&self.given)
    }

    fn parse(given: &str, stem: &str, format: SdistFormat) -> Result<Self, InvalidFilename> {
        // A version has no dash, a project name may: the last dash parts them.
        let (name, version) = stem
            .rsplit_once('-')
            .ok_or_else(|| InvalidFilename::SdistParts {
                given: given.to_owned(),
            })?;
        let project = name.parse().map_err(|source| InvalidFilename::Name {
            given: given.to_owned(),
            source,
        })?;
        let version = parse_version(given, version)?;
        Ok(Self {
            given: given.to_owned(),
            project,
            version,
            format,
        })
    }
}

/// The name of a distribution file. Equality and order are those of the text; see
/// [`is_same_distribution`](Self::is_same_distribution) for the comparison of what it says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Filename {
    /// A source distribution: `{name}-{version}.tar.gz` or `.zip`.
    Sdist(SdistFilename),
    /// A wheel: `{name}-{version}[-{build}]-{python}-{abi}-{platform}.whl`.
    Wheel(WheelFilename),
}

impl Filename {
    /// Exactly as given.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sdist(sdist) => sdist.as_str(),
            Self::Wheel(wheel) => wheel.as_str(),
        }
    }

    /// Sdist or wheel.
    pub fn kind(&self) -> FileKind {
        match self {
            Self::Sdist(_) => FileKind::Sdist,
            Self::Wheel(_) => FileKind::Wheel,
        }
    }

    /// The project it is a distribution of.
    pub fn project(&self) -> &ProjectName {
        match self {
            Self::Sdist(sdist) => sdist.project(),
            Self::Wheel(wheel) => wheel.project(),
        }
    }

    /// The release it belongs to.
    pub fn version(&self) -> &Version {
        match self {
            Self::Sdist(sdist) => sdist.version(),
            Self::Wheel(wheel) => wheel.version(),
        }
    }

    /// PEP 740's comparison: do both names, once parsed, say the same? Project, version, build tag and *set* of tags
    /// count, and for sdists the extension, since a `.zip` is another file than a `.tar.gz`.
    pub fn is_same_distribution(&self, other: &Filename) -> bool {
        self.project() == other.project()
            && self.version() == other.version()
            && match (self, other) {
                (Self::Sdist(one), Self::Sdist(two)) => one.format == two.format,
                (Self::Wheel(one), Self::Wheel(two)) => {
                    one.build() == two.build() && one.tags() == two.tags()
                }
                (Self::Sdist(_), Self::Wheel(_)) | (Self::Wheel(_), Self::Sdist(_)) => false,
            }
    }
}

/// Why a text is no distribution filename.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFilename {
    /// Longer than [`MAX_FILENAME_BYTES`].
    #[error("Filename is too long: expected at most {MAX_FILENAME_BYTES} bytes, found {bytes}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A control character, which terminals and header lines would act on.
    #[error(
        "Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL character (ordinal 127) in the name: '{given}'"
    )]
    ControlCharacter {
        /// The filename, escaped and shortened.
        given: String,
    },
    /// A path instead of a name.
    #[error("Cannot upload a file with '/' or '\\' in the name: '{given}'")]
    Separator {
        /// The filename, shortened.
        given: String,
    },
    /// A character beyond ASCII: no part of a filename allows one.
    #[error("expected only ASCII characters in a filename, found {character:?} in '{given}'")]
    NotAscii {
        /// The filename, shortened.
        given: String,
        /// The first such character.
        character: char,
    },
    /// Not `.tar.gz`, `.zip` or `.whl` in lower case.
    #[error("Invalid file extension: Use .tar.gz, .whl or .zip extension; found '{given}'")]
    Extension {
        /// The filename, shortened.
        given: String,
    },
    /// An sdist without a dash between name and version.
    #[error(
        "Invalid source distribution filename: {given} (expected `{{name}}-{{version}}` before the extension)"
    )]
    SdistParts {
        /// The filename.
        given: String,
    },
    /// A wheel that has not five or six parts.
    #[error(
        "Invalid wheel filename (wrong number of parts): '{given}' (expected 5 or 6 parts between dashes, found {parts})"
    )]
    WheelParts {
        /// The filename.
        given: String,
        /// How many there are.
        parts: usize,
    },
    /// The part before the version names no project.
    #[error("Invalid project name in filename '{given}'")]
    Name {
        /// The filename.
        given: String,
        /// The rule.
        source: InvalidName,
    },
    /// A wheel's name with what must be escaped there: anything but letters, digits, `.` and single `_`.
    #[error(
        "Invalid project name: '{given}' (expected only letters, digits, '.' and single '_' before the version of a wheel)"
    )]
    WheelName {
        /// The filename.
        given: String,
    },
    /// The part after the name is no version.
    #[error("Invalid filename (invalid version): '{given}'")]
    Version {
        /// The filename.
        given: String,
        /// The rule.
        source: InvalidVersion,
    },
    /// A wheel's build tag that does not begin with a digit.
    #[error("Invalid build number: {build} in '{given}' (expected it to begin with a digit)")]
    Build {
        /// The filename.
        given: String,
        /// The part in its place.
        build: String,
    },
    /// An empty or ill-formed tag.
    #[error(
        "Invalid wheel filename (invalid tag): expected letters, digits and '_', found '{tag}' in '{given}'"
    )]
    Tag {
        /// The filename.
        given: String,
        /// The tag.
        tag: String,
    },
    /// More tags than any wheel has.
    #[error(
        "Invalid wheel filename (too many tags): expected at most {limit} combinations of tags, found {found} in '{given}'"
    )]
    TooManyTags {
        /// The filename.
        given: String,
        /// The bound.
        limit: usize,
        /// How many the filename stands for.
        found: usize,
    },
}

impl FromStr for Filename {
    type Err = InvalidFilename;

    fn from_str(given: &str) -> Result<Self, InvalidFilename> {
        if given.len() > MAX_FILENAME_BYTES {
            return Err(InvalidFilename::TooLong { bytes: given.len() });
        }
        let shown = || excerpt(given);
        if given.chars().any(|c| c.is_ascii_control()) {
            return Err(InvalidFilename::ControlCharacter { given: shown() });
        }
        if given.contains(['/', '\\']) {
            return Err(InvalidFilename::Separator { given: shown() });
        }
        if let Some(character) = given.chars().find(|c| !c.is_ascii()) {
            return Err(InvalidFilename::NotAscii {
                given: shown(),
                character,
            });
        }
        if let Some(stem) = given.strip_suffix(".whl") {
            return WheelFilename::parse(given, stem).map(Self::Wheel);
        }
        for format in [SdistFormat::TarGz, SdistFormat::Zip] {
            if let Some(stem) = given.strip_suffix(format.extension()) {
                return SdistFilename::parse(given, stem, format).map(Self::Sdist);
            }
        }
        Err(InvalidFilename::Extension { given: shown() })
    }
}

/// A version inside a filename: unlike elsewhere, no blank may stand around it.
fn parse_version(given: &str, version: &str) -> Result<Version, InvalidFilename> {
    let refuse = |source| InvalidFilename::Version {
        given: given.to_owned(),
        source,
    };
    if version.contains(' ') {
        return Err(refuse(InvalidVersion {
            given: excerpt(version),
            source: None,
        }));
    }
    version.parse().map_err(refuse)
}

impl TryFrom<String> for Filename {
    type Error = InvalidFilename;

    fn try_from(given: String) -> Result<Self, InvalidFilename> {
        given.parse()
    }
}

impl From<Filename> for String {
    fn from(filename: Filename) -> Self {
        filename.as_str().to_owned()
    }
}

impl fmt::Display for Filename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for Filename {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Filename {}

impl PartialOrd for Filename {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Filename {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Filename {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

#[cfg(test)]
mod tests;

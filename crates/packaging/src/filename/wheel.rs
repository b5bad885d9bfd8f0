//! Wheel filenames: name, version, build tag, and the set of tags that the compressed form stands for.

use std::collections::BTreeSet;
use std::fmt;

use crate::filename::{InvalidFilename, parse_version};
use crate::{ProjectName, Version};

/// Compressed tag sets multiply: 255 bytes could stand for thousands of tags. Real wheels have a dozen.
const MAX_TAGS: usize = 512;

/// One tag of a wheel, in lower case: which Python, which ABI, which platform (PEP 425).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// `py3`, `cp312`.
    pub python: String,
    /// `none`, `abi3`, `cp312`.
    pub abi: String,
    /// `any`, `manylinux_2_17_x86_64`.
    pub platform: String,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

/// A wheel's build tag: a number, then any text. `01` and `1` are the same number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BuildTag {
    /// The digits without leading zeros: a time stamp with more than 20 digits is allowed.
    number: String,
    suffix: String,
}

impl BuildTag {
    fn parse(text: &str) -> Option<Self> {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let (digits, suffix) = text.split_at(end);
        let well_formed = suffix
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        (!digits.is_empty() && well_formed).then(|| {
            let number = digits.trim_start_matches('0');
            Self {
                number: if number.is_empty() { "0" } else { number }.to_owned(),
                suffix: suffix.to_owned(),
            }
        })
    }
}

/// A wheel's filename, with what it says.
#[derive(Clone, Debug)]
pub struct WheelFilename {
    given: String,
    project: ProjectName,
    version: Version,
    build: Option<BuildTag>,
    tags: BTreeSet<Tag>,
}

impl WheelFilename {
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

    /// The build tag, if there is one.
    pub fn build(&self) -> Option<&BuildTag> {
        self.build.as_ref()
    }

    /// Every tag that the compressed form stands for.
    pub fn tags(&self) -> &BTreeSet<Tag> {
        &self.tags
    }

    /// Name and version, verbatim: what `.dist-info` and `.data` begin with inside.
    pub fn name_and_version(&self) -> (&str, &str) {
        let mut parts = self.given.split('-');
        (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        )
    }

    pub(super) fn parse(given: &str, stem: &str) -> Result<Self, InvalidFilename> {
        let parts: Vec<&str> = stem.split('-').collect();
        let (name, version, build, pythons, abis, platforms) = match parts[..] {
            [name, version, pythons, abis, platforms] => {
                (name, version, None, pythons, abis, platforms)
            }
            [name, version, build, pythons, abis, platforms] => {
                (name, version, Some(build), pythons, abis, platforms)
            }
            _ => {
                return Err(InvalidFilename::WheelParts {
                    given: given.to_owned(),
                    parts: parts.len(),
                });
            }
        };
        let escaped = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        if !escaped || name.contains("__") {
            return Err(InvalidFilename::WheelName {
                given: given.to_owned(),
            });
        }
        let project = name.parse().map_err(|source| InvalidFilename::Name {
            given: given.to_owned(),
            source,
        })?;
        let version = parse_version(given, version)?;
        let build = build
            .map(|build| {
                let refuse = || InvalidFilename::Build {
                    given: given.to_owned(),
                    build: build.to_owned(),
                };
                BuildTag::parse(build).ok_or_else(refuse)
            })
            .transpose()?;
        let tags = expand(given, pythons, abis, platforms)?;
        Ok(Self {
            given: given.to_owned(),
            project,
            version,
            build,
            tags,
        })
    }
}

/// The tags that three compressed parts stand for: every combination.
fn expand(
    given: &str,
    pythons: &str,
    abis: &str,
    platforms: &str,
) -> Result<BTreeSet<Tag>, InvalidFilename> {
    for tag in [pythons, abis, platforms]
        .iter()
        .flat_map(|part| part.split('.'))
    {
        if tag.is_empty() || !tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(InvalidFilename::Tag {
                given: given.to_owned(),
                tag: tag.to_owned(),
            });
        }
    }
    let count = |part: &str| part.split('.').count();
    // At most 128³: each part is below 255 bytes.
    let found = count(pythons) * count(abis) * count(platforms);
    if found > MAX_TAGS {
        return Err(InvalidFilename::TooManyTags {
            given: given.to_owned(),
            limit: MAX_TAGS,
            found,
        });
    }
    let mut tags = BTreeSet::new();
    for python in pythons.split('.') {
        for abi in abis.split('.') {
            for platform in platforms.split('.') {
                tags.insert(Tag {
                    python: python.to_ascii_lowercase(),
                    abi: abi.to_ascii_lowercase(),
                    platform: platform.to_ascii_lowercase(),
                });
            }
        }
    }
    Ok(tags)
}

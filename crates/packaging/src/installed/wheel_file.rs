//! WHEEL: which wheel it was, as far as its tags and its build say.

use std::collections::BTreeSet;

use super::MAX_INSTALLED_BYTES;
use crate::Filename;
use crate::filename::{BuildTag, Tag, WheelFilename};

/// As many as a filename may stand for.
const MAX_TAGS: usize = 512;

/// What WHEEL says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelFile {
    /// Every tag, of all its lines.
    pub tags: BTreeSet<Tag>,
    /// The build tag, if there is one.
    pub build: Option<BuildTag>,
}

/// Why bytes are no WHEEL that says which one it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WheelFileError {
    /// Not UTF-8.
    #[error("expected lines of UTF-8")]
    Text,
    /// No tag, or something else where a tag should be.
    #[error("expected lines such as `Tag: py3-none-any`, one at least")]
    Tag,
    /// A build tag that is none.
    #[error("expected a build tag that begins with a digit")]
    Build,
    /// More than any wheel has.
    #[error("it has more than {MAX_INSTALLED_BYTES} bytes or {MAX_TAGS} tags")]
    TooMany,
}

impl WheelFile {
    /// Reads it.
    ///
    /// # Errors
    /// See [`WheelFileError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, WheelFileError> {
        if bytes.len() > MAX_INSTALLED_BYTES {
            return Err(WheelFileError::TooMany);
        }
        let text = std::str::from_utf8(bytes).map_err(|_not_text| WheelFileError::Text)?;
        let (mut tags, mut build) = (BTreeSet::new(), None);
        for line in text.lines() {
            let Some((name, value)) = line.split_once(':') else {
                continue;
            };
            let value = value.trim();
            if name.eq_ignore_ascii_case("tag") {
                // Some writers compress a line as filenames are.
                let wheel = named("0", value).filter(|wheel| wheel.build().is_none());
                let wheel = wheel.ok_or(WheelFileError::Tag)?;
                tags.extend(wheel.tags().iter().cloned());
            } else if name.eq_ignore_ascii_case("build") && !value.is_empty() {
                let wheel = named("0", &format!("{value}-py3-none-any"));
                let found = wheel.and_then(|wheel| wheel.build().cloned());
                build = Some(found.ok_or(WheelFileError::Build)?);
            }
            if tags.len() > MAX_TAGS {
                return Err(WheelFileError::TooMany);
            }
        }
        if tags.is_empty() {
            return Err(WheelFileError::Tag);
        }
        Ok(Self { tags, build })
    }

    /// Whether this is the WHEEL of a file of that name: the same tags, and no other build.
    pub fn is_of(&self, wheel: &WheelFilename) -> bool {
        *wheel.tags() == self.tags && self.may_be_build_of(wheel)
    }

    /// Whether some of its tags are that file's, and it is no other build. In real wheels WHEEL does not always say what
    /// the filename says.
    pub fn resembles(&self, wheel: &WheelFilename) -> bool {
        wheel.tags().intersection(&self.tags).next().is_some() && self.may_be_build_of(wheel)
    }

    /// WHEEL may leave the build out.
    fn may_be_build_of(&self, wheel: &WheelFilename) -> bool {
        self.build.is_none() || self.build.as_ref() == wheel.build()
    }
}

/// Through the filename's own parser, which bounds what there can be.
fn named(version: &str, rest: &str) -> Option<WheelFilename> {
    match format!("x-{version}-{rest}.whl").parse() {
        Ok(Filename::Wheel(wheel)) => Some(wheel),
        Ok(Filename::Sdist(_)) | Err(_) => None,
    }
}

//! Which tool's lockfile it is.

use std::fmt;

use serde::Deserialize;

use super::LockError;

/// The formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LockFormat {
    /// `pylock.toml`, of any tool (PEP 751).
    Pylock,
    /// `uv.lock`.
    Uv,
    /// `poetry.lock`.
    Poetry,
    /// `pdm.lock`.
    Pdm,
    /// Requirements, as pip, pip-tools and uv write them.
    Requirements,
    /// What `pip install --report` writes.
    Report,
}

impl LockFormat {
    /// The format of a file with that name and that text. A name that a tool fixes decides; of others the text.
    ///
    /// # Errors
    /// It is none of them.
    pub fn of(filename: &str, text: &str) -> Result<Self, LockError> {
        match filename {
            "uv.lock" => Ok(Self::Uv),
            "poetry.lock" => Ok(Self::Poetry),
            "pdm.lock" => Ok(Self::Pdm),
            _ if is_pylock(filename) => Ok(Self::Pylock),
            _ => match filename.rsplit_once('.') {
                Some((_, "txt" | "in")) => Ok(Self::Requirements),
                _ => Self::of_text(text).ok_or(LockError::Unknown),
            },
        }
    }

    /// Of a file that was given another name than its tool does.
    fn of_text(text: &str) -> Option<Self> {
        if text.trim_start().starts_with('{') {
            return Some(Self::Report);
        }
        let marks: Marks = toml::from_str(text).ok()?;
        Some(match marks {
            Marks {
                lock_version: Some(_),
                ..
            } => Self::Pylock,
            Marks {
                metadata: Some(metadata),
                ..
            } => match metadata {
                Metadata {
                    pdm: Some(_),
                    poetry: None,
                } => Self::Pdm,
                Metadata {
                    poetry: Some(_),
                    pdm: None,
                } => Self::Poetry,
                _ => return None,
            },
            Marks {
                version: Some(_),
                requires_python: Some(_),
                ..
            } => Self::Uv,
            _ => return None,
        })
    }

    /// The name by which people know it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pylock => "pylock.toml",
            Self::Uv => "uv.lock",
            Self::Poetry => "poetry.lock",
            Self::Pdm => "pdm.lock",
            Self::Requirements => "requirements",
            Self::Report => "pip's report",
        }
    }
}

impl fmt::Display for LockFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `pylock.toml`, or `pylock.NAME.toml` with a name without dots (PEP 751).
fn is_pylock(filename: &str) -> bool {
    filename == "pylock.toml"
        || filename
            .strip_prefix("pylock.")
            .and_then(|rest| rest.strip_suffix(".toml"))
            .is_some_and(|name| !name.is_empty() && !name.contains('.'))
}

/// What tells the TOML formats apart.
#[derive(Deserialize)]
struct Marks {
    #[serde(rename = "lock-version")]
    lock_version: Option<String>,
    version: Option<i64>,
    #[serde(rename = "requires-python")]
    requires_python: Option<String>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "lock_version")]
    pdm: Option<String>,
    #[serde(rename = "lock-version")]
    poetry: Option<String>,
}

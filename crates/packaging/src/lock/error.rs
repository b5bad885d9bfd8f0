//! Why a text is no lockfile.

use super::{LockFormat, MAX_LOCK_BYTES};

/// Why a file cannot be read as a lockfile at all.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Longer than any needs to be.
    #[error("expected at most {MAX_LOCK_BYTES} bytes")]
    TooLong,
    /// Not UTF-8.
    #[error("expected UTF-8")]
    Text,
    /// Neither the name nor the text is one that is known.
    #[error(
        "expected a `pylock.toml`, `uv.lock`, `poetry.lock`, `pdm.lock`, requirements with hashes (`*.txt`) or pip's `--report` (`*.json`)"
    )]
    Unknown,
    /// Not of the form of its format.
    #[error("it is not of the form of {format}")]
    Toml {
        /// Which it should be.
        format: LockFormat,
        /// What is wrong, and where.
        source: Box<toml::de::Error>,
    },
    /// Not of the form of a report.
    #[error("it is not of the form of {}", LockFormat::Report)]
    Json(#[source] serde_json::Error),
    /// Written by a program that is newer than this one, or older than what is read.
    #[error("expected version {expected} of {format}, found `{found}`")]
    Version {
        /// Of which format.
        format: LockFormat,
        /// What is read.
        expected: &'static str,
        /// As it stands there.
        found: String,
    },
    /// A line that is no requirement.
    #[error("line {line} is no requirement")]
    Requirement {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: crate::metadata::RequirementError,
    },
    /// An option that changes what is installed in a way that is not known.
    #[error(
        "line {line} has the option `{option}`, which is not known: it might change what is installed"
    )]
    Option {
        /// Counted from 1.
        line: usize,
        /// As it stands there.
        option: String,
    },
}

//! What is odd about an archive without being wrong: recorded, so that people and policies can look at it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many names a note holds: it is stored with the file and shown on a page.
const SHOWN: usize = 10;

/// An oddity that real distributions have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Note {
    /// The tags in WHEEL are not those of the filename.
    TagsDiffer {
        /// In the filename.
        filename: Vec<String>,
        /// In WHEEL.
        wheel: Vec<String>,
    },
    /// WHEEL is of a major version that installers refuse, or has none.
    WheelVersion {
        /// What it says.
        found: String,
    },
    /// Files that RECORD does not list.
    NotInRecord {
        /// The first of them.
        files: Vec<String>,
        /// How many there are.
        count: usize,
    },
    /// Entries of RECORD without a file.
    OnlyInRecord {
        /// The first of them.
        files: Vec<String>,
        /// How many there are.
        count: usize,
    },
    /// Files that RECORD lists without a digest, or with one that nobody can rely on.
    NoDigestInRecord {
        /// The first of them.
        files: Vec<String>,
        /// How many there are.
        count: usize,
    },
    /// Files of which RECORD states another size; their digests agree.
    SizeInRecord {
        /// The first of them.
        files: Vec<String>,
        /// How many there are.
        count: usize,
    },
    /// An sdist's directory is not called `{name}-{version}`.
    Directory {
        /// What it is called.
        found: String,
    },
    /// A member that comes more than once in a tar archive: the last one wins.
    Repeated {
        /// The first of them.
        files: Vec<String>,
        /// How many there are.
        count: usize,
    },
    /// Symbolic links in a wheel, which installers write as files.
    Symlinks {
        /// The first of them.
        files: Vec<String>,
        /// How many there are.
        count: usize,
    },
}

impl Note {
    /// Names for a note: how many, and the first of them.
    pub(super) fn shown<'n>(names: impl Iterator<Item = &'n String>) -> (Vec<String>, usize) {
        let mut count = 0;
        let mut files = Vec::new();
        for name in names {
            count += 1;
            if files.len() < SHOWN {
                files.push(name.clone());
            }
        }
        (files, count)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TagsDiffer { filename, wheel } => write!(
                f,
                "the filename says {}, but WHEEL has the tags {}",
                filename.join(" "),
                if wheel.is_empty() {
                    "(none)".to_owned()
                } else {
                    wheel.join(" ")
                }
            ),
            Self::WheelVersion { found } => {
                write!(f, "expected Wheel-Version 1.x, found '{found}'")
            }
            Self::NotInRecord { files, count } => told(
                f,
                files,
                *count,
                "file is not in RECORD",
                "files are not in RECORD",
            ),
            Self::OnlyInRecord { files, count } => told(
                f,
                files,
                *count,
                "entry of RECORD has no file",
                "entries of RECORD have no file",
            ),
            Self::NoDigestInRecord { files, count } => told(
                f,
                files,
                *count,
                "file has no digest in RECORD that proves anything",
                "files have no digest in RECORD that proves anything",
            ),
            Self::SizeInRecord { files, count } => told(
                f,
                files,
                *count,
                "file has another size in RECORD",
                "files have another size in RECORD",
            ),
            Self::Directory { found } => write!(
                f,
                "the directory '{found}' is not called by name and version"
            ),
            Self::Repeated { files, count } => told(
                f,
                files,
                *count,
                "member comes more than once",
                "members come more than once",
            ),
            Self::Symlinks { files, count } => told(
                f,
                files,
                *count,
                "member is a symbolic link",
                "members are symbolic links",
            ),
        }
    }
}

/// How many, in words for one and for several, and the first of them.
fn told(
    f: &mut fmt::Formatter<'_>,
    files: &[String],
    count: usize,
    one: &str,
    several: &str,
) -> fmt::Result {
    let what = if count == 1 { one } else { several };
    let more = if count > files.len() { ", …" } else { "" };
    write!(f, "{count} {what}: {}{more}", files.join(", "))
}

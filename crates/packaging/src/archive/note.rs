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
            Self::NotInRecord { files, count } => write!(
                f,
                "{count} files are not in RECORD: {}",
                list(files, *count)
            ),
            Self::OnlyInRecord { files, count } => {
                write!(
                    f,
                    "{count} entries of RECORD have no file: {}",
                    list(files, *count)
                )
            }
            Self::Directory { found } => write!(
                f,
                "the directory '{found}' is not called by name and version"
            ),
            Self::Repeated { files, count } => write!(
                f,
                "{count} members come more than once: {}",
                list(files, *count)
            ),
            Self::Symlinks { files, count } => write!(
                f,
                "{count} members are symbolic links: {}",
                list(files, *count)
            ),
        }
    }
}

fn list(files: &[String], count: usize) -> String {
    let more = if count > files.len() { ", …" } else { "" };
    format!("{}{more}", files.join(", "))
}

//! What can be found: one variant a reason, each with its word, its gravity and its sentence.

use std::fmt;

use touchplate_packaging::{Sha256, Version};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// It is not as it should be, or not as it was.
    Violation,
    /// It cannot be told whether it is.
    Unknown,
    /// Worth knowing.
    Notice,
}

/// Why nothing can be told of an entry or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untold {
    /// It comes from a version control system.
    Vcs(String),
    /// It is a directory.
    Directory(String),
    /// It is a file at a URL of its own.
    Url(String),
    /// It is a file on this machine.
    Path(String),
    /// It is another file of requirements.
    Included(String),
    /// It comes from somewhere that is not known here.
    Source(String),
    /// It has no project's name.
    NoName(String),
    /// It names no version and no digest.
    NoVersion,
    /// It names no file and no digest.
    NoFiles,
    /// The lockfile names no index, and none is configured.
    NoIndex,
    /// The lockfile names an index by what is no URL.
    BadIndex(String),
    /// The file has no digest: what will be installed is not fixed.
    NoDigest,
    /// The file has only digests that nothing can be looked up by.
    OtherDigest(String),
    /// What should be a SHA-256 is none.
    BadDigest(String),
    /// What should be a filename is none.
    BadFilename(String),
    /// It is a directory that is still used where it is.
    Editable(String),
    /// It was installed in a way that keeps no record, or what was kept cannot be read.
    NoRecord(String),
    /// The index has no wheel of the release that it can be.
    NoWheel,
    /// The index has a wheel of the release with these tags, and this is another one.
    OtherBuild(String),
}

/// What the index does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The project.
    Project,
    /// The release.
    Release,
    /// The file.
    File,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// There is provenance, and it does not hold for the file.
    DoesNotVerify {
        /// The message, then each cause.
        why: Vec<String>,
    },
    /// There is provenance, and it is of another project's file.
    OtherProject {
        /// The file that it is of.
        found: String,
    },
    /// The index announces provenance and does not give it.
    Withheld {
        /// The message, then each cause.
        why: Vec<String>,
    },
    /// The index lists the file with other bytes.
    DigestDisagrees {
        /// What it lists.
        listed: Sha256,
    },
    /// The file's name is of another project or version than its entry.
    Misnamed,
    /// Somebody else built it than is pinned.
    NotPinned {
        /// Who is pinned.
        pinned: Vec<String>,
        /// Who it was.
        found: String,
    },
    /// The name is the same, and another repository or account is behind it.
    Renumbered {
        /// The name.
        who: String,
        /// How the numbers differ.
        why: String,
    },
    /// There is no provenance, and somebody is pinned.
    PinnedUnattested {
        /// Who.
        pinned: Vec<String>,
    },
    /// Somebody else built it than the lockfile records.
    NotRecorded {
        /// Who is recorded.
        recorded: Vec<String>,
        /// Who it was.
        found: String,
    },
    /// There is no provenance, and the lockfile records whose there was.
    RecordedUnattested {
        /// Whose.
        recorded: Vec<String>,
    },
    /// No file of the release has provenance, and an earlier release had.
    Lost {
        /// The last one that had.
        earlier: Version,
    },
    /// Some files of the release have provenance, and these have not.
    Partial {
        /// How many have.
        attested: u32,
        /// Of so many.
        files: u32,
    },
    /// A builder came or went since an earlier release.
    Changed {
        /// That release.
        since: Version,
        /// Who came.
        added: Vec<String>,
        /// Who went.
        removed: Vec<String>,
    },
    /// It cannot be told.
    Untold(Untold),
    /// The index does not have it.
    NotAtIndex(Missing),
    /// The index gave no answer that can be used.
    Unreachable {
        /// The message, then each cause.
        why: Vec<String>,
    },
    /// It is not in the pack.
    NotPacked {
        /// What is not.
        what: String,
    },
    /// The index's wheel is no archive that can be read, so what is installed cannot be held against it.
    WheelUnread {
        /// The message, then each cause.
        why: Vec<String>,
    },
    /// Installed files differ from the wheel's, or from what their installer recorded.
    ChangedFile {
        /// How many.
        count: usize,
    },
    /// Files lie among those of the distribution, and it has none such.
    ExtraFile {
        /// How many.
        count: usize,
    },
    /// Files of the wheel are not there.
    MissingFile {
        /// How many.
        count: usize,
    },
    /// Installed files cannot be read: links that lead out of the environment, or what may not be read.
    UnreadFile {
        /// How many.
        count: usize,
    },
    /// Programs that are not as an installer writes them.
    Rewritten {
        /// How many.
        count: usize,
    },
    /// Files that belong to no distribution.
    Unowned {
        /// How many.
        count: usize,
    },
    /// Packages of another environment are seen in it.
    SystemPackages,
    /// Bytecode, which is not compared.
    Bytecode {
        /// How many files.
        count: usize,
    },
    /// The earlier release's provenance could not be read, so a change cannot be told.
    HistoryUnread {
        /// That release.
        earlier: Version,
        /// Why.
        why: Vec<String>,
    },
    /// No file has provenance, and none ever had.
    Unattested,
    /// It is attested, and nobody is pinned for the project.
    Unpinned {
        /// Who built it.
        who: Vec<String>,
    },
    /// Several builders are proved for one release.
    Inconsistent {
        /// Who.
        builders: Vec<String>,
    },
    /// The index is too old to say which releases have provenance.
    HistoryUntold,
    /// The same release stands in the lockfile before.
    Repeated {
        /// On this line.
        line: usize,
    },
}

impl Class {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Unknown => "unknown",
            Self::Notice => "notice",
        }
    }
}

impl Finding {
    /// How grave it is.
    pub fn class(&self) -> Class {
        match self {
            Self::DoesNotVerify { .. }
            | Self::OtherProject { .. }
            | Self::Withheld { .. }
            | Self::DigestDisagrees { .. }
            | Self::Misnamed
            | Self::NotPinned { .. }
            | Self::Renumbered { .. }
            | Self::PinnedUnattested { .. }
            | Self::NotRecorded { .. }
            | Self::RecordedUnattested { .. }
            | Self::Lost { .. }
            | Self::Partial { .. }
            | Self::ChangedFile { .. }
            | Self::ExtraFile { .. }
            | Self::MissingFile { .. } => Class::Violation,
            // Who is gone no longer builds anything.
            Self::Changed { added, .. } if added.is_empty() => Class::Notice,
            Self::Changed { .. } => Class::Violation,
            Self::Untold(_)
            | Self::NotAtIndex(_)
            | Self::Unreachable { .. }
            | Self::NotPacked { .. }
            | Self::WheelUnread { .. }
            | Self::UnreadFile { .. }
            | Self::Rewritten { .. }
            | Self::Unowned { .. }
            | Self::SystemPackages
            | Self::HistoryUnread { .. } => Class::Unknown,
            Self::Unattested
            | Self::Bytecode { .. }
            | Self::Unpinned { .. }
            | Self::Inconsistent { .. }
            | Self::HistoryUntold
            | Self::Repeated { .. } => Class::Notice,
        }
    }

    /// The word for programs and for acceptances, which stays.
    pub fn word(&self) -> &'static str {
        match self {
            Self::DoesNotVerify { .. } => "does-not-verify",
            Self::OtherProject { .. } => "other-project",
            Self::Withheld { .. } => "withheld",
            Self::DigestDisagrees { .. } => "digest-disagrees",
            Self::Misnamed => "misnamed",
            Self::NotPinned { .. } => "not-pinned",
            Self::Renumbered { .. } => "renumbered",
            Self::PinnedUnattested { .. } => "pinned-unattested",
            Self::NotRecorded { .. } => "not-recorded",
            Self::RecordedUnattested { .. } => "recorded-unattested",
            Self::Lost { .. } => "lost",
            Self::Partial { .. } => "partial",
            Self::Changed { .. } => "changed",
            Self::Untold(untold) => untold.word(),
            Self::NotAtIndex(_) => "not-at-index",
            Self::Unreachable { .. } => "unreachable",
            Self::NotPacked { .. } => "not-packed",
            Self::WheelUnread { .. } => "wheel-unread",
            Self::ChangedFile { .. } => "changed-file",
            Self::ExtraFile { .. } => "extra-file",
            Self::MissingFile { .. } => "missing-file",
            Self::UnreadFile { .. } => "unread-file",
            Self::Rewritten { .. } => "rewritten",
            Self::Unowned { .. } => "unowned",
            Self::SystemPackages => "system-packages",
            Self::Bytecode { .. } => "bytecode",
            Self::HistoryUnread { .. } => "history-unread",
            Self::Unattested => "unattested",
            Self::Unpinned { .. } => "unpinned",
            Self::Inconsistent { .. } => "inconsistent",
            Self::HistoryUntold => "history-untold",
            Self::Repeated { .. } => "repeated",
        }
    }

    /// The causes behind its sentence.
    pub fn causes(&self) -> &[String] {
        match self {
            Self::DoesNotVerify { why }
            | Self::Withheld { why }
            | Self::Unreachable { why }
            | Self::WheelUnread { why }
            | Self::HistoryUnread { why, .. } => why,
            _ => &[],
        }
    }
}

impl Untold {
    /// The word for programs and for acceptances, which stays.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Vcs(_) => "vcs",
            Self::Directory(_) => "directory",
            Self::Url(_) => "url",
            Self::Path(_) => "path",
            Self::Included(_) => "included",
            Self::Source(_) => "unknown-source",
            Self::NoName(_) => "no-name",
            Self::NoVersion => "no-version",
            Self::NoFiles => "no-files",
            Self::NoIndex => "no-index",
            Self::BadIndex(_) => "bad-index",
            Self::NoDigest => "no-digest",
            Self::OtherDigest(_) => "other-digest",
            Self::BadDigest(_) => "bad-digest",
            Self::BadFilename(_) => "bad-filename",
            Self::Editable(_) => "editable",
            Self::NoRecord(_) => "no-record",
            Self::NoWheel => "no-wheel",
            Self::OtherBuild(_) => "other-build",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |names: &[String]| names.join(" or ");
        match self {
            Self::DoesNotVerify { .. } => f.write_str("its provenance does not verify"),
            Self::OtherProject { found } => {
                write!(
                    f,
                    "its provenance is that of another project's file, {found}"
                )
            }
            Self::Withheld { .. } => f.write_str("its provenance is announced and not given"),
            Self::DigestDisagrees { listed } => {
                write!(f, "the index lists it with another sha256, {listed}")
            }
            Self::Misnamed => f.write_str("its name is that of another project or version"),
            Self::NotPinned { pinned, found } => {
                write!(f, "expected {}, as pinned; found {found}", listed(pinned))
            }
            Self::Renumbered { who, why } => {
                write!(f, "{who} is not who it was under that name: {why}")
            }
            Self::PinnedUnattested { pinned } => {
                write!(
                    f,
                    "it has no provenance; expected {}, as pinned",
                    listed(pinned)
                )
            }
            Self::NotRecorded { recorded, found } => write!(
                f,
                "expected {}, as the lockfile records; found {found}",
                listed(recorded)
            ),
            Self::RecordedUnattested { recorded } => write!(
                f,
                "nothing of it is proved to be by {}, as the lockfile records",
                listed(recorded)
            ),
            Self::Lost { earlier } => {
                write!(
                    f,
                    "no file of this release has provenance, and {earlier} had"
                )
            }
            Self::Partial { attested, files } => write!(
                f,
                "it has no provenance, and {attested} of the release's {files} files have"
            ),
            Self::Changed {
                since,
                added,
                removed,
            } => changed(f, since, added, removed),
            Self::Untold(untold) => untold.fmt(f),
            Self::NotAtIndex(Missing::Project) => f.write_str("the index has no such project"),
            Self::NotAtIndex(Missing::Release) => f.write_str("the index has no such release"),
            Self::NotAtIndex(Missing::File) => f.write_str("the index does not list the file"),
            Self::Unreachable { .. } => f.write_str("the index gave no answer that can be used"),
            Self::NotPacked { what } => write!(
                f,
                "the pack has no {what}: it is older than what is audited; write it anew with --write-pack"
            ),
            Self::WheelUnread { .. } => {
                f.write_str("the index's wheel cannot be read, so nothing is held against it")
            }
            Self::ChangedFile { count } => files(f, *count, "was changed", "were changed"),
            Self::ExtraFile { count } => files(
                f,
                *count,
                "lies among its own, and it has none such",
                "lie among its own, and it has none such",
            ),
            Self::MissingFile { count } => files(
                f,
                *count,
                "of the wheel is not there",
                "of the wheel are not there",
            ),
            Self::UnreadFile { count } => files(
                f,
                *count,
                "may not be read, or is behind a link out of the environment",
                "may not be read, or are behind links out of the environment",
            ),
            Self::Rewritten { count } => files(
                f,
                *count,
                "is not what an installer writes for this environment",
                "are not what an installer writes for this environment",
            ),
            Self::Unowned { count } => files(
                f,
                *count,
                "belongs to no distribution",
                "belong to no distribution",
            ),
            Self::SystemPackages => f.write_str(
                "packages of the interpreter's own environment are seen in it as well, and were not looked at: audit that one too",
            ),
            Self::Bytecode { count } => files(
                f,
                *count,
                "of bytecode was not compared: it need not say what its source says",
                "of bytecode were not compared: they need not say what their sources say",
            ),
            Self::HistoryUnread { earlier, .. } => {
                write!(f, "whether the builder is that of {earlier} cannot be told")
            }
            Self::Unattested => f.write_str("it has no provenance, and no release had"),
            Self::Unpinned { who } => {
                write!(f, "built by {}; nobody is pinned", who.join(" and "))
            }
            Self::Inconsistent { builders } => {
                write!(f, "several built it: {}", builders.join(" and "))
            }
            Self::HistoryUntold => f.write_str(
                "the index's page is of a version that cannot say which releases have provenance",
            ),
            Self::Repeated { line } => write!(f, "the same release stands on line {line} already"),
        }
    }
}

/// How many files, and what of them.
fn files(f: &mut fmt::Formatter<'_>, count: usize, one: &str, many: &str) -> fmt::Result {
    match count {
        1 => write!(f, "1 file {one}"),
        count => write!(f, "{count} files {many}"),
    }
}

fn changed(
    f: &mut fmt::Formatter<'_>,
    since: &Version,
    added: &[String],
    removed: &[String],
) -> fmt::Result {
    match (added, removed) {
        ([], removed) => write!(f, "{since} was also built by {}", removed.join(" and ")),
        (added, []) => write!(
            f,
            "built by {}, who built nothing of {since}",
            added.join(" and ")
        ),
        (added, removed) => write!(
            f,
            "{since} was built by {}; this one by {}",
            removed.join(" and "),
            added.join(" and ")
        ),
    }
}

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vcs(url) => write!(f, "it comes from a repository, {url}"),
            Self::Directory(path) => write!(f, "it is a directory, {path}"),
            Self::Url(url) => write!(f, "it comes from no index, but from {url}"),
            Self::Path(path) => write!(f, "it is a file on this machine, {path}"),
            Self::Included(path) => write!(f, "it is another file, {path}, which is not read"),
            Self::Source(text) => write!(f, "its source is not known here: {text}"),
            Self::NoName(text) => write!(f, "`{text}` is no project's name"),
            Self::NoVersion => f.write_str("it names no single version, and no digest"),
            Self::NoFiles => f.write_str("it names no file and no digest"),
            Self::NoIndex => f.write_str("no index is named or configured"),
            Self::BadIndex(text) => write!(f, "its index `{text}` is no URL"),
            Self::NoDigest => f.write_str("it has no digest: what will be installed is not fixed"),
            Self::OtherDigest(names) => {
                write!(f, "it has no sha256 digest, only {names}")
            }
            Self::BadDigest(text) => write!(f, "`{text}` is no sha256 digest"),
            Self::BadFilename(text) => write!(f, "`{text}` names no wheel or sdist"),
            Self::Editable(url) => write!(f, "it is a directory that is used where it is, {url}"),
            Self::NoRecord(why) => write!(f, "there is no telling what was installed: {why}"),
            Self::NoWheel => f.write_str(
                "the index has no wheel of this release that it can be: it was built on this machine, or is from elsewhere",
            ),
            Self::OtherBuild(filename) => write!(
                f,
                "it is not {filename} of the index, whose tags it has: it was built on this machine, or is from elsewhere"
            ),
        }
    }
}

//! `lock annotate`: who is proved to have built each entry, written where nobody stands yet.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use touchplate_client::audit::Audited;
use touchplate_packaging::lock::{IdentitiesError, LockFormat, MAX_LOCK_BYTES, Pylock};
use touchplate_policy::verdict::{Class, Reason};

use super::{AnnotateArguments, Places, tell};
use crate::audit::{self, FailOn, Report};
use crate::files;
use crate::options::{Common, Format};
use crate::report::{Failure, Outcome, say, say_json};

/// What becomes of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nobody stood there, and now those do who were proved.
    Recorded,
    /// Those who stand there are proved.
    Unchanged,
    /// Others stand there, and they were left.
    Left,
    /// Others stood there, and were replaced.
    Replaced,
    /// Something is wrong, so that nothing is written.
    Refused,
    /// There is nobody to write down.
    Nobody,
}

/// What becomes of one entry, and who stood and stands there.
#[derive(Debug)]
pub(super) struct Annotated<'r> {
    pub(super) audited: &'r Audited,
    pub(super) step: Step,
    pub(super) old: Vec<Value>,
    pub(super) new: Vec<Value>,
}

#[derive(Debug, thiserror::Error)]
enum AnnotateError {
    #[error("`{}` could not be written", .0.display())]
    Unwritable(PathBuf, #[source] io::Error),
    #[error("identities cannot be written into `{}`", .0.display())]
    Identities(PathBuf, #[source] IdentitiesError),
    #[error("`{}` was changed meanwhile", .0.display())]
    Changed(PathBuf),
}

impl From<AnnotateError> for Failure {
    fn from(error: AnnotateError) -> Self {
        match &error {
            AnnotateError::Unwritable(..) => Self::outside(error),
            AnnotateError::Identities(..) => Self::usage(error),
            AnnotateError::Changed(_) => Self::outside(error).hint("run it again"),
        }
    }
}

impl Step {
    /// The word for programs.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Unchanged => "unchanged",
            Self::Left => "left",
            Self::Replaced => "replaced",
            Self::Refused => "refused",
            Self::Nobody => "nobody",
        }
    }
}

pub(super) fn run(
    common: &Common,
    arguments: AnnotateArguments,
    now: Timestamp,
) -> Result<Outcome, Failure> {
    let AnnotateArguments {
        file,
        places: Places { index, lock },
        replace,
        reporting,
    } = arguments;
    let before = files::read(&file, MAX_LOCK_BYTES)?;
    let asked = audit::Arguments::of(file.clone(), index, lock);
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let format = std::str::from_utf8(&before).ok();
    let format = format.and_then(|text| LockFormat::of(&name, text).ok());
    if format != Some(LockFormat::Pylock) {
        // Other formats have no room: the pins are the place, and first use is what writes them.
        let asked = asked.pinning().reporting(match reporting.format {
            Format::Text => audit::Format::Text,
            Format::Json => audit::Format::Json,
        });
        return audit::run(common, &asked);
    }
    let report = audit::report(common, &asked, now)?;
    let entries = report
        .lockfiles
        .iter()
        .flat_map(|lockfile| &lockfile.entries);
    let annotated: Vec<Annotated<'_>> = entries.map(|it| annotate(it, replace)).collect();
    let written = write(&file, &before, &annotated)?;
    match reporting.format {
        Format::Text => say(&tell::text(&file, &annotated, written))?,
        Format::Json => say_json(&tell::json(&file, &annotated, written))?,
    }
    let is_left = |it: &Annotated<'_>| matches!(it.step, Step::Left | Step::Refused);
    let says_no = annotated.iter().any(is_left);
    end(report, says_no)
}

/// What could not be asked is a failure outside, unless the answer is no already.
fn end(report: Report, says_no: bool) -> Result<Outcome, Failure> {
    match (report.end(FailOn::Never)?, says_no) {
        (_, true) => Ok(Outcome::No),
        (outcome, false) => Ok(outcome),
    }
}

fn annotate(audited: &Audited, replace: bool) -> Annotated<'_> {
    let old = audited.entry.identities.clone().unwrap_or_default();
    let mut new: Vec<Value> = Vec::new();
    for seen in audited.files.iter().flat_map(|file| &file.seen) {
        if !new.contains(&seen.publisher) {
            new.push(seen.publisher.clone());
        }
    }
    let wrong = |reason: &Reason| {
        let of_record = matches!(
            reason.finding.word(),
            "not-recorded" | "recorded-unattested"
        );
        reason.stands() && reason.class() == Class::Violation && !of_record
    };
    let differs = |reason: &Reason| {
        matches!(
            reason.finding.word(),
            "not-recorded" | "recorded-unattested"
        )
    };
    let mut reasons = audited.verdict.reasons.iter();
    let step = if reasons.clone().any(wrong) {
        Step::Refused
    } else if new.is_empty() {
        match old.is_empty() {
            true => Step::Nobody,
            false => Step::Left,
        }
    } else if old.is_empty() {
        Step::Recorded
    } else if !reasons.any(differs) {
        Step::Unchanged
    } else if replace {
        Step::Replaced
    } else {
        Step::Left
    };
    Annotated {
        audited,
        step,
        old,
        new,
    }
}

/// Writes the identities that are to be written; whether there are any.
fn write(path: &Path, before: &[u8], annotated: &[Annotated<'_>]) -> Result<bool, Failure> {
    let writes =
        |it: &&(usize, &Annotated<'_>)| matches!(it.1.step, Step::Recorded | Step::Replaced);
    let all: Vec<(usize, &Annotated<'_>)> = annotated.iter().enumerate().collect();
    if !all.iter().any(|it| writes(&it)) {
        return Ok(false);
    }
    let refused = |error| AnnotateError::Identities(path.to_owned(), error);
    let text = String::from_utf8_lossy(before);
    let mut document = Pylock::parse(&text).map_err(refused)?;
    for (number, entry) in all.iter().filter(writes) {
        document
            .set_identities(*number, &entry.new)
            .map_err(refused)?;
    }
    if files::read(path, MAX_LOCK_BYTES)? != before {
        return Err(AnnotateError::Changed(path.to_owned()).into());
    }
    replace(path, document.text().as_bytes())
        .map_err(|error| AnnotateError::Unwritable(path.to_owned(), error))?;
    Ok(true)
}

/// In one rename: readers see the old text or the new one.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    // A link is followed first, or the rename would put a file in its place.
    let path = fs::canonicalize(path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".touchplate-lock-")
        .tempfile_in(folder)?;
    file.write_all(text)?;
    file.as_file()
        .set_permissions(fs::metadata(&path)?.permissions())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    fs::File::open(folder)?.sync_all()
}

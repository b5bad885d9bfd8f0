//! A release's files.

use std::cmp::Reverse;

use touchplate_index::history::ProjectHistory;
use touchplate_index::ports::StoredFile;
use touchplate_packaging::Version;
use touchplate_policy::history::FileProvenance;

use super::words::{self, BuilderTold};
use super::{Pages, page_path};
use crate::pages::units;

/// Files that one page lists; the others are on further pages.
const PER_PAGE: usize = 100;

/// One page of the list.
pub(super) struct FileList {
    pub(super) files: Vec<FileTold>,
    pub(super) pages: Option<Pages>,
}

/// A file in the list.
pub(super) struct FileTold {
    pub(super) filename: String,
    pub(super) page: String,
    pub(super) size: String,
    pub(super) day: String,
    /// Who is proved to have built it.
    pub(super) builders: Vec<BuilderTold>,
    pub(super) is_attested: bool,
}

/// A release's files, wheels first.
pub(super) fn files_of<'f>(found: &'f ProjectHistory, version: &Version) -> Vec<&'f StoredFile> {
    let files = found.facts.files.iter();
    let mut own: Vec<&StoredFile> = files
        .filter(|file| file.filename.version() == version)
        .collect();
    own.sort_by_key(|file| {
        (
            Reverse(file.filename.kind().as_str()),
            file.filename.as_str(),
        )
    });
    own
}

impl FileList {
    /// Page `number` of them; none if there is no such page.
    pub(super) fn of(found: &ProjectHistory, files: &[&StoredFile], number: usize) -> Option<Self> {
        let (files, pages) = Pages::cut(files, PER_PAGE, number, "files")?;
        let files = files.iter().map(|file| told(found, file)).collect();
        Some(Self { files, pages })
    }
}

fn told(found: &ProjectHistory, file: &StoredFile) -> FileTold {
    let filename = file.filename.as_str();
    let provenance = found.provenance_of(file.id);
    FileTold {
        filename: filename.to_owned(),
        page: page_path(
            found.facts.project.name.as_str(),
            file.filename.version(),
            filename,
        ),
        size: units::rounded(file.size),
        day: units::day(file.uploaded_at),
        builders: match &provenance {
            FileProvenance::By(builders) => builders.iter().map(words::told).collect(),
            FileProvenance::Absent | FileProvenance::Unreadable => Vec::new(),
        },
        is_attested: provenance != FileProvenance::Absent,
    }
}

//! Locked files and the files of an index's page brought together: by name, or by digest where there is no name.

use touchplate_attest::FileFacts;
use touchplate_packaging::lock::{Digest, Entry, LockedFile, LockedName};
use touchplate_packaging::{Sha256, Version};
use touchplate_policy::verdict::{Finding, Missing, Untold};
use url::Url;

use super::plan::Plan;
use super::prove::of_source;
use super::{Pages, why};
use crate::fetch::{FileEntry, Page};

/// An entry and its page.
#[derive(Debug)]
pub(super) struct Matched<'p> {
    /// The index.
    pub(super) index: Option<&'p Url>,
    /// The project's page.
    pub(super) page: Option<&'p Page>,
    /// Why there is none that can be used.
    pub(super) unasked: Option<Finding>,
    /// Each locked file.
    pub(super) files: Vec<MatchedFile<'p>>,
}

/// A locked file, and what it is on the page.
#[derive(Debug)]
pub(super) struct MatchedFile<'p> {
    /// Its name, or its digest where it has none.
    pub(super) shown: String,
    /// The digest that is locked.
    pub(super) sha256: Option<Sha256>,
    /// What is to be proved, and where the page says that its provenance is.
    pub(super) listed: Result<(FileFacts, &'p FileEntry), Finding>,
}

impl Matched<'_> {
    /// The version of the entry: the one that it names, or that of the files with its digests.
    pub(super) fn version(&self, entry: &Entry) -> Option<Version> {
        let listed = self.files.iter().find_map(|file| file.listed.as_ref().ok());
        let listed = || Some(listed?.0.filename.version().clone());
        entry.version.clone().or_else(listed)
    }
}

/// Brings an entry's files together with its page.
pub(super) fn matched<'p>(plan: &'p Plan, entry: &Entry, pages: &'p Pages) -> Matched<'p> {
    let mut matched = Matched {
        index: plan.index.as_ref(),
        page: None,
        unasked: None,
        files: Vec::new(),
    };
    let (None, Some(index), Some(project)) = (&plan.untold, &plan.index, &plan.project) else {
        return matched;
    };
    let page = match pages.get(&(index.clone(), project.clone())) {
        Some(Ok(page)) => page,
        Some(Err(error)) => {
            matched.unasked = Some(of_source(error));
            return matched;
        }
        None => {
            // Every page that a plan needs was asked for.
            let why = vec!["the page was not asked for".to_owned()];
            matched.unasked = Some(Finding::Unreachable { why });
            return matched;
        }
    };
    matched.page = Some(page);
    if let Some(version) = &entry.version
        && page.release(version).is_empty()
    {
        matched.unasked = Some(Finding::NotAtIndex(Missing::Release));
        return matched;
    }
    let files = entry.files.iter();
    matched.files = files.map(|file| one(entry, file, page)).collect();
    matched
}

fn one<'p>(entry: &Entry, file: &LockedFile, page: &'p Page) -> MatchedFile<'p> {
    let sha256 = match &file.digest {
        Digest::Sha256(sha256) => Some(*sha256),
        Digest::Other(_) | Digest::Absent | Digest::Unreadable(_) => None,
    };
    let listed = listed(entry, file, page);
    let shown = match (&file.name, &listed) {
        (LockedName::Of(name), _) => name.as_str().to_owned(),
        (LockedName::Absent, Ok((facts, _))) => facts.filename.as_str().to_owned(),
        (LockedName::Absent, Err(_)) => digest_shown(&file.digest),
        (LockedName::Unreadable(text), _) => text.clone(),
    };
    MatchedFile {
        shown,
        sha256,
        listed,
    }
}

fn digest_shown(digest: &Digest) -> String {
    match digest {
        Digest::Sha256(sha256) => format!("sha256:{sha256}"),
        Digest::Other(names) => names.clone(),
        Digest::Absent => String::new(),
        Digest::Unreadable(text) => text.clone(),
    }
}

fn listed<'p>(
    entry: &Entry,
    file: &LockedFile,
    page: &'p Page,
) -> Result<(FileFacts, &'p FileEntry), Finding> {
    let sha256 = match &file.digest {
        Digest::Sha256(sha256) => *sha256,
        Digest::Other(names) => return Err(Finding::Untold(Untold::OtherDigest(names.clone()))),
        Digest::Absent => return Err(Finding::Untold(Untold::NoDigest)),
        Digest::Unreadable(text) => return Err(Finding::Untold(Untold::BadDigest(text.clone()))),
    };
    let found = match &file.name {
        LockedName::Of(name) => {
            let is_entrys = entry.name.as_ref() == Some(name.project())
                && entry.version.as_ref().is_none_or(|it| it == name.version());
            if !is_entrys {
                return Err(Finding::Misnamed);
            }
            let mut files = page.files.iter();
            files.find(|listed| listed.filename.is_same_distribution(name))
        }
        LockedName::Absent => {
            let of_version = |listed: &&FileEntry| {
                let version = entry.version.as_ref();
                version.is_none_or(|it| it == listed.filename.version())
            };
            let mut files = page.files.iter().filter(of_version);
            files.find(|listed| listed.sha256 == Some(sha256))
        }
        LockedName::Unreadable(text) => {
            return Err(Finding::Untold(Untold::BadFilename(text.clone())));
        }
    };
    let found = found.ok_or(Finding::NotAtIndex(Missing::File))?;
    if let Some(listed) = found.sha256.filter(|listed| *listed != sha256) {
        return Err(Finding::DigestDisagrees { listed });
    }
    let filename = found.filename.clone();
    Ok((FileFacts { filename, sha256 }, found))
}

/// What an error says, as a finding that the index gave no answer.
pub(super) fn unreachable(error: &(dyn std::error::Error + 'static)) -> Finding {
    Finding::Unreachable { why: why(error) }
}

//! What is to be asked of an entry, and of whom; or why nothing can be.

use touchplate_packaging::ProjectName;
use touchplate_packaging::lock::{Entry, Source};
use touchplate_policy::verdict::Untold;
use url::Url;

use super::Auditor;
use crate::fetch::{parse_url, without_credentials};

/// What is to be asked of one entry.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Why nothing is.
    pub(super) untold: Option<Untold>,
    /// The project.
    pub(super) project: Option<ProjectName>,
    /// The index.
    pub(super) index: Option<Url>,
}

impl Auditor<'_> {
    pub(super) fn plan(&self, entry: &Entry) -> Plan {
        let index = self.index_of(&entry.source);
        let untold = match &index {
            Err(untold) => Some(untold.clone()),
            Ok(_) if entry.name.is_none() => Some(Untold::NoName(entry.shown.clone())),
            Ok(_) if entry.version.is_none() && entry.files.is_empty() => Some(Untold::NoVersion),
            Ok(_) if entry.files.is_empty() => Some(Untold::NoFiles),
            Ok(_) => None,
        };
        Plan {
            untold,
            project: entry.name.clone(),
            index: index.ok(),
        }
    }

    /// Where the files of an entry come from, if that is an index.
    pub(super) fn index_of(&self, source: &Source) -> Result<Url, Untold> {
        let named = match source {
            Source::Index(named) => named.as_deref(),
            Source::Vcs(url) => return Err(Untold::Vcs(without_credentials(url))),
            Source::Directory(path) => return Err(Untold::Directory(path.clone())),
            Source::Url(url) => return Err(Untold::Url(without_credentials(url))),
            Source::Path(path) => return Err(Untold::Path(path.clone())),
            Source::Included(path) => return Err(Untold::Included(path.clone())),
            Source::Unknown(text) => return Err(Untold::Source(without_credentials(text))),
        };
        match (self.index, named) {
            (Some(index), _) => Ok(index.clone()),
            (None, Some(named)) => match parse_url(named) {
                Ok((url, _)) => Ok(url),
                Err(_) => Err(Untold::BadIndex(without_credentials(named))),
            },
            (None, None) => self.default_index.cloned().ok_or(Untold::NoIndex),
        }
    }
}

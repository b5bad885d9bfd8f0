//! What is to be asked of an entry, and of whom; or why nothing can be.

use touchplate_packaging::ProjectName;
use touchplate_packaging::lock::{Entry, Source};
use touchplate_policy::verdict::Untold;
use url::Url;

use super::Auditor;
use crate::fetch::parse_url;

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
    fn index_of(&self, source: &Source) -> Result<Url, Untold> {
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

/// A text of a lockfile without what stands between `//` and `@`: it may be a password.
fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) => {
            let rest = rest.get(user.len() + 1..).unwrap_or_default();
            format!("{scheme}://{rest}")
        }
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_lockfiles_are_not_shown() {
        for (given, shown) in [
            ("https://u:p@h.example/x@1", "https://h.example/x@1"),
            ("git+ssh://git@h.example/x", "git+ssh://h.example/x"),
            ("https://h.example/x", "https://h.example/x"),
            ("../beside", "../beside"),
        ] {
            assert_eq!(without_credentials(given), shown);
        }
    }
}

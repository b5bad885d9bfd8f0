//! The network side of `verify`: which index, which files, and what it says of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use touchplate_client::fetch::{
    Agent, Cause, ConfigurationError, Document, FetchError, FileEntry, Index, IndexError, IndexUrl,
    Page, Places, Settings, SettingsError, fragment_sha256,
};
use touchplate_packaging::{Filename, InvalidDigest, ProjectName, Sha256, Version};
use url::Url;

use super::targets::Wanted;
use crate::report::Failure;

/// What it calls itself.
pub(crate) const USER_AGENT: &str = concat!("touchplate/", env!("CARGO_PKG_VERSION"));

/// How many versions a message lists: the newest ones.
const SHOWN_VERSIONS: usize = 5;

/// The way to the index and to files elsewhere.
#[derive(Debug)]
pub(crate) struct Network {
    agent: Agent,
    index: Option<IndexUrl>,
    /// `--index` was given, so that it also counts for files that are named by URL.
    index_is_explicit: bool,
}

/// A file on a server, and how its provenance is found.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    /// Its name.
    pub(crate) filename: Filename,
    /// Where it is.
    pub(crate) url: Url,
    /// Its digest, as far as the index or the URL says.
    pub(crate) sha256: Option<Sha256>,
    /// Its length, as far as the index says.
    pub(crate) size: Option<u64>,
    /// What the index says of it; without that, the URL's surroundings are tried.
    pub(crate) entry: Option<FileEntry>,
    /// The index that it is from.
    pub(crate) index: Option<Url>,
}

#[derive(Debug, thiserror::Error)]
enum NetworkError {
    #[error("no index is configured")]
    NoIndex,
    #[error("`{0}` needs the network, and --offline forbids that")]
    Offline(String),
    #[error(
        "the index {index} has no release {version} of `{project}`; {}",
        known(versions)
    )]
    NoRelease {
        index: Url,
        project: ProjectName,
        version: Version,
        versions: Vec<String>,
    },
    #[error("the index {index} does not list the file `{filename}`")]
    NotListed { index: Url, filename: String },
    #[error(
        "the index {index} lists `{filename}` with the sha256 {listed}, and its URL names {named}"
    )]
    TwoDigests {
        index: Url,
        filename: String,
        listed: Sha256,
        named: Sha256,
    },
    #[error("the sha256 after the `#` of {0} is not a digest")]
    Fragment(Url, #[source] InvalidDigest),
}

fn known(versions: &[String]) -> String {
    match versions {
        [] => "it has no wheel or sdist of it at all".to_owned(),
        [.., _] => {
            let newest: Vec<_> = versions
                .iter()
                .rev()
                .take(SHOWN_VERSIONS)
                .cloned()
                .collect();
            let more = if versions.len() > SHOWN_VERSIONS {
                ", …"
            } else {
                ""
            };
            format!("it has {}{more}", newest.join(", "))
        }
    }
}

impl From<NetworkError> for Failure {
    fn from(error: NetworkError) -> Self {
        match &error {
            NetworkError::NoIndex => Self::usage(error).hint(
                "name it with --index URL, or set PIP_INDEX_URL, UV_DEFAULT_INDEX, `index-url` in pip.conf, or a default index in uv.toml",
            ),
            NetworkError::Offline(_) => Self::usage(error).hint(
                "where there is a network, `touchplate verify --keep DIR` keeps files with their provenance; verify those",
            ),
            NetworkError::NoRelease { .. }
            | NetworkError::NotListed { .. }
            | NetworkError::TwoDigests { .. } => Self::refused(error),
            NetworkError::Fragment(..) => Self::usage(error),
        }
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        let denied = matches!(error, IndexError::Fetch(FetchError::Denied { .. }));
        of_cause(error.cause(), error, denied)
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let denied = matches!(error, FetchError::Denied { .. });
        of_cause(error.cause(), error, denied)
    }
}

fn of_cause(
    cause: Cause,
    error: impl std::error::Error + Send + Sync + 'static,
    denied: bool,
) -> Failure {
    match cause {
        Cause::Outside => Failure::outside(error),
        Cause::No => Failure::refused(error),
        Cause::Configuration if denied => Failure::usage(error)
            .hint("credentials come from the URL (https://user:token@host/…) or from ~/.netrc"),
        Cause::Configuration => Failure::usage(error),
    }
}

impl From<ConfigurationError> for Failure {
    fn from(error: ConfigurationError) -> Self {
        match &error {
            ConfigurationError::Unreadable { .. } => Self::outside(error),
            ConfigurationError::Url { .. } | ConfigurationError::Toml { .. } => Self::usage(error),
        }
    }
}

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Self {
        match &error {
            SettingsError::Proxy(_) => Self::usage(error),
            SettingsError::Netrc(_) => Self::outside(error),
        }
    }
}

impl Network {
    /// The network for these targets; none if they need none.
    pub(crate) fn for_targets(
        wanted: &[Wanted],
        index: Option<&str>,
        offline: bool,
    ) -> Result<Option<Self>, Failure> {
        let mut remote = wanted.iter().filter_map(Wanted::remote).peekable();
        let Some(first) = remote.peek() else {
            return Ok(None);
        };
        if offline {
            return Err(NetworkError::Offline(first.clone()).into());
        }
        let variable = |name: &str| std::env::var(name).ok();
        let mut settings = Settings::from_environment(USER_AGENT, &variable)?;
        let found = match index {
            Some(url) => Some(IndexUrl::parse(url, "--index")?),
            None if wanted.iter().any(Wanted::is_release) => {
                let folder = std::env::current_dir().unwrap_or_default();
                IndexUrl::find(Places {
                    variable: &variable,
                    folder: &folder,
                    system: Path::new("/"),
                })?
            }
            None => None,
        };
        if found.is_none() && wanted.iter().any(Wanted::is_release) {
            return Err(NetworkError::NoIndex.into());
        }
        if let Some(found) = &found {
            settings
                .credentials
                .give(&found.url, found.authorization.clone());
        }
        for one in wanted {
            if let Wanted::Url {
                url, authorization, ..
            } = one
            {
                settings.credentials.give(url, authorization.clone());
            }
        }
        Ok(Some(Self {
            agent: Agent::new(settings),
            index: found,
            index_is_explicit: index.is_some(),
        }))
    }

    /// What fetches.
    pub(crate) fn agent(&self) -> &Agent {
        &self.agent
    }

    /// The index in use, and where its address was found.
    pub(crate) fn index(&self) -> Option<&IndexUrl> {
        self.index.as_ref()
    }

    /// The files of a target; a file on disk is not for the network.
    pub(crate) fn files(&self, pages: &mut Pages, wanted: &Wanted) -> Result<Vec<Remote>, Failure> {
        match wanted {
            Wanted::File(_) => Ok(Vec::new()),
            Wanted::Release { project, version } => self.release(pages, project, version),
            Wanted::Url { url, filename, .. } => Ok(vec![self.linked(pages, url, filename)?]),
        }
    }

    /// The files of a release, as its page orders them.
    fn release(
        &self,
        pages: &mut Pages,
        project: &ProjectName,
        version: &Version,
    ) -> Result<Vec<Remote>, Failure> {
        let index = self.index.as_ref().ok_or(NetworkError::NoIndex)?;
        let page = pages.project(self, index, project)?;
        let files = page.release(version);
        if files.is_empty() {
            let versions = page.versions();
            return Err(NetworkError::NoRelease {
                index: index.url.clone(),
                project: project.clone(),
                version: version.clone(),
                versions: versions.iter().map(ToString::to_string).collect(),
            }
            .into());
        }
        Ok(files
            .into_iter()
            .map(|file| Remote::listed(file, index))
            .collect())
    }

    /// A file that is named by URL: with `--index`, as that lists it.
    fn linked(&self, pages: &mut Pages, url: &Url, filename: &Filename) -> Result<Remote, Failure> {
        let named = fragment_sha256(url).map(|digest| digest.parse::<Sha256>());
        let named = named
            .transpose()
            .map_err(|error| NetworkError::Fragment(url.clone(), error))?;
        let mut remote = Remote {
            filename: filename.clone(),
            url: url.clone(),
            sha256: named,
            size: None,
            entry: None,
            index: None,
        };
        let Some(index) = self.index.as_ref().filter(|_| self.index_is_explicit) else {
            return Ok(remote);
        };
        let page = pages.project(self, index, filename.project())?;
        let mut files = page.files.iter();
        let Some(entry) = files.find(|file| file.filename.as_str() == filename.as_str()) else {
            return Err(NetworkError::NotListed {
                index: index.url.clone(),
                filename: filename.as_str().to_owned(),
            }
            .into());
        };
        if let (Some(listed), Some(named)) = (entry.sha256, named)
            && listed != named
        {
            return Err(NetworkError::TwoDigests {
                index: index.url.clone(),
                filename: filename.as_str().to_owned(),
                listed,
                named,
            }
            .into());
        }
        remote.sha256 = named.or(entry.sha256);
        remote.size = entry.size;
        remote.entry = Some(entry.clone());
        remote.index = Some(index.url.clone());
        Ok(remote)
    }
}

impl Remote {
    fn listed(file: &FileEntry, index: &IndexUrl) -> Self {
        Self {
            filename: file.filename.clone(),
            url: file.url.clone(),
            sha256: file.sha256,
            size: file.size,
            entry: Some(file.clone()),
            index: Some(index.url.clone()),
        }
    }

    /// The file's provenance object, and where it is from; none if there is none.
    pub(crate) fn provenance(&self, network: &Network) -> Result<Option<Document>, IndexError> {
        match (&self.entry, &self.index) {
            (Some(entry), Some(index)) => Index::new(&network.agent, index).provenance(entry),
            _ => touchplate_client::fetch::provenance_of_url(
                &network.agent,
                &self.url,
                &self.filename,
            ),
        }
    }
}

impl Wanted {
    /// The target in words, if it is reached through the network.
    fn remote(&self) -> Option<String> {
        match self {
            Self::File(_) => None,
            Self::Release { .. } | Self::Url { .. } => Some(self.to_string()),
        }
    }

    fn is_release(&self) -> bool {
        matches!(self, Self::Release { .. })
    }
}

/// Pages that were fetched already: several targets may be of one project.
#[derive(Debug, Default)]
pub(crate) struct Pages(HashMap<ProjectName, Page>);

impl Pages {
    fn project(
        &mut self,
        network: &Network,
        index: &IndexUrl,
        project: &ProjectName,
    ) -> Result<&Page, IndexError> {
        match self.0.entry(project.clone()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let page = Index::new(&network.agent, &index.url).project(project)?;
                Ok(place.insert(page))
            }
        }
    }
}

//! An index as its readers see it: the Simple API, and the Integrity API beside it.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use touchplate_attest::provenance::MAX_PROVENANCE_BYTES;
use touchplate_packaging::{Filename, ProjectName};
use url::Url;

use super::agent::{Agent, Document};
use super::error::{Cause, FetchError};
use super::page::{
    self, ACCEPT, Announced, FileEntry, JSON_ACCEPT, MAX_PAGE_BYTES, Page, PageError,
};

/// What a provenance object's `Accept` says.
const PROVENANCE_ACCEPT: &str =
    "application/vnd.pypi.integrity.v1+json, application/json;q=0.5, */*;q=0.1";

/// What a path segment cannot hold as it is.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// One index.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a> {
    agent: &'a Agent,
    url: &'a Url,
}

/// Why an index gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// There is no such project, or none that the caller may see.
    #[error("the index {index} has no project `{project}`")]
    NoProject {
        /// The index.
        index: Url,
        /// The project.
        project: ProjectName,
    },
    /// The page is none.
    #[error("{url} is not a page that can be read")]
    Page {
        /// Where it is.
        url: Url,
        /// Why.
        source: PageError,
    },
    /// A page promises what is not there.
    #[error("the index announces a provenance object of `{filename}` that is not there")]
    Withheld {
        /// The file.
        filename: String,
        /// What the server said.
        source: FetchError,
    },
    /// PEP 740 wants a full URL of a secure origin.
    #[error(
        "the index announces a provenance object of `{filename}` at `{found}`, which is not a full https URL"
    )]
    Insecure {
        /// The file.
        filename: String,
        /// As the page has it.
        found: String,
    },
    /// It was not fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

impl IndexError {
    /// Who can mend it.
    pub fn cause(&self) -> Cause {
        match self {
            Self::NoProject { .. } | Self::Withheld { .. } | Self::Insecure { .. } => Cause::No,
            Self::Page { .. } => Cause::Outside,
            Self::Fetch(error) => error.cause(),
        }
    }
}

impl<'a> Index<'a> {
    /// The index whose Simple API is at `url`, what pip calls an index URL; a slash at its end is not needed.
    pub fn new(agent: &'a Agent, url: &'a Url) -> Self {
        Self { agent, url }
    }

    /// The projects that the index lists, by PEP 691's JSON; names that are none are passed over, as installers do.
    ///
    /// # Errors
    /// See [`IndexError`].
    pub fn projects(&self) -> Result<Vec<ProjectName>, IndexError> {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/", self.url.path().trim_end_matches('/')));
        let document = self.agent.document(&url, JSON_ACCEPT, MAX_PAGE_BYTES)?;
        page::projects(&document).map_err(|source| IndexError::Page { url, source })
    }

    /// The page of one project.
    ///
    /// # Errors
    /// See [`IndexError`].
    pub fn project(&self, project: &ProjectName) -> Result<Page, IndexError> {
        let url = below(self.url, project.as_str());
        let document = match self.agent.document(&url, ACCEPT, MAX_PAGE_BYTES) {
            Ok(document) => document,
            Err(FetchError::Absent { .. }) => {
                return Err(IndexError::NoProject {
                    index: self.url.clone(),
                    project: project.clone(),
                });
            }
            Err(error) => return Err(error.into()),
        };
        let mut page = Page::read(&document).map_err(|source| IndexError::Page {
            url: document.url.clone(),
            source,
        })?;
        // A page may link to what is not its own; no installer looks at that either.
        page.files.retain(|file| file.filename.project() == project);
        Ok(page)
    }

    /// The provenance object of a file of a page, as it is served; none if there is none. Of a page that cannot say, the
    /// Integrity API beside the Simple API is asked.
    ///
    /// # Errors
    /// See [`IndexError`].
    pub fn provenance(&self, file: &FileEntry) -> Result<Option<Document>, IndexError> {
        match &file.provenance {
            Announced::Nowhere => Ok(None),
            Announced::At(url) => match provenance_at(self.agent, url) {
                Ok(document) => Ok(Some(document)),
                Err(source @ FetchError::Absent { .. }) => Err(IndexError::Withheld {
                    filename: file.filename.as_str().to_owned(),
                    source,
                }),
                Err(error) => Err(error.into()),
            },
            Announced::Unusable(found) => Err(IndexError::Insecure {
                filename: file.filename.as_str().to_owned(),
                found: found.clone(),
            }),
            Announced::Unsaid => {
                let Some(url) = integrity_url(self.url, &file.filename) else {
                    return Ok(None);
                };
                guessed(self.agent, &url)
            }
        }
    }
}

/// The provenance object of a file that no page speaks of: at the file's own URL with `.provenance`, else by the Integrity
/// API at the root of the same host.
///
/// # Errors
/// See [`IndexError`].
pub fn provenance_of_url(
    agent: &Agent,
    url: &Url,
    filename: &Filename,
) -> Result<Option<Document>, IndexError> {
    let mut beside = url.clone();
    beside.set_query(None);
    beside.set_fragment(None);
    beside.set_path(&format!("{}.provenance", url.path()));
    if let Some(document) = guessed(agent, &beside)? {
        return Ok(Some(document));
    }
    let mut root = url.clone();
    root.set_query(None);
    root.set_fragment(None);
    root.set_path("/simple/");
    match integrity_url(&root, filename) {
        Some(url) => guessed(agent, &url),
        None => Ok(None),
    }
}

/// Where nobody said that there is something, a server that says no in any way has nothing.
fn guessed(agent: &Agent, url: &Url) -> Result<Option<Document>, IndexError> {
    match provenance_at(agent, url) {
        Ok(document) => Ok(Some(document)),
        Err(FetchError::Absent { .. } | FetchError::Denied { .. } | FetchError::Status { .. }) => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn provenance_at(agent: &Agent, url: &Url) -> Result<Document, FetchError> {
    agent.document(url, PROVENANCE_ACCEPT, MAX_PROVENANCE_BYTES)
}

/// `…/simple/` → `…/integrity/{project}/{version}/{filename}/provenance`; none for an index with another layout.
fn integrity_url(index: &Url, filename: &Filename) -> Option<Url> {
    let path = index.path().trim_end_matches('/').strip_suffix("/simple")?;
    let mut url = index.clone();
    url.set_query(None);
    url.set_path(&format!(
        "{path}/integrity/{}/{}/{}/provenance",
        escaped(filename.project().as_str()),
        escaped(&filename.version().to_string()),
        escaped(filename.as_str()),
    ));
    Some(url)
}

fn below(index: &Url, project: &str) -> Url {
    let mut url = index.clone();
    url.set_path(&format!(
        "{}/{}/",
        index.path().trim_end_matches('/'),
        escaped(project)
    ));
    url
}

fn escaped(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_are_made_from_the_index_url() {
        for index in [
            "https://h.example/root/simple",
            "https://h.example/root/simple/",
        ] {
            let index = url(index);
            assert_eq!(
                below(&index, "demo").as_str(),
                "https://h.example/root/simple/demo/"
            );
            let filename = "demo-1.0+cu121-py3-none-any.whl".parse().unwrap();
            assert_eq!(
                integrity_url(&index, &filename).unwrap().as_str(),
                "https://h.example/root/integrity/demo/1.0+cu121/demo-1.0+cu121-py3-none-any.whl/provenance"
            );
        }
        let filename = "demo-1.0.tar.gz".parse().unwrap();
        assert_eq!(
            integrity_url(&url("https://h.example/api/pypi/x"), &filename),
            None
        );
        assert_eq!(
            below(&url("https://h.example"), "demo").as_str(),
            "https://h.example/demo/"
        );
    }
}

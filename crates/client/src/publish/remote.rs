//! What an index has of a project already: its Simple API is found beside the upload URL, and asked once.
//!
//! An upload URL says nothing of where a project is listed. What was said counts first (`--check-url`, uv's `check-url` and
//! `url`), then what the index itself says (PEP 807's answer), then the paths of the servers that are known.

use touchplate_attest::FileFacts;
use touchplate_packaging::ProjectName;
use url::Url;

use super::Standing;
use crate::fetch::{Agent, FetchError, FileEntry, Index, IndexError, Page};

/// The Simple API that belongs to an upload URL, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimpleApi {
    /// What pip calls an index URL.
    pub url: Url,
    /// Who says so.
    pub origin: Origin,
}

/// Who says where a Simple API is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The caller.
    Said,
    /// The index.
    Discovered,
    /// The path of the upload URL is that of a known kind of server.
    Guessed,
}

impl SimpleApi {
    /// The Simple API of the index with this upload URL; none where nobody says so and the path is of no known kind.
    pub fn of(upload: &Url, said: Option<&Url>, discovered: Option<&Url>) -> Option<Self> {
        let found = |url: &Url, origin| Self {
            url: url.clone(),
            origin,
        };
        said.map(|url| found(url, Origin::Said))
            .or_else(|| discovered.map(|url| found(url, Origin::Discovered)))
            .or_else(|| Some(found(&guess(upload)?, Origin::Guessed)))
    }
}

/// From a path's end to that of the Simple API, of the same host: Warehouse's shape (and ours), Nexus and pypiserver,
/// Artifactory, Gitea and GitLab, devpi. An upload URL that is a Simple API itself is pulp's.
fn guess(upload: &Url) -> Option<Url> {
    let path = upload.path().trim_end_matches('/');
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let path = match segments.as_slice() {
        [.., "legacy"] => path
            .strip_suffix("legacy")
            .map(|above| format!("{above}simple/")),
        [.., "simple"] => Some(format!("{path}/")),
        // pypiserver; and ours, which takes uploads there as well.
        [] => Some("/simple/".to_owned()),
        [.., "repository", _]
        | [.., "api", "pypi", _]
        | ["api", "packages", _, "pypi"]
        | [.., "packages", "pypi"] => Some(format!("{path}/simple/")),
        // devpi's user and index, where a file may be replaced: all the more reason to look before.
        [_, _] => Some(format!("{path}/+simple/")),
        _ => None,
    }?;
    let mut url = upload.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&path);
    Some(url)
}

/// What an index lists of one project.
#[derive(Clone, Debug)]
pub enum Listing {
    /// Its page.
    Page(Page),
    /// It has no such project, or none that the caller may see.
    NoProject,
    /// It cannot be told.
    CannotBeTold {
        /// Why, in words.
        why: String,
    },
}

impl Listing {
    /// Asks for a project. An index that keeps its listing from the caller may still take uploads, so that is no error.
    ///
    /// # Errors
    /// The index could not be reached, or what it answered is no page.
    pub fn ask(
        agent: &Agent,
        simple: Option<&SimpleApi>,
        project: &ProjectName,
    ) -> Result<Self, IndexError> {
        let Some(simple) = simple else {
            let why =
                "the index does not say where its Simple API is: name it with `--check-url URL`";
            return Ok(Self::cannot_be_told(why.to_owned()));
        };
        let guessed = simple.origin == Origin::Guessed;
        match Index::new(agent, &simple.url).project(project) {
            Ok(page) => Ok(Self::Page(page)),
            Err(IndexError::NoProject { .. }) if guessed && !is_there(agent, &simple.url)? => {
                Ok(Self::nowhere(&simple.url))
            }
            Err(IndexError::NoProject { .. }) => Ok(Self::NoProject),
            Err(IndexError::Fetch(FetchError::Denied { url, status })) => Ok(Self::cannot_be_told(
                format!("{url} answered {status}: its listing is not for whoever uploads here"),
            )),
            Err(IndexError::Page { .. } | IndexError::Fetch(FetchError::Status { .. }))
                if guessed =>
            {
                Ok(Self::nowhere(&simple.url))
            }
            Err(error) => Err(error),
        }
    }

    fn nowhere(guessed: &Url) -> Self {
        Self::cannot_be_told(format!(
            "there is no Simple API at {guessed}, where indexes with such an upload URL have it: name it with `--check-url URL`"
        ))
    }

    fn cannot_be_told(why: String) -> Self {
        Self::CannotBeTold { why }
    }

    /// Where the index stands with a file. Names count by what they say, not by how they are spelled.
    pub fn standing(&self, file: &FileFacts) -> Standing {
        let page = match self {
            Self::Page(page) => page,
            Self::NoProject => return Standing::New,
            Self::CannotBeTold { why } => return Standing::CannotBeTold { why: why.clone() },
        };
        let same = |entry: &&FileEntry| entry.filename.is_same_distribution(&file.filename);
        let Some(entry) = page.files.iter().find(same) else {
            return Standing::New;
        };
        match entry.sha256 {
            Some(listed) if listed == file.sha256 => Standing::Identical {
                attested: entry.is_attested(),
            },
            Some(listed) => Standing::Conflicting { listed },
            None => Standing::CannotBeTold {
                why: format!("{} lists `{}` without a sha256", page.url, entry.filename),
            },
        }
    }
}

/// Whether there is a Simple API at all. Its list of all projects may be long, so that the first byte of it is enough.
fn is_there(agent: &Agent, simple: &Url) -> Result<bool, IndexError> {
    match agent.document(simple, "*/*", 0) {
        Ok(_) | Err(FetchError::TooLarge { .. } | FetchError::Denied { .. }) => Ok(true),
        Err(FetchError::Absent { .. } | FetchError::Status { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use touchplate_packaging::Sha256;

    use super::*;
    use crate::fetch::Document;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_simple_api_is_where_it_is_said_to_be() {
        let upload = url("https://h.example/legacy/");
        let (said, found) = (url("https://h.example/a"), url("https://h.example/b"));
        let of = |said, found| SimpleApi::of(&upload, said, found).unwrap();
        let both = of(Some(&said), Some(&found));
        assert_eq!((&both.url, both.origin), (&said, Origin::Said));
        let index = of(None, Some(&found));
        assert_eq!((&index.url, index.origin), (&found, Origin::Discovered));
        assert_eq!(of(None, None).origin, Origin::Guessed);
    }

    #[test]
    fn known_servers_have_it_beside_the_upload_url() {
        for (upload, simple) in [
            ("https://h.example/legacy/", "https://h.example/simple/"),
            ("https://h.example/legacy", "https://h.example/simple/"),
            (
                "https://h.example/a/b/legacy/?x=1#y",
                "https://h.example/a/b/simple/",
            ),
            ("https://h.example", "https://h.example/simple/"),
            (
                "https://h.example/pypi/dist/simple/",
                "https://h.example/pypi/dist/simple/",
            ),
            (
                "https://h.example/repository/ours/",
                "https://h.example/repository/ours/simple/",
            ),
            (
                "https://h.example/artifactory/api/pypi/ours",
                "https://h.example/artifactory/api/pypi/ours/simple/",
            ),
            (
                "https://h.example/api/packages/ours/pypi",
                "https://h.example/api/packages/ours/pypi/simple/",
            ),
            (
                "https://h.example/api/v4/projects/7/packages/pypi",
                "https://h.example/api/v4/projects/7/packages/pypi/simple/",
            ),
            (
                "https://h.example/root/dev/",
                "https://h.example/root/dev/+simple/",
            ),
        ] {
            assert_eq!(guess(&url(upload)).unwrap().as_str(), simple, "{upload}");
        }
        for other in [
            "https://h.example/a/path/of/its/own/",
            "https://h.example/upload",
            "https://h.example/notlegacy",
        ] {
            assert_eq!(guess(&url(other)), None, "{other}");
        }
    }

    fn page(files: &str) -> Listing {
        let document = Document {
            url: url("https://h.example/simple/demo/"),
            content_type: "application/vnd.pypi.simple.v1+json".to_owned(),
            bytes: format!(r#"{{"meta":{{"api-version":"1.4"}},"name":"demo","files":[{files}]}}"#)
                .into_bytes(),
        };
        Listing::Page(Page::read(&document).unwrap())
    }

    #[test]
    fn a_file_is_new_identical_or_conflicting_by_its_digest() {
        let file = FileFacts {
            filename: "demo-1.0-py3-none-any.whl".parse().unwrap(),
            sha256: Sha256::of(b"demo"),
        };
        let listed = |name: &str, hashes: &str, more: &str| {
            let entry = format!(
                r#"{{"filename":"{name}","url":"../f/{name}","hashes":{{{hashes}}}{more}}}"#
            );
            page(&entry).standing(&file)
        };
        let (ours, theirs) = (Sha256::of(b"demo"), Sha256::of(b"other"));
        let hash = |digest: &Sha256| format!(r#""sha256":"{digest}""#);
        let name = "demo-1.0-py3-none-any.whl";
        assert_eq!(listed("demo-1.0.tar.gz", &hash(&ours), ""), Standing::New);
        assert_eq!(
            listed(name, &hash(&ours), ""),
            Standing::Identical { attested: false }
        );
        assert_eq!(
            listed(name, &hash(&ours), r#","provenance":"https://h.example/p""#),
            Standing::Identical { attested: true }
        );
        let conflict = Standing::Conflicting { listed: theirs };
        assert_eq!(listed(name, &hash(&theirs), ""), conflict);
        // Spelled otherwise, it is the same distribution.
        assert_eq!(
            listed("Demo-1.0-py3-none-any.whl", &hash(&theirs), ""),
            conflict
        );
        let untold = listed(name, r#""md5":"x""#, "");
        assert!(
            matches!(untold, Standing::CannotBeTold { .. }),
            "{untold:?}"
        );
        assert_eq!(Listing::NoProject.standing(&file), Standing::New);
        let why = "because".to_owned();
        let untold = Listing::CannotBeTold { why: why.clone() };
        assert_eq!(untold.standing(&file), Standing::CannotBeTold { why });
    }
}

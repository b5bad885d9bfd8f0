//! Names in a URL's path, parsed. A text that is no name is a name that nobody has: 404.

use axum::extract::{FromRequestParts, Path};
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use touchplate_index::accounts::{TokenId, UserName};
use touchplate_index::ports::{AttesterId, PendingId, PublisherId};
use touchplate_packaging::{Filename, ProjectName, Sha256, Version};

use crate::problem::Problem;

/// `{project}` as it was spelled. [`ProjectPath::redirect`] leads other spellings to the one in use.
#[derive(Clone, Debug)]
pub(crate) struct ProjectPath {
    /// The name it means.
    pub(crate) name: ProjectName,
    given: String,
}

impl ProjectPath {
    /// The permanent answer to a URL that spells the name otherwise or lacks its last slash: the URL in use, below
    /// `prefix`, with the query it came with. Nobody looks whether the project exists.
    pub(crate) fn redirect(&self, prefix: &str, uri: &Uri) -> Option<Response> {
        self.redirect_within(prefix, "", uri)
    }

    /// The same for what is at `rest` below the project.
    pub(crate) fn redirect_within(&self, prefix: &str, rest: &str, uri: &Uri) -> Option<Response> {
        if self.given == self.name.as_str() && uri.path().ends_with('/') {
            return None;
        }
        Some(with_query(&format!("{prefix}{}/{rest}", self.name), uri))
    }

    /// The same for the JSON API, where a slash at the end is as good as none.
    pub(crate) fn respelled(&self, prefix: &str, rest: &str, uri: &Uri) -> Option<Response> {
        let path = format!("{prefix}{}/{rest}", self.name);
        (self.given != self.name.as_str()).then(|| with_query(&path, uri))
    }
}

/// Leads to a path, with the query that a URL came with.
fn with_query(path: &str, uri: &Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}"));
    moved(&format!("{path}{}", query.unwrap_or_default()))
}

/// `{project}/{version}` as they were spelled.
#[derive(Clone, Debug)]
pub(crate) struct ReleasePath {
    pub(crate) project: ProjectName,
    pub(crate) version: Version,
    given: (String, String),
}

impl ReleasePath {
    /// As [`ProjectPath::redirect`]; versions are led to their normal form.
    pub(crate) fn redirect(&self, prefix: &str, uri: &Uri) -> Option<Response> {
        let normal = (self.project.to_string(), self.version.to_string());
        if self.given == normal && uri.path().ends_with('/') {
            return None;
        }
        let (project, version) = normal;
        let path = format!("{prefix}{project}/{}/", segment(&version));
        Some(with_query(&path, uri))
    }

    /// As [`ProjectPath::respelled`]; the version stays as it was spelled.
    pub(crate) fn respelled(&self, prefix: &str, rest: &str, uri: &Uri) -> Option<Response> {
        let (given, version) = &self.given;
        let path = format!("{prefix}{}/{}/{rest}", self.project, segment(version));
        (given != self.project.as_str()).then(|| with_query(&path, uri))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ReleasePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(given) = path::<(String, String), S>(parts, state).await?;
        Ok(Self {
            project: given.0.parse().map_err(|_| Problem::not_found())?,
            version: given.1.parse().map_err(|_| Problem::not_found())?,
            given,
        })
    }
}

/// `?page=`: which page of a long list, from 1; the first one where it is not said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageNumber(pub(crate) usize);

impl<S: Send + Sync> FromRequestParts<S> for PageNumber {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        match pairs.find(|(key, _)| *key == "page") {
            None => Ok(Self(1)),
            Some((_, number)) => number.parse().map(Self).map_err(|_| Problem::not_found()),
        }
    }
}

/// 301: what PyPI answers, and what every cache may keep.
pub(crate) fn moved(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(location) => (StatusCode::MOVED_PERMANENTLY, [(LOCATION, location)]).into_response(),
        Err(_) => Problem::not_found().into_response(),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ProjectPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(given) = path::<String, S>(parts, state).await?;
        let name = given.parse().map_err(|_| Problem::not_found())?;
        Ok(Self { name, given })
    }
}

/// `{project}/{version}/{filename}`.
#[derive(Clone, Debug)]
pub(crate) struct ReleaseFilePath {
    pub(crate) project: ProjectName,
    pub(crate) version: Version,
    pub(crate) filename: Filename,
}

impl<S: Send + Sync> FromRequestParts<S> for ReleaseFilePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((project, version, filename)) =
            path::<(String, String, String), S>(parts, state).await?;
        Ok(Self {
            project: project.parse().map_err(|_| Problem::not_found())?,
            version: version.parse().map_err(|_| Problem::not_found())?,
            filename: filename.parse().map_err(|_| Problem::not_found())?,
        })
    }
}

/// `{project}/{version}/{filename}/…/{rest}`: something that belongs to a file.
#[derive(Clone, Debug)]
pub(crate) struct BelowFilePath {
    pub(crate) file: ReleaseFilePath,
    /// As it stands there, decoded.
    pub(crate) rest: String,
}

impl<S: Send + Sync> FromRequestParts<S> for BelowFilePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((project, version, filename, rest)) =
            path::<(String, String, String, String), S>(parts, state).await?;
        let file = ReleaseFilePath {
            project: project.parse().map_err(|_| Problem::not_found())?,
            version: version.parse().map_err(|_| Problem::not_found())?,
            filename: filename.parse().map_err(|_| Problem::not_found())?,
        };
        Ok(Self { file, rest })
    }
}

/// `{project}/attesters/{id}`.
#[derive(Clone, Debug)]
pub(crate) struct AttesterPath {
    pub(crate) project: ProjectName,
    pub(crate) id: AttesterId,
}

impl<S: Send + Sync> FromRequestParts<S> for AttesterPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((project, id)) = path::<(String, String), S>(parts, state).await?;
        let id = id.parse().map(AttesterId);
        Ok(Self {
            project: project.parse().map_err(|_| Problem::not_found())?,
            id: id.map_err(|_| Problem::not_found())?,
        })
    }
}

/// `{project}/publishers/{id}`.
#[derive(Clone, Debug)]
pub(crate) struct PublisherPath {
    pub(crate) project: ProjectName,
    pub(crate) id: PublisherId,
}

impl<S: Send + Sync> FromRequestParts<S> for PublisherPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let AttesterPath { project, id } = AttesterPath::from_request_parts(parts, state).await?;
        let id = PublisherId(id.0);
        Ok(Self { project, id })
    }
}

/// `pending-publishers/{id}`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PendingPath(pub(crate) PendingId);

impl<S: Send + Sync> FromRequestParts<S> for PendingPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id) = path::<String, S>(parts, state).await?;
        let id = id.parse().map_err(|_| Problem::not_found())?;
        Ok(Self(PendingId(id)))
    }
}

/// `{project}/members/{user}`.
#[derive(Clone, Debug)]
pub(crate) struct MemberPath {
    pub(crate) project: ProjectName,
    pub(crate) user: UserName,
}

impl<S: Send + Sync> FromRequestParts<S> for MemberPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((project, user)) = path::<(String, String), S>(parts, state).await?;
        Ok(Self {
            project: project.parse().map_err(|_| Problem::not_found())?,
            user: user.parse().map_err(|_| Problem::not_found())?,
        })
    }
}

/// `read-tokens/{token}`.
#[derive(Clone, Debug)]
pub(crate) struct ReadTokenPath(pub(crate) TokenId);

impl<S: Send + Sync> FromRequestParts<S> for ReadTokenPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(id) = path::<String, S>(parts, state).await?;
        let id = id.parse().map_err(|_| Problem::not_found())?;
        Ok(Self(id))
    }
}

/// `{project}/tokens/{token}`.
#[derive(Clone, Debug)]
pub(crate) struct TokenPath {
    pub(crate) project: ProjectName,
    pub(crate) id: TokenId,
}

impl<S: Send + Sync> FromRequestParts<S> for TokenPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((project, id)) = path::<(String, String), S>(parts, state).await?;
        Ok(Self {
            project: project.parse().map_err(|_| Problem::not_found())?,
            id: id.parse().map_err(|_| Problem::not_found())?,
        })
    }
}

/// `{2 digits}/{2 digits}/{60 digits}/{filename}`, or the filename with `.metadata` behind it.
#[derive(Clone, Debug)]
pub(crate) struct FilePath {
    pub(crate) sha256: Sha256,
    pub(crate) filename: Filename,
    /// The file's METADATA is wanted, not the file (PEP 658).
    pub(crate) metadata: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for FilePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path((first, second, rest, name)) =
            path::<(String, String, String, String), S>(parts, state).await?;
        Self::of(&first, &second, &rest, &name).ok_or_else(Problem::not_found)
    }
}

impl FilePath {
    /// From a path that has nothing to be decoded; none for every other.
    pub(crate) fn plain(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix("/files/")?.split('/');
        let (first, second, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let name = parts.next().filter(|name| !name.contains('%'))?;
        if parts.next().is_some() {
            return None;
        }
        Self::of(first, second, rest, name)
    }

    fn of(first: &str, second: &str, rest: &str, name: &str) -> Option<Self> {
        if first.len() != 2 || second.len() != 2 {
            return None;
        }
        let (name, metadata) = match name.strip_suffix(".metadata") {
            Some(name) => (name, true),
            None => (name, false),
        };
        Some(Self {
            sha256: [first, second, rest].concat().parse().ok()?,
            filename: name.parse().ok()?,
            metadata,
        })
    }
}

/// Parameters that are no UTF-8 name nothing that we have.
async fn path<T, S>(parts: &mut Parts, state: &S) -> Result<Path<T>, Problem>
where
    T: serde::de::DeserializeOwned + Send,
    S: Send + Sync,
{
    Path::from_request_parts(parts, state)
        .await
        .map_err(|_| Problem::not_found())
}

/// What stands in a path segment as it is (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A text as a path segment.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

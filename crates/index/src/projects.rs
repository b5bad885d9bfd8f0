//! Projects: their creation, status and visibility.

use std::str::FromStr;

use touchplate_packaging::ProjectName;
use touchplate_packaging::simple::ProjectStatus;

use crate::Index;
use crate::accounts::{Reader, sees};
use crate::origin::Origin;
use crate::ports::{
    ChangeError, CreateProjectError, NewProject, Project, Quota, SeenProject, StoreError,
};

/// Who may see a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody.
    Public,
    /// Any account.
    Internal,
    /// Its members.
    Private,
}

/// A text that is no quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a quota is a number of bytes, `none` for no limit, or `default` for what the configuration says"
)]
pub struct InvalidQuota;

impl FromStr for Quota {
    type Err = InvalidQuota;

    fn from_str(given: &str) -> Result<Self, InvalidQuota> {
        match given {
            "none" => Ok(Self::Unlimited),
            "default" => Ok(Self::AsConfigured),
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map(Self::Bytes).map_err(|_| InvalidQuota)
            }
            _ => Err(InvalidQuota),
        }
    }
}

/// A word that names no visibility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a visibility is `public`, `internal` or `private`")]
pub struct UnknownVisibility;

impl Visibility {
    /// The word stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Private => "private",
        }
    }
}

impl FromStr for Visibility {
    type Err = UnknownVisibility;

    fn from_str(given: &str) -> Result<Self, UnknownVisibility> {
        match given {
            "public" => Ok(Self::Public),
            "internal" => Ok(Self::Internal),
            "private" => Ok(Self::Private),
            _ => Err(UnknownVisibility),
        }
    }
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is not there, or this reader may not know that it is.
    #[error("there is no such project, release or file")]
    NotFound,
    /// The file is there, but nothing is known of where it came from.
    #[error("No provenance available for {0}")]
    NoProvenance(touchplate_packaging::Filename),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The blob store failed.
    #[error(transparent)]
    Blobs(#[from] crate::ports::BlobError),
}

impl Index {
    /// Creates a project without files.
    pub async fn create_project(
        &self,
        origin: &Origin,
        project: &NewProject,
    ) -> Result<Project, CreateProjectError> {
        self.ports.projects.create(origin, project).await
    }

    /// Sets the PEP 792 status.
    pub async fn set_status(
        &self,
        origin: &Origin,
        name: &ProjectName,
        status: ProjectStatus,
        reason: Option<&str>,
    ) -> Result<(), ReadError> {
        let projects = &self.ports.projects;
        let set = projects.set_status(origin, name, status, reason, None);
        set.await.map_err(|error| match error {
            // Nothing was asked of the serial.
            ChangeError::NotFound | ChangeError::Changed => ReadError::NotFound,
            ChangeError::Store(error) => error.into(),
        })
    }

    /// Sets who may see a project.
    pub async fn set_visibility(
        &self,
        origin: &Origin,
        name: &ProjectName,
        visibility: Visibility,
    ) -> Result<(), ReadError> {
        let projects = &self.ports.projects;
        let set = projects.set_visibility(origin, name, visibility, None);
        set.await.map_err(|error| match error {
            // Nothing was asked of the serial.
            ChangeError::NotFound | ChangeError::Changed => ReadError::NotFound,
            ChangeError::Store(error) => error.into(),
        })
    }

    /// Sets how many bytes the files of a project may have together.
    pub async fn set_quota(
        &self,
        origin: &Origin,
        name: &ProjectName,
        quota: Quota,
    ) -> Result<(), ReadError> {
        let set = self.ports.projects.set_quota(origin, name, quota).await;
        set.map_err(|error| match error {
            ChangeError::NotFound | ChangeError::Changed => ReadError::NotFound,
            ChangeError::Store(error) => error.into(),
        })
    }

    /// Deletes a project with everything in it. Its filenames stay burned; its bytes are swept later.
    pub async fn delete_project(
        &self,
        origin: &Origin,
        name: &ProjectName,
    ) -> Result<(), ReadError> {
        found(self.ports.projects.delete(origin, name).await?)
    }

    /// At most `limit` projects that the reader may see, by name, whose normalised name comes after `after`.
    pub async fn projects(
        &self,
        reader: &Reader,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Project>, StoreError> {
        let user = match reader {
            Reader::Anonymous => None,
            Reader::Account(caller) => Some(&caller.user),
        };
        let mut seen: Vec<Project> = Vec::new();
        let mut after = after.map(str::to_owned);
        loop {
            let asked = limit.saturating_sub(seen.len());
            let found = self.ports.projects.seen_by(user, after.as_deref(), asked);
            let found = found.await?;
            let is_last = found.len() < asked;
            after = found.last().map(|(project, _)| project.name.to_string());
            // A token may reach less than its user.
            let visible =
                |(project, is_member): &(Project, bool)| sees(reader, project, *is_member);
            seen.extend(
                found
                    .into_iter()
                    .filter(visible)
                    .map(|(project, _)| project),
            );
            if is_last || seen.len() >= limit {
                return Ok(seen);
            }
        }
    }

    /// The project of that name, if the reader may see it.
    pub async fn project(&self, reader: &Reader, name: &ProjectName) -> Result<Project, ReadError> {
        Ok(self.seen_project(reader, name).await?.project)
    }

    /// The same, with what the reader is in it.
    pub(crate) async fn seen_project(
        &self,
        reader: &Reader,
        name: &ProjectName,
    ) -> Result<SeenProject, ReadError> {
        let viewer = reader.viewer(name);
        let seen = self.ports.projects.seen(name, viewer).await?;
        seen.ok_or(ReadError::NotFound)
    }
}

fn found(there: bool) -> Result<(), ReadError> {
    if there {
        Ok(())
    } else {
        Err(ReadError::NotFound)
    }
}

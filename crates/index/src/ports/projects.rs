//! Projects.

use async_trait::async_trait;
use jiff::Timestamp;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_packaging::{DisplayName, ProjectName};

use super::{ChangeError, Serial, StoreError};
use crate::accounts::{Role, UserName};
use crate::origin::Origin;
use crate::projects::Visibility;

/// A project's row number; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProjectId(pub i64);

/// A project as stored.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its row.
    pub id: ProjectId,
    /// Its name, normalised.
    pub name: ProjectName,
    /// Its name as the latest upload spelled it.
    pub display: DisplayName,
    /// Who may see it.
    pub visibility: Visibility,
    /// PEP 792 status.
    pub status: ProjectStatus,
    /// Why it has that status.
    pub status_reason: Option<String>,
    /// The journal row of its last change.
    pub serial: Serial,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Project {
    /// Whether shared caches may keep what is said of it.
    pub fn is_public(&self) -> bool {
        self.visibility == Visibility::Public
    }
}

/// For whom a project, or something of it, is looked up. The database decides what they may see: it finds nothing of what
/// they may not, so that a hidden name costs what an unknown one does and nothing after that can tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer<'u> {
    /// For the index itself, which tells nobody, or for a caller who was asked already.
    Index,
    /// For anybody.
    Anybody,
    /// For a user, with a token that reaches the project.
    User(&'u UserName),
}

/// A project that somebody may see.
#[derive(Clone, Debug)]
pub struct SeenProject {
    /// It.
    pub project: Project,
    /// What they are in it.
    pub role: Option<Role>,
}

/// A project to be created.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// The name as given.
    pub display: DisplayName,
    /// Who may see it.
    pub visibility: Visibility,
    /// Who owns it from the start, if anybody.
    pub owner: Option<UserName>,
}

/// One line of the index page.
#[derive(Clone, Debug)]
pub struct ProjectListing {
    /// Its name, normalised.
    pub name: ProjectName,
    /// Its name as spelled by its owner.
    pub display: DisplayName,
    /// The journal row of its last change.
    pub serial: Serial,
}

/// How many bytes the files of one project may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quota {
    /// As the configuration says for all.
    #[default]
    AsConfigured,
    /// As many as it likes, whatever the configuration says.
    Unlimited,
    /// So many.
    Bytes(u64),
}

impl Quota {
    /// The most that it comes to.
    pub fn limit(self, configured: Option<u64>) -> Option<u64> {
        match self {
            Self::AsConfigured => configured,
            Self::Unlimited => None,
            Self::Bytes(bytes) => Some(bytes),
        }
    }
}

/// How much of its quota a project has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of its files together.
    pub used: u64,
    /// What it may have.
    pub quota: Quota,
}

/// Why a project was not created.
#[derive(Debug, thiserror::Error)]
pub enum CreateProjectError {
    /// The name is taken.
    #[error("the project `{0}` exists already")]
    Exists(ProjectName),
    /// Another project's name looks the same.
    #[error("the name `{given}` is too similar to an existing project")]
    Confusable {
        /// The name asked for.
        given: ProjectName,
    },
    /// The owner is unknown.
    #[error("there is no user `{0}`")]
    NoSuchUser(UserName),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Projects and their status.
#[async_trait]
pub trait Projects: Send + Sync {
    /// Creates a project. Names are unique, and so are their confusable forms; the database decides races.
    async fn create(
        &self,
        origin: &Origin,
        project: &NewProject,
    ) -> Result<Project, CreateProjectError>;

    /// The project of that name.
    async fn by_name(&self, name: &ProjectName) -> Result<Option<Project>, StoreError>;

    /// The project of that name, if the viewer may see it, and what they are in it.
    async fn seen(
        &self,
        name: &ProjectName,
        viewer: Viewer<'_>,
    ) -> Result<Option<SeenProject>, StoreError>;

    /// The public projects that are not quarantined, by name.
    async fn list_public(&self) -> Result<Vec<ProjectListing>, StoreError>;

    /// At most `limit` projects whose normalised name comes after `after`, by name: the public ones and, with a user, the
    /// internal ones and those in which the user has a role. With each whether they have one.
    async fn seen_by(
        &self,
        user: Option<&UserName>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Project, bool)>, StoreError>;

    /// Sets the PEP 792 status. With `since`, refused if the project was changed after it.
    async fn set_status(
        &self,
        origin: &Origin,
        name: &ProjectName,
        status: ProjectStatus,
        reason: Option<&str>,
        since: Option<Serial>,
    ) -> Result<(), ChangeError>;

    /// Sets who may see it. With `since`, refused if the project was changed after it.
    async fn set_visibility(
        &self,
        origin: &Origin,
        name: &ProjectName,
        visibility: Visibility,
        since: Option<Serial>,
    ) -> Result<(), ChangeError>;

    /// Sets how many bytes its files may have.
    async fn set_quota(
        &self,
        origin: &Origin,
        name: &ProjectName,
        quota: Quota,
    ) -> Result<(), ChangeError>;

    /// How many bytes its files have, and may have; none if there is no such project.
    async fn usage(&self, project: ProjectId) -> Result<Option<Usage>, StoreError>;

    /// Deletes the project with its releases, files, publishers, roles and project tokens. Its filenames stay burned.
    /// False when there is no such project.
    async fn delete(&self, origin: &Origin, name: &ProjectName) -> Result<bool, StoreError>;
}

//! Yanking releases, and what a project says of its own future, with a token.

use serde::Deserialize;
use touchplate_attest::{JsonError, from_object, read_strict_json};
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_packaging::{ProjectName, Version};

use super::{MAX_MANAGED_BYTES, NotByToken};
use crate::Index;
use crate::accounts::{Action, Caller, Reader};
use crate::attesters::NotAllowed;
use crate::origin::Origin;
use crate::ports::{ChangeError, Project, Release, Serial, StoreError};
use crate::projects::ReadError;

/// Of a reason. It stands in a table beside a release and in every installer's output: a sentence or two.
pub const MAX_REASON_CHARS: usize = 1000;

/// How often a change is tried again that others came before. Each time somebody got something done.
const ATTEMPTS: u32 = 10;

/// Why nothing was withdrawn. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// There is no such project, or the caller may not know that there is.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectName),
    /// The project has no such release.
    #[error("the project `{project}` has no release {version}")]
    NoSuchRelease {
        /// The project.
        project: ProjectName,
        /// The version.
        version: Version,
    },
    /// The caller may not yank.
    #[error(
        "only a maintainer or an owner, with a token for all of their projects, yanks releases of `{project}`"
    )]
    MayNotYank {
        /// The project.
        project: ProjectName,
        /// Why not.
        #[source]
        why: NotAllowed,
    },
    /// The caller may not set the status.
    #[error(
        "only an owner, with a token for all of their projects, sets the status of `{project}`"
    )]
    MayNotSetStatus {
        /// The project.
        project: ProjectName,
        /// Why not.
        #[source]
        why: NotAllowed,
    },
    /// The operator quarantined it.
    #[error("the project `{0}` is quarantined, and the operator alone takes that back")]
    Quarantined(ProjectName),
    /// The project is no longer as the caller saw it.
    #[error("the project was changed meanwhile; ask for it again")]
    Changed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A text says no reason or no status.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawTextError {
    /// The bytes are no strict JSON.
    #[error("the body is not readable")]
    Json(#[from] JsonError),
    /// It has another shape.
    #[error("expected an object with {expected}")]
    Shape {
        /// The keys that it may have.
        expected: &'static str,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The reason is an essay, or no line.
    #[error("expected a reason of at most {MAX_REASON_CHARS} characters on one line")]
    Reason,
    /// There is no such status, or it is the operator's to set.
    #[error("expected the status `active`, `archived` or `deprecated`, found `{found}`")]
    Status {
        /// What stands there, cut to 80 characters.
        found: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YankWire {
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusWire {
    status: String,
    #[serde(default)]
    reason: Option<String>,
}

/// A release is to be yanked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YankAsked {
    /// Why.
    pub reason: Option<String>,
}

impl YankAsked {
    /// Reads it from its JSON alone, of at most [`MAX_MANAGED_BYTES`].
    pub fn parse(json: &[u8]) -> Result<Self, WithdrawTextError> {
        let value = read_strict_json(json, MAX_MANAGED_BYTES)?;
        let wire: YankWire = from_object(value).map_err(|source| WithdrawTextError::Shape {
            expected: "`reason` or nothing",
            source,
        })?;
        let reason = checked(wire.reason)?;
        Ok(Self { reason })
    }
}

impl From<YankAsked> for Yanked {
    fn from(asked: YankAsked) -> Self {
        Self::Yes(asked.reason)
    }
}

/// A status that a project's owner may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusAsked {
    status: ProjectStatus,
    reason: Option<String>,
}

impl StatusAsked {
    /// Reads it from its JSON alone, of at most [`MAX_MANAGED_BYTES`].
    pub fn parse(json: &[u8]) -> Result<Self, WithdrawTextError> {
        let value = read_strict_json(json, MAX_MANAGED_BYTES)?;
        let wire: StatusWire = from_object(value).map_err(|source| WithdrawTextError::Shape {
            expected: "`status`, and maybe `reason`",
            source,
        })?;
        let status = match wire.status.parse() {
            Ok(ProjectStatus::Quarantined) | Err(_) => {
                let found = wire.status.chars().take(80).collect();
                return Err(WithdrawTextError::Status { found });
            }
            Ok(status) => status,
        };
        let reason = checked(wire.reason)?;
        Ok(Self { status, reason })
    }

    /// The status.
    pub fn status(&self) -> ProjectStatus {
        self.status
    }

    /// Why.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

/// An empty reason is none.
fn checked(reason: Option<String>) -> Result<Option<String>, WithdrawTextError> {
    let Some(reason) = reason.filter(|it| !it.is_empty()) else {
        return Ok(None);
    };
    if reason.chars().count() > MAX_REASON_CHARS || reason.chars().any(char::is_control) {
        return Err(WithdrawTextError::Reason);
    }
    Ok(Some(reason))
}

impl Index {
    /// A release and its project, if the reader may see it.
    pub async fn release_of(
        &self,
        reader: &Reader,
        project: &ProjectName,
        version: &Version,
    ) -> Result<(Project, Release), ReadError> {
        let project = self.project(reader, project).await?;
        let found = self.ports.releases.release(project.id, version).await?;
        let found = found.ok_or(ReadError::NotFound)?;
        Ok((project, found.release))
    }

    /// A release that the caller may yank, and its project as it was before.
    pub async fn yankable(
        &self,
        caller: &Caller,
        (project, version): (&ProjectName, &Version),
    ) -> Result<(Project, Release), WithdrawError> {
        let permitted = self.permitted(caller, project, Action::Yank).await;
        let found = permitted.map_err(|not| match not {
            NotByToken::NoSuchProject => WithdrawError::NoSuchProject(project.clone()),
            NotByToken::NotAllowed(why) => WithdrawError::MayNotYank {
                project: project.clone(),
                why,
            },
            NotByToken::Store(error) => error.into(),
        })?;
        let release = self.ports.releases.release(found.id, version).await?;
        let release = release.ok_or_else(|| no_such(project, version))?;
        Ok((found, release.release))
    }

    /// Yanks a release or takes that back; with `since`, only if the project was not changed after it.
    pub async fn yank_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        (project, version): (&ProjectName, &Version),
        yanked: &Yanked,
        since: Option<Serial>,
    ) -> Result<(), WithdrawError> {
        self.yankable(caller, (project, version)).await?;
        let releases = &self.ports.releases;
        let set = releases.set_yanked(origin, project, version, yanked, since);
        set.await.map_err(|error| match error {
            ChangeError::NotFound => no_such(project, version),
            ChangeError::Changed => WithdrawError::Changed,
            ChangeError::Store(error) => error.into(),
        })
    }

    /// A project whose status the caller may set, as it is before.
    pub async fn with_status_to_set(
        &self,
        caller: &Caller,
        project: &ProjectName,
    ) -> Result<Project, WithdrawError> {
        let permitted = self
            .permitted(caller, project, Action::ChangeSettings)
            .await;
        let found = permitted.map_err(|not| match not {
            NotByToken::NoSuchProject => WithdrawError::NoSuchProject(project.clone()),
            NotByToken::NotAllowed(why) => WithdrawError::MayNotSetStatus {
                project: project.clone(),
                why,
            },
            NotByToken::Store(error) => error.into(),
        })?;
        if found.status == ProjectStatus::Quarantined {
            return Err(WithdrawError::Quarantined(project.clone()));
        }
        Ok(found)
    }

    /// Sets a project's status; with `since`, only if the project was not changed after it. A quarantine that comes in
    /// between stays.
    pub async fn set_status_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        project: &ProjectName,
        asked: &StatusAsked,
        since: Option<Serial>,
    ) -> Result<(), WithdrawError> {
        let StatusAsked { status, reason } = asked;
        for _ in 0..ATTEMPTS {
            let found = self.with_status_to_set(caller, project).await?;
            let unchanged = Some(since.unwrap_or(found.serial));
            let projects = &self.ports.projects;
            let set = projects.set_status(origin, project, *status, reason.as_deref(), unchanged);
            match set.await {
                Ok(()) => return Ok(()),
                Err(ChangeError::Changed) if since.is_none() => {}
                Err(ChangeError::Changed) => return Err(WithdrawError::Changed),
                Err(ChangeError::NotFound) => {
                    return Err(WithdrawError::NoSuchProject(project.clone()));
                }
                Err(ChangeError::Store(error)) => return Err(error.into()),
            }
        }
        Err(WithdrawError::Changed)
    }
}

fn no_such(project: &ProjectName, version: &Version) -> WithdrawError {
    WithdrawError::NoSuchRelease {
        project: project.clone(),
        version: version.clone(),
    }
}

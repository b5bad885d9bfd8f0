//! Who may see a project, with a token of its owner.

use serde::Deserialize;
use touchplate_attest::{JsonError, from_object, read_strict_json};
use touchplate_packaging::ProjectName;

use super::{MAX_MANAGED_BYTES, NotByToken};
use crate::Index;
use crate::accounts::{Action, Caller};
use crate::attesters::NotAllowed;
use crate::origin::Origin;
use crate::ports::{ChangeError, Project, Serial, StoreError};
use crate::projects::Visibility;

/// Why a project is seen by those who saw it before. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SetVisibilityError {
    /// There is no such project, or the caller may not know that there is.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectName),
    /// The caller may not decide it.
    #[error("only an owner, with a token for all of their projects, says who sees `{project}`")]
    NotAllowed {
        /// The project.
        project: ProjectName,
        /// Why not.
        #[source]
        why: NotAllowed,
    },
    /// The project is no longer as the caller saw it.
    #[error("the project was changed meanwhile; ask for it again")]
    Changed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A text names no visibility.
#[derive(Debug, thiserror::Error)]
pub enum VisibilityTextError {
    /// The bytes are no strict JSON.
    #[error("the body is not readable")]
    Json(#[from] JsonError),
    /// It has another shape.
    #[error("expected an object with the one key `visibility`")]
    Shape(#[source] serde_json::Error),
    /// There is no such visibility.
    #[error("expected the visibility `public`, `internal` or `private`, found {found:?}")]
    Unknown {
        /// What stands there, cut to 80 characters.
        found: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    visibility: String,
}

impl Visibility {
    /// Reads one from its JSON alone, `{"visibility":"private"}`, of at most [`MAX_MANAGED_BYTES`].
    pub fn parse(json: &[u8]) -> Result<Self, VisibilityTextError> {
        let value = read_strict_json(json, MAX_MANAGED_BYTES)?;
        let wire: Wire = from_object(value).map_err(VisibilityTextError::Shape)?;
        let unknown = |_| VisibilityTextError::Unknown {
            found: wire.visibility.chars().take(80).collect(),
        };
        wire.visibility.parse().map_err(unknown)
    }
}

impl Index {
    /// A project whose visibility the caller may set, as it is before.
    pub async fn with_visibility_to_set(
        &self,
        caller: &Caller,
        project: &ProjectName,
    ) -> Result<Project, SetVisibilityError> {
        let permitted = self
            .permitted(caller, project, Action::ChangeSettings)
            .await;
        permitted.map_err(|not| match not {
            NotByToken::NoSuchProject => SetVisibilityError::NoSuchProject(project.clone()),
            NotByToken::NotAllowed(why) => SetVisibilityError::NotAllowed {
                project: project.clone(),
                why,
            },
            NotByToken::Store(error) => error.into(),
        })
    }

    /// Sets who may see a project; with `since`, only if the project was not changed after it.
    pub async fn set_visibility_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        project: &ProjectName,
        visibility: Visibility,
        since: Option<Serial>,
    ) -> Result<(), SetVisibilityError> {
        self.with_visibility_to_set(caller, project).await?;
        let projects = &self.ports.projects;
        let set = projects.set_visibility(origin, project, visibility, since);
        set.await.map_err(|error| match error {
            ChangeError::NotFound => SetVisibilityError::NoSuchProject(project.clone()),
            ChangeError::Changed => SetVisibilityError::Changed,
            ChangeError::Store(error) => error.into(),
        })
    }
}

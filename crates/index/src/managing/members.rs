//! Who is what in a project, for its members.

use serde::Deserialize;
use touchplate_attest::{JsonError, from_object, read_strict_json};
use touchplate_packaging::ProjectName;

use super::{MAX_MANAGED_BYTES, NotByToken};
use crate::Index;
use crate::accounts::{Action, Caller, Role, UnknownRole, UserName};
use crate::attesters::NotAllowed;
use crate::origin::Origin;
use crate::ports::{Member, MemberError, StoreError};

/// Why members were not told or changed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ManageMembersError {
    /// There is no such project, or the caller may not know that there is.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectName),
    /// The caller may not see them.
    #[error(
        "only a maintainer or an owner, with a token that reaches `{project}`, sees its members"
    )]
    NotSeen {
        /// The project.
        project: ProjectName,
        /// Why not.
        #[source]
        why: NotAllowed,
    },
    /// The caller may not change them.
    #[error(
        "only an owner, with a token for all of their projects, changes who is a member of `{project}`"
    )]
    NotAllowed {
        /// The project.
        project: ProjectName,
        /// Why not.
        #[source]
        why: NotAllowed,
    },
    /// It cannot be so.
    #[error(transparent)]
    Member(MemberError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A text names no role.
#[derive(Debug, thiserror::Error)]
pub enum MemberTextError {
    /// The bytes are no strict JSON.
    #[error("the role is not readable")]
    Json(#[from] JsonError),
    /// It has another shape.
    #[error("expected an object with `role`")]
    Shape(#[source] serde_json::Error),
    /// It is none of them.
    #[error(transparent)]
    Role(#[from] UnknownRole),
}

/// A role that somebody shall have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleAsked(pub Role);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    role: String,
}

impl RoleAsked {
    /// Reads a role from its JSON alone, of at most [`MAX_MANAGED_BYTES`].
    pub fn parse(json: &[u8]) -> Result<Self, MemberTextError> {
        let wire: Wire = from_object(read_strict_json(json, MAX_MANAGED_BYTES)?)
            .map_err(MemberTextError::Shape)?;
        Ok(Self(wire.role.parse()?))
    }
}

impl Index {
    /// The members of a project, by name, for those who see its settings.
    pub async fn members_by(
        &self,
        caller: &Caller,
        project: &ProjectName,
    ) -> Result<Vec<Member>, ManageMembersError> {
        let found = self.permitted(caller, project, Action::SeeSettings).await;
        let found = found.map_err(|not| match not {
            NotByToken::NotAllowed(why) => ManageMembersError::NotSeen {
                project: project.clone(),
                why,
            },
            other => other.for_members_of(project),
        })?;
        Ok(self.ports.accounts.members(found.id).await?)
    }

    /// How many bytes a project's files have together, and may have, for those who see its settings.
    pub async fn usage_by(
        &self,
        caller: &Caller,
        project: &ProjectName,
    ) -> Result<(u64, Option<u64>), ManageMembersError> {
        let found = self.permitted(caller, project, Action::SeeSettings).await;
        let found = found.map_err(|not| not.for_members_of(project))?;
        let usage = self.ports.projects.usage(found.id).await?;
        let configured = self.settings.max_project_bytes;
        Ok(usage.map_or((0, configured), |usage| {
            (usage.used, usage.quota.limit(configured))
        }))
    }

    /// Gives a user a role in a project, or takes theirs, for an owner; the role before. An owner is always left.
    pub async fn change_member_by(
        &self,
        origin: &Origin,
        caller: &Caller,
        project: &ProjectName,
        (user, role): (&UserName, Option<Role>),
    ) -> Result<Option<Role>, ManageMembersError> {
        let allowed = self
            .permitted(caller, project, Action::ChangeSettings)
            .await;
        allowed.map_err(|not| not.for_members_of(project))?;
        let accounts = &self.ports.accounts;
        let changed = accounts.change_member(origin, project, user, role).await;
        changed.map_err(|error| match error {
            MemberError::NoSuchProject(project) => ManageMembersError::NoSuchProject(project),
            MemberError::Store(error) => error.into(),
            other => ManageMembersError::Member(other),
        })
    }
}

impl NotByToken {
    fn for_members_of(self, project: &ProjectName) -> ManageMembersError {
        let project = project.clone();
        match self {
            Self::NoSuchProject => ManageMembersError::NoSuchProject(project),
            Self::NotAllowed(why) => ManageMembersError::NotAllowed { project, why },
            Self::Store(error) => error.into(),
        }
    }
}

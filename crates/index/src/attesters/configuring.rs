//! Saying whom a project expects beside its publishers.

use touchplate_packaging::ProjectName;

use super::Attester;
use crate::Index;
use crate::accounts::{Action, Caller, CaveatUnmet, OutOfScope, Reader, Role, UserName};
use crate::managing::NotByToken;
use crate::origin::Origin;
use crate::ports::{AttesterId, Project, PutAttester, StoreError, StoredAttester};
use crate::projects::ReadError;

/// On whose authority something is changed.
#[derive(Clone, Copy, Debug)]
pub enum Authority<'c> {
    /// Somebody with the data directory at hand, who may do everything.
    Operator,
    /// A token's holder.
    Token(&'c Caller),
}

/// Attesters of one project. The largest matrix of rebuilders that we know of has a few dozen machines.
pub const MAX_ATTESTERS: usize = 256;

/// Why a token's holder may not do something to a project that they may see.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// The token is for another project.
    #[error("the given token is for the project `{only}` alone")]
    TokenForAnother {
        /// What it is for.
        only: ProjectName,
    },
    /// A holder narrowed the token.
    #[error(transparent)]
    Narrowed(CaveatUnmet),
    /// They have no role in the project.
    #[error("the user `{user}` is no member of this project")]
    NotAMember {
        /// Who.
        user: UserName,
    },
    /// Their role may not.
    #[error("the user `{user}` is no {needed} of this project")]
    RoleTooLow {
        /// Who.
        user: UserName,
        /// What they would have to be at least.
        needed: Role,
    },
    /// The token only reads.
    #[error("the given token is for reading alone")]
    TokenForReading,
    /// What a CI job uploads with must not decide whom readers are to believe.
    #[error("the given token is for certain projects, and such a token changes no settings")]
    TokenForUploads,
}

impl From<OutOfScope> for NotAllowed {
    fn from(why: OutOfScope) -> Self {
        match why {
            OutOfScope::MadeFor(only) => Self::TokenForAnother { only },
            OutOfScope::ReadsOthers => Self::TokenForReading,
            OutOfScope::Narrowed(unmet) => Self::Narrowed(unmet),
        }
    }
}

/// Why a project's attesters were not changed. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum ChangeAttestersError {
    /// There is no such project, or the caller may not know that there is.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectName),
    /// The caller may not.
    #[error(
        "only an owner, with a token for all of their projects, changes whom `{project}` expects"
    )]
    NotAllowed {
        /// The project.
        project: ProjectName,
        /// Why not.
        #[source]
        why: NotAllowed,
    },
    /// The project has no attester of that number.
    #[error("the project `{project}` has no attester {}", .id.0)]
    NoSuchAttester {
        /// The project.
        project: ProjectName,
        /// The number.
        id: AttesterId,
    },
    /// Another one has this role and identity already.
    #[error("attester {} of `{project}` has this role and identity already", .id.0)]
    Exists {
        /// The project.
        project: ProjectName,
        /// The one that has.
        id: AttesterId,
    },
    /// There are [`MAX_ATTESTERS`].
    #[error("expected at most {MAX_ATTESTERS} attesters of one project; remove one first")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Index {
    /// Adds an attester to a project. Where one with its role and identity is there, what it may claim becomes as given.
    pub async fn put_attester(
        &self,
        origin: &Origin,
        authority: Authority<'_>,
        project: &ProjectName,
        attester: &Attester,
    ) -> Result<PutAttester, ChangeAttestersError> {
        self.may_change_attesters(authority, project).await?;
        self.ports.attesters.put(origin, project, attester).await
    }

    /// Makes the attester `id` what is given. What it vouched for before keeps what was recorded.
    pub async fn replace_attester(
        &self,
        origin: &Origin,
        authority: Authority<'_>,
        project: &ProjectName,
        id: AttesterId,
        attester: &Attester,
    ) -> Result<(), ChangeAttestersError> {
        self.may_change_attesters(authority, project).await?;
        self.ports
            .attesters
            .replace(origin, project, id, attester)
            .await
    }

    /// Removes an attester. What it vouched for stays, with what was recorded.
    pub async fn remove_attester(
        &self,
        origin: &Origin,
        authority: Authority<'_>,
        project: &ProjectName,
        id: AttesterId,
    ) -> Result<(), ChangeAttestersError> {
        self.may_change_attesters(authority, project).await?;
        let removed = self.ports.attesters.remove(origin, project, id).await?;
        let missing = || ChangeAttestersError::NoSuchAttester {
            project: project.clone(),
            id,
        };
        removed.then_some(()).ok_or_else(missing)
    }

    /// The attesters of a project, oldest first, for whoever may see the project.
    pub async fn attesters(
        &self,
        reader: &Reader,
        project: &ProjectName,
    ) -> Result<(Project, Vec<StoredAttester>), ReadError> {
        let project = self.project(reader, project).await?;
        let attesters = self.ports.attesters.list(project.id).await?;
        Ok((project, attesters))
    }

    /// The attesters of a project, oldest first, for an operator.
    pub async fn attesters_of(
        &self,
        project: &ProjectName,
    ) -> Result<Vec<StoredAttester>, ReadError> {
        let project = self.ports.projects.by_name(project).await?;
        let project = project.ok_or(ReadError::NotFound)?;
        Ok(self.ports.attesters.list(project.id).await?)
    }

    async fn may_change_attesters(
        &self,
        authority: Authority<'_>,
        name: &ProjectName,
    ) -> Result<(), ChangeAttestersError> {
        let Authority::Token(caller) = authority else {
            return Ok(());
        };
        let allowed = self.permitted(caller, name, Action::ChangeSettings).await;
        allowed.map(drop).map_err(|not| match not {
            NotByToken::NoSuchProject => ChangeAttestersError::NoSuchProject(name.clone()),
            NotByToken::NotAllowed(why) => ChangeAttestersError::NotAllowed {
                project: name.clone(),
                why,
            },
            NotByToken::Store(error) => error.into(),
        })
    }
}

//! Users, roles and tokens.

use async_trait::async_trait;
use jiff::Timestamp;
use touchplate_packaging::ProjectName;

use super::{ProjectId, StoreError};
use crate::accounts::{
    MAX_READ_PROJECTS, MadeFor, NarrowingKey, Role, SecretHash, TokenId, UserName,
};
use crate::origin::Origin;

/// Why a user was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddUserError {
    /// The name is taken.
    #[error("the user `{0}` exists already")]
    Exists(UserName),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A token to be stored. The secret itself never is.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its public part.
    pub id: TokenId,
    /// The hash of its secret part.
    pub hash: SecretHash,
    /// The public half of its secret part: what narrowed ones are checked with.
    pub narrowing_key: Option<NarrowingKey>,
    /// Whose it is.
    pub user: UserName,
    /// What it is for.
    pub made_for: MadeFor,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
}

/// Why a token was not stored.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no such user.
    #[error("there is no user `{0}`")]
    NoSuchUser(UserName),
    /// There is no such project.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectName),
    /// The project has no tokens of its own any more.
    #[error("the project `{0}` takes no tokens for it alone (its ratchet no-leftover-tokens)")]
    NoLeftoverTokens(ProjectName),
    /// More than [`MAX_READ_PROJECTS`].
    #[error("expected at most {MAX_READ_PROJECTS} projects of one read token, found {0}")]
    TooManyProjects(usize),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a token was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    /// There is no such token.
    #[error("there is no token `{0}`")]
    NoSuchToken(TokenId),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A token as stored.
#[derive(Clone, Debug)]
pub struct StoredToken {
    /// Its public part.
    pub id: TokenId,
    /// The hash of its secret part.
    pub hash: SecretHash,
    /// The public half of its secret part, unless it is older than that.
    pub narrowing_key: Option<NarrowingKey>,
    /// Whose it is.
    pub user: UserName,
    /// What it is for. Of those that it is for reading, the projects that are still there.
    pub made_for: MadeFor,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// Why a member was not changed.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// There is no such project.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectName),
    /// There is no such user.
    #[error("there is no user `{0}`")]
    NoSuchUser(UserName),
    /// They have no role there.
    #[error("the user `{0}` is no member of the project")]
    NotAMember(UserName),
    /// Nobody could say who may what any more.
    #[error("the user `{0}` is the project's last owner; make another one first")]
    LastOwner(UserName),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Their name.
    pub name: UserName,
    /// Whether they are as an owner of every project.
    pub administrator: bool,
    /// When they were added.
    pub created_at: Timestamp,
}

/// A user who has a role in a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserName,
    /// What they are there.
    pub role: Role,
}

/// Users, roles and tokens.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Adds a user.
    async fn add_user(&self, origin: &Origin, name: &UserName) -> Result<(), AddUserError>;

    /// The users, by name.
    async fn users(&self) -> Result<Vec<User>, StoreError>;

    /// Makes a user an administrator, or one no more; false when there is no such user.
    async fn set_administrator(
        &self,
        origin: &Origin,
        name: &UserName,
        administrator: bool,
    ) -> Result<bool, StoreError>;

    /// Stores a token.
    async fn add_token(&self, origin: &Origin, token: &NewToken) -> Result<(), TokenError>;

    /// Revokes a token; revoking it again changes nothing.
    async fn revoke_token(&self, origin: &Origin, id: &TokenId) -> Result<(), RevokeError>;

    /// The token of that id.
    async fn token(&self, id: &TokenId) -> Result<Option<StoredToken>, StoreError>;

    /// The tokens of a user, oldest first.
    async fn tokens(&self, user: &UserName) -> Result<Vec<StoredToken>, StoreError>;

    /// Whether any token was ever made that is not for reading alone.
    async fn has_tokens(&self) -> Result<bool, StoreError>;

    /// What a user is in a project; an administrator is an owner of each.
    async fn role(&self, user: &UserName, project: ProjectId) -> Result<Option<Role>, StoreError>;

    /// Whether anybody has a role in a project, it has a file, or a publisher's first mint created it.
    async fn is_claimed(&self, project: ProjectId) -> Result<bool, StoreError>;

    /// The members of a project, by name.
    async fn members(&self, project: ProjectId) -> Result<Vec<Member>, StoreError>;

    /// Gives a user a role, or takes theirs, where an owner is left; the role before. What changes nothing is no change, but to
    /// take what is not there is refused.
    async fn change_member(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
        role: Option<Role>,
    ) -> Result<Option<Role>, MemberError>;

    /// Takes a user's role in a project from them, were it the last owner's; false where they had none.
    async fn remove_role(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
    ) -> Result<bool, StoreError>;

    /// Gives a user a role in a project, in place of the one held before.
    async fn set_role(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
        role: Role,
    ) -> Result<(), TokenError>;
}

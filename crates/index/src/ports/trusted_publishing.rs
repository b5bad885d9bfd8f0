//! Publishers found across projects, pending ones, the tokens minted for them, the ID tokens that were used, and ratchets.

use async_trait::async_trait;
use jiff::Timestamp;
use touchplate_attest::{Claims, PinnedIds, Publisher, Run};
use touchplate_packaging::{ProjectName, Version};

use super::{ProjectId, PublisherId, StoreError, StoredPublisher};
use crate::accounts::{NarrowingKey, SecretHash, TokenId, UserName};
use crate::origin::Origin;
use crate::trusted_publishing::{
    IdTokenUse, PendingPublisher, Ratchet, RatchetKind, RatchetSince, Terms,
};

/// A pending publisher's row number; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PendingId(pub i64);

/// A pending publisher as stored.
#[derive(Clone, Debug)]
pub struct StoredPending {
    /// Its row.
    pub id: PendingId,
    /// Who may create which project.
    pub pending: PendingPublisher,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it ends unless a mint came first.
    pub expires_at: Timestamp,
}

/// A publisher of some project, found by what a token says.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The project's row.
    pub project_id: ProjectId,
    /// The project.
    pub project: ProjectName,
    /// The publisher.
    pub stored: StoredPublisher,
    /// Whether the project takes tokens of jobs in an environment alone ([`Ratchet::EnvironmentRequired`]).
    pub environment_required: bool,
}

/// Who could be meant by a token.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// Publishers of projects, oldest first.
    pub publishers: Vec<Candidate>,
    /// Pending ones that have not ended, oldest first.
    pub pending: Vec<StoredPending>,
}

/// What became of a pending publisher whose holder came.
#[derive(Debug, thiserror::Error)]
pub enum FulfilError {
    /// It is no more: another mint came first, or somebody removed it.
    #[error("the pending publisher is gone")]
    Gone,
    /// The project appeared meanwhile. The pending publisher was removed.
    #[error("the project `{0}` exists already")]
    Taken(ProjectName),
    /// Another project's name looks the same. The pending publisher stays.
    #[error("the name `{0}` is too similar to an existing project")]
    Confusable(ProjectName),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One project that a token is minted for.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The project.
    pub project: ProjectId,
    /// The publisher, as it was when the token was judged.
    pub publisher: PublisherId,
    /// What the publisher was pinned to then.
    pub pinned: PinnedIds,
    /// What it is pinned to from now on.
    pub ids: PinnedIds,
    /// The publisher as its provider spells it, where that differs.
    pub spelled: Option<Publisher>,
}

/// A token to be stored. The secret itself never is.
#[derive(Clone, Debug)]
pub struct NewMinted {
    /// Its public part.
    pub id: TokenId,
    /// The hash of its secret part.
    pub hash: SecretHash,
    /// The public half of its secret part: what narrowed ones are checked with.
    pub narrowing_key: Option<NarrowingKey>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether one upload uses it up.
    pub single_use: bool,
    /// Whom it was minted for, in words.
    pub publisher: String,
    /// Who vouched.
    pub issuer: String,
    /// For whom.
    pub subject: String,
    /// The run that asked.
    pub run: Run,
    /// The ID token that it was exchanged for.
    pub used: IdTokenUse,
    /// The projects; one at least, each once.
    pub reach: Vec<Reach>,
}

/// Why a token was not stored. Nothing was.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The ID token was exchanged before.
    #[error("the ID token was used before")]
    Used,
    /// A publisher was removed, or pinned to other numbers, meanwhile: judge again.
    #[error("a publisher changed meanwhile")]
    Changed,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A minted token as stored.
#[derive(Clone, Debug)]
pub struct StoredMinted {
    /// Its public part.
    pub id: TokenId,
    /// The hash of its secret part.
    pub hash: SecretHash,
    /// The public half of its secret part, unless it is older than that.
    pub narrowing_key: Option<NarrowingKey>,
    /// When it was minted.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// Whether one upload uses it up.
    pub single_use: bool,
    /// When it was used up, if it was.
    pub used_at: Option<Timestamp>,
    /// Whom it was minted for, in words.
    pub publisher: String,
    /// Who vouched.
    pub issuer: String,
    /// For whom.
    pub subject: String,
    /// The run that asked.
    pub run: Run,
}

/// Why a pending publisher was not registered.
#[derive(Debug, thiserror::Error)]
pub enum AddPendingError {
    /// The project is there: a publisher can be added to it.
    #[error("the project `{0}` exists; add the publisher to it")]
    ProjectExists(ProjectName),
    /// Another project's name looks the same.
    #[error("the name `{0}` is too similar to an existing project")]
    Confusable(ProjectName),
    /// It is registered already.
    #[error("`{0}` has this pending publisher already")]
    Exists(ProjectName),
    /// The user has as many as they may.
    #[error("the user `{0}` has as many pending publishers as they may")]
    TooMany(UserName),
    /// There is no such user.
    #[error("there is no user `{0}`")]
    NoSuchUser(UserName),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a ratchet was not turned.
#[derive(Debug, thiserror::Error)]
pub enum RatchetError {
    /// There is no such project.
    #[error("there is no project `{0}`")]
    NoSuchProject(ProjectName),
    /// It is turned further already.
    #[error("`{}` of `{project}` stands at {stands} days already; a ratchet turns one way", .kind.as_str())]
    Tighter {
        /// The project.
        project: ProjectName,
        /// Which.
        kind: RatchetKind,
        /// Where it stands.
        stands: u32,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Trusted publishing.
#[async_trait]
pub trait TrustedPublishing: Send + Sync {
    /// The publishers of any project, and the pending ones in force at `now`, whose lookup key is among `keys`; at most
    /// `limit` of each. Cost grows with those alone. A pending publisher that becomes a publisher meanwhile is found as one of
    /// the two at least.
    async fn candidates(
        &self,
        keys: &[String],
        limit: u32,
        now: Timestamp,
    ) -> Result<Candidates, StoreError>;

    /// Registers a pending publisher; one user has at most `limit`.
    async fn add_pending(
        &self,
        origin: &Origin,
        pending: &PendingPublisher,
        expires_at: Timestamp,
        limit: u32,
    ) -> Result<PendingId, AddPendingError>;

    /// Removes a pending publisher; false when it is not there.
    async fn remove_pending(&self, origin: &Origin, id: PendingId) -> Result<bool, StoreError>;

    /// The pending publishers of a user, or all of them, oldest first.
    async fn pending(&self, owner: Option<&UserName>) -> Result<Vec<StoredPending>, StoreError>;

    /// Creates the project of a pending publisher: in one transaction the project with its owner, and in place of each
    /// pending publisher of that name and owner a publisher; those of others are removed. Nobody but its publishers and its
    /// owner may upload to such a project. If the name is taken, the pending publisher is removed, with a journal row.
    async fn fulfil(&self, origin: &Origin, id: PendingId) -> Result<ProjectName, FulfilError>;

    /// Whether an ID token was used before. That it was not may have changed by the time it is minted for: `mint` decides.
    async fn is_used(&self, used: &IdTokenUse, now: Timestamp) -> Result<bool, StoreError>;

    /// Stores a token, if its ID token was not used before and each publisher is as it was when the token was judged; marks
    /// the ID token as used, pins the publishers and corrects their spelling.
    async fn mint(&self, origin: &Origin, minted: &NewMinted) -> Result<(), MintError>;

    /// The minted token of that id.
    async fn minted(&self, id: &TokenId) -> Result<Option<StoredMinted>, StoreError>;

    /// The publisher through which a minted token reaches a project, as long as it is there.
    async fn reached(
        &self,
        id: &TokenId,
        project: ProjectId,
    ) -> Result<Option<StoredPublisher>, StoreError>;

    /// Revokes a minted token; revoking it again changes nothing, false when there is no such token.
    async fn revoke_minted(&self, origin: &Origin, id: &TokenId) -> Result<bool, StoreError>;

    /// The tokens minted for a project that [`prune`](Self::prune) has left, newest first, at most `limit`.
    async fn minted_for(
        &self,
        project: ProjectId,
        limit: u32,
    ) -> Result<Vec<StoredMinted>, StoreError>;

    /// Sets the terms of a project's publisher; false when it is not there.
    async fn set_terms(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
        terms: &Terms,
    ) -> Result<bool, StoreError>;

    /// The ratchets of a project, by name.
    async fn ratchets(&self, project: ProjectId) -> Result<Vec<RatchetSince>, StoreError>;

    /// Turns a ratchet; false when it stands so already. [`Ratchet::NoLeftoverTokens`] revokes the tokens for this project
    /// alone in the same transaction.
    async fn turn(
        &self,
        origin: &Origin,
        project: &ProjectName,
        ratchet: Ratchet,
    ) -> Result<bool, RatchetError>;

    /// Takes a ratchet back, and writes why into the journal; false when it was not turned.
    async fn release_ratchet(
        &self,
        origin: &Origin,
        project: &ProjectName,
        kind: RatchetKind,
        reason: &str,
    ) -> Result<bool, StoreError>;

    /// When a release of a project began, if it is there.
    async fn release_began(
        &self,
        project: ProjectId,
        version: &Version,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// The run by which a file was uploaded, where that was trusted publishing.
    async fn run_of(&self, file: super::FileId) -> Result<Option<UploadRun>, StoreError>;

    /// Forgets ID tokens that have ended, tokens that ended before `tokens_before`, and pending publishers that have ended.
    async fn prune(&self, now: Timestamp, tokens_before: Timestamp) -> Result<(), StoreError>;
}

/// The run that uploaded a file, and what it and the attestations say of the commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRun {
    /// The minted token's public part.
    pub token: TokenId,
    /// The publisher, in words.
    pub publisher: String,
    /// The run.
    pub run: Run,
    /// A commit that an attestation names, where it is another than the run's.
    pub attested_commit: Option<String>,
}

impl UploadRun {
    /// The commits that attestations name and that are not the run's, each once: what came with the upload, then those of
    /// `claims`, which may have been added since.
    pub fn other_commits<'c>(&'c self, claims: impl Iterator<Item = &'c Claims>) -> Vec<&'c str> {
        let Some(own) = self.run.commit.as_deref() else {
            return Vec::new();
        };
        let named = claims.filter_map(|claims| claims.source_repository_digest.as_deref());
        let mut others = Vec::new();
        for commit in self.attested_commit.as_deref().into_iter().chain(named) {
            if commit != own && !others.contains(&commit) {
                others.push(commit);
            }
        }
        others
    }
}

//! Minted tokens: for uploads alone, only to their publisher's projects, for some minutes.

use jiff::{SignedDuration, Timestamp};
use touchplate_attest::Run;
use touchplate_packaging::{ProjectName, Sha256};

use crate::Index;
use crate::accounts::{AuthError, Bearer, Caller, MadeFor, Occasion, Scope, TokenId};
use crate::origin::{Actor, Origin};
use crate::ports::{StoreError, StoredMinted};
use crate::projects::ReadError;

/// What makes an ID token this one: it can be used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdTokenUse {
    issuer: String,
    id: [u8; 32],
    until: Timestamp,
}

/// How long a token is accepted after its end, for clocks that differ, and some seconds for the requests under way.
const LEEWAY: SignedDuration = SignedDuration::from_secs(35);

impl IdTokenUse {
    /// By its issuer and `jti`; without one, by what is signed of it, so that no other spelling of the same token passes.
    pub fn new(issuer: &str, jti: Option<&str>, signed: &str, expires_at: Timestamp) -> Self {
        let named = match jti {
            Some(jti) => format!("jti {jti}"),
            None => format!("signed {signed}"),
        };
        Self {
            issuer: issuer.to_owned(),
            id: *Sha256::of(named.as_bytes()).as_bytes(),
            until: expires_at.checked_add(LEEWAY).unwrap_or(Timestamp::MAX),
        }
    }

    /// Who issued it. Ids are the issuer's own: two issuers may use the same.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Tells it from the issuer's others.
    pub fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// Until when it could be used again.
    pub fn until(&self) -> Timestamp {
        self.until
    }
}

/// Who uploads.
#[derive(Clone, Debug)]
pub enum Uploader {
    /// A user, by an API token.
    User(Caller),
    /// A run, by a minted token.
    Run(MintedCaller),
}

/// The holder of a minted token.
#[derive(Clone, Debug)]
pub struct MintedCaller {
    /// The token's public part.
    pub token: TokenId,
    /// Whether one upload uses it up.
    pub single_use: bool,
    /// Whom it was minted for, in words.
    pub publisher: String,
    /// The run that asked.
    pub run: Run,
    /// What its holders left of it.
    pub scope: Scope,
}

impl Uploader {
    /// The token that an upload uses up.
    pub(crate) fn spends(&self) -> Option<&TokenId> {
        match self {
            Self::Run(minted) if minted.single_use => Some(&minted.token),
            Self::Run(_) | Self::User(_) => None,
        }
    }

    /// Who acts.
    pub fn actor(&self) -> Actor {
        match self {
            Self::User(caller) => Actor::User(caller.user.clone()),
            Self::Run(minted) => Actor::Publisher(minted.publisher.clone()),
        }
    }
}

impl Index {
    /// Finds out who uploads with `given`: an API token, or a minted one.
    pub async fn authenticate_upload(
        &self,
        given: &Bearer,
        occasion: &Occasion,
    ) -> Result<Uploader, AuthError> {
        match self.authenticate(given, occasion).await {
            Ok(caller) => Ok(Uploader::User(caller)),
            Err(AuthError::ForUploads(_)) => self.authenticate_minted(given, occasion).await,
            Err(other) => Err(other),
        }
    }

    async fn authenticate_minted(
        &self,
        given: &Bearer,
        occasion: &Occasion,
    ) -> Result<Uploader, AuthError> {
        let stored = self.ports.trusted.minted(given.id()).await?;
        let stored = stored.ok_or(AuthError::Unknown)?;
        let proved = given.proved(&stored.hash, stored.narrowing_key);
        let proved = proved.ok_or(AuthError::Unknown)?;
        if stored.revoked_at.is_some() {
            return Err(AuthError::Revoked(stored.id));
        }
        if stored.expires_at <= occasion.now {
            return Err(AuthError::Expired(stored.id));
        }
        if stored.used_at.is_some() {
            return Err(AuthError::UsedUp(stored.id));
        }
        Ok(Uploader::Run(MintedCaller {
            scope: proved.scope(MadeFor::Everything, occasion)?,
            token: stored.id,
            single_use: stored.single_use,
            publisher: stored.publisher,
            run: stored.run,
        }))
    }

    /// Revokes a minted token at once; false when there is none of that id.
    pub async fn revoke_minted(&self, origin: &Origin, id: &TokenId) -> Result<bool, StoreError> {
        self.ports.trusted.revoke_minted(origin, id).await
    }

    /// The tokens minted for a project of late, newest first.
    pub async fn minted_tokens(
        &self,
        project: &ProjectName,
        limit: u32,
    ) -> Result<Vec<StoredMinted>, ReadError> {
        let project = self.ports.projects.by_name(project).await?;
        let project = project.ok_or(ReadError::NotFound)?;
        Ok(self.ports.trusted.minted_for(project.id, limit).await?)
    }

    /// Forgets what ended long enough ago.
    pub async fn prune_tokens(&self, now: Timestamp) -> Result<(), StoreError> {
        /// So long one can look up which run had asked.
        const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);
        let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        self.ports.trusted.prune(now, before).await
    }
}

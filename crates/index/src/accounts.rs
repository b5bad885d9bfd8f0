//! Users, roles and API tokens: who is asking, and what they may do.

mod caveats;
mod narrowed;
mod network;
mod role;
mod scope;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256 as Sha2};
use subtle::ConstantTimeEq as _;
use touchplate_packaging::ProjectName;

use crate::Index;
use crate::origin::Origin;
use crate::ports::{
    AddUserError, Member, NewToken, Project, RevokeError, StoreError, StoredToken, TokenError,
    User, Viewer,
};
use crate::projects::{ReadError, Visibility};

pub use caveats::{Caveats, MAX_CAVEAT_NETWORKS};
pub use narrowed::{
    Bearer, CaveatUnmet, MAX_BLOCKS, MAX_NARROWED_BYTES, NarrowError, Narrowed, NarrowingKey,
    Occasion, Unfit,
};
pub use network::{InvalidNetwork, Network};
pub use role::{Action, Role, UnknownRole};
pub use scope::{MAX_READ_PROJECTS, MadeFor, OutOfScope, Scope};

/// A user's name: lower-case ASCII letters, digits, `.`, `_` and `-`, at most 64 characters, starting with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

/// A user name that cannot be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is no user name: expected 1 to 64 lower-case letters, digits, `.`, `_` or `-`, starting with a letter or digit"
)]
pub struct InvalidUserName {
    /// What was given, cut to 80 characters.
    pub given: String,
}

/// Long enough for an e-mail's local part (RFC 5321: 64 octets), which many directories use as user name.
const MAX_USER_NAME: usize = 64;

impl FromStr for UserName {
    type Err = InvalidUserName;

    fn from_str(given: &str) -> Result<Self, InvalidUserName> {
        let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let inner = |c: char| edge(c) || matches!(c, '.' | '_' | '-');
        if given.len() > MAX_USER_NAME || !given.starts_with(edge) || !given.chars().all(inner) {
            return Err(InvalidUserName {
                given: given.chars().take(80).collect(),
            });
        }
        Ok(Self(given.to_owned()))
    }
}

impl TryFrom<String> for UserName {
    type Error = InvalidUserName;

    fn try_from(given: String) -> Result<Self, InvalidUserName> {
        given.parse()
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> Self {
        name.0
    }
}

impl UserName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The public part of a token: sixteen hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenId(String);

impl TokenId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenId {
    type Err = MalformedToken;

    fn from_str(given: &str) -> Result<Self, MalformedToken> {
        let hexadecimal = |b: u8| b.is_ascii_digit() || matches!(b, b'a'..=b'f');
        if given.len() == 2 * TOKEN_ID_BYTES && given.bytes().all(hexadecimal) {
            Ok(Self(given.to_owned()))
        } else {
            Err(MalformedToken)
        }
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 of a token's secret. A secret has 256 random bits, so a slow password hash would add nothing but time.
#[derive(Clone, Debug)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Of the secret as its holder writes it.
    fn of(secret: &[u8; TOKEN_SECRET_BYTES]) -> Self {
        Self(Sha2::digest(URL_SAFE_NO_PAD.encode(secret)).into())
    }

    /// From the stored 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes to store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn is_of(&self, secret: &[u8; TOKEN_SECRET_BYTES]) -> bool {
        self.0.ct_eq(&Self::of(secret).0).into()
    }
}

/// A whole token, as its holder sends it: `tp-1-` + id + `-` + secret. Shown once, never stored.
pub struct Token {
    id: TokenId,
    secret: [u8; TOKEN_SECRET_BYTES],
}

/// A text that is no token of this index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a token of the form `tp-1-…` or, narrowed, `tp-2-…`")]
pub struct MalformedToken;

/// 64 bits: ids never collide in one index, and a token stays on one line.
const TOKEN_ID_BYTES: usize = 8;
/// 256 bits: cannot be guessed, so a plain hash of it may be stored.
const TOKEN_SECRET_BYTES: usize = 32;
/// `tp-`, so that secret scanners can know it, and the version of this format.
const TOKEN_PREFIX: &str = "tp-1-";

impl Token {
    pub(crate) fn random() -> Self {
        let (mut id, mut secret) = ([0; TOKEN_ID_BYTES], [0; TOKEN_SECRET_BYTES]);
        fill_random(&mut id);
        fill_random(&mut secret);
        Self {
            id: TokenId(hex::encode(id)),
            secret,
        }
    }

    /// The hash of its secret part.
    pub(crate) fn hash(&self) -> SecretHash {
        SecretHash::of(&self.secret)
    }

    /// The public half of its secret part.
    pub(crate) fn narrowing_key(&self) -> NarrowingKey {
        NarrowingKey::of(&self.secret)
    }

    /// Whether its secret part is the one with this hash.
    pub(crate) fn is_of(&self, hash: &SecretHash) -> bool {
        hash.is_of(&self.secret)
    }

    /// Its public part.
    pub fn id(&self) -> &TokenId {
        &self.id
    }

    /// The text that its holder keeps.
    pub fn reveal(&self) -> String {
        let secret = URL_SAFE_NO_PAD.encode(self.secret);
        format!("{TOKEN_PREFIX}{}-{secret}", self.id)
    }
}

impl FromStr for Token {
    type Err = MalformedToken;

    fn from_str(given: &str) -> Result<Self, MalformedToken> {
        let rest = given.strip_prefix(TOKEN_PREFIX).ok_or(MalformedToken)?;
        let (id, secret) = rest.split_once('-').ok_or(MalformedToken)?;
        let secret = URL_SAFE_NO_PAD.decode(secret).map_err(|_| MalformedToken)?;
        Ok(Self {
            id: id.parse()?,
            secret: secret.try_into().map_err(|_| MalformedToken)?,
        })
    }
}

/// Fills `bytes` from the operating system's generator.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes)
        .expect("the operating system has a random generator, or nothing here could work");
}

/// Who is asking, proved by a token.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose token it is.
    pub user: UserName,
    /// The token's public part.
    pub token: TokenId,
    /// What it reaches.
    pub scope: Scope,
    /// When it ends, if ever, apart from what its holders narrowed it to.
    pub expires_at: Option<Timestamp>,
}

/// Who reads.
#[derive(Clone, Debug)]
pub enum Reader {
    /// Nobody in particular.
    Anonymous,
    /// Somebody with a token.
    Account(Caller),
}

/// Why a token was not accepted. The reader gets one text for all of them, so that guessing learns nothing.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// It has not the form of a token.
    #[error(transparent)]
    Malformed(#[from] MalformedToken),
    /// There is no token of that id, or the secret is another.
    #[error("there is no such token")]
    Unknown,
    /// It was revoked.
    #[error("token {0} was revoked")]
    Revoked(TokenId),
    /// It has ended.
    #[error("token {0} has expired")]
    Expired(TokenId),
    /// It served the one upload that it was for.
    #[error("token {0} was used up by an upload")]
    UsedUp(TokenId),
    /// Its holder narrowed it, and something that they narrowed it to is not so.
    #[error(transparent)]
    Narrowed(#[from] CaveatUnmet),
    /// It was minted for uploads and serves nothing else.
    #[error("token {0} is for uploads alone")]
    ForUploads(TokenId),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Index {
    /// Finds out whose token `given` is, and whether it is good there and then.
    ///
    /// 1. Is there a token of that id, and is this one it, or narrowed from it?
    /// 2. Is it in force?
    /// 3. Does all hold that its holders narrowed it to?
    pub async fn authenticate(
        &self,
        given: &Bearer,
        occasion: &Occasion,
    ) -> Result<Caller, AuthError> {
        let Some(stored) = self.ports.accounts.token(given.id()).await? else {
            return Err(match self.ports.trusted.minted(given.id()).await? {
                Some(minted) if given.proved(&minted.hash, minted.narrowing_key).is_some() => {
                    AuthError::ForUploads(minted.id)
                }
                Some(_) | None => AuthError::Unknown,
            });
        };
        let proved = given.proved(&stored.hash, stored.narrowing_key);
        let proved = proved.ok_or(AuthError::Unknown)?; // 1
        if stored.revoked_at.is_some() {
            return Err(AuthError::Revoked(stored.id)); // 2
        }
        if stored.expires_at.is_some_and(|end| end <= occasion.now) {
            return Err(AuthError::Expired(stored.id));
        }
        let scope = proved.scope(stored.made_for, occasion)?; // 3
        Ok(Caller {
            user: stored.user,
            token: stored.id,
            scope,
            expires_at: stored.expires_at,
        })
    }

    /// Adds a user.
    pub async fn add_user(&self, origin: &Origin, name: &UserName) -> Result<(), AddUserError> {
        self.ports.accounts.add_user(origin, name).await
    }

    /// The users, by name.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        self.ports.accounts.users().await
    }

    /// Makes a user an administrator, who is as an owner of every project, or one no more; false when there is no such user.
    pub async fn set_administrator(
        &self,
        origin: &Origin,
        name: &UserName,
        administrator: bool,
    ) -> Result<bool, StoreError> {
        let accounts = &self.ports.accounts;
        accounts
            .set_administrator(origin, name, administrator)
            .await
    }

    /// Makes a token for a user.
    pub async fn create_token(
        &self,
        origin: &Origin,
        user: &UserName,
        made_for: MadeFor,
        expires_at: Option<Timestamp>,
    ) -> Result<Token, TokenError> {
        if let MadeFor::Reading(Some(some)) = &made_for
            && some.len() > MAX_READ_PROJECTS
        {
            return Err(TokenError::TooManyProjects(some.len()));
        }
        let token = Token::random();
        let stored = NewToken {
            id: token.id.clone(),
            hash: token.hash(),
            narrowing_key: Some(token.narrowing_key()),
            user: user.clone(),
            made_for,
            expires_at,
        };
        self.ports.accounts.add_token(origin, &stored).await?;
        Ok(token)
    }

    /// Revokes a token at once.
    pub async fn revoke_token(&self, origin: &Origin, id: &TokenId) -> Result<(), RevokeError> {
        self.ports.accounts.revoke_token(origin, id).await
    }

    /// The tokens of a user, oldest first.
    pub async fn tokens(&self, user: &UserName) -> Result<Vec<StoredToken>, StoreError> {
        self.ports.accounts.tokens(user).await
    }

    /// Whether any token was ever made that is not for reading alone: until then nobody can upload.
    pub async fn has_tokens(&self) -> Result<bool, StoreError> {
        self.ports.accounts.has_tokens().await
    }

    /// Gives a user a role in a project.
    pub async fn set_role(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
        role: Role,
    ) -> Result<(), TokenError> {
        self.ports
            .accounts
            .set_role(origin, project, user, role)
            .await
    }

    /// Takes a user's role in a project from them; false where they had none, or there is no such project.
    pub async fn remove_role(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
    ) -> Result<bool, StoreError> {
        let accounts = &self.ports.accounts;
        accounts.remove_role(origin, project, user).await
    }

    /// The members of a project, by name, for an operator.
    pub async fn members(&self, project: &ProjectName) -> Result<Vec<Member>, ReadError> {
        let project = self.ports.projects.by_name(project).await?;
        let project = project.ok_or(ReadError::NotFound)?;
        Ok(self.ports.accounts.members(project.id).await?)
    }

    /// What a user is in a project.
    pub async fn role(
        &self,
        user: &UserName,
        project: &ProjectName,
    ) -> Result<Option<Role>, ReadError> {
        let project = self.ports.projects.by_name(project).await?;
        let project = project.ok_or(ReadError::NotFound)?;
        Ok(self.ports.accounts.role(user, project.id).await?)
    }
}

impl Reader {
    /// For whom a project of that name is looked up: what a token does not reach its holder sees as anybody does. The name
    /// alone says that, whether there is such a project or not.
    pub(crate) fn viewer(&self, name: &ProjectName) -> Viewer<'_> {
        match self {
            Self::Account(caller) if caller.scope.reaches(name).is_ok() => {
                Viewer::User(&caller.user)
            }
            Self::Account(_) | Self::Anonymous => Viewer::Anybody,
        }
    }
}

/// Whether `reader`, who is a member of `project` or not, may see it.
pub(crate) fn sees(reader: &Reader, project: &Project, is_member: bool) -> bool {
    let reaches = match reader {
        Reader::Anonymous => false,
        Reader::Account(Caller { scope, .. }) => scope.reaches(&project.name).is_ok(),
    };
    match project.visibility {
        Visibility::Public => true,
        Visibility::Internal => reaches,
        Visibility::Private => reaches && is_member,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_anything_else_is_refused() {
        let token = Token::random();
        let text = token.reveal();
        let again: Token = text.parse().unwrap();
        assert_eq!((again.id(), again.secret), (token.id(), token.secret));
        assert!(SecretHash::of(&token.secret).is_of(&again.secret));
        for bad in [
            "",
            "tp-",
            "tp-1-",
            "pypi-abc",
            "tp-2-0000000000000000-x",
            &text[..text.len() - 1],
            &format!("{text}A"),
        ] {
            assert_eq!(bad.parse::<Token>().err(), Some(MalformedToken), "{bad}");
        }
        assert!(!SecretHash::of(&[7; 32]).is_of(&token.secret));
    }

    #[test]
    fn user_names_are_checked() {
        for good in ["alice", "a", "ci-bot_2", "0x.y"] {
            assert_eq!(good.parse::<UserName>().unwrap().as_str(), good);
        }
        for bad in ["", "Alice", "-a", "a b", "ü", &"a".repeat(65), "__token__"] {
            assert!(bad.parse::<UserName>().is_err(), "{bad}");
        }
    }
}

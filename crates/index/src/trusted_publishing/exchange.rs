//! An ID token for a token of ours.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use touchplate_attest::{TokenClaims, TokenMismatch};
use touchplate_packaging::ProjectName;

use super::{IdTokenUse, Terms, TokenSeconds};
use crate::Index;
use crate::accounts::Token;
use crate::origin::{Actor, Origin, RequestId};
use crate::ports::{
    Candidate, FulfilError, MintError, NewMinted, PinnedElsewhere, Reach, StoreError, StoredPending,
};

/// What a client presented, checked at the door.
#[derive(Clone, Debug)]
pub struct Presented {
    /// What it says.
    pub claims: TokenClaims,
    /// What makes it this token.
    pub used: IdTokenUse,
}

/// A token, shown once.
pub struct Minted {
    /// The token.
    pub token: Token,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The projects that it is for, by name.
    pub projects: Vec<ProjectName>,
    /// Whom it is for, in words.
    pub publisher: String,
}

/// Why no token was minted. Each but the last is the presenter's to mend.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// A pending publisher's project was created by somebody else meanwhile. It is removed, so another try tells more.
    #[error("valid token, but project already exists")]
    ProjectExists {
        /// The project.
        project: ProjectName,
    },
    /// A pending publisher's project may not have its name.
    #[error(
        "valid token, but the project `{project}` cannot be created: its name is too similar to an existing project's"
    )]
    NotCreated {
        /// The project.
        project: ProjectName,
    },
    /// The ID token was exchanged before.
    #[error("invalid token: already used")]
    Reused,
    /// It is nobody's who may publish something here.
    #[error("valid token, but no corresponding publisher ({0})")]
    NoPublisher(NoPublisher),
    /// Publishers changed at the same moment, more than once.
    #[error("the publishers were changed by others at the same time; try again")]
    Raced,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why it is nobody's: of several publishers that it could be, what the nearest one says.
#[derive(Debug, thiserror::Error)]
pub enum NoPublisher {
    /// By its claims.
    #[error(transparent)]
    Claims(TokenMismatch),
    /// The name means another account or repository by now.
    #[error("{}", .0.source)]
    PinnedElsewhere(Box<PinnedElsewhere>),
    /// The publisher may publish from other refs.
    #[error("Check failed for optional claim 'ref': expected {expected}, found {found}")]
    Ref {
        /// What the project asks for.
        expected: String,
        /// What the token says.
        found: String,
    },
    /// The project takes tokens of jobs in a deployment environment alone.
    #[error("`{project}` takes tokens of publishers with an environment alone")]
    NoEnvironment {
        /// The project.
        project: ProjectName,
    },
    /// It could be more publishers than a token is held against.
    #[error("it could be any of more than {MAX_CANDIDATES} publishers")]
    TooMany,
}

/// Publishers that one token is held against, and projects that one is minted for. The largest repositories publish some
/// hundred packages from one workflow.
const MAX_CANDIDATES: u32 = 2_000;

/// How often a mint is tried again when others changed the same publishers in between: as often as an upload.
const TRIES: u32 = 3;

impl Index {
    /// Exchanges an ID token for a token to upload with.
    ///
    /// 1. Is it a pending publisher's, and not used before? Then its project is created.
    /// 2. Of each project, which publisher is it? The one that asks for most.
    /// 3. Are repository and owner, by number, those that the publisher is pinned to?
    /// 4. The ID token is marked as used and the token stored, in one transaction.
    pub async fn exchange(
        &self,
        request: &RequestId,
        presented: &Presented,
        single_use: bool,
        now: Timestamp,
    ) -> Result<Minted, ExchangeError> {
        let keys = presented.claims.lookup_keys();
        for _ in 0..TRIES {
            let limit = MAX_CANDIDATES + 1;
            let mut found = self.ports.trusted.candidates(&keys, limit, now).await?;
            let pending = found.pending.iter();
            let matching: Vec<_> = pending
                .filter(|it| is_pendings(it, &presented.claims))
                .collect();
            // A replay creates nothing for whoever registered after its first use.
            if !matching.is_empty() && self.ports.trusted.is_used(&presented.used, now).await? {
                return Err(ExchangeError::Reused);
            }
            for pending in &matching {
                self.fulfil(request, pending, now).await?; // 1
            }
            if !matching.is_empty() {
                found = self.ports.trusted.candidates(&keys, limit, now).await?;
            }
            if found.publishers.len() > MAX_CANDIDATES as usize {
                return Err(ExchangeError::NoPublisher(NoPublisher::TooMany));
            }
            let chosen = choose(&presented.claims, found.publishers)?; // 2, 3
            match self
                .mint(request, presented, &chosen, single_use, now)
                .await
            {
                Err(MintError::Changed) => {}
                Err(MintError::Used) => return Err(ExchangeError::Reused),
                Err(MintError::Store(error)) => return Err(error.into()),
                Ok(minted) => return Ok(minted), // 4
            }
        }
        Err(ExchangeError::Raced)
    }

    async fn fulfil(
        &self,
        request: &RequestId,
        pending: &StoredPending,
        now: Timestamp,
    ) -> Result<(), ExchangeError> {
        let origin = origin(&pending.pending.publisher.describe(), request, now);
        match self.ports.trusted.fulfil(&origin, pending.id).await {
            // Whoever came first created it, and its publishers are looked at next.
            Ok(_) | Err(FulfilError::Gone) => Ok(()),
            Err(FulfilError::Taken(project)) => Err(ExchangeError::ProjectExists { project }),
            Err(FulfilError::Confusable(project)) => Err(ExchangeError::NotCreated { project }),
            Err(FulfilError::Store(error)) => Err(error.into()),
        }
    }

    async fn mint(
        &self,
        request: &RequestId,
        presented: &Presented,
        chosen: &[Chosen],
        single_use: bool,
        now: Timestamp,
    ) -> Result<Minted, MintError> {
        let claims = &presented.claims;
        let token = Token::random();
        let terms = chosen.iter().map(|one| &one.candidate.stored.terms);
        let expires_at = now.checked_add(lifetime(terms)).unwrap_or(Timestamp::MAX);
        let first = chosen
            .first()
            .map(|one| one.candidate.stored.publisher.describe());
        let publisher = first.unwrap_or_default();
        let new = NewMinted {
            id: token.id().clone(),
            hash: token.hash(),
            narrowing_key: Some(token.narrowing_key()),
            expires_at,
            single_use,
            publisher: publisher.clone(),
            issuer: claims.issuer().to_owned(),
            subject: claims.subject().unwrap_or_default().to_owned(),
            run: claims.run(),
            used: presented.used.clone(),
            reach: chosen.iter().map(|one| one.reach.clone()).collect(),
        };
        let origin = origin(&publisher, request, now);
        self.ports.trusted.mint(&origin, &new).await?;
        let projects = chosen.iter().map(|one| one.candidate.project.clone());
        Ok(Minted {
            token,
            expires_at,
            projects: projects.collect(),
            publisher,
        })
    }
}

fn origin(publisher: &str, request: &RequestId, at: Timestamp) -> Origin {
    Origin {
        actor: Actor::Publisher(publisher.to_owned()),
        request: request.clone(),
        at,
    }
}

/// The shortest that any of its publishers is granted.
fn lifetime<'t>(terms: impl Iterator<Item = &'t Terms>) -> SignedDuration {
    let seconds = terms.map(|terms| terms.token_seconds.unwrap_or_default());
    let shortest = seconds.min().unwrap_or_else(TokenSeconds::default);
    SignedDuration::from_secs(i64::from(u32::from(shortest)))
}

fn is_pendings(stored: &StoredPending, claims: &TokenClaims) -> bool {
    let pending = &stored.pending;
    pending.publisher.check_token(claims).is_ok()
        && pending.terms.allow_ref(claims.run().git_ref.as_deref())
}

struct Chosen {
    candidate: Candidate,
    reach: Reach,
}

/// Of each project the publisher that asks for most, if the token is its; by project's name.
fn choose(claims: &TokenClaims, found: Vec<Candidate>) -> Result<Vec<Chosen>, ExchangeError> {
    let mut of_projects: BTreeMap<String, Chosen> = BTreeMap::new();
    let mut nearest = None;
    for candidate in found {
        match judge(claims, &candidate) {
            Ok(reach) => {
                let chosen = Chosen { candidate, reach };
                let name = chosen.candidate.project.to_string();
                match of_projects.get(&name) {
                    Some(other) if demands(other) >= demands(&chosen) => {}
                    _ => drop(of_projects.insert(name, chosen)),
                }
            }
            Err(NotThis(why)) => {
                nearest = Some(match nearest {
                    Some(other) => nearer(other, why),
                    None => why,
                });
            }
        }
    }
    if of_projects.is_empty() {
        let why = nearest.unwrap_or_else(|| NoPublisher::Claims(claims.why_nobody()));
        return Err(ExchangeError::NoPublisher(why));
    }
    Ok(of_projects.into_values().collect())
}

struct NotThis(NoPublisher);

fn judge(claims: &TokenClaims, candidate: &Candidate) -> Result<Reach, NotThis> {
    let Candidate {
        project,
        stored,
        environment_required,
        ..
    } = candidate;
    let publisher = &stored.publisher;
    let refused = publisher.check_token(claims);
    refused.map_err(|why| NotThis(NoPublisher::Claims(why)))?;
    let git_ref = claims.run().git_ref;
    if !stored.terms.allow_ref(git_ref.as_deref()) {
        let expected = stored.terms.git_ref.as_ref();
        return Err(NotThis(NoPublisher::Ref {
            expected: expected.map(ToString::to_string).unwrap_or_default(),
            found: git_ref.unwrap_or_else(|| "none".to_owned()),
        }));
    }
    if *environment_required && publisher.environment().is_none() {
        let project = project.clone();
        return Err(NotThis(NoPublisher::NoEnvironment { project }));
    }
    let found = claims.ids(publisher);
    let ids = stored.held_to(project, &found);
    let ids = ids.map_err(|why| NotThis(NoPublisher::PinnedElsewhere(why)))?;
    Ok(Reach {
        project: candidate.project_id,
        publisher: stored.id,
        pinned: stored.ids.clone(),
        ids,
        spelled: claims.repository().and_then(|it| publisher.spelled_as(it)),
    })
}

/// How much a publisher asks for.
fn demands(chosen: &Chosen) -> usize {
    let stored = &chosen.candidate.stored;
    usize::from(stored.publisher.environment().is_some()) * 4
        + usize::from(stored.publisher.callee().is_some()) * 2
        + usize::from(stored.terms.git_ref.is_some())
}

/// Of two refusals the one that came later in the order of checks: all but that one were as they should be.
fn nearer(one: NoPublisher, other: NoPublisher) -> NoPublisher {
    let rank = |why: &NoPublisher| match why {
        NoPublisher::Claims(TokenMismatch::Optional { .. }) => 2,
        NoPublisher::Claims(_) => 1,
        NoPublisher::Ref { .. } => 3,
        NoPublisher::NoEnvironment { .. } => 4,
        NoPublisher::PinnedElsewhere(_) => 5,
        NoPublisher::TooMany => 0,
    };
    if rank(&other) > rank(&one) {
        other
    } else {
        one
    }
}

//! Publishers across projects, and the tokens minted for them.

use async_trait::async_trait;
use jiff::Timestamp;
use touchplate_index::Origin;
use touchplate_index::accounts::{TokenId, UserName};
use touchplate_index::ports::{
    AddPendingError, Candidate, Candidates, CreateProjectError, FileId, FulfilError, MintError,
    NewMinted, NewProject, PendingId, ProjectId, PublisherId, RatchetError, StoreError,
    StoredMinted, StoredPending, StoredPublisher, TrustedPublishing, UploadRun,
};
use touchplate_index::trusted_publishing::{
    IdTokenUse, PendingPublisher, Ratchet, RatchetKind, RatchetSince, Terms,
};
use touchplate_packaging::{ProjectName, Version};

use super::{Memory, State};

impl State {
    pub(super) fn stands(&self, project: ProjectId, kind: RatchetKind) -> bool {
        let mut ratchets = self.ratchets.iter();
        ratchets.any(|(id, one)| *id == project && one.ratchet.kind() == kind)
    }

    pub(super) fn publisher(
        &self,
        project: ProjectId,
        id: PublisherId,
    ) -> Option<&StoredPublisher> {
        let mut publishers = self.publishers.iter();
        let found = publishers.find(|(p, stored)| *p == project && stored.id == id);
        found.map(|(_, stored)| stored)
    }

    fn is_used(&self, used: &IdTokenUse, now: Timestamp) -> bool {
        let key = (used.issuer().to_owned(), *used.id());
        self.used.get(&key).is_some_and(|until| *until >= now)
    }

    /// Whether a token that is for one upload can be used still.
    pub(super) fn is_unspent(&self, id: &TokenId) -> bool {
        let mut minted = self.minted.iter();
        minted.any(|(stored, _)| stored.id == *id && stored.used_at.is_none())
    }

    pub(super) fn spend(&mut self, id: Option<&TokenId>, at: Timestamp) {
        let mut minted = self.minted.iter_mut();
        if let Some((stored, _)) = minted.find(|(stored, _)| Some(&stored.id) == id) {
            stored.used_at = Some(at);
        }
    }

    fn remove_pending(&mut self, origin: &Origin, id: PendingId) -> bool {
        let Some(at) = self.pending.iter().position(|stored| stored.id == id) else {
            return false;
        };
        let name = self.pending.remove(at).pending.display.normalised();
        self.note_aside(origin, "remove pending publisher", Some(&name));
        true
    }
}

#[async_trait]
impl TrustedPublishing for Memory {
    async fn candidates(
        &self,
        keys: &[String],
        limit: u32,
        now: Timestamp,
    ) -> Result<Candidates, StoreError> {
        let state = self.state();
        let publishers = state.publishers.iter();
        let publishers = publishers.filter(|(_, it)| keys.contains(&it.publisher.lookup_key()));
        let publishers = publishers.filter_map(|(project_id, stored)| {
            Some(Candidate {
                project_id: *project_id,
                project: state.project_by_id(*project_id)?.name.clone(),
                stored: stored.clone(),
                environment_required: state.stands(*project_id, RatchetKind::EnvironmentRequired),
            })
        });
        let pending = state.pending.iter().filter(|stored| {
            keys.contains(&stored.pending.publisher.lookup_key()) && stored.expires_at > now
        });
        Ok(Candidates {
            publishers: publishers.take(limit as usize).collect(),
            pending: pending.take(limit as usize).cloned().collect(),
        })
    }

    async fn add_pending(
        &self,
        origin: &Origin,
        pending: &PendingPublisher,
        expires_at: Timestamp,
        limit: u32,
    ) -> Result<PendingId, AddPendingError> {
        let name = pending.display.normalised();
        let mut state = self.state();
        if state.project(&name).is_some() {
            return Err(AddPendingError::ProjectExists(name));
        }
        let confusable = name.confusable();
        if state
            .projects
            .iter()
            .any(|it| it.name.confusable() == confusable)
        {
            return Err(AddPendingError::Confusable(name));
        }
        if let Some(owner) = &pending.owner {
            if !state.users.contains_key(owner.as_str()) {
                return Err(AddPendingError::NoSuchUser(owner.clone()));
            }
            let theirs = |it: &&StoredPending| it.pending.owner.as_ref() == Some(owner);
            if state.pending.iter().filter(theirs).count() >= limit as usize {
                return Err(AddPendingError::TooMany(owner.clone()));
            }
        }
        let same = |it: &StoredPending| {
            it.pending.display.normalised() == name
                && it.pending.publisher.unique_key() == pending.publisher.unique_key()
        };
        if state.pending.iter().any(same) {
            return Err(AddPendingError::Exists(name));
        }
        let id = PendingId(state.next());
        state.pending.push(StoredPending {
            id,
            pending: pending.clone(),
            created_at: origin.at,
            expires_at,
        });
        state.note_aside(origin, "add pending publisher", Some(&name));
        Ok(id)
    }

    async fn remove_pending(&self, origin: &Origin, id: PendingId) -> Result<bool, StoreError> {
        Ok(self.state().remove_pending(origin, id))
    }

    async fn pending(&self, owner: Option<&UserName>) -> Result<Vec<StoredPending>, StoreError> {
        let state = self.state();
        let theirs = |it: &&StoredPending| owner.is_none() || it.pending.owner.as_ref() == owner;
        Ok(state.pending.iter().filter(theirs).cloned().collect())
    }

    async fn fulfil(&self, origin: &Origin, id: PendingId) -> Result<ProjectName, FulfilError> {
        let mut state = self.state();
        let mut pending = state.pending.iter();
        let found = pending.find(|stored| stored.id == id).cloned();
        let pending = found.ok_or(FulfilError::Gone)?.pending;
        let name = pending.display.normalised();
        let project = NewProject {
            display: pending.display.clone(),
            visibility: pending.visibility,
            owner: pending.owner.clone(),
        };
        let project = match state.insert_project(origin, &project) {
            Ok(project) => project,
            Err(CreateProjectError::Exists(name)) => {
                state.remove_pending(origin, id);
                return Err(FulfilError::Taken(name));
            }
            Err(CreateProjectError::Confusable { given }) => {
                return Err(FulfilError::Confusable(given));
            }
            Err(CreateProjectError::NoSuchUser(_)) => return Err(FulfilError::Gone),
            Err(CreateProjectError::Store(error)) => return Err(error.into()),
        };
        state.by_publisher.insert(project.0);
        let (of_name, others): (Vec<_>, Vec<_>) = std::mem::take(&mut state.pending)
            .into_iter()
            .partition(|stored| stored.pending.display.normalised() == name);
        state.pending = others;
        for stored in of_name {
            if stored.pending.owner == pending.owner {
                let id = PublisherId(state.next());
                let publisher = StoredPublisher {
                    id,
                    publisher: stored.pending.publisher,
                    ids: touchplate_attest::PinnedIds::default(),
                    terms: stored.pending.terms,
                };
                state.publishers.push((project, publisher));
            }
        }
        state.note(origin, "create project", Some(&name));
        Ok(name)
    }

    async fn is_used(&self, used: &IdTokenUse, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.state().is_used(used, now))
    }

    async fn mint(&self, origin: &Origin, minted: &NewMinted) -> Result<(), MintError> {
        let mut state = self.state();
        if state.is_used(&minted.used, origin.at) {
            return Err(MintError::Used);
        }
        let key = (minted.used.issuer().to_owned(), *minted.used.id());
        for reach in &minted.reach {
            let publisher = state.publisher(reach.project, reach.publisher);
            if publisher.is_none_or(|stored| stored.ids != reach.pinned) {
                return Err(MintError::Changed);
            }
        }
        for reach in &minted.reach {
            if reach.ids != reach.pinned {
                state.pin(reach.project, reach.publisher, &reach.ids);
            }
            for (_, stored) in &mut state.publishers {
                if let Some(spelled) = &reach.spelled
                    && stored.id == reach.publisher
                {
                    stored.publisher = spelled.clone();
                }
            }
        }
        state.used.insert(key, minted.used.until());
        let reach = minted.reach.iter().map(|it| (it.project, it.publisher));
        let stored = StoredMinted {
            id: minted.id.clone(),
            hash: minted.hash.clone(),
            narrowing_key: minted.narrowing_key,
            created_at: origin.at,
            expires_at: minted.expires_at,
            revoked_at: None,
            single_use: minted.single_use,
            used_at: None,
            publisher: minted.publisher.clone(),
            issuer: minted.issuer.clone(),
            subject: minted.subject.clone(),
            run: minted.run.clone(),
        };
        state.minted.push((stored, reach.collect()));
        state.note_aside(origin, "mint token", None);
        Ok(())
    }

    async fn minted(&self, id: &TokenId) -> Result<Option<StoredMinted>, StoreError> {
        let state = self.state();
        let found = state.minted.iter().find(|(stored, _)| stored.id == *id);
        Ok(found.map(|(stored, _)| stored.clone()))
    }

    async fn reached(
        &self,
        id: &TokenId,
        project: ProjectId,
    ) -> Result<Option<StoredPublisher>, StoreError> {
        let state = self.state();
        let found = state.minted.iter().find(|(stored, _)| stored.id == *id);
        let reach = found.and_then(|(_, reach)| reach.iter().find(|(p, _)| *p == project));
        Ok(reach.and_then(|(project, id)| state.publisher(*project, *id).cloned()))
    }

    async fn revoke_minted(&self, origin: &Origin, id: &TokenId) -> Result<bool, StoreError> {
        let mut state = self.state();
        let found = state.minted.iter_mut().find(|(stored, _)| stored.id == *id);
        let Some((stored, _)) = found else {
            return Ok(false);
        };
        if stored.revoked_at.is_none() {
            stored.revoked_at = Some(origin.at);
            state.note_aside(origin, "revoke token", None);
        }
        Ok(true)
    }

    async fn minted_for(
        &self,
        project: ProjectId,
        limit: u32,
    ) -> Result<Vec<StoredMinted>, StoreError> {
        let state = self.state();
        let mut found: Vec<_> = state
            .minted
            .iter()
            .filter(|(_, reach)| {
                let mut of = reach.iter().filter(|(p, _)| *p == project);
                of.any(|(project, id)| state.publisher(*project, *id).is_some())
            })
            .map(|(stored, _)| stored.clone())
            .collect();
        found.sort_by(|one, other| {
            let newest = other.created_at.cmp(&one.created_at);
            newest.then_with(|| one.id.as_str().cmp(other.id.as_str()))
        });
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn set_terms(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
        terms: &Terms,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(owner) = state.project(project).map(|p| p.id) else {
            return Ok(false);
        };
        let mut publishers = state.publishers.iter_mut();
        let found = publishers.find(|(p, stored)| *p == owner && stored.id == id);
        let Some((_, stored)) = found else {
            return Ok(false);
        };
        stored.terms = terms.clone();
        state.note(origin, "set publisher terms", Some(project));
        Ok(true)
    }

    async fn ratchets(&self, project: ProjectId) -> Result<Vec<RatchetSince>, StoreError> {
        let state = self.state();
        let of = state.ratchets.iter().filter(|(id, _)| *id == project);
        let mut found: Vec<_> = of.map(|(_, since)| since.clone()).collect();
        found.sort_by_key(|since| since.ratchet.kind().as_str());
        Ok(found)
    }

    async fn turn(
        &self,
        origin: &Origin,
        project: &ProjectName,
        ratchet: Ratchet,
    ) -> Result<bool, RatchetError> {
        let mut state = self.state();
        let id = state.project(project).map(|p| p.id);
        let id = id.ok_or_else(|| RatchetError::NoSuchProject(project.clone()))?;
        let kind = ratchet.kind();
        let of = |(p, since): &&(ProjectId, RatchetSince)| *p == id && since.ratchet.kind() == kind;
        if let Some((_, since)) = state.ratchets.iter().find(of) {
            match (since.ratchet.days(), ratchet.days()) {
                (Some(stands), Some(days)) if days < stands => {}
                (Some(stands), Some(days)) if days > stands => {
                    let project = project.clone();
                    return Err(RatchetError::Tighter {
                        project,
                        kind,
                        stands,
                    });
                }
                _ => return Ok(false),
            }
        }
        state.ratchets.retain(|it| !of(&it));
        let since = RatchetSince {
            ratchet,
            at: origin.at,
            by: origin.actor.to_string(),
        };
        state.ratchets.push((id, since));
        if ratchet == Ratchet::NoLeftoverTokens {
            for (token, project) in &mut state.tokens {
                if *project == Some(id) && token.revoked_at.is_none() {
                    token.revoked_at = Some(origin.at);
                }
            }
        }
        state.note(origin, "turn ratchet", Some(project));
        Ok(true)
    }

    async fn release_ratchet(
        &self,
        origin: &Origin,
        project: &ProjectName,
        kind: RatchetKind,
        _reason: &str,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(id) = state.project(project).map(|p| p.id) else {
            return Ok(false);
        };
        if !state.stands(id, kind) {
            return Ok(false);
        }
        let of = |(p, since): &(ProjectId, RatchetSince)| *p == id && since.ratchet.kind() == kind;
        state.ratchets.retain(|it| !of(it));
        state.note(origin, "release ratchet", Some(project));
        Ok(true)
    }

    async fn release_began(
        &self,
        project: ProjectId,
        version: &Version,
    ) -> Result<Option<Timestamp>, StoreError> {
        let state = self.state();
        let mut releases = state.releases.iter();
        let found = releases.find(|it| it.project == project && it.release.version == *version);
        Ok(found.map(|it| it.release.created_at))
    }

    async fn run_of(&self, file: FileId) -> Result<Option<UploadRun>, StoreError> {
        Ok(self.state().runs.get(&file.0).cloned())
    }

    async fn prune(&self, now: Timestamp, tokens_before: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        state.used.retain(|_, until| *until >= now);
        state
            .minted
            .retain(|(it, _)| it.expires_at >= tokens_before);
        state.pending.retain(|it| it.expires_at >= now);
        Ok(())
    }
}

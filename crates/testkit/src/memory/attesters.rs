//! Attesters, and what is attested after an upload.

use async_trait::async_trait;
use touchplate_attest::Attestation;
use touchplate_index::Origin;
use touchplate_index::accounts::UserName;
use touchplate_index::attesters::{
    AttestationFacts, Attester, Attributed, Capacity, ChangeAttestersError, KnownAttestation,
    LateAddition, MAX_ATTESTERS, MAX_LATE, MAX_LATE_BYTES,
};
use touchplate_index::ports::{
    AddLateError, AttestedFile, AttesterId, Attesters, FileId, LateAttestations, LateOutcome,
    ProjectId, PutAttester, StoreError, StoredAttester, Viewer, WeighedFile,
};
use touchplate_packaging::{ProjectName, Sha256};

use super::{File, Memory, State, claim};

impl State {
    fn attesters_of(&self, project: ProjectId) -> impl Iterator<Item = &StoredAttester> {
        let of = move |(owner, _): &&(ProjectId, StoredAttester)| *owner == project;
        self.attesters.iter().filter(of).map(|(_, stored)| stored)
    }

    /// The attester of the same role and identity.
    fn same_attester(&self, project: ProjectId, attester: &Attester) -> Option<StoredAttester> {
        let same = |there: &&StoredAttester| {
            there.attester.role == attester.role && there.attester.expected == attester.expected
        };
        self.attesters_of(project).find(same).cloned()
    }

    fn set_attester(&mut self, id: AttesterId, attester: &Attester) -> bool {
        let there = self
            .attesters
            .iter_mut()
            .find(|(_, stored)| stored.id == id);
        if let Some((_, stored)) = there {
            stored.attester = attester.clone();
            return true;
        }
        false
    }
}

fn no_such_project(project: &ProjectName) -> ChangeAttestersError {
    ChangeAttestersError::NoSuchProject(project.clone())
}

#[async_trait]
impl Attesters for Memory {
    async fn put(
        &self,
        origin: &Origin,
        project: &ProjectName,
        attester: &Attester,
    ) -> Result<PutAttester, ChangeAttestersError> {
        let mut state = self.state();
        let owner = state.project(project).map(|p| p.id);
        let owner = owner.ok_or_else(|| no_such_project(project))?;
        if let Some(there) = state.same_attester(owner, attester) {
            if there.attester == *attester {
                return Ok(PutAttester::Unchanged(there.id));
            }
            state.set_attester(there.id, attester);
            state.note_aside(origin, "change attester", Some(project));
            return Ok(PutAttester::Changed(there.id));
        }
        if state.attesters_of(owner).count() >= MAX_ATTESTERS {
            return Err(ChangeAttestersError::TooMany);
        }
        let id = AttesterId(state.next());
        let attester = attester.clone();
        state
            .attesters
            .push((owner, StoredAttester { id, attester }));
        state.note_aside(origin, "add attester", Some(project));
        Ok(PutAttester::Added(id))
    }

    async fn replace(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: AttesterId,
        attester: &Attester,
    ) -> Result<(), ChangeAttestersError> {
        let mut state = self.state();
        let owner = state.project(project).map(|p| p.id);
        let owner = owner.ok_or_else(|| no_such_project(project))?;
        let project = project.clone();
        match state.same_attester(owner, attester) {
            Some(there) if there.id != id => {
                return Err(ChangeAttestersError::Exists {
                    project,
                    id: there.id,
                });
            }
            Some(there) if there.attester == *attester => return Ok(()),
            _ => {}
        }
        let is_theirs = state.attesters_of(owner).any(|there| there.id == id);
        if !is_theirs || !state.set_attester(id, attester) {
            return Err(ChangeAttestersError::NoSuchAttester { project, id });
        }
        state.note_aside(origin, "change attester", Some(&project));
        Ok(())
    }

    async fn remove(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: AttesterId,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(owner) = state.project(project).map(|p| p.id) else {
            return Ok(false);
        };
        let before = state.attesters.len();
        state
            .attesters
            .retain(|(p, stored)| !(*p == owner && stored.id == id));
        let removed = state.attesters.len() < before;
        if removed {
            state.note_aside(origin, "remove attester", Some(project));
        }
        Ok(removed)
    }

    async fn list(&self, project: ProjectId) -> Result<Vec<StoredAttester>, StoreError> {
        Ok(self.state().attesters_of(project).cloned().collect())
    }

    async fn candidates(
        &self,
        project: ProjectId,
        keys: &[String],
    ) -> Result<Vec<StoredAttester>, StoreError> {
        let mut list = Attesters::list(self, project).await?;
        list.retain(|stored| keys.contains(&stored.attester.expected.lookup_key()));
        Ok(list)
    }
}

/// What is known of those that came with the upload.
fn with_upload(file: &File) -> impl Iterator<Item = AttestationFacts> {
    file.attestations
        .iter()
        .map(|(_, stored)| AttestationFacts {
            capacity: Capacity::Publisher,
            record: stored.record.clone().into(),
            added: None,
        })
}

/// The attestation that makes the same claim: its text, and what is known of it.
fn same_claim(file: &File, key: &(String, String, String)) -> Option<(String, AttestationFacts)> {
    let uploaded = file.attestations.iter().zip(with_upload(file));
    let uploaded = uploaded.map(|((there, stored), facts)| (there, stored.json.clone(), facts));
    let late = file.late.iter();
    let late = late.map(|(there, known)| (there, known.json.clone(), known.facts.clone()));
    let mut all = uploaded.chain(late);
    all.find(|(there, ..)| *there == key)
        .map(|(_, json, facts)| (json, facts))
}

#[async_trait]
impl LateAttestations for Memory {
    async fn add(
        &self,
        origin: &Origin,
        file: FileId,
        attestation: &Attributed,
    ) -> Result<LateOutcome, AddLateError> {
        let mut state = self.state();
        let file = state.files.iter_mut().find(|f| f.stored.id == file);
        let file = file.ok_or(AddLateError::NoSuchFile)?;
        let proven = attestation.proven();
        let key = claim(proven);
        if let Some((json, facts)) = same_claim(file, &key) {
            let there = Attestation::parse(json.as_bytes()).map_err(|cause| {
                StoreError::new("read back an attestation that it stored", cause)
            })?;
            return if there.is_same_as(proven.attestation()) {
                Ok(LateOutcome::Equal(Box::new(facts)))
            } else {
                Err(AddLateError::Different)
            };
        }
        let json = proven.attestation().json().to_owned();
        let bytes: usize = file.late.iter().map(|(_, known)| known.json.len()).sum();
        if file.late.len() >= MAX_LATE || bytes + json.len() > MAX_LATE_BYTES {
            return Err(AddLateError::TooMany);
        }
        let facts = AttestationFacts {
            capacity: attestation.capacity(),
            record: attestation.record(),
            added: Some(LateAddition {
                at: origin.at,
                by: origin.actor.to_string(),
            }),
        };
        file.late.push((key, KnownAttestation { json, facts }));
        let project = file.stored.filename.project().clone();
        state.note_aside(origin, "add later attestation", Some(&project));
        Ok(LateOutcome::Added)
    }

    async fn list(&self, file: FileId) -> Result<Vec<KnownAttestation>, StoreError> {
        let state = self.state();
        let file = state.files.iter().find(|f| f.stored.id == file);
        let late = file.map(|f| f.late.iter().map(|(_, known)| known.clone()).collect());
        Ok(late.unwrap_or_default())
    }

    async fn by_digest(
        &self,
        digests: &[Sha256],
        member: Option<&UserName>,
    ) -> Result<Vec<WeighedFile>, StoreError> {
        let state = self.state();
        let asked = |file: &&File| {
            digests.contains(&file.stored.digests.sha256) && state.shows(file, member)
        };
        let weighed = |file: &File| {
            let uploaded = file.attestations.iter().map(|(_, stored)| {
                let record = serde_json::to_string(&stored.record).unwrap_or_default();
                stored.json.len() + record.len()
            });
            let later = file.late.iter().map(|(_, known)| {
                let record = serde_json::to_string(&known.facts.record).unwrap_or_default();
                known.json.len() + record.len()
            });
            WeighedFile {
                id: file.stored.id,
                sha256: file.stored.digests.sha256,
                bytes: uploaded.chain(later).map(|bytes| bytes as u64).sum(),
            }
        };
        Ok(state.files.iter().filter(asked).map(weighed).collect())
    }

    async fn of_files(
        &self,
        files: &[FileId],
        member: Option<&UserName>,
    ) -> Result<Vec<AttestedFile>, StoreError> {
        let state = self.state();
        let asked = |file: &&File| files.contains(&file.stored.id) && state.shows(file, member);
        let found = |file: &File| {
            let later = file.late.iter().map(|(_, known)| known.clone());
            let uploaded = file.attestations.iter().zip(with_upload(file));
            let uploaded = uploaded.map(|((_, stored), facts)| KnownAttestation {
                json: stored.json.clone(),
                facts,
            });
            Some(AttestedFile {
                project: state.project_by_id(file.project)?.clone(),
                file: state.stored(file),
                is_member: member
                    .is_some_and(|user| state.role(user.as_str(), file.project).is_some()),
                attestations: uploaded.chain(later).collect(),
            })
        };
        Ok(state.files.iter().filter(asked).filter_map(found).collect())
    }
}

impl State {
    /// Whether `member`, or anybody if that is nobody, may see a file's project.
    fn shows(&self, file: &File, member: Option<&UserName>) -> bool {
        let viewer = member.map_or(Viewer::Anybody, Viewer::User);
        let project = self.project_by_id(file.project);
        project.is_some_and(|project| self.sees(viewer, project))
    }
}

//! A memory model of the ports: the contract in the plainest code, to compare the real stores with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use touchplate_attest::{Publisher, Verified};
use touchplate_index::accounts::{Role, TokenId, UserName};
use touchplate_index::ports::{
    Accounts, AddPublisherError, AddUserError, BlobError, Blobs, Bytestream, ChangeError,
    CreateProjectError, FileId, Journal, JournalRow, NewFile, NewProject, NewToken, Project,
    ProjectFiles, ProjectId, ProjectListing, ProjectTarget, Projects, PublisherId, Publishers,
    RecordError, Release, ReleaseMetadata, Releases, RevokeError, Serial, StoreError,
    StoredAttestation, StoredFile, StoredPublisher, StoredToken, TokenError,
};
use touchplate_index::projects::Visibility;
use touchplate_index::spool::Spool;
use touchplate_index::{Origin, Ports};
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_packaging::{CoreMetadata, FileKind, Filename, ProjectName, Sha256, Version};

/// Everything an index keeps, in memory.
#[derive(Default)]
pub struct Memory {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rows: i64,
    journal: Vec<JournalRow>,
    users: BTreeSet<String>,
    tokens: Vec<(StoredToken, Option<ProjectId>)>,
    projects: Vec<Project>,
    roles: HashMap<(i64, String), Role>,
    publishers: Vec<(ProjectId, StoredPublisher)>,
    releases: Vec<StoredRelease>,
    filenames: BTreeSet<String>,
    files: Vec<File>,
    core_metadata: HashMap<String, Vec<u8>>,
    sweeps: HashMap<String, (u64, bool)>,
    blobs: BTreeMap<String, (Vec<u8>, SystemTime)>,
}

struct StoredRelease {
    id: i64,
    project: ProjectId,
    release: Release,
    metadata: CoreMetadata,
}

struct File {
    project: ProjectId,
    release: i64,
    stored: StoredFile,
    attestations: Vec<((String, String, String), StoredAttestation)>,
}

impl Memory {
    /// Ports on a fresh memory.
    pub fn ports() -> Ports {
        let memory = Arc::new(Self::default());
        Ports {
            projects: memory.clone(),
            releases: memory.clone(),
            accounts: memory.clone(),
            publishers: memory.clone(),
            journal: memory.clone(),
            blobs: memory,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next(&mut self) -> i64 {
        self.rows += 1;
        self.rows
    }

    fn note(&mut self, origin: &Origin, action: &str, project: Option<&ProjectName>) {
        let serial = Serial(self.journal.len() as u64 + 1);
        self.journal.push(JournalRow {
            serial,
            actor: origin.actor.to_string(),
            request: origin.request.to_string(),
            action: action.to_owned(),
            project: project.cloned(),
        });
        if let Some(name) = project
            && let Some(project) = self.projects.iter_mut().find(|p| p.name == *name)
        {
            project.serial = serial;
        }
    }

    fn project(&self, name: &ProjectName) -> Option<&Project> {
        self.projects.iter().find(|project| project.name == *name)
    }

    fn project_by_id(&self, id: ProjectId) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    fn insert_project(
        &mut self,
        origin: &Origin,
        new: &NewProject,
    ) -> Result<ProjectId, CreateProjectError> {
        let name = new.display.normalised();
        if self.project(&name).is_some() {
            return Err(CreateProjectError::Exists(name));
        }
        if self
            .projects
            .iter()
            .any(|project| project.name.confusable() == name.confusable())
        {
            return Err(CreateProjectError::Confusable { given: name });
        }
        if let Some(owner) = &new.owner
            && !self.users.contains(owner.as_str())
        {
            return Err(CreateProjectError::NoSuchUser(owner.clone()));
        }
        let id = ProjectId(self.next());
        self.projects.push(Project {
            id,
            name,
            display: new.display.clone(),
            visibility: new.visibility,
            status: ProjectStatus::Active,
            status_reason: None,
            serial: Serial(0),
            created_at: origin.at,
        });
        if let Some(owner) = &new.owner {
            self.roles.insert((id.0, owner.to_string()), Role::Owner);
        }
        Ok(id)
    }

    fn release(&self, project: &ProjectName, version: &Version) -> Option<i64> {
        let project = self.project(project)?.id;
        let same = |r: &&StoredRelease| r.project == project && r.release.version == *version;
        self.releases.iter().find(same).map(|r| r.id)
    }

    fn stored(&self, file: &File) -> StoredFile {
        let mut stored = file.stored.clone();
        if let Some(release) = self.releases.iter().find(|r| r.id == file.release) {
            stored.yanked = release.release.yanked.clone();
        }
        stored.attestations = u32::try_from(file.attestations.len()).unwrap_or(u32::MAX);
        stored
    }

    fn check_target(&self, target: &ProjectTarget) -> Result<(), RecordError> {
        match target {
            ProjectTarget::New(_) => Ok(()),
            ProjectTarget::Existing(id) => {
                match self.project_by_id(*id).map(|project| project.status) {
                    None => Err(RecordError::ProjectGone),
                    Some(status @ (ProjectStatus::Archived | ProjectStatus::Quarantined)) => {
                        Err(RecordError::NotAccepting(status))
                    }
                    Some(ProjectStatus::Active | ProjectStatus::Deprecated) => Ok(()),
                }
            }
        }
    }

    fn check_filename(&self, file: &NewFile) -> Result<(), RecordError> {
        if self
            .files
            .iter()
            .any(|f| f.stored.filename == file.filename)
        {
            return Err(RecordError::FileExists);
        }
        if self.filenames.contains(file.filename.as_str()) {
            return Err(RecordError::FilenameBurned);
        }
        if let Some(other) = self
            .files
            .iter()
            .find(|f| f.stored.digests.sha256 == file.digests.sha256)
            && !file.equal_bytes_allowed
        {
            return Err(RecordError::EqualBytes(other.stored.filename.clone()));
        }
        let release = self.release(file.filename.project(), file.version());
        let second =
            |f: &File| Some(f.release) == release && f.stored.filename.kind() == FileKind::Sdist;
        if file.kind() == FileKind::Sdist && self.files.iter().any(second) {
            return Err(RecordError::SecondSdist);
        }
        Ok(())
    }

    fn release_for(&mut self, origin: &Origin, project: ProjectId, file: &NewFile) -> i64 {
        if let Some(id) = self.release(file.filename.project(), file.version()) {
            return id;
        }
        let id = self.next();
        let release = Release {
            version: file.metadata.version.clone(),
            created_at: origin.at,
            yanked: Yanked::No,
        };
        self.releases.push(StoredRelease {
            id,
            project,
            release,
            metadata: file.metadata.clone(),
        });
        id
    }
}

fn attest(file: &mut File, attestations: &[Verified]) -> u32 {
    let mut added = 0;
    for verified in attestations {
        let proven = verified.proven();
        let identity = proven.identity();
        let key = (
            proven.predicate_type().to_string(),
            identity.san().to_string(),
            identity.issuer().to_owned(),
        );
        if file.attestations.iter().any(|(there, _)| *there == key) {
            continue;
        }
        let stored = StoredAttestation {
            json: proven.attestation().json().to_owned(),
            publisher: verified.publisher().clone(),
            record: verified.record(),
        };
        file.attestations.push((key, stored));
        added += 1;
    }
    added
}

#[async_trait]
impl Journal for Memory {
    async fn head(&self) -> Result<Serial, StoreError> {
        Ok(Serial(self.state().journal.len() as u64))
    }

    async fn after(&self, after: Serial, limit: u32) -> Result<Vec<JournalRow>, StoreError> {
        let state = self.state();
        Ok(state
            .journal
            .iter()
            .filter(|row| row.serial > after)
            .take(limit as usize)
            .cloned()
            .collect())
    }
}

#[async_trait]
impl Projects for Memory {
    async fn create(
        &self,
        origin: &Origin,
        new: &NewProject,
    ) -> Result<Project, CreateProjectError> {
        let mut state = self.state();
        let id = state.insert_project(origin, new)?;
        state.note(origin, "create project", Some(&new.display.normalised()));
        Ok(state
            .project_by_id(id)
            .cloned()
            .expect("it was inserted above"))
    }

    async fn by_name(&self, name: &ProjectName) -> Result<Option<Project>, StoreError> {
        Ok(self.state().project(name).cloned())
    }

    async fn list_public(&self) -> Result<Vec<ProjectListing>, StoreError> {
        let state = self.state();
        let listed = |p: &&Project| {
            p.visibility == Visibility::Public && p.status != ProjectStatus::Quarantined
        };
        let mut list: Vec<_> = state
            .projects
            .iter()
            .filter(listed)
            .map(|p| ProjectListing {
                name: p.name.clone(),
                display: p.display.clone(),
                serial: p.serial,
            })
            .collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(list)
    }

    async fn set_status(
        &self,
        origin: &Origin,
        name: &ProjectName,
        status: ProjectStatus,
        reason: Option<&str>,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(project) = state.projects.iter_mut().find(|p| p.name == *name) else {
            return Ok(false);
        };
        project.status = status;
        project.status_reason = reason.map(str::to_owned);
        state.note(origin, "set status", Some(name));
        Ok(true)
    }

    async fn set_visibility(
        &self,
        origin: &Origin,
        name: &ProjectName,
        visibility: Visibility,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(project) = state.projects.iter_mut().find(|p| p.name == *name) else {
            return Ok(false);
        };
        project.visibility = visibility;
        state.note(origin, "set visibility", Some(name));
        Ok(true)
    }

    async fn delete(&self, origin: &Origin, name: &ProjectName) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(id) = state.project(name).map(|p| p.id) else {
            return Ok(false);
        };
        state.note(origin, "delete project", Some(name));
        state.projects.retain(|p| p.id != id);
        state.releases.retain(|r| r.project != id);
        state.files.retain(|f| f.project != id);
        state.publishers.retain(|(project, _)| *project != id);
        state.roles.retain(|(project, _), _| *project != id.0);
        state.tokens.retain(|(_, project)| *project != Some(id));
        Ok(true)
    }
}

#[async_trait]
impl Releases for Memory {
    async fn record(&self, origin: &Origin, new: &NewFile) -> Result<FileId, RecordError> {
        let mut state = self.state();
        let (sweeps, underway) = state
            .sweeps
            .get(&new.digests.sha256.to_string())
            .copied()
            .unwrap_or((new.sweeps, false));
        if underway || sweeps != new.sweeps {
            return Err(RecordError::BytesSwept);
        }
        state.check_target(&new.target)?;
        if let ProjectTarget::New(project) = &new.target
            && state.project(&project.display.normalised()).is_some()
        {
            return Err(RecordError::ProjectAppeared);
        }
        state.check_filename(new)?;
        let project = match &new.target {
            ProjectTarget::Existing(id) => *id,
            ProjectTarget::New(project) => {
                state
                    .insert_project(origin, project)
                    .map_err(|error| match error {
                        CreateProjectError::Exists(_) => RecordError::ProjectAppeared,
                        CreateProjectError::Confusable { given } => {
                            RecordError::Confusable { given }
                        }
                        CreateProjectError::NoSuchUser(_) => RecordError::ProjectGone,
                        CreateProjectError::Store(error) => RecordError::Store(error),
                    })?
            }
        };
        let release = state.release_for(origin, project, new);
        let core_metadata = new.core_metadata.as_ref().map(|bytes| {
            let digest = Sha256::of(bytes);
            state
                .core_metadata
                .insert(digest.to_string(), bytes.clone());
            digest
        });
        let id = FileId(state.next());
        let stored = StoredFile {
            id,
            filename: new.filename.clone(),
            size: new.size,
            digests: new.digests,
            core_metadata,
            requires_python: new.metadata.requires_python.clone(),
            uploaded_at: origin.at,
            uploaded_by: origin.actor.to_string(),
            user_agent: new.user_agent.clone(),
            yanked: Yanked::No,
            attestations: 0,
        };
        let mut file = File {
            project,
            release,
            stored,
            attestations: Vec::new(),
        };
        attest(&mut file, &new.attestations);
        state.files.push(file);
        state.filenames.insert(new.filename.to_string());
        if let Some(project) = state.projects.iter_mut().find(|p| p.id == project) {
            project.display = new.metadata.name.clone();
        }
        state.note(origin, "upload file", Some(new.filename.project()));
        Ok(id)
    }

    async fn attest(
        &self,
        origin: &Origin,
        file: FileId,
        attestations: &[Verified],
    ) -> Result<u32, ChangeError> {
        let mut state = self.state();
        let file = state
            .files
            .iter_mut()
            .find(|f| f.stored.id == file)
            .ok_or(ChangeError::NotFound)?;
        let added = attest(file, attestations);
        let project = file.stored.filename.project().clone();
        if added > 0 {
            state.note(origin, "add attestations", Some(&project));
        }
        Ok(added)
    }

    async fn file(&self, filename: &Filename) -> Result<Option<(Project, StoredFile)>, StoreError> {
        let state = self.state();
        let file = state.files.iter().find(|f| f.stored.filename == *filename);
        Ok(file.and_then(|f| Some((state.project_by_id(f.project)?.clone(), state.stored(f)))))
    }

    async fn is_burned(&self, filename: &Filename) -> Result<bool, StoreError> {
        let state = self.state();
        let there = state.files.iter().any(|f| f.stored.filename == *filename);
        Ok(!there && state.filenames.contains(filename.as_str()))
    }

    async fn project_files(&self, name: &ProjectName) -> Result<Option<ProjectFiles>, StoreError> {
        let state = self.state();
        let files = |project: &Project| {
            state
                .files
                .iter()
                .filter(|f| f.project == project.id)
                .map(|f| state.stored(f))
                .collect()
        };
        Ok(state.project(name).map(|project| ProjectFiles {
            project: project.clone(),
            files: files(project),
        }))
    }

    async fn metadata(&self, project: ProjectId) -> Result<Vec<ReleaseMetadata>, StoreError> {
        let state = self.state();
        let of = |r: &&StoredRelease| r.project == project;
        let read = |r: &StoredRelease| ReleaseMetadata {
            release: r.release.clone(),
            metadata: r.metadata.clone(),
        };
        Ok(state.releases.iter().filter(of).map(read).collect())
    }

    async fn attestations(&self, file: FileId) -> Result<Vec<StoredAttestation>, StoreError> {
        let state = self.state();
        let file = state.files.iter().find(|f| f.stored.id == file);
        Ok(file
            .map(|f| f.attestations.iter().map(|(_, a)| a.clone()).collect())
            .unwrap_or_default())
    }

    async fn core_metadata(&self, digest: &Sha256) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().core_metadata.get(&digest.to_string()).cloned())
    }

    async fn set_yanked(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
        yanked: &Yanked,
    ) -> Result<(), ChangeError> {
        let mut state = self.state();
        let id = state
            .release(project, version)
            .ok_or(ChangeError::NotFound)?;
        if let Some(release) = state.releases.iter_mut().find(|r| r.id == id) {
            release.release.yanked = yanked.clone();
        }
        let action = if *yanked == Yanked::No {
            "unyank release"
        } else {
            "yank release"
        };
        state.note(origin, action, Some(project));
        Ok(())
    }

    async fn delete_file(&self, origin: &Origin, filename: &Filename) -> Result<(), ChangeError> {
        let mut state = self.state();
        let at = state
            .files
            .iter()
            .position(|f| f.stored.filename == *filename)
            .ok_or(ChangeError::NotFound)?;
        let release = state.files.remove(at).release;
        if !state.files.iter().any(|f| f.release == release) {
            state.releases.retain(|r| r.id != release);
        }
        state.note(origin, "delete file", Some(filename.project()));
        Ok(())
    }

    async fn delete_release(
        &self,
        origin: &Origin,
        project: &ProjectName,
        version: &Version,
    ) -> Result<(), ChangeError> {
        let mut state = self.state();
        let id = state
            .release(project, version)
            .ok_or(ChangeError::NotFound)?;
        state.files.retain(|f| f.release != id);
        state.releases.retain(|r| r.id != id);
        state.note(origin, "delete release", Some(project));
        Ok(())
    }

    async fn sweeps(&self, digest: &Sha256) -> Result<u64, StoreError> {
        Ok(self
            .state()
            .sweeps
            .get(&digest.to_string())
            .map_or(0, |(sweeps, _)| *sweeps))
    }

    async fn begin_sweep(&self, digest: &Sha256) -> Result<bool, StoreError> {
        let mut state = self.state();
        if state
            .files
            .iter()
            .any(|f| f.stored.digests.sha256 == *digest)
        {
            return Ok(false);
        }
        let sweep = state.sweeps.entry(digest.to_string()).or_default();
        *sweep = (sweep.0 + 1, true);
        Ok(true)
    }

    async fn swept(&self, digest: &Sha256) -> Result<(), StoreError> {
        if let Some(sweep) = self.state().sweeps.get_mut(&digest.to_string()) {
            sweep.1 = false;
        }
        Ok(())
    }

    async fn unfinished_sweeps(&self) -> Result<Vec<Sha256>, StoreError> {
        let state = self.state();
        Ok(state
            .sweeps
            .iter()
            .filter(|(_, sweep)| sweep.1)
            .filter_map(|(digest, _)| digest.parse().ok())
            .collect())
    }
}

#[async_trait]
impl Accounts for Memory {
    async fn add_user(&self, origin: &Origin, name: &UserName) -> Result<(), AddUserError> {
        let mut state = self.state();
        if !state.users.insert(name.to_string()) {
            return Err(AddUserError::Exists(name.clone()));
        }
        state.note(origin, "add user", None);
        Ok(())
    }

    async fn add_token(&self, origin: &Origin, new: &NewToken) -> Result<(), TokenError> {
        let mut state = self.state();
        let project = match &new.project {
            None => None,
            Some(name) => Some(
                state
                    .project(name)
                    .ok_or_else(|| TokenError::NoSuchProject(name.clone()))?
                    .id,
            ),
        };
        if !state.users.contains(new.user.as_str()) {
            return Err(TokenError::NoSuchUser(new.user.clone()));
        }
        let stored = StoredToken {
            id: new.id.clone(),
            hash: new.hash.clone(),
            user: new.user.clone(),
            project: new.project.clone(),
            created_at: origin.at,
            expires_at: new.expires_at,
            revoked_at: None,
        };
        state.tokens.push((stored, project));
        state.note(origin, "create token", new.project.as_ref());
        Ok(())
    }

    async fn revoke_token(&self, origin: &Origin, id: &TokenId) -> Result<(), RevokeError> {
        let mut state = self.state();
        let found = state.tokens.iter_mut().find(|(token, _)| token.id == *id);
        let (token, _) = found.ok_or_else(|| RevokeError::NoSuchToken(id.clone()))?;
        if token.revoked_at.is_none() {
            token.revoked_at = Some(origin.at);
            state.note(origin, "revoke token", None);
        }
        Ok(())
    }

    async fn token(&self, id: &TokenId) -> Result<Option<StoredToken>, StoreError> {
        Ok(self
            .state()
            .tokens
            .iter()
            .find(|(token, _)| token.id == *id)
            .map(|(token, _)| token.clone()))
    }

    async fn tokens(&self, user: &UserName) -> Result<Vec<StoredToken>, StoreError> {
        let state = self.state();
        Ok(state
            .tokens
            .iter()
            .filter(|(token, _)| token.user == *user)
            .map(|(token, _)| token.clone())
            .collect())
    }

    async fn has_tokens(&self) -> Result<bool, StoreError> {
        Ok(!self.state().tokens.is_empty())
    }

    async fn role(&self, user: &UserName, project: ProjectId) -> Result<Option<Role>, StoreError> {
        Ok(self
            .state()
            .roles
            .get(&(project.0, user.to_string()))
            .copied())
    }

    async fn set_role(
        &self,
        origin: &Origin,
        project: &ProjectName,
        user: &UserName,
        role: Role,
    ) -> Result<(), TokenError> {
        let mut state = self.state();
        let id = state
            .project(project)
            .ok_or_else(|| TokenError::NoSuchProject(project.clone()))?
            .id;
        if !state.users.contains(user.as_str()) {
            return Err(TokenError::NoSuchUser(user.clone()));
        }
        state.roles.insert((id.0, user.to_string()), role);
        state.note(origin, "set role", Some(project));
        Ok(())
    }
}

#[async_trait]
impl Publishers for Memory {
    async fn add(
        &self,
        origin: &Origin,
        project: &ProjectName,
        publisher: &Publisher,
    ) -> Result<PublisherId, AddPublisherError> {
        let mut state = self.state();
        let owner = state
            .project(project)
            .ok_or_else(|| AddPublisherError::NoSuchProject(project.clone()))?
            .id;
        if state
            .publishers
            .iter()
            .any(|(p, stored)| *p == owner && stored.publisher == *publisher)
        {
            return Err(AddPublisherError::Exists(project.clone()));
        }
        let id = PublisherId(state.next());
        state.publishers.push((
            owner,
            StoredPublisher {
                id,
                publisher: publisher.clone(),
            },
        ));
        state.note(origin, "add publisher", Some(project));
        Ok(id)
    }

    async fn remove(
        &self,
        origin: &Origin,
        project: &ProjectName,
        id: PublisherId,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(owner) = state.project(project).map(|p| p.id) else {
            return Ok(false);
        };
        let before = state.publishers.len();
        state
            .publishers
            .retain(|(p, stored)| !(*p == owner && stored.id == id));
        let removed = state.publishers.len() < before;
        if removed {
            state.note(origin, "remove publisher", Some(project));
        }
        Ok(removed)
    }

    async fn list(&self, project: ProjectId) -> Result<Vec<StoredPublisher>, StoreError> {
        let state = self.state();
        Ok(state
            .publishers
            .iter()
            .filter(|(p, _)| *p == project)
            .map(|(_, stored)| stored.clone())
            .collect())
    }

    async fn candidates(
        &self,
        project: ProjectId,
        keys: &[String],
    ) -> Result<Vec<StoredPublisher>, StoreError> {
        let mut list = self.list(project).await?;
        list.retain(|stored| keys.contains(&stored.publisher.lookup_key()));
        Ok(list)
    }
}

#[async_trait]
impl Blobs for Memory {
    async fn put(&self, digest: &Sha256, bytes: Spool) -> Result<(), BlobError> {
        let bytes =
            std::fs::read(bytes.path()).map_err(|cause| BlobError::new("store bytes", cause))?;
        self.state()
            .blobs
            .insert(digest.to_string(), (bytes, SystemTime::now()));
        Ok(())
    }

    async fn size(&self, digest: &Sha256) -> Result<Option<u64>, BlobError> {
        Ok(self
            .state()
            .blobs
            .get(&digest.to_string())
            .map(|(bytes, _)| bytes.len() as u64))
    }

    async fn read(
        &self,
        digest: &Sha256,
        range: Range<u64>,
    ) -> Result<Option<Bytestream>, BlobError> {
        let state = self.state();
        let Some((bytes, _)) = state.blobs.get(&digest.to_string()) else {
            return Ok(None);
        };
        let index =
            |at: u64| usize::try_from(at).map_err(|cause| BlobError::new("read bytes", cause));
        let piece = bytes
            .get(index(range.start)?..index(range.end)?)
            .ok_or_else(|| BlobError::new("read bytes", "the range lies outside the blob"))?;
        let piece = bytes::Bytes::copy_from_slice(piece);
        Ok(Some(Box::pin(futures_util::stream::once(async move {
            Ok(piece)
        }))))
    }

    async fn remove(&self, digest: &Sha256) -> Result<(), BlobError> {
        self.state().blobs.remove(&digest.to_string());
        Ok(())
    }

    async fn stored_before(&self, before: SystemTime) -> Result<Vec<Sha256>, BlobError> {
        let state = self.state();
        let old = state.blobs.iter().filter(|(_, (_, at))| *at < before);
        Ok(old.filter_map(|(digest, _)| digest.parse().ok()).collect())
    }
}

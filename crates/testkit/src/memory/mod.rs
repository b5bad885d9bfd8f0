//! A memory model of the ports: the contract in the plainest code, to compare the real stores with.

mod accounts;
mod attesters;
mod blobs;
mod catalogue;
mod coverage;
mod downloads;
mod floor;
mod inventory;
mod jobs;
mod kept;
mod log;
mod news;
mod projects;
mod publishers;
mod releases;
mod search;
mod trusted_publishing;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use jiff::Timestamp;
use touchplate_attest::{PinnedIds, Proven, Publisher, Verified};
use touchplate_index::accounts::Role;
use touchplate_index::attesters::KnownAttestation;
use touchplate_index::ports::{
    ChangeError, CreateProjectError, Findings, FormSaid, Hints, Journal, JournalRow, NewFile,
    NewProject, PinnedElsewhere, Project, ProjectId, ProjectTarget, PublisherId, Quota,
    RecordError, Release, Serial, StoreError, StoredAttestation, StoredAttester, StoredFile,
    StoredMinted, StoredPending, StoredPublisher, StoredToken, UploadRun, Usage, User, Viewer,
};
use touchplate_index::projects::Visibility;
use touchplate_index::trusted_publishing::RatchetSince;
use touchplate_index::{Origin, Ports};
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_packaging::{CoreMetadata, FileKind, ProjectName, Version};

pub use floor::FloorMemory;
pub use log::LogMemory;
pub use search::SearchMemory;

/// Everything an index keeps, in memory.
#[derive(Default)]
pub struct Memory {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rows: i64,
    journal: Vec<JournalRow>,
    users: BTreeMap<String, User>,
    tokens: Vec<(StoredToken, Option<ProjectId>)>,
    projects: Vec<Project>,
    roles: HashMap<(i64, String), Role>,
    publishers: Vec<(ProjectId, StoredPublisher)>,
    known_numbers: HashMap<(i64, String), PinnedIds>,
    pending: Vec<StoredPending>,
    minted: Vec<(StoredMinted, Vec<(ProjectId, PublisherId)>)>,
    used: HashMap<(String, [u8; 32]), Timestamp>,
    ratchets: Vec<(ProjectId, RatchetSince)>,
    by_publisher: BTreeSet<i64>,
    runs: HashMap<i64, UploadRun>,
    attesters: Vec<(ProjectId, StoredAttester)>,
    releases: Vec<StoredRelease>,
    filenames: BTreeSet<String>,
    quotas: HashMap<i64, Quota>,
    files: Vec<File>,
    core_metadata: HashMap<String, Vec<u8>>,
    sweeps: HashMap<String, (u64, bool)>,
    blobs: BTreeMap<String, (Vec<u8>, SystemTime)>,
    downloads: downloads::Counts,
    coverage: coverage::Sums,
    jobs: jobs::Turns,
    review: Option<touchplate_index::checking::Review>,
    /// By project and shape, with what made each.
    kept:
        std::collections::HashMap<(ProjectId, String), (String, touchplate_index::ports::KeptPage)>,
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
    form: FormSaid,
    findings: Findings,
    attestations: Vec<((String, String, String), StoredAttestation)>,
    late: Vec<((String, String, String), KnownAttestation)>,
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
            trusted: memory.clone(),
            attesters: memory.clone(),
            late: memory.clone(),
            downloads: memory.clone(),
            coverage: memory.clone(),
            news: memory.clone(),
            jobs: memory.clone(),
            journal: memory.clone(),
            catalogue: memory.clone(),
            inventory: memory.clone(),
            kept: memory.clone(),
            blobs: memory,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn usage(&self, project: ProjectId) -> Usage {
        let files = self.files.iter().filter(|file| file.project == project);
        let quota = self.quotas.get(&project.0).copied();
        Usage {
            used: files.map(|file| file.stored.size).sum(),
            quota: quota.unwrap_or_default(),
        }
    }

    fn next(&mut self) -> i64 {
        self.rows += 1;
        self.rows
    }

    /// Writes the journal, and marks the project as changed.
    fn note(&mut self, origin: &Origin, action: &str, project: Option<&ProjectName>) {
        let serial = self.note_aside(origin, action, project);
        if let Some(name) = project
            && let Some(project) = self.projects.iter_mut().find(|p| p.name == *name)
        {
            project.serial = serial;
        }
    }

    /// Writes the journal alone: nothing changed that installers read.
    fn note_aside(
        &mut self,
        origin: &Origin,
        action: &str,
        project: Option<&ProjectName>,
    ) -> Serial {
        let serial = Serial(self.journal.len() as u64 + 1);
        self.journal.push(JournalRow {
            serial,
            actor: origin.actor.to_string(),
            request: origin.request.to_string(),
            action: action.to_owned(),
            project: project.cloned(),
        });
        serial
    }

    fn role(&self, user: &str, project: ProjectId) -> Option<Role> {
        let administrator = self.users.get(user).is_some_and(|it| it.administrator);
        let role = self.roles.get(&(project.0, user.to_owned())).copied();
        if administrator {
            Some(Role::Owner)
        } else {
            role
        }
    }

    fn sees(&self, viewer: Viewer<'_>, project: &Project) -> bool {
        match (viewer, project.visibility) {
            (Viewer::Index, _) | (_, Visibility::Public) => true,
            (Viewer::Anybody, Visibility::Internal | Visibility::Private) => false,
            (Viewer::User(_), Visibility::Internal) => true,
            (Viewer::User(name), Visibility::Private) => {
                self.role(name.as_str(), project.id).is_some()
            }
        }
    }

    fn seen(&self, name: &ProjectName, viewer: Viewer<'_>) -> Option<&Project> {
        self.project(name)
            .filter(|project| self.sees(viewer, project))
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
            && !self.users.contains_key(owner.as_str())
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

    /// The publishers, those of these attestations pinned to the numbers that they show; or refuses all of them.
    fn held(
        &self,
        project: ProjectId,
        name: &ProjectName,
        attestations: &[Verified],
    ) -> Result<Vec<(ProjectId, StoredPublisher)>, Box<PinnedElsewhere>> {
        let mut held = self.publishers.clone();
        for verified in attestations {
            let of = |(p, stored): &&mut (ProjectId, StoredPublisher)| {
                *p == project && stored.publisher == *verified.publisher()
            };
            if let Some((_, stored)) = held.iter_mut().find(of) {
                stored.ids = stored.held_to(name, &verified.ids())?;
            }
        }
        Ok(held)
    }

    /// Puts the publishers that [`held`](Self::held) gave in place; their project remembers what is new.
    fn hold(&mut self, held: Vec<(ProjectId, StoredPublisher)>) {
        let before = std::mem::take(&mut self.publishers);
        for ((_, was), (project, stored)) in before.iter().zip(&held) {
            if was.ids != stored.ids {
                self.remember(*project, &stored.publisher, &stored.ids);
            }
        }
        self.publishers = held;
    }

    fn pin(&mut self, project: ProjectId, id: PublisherId, ids: &PinnedIds) {
        let mut publishers = self.publishers.iter_mut();
        if let Some((_, stored)) = publishers.find(|(p, it)| *p == project && it.id == id) {
            stored.ids = ids.clone();
            let publisher = stored.publisher.clone();
            self.remember(project, &publisher, ids);
        }
    }

    fn remember(&mut self, project: ProjectId, publisher: &Publisher, ids: &PinnedIds) {
        if let Some(name) = publisher.numbered() {
            self.known_numbers.insert((project.0, name), ids.clone());
        }
    }

    fn unchanged(&self, name: &ProjectName, since: Option<Serial>) -> Result<(), ChangeError> {
        let project = self.project(name).ok_or(ChangeError::NotFound)?;
        match since.is_none_or(|since| project.serial <= since) {
            true => Ok(()),
            false => Err(ChangeError::Changed),
        }
    }

    fn stored(&self, file: &File) -> StoredFile {
        let mut stored = file.stored.clone();
        if let Some(release) = self.releases.iter().find(|r| r.id == file.release) {
            stored.yanked = release.release.yanked.clone();
        }
        stored.attestations = u32::try_from(served(file)).unwrap_or(u32::MAX);
        stored
    }

    fn is_claimed(&self, project: ProjectId) -> bool {
        self.roles.keys().any(|(id, _)| *id == project.0)
            || self.files.iter().any(|file| file.project == project)
            || self.by_publisher.contains(&project.0)
    }

    fn check_target(&self, target: &ProjectTarget) -> Result<(), RecordError> {
        match target {
            ProjectTarget::New(_) => Ok(()),
            ProjectTarget::Unclaimed(id, _) if self.is_claimed(*id) => {
                Err(RecordError::ProjectAppeared)
            }
            ProjectTarget::Existing(id) | ProjectTarget::Unclaimed(id, _) => {
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

/// What a file has one attestation of: predicate type, subject name, issuer.
fn claim(proven: &Proven) -> (String, String, String) {
    let identity = proven.identity();
    (
        proven.predicate_type().to_string(),
        identity.san().to_string(),
        identity.issuer().to_owned(),
    )
}

/// How many attestations of a file its provenance object may have.
fn served(file: &File) -> usize {
    let rows = file.attestations.iter();
    rows.filter(|(_, it)| it.record.predicate_type.is_known_to_readers())
        .count()
}

fn attest(file: &mut File, attestations: &[Verified]) -> u32 {
    let mut added = 0;
    for verified in attestations {
        let proven = verified.proven();
        let key = claim(proven);
        let there = file.attestations.iter().map(|(there, _)| there);
        let late = file.late.iter().map(|(there, _)| there);
        if there.chain(late).any(|there| *there == key) {
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

    fn hints(&self) -> Hints {
        Hints::never()
    }
}

//! Ports that fail at one call, either way: nothing was done, or it was done and the answer was lost.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use touchplate_attest::{PinnedIds, Publisher, Verified};
use touchplate_index::accounts::{TokenId, UserName};
use touchplate_index::ports::{
    AddPublisherError, AttestError, BlobError, Blobs, Bytestream, ChangeError, CreateProjectError,
    FileId, Findings, FormSaid, Hints, Journal, JournalRow, Listing, NewFile, NewProject, Project,
    ProjectFacts, ProjectFiles, ProjectId, ProjectListing, Projects, PublisherId, Publishers,
    Quota, RecordError, ReleaseMetadata, Releases, SeenProject, Serial, StoreError,
    StoredAttestation, StoredFile, StoredPublisher, Usage, Viewer,
};
use touchplate_index::projects::Visibility;
use touchplate_index::spool::Spool;
use touchplate_index::trusted_publishing::Terms;
use touchplate_index::{Origin, Ports};
use touchplate_packaging::simple::{ProjectStatus, Yanked};
use touchplate_packaging::{Filename, ProjectName, Sha256, Version};

pub use crate::log_faults::Effect;

/// Which call fails, counted over all ports that share it.
#[derive(Debug)]
pub struct Faults {
    at: AtomicU64,
    effect: std::sync::Mutex<Effect>,
    calls: AtomicU64,
}

impl Faults {
    /// None fails.
    pub fn none() -> Arc<Self> {
        Arc::new(Self {
            at: AtomicU64::new(u64::MAX),
            effect: std::sync::Mutex::new(Effect::Lost),
            calls: AtomicU64::new(0),
        })
    }

    /// Counts calls anew, and fails at number `at`, counted from 0.
    pub fn fail_at(&self, at: u64, effect: Effect) {
        *self.effect.lock().unwrap() = effect;
        self.at.store(at, Ordering::SeqCst);
        self.calls.store(0, Ordering::SeqCst);
    }

    /// From now on none fails. True if it came to the fault.
    pub fn heal(&self) -> bool {
        let at = self.at.swap(u64::MAX, Ordering::SeqCst);
        self.calls.load(Ordering::SeqCst) > at
    }

    async fn run<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send,
        failed: impl Fn(&'static str, &'static str) -> E + Send,
    ) -> Result<T, E> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let effect = *self.effect.lock().unwrap();
        let failed = || failed("do as it was told", "the cable is out");
        let at = self.at.load(Ordering::SeqCst);
        match effect {
            Effect::Lost if call == at => Err(failed()),
            Effect::Outage(calls) if (at..at.saturating_add(calls)).contains(&call) => {
                Err(failed())
            }
            Effect::DoneButUnanswered if call == at => {
                work.await?;
                Err(failed())
            }
            _ => work.await,
        }
    }
}

/// A port behind faults.
pub struct Faulty<T: ?Sized> {
    inner: Arc<T>,
    faults: Arc<Faults>,
}

/// The ports in an upload's path, behind faults.
pub fn faulty(mut ports: Ports, faults: &Arc<Faults>) -> Ports {
    fn behind<T: ?Sized>(inner: Arc<T>, faults: &Arc<Faults>) -> Arc<Faulty<T>> {
        let faults = faults.clone();
        Arc::new(Faulty { inner, faults })
    }
    ports.projects = behind(ports.projects, faults);
    ports.releases = behind(ports.releases, faults);
    ports.publishers = behind(ports.publishers, faults);
    ports.journal = behind(ports.journal, faults);
    ports.blobs = behind(ports.blobs, faults);
    ports
}

macro_rules! port {
    ($port:ident, $failed:path: $(fn $name:ident($($given:ident: $kind:ty),*) -> Result<$done:ty, $refused:ty>;)* $(also { $($more:tt)* })?) => {
        #[async_trait]
        impl $port for Faulty<dyn $port> {
            $(async fn $name(&self, $($given: $kind),*) -> Result<$done, $refused> {
                let failed = |doing, cause| <$refused>::from($failed(doing, cause));
                self.faults.run(self.inner.$name($($given),*), failed).await
            })*
            $($($more)*)?
        }
    };
}

port! { Projects, StoreError::new:
    fn create(origin: &Origin, project: &NewProject) -> Result<Project, CreateProjectError>;
    fn by_name(name: &ProjectName) -> Result<Option<Project>, StoreError>;
    fn seen(name: &ProjectName, viewer: Viewer<'_>) -> Result<Option<SeenProject>, StoreError>;
    fn list_public() -> Result<Vec<ProjectListing>, StoreError>;
    fn seen_by(user: Option<&UserName>, after: Option<&str>, limit: usize) -> Result<Vec<(Project, bool)>, StoreError>;
    fn set_status(origin: &Origin, name: &ProjectName, status: ProjectStatus, reason: Option<&str>, since: Option<Serial>) -> Result<(), ChangeError>;
    fn set_visibility(origin: &Origin, name: &ProjectName, visibility: Visibility, since: Option<Serial>) -> Result<(), ChangeError>;
    fn set_quota(origin: &Origin, name: &ProjectName, quota: Quota) -> Result<(), ChangeError>;
    fn usage(project: ProjectId) -> Result<Option<Usage>, StoreError>;
    fn delete(origin: &Origin, name: &ProjectName) -> Result<bool, StoreError>;
}

port! { Releases, StoreError::new:
    fn record(origin: &Origin, file: &NewFile) -> Result<FileId, RecordError>;
    fn attest(origin: &Origin, file: FileId, attestations: &[Verified], spends: Option<&TokenId>) -> Result<u32, AttestError>;
    fn file(filename: &Filename, viewer: Viewer<'_>) -> Result<Option<(Project, StoredFile)>, StoreError>;
    fn is_burned(filename: &Filename) -> Result<bool, StoreError>;
    fn project_files(name: &ProjectName, viewer: Viewer<'_>) -> Result<Option<ProjectFiles>, StoreError>;
    fn project_facts(name: &ProjectName, viewer: Viewer<'_>) -> Result<Option<ProjectFacts>, StoreError>;
    fn release(project: ProjectId, version: &Version) -> Result<Option<ReleaseMetadata>, StoreError>;
    fn metadata(project: ProjectId) -> Result<Vec<ReleaseMetadata>, StoreError>;
    fn forms(project: ProjectId) -> Result<Vec<FormSaid>, StoreError>;
    fn attestations(file: FileId) -> Result<Vec<StoredAttestation>, StoreError>;
    fn findings(file: FileId) -> Result<Findings, StoreError>;
    fn core_metadata(digest: &Sha256) -> Result<Option<Vec<u8>>, StoreError>;
    fn set_yanked(origin: &Origin, project: &ProjectName, version: &Version, yanked: &Yanked, since: Option<Serial>) -> Result<(), ChangeError>;
    fn delete_file(origin: &Origin, filename: &Filename) -> Result<(), ChangeError>;
    fn delete_release(origin: &Origin, project: &ProjectName, version: &Version) -> Result<(), ChangeError>;
    fn sweeps(digest: &Sha256) -> Result<u64, StoreError>;
    fn begin_sweep(digest: &Sha256) -> Result<bool, StoreError>;
    fn swept(digest: &Sha256) -> Result<(), StoreError>;
    fn unfinished_sweeps() -> Result<Vec<Sha256>, StoreError>;
}

port! { Publishers, StoreError::new:
    fn add(origin: &Origin, project: &ProjectName, publisher: &Publisher, terms: &Terms, limit: Option<u32>) -> Result<StoredPublisher, AddPublisherError>;
    fn remove(origin: &Origin, project: &ProjectName, id: PublisherId) -> Result<bool, StoreError>;
    fn repin(origin: &Origin, project: &ProjectName, id: PublisherId, ids: &PinnedIds) -> Result<bool, StoreError>;
    fn list(project: ProjectId) -> Result<Vec<StoredPublisher>, StoreError>;
    fn candidates(project: ProjectId, keys: &[String]) -> Result<Vec<StoredPublisher>, StoreError>;
}

port! { Journal, StoreError::new:
    fn head() -> Result<Serial, StoreError>;
    fn after(after: Serial, limit: u32) -> Result<Vec<JournalRow>, StoreError>;
    also {
        fn hints(&self) -> Hints {
            self.inner.hints()
        }
    }
}

port! { Blobs, BlobError::new:
    fn put(digest: &Sha256, bytes: Spool) -> Result<(), BlobError>;
    fn size(digest: &Sha256) -> Result<Option<u64>, BlobError>;
    fn read(digest: &Sha256, range: Range<u64>) -> Result<Option<Bytestream>, BlobError>;
    fn remove(digest: &Sha256) -> Result<(), BlobError>;
    also {
        fn stored(&self) -> Listing {
            self.inner.stored()
        }
    }
}

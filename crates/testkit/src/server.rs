//! A whole server for tests: real router, real database and disk, a loopback port, a clock that stands still, and a trust
//! domain of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use touchplate_attest::Publisher;
use touchplate_index::accounts::{MadeFor, Role, UserName};
use touchplate_index::ports::{Blobs, NewProject};
use touchplate_index::projects::Visibility;
use touchplate_index::search::Search;
use touchplate_index::spool::SpoolRoom;
use touchplate_index::{Actor, Index, Origin, RequestId};
use touchplate_server::{Clock as _, Config, wiring};
use touchplate_store::{BlobsUrl, open_blobs};
use touchplate_trust::{Domain, Predicate};

use crate::clock::FixedClock;
use crate::http::{Answer, Client, Part, Request, multipart, multipart_type};
use crate::postgres::{self, TestDatabase};
use crate::processes::{self, Processes};
use crate::s3::{self, TestBucket};
use crate::sample::Sample;

/// Where a test server is, by its own configuration: the same in each run, whatever port was free.
pub const URL: &str = "https://packages.example";

/// A server that ends with the value.
pub struct TestServer {
    /// Talks to it.
    pub client: Client,
    /// Its clock.
    pub clock: Arc<FixedClock>,
    /// Whose attestations it accepts.
    pub domain: Arc<Domain>,
    /// The index itself, opened once more as `touchplate admin` would.
    pub index: Index,
    config: Config,
    folder: Arc<TempDir>,
    /// Where the rows are in PostgreSQL.
    postgres: Option<Arc<TestDatabase>>,
    processes: Vec<Process>,
}

/// A server that runs.
struct Process {
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl TestServer {
    /// A server on an empty folder.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A server on an empty folder, with a changed configuration.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let clock = Arc::new(FixedClock::default());
        let domain = Arc::new(Domain::new("touchplate.test", clock.now()).unwrap());
        let root = folder.path().join("trusted_root.json");
        std::fs::write(&root, domain.trusted_root_json()).unwrap();
        let mut config = Config::in_folder(&folder.path().join("data"));
        config.url = Some(URL.parse().unwrap());
        config.listen = "127.0.0.1:0".parse().unwrap();
        config.trusted_root = Some(root);
        let mut postgres = None;
        if postgres::is_wanted() {
            let database = TestDatabase::fresh().await.unwrap();
            config.location.database = database.url().parse().unwrap();
            postgres = Some(Arc::new(database));
        }
        if s3::is_wanted() {
            let bucket = TestBucket::fresh().unwrap();
            config.location.blobs = bucket.url().parse().unwrap();
        }
        change(&mut config);
        Self::open(config, (folder, postgres), clock, domain).await
    }

    /// A second server on the same data.
    pub async fn beside(&self) -> Self {
        self.beside_with(|_| {}).await
    }

    /// A second server on the same data, with a clock of its own.
    pub async fn beside_at(&self, clock: Arc<FixedClock>) -> Self {
        let kept = (self.folder.clone(), self.postgres.clone());
        Self::open(self.config.clone(), kept, clock, self.domain.clone()).await
    }

    /// A second server on the same data, with a changed configuration.
    pub async fn beside_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = self.config.clone();
        change(&mut config);
        let kept = (self.folder.clone(), self.postgres.clone());
        Self::open(config, kept, self.clock.clone(), self.domain.clone()).await
    }

    async fn open(
        config: Config,
        (folder, postgres): (Arc<TempDir>, Option<Arc<TestDatabase>>),
        clock: Arc<FixedClock>,
        domain: Arc<Domain>,
    ) -> Self {
        let index = wiring::open(&config).await.unwrap();
        let (mut processes, mut answering) = (Vec::new(), Vec::new());
        for number in 0..processes::wanted() {
            let mut config = config.clone();
            if number > 0 {
                // Where the first one was told to listen, it does.
                config.listen = "127.0.0.1:0".parse().unwrap();
            }
            let listener = wiring::bind(&config).await.unwrap();
            let address = listener.local_addr().unwrap();
            let ready = wiring::Ready::on(listener, config, clock.clone());
            let ready = ready.await.unwrap();
            answering.push((address, Some(ready.app().clone())));
            processes.push(Process::start(ready).await);
        }
        Self {
            client: Client::of(Processes::new(answering)),
            clock,
            domain,
            index,
            config,
            folder,
            postgres,
            processes,
        }
    }

    /// From now on requests go to the first process alone: where a test is of what each process has of its own.
    pub fn stay_with_one_process(&mut self) {
        self.client = self.client.of_the_first();
    }

    /// Stops the server as a service manager would, and waits until it has ended.
    pub async fn stop(&mut self) {
        let (stops, running): (Vec<_>, Vec<_>) = self
            .processes
            .drain(..)
            .map(|process| (process.stop, process.running))
            .unzip();
        drop(stops);
        for running in running {
            running.await.unwrap();
        }
    }

    /// What it was started with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Where its database is, for the driver.
    pub(crate) fn database(&self) -> String {
        match &self.postgres {
            Some(database) => database.driver_url(),
            None => self.config.location.database.to_string(),
        }
    }

    /// Search, opened once more as `touchplate admin search` would.
    pub async fn search(&self) -> Search {
        wiring::open_search(&self.config, &self.index)
            .await
            .unwrap()
    }

    /// `GET target`.
    pub async fn get(&self, target: &str) -> Answer {
        self.client.send(&Request::get(target)).await
    }

    /// `GET target` as an installer that wants JSON.
    pub async fn get_json(&self, target: &str) -> serde_json::Value {
        let request =
            Request::get(target).accept("application/vnd.pypi.simple.v1+json, application/json");
        self.client.send(&request).await.assert_ok().json()
    }

    /// What its clock says.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// What an operator does at the command line.
    pub fn operator(&self) -> Origin {
        Origin {
            actor: Actor::Operator,
            request: RequestId::random(),
            at: self.clock.now(),
        }
    }

    /// A new user with a token for everything.
    pub async fn user(&self, name: &str) -> Account<'_> {
        let user: UserName = name.parse().unwrap();
        self.index.add_user(&self.operator(), &user).await.unwrap();
        self.account(user, MadeFor::Everything).await
    }

    async fn account(&self, user: UserName, made_for: MadeFor) -> Account<'_> {
        let token = self
            .index
            .create_token(&self.operator(), &user, made_for, None)
            .await
            .unwrap();
        Account {
            server: self,
            token: token.reveal(),
            user,
        }
    }

    /// A new user who is to own a project.
    pub async fn publisher(&self, name: &str) -> Account<'_> {
        self.user(name).await
    }

    /// The digests of the stored blobs, and whatever else lies among them.
    pub async fn stored_blobs(&self) -> Vec<String> {
        let mut found: Vec<String> = match self.folder_of_blobs() {
            Some(folder) => {
                let name = |path: &Path| path.strip_prefix(&folder).unwrap().display().to_string();
                let files = files_below(&folder).into_iter();
                let blobs = files.filter(|path| !path.starts_with(folder.join("spool")));
                blobs.map(|path| name(&path).replace('/', "")).collect()
            }
            None => {
                let stored = self.blobs().await.stored();
                let names = stored.map_ok(|blob| blob.digest.to_string());
                names.try_collect().await.unwrap()
            }
        };
        found.sort();
        found
    }

    /// The folder of the blobs, where it is one.
    pub fn folder_of_blobs(&self) -> Option<PathBuf> {
        match &self.config.location.blobs {
            BlobsUrl::File(folder) => Some(folder.clone()),
            BlobsUrl::S3(_) => None,
        }
    }

    /// The blob store, opened once more.
    async fn blobs(&self) -> Arc<dyn Blobs> {
        let opened = open_blobs(&self.config.location.blobs).await;
        opened.unwrap().blobs
    }

    /// Puts other bytes in a blob's place, or nothing.
    pub async fn damage_blob(&self, digest: &str, bytes: Option<&[u8]>) {
        let (first, rest) = digest.split_at(2);
        let path = self
            .folder_of_blobs()
            .map(|folder| folder.join(first).join(rest));
        match (path, bytes) {
            (Some(path), Some(bytes)) => std::fs::write(path, bytes).unwrap(),
            (Some(path), None) => std::fs::remove_file(path).unwrap(),
            (None, Some(bytes)) => {
                let spool = SpoolRoom::open(&self.folder.path().join("damage")).unwrap();
                let mut writer = spool.writer(u64::MAX);
                writer.write(&bytes.to_vec().into()).await.unwrap();
                let spooled = writer.finish().await.unwrap();
                let digest = digest.parse().unwrap();
                self.blobs().await.put(&digest, spooled).await.unwrap();
            }
            (None, None) => {
                let digest = digest.parse().unwrap();
                self.blobs().await.remove(&digest).await.unwrap();
            }
        }
    }

    /// Files that wait in the spool: none, once no upload is under way.
    pub fn spooled(&self) -> Vec<PathBuf> {
        let beside = self.folder_of_blobs();
        let folder = beside.unwrap_or_else(|| self.config.data.clone());
        let mut files = files_below(&folder.join("spool"));
        files.retain(|path| {
            path.file_name()
                .is_some_and(|name| name != "lock" && name != "gate")
        });
        files
    }

    /// The publish attestations of a sample by those who are to make them, as the form field.
    pub fn attestations(&self, sample: &Sample) -> Option<Vec<u8>> {
        let workloads = sample.workloads();
        if workloads.is_empty() {
            return None;
        }
        let minted = workloads.iter().map(|who| {
            let (filename, digest) = (sample.filename(), sample.sha256());
            self.domain
                .attest(
                    who,
                    &filename,
                    &digest,
                    Predicate::Publish,
                    self.clock.now(),
                )
                .unwrap()
        });
        Some(
            [
                b"[".as_slice(),
                &minted.collect::<Vec<_>>().join(&b','),
                b"]",
            ]
            .concat(),
        )
    }

    /// The body of an upload of `sample`, and its content type.
    pub fn form(&self, sample: &Sample) -> (String, Vec<u8>) {
        let fields = sample
            .fields()
            .into_iter()
            .map(|(name, value)| Part::text(&name, value));
        let mut parts: Vec<Part> = fields.collect();
        parts.push(Part::file("content", &sample.filename(), sample.bytes()));
        // After the file, as uv does.
        parts.extend(
            self.attestations(sample)
                .map(|field| Part::text("attestations", field)),
        );
        (multipart_type(), multipart(&parts))
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        for process in &self.processes {
            process.running.abort();
        }
    }
}

impl Process {
    /// On return it listens.
    async fn start(ready: wiring::Ready) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let (listening, listens) = oneshot::channel();
        let serving = ready.serve(|_| listening.send(()).unwrap(), async {
            drop(stopped.await);
        });
        let running = tokio::spawn(async move { serving.await.unwrap() });
        listens.await.unwrap();
        Self { stop, running }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// A user of a test server, with a token.
pub struct Account<'s> {
    server: &'s TestServer,
    /// Who.
    pub user: UserName,
    /// Their token.
    pub token: String,
}

impl<'s> Account<'s> {
    /// Creates a project that they own, with the publisher whose attestations [`Sample::attested`] bears.
    pub async fn of(self, project: &str) -> Self {
        self.owning(project, Visibility::Public).await
    }

    /// The same, to be seen by fewer.
    pub async fn owning(self, project: &str, visibility: Visibility) -> Self {
        let new = NewProject {
            display: project.parse().unwrap(),
            visibility,
            owner: Some(self.user.clone()),
        };
        let server = self.server;
        let name = project.parse().unwrap();
        server
            .index
            .create_project(&server.operator(), &new)
            .await
            .unwrap();
        let publisher = Publisher::github(format!("example/{project}"), "release.yml");
        server
            .index
            .add_publisher(&server.operator(), &name, &publisher)
            .await
            .unwrap();
        self
    }

    /// Gives them a role in a project.
    pub async fn with_role(self, project: &str, role: Role) -> Self {
        let project = project.parse().unwrap();
        let server = self.server;
        server
            .index
            .set_role(&server.operator(), &project, &self.user, role)
            .await
            .unwrap();
        self
    }

    /// The same user with a token for one project alone.
    pub async fn token_for(&self, project: &str) -> Account<'s> {
        let made_for = MadeFor::Project(project.parse().unwrap());
        self.server.account(self.user.clone(), made_for).await
    }

    /// The same user with a token that reads alone: those projects, or with none all that the user may see.
    pub async fn reading(&self, projects: &[&str]) -> Account<'s> {
        let some = projects.iter().map(|name| name.parse().unwrap()).collect();
        let made_for = MadeFor::Reading((!projects.is_empty()).then_some(some));
        self.server.account(self.user.clone(), made_for).await
    }

    /// The request that uploads a sample.
    pub fn uploading(&self, sample: &Sample) -> Request {
        let (content_type, body) = self.server.form(sample);
        Request::new("POST", "/legacy/")
            .token(&self.token)
            .body(&content_type, body)
    }

    /// Uploads a sample as a client that says nothing of what it accepts.
    pub async fn upload(&self, sample: Sample) -> Answer {
        self.server.client.send(&self.uploading(&sample)).await
    }

    /// `GET target` with the token.
    pub async fn get(&self, target: &str) -> Answer {
        self.server
            .client
            .send(&Request::get(target).token(&self.token))
            .await
    }
}

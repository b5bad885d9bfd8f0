//! Where the demo plays: an index with a trust stack on a free port, and its operator.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use jiff::Timestamp;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use touchplate_attest::TrustRoot;
use touchplate_index::Index;
use touchplate_index::accounts::MadeFor;
use touchplate_index::ports::{NewProject, Serial};
use touchplate_server::config::{PublicUrl, TrustClock};
use touchplate_server::wiring::{self, ListeningOn, WiringError};
use touchplate_server::{Config, SystemClock};

use super::http::Client;
use super::narrator::Narrator;
use super::sample_project::{Distribution, NAME};
use super::signing::Signing;
use super::{DemoError, publisher};
use crate::admin::origin;
use crate::report::Failure;
use crate::serve::stop_signal;

/// The index's one user.
const USER: &str = "alice";

/// The demo's world. Dropping it removes the index's data.
pub(crate) struct Stage {
    signing: Signing,
    /// Left for the reader when all came out well.
    folder: TempDir,
    data: TempDir,
    url: String,
    client: Client,
    index: Index,
    runtime: Runtime,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), WiringError>>,
}

impl Stage {
    /// Makes a trust stack, and starts an empty index that runs and believes it.
    pub(crate) fn set(
        clock: impl Fn() -> Timestamp,
        narrator: &mut Narrator,
    ) -> Result<Self, Failure> {
        narrator.section("A trust stack and an index")?;
        let temporary = |prefix| tempfile::Builder::new().prefix(prefix).tempdir();
        let in_folder = "write to the folder for temporary files";
        let data = temporary("touchplate-demo-index-").map_err(DemoError::machine(in_folder))?;
        let folder = temporary("touchplate-demo-").map_err(DemoError::machine(in_folder))?;
        let config = Config {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            // It has no network, and so nothing that keeps its clock right.
            trust_clock: TrustClock::Unchecked,
            ..Config::in_folder(data.path())
        };
        let runtime = || Runtime::new().map_err(DemoError::machine("start threads"));
        let (runtime, servers) = (runtime()?, runtime()?);
        // The address first: the stack's logs are named after it.
        let listener = servers.block_on(wiring::bind(&config))?;
        let address = listener.local_addr();
        let address = address.map_err(DemoError::machine("find the address listened on"))?;
        let url = PublicUrl::of_listener(address, false);
        let signing = Signing::found(data.path(), url.as_str(), clock())?;
        let root_path = folder.path().join("trusted_root.json");
        std::fs::write(&root_path, signing.root_json()).map_err(DemoError::machine(in_folder))?;
        narrator.step("made a certificate authority, two transparency logs, a certificate log and a timestamp authority, with keys of their own")?;
        narrator.detail("its timestamps take the machine's clock as it is (trust_clock = \"unchecked\"): the demo asks nobody for the time")?;
        let index = runtime.block_on(wiring::open(&config))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let (listening, listens) = std::sync::mpsc::sync_channel(1);
        let served = std::thread::spawn(move || {
            let tell = move |on: &ListeningOn| {
                // The receiver waits just below, or the demo has ended.
                let _ = listening.send(on.url.clone());
            };
            let stopped = async move {
                // Also when the demo ended without saying so.
                let _ = stopped.await;
            };
            let clock = Arc::new(SystemClock);
            servers.block_on(wiring::serve_on(listener, config, clock, tell, stopped))
        });
        let Ok(url) = listens.recv() else {
            // It ended before it listened, and says why.
            ended(served)?;
            return Err(DemoError::Unlike {
                expected: "an index that listens".into(),
                found: "none".into(),
            }
            .into());
        };
        narrator.step(&format!(
            "started an empty index at {url}, which believes this stack and Sigstore's public instance"
        ))?;
        let client = Client::new(&url);
        Ok(Self {
            signing,
            folder,
            data,
            url,
            client,
            index,
            runtime,
            stop,
            served,
        })
    }

    /// As operator: a user, a project, and whose files it takes. Returns the user's token.
    pub(crate) fn invite(&self, narrator: &mut Narrator) -> Result<String, Failure> {
        narrator.section("The operator says who may publish")?;
        let user = USER.parse().map_err(DemoError::machine("name a user"))?;
        let display = NAME.parse().map_err(DemoError::machine("name a project"))?;
        let visibility = self.index.settings().default_visibility;
        let project = NewProject {
            display,
            visibility,
            owner: Some(user),
        };
        let token = self.runtime.block_on(async {
            let user = project.owner.as_ref();
            let user = user.ok_or(DemoError::Unlike {
                expected: "an owner".into(),
                found: "none".into(),
            })?;
            self.index.add_user(&origin(), user).await?;
            let created = self.index.create_project(&origin(), &project).await?;
            self.index
                .add_publisher(&origin(), &created.name, &publisher())
                .await?;
            let made_for = MadeFor::Project(created.name);
            let token = self
                .index
                .create_token(&origin(), user, made_for, None)
                .await?;
            Ok::<_, Failure>(token.reveal())
        })?;
        narrator.step(&format!("user {USER}, with a token for the project {NAME}"))?;
        narrator.step(&format!("publisher of {NAME}: {}", publisher().describe()))?;
        Ok(token)
    }

    /// Who signs, as whichever workflow.
    pub(crate) fn signing(&self) -> &Signing {
        &self.signing
    }

    /// The stack's trust root.
    pub(crate) fn root(&self) -> &TrustRoot {
        self.signing.root()
    }

    /// A client of the index.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// All that the index knows and has: the number of its latest change, and its files on disk but the database's.
    pub(crate) fn contents(&self) -> Result<(Serial, BTreeSet<PathBuf>), Failure> {
        let head = self.runtime.block_on(self.index.head())?;
        Ok((head, self.stored_files()?))
    }

    /// The files that the index has on disk, without the database's.
    fn stored_files(&self) -> Result<BTreeSet<PathBuf>, DemoError> {
        let mut found = BTreeSet::new();
        let mut folders = vec![self.data.path().to_owned()];
        let listed = "list the index's files";
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().map_err(DemoError::machine(listed))? {
                let path = entry.map_err(DemoError::machine(listed))?.path();
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                if path.is_dir() {
                    folders.push(path);
                } else if !name.contains(".sqlite") {
                    found.insert(path);
                }
            }
        }
        Ok(found)
    }

    /// Writes a file and its provenance where the reader finds them; returns their path and the trust root's.
    pub(crate) fn keep_for_reader(
        &self,
        filename: &str,
        bytes: &[u8],
        provenance: &[u8],
    ) -> Result<(PathBuf, PathBuf), DemoError> {
        let file = self.folder.path().join(filename);
        let beside = self.folder.path().join(format!("{filename}.provenance"));
        let written =
            std::fs::write(&file, bytes).and_then(|()| std::fs::write(beside, provenance));
        written.map_err(DemoError::machine(
            "write to the folder for temporary files",
        ))?;
        Ok((file, self.folder.path().join("trusted_root.json")))
    }

    /// Says where to look.
    pub(crate) fn tell_urls(
        &self,
        files: &[Distribution],
        kept: bool,
        narrator: &Narrator,
    ) -> Result<(), Failure> {
        let when = if kept {
            "While it serves:"
        } else {
            "With `touchplate demo --keep` it goes on serving, for example:"
        };
        narrator.say(when)?;
        let url = &self.url;
        narrator.row("project", &format!("{url}/project/{NAME}/"))?;
        if let Some(Distribution {
            filename, version, ..
        }) = files.first()
        {
            narrator.row(
                "file",
                &format!("{url}/project/{NAME}/{version}/{filename}"),
            )?;
            narrator.row(
                "provenance",
                &format!("{url}/integrity/{NAME}/{version}/{filename}/provenance"),
            )?;
        }
        narrator.row("simple", &format!("{url}/simple/{NAME}/"))?;
        narrator.row("log", &format!("{url}/trust/rekor1/api/v1/log"))?;
        narrator.row("trust config", &format!("{url}/trust/trust_config.json"))
    }

    /// Serves until Ctrl-C.
    pub(crate) fn keep(&self) -> Result<(), Failure> {
        self.runtime.block_on(async {
            stop_signal()?.await;
            Ok(())
        })
    }

    /// Stops the index; its data goes with it, and what is for the reader stays.
    pub(crate) fn strike(self) -> Result<(), Failure> {
        // Its place is on the screen; only the removal at the end is called off.
        let _ = self.folder.keep();
        // It is gone only when it has stopped by itself, which the next line reports.
        let _ = self.stop.send(());
        ended(self.served)
    }
}

fn ended(served: JoinHandle<Result<(), WiringError>>) -> Result<(), Failure> {
    match served.join() {
        Ok(outcome) => Ok(outcome?),
        // The panic's own message is on standard error already.
        Err(_) => Err(DemoError::machine("go on serving")("the server's thread panicked").into()),
    }
}

//! From a configuration to a running server. Nothing else names the store.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use touchplate_attest::domain::DomainsError;
use touchplate_attest::root::MAX_TRUST_ROOT_BYTES;
use touchplate_attest::{TrustDomain, TrustDomains, TrustRoot, TrustRootError};
use touchplate_client::trust_store::{StoredDomains, TrustStore, TrustStoreError};
use touchplate_index::files::Links;
use touchplate_index::ports::{Blobs, StoreError};
use touchplate_index::search::Search;
use touchplate_index::spool::SpoolRoom;
use touchplate_index::{Index, Settings};
use touchplate_store::{DatabaseUrl, OpenError, Opened, SearchFile};

use crate::api::upload::Drains;
use crate::app::{App, Shared, Stopping};
use crate::cache::Cache;
use crate::clock::Clock;
use crate::config::{Config, PublicUrl};
use crate::metrics::{Measured, Metrics, Roots};
use crate::publishing::{Publishing, PublishingError};
use crate::reloading::{Reloading, Watched};
use crate::tls::{Tls, TlsError};
use crate::trust::{self, Mounted, OpenStackError, TrustStack};
use crate::{chores, serving};
use serving::{Door, FilesHost};

pub use crate::observe::Peer;
pub use crate::routes::router;

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The data folder.
    #[error("the data folder {} cannot be made", .path.display())]
    Data {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The trust root's file.
    #[error("the trust root {} cannot be read", .path.display())]
    TrustRootFile {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The trust root itself.
    #[error("the trust root {} is not usable", .path.display())]
    TrustRoot {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: TrustRootError,
    },
    /// The folder of trust domains holds none.
    #[error("there are no trust domains in {}", .path.display())]
    NoTrustStore {
        /// The folder.
        path: PathBuf,
    },
    /// The folder of trust domains.
    #[error(transparent)]
    TrustStore(#[from] TrustStoreError),
    /// The trust domains do not fit together.
    #[error("the trust domains in {} are not usable", .path.display())]
    TrustDomains {
        /// The folder.
        path: PathBuf,
        /// Why not.
        source: DomainsError,
    },
    /// One root for all names, and domains: which?
    #[error("expected either `trusted_root` or `trust`, found both")]
    TwoTrusts,
    /// What is required of uploads is told where trusted publishing is.
    #[error(
        "`index_binding_required` needs `trusted_publishing`: clients learn from its answer at `/.well-known/pytp` that the \
         index wants attestations which name it"
    )]
    BindingUntold,
    /// The database or the blob store.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The spool.
    #[error("the spool {} cannot be opened", .path.display())]
    Spool {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The address.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Trusted publishing.
    #[error(transparent)]
    Publishing(#[from] PublishingError),
    /// The database, once it was open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The private trust stack.
    #[error(transparent)]
    Stack(#[from] OpenStackError),
}

/// An index, and what the server asks beside it.
struct OpenedIndex {
    index: Index,
    blobs: Arc<dyn Blobs>,
    metrics: Arc<Metrics>,
}

/// Opens the index that a configuration names, creating what is missing.
///
/// # Errors
/// When something named by the configuration cannot be read, made or opened.
pub async fn open(config: &Config) -> Result<Index, WiringError> {
    // Nobody reads the figures of what is opened so.
    Ok(open_index(config, Timestamp::UNIX_EPOCH).await?.index)
}

/// Whether there is a database where a configuration says; of a database server that is not known before it is asked.
pub fn may_be_there(config: &Config) -> bool {
    match &config.location.database {
        DatabaseUrl::Sqlite(path) => path.exists(),
        DatabaseUrl::Postgres(_) => true,
    }
}

/// As [`open`], with what the server asks beside it.
async fn open_index(config: &Config, now: Timestamp) -> Result<OpenedIndex, WiringError> {
    let config = config.clone();
    where_one_may_block(async move || open_here(&config, now).await).await
}

/// The search index's file in the data folder, whatever the database is.
pub(crate) const SEARCH: &str = "search.sqlite";

/// Search of the projects of an opened index.
///
/// # Errors
/// When its file cannot be made or opened.
pub async fn open_search(config: &Config, index: &Index) -> Result<Search, WiringError> {
    let kept = SearchFile::open(&config.data.join(SEARCH)).await?;
    Ok(Search::new(index, Arc::new(kept)))
}

/// The private trust stack, where there is one.
pub(crate) async fn open_stack(
    config: &Config,
    url: &PublicUrl,
    now: Timestamp,
) -> Result<Option<TrustStack>, WiringError> {
    let (config, url) = (config.clone(), url.clone());
    where_one_may_block(async move || Ok(trust::open(&config, &url, now).await?)).await
}

/// On a thread that may block: nearly all of opening is reading and writing files. Besides, SQLx's future of a migration
/// may not move between threads as far as the compiler can see, and would not let [`serve`] do so.
async fn where_one_may_block<T: Send + 'static>(
    open: impl AsyncFnOnce() -> Result<T, WiringError> + Send + 'static,
) -> Result<T, WiringError> {
    let runtime = Handle::current();
    let opening = tokio::task::spawn_blocking(move || runtime.block_on(open()));
    match opening.await {
        Ok(opened) => opened,
        Err(stopped) => match stopped.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => Err(StoreError::new("be opened", cancelled).into()),
        },
    }
}

async fn open_here(config: &Config, now: Timestamp) -> Result<OpenedIndex, WiringError> {
    if config.index_binding_required && !config.trusted_publishing {
        return Err(WiringError::BindingUntold);
    }
    std::fs::create_dir_all(&config.data).map_err(|source| WiringError::Data {
        path: config.data.clone(),
        source,
    })?;
    let (trust, roots) = believed(config, now)?;
    let Opened {
        mut ports,
        connections,
        spool_folder,
    } = touchplate_store::open(&config.location).await?;
    let takes_elsewhere = spool_folder.is_none();
    let spool_folder = spool_folder.unwrap_or_else(|| config.data.join("spool"));
    let mut spool = SpoolRoom::open(&spool_folder).map_err(|source| WiringError::Spool {
        path: spool_folder,
        source,
    })?;
    if takes_elsewhere {
        spool = spool.without_flushing();
    }
    let settings = Settings {
        profile: config.profile,
        default_visibility: config.default_visibility,
        max_file_bytes: config.max_file_bytes,
        index_binding_required: config.index_binding_required,
        keeps_pages: !config.read_only,
        max_project_bytes: config.max_project_bytes,
        ..Settings::default()
    };
    let metrics = Arc::new(Metrics::of(roots, connections, now));
    let blobs: Arc<dyn Blobs> = Arc::new(Measured::new(ports.blobs, metrics.clone()));
    ports.blobs = blobs.clone();
    Ok(OpenedIndex {
        index: Index::new(ports, settings, Arc::new(trust), spool),
        blobs,
        metrics,
    })
}

/// Whom attestations are checked by: the folder of domains, the one root, or the embedded public-good one; and of when the
/// roots are.
fn believed(config: &Config, now: Timestamp) -> Result<(TrustDomains, Roots), WiringError> {
    let roots = |stored: Option<&StoredDomains>| Roots::new(stored, now);
    match (&config.trust, &config.trusted_root) {
        (Some(_), Some(_)) => Err(WiringError::TwoTrusts),
        (Some(folder), None) => {
            let store = TrustStore::at(folder);
            // Somebody named it: a slip in the name must not turn into the public-good root.
            if !store.exists() {
                return Err(WiringError::NoTrustStore {
                    path: folder.clone(),
                });
            }
            let stored = store.load()?;
            let domains = stored.trust_domains();
            let domains = domains.map_err(|source| WiringError::TrustDomains {
                path: folder.clone(),
                source,
            })?;
            Ok((domains, roots(Some(&stored))))
        }
        (None, Some(path)) => Ok((TrustDomains::only(trust_root(path)?), roots(None))),
        (None, None) => Ok((believed_by_default(config)?, roots(None))),
    }
}

/// The public-good instance for every name, and beside it this server's own stack, if it has one, for the names that the
/// stack was made for and on the word of the issuers that it believes.
pub(crate) fn believed_by_default(config: &Config) -> Result<TrustDomains, WiringError> {
    let public = TrustDomain::public_good();
    let own = trust::own_domain(config)?;
    let domains = TrustDomains::new([public].into_iter().chain(own).collect());
    domains.map_err(|source| WiringError::TrustDomains {
        path: config.data.join(trust::FOLDER),
        source,
    })
}

fn trust_root(path: &Path) -> Result<TrustRoot, WiringError> {
    let unreadable = |source| WiringError::TrustRootFile {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut json = Vec::new();
    // One byte more than may be: the parser then says that it is too long.
    let most = u64::try_from(MAX_TRUST_ROOT_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    std::io::Read::read_to_end(&mut std::io::Read::take(file, most), &mut json)
        .map_err(unreadable)?;
    TrustRoot::from_json(&json).map_err(|source| WiringError::TrustRoot {
        path: path.to_owned(),
        source,
    })
}

/// What `serve` tells once it listens, before it accepts the first connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListeningOn {
    /// Where readers reach this index, without a slash at its end.
    pub url: String,
    /// The address listened on, with the port that was free.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Whether any token was ever made: until then nobody can upload.
    pub has_tokens: bool,
}

/// Takes the address that a configuration listens on. Connections wait until [`serve_on`].
///
/// # Errors
/// When the address is taken.
pub async fn bind(config: &Config) -> Result<TcpListener, WiringError> {
    listen(config.listen).map_err(|source| WiringError::Listen {
        address: config.listen,
        source,
    })
}

/// Connections that the kernel holds for us until they are accepted, if it is willing to (`net.core.somaxconn`). Tokio's own
/// 128 is less than a CI farm opens at once, and whoever is beyond it waits a second for its next try, or is reset.
const WAITING_CONNECTIONS: u32 = 4096;

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A server that starts again need not wait until the kernel has forgotten the last one's connections.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING_CONNECTIONS)
}

/// Binds, then serves until `shutdown` resolves. `on_listening` gets the real address before the first accept.
///
/// # Errors
/// When the address is taken, or as [`open`].
pub async fn serve(
    config: Config,
    clock: Arc<dyn Clock>,
    on_listening: impl FnOnce(&ListeningOn),
    shutdown: impl Future<Output = ()>,
) -> Result<(), WiringError> {
    let listener = bind(&config).await?;
    serve_on(listener, config, clock, on_listening, shutdown).await
}

/// Serves on a [bound](bind) listener.
///
/// # Errors
/// As [`open`].
pub async fn serve_on(
    listener: TcpListener,
    config: Config,
    clock: Arc<dyn Clock>,
    on_listening: impl FnOnce(&ListeningOn),
    shutdown: impl Future<Output = ()>,
) -> Result<(), WiringError> {
    let ready = Ready::on(listener, config, clock).await?;
    ready.serve(on_listening, shutdown).await
}

/// A server that could answer, and does not yet.
pub struct Ready {
    listener: TcpListener,
    address: SocketAddr,
    config: Config,
    watched: Watched,
    tls: Option<Arc<Tls>>,
    app: App,
}

impl Ready {
    /// Opens all that a configuration names, to serve on a [bound](bind) listener.
    ///
    /// # Errors
    /// As [`open`].
    pub async fn on(
        listener: TcpListener,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WiringError> {
        let address = listener
            .local_addr()
            .map_err(|source| WiringError::Listen {
                address: config.listen,
                source,
            })?;
        let tls = Tls::open(config.tls_cert.as_deref(), config.tls_key.as_deref())?.map(Arc::new);
        let watched = Watched::new(&config);
        let app = assemble(&config, clock, address).await?;
        Ok(Self {
            listener,
            address,
            config,
            watched,
            tls,
            app,
        })
    }

    /// What its handlers share.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Serves until `shutdown` resolves. `on_listening` gets the real address before the first accept.
    ///
    /// # Errors
    /// When the database does not answer any more.
    pub async fn serve(
        self,
        on_listening: impl FnOnce(&ListeningOn),
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), WiringError> {
        let Self {
            listener,
            address,
            config,
            watched,
            tls,
            app,
        } = self;
        let listening = ListeningOn {
            url: app.url.clone(),
            address,
            tls: tls.is_some(),
            has_tokens: app.index.has_tokens().await?,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(chores::follow_the_journal(app.clone()));
        tasks.spawn(chores::heed_hints(app.clone()));
        tasks.spawn(chores::follow_with_search(app.clone()));
        tasks.spawn(chores::tidy(app.clone()));
        tasks.spawn(chores::count_downloads(app.clone()));
        tasks.spawn(chores::count_coverage(app.clone()));
        tasks.spawn(chores::review_attestations(app.clone()));
        let url = public_url(&config, address);
        let reloading = Reloading::new(app.clone(), config, url, watched);
        tasks.spawn(chores::reload(reloading));
        if let Some(tls) = &tls {
            tasks.spawn(chores::renew_tls(tls.clone()));
        }
        on_listening(&listening);
        serving::serve(listener, Door::new(app.clone()), tls, shutdown).await;
        // What the chores were doing may be killed anywhere: each is safe to run again.
        tasks.shutdown().await;
        chores::write_downloads_down(&app).await;
        Ok(())
    }
}

/// The server's state for a configuration, listening on `address`.
///
/// # Errors
/// As [`open`].
pub async fn assemble(
    config: &Config,
    clock: Arc<dyn Clock>,
    address: SocketAddr,
) -> Result<App, WiringError> {
    let OpenedIndex {
        index,
        blobs,
        metrics,
    } = open_index(config, clock.now()).await?;
    let url = public_url(config, address);
    let index = index.known_as(&url.to_string());
    let search = open_search(config, &index).await?;
    let trust = open_stack(config, &url, clock.now()).await?;
    Ok(App::new(Shared {
        links: links(config, &url),
        url: url.to_string(),
        cache: Cache::open(index.clone()).await?,
        index,
        search,
        blobs,
        clock,
        anonymous_read: config.anonymous_read,
        read_only: config.read_only,
        readme_images: config.readme_images,
        forwarded_from: config.forwarded_from.clone(),
        forwarded_header: config.forwarded_header,
        metrics_from: config.metrics_from.clone(),
        metrics,
        files_host: FilesHost::apart_from(&url, config.files_url.as_ref()),
        limits: config.limits,
        stopping: Stopping::default(),
        drains: Drains::default(),
        publishing: Publishing::open(config, &url)?,
        trust: Mounted::new(trust),
    }))
}

/// Where readers reach an index that listens on `address`.
fn public_url(config: &Config, address: SocketAddr) -> PublicUrl {
    let of_listener = || PublicUrl::of_listener(address, config.tls_cert.is_some());
    config.url.clone().unwrap_or_else(of_listener)
}

fn links(config: &Config, url: &PublicUrl) -> Links {
    // Without a configured address, links to files stay relative: right under whatever name the reader came by.
    let files = config
        .files_url
        .as_ref()
        .or(config.url.as_ref())
        .map(ToString::to_string)
        .unwrap_or_default();
    let provenance = url.is_secure().then(|| url.to_string());
    if provenance.is_none() {
        tracing::warn!(
            %url,
            "provenance URLs are left out of the Simple API: PEP 740 wants them https or on the loopback; set `url`"
        );
    }
    Links { files, provenance }
}

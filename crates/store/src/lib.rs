//! The ports of `index` and `trust` made real: SQLite or PostgreSQL, and disk or S3.
//!
//! [`open`] is the door: it creates, migrates and checks what a [`Location`] names. One process or many may have the same
//! location open.

mod connections;
mod disk;
mod location;
mod migrating;
pub mod moving;
mod postgres;
mod s3;
mod search;
mod sqlite;
mod stamps;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use touchplate_index::Ports;
use touchplate_index::ports::{
    Accounts, Attesters, BlobError, Blobs, Catalogue, Coverage, Downloads, Inventory, Jobs,
    Journal, KeptPages, LateAttestations, News, Projects, Publishers, Releases, StoreError,
    TrustedPublishing,
};

pub use connections::{Connections, PoolCount};
pub use disk::Disk;
use touchplate_trust::allowance::{AllowanceError, Allowances};
use touchplate_trust::log::{LogStore, LogStoreError};
use touchplate_trust::stamp::{FloorError, StampFloor};

use moving::{LOG_FILE, MOVED_LOG_FILE, STAMPS, TILES};

pub use location::{BlobsUrl, DatabaseUrl, InvalidLocation, Location};
pub use postgres::log::LogFiles as PostgresLogs;
pub use postgres::{
    InvalidPostgresUrl, Postgres, PostgresAllowances, PostgresStampFloor, PostgresUrl,
};
pub use s3::{InvalidS3Url, S3, S3Url};
pub use search::SearchFile;
pub use sqlite::Sqlite;
pub use sqlite::log::LogFiles;
pub use stamps::SqliteStampFloor;

/// Ports that stand on a location.
pub struct Opened {
    /// The ports.
    pub ports: Ports,
    /// Counts connections to the database.
    pub connections: Arc<dyn Connections>,
    /// Where uploads must be spooled so that storing them is a rename: on the file system of the blobs. None: anywhere.
    pub spool_folder: Option<PathBuf>,
}

/// A blob store.
pub struct OpenedBlobs {
    /// It.
    pub blobs: Arc<dyn Blobs>,
    /// As in [`Opened`].
    pub spool_folder: Option<PathBuf>,
}

/// Why a location could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database.
    #[error("the database `{database}` cannot be opened")]
    Database {
        /// Which.
        database: DatabaseUrl,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The blob store.
    #[error("the blob store `{blobs}` cannot be opened")]
    Blobs {
        /// Which.
        blobs: BlobsUrl,
        /// Why.
        #[source]
        source: BlobError,
    },
}

impl OpenError {
    /// Whether it is of a server, and not of something below the data folder.
    pub fn is_elsewhere(&self) -> bool {
        match self {
            Self::Database { database, .. } => matches!(database, DatabaseUrl::Postgres(_)),
            Self::Blobs { blobs, .. } => matches!(blobs, BlobsUrl::S3(_)),
        }
    }
}

/// Opens the database and the blob store, creating and migrating them as needed.
pub async fn open(location: &Location) -> Result<Opened, OpenError> {
    let failed = |source| OpenError::Database {
        database: location.database.clone(),
        source,
    };
    let OpenedBlobs {
        blobs,
        spool_folder,
    } = open_blobs(&location.blobs).await?;
    let (ports, connections) = match &location.database {
        DatabaseUrl::Sqlite(path) => {
            let database = Sqlite::open(path).await.map_err(failed)?;
            ports(Arc::new(database), blobs)
        }
        DatabaseUrl::Postgres(url) => {
            let database = Postgres::open(url).await.map_err(failed)?;
            ports(Arc::new(database), blobs)
        }
    };
    Ok(Opened {
        ports,
        connections,
        spool_folder,
    })
}

/// Opens a blob store.
///
/// # Errors
/// When it cannot be reached, or refuses.
pub async fn open_blobs(blobs: &BlobsUrl) -> Result<OpenedBlobs, OpenError> {
    let failed = |source| OpenError::Blobs {
        blobs: blobs.clone(),
        source,
    };
    Ok(match blobs {
        BlobsUrl::File(folder) => {
            let disk = Disk::open(folder).map_err(failed)?;
            OpenedBlobs {
                spool_folder: Some(disk.spool_folder()),
                blobs: Arc::new(disk),
            }
        }
        BlobsUrl::S3(url) => OpenedBlobs {
            spool_folder: None,
            blobs: Arc::new(S3::open(url).await.map_err(failed)?),
        },
    })
}

/// Every port but that of the bytes.
trait Database:
    Projects
    + Releases
    + Accounts
    + Publishers
    + TrustedPublishing
    + Attesters
    + LateAttestations
    + Downloads
    + Catalogue
    + Coverage
    + News
    + KeptPages
    + Inventory
    + Jobs
    + Journal
    + Connections
    + 'static
{
}

impl Database for Sqlite {}
impl Database for Postgres {}

fn ports(database: Arc<impl Database>, blobs: Arc<dyn Blobs>) -> (Ports, Arc<dyn Connections>) {
    let connections = database.clone();
    let ports = Ports {
        projects: database.clone(),
        releases: database.clone(),
        accounts: database.clone(),
        publishers: database.clone(),
        trusted: database.clone(),
        attesters: database.clone(),
        late: database.clone(),
        downloads: database.clone(),
        catalogue: database.clone(),
        coverage: database.clone(),
        news: database.clone(),
        inventory: database.clone(),
        kept: database.clone(),
        jobs: database.clone(),
        journal: database,
        blobs,
    };
    (ports, connections)
}

/// Opens the logs of a trust stack in its folder, or in the index's database where that is a server, and then with their full
/// tiles in the folder.
///
/// # Errors
/// When the database or the folder cannot be opened.
pub async fn open_logs(
    database: &DatabaseUrl,
    folder: &Path,
) -> Result<Arc<dyn LogStore>, LogStoreError> {
    let tiles = folder.join(TILES);
    Ok(match database {
        // Logs that began anew would contradict every checkpoint that was given out.
        DatabaseUrl::Sqlite(_) => {
            let moved = folder.join(MOVED_LOG_FILE);
            if moved.exists() {
                let cause = format!(
                    "this stack's logs were moved to PostgreSQL, and `{}` is what is left of them: name that database in `database`, \
                     or make another stack in another folder",
                    moved.display()
                );
                return Err(LogStoreError::new("open the logs' database", cause));
            }
            Arc::new(LogFiles::open(&folder.join(LOG_FILE), &tiles).await?)
        }
        DatabaseUrl::Postgres(url) => {
            let before = folder.join(LOG_FILE);
            if before.exists() {
                let cause = format!(
                    "this stack's logs are in `{}`, which `touchplate admin migrate` moves with the index: leave `database` as it \
                     was and run that, or make another stack in another folder",
                    before.display()
                );
                return Err(LogStoreError::new("open the logs' database", cause));
            }
            Arc::new(PostgresLogs::open(url, &tiles).await?)
        }
    })
}

/// Opens what keeps the time of the latest stamp, at the same place as the logs.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_stamp_floor(
    database: &DatabaseUrl,
    folder: &Path,
) -> Result<Arc<dyn StampFloor>, FloorError> {
    Ok(match database {
        DatabaseUrl::Sqlite(_) => Arc::new(SqliteStampFloor::open(&folder.join(STAMPS)).await?),
        DatabaseUrl::Postgres(url) => Arc::new(PostgresStampFloor::open(url).await?),
    })
}

/// Opens what counts callers for all processes of a stack; none where the database serves one process, which counts by itself.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_allowances(
    database: &DatabaseUrl,
) -> Result<Option<Arc<dyn Allowances>>, AllowanceError> {
    Ok(match database {
        DatabaseUrl::Sqlite(_) => None,
        DatabaseUrl::Postgres(url) => Some(Arc::new(PostgresAllowances::open(url).await?)),
    })
}

//! The ports of `index` and `trust` made real: SQLite and disk.
//!
//! [`open`] is the door: it creates, migrates and checks what a [`Location`] names. One process or many may have the same
//! location open.

mod disk;
mod location;
mod log;
mod search;
mod sqlite;
mod stamps;

use std::path::PathBuf;
use std::sync::Arc;

use touchplate_index::Ports;
use touchplate_index::ports::{BlobError, StoreError};

pub use disk::Disk;
pub use location::{BlobsUrl, DatabaseUrl, InvalidLocation, Location};
pub use log::LogFiles;
pub use search::SearchFile;
pub use sqlite::Sqlite;
pub use stamps::SqliteStampFloor;

/// Ports that stand on a location.
pub struct Opened {
    /// The ports.
    pub ports: Ports,
    /// Where uploads may be spooled so that storing them is a rename: on the file system of the blobs.
    pub spool_folder: PathBuf,
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

/// Opens the database and the blob store, creating and migrating them as needed.
pub async fn open(location: &Location) -> Result<Opened, OpenError> {
    let database = match &location.database {
        DatabaseUrl::Sqlite(path) => Sqlite::open(path).await,
    };
    let database = database.map_err(|source| OpenError::Database {
        database: location.database.clone(),
        source,
    })?;
    let BlobsUrl::File(folder) = &location.blobs;
    let disk = Disk::open(folder).map_err(|source| OpenError::Blobs {
        blobs: location.blobs.clone(),
        source,
    })?;
    let spool_folder = disk.spool_folder();
    let database = Arc::new(database);
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
        journal: database,
        blobs: Arc::new(disk),
    };
    Ok(Opened {
        ports,
        spool_folder,
    })
}

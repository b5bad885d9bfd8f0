//! The implementations of the ports. A new one is one more line in [`IMPLEMENTATIONS`].

// Each test program uses some of it.
#![allow(dead_code, unreachable_pub)]

use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use touchplate_index::Ports;
use touchplate_store::{Location, open};
use touchplate_testkit::memory::Memory;
use touchplate_testkit::postgres::TestDatabase;
use touchplate_testkit::s3::TestBucket;

/// Fresh ports, and the database that goes with them.
pub struct Made {
    pub ports: Ports,
    pub database: Option<TestDatabase>,
}

type Making<'f> = Pin<Box<dyn Future<Output = Option<Made>> + 'f>>;

/// Makes fresh ports, with what they need below a folder; none where the machine has no such database.
pub type Make = for<'f> fn(&'f Path) -> Making<'f>;

pub const IMPLEMENTATIONS: &[(&str, Make)] = &[
    ("memory", |_| Box::pin(memory())),
    ("sqlite and disk", |folder| Box::pin(sqlite(folder))),
    ("postgres and s3", |folder| Box::pin(postgres(folder))),
];

async fn memory() -> Option<Made> {
    Some(Made {
        ports: Memory::ports(),
        database: None,
    })
}

pub async fn opened(database: &str, folder: &Path) -> Ports {
    let location = Location {
        database: database.parse().unwrap(),
        blobs: format!("file:{}/blobs", folder.display()).parse().unwrap(),
    };
    open(&location).await.unwrap().ports
}

async fn sqlite(folder: &Path) -> Option<Made> {
    let database = format!("sqlite:{}/touchplate.db", folder.display());
    Some(Made {
        ports: opened(&database, folder).await,
        database: None,
    })
}

/// Where the machine has no S3 server, with a disk.
async fn postgres(folder: &Path) -> Option<Made> {
    let database = TestDatabase::fresh().await?;
    let ports = match TestBucket::fresh() {
        None => opened(&database.url(), folder).await,
        Some(bucket) => {
            let location = Location {
                database: database.url().parse().unwrap(),
                blobs: bucket.url().parse().unwrap(),
            };
            open(&location).await.unwrap().ports
        }
    };
    Some(Made {
        ports,
        database: Some(database),
    })
}

type Keeping<'f> = Pin<Box<dyn Future<Output = Option<(String, Option<TestDatabase>)>> + 'f>>;

/// URLs of databases that outlive the ports which stand on them.
pub const KEPT: &[for<'f> fn(&'f Path) -> Keeping<'f>] = &[
    |folder| {
        let url = format!("sqlite:{}/touchplate.db", folder.display());
        Box::pin(async { Some((url, None)) })
    },
    |_| {
        Box::pin(async {
            let database = TestDatabase::fresh().await?;
            Some((database.url(), Some(database)))
        })
    },
];

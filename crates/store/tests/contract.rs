//! Every implementation of the ports keeps the same contract. A new one is one more line in `IMPLEMENTATIONS`.

// A failure here is a failed test.
#![allow(clippy::unwrap_used)]

use std::future::Future;
use std::path::Path;
use std::pin::Pin;

use touchplate_index::Ports;
use touchplate_store::{Location, open};
use touchplate_testkit::{contract, memory::Memory};

type Make = for<'f> fn(&'f Path) -> Pin<Box<dyn Future<Output = Ports> + 'f>>;

const IMPLEMENTATIONS: &[(&str, Make)] = &[
    ("memory", |_| Box::pin(async { Memory::ports() })),
    ("sqlite and disk", |folder| Box::pin(sqlite(folder))),
];

async fn sqlite(folder: &Path) -> Ports {
    let location = Location {
        database: format!("sqlite:{}/touchplate.db", folder.display())
            .parse()
            .unwrap(),
        blobs: format!("file:{}/blobs", folder.display()).parse().unwrap(),
    };
    open(&location).await.unwrap().ports
}

#[tokio::test(flavor = "multi_thread")]
async fn every_implementation_keeps_the_contract() {
    for (implementation, make) in IMPLEMENTATIONS {
        for (check, run) in contract::ALL {
            println!("{implementation}: {check}");
            let folder = tempfile::tempdir().unwrap();
            run(make(folder.path()).await).await;
        }
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again_and_by_two_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = sqlite(folder.path()).await;
    let second = sqlite(folder.path()).await;
    first
        .accounts
        .add_user(&contract::origin(), &"alice".parse().unwrap())
        .await
        .unwrap();
    second
        .accounts
        .add_user(&contract::origin(), &"bob".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(
        first.journal.head().await.unwrap(),
        second.journal.head().await.unwrap()
    );
    drop((first, second));
    let again = sqlite(folder.path()).await;
    assert_eq!(again.journal.head().await.unwrap().0, 2);
}

//! Every implementation of the ports keeps the same contract. They are listed in `support`.

// A failure here is a failed test.
#![allow(clippy::unwrap_used)]

mod support;

use touchplate_testkit::contract;

#[tokio::test(flavor = "multi_thread")]
async fn every_implementation_keeps_the_contract() {
    for (implementation, make) in support::IMPLEMENTATIONS {
        for (check, run) in contract::ALL {
            let folder = tempfile::tempdir().unwrap();
            let Some(made) = make(folder.path()).await else {
                break;
            };
            println!("{implementation}: {check}");
            run(made.ports).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_there_after_opening_again_and_by_two_at_once() {
    for kept in support::KEPT {
        let folder = tempfile::tempdir().unwrap();
        let Some((url, _database)) = kept(folder.path()).await else {
            continue;
        };
        let open = || support::opened(&url, folder.path());
        let (first, second) = tokio::join!(open(), open());
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
        let again = open().await;
        assert_eq!(again.journal.head().await.unwrap().0, 2);
    }
}

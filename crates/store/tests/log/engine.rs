//! The engine on each store.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use touchplate_attest::log::leaf_hash;
use touchplate_trust::log::{
    AppendError, Holder, Lease, Log, LogError, LogStore, MAX_SEARCH_KEYS, NewEntry,
};

use crate::support::{Watcher, append_all, at, body, entry, files_in, key, open, settings, stores};

type Check = fn(Arc<dyn LogStore>) -> Pin<Box<dyn Future<Output = ()>>>;

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_runs_on_every_store() {
    let checks: [Check; 5] = [
        |store| Box::pin(entries_get_places_proofs_and_a_checkpoint(store)),
        |store| Box::pin(an_equal_entry_keeps_its_place_and_its_time(store)),
        |store| Box::pin(what_is_too_much_is_refused(store)),
        |store| Box::pin(a_log_is_opened_by_its_own_key_and_origin_alone(store)),
        |store| Box::pin(two_that_sequence_at_once_make_one_log(store)),
    ];
    for check in checks {
        for (_, store, _folder) in stores().await {
            check(store).await;
        }
    }
}

async fn entries_get_places_proofs_and_a_checkpoint(store: Arc<dyn LogStore>) {
    let key = key();
    let log = open(&key, &store).await;
    let mut watcher = Watcher::default();
    assert_eq!(watcher.look(&log, &key, &[]).await.size, 0);
    let mut acknowledged = Vec::new();
    for (from, to) in [(0, 1), (1, 2), (2, 255), (255, 256), (256, 257), (257, 900)] {
        acknowledged.extend(append_all(&log, (from..to).map(entry)).await);
        assert_eq!(watcher.look(&log, &key, &acknowledged).await.size, to);
    }
    assert!(acknowledged.iter().all(|it| !it.duplicate));
    let mut indices: Vec<u64> = acknowledged.iter().map(|it| it.index).collect();
    indices.sort_unstable();
    assert_eq!(indices, (0..900).collect::<Vec<_>>());
    let found = log.search(&entry(7).search[0]).await.unwrap();
    let seventh = log.entry(found[0]).await.unwrap().unwrap();
    assert_eq!((found.len(), &seventh.body[..]), (1, body(7).as_bytes()));
    assert_eq!(log.search(&entry(7).search[1]).await.unwrap().len(), 90);
    assert!(log.search(&leaf_hash(b"nothing")).await.unwrap().is_empty());
    assert_eq!(log.entry(900).await.unwrap(), None);
}

async fn an_equal_entry_keeps_its_place_and_its_time(store: Arc<dyn LogStore>) {
    let key = key();
    let log = open(&key, &store).await;
    let first = append_all(&log, [entry(1)]).await;
    let again = NewEntry {
        at: at(1000),
        ..entry(1)
    };
    // In a batch of its own, and beside new ones, and twice in one batch.
    let second = log.append(again.clone()).await.unwrap();
    assert_eq!(
        (second.index, second.at, second.duplicate),
        (0, at(1), true)
    );
    let twin = NewEntry {
        at: at(2000),
        ..entry(2)
    };
    let more = append_all(&log, [entry(2), again, twin]).await;
    assert_eq!(
        (more[1].index, more[1].at, more[1].duplicate),
        (0, at(1), true)
    );
    // Which of the two equal ones comes first is the scheduler's business; the other gets its place and time.
    let (one, other) = (&more[0], &more[2]);
    assert_eq!((one.index, other.index), (1, 1));
    assert_eq!(one.at, other.at);
    assert_ne!(one.duplicate, other.duplicate);
    let acknowledged = [first, vec![second], more].concat();
    let size = Watcher::default()
        .look(&log, &key, &acknowledged)
        .await
        .size;
    assert_eq!(size, 2);
}

async fn what_is_too_much_is_refused(store: Arc<dyn LogStore>) {
    let key = key();
    let log = open(&key, &store).await;
    let mut long = entry(1);
    long.body = vec![0; 65_536].into();
    let refused = log.append(long).await.unwrap_err();
    assert!(matches!(refused, AppendError::TooLong { found: 65_536 }));
    let mut many = entry(1);
    many.search = vec![[0; 32]; MAX_SEARCH_KEYS + 1];
    let refused = log.append(many).await.unwrap_err();
    assert!(matches!(refused, AppendError::TooManyKeys { .. }));
    let mut longest = entry(1);
    longest.body = vec![0; 65_535].into();
    log.append(longest).await.unwrap();
    for (index, size) in [(1, 1), (0, 2), (5, 9)] {
        let refused = log.inclusion(index, size).await.unwrap_err();
        assert!(matches!(refused, LogError::Beyond { size: 1, .. }));
    }
    assert!(log.consistency(0, 2).await.is_err());
    assert!(log.consistency(1, 0).await.is_err());
}

async fn a_log_is_opened_by_its_own_key_and_origin_alone(store: Arc<dyn LogStore>) {
    let ours = key();
    let log = open(&ours, &store).await;
    append_all(&log, (0..300).map(entry)).await;
    let note = log.head().await.unwrap().note;
    drop(log);
    let other = key();
    let refused = Log::open(settings(&other), store.clone()).await.err();
    assert!(
        matches!(refused, Some(LogError::OtherKey(_))),
        "{refused:?}"
    );
    let mut elsewhere = settings(&ours);
    elsewhere.origin = "other.example/trust/rekor2".to_owned();
    let refused = Log::open(elsewhere, store.clone()).await.err();
    assert!(
        matches!(refused, Some(LogError::OtherLog { .. })),
        "{refused:?}"
    );
    let mut odd = settings(&ours);
    odd.origin = "two words".to_owned();
    let refused = Log::open(odd, store.clone()).await.err();
    assert!(matches!(refused, Some(LogError::Key(_))), "{refused:?}");
    // A new key that knows the old one signs the head anew.
    let mut rotated = settings(&other);
    rotated.former_keys = vec![ours.public().to_vec()];
    let log = Log::open(rotated, store.clone()).await.unwrap();
    let head = Watcher::default().look(&log, &other, &[]).await;
    assert_eq!(head.size, 300);
    assert_ne!(head.note, note);
}

async fn two_that_sequence_at_once_make_one_log(store: Arc<dyn LogStore>) {
    let key = key();
    let logs = [open(&key, &store).await, open(&key, &store).await];
    let mut tasks = Vec::new();
    for (which, log) in logs.iter().enumerate() {
        let log = log.clone();
        tasks.push(tokio::spawn(async move {
            let mut all = Vec::new();
            for round in 0..6 {
                let first = (which as u64 * 6 + round) * 50;
                // The last ten of each are also the other's first.
                all.extend(append_all(&log, (first..first + 60).map(entry)).await);
            }
            all
        }));
    }
    let mut acknowledged = Vec::new();
    for task in tasks {
        acknowledged.extend(task.await.unwrap());
    }
    let new = acknowledged.iter().filter(|it| !it.duplicate).count();
    assert_eq!(new, 610);
    for log in &logs {
        let head = Watcher::default().look(log, &key, &acknowledged).await;
        assert_eq!(head.size, 610);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_make_one_log_and_a_dead_one_is_succeeded() {
    let folder = tempfile::tempdir().unwrap();
    let key = key();
    // As two processes have it: each its own connections.
    let (first, second) = (files_in(folder.path()).await, files_in(folder.path()).await);
    let log = open(&key, &first).await;
    let mut acknowledged = append_all(&log, (0..300).map(entry)).await;
    // A holder that died: it has the lease, and gives no sign of life.
    tokio::time::sleep(Duration::from_millis(700)).await;
    let dead = Holder("dead".to_owned());
    let lease = first.take_lease(log.name(), &dead, None).await.unwrap();
    assert!(matches!(lease, Lease::Taken { .. }), "{lease:?}");
    let other = open(&key, &second).await;
    let both = tokio::join!(
        append_all(&log, (300..400).map(entry)),
        append_all(&other, (350..600).map(entry)),
    );
    acknowledged.extend(both.0);
    acknowledged.extend(both.1);
    let mut watcher = Watcher::default();
    for log in [&log, &other] {
        assert_eq!(watcher.look(log, &key, &acknowledged).await.size, 600);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_whose_tiles_are_another_s_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let key = key();
    let store = files_in(folder.path()).await;
    let log = open(&key, &store).await;
    append_all(&log, (0..5).map(entry)).await;
    drop((log, store));
    let database = format!("sqlite:{}", folder.path().join("log.sqlite").display());
    let pool = sqlx::SqlitePool::connect(&database).await.unwrap();
    sqlx::query("UPDATE hashes SET hashes = zeroblob(160) WHERE level = 0")
        .execute(&pool)
        .await
        .unwrap();
    let store = files_in(folder.path()).await;
    let refused = Log::open(settings(&key), store).await.err();
    assert!(
        matches!(refused, Some(LogError::Damaged { size: 5 })),
        "{refused:?}"
    );
}

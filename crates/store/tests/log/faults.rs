//! Every call of the store fails once, either way, and a while: what was acknowledged holds, and the log goes on by itself.

use std::sync::Arc;

use touchplate_testkit::log_faults::{Effect, FaultyLogs};
use touchplate_trust::log::{AppendError, Appended, Log, LogStore, NewEntry};

use crate::support::{Watcher, entry, files_in, key, settings};
use touchplate_testkit::memory::LogMemory;

const EFFECTS: [Effect; 3] = [Effect::Lost, Effect::DoneButUnanswered, Effect::Outage(12)];

/// What each run appends, in turns; the third has what was there before, and a tile gets full in the second.
fn turns() -> Vec<Vec<NewEntry>> {
    let numbers = [(0..200), (200..300), (100..110), (300..520), (520..530)];
    numbers
        .into_iter()
        .map(|turn| turn.map(entry).collect())
        .collect()
}

/// The acknowledged. An append that failed is asked for again, once: that the log is broken for good is no answer.
async fn append_turn(log: &Log, turn: Vec<NewEntry>) -> Vec<Appended> {
    let mut tasks = Vec::new();
    for entry in turn {
        let log = log.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..20 {
                match log.append(entry.clone()).await {
                    Err(AppendError::Unavailable(_)) => {}
                    answered => return answered,
                }
            }
            log.append(entry).await
        }));
    }
    let mut acknowledged = Vec::new();
    for task in tasks {
        acknowledged.push(task.await.unwrap().unwrap());
    }
    acknowledged
}

/// False where the fault was not reached: everything ran without it.
async fn run(store: &Arc<dyn LogStore>, at: u64, effect: Effect) -> bool {
    let faulty = FaultyLogs::new(store.clone(), at, effect);
    let key = key();
    let shared: Arc<dyn LogStore> = faulty.clone();
    let mut opened = Log::open(settings(&key), shared.clone()).await;
    for _ in 0..20 {
        if opened.is_err() {
            opened = Log::open(settings(&key), shared.clone()).await;
        }
    }
    let log = opened.unwrap();
    // A stranger who looks on without faults.
    let eye = Log::open(settings(&key), store.clone()).await.unwrap();
    let mut watcher = Watcher::default();
    let mut acknowledged = Vec::new();
    for turn in turns() {
        acknowledged.extend(append_turn(&log, turn).await);
        watcher
            .look(&eye, &key, &acknowledged[acknowledged.len() - 5..])
            .await;
    }
    drop((log, eye));
    // As after a crash.
    let again = Log::open(settings(&key), store.clone()).await.unwrap();
    let head = watcher.look(&again, &key, &acknowledged).await;
    assert_eq!(head.size, 530, "each entry once");
    again.append(entry(1000)).await.unwrap();
    faulty.was_reached()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_fails_either_way_in_memory() {
    for effect in EFFECTS {
        for at in 0.. {
            let store: Arc<dyn LogStore> = LogMemory::new();
            if !run(&store, at, effect).await {
                println!("{effect:?}: {at} calls");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_fails_either_way_on_disk() {
    for effect in EFFECTS {
        for at in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let store = files_in(folder.path()).await;
            if !run(&store, at, effect).await {
                println!("{effect:?}: {at} calls");
                break;
            }
        }
    }
}

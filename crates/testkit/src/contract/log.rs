//! What every store of logs must do.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use touchplate_attest::log::{
    EntryBundle, TileKind, TilePath, TreeHash, empty_root, leaf_hash, node_hash,
};
use touchplate_trust::log::{
    Batch, Cell, CommitError, HashTile, Holder, Lease, LogName, LogStore, NewRow,
};

use super::NOW;

/// One check of the contract, on a store without logs.
pub type LogCheck = fn(Arc<dyn LogStore>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        /// Every check, by name.
        pub const LOGS: &[(&str, LogCheck)] =
            &[$((stringify!($name), |store| Box::pin($name(store)))),*];
    };
}

checks![
    an_unknown_log_has_nothing,
    a_lease_has_one_holder,
    a_batch_is_in_the_log_whole_or_not_at_all,
    tiles_are_the_same_in_rows_and_in_files,
    logs_are_apart,
];

fn log() -> LogName {
    "rekor1".parse().unwrap()
}

fn holder(name: &str) -> Holder {
    Holder(name.to_owned())
}

async fn lease(store: &dyn LogStore, log: &LogName) -> u64 {
    let lease = store.take_lease(log, &holder("first"), None).await.unwrap();
    let Lease::Taken { epoch } = lease else {
        panic!("{lease:?}");
    };
    epoch
}

fn body(n: u64) -> Vec<u8> {
    format!("entry {n}").into_bytes()
}

fn leaf(n: u64) -> TreeHash {
    leaf_hash(&body(n))
}

/// The entries from one size to another, of a log whose tiles are all there is of it: no root here is a tree's.
fn batch(epoch: u64, from: u64, to: u64) -> Batch {
    let root = |size| if size == 0 { empty_root() } else { leaf(size) };
    let rows = (from..to).map(|n| NewRow {
        leaf: leaf(n),
        body: body(n).into(),
        at: NOW,
        search: vec![leaf(n), leaf(1_000_000), leaf(1_000_000)],
    });
    let mut tiles = Vec::new();
    for index in from / 256..to.div_ceil(256) {
        tiles.push(HashTile {
            level: 0,
            index,
            hashes: (index * 256..to.min(index * 256 + 256)).map(leaf).collect(),
        });
    }
    if to / 256 > from / 256 {
        tiles.push(HashTile {
            level: 1,
            index: 0,
            hashes: (0..to / 256).map(top).collect(),
        });
    }
    Batch {
        epoch,
        after: Some((from, root(from))),
        cell: Cell {
            size: to,
            root: root(to),
            note: format!("note of {to}"),
        },
        entries: rows.collect(),
        tiles,
        exported: 0,
    }
}

/// The hash over a full tile.
fn top(index: u64) -> TreeHash {
    let mut hashes: Vec<_> = (index * 256..index * 256 + 256).map(leaf).collect();
    while hashes.len() > 1 {
        let pairs = hashes.as_chunks::<2>().0.iter();
        hashes = pairs.map(|[left, right]| node_hash(left, right)).collect();
    }
    hashes[0]
}

async fn begin(store: &dyn LogStore, log: &LogName) -> u64 {
    let epoch = lease(store, log).await;
    let first = Batch {
        after: None,
        ..batch(epoch, 0, 0)
    };
    store.commit(log, &first).await.unwrap();
    epoch
}

async fn an_unknown_log_has_nothing(store: Arc<dyn LogStore>) {
    let log = log();
    let path: TilePath = "tile/0/000.p/1".parse().unwrap();
    assert_eq!(store.cell(&log).await.unwrap(), None);
    assert_eq!(store.tile(&log, path).await.unwrap(), None);
    assert_eq!(store.entry(&log, 0).await.unwrap(), None);
    assert_eq!(store.find_leaves(&log, &[leaf(0)]).await.unwrap(), [None]);
    assert!(store.search(&log, &leaf(0), 10).await.unwrap().is_empty());
    assert_eq!(store.export(&log).await.unwrap(), 0);
    store.release_lease(&log, 1).await.unwrap();
    let state = store.state(&log).await.unwrap();
    assert!(state.cell.is_none() && state.edge.is_empty());
    let without_lease = store.commit(&log, &batch(0, 0, 1)).await;
    assert!(matches!(without_lease, Err(CommitError::Fenced)));
}

async fn a_lease_has_one_holder(store: Arc<dyn LogStore>) {
    let log = log();
    let epoch = begin(&*store, &log).await;
    assert_eq!(lease(&*store, &log).await, epoch, "it is the same holder's");
    let ask = async |silent| {
        store
            .take_lease(&log, &holder("second"), silent)
            .await
            .unwrap()
    };
    let Lease::Held(beat) = ask(None).await else {
        panic!("two have the lease");
    };
    let committed = store.commit(&log, &batch(epoch, 0, 1)).await.unwrap();
    assert!(committed.wanted);
    // It gave a sign of life since.
    let Lease::Held(later) = ask(Some(beat)).await else {
        panic!("taken from one that is alive");
    };
    assert_ne!(beat, later);
    // It gave none.
    let Lease::Taken { epoch: second } = ask(Some(later)).await else {
        panic!("a dead holder keeps the lease");
    };
    assert!(second > epoch);
    let fenced = store.commit(&log, &batch(epoch, 1, 2)).await;
    assert!(matches!(fenced, Err(CommitError::Fenced)));
    store.release_lease(&log, epoch).await.unwrap();
    let committed = store.commit(&log, &batch(second, 1, 2)).await.unwrap();
    assert!(!committed.wanted);
    store.release_lease(&log, second).await.unwrap();
    let freed = store.commit(&log, &batch(second, 2, 3)).await;
    assert!(matches!(freed, Err(CommitError::Fenced)));
    assert!(lease(&*store, &log).await > second);
}

async fn a_batch_is_in_the_log_whole_or_not_at_all(store: Arc<dyn LogStore>) {
    let log = log();
    let epoch = begin(&*store, &log).await;
    store.commit(&log, &batch(epoch, 0, 10)).await.unwrap();
    for moved in [
        batch(epoch, 0, 10),
        batch(epoch, 9, 20),
        batch(epoch, 11, 20),
    ] {
        let moved = store.commit(&log, &moved).await;
        assert!(matches!(moved, Err(CommitError::Moved)), "{moved:?}");
    }
    let other = Batch {
        after: Some((10, leaf(99))),
        ..batch(epoch, 10, 20)
    };
    assert!(matches!(
        store.commit(&log, &other).await,
        Err(CommitError::Moved)
    ));
    let begun = Batch {
        after: None,
        ..batch(epoch, 0, 0)
    };
    assert!(matches!(
        store.commit(&log, &begun).await,
        Err(CommitError::Moved)
    ));
    assert_eq!(
        store.cell(&log).await.unwrap(),
        Some(batch(epoch, 0, 10).cell)
    );
    assert_eq!(store.entry(&log, 10).await.unwrap(), None);
    assert_eq!(store.find_leaves(&log, &[leaf(10)]).await.unwrap(), [None]);
    assert!(store.search(&log, &leaf(15), 10).await.unwrap().is_empty());
    let state = store.state(&log).await.unwrap();
    assert_eq!(state.edge, batch(epoch, 0, 10).tiles);
}

async fn tiles_are_the_same_in_rows_and_in_files(store: Arc<dyn LogStore>) {
    let log = log();
    let epoch = begin(&*store, &log).await;
    let mut exported = 0;
    let mut size = 0;
    for to in [3, 200, 256, 300, 900, 1000, 1100] {
        let next = Batch {
            exported,
            ..batch(epoch, size, to)
        };
        store.commit(&log, &next).await.unwrap();
        size = to;
        all_is_there(&*store, &log, size).await;
        if to >= 300 {
            exported = store.export(&log).await.unwrap();
            assert_eq!(exported, size / 256 * 256);
            assert_eq!(store.export(&log).await.unwrap(), exported);
            all_is_there(&*store, &log, size).await;
        }
    }
    assert_eq!(store.state(&log).await.unwrap().exported, 768);
}

async fn all_is_there(store: &dyn LogStore, log: &LogName, size: u64) {
    for index in 0..size.div_ceil(256) {
        let there = (size - index * 256).min(256);
        for width in [1, 2, there / 2, there]
            .into_iter()
            .filter(|it| (1..=there).contains(it))
        {
            let read = async |kind| {
                let path = TilePath::of_width(kind, index, width).unwrap();
                store.tile(log, path).await.unwrap().expect("it is there")
            };
            let numbers = index * 256..index * 256 + width;
            let hashes: Vec<TreeHash> = numbers.clone().map(leaf).collect();
            assert_eq!(read(TileKind::Hashes(0)).await, hashes.as_flattened());
            let bundle = read(TileKind::Entries).await;
            let bodies: Vec<_> = numbers.map(body).collect();
            assert_eq!(EntryBundle::parse(&bundle).unwrap().entries(), bodies);
        }
        if let Some(beyond) = TilePath::of_width(TileKind::Entries, index, there + 1) {
            assert_eq!(store.tile(log, beyond).await.unwrap(), None);
        }
    }
    for index in [0, size / 2, size - 1] {
        let entry = store.entry(log, index).await.unwrap().unwrap();
        assert_eq!((&entry.body[..], entry.at), (&body(index)[..], NOW));
        assert_eq!(store.search(log, &leaf(index), 10).await.unwrap(), [index]);
    }
    assert_eq!(store.entry(log, size).await.unwrap(), None);
    let leaves = [leaf(size - 1), leaf(size), leaf(0), leaf(size / 2)];
    let found = store.find_leaves(log, &leaves).await.unwrap();
    assert_eq!(found, [Some(size - 1), None, Some(0), Some(size / 2)]);
    let newest = store.search(log, &leaf(1_000_000), 2).await.unwrap();
    assert_eq!(newest, [size - 1, size - 2]);
}

async fn logs_are_apart(store: Arc<dyn LogStore>) {
    let (first, second) = (log(), "ct".parse().unwrap());
    let epoch = begin(&*store, &first).await;
    store.commit(&first, &batch(epoch, 0, 300)).await.unwrap();
    store.export(&first).await.unwrap();
    let other = begin(&*store, &second).await;
    assert_eq!(store.cell(&second).await.unwrap().unwrap().size, 0);
    assert_eq!(
        store.find_leaves(&second, &[leaf(0)]).await.unwrap(),
        [None]
    );
    store.commit(&second, &batch(other, 0, 2)).await.unwrap();
    assert_eq!(store.entry(&second, 2).await.unwrap(), None);
    assert_eq!(
        store.search(&second, &leaf(1_000_000), 10).await.unwrap(),
        [1, 0]
    );
    let full: TilePath = "tile/0/000".parse().unwrap();
    assert_eq!(store.tile(&second, full).await.unwrap(), None);
    assert!(store.tile(&first, full).await.unwrap().is_some());
}

//! A log under test, and an eye that checks everything it says.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use touchplate_attest::log::{
    Checkpoint, EntryBundle, NoteKey, TILE_WIDTH, TileKind, TilePath, check_consistency,
    inclusion_root, leaf_hash, width_at,
};
use touchplate_store::{LogFiles, PostgresLogs};
use touchplate_testkit::memory::LogMemory;
use touchplate_testkit::postgres::TestDatabase;
use touchplate_trust::log::{Appended, Head, Log, LogName, LogSettings, LogStore, NewEntry};
use touchplate_trust::{KeyKind, SigningKey};

/// What a store stands on.
pub(crate) type Kept = (tempfile::TempDir, Option<TestDatabase>);

/// Each kind of store, fresh; files go when the folder does.
pub(crate) async fn stores() -> Vec<(&'static str, Arc<dyn LogStore>, Kept)> {
    let folder = || tempfile::tempdir().unwrap();
    let memory: Arc<dyn LogStore> = LogMemory::new();
    let files = folder();
    let on_disk = files_in(files.path()).await;
    let mut stores = vec![
        ("memory", memory, (folder(), None)),
        ("files", on_disk, (files, None)),
    ];
    if let Some(database) = TestDatabase::fresh().await {
        let tiles = folder();
        let url = database.url().parse().unwrap();
        let logs = PostgresLogs::open(&url, tiles.path()).await.unwrap();
        stores.push(("postgres", Arc::new(logs), (tiles, Some(database))));
    }
    stores
}

pub(crate) async fn files_in(folder: &Path) -> Arc<dyn LogStore> {
    let (database, tiles) = (folder.join("log.sqlite"), folder.join("tiles"));
    Arc::new(LogFiles::open(&database, &tiles).await.unwrap())
}

pub(crate) const ORIGIN: &str = "log.example/trust/rekor2";

pub(crate) fn name() -> LogName {
    "rekor2".parse().unwrap()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_735_689_600 + second).unwrap()
}

pub(crate) fn key() -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(KeyKind::Ed25519).unwrap())
}

pub(crate) fn settings(key: &Arc<SigningKey>) -> LogSettings {
    LogSettings {
        name: name(),
        origin: ORIGIN.to_owned(),
        key: key.clone(),
        former_keys: Vec::new(),
    }
}

pub(crate) async fn open(key: &Arc<SigningKey>, store: &Arc<dyn LogStore>) -> Log {
    Log::open(settings(key), store.clone()).await.unwrap()
}

/// The entry number `n`: its body says so, and it is found by its number and by its number's last digit.
pub(crate) fn entry(n: u64) -> NewEntry {
    let digest = |text: String| leaf_hash(text.as_bytes());
    NewEntry {
        body: body(n).into(),
        search: vec![
            digest(format!("number {n}")),
            digest(format!("digit {}", n % 10)),
        ],
        at: at(i64::try_from(n).unwrap()),
    }
}

pub(crate) fn body(n: u64) -> String {
    format!(
        "{{\"entry\":{n},\"filler\":\"{}\"}}",
        "x".repeat((n % 97) as usize)
    )
}

/// Appends `entries` at once, and gives the answers in order.
pub(crate) async fn append_all(
    log: &Log,
    entries: impl IntoIterator<Item = NewEntry>,
) -> Vec<Appended> {
    let appending = entries.into_iter().map(|entry| {
        let log = log.clone();
        tokio::spawn(async move { log.append(entry).await })
    });
    let mut appended = Vec::new();
    for task in appending.collect::<Vec<_>>() {
        appended.push(task.await.unwrap().unwrap());
    }
    appended
}

/// What was seen of a log. Looking again checks that nothing contradicts it.
#[derive(Default)]
pub(crate) struct Watcher {
    seen: Vec<Head>,
}

impl Watcher {
    /// Reads the whole log as a stranger would, from its checkpoint and tiles, and checks every acknowledged entry.
    pub(crate) async fn look(
        &mut self,
        log: &Log,
        key: &SigningKey,
        acknowledged: &[Appended],
    ) -> Head {
        let head = log.head().await.unwrap();
        check_note(&head, key);
        if let Some(last) = self.seen.last() {
            assert!(last.size <= head.size, "the log shrank");
        }
        for before in &self.seen {
            let proof = log.consistency(before.size, head.size).await.unwrap();
            let (earlier, later) = ((before.size, &before.root), (head.size, &head.root));
            check_consistency(earlier, later, &proof).unwrap();
        }
        check_tiles(log, &head).await;
        // Every proof, and of the entries with one checkpoint some: each costs a dozen reads.
        let mut checkpoints = HashMap::new();
        for appended in acknowledged {
            check_proof(log, appended);
            let of_this = checkpoints.entry(&appended.checkpoint).or_insert(0);
            if *of_this % 40 == 0 {
                check_kept(log, &head, appended).await;
            }
            *of_this += 1;
        }
        self.seen.push(head.clone());
        head
    }
}

fn check_note(head: &Head, key: &SigningKey) {
    let checkpoint = Checkpoint::parse(&head.note).unwrap();
    assert_eq!(checkpoint.origin(), ORIGIN);
    assert_eq!(checkpoint.tree_size(), head.size);
    assert_eq!(*checkpoint.root_hash(), head.root);
    NoteKey::new(ORIGIN, key.public())
        .unwrap()
        .check(&checkpoint)
        .unwrap();
}

/// Every tile that the head gives the log is there, full and partial; entries and hashes agree; the proof of each holds.
async fn check_tiles(log: &Log, head: &Head) {
    for index in 0..head.size.div_ceil(TILE_WIDTH) {
        let width = width_at(TileKind::Entries, index, head.size);
        let read = async |kind| {
            let path = TilePath::of_width(kind, index, width).unwrap();
            let tile = log.tile(path).await.unwrap();
            tile.unwrap_or_else(|| panic!("{path} is missing"))
        };
        let (hashes, bundle) = (
            read(TileKind::Hashes(0)).await,
            read(TileKind::Entries).await,
        );
        let entries = EntryBundle::parse(&bundle).unwrap();
        let leaves: Vec<_> = entries
            .entries()
            .iter()
            .map(|body| leaf_hash(body))
            .collect();
        assert_eq!(leaves.as_flattened(), &hashes[..]);
        let first = index * TILE_WIDTH;
        for (at, leaf) in (first..).zip(&leaves).step_by(37) {
            let proof = log.inclusion(at, head.size).await.unwrap();
            assert_eq!(
                inclusion_root(leaf, at, head.size, &proof.hashes),
                Ok(head.root)
            );
        }
    }
    for level in 1..=2 {
        let width = width_at(TileKind::Hashes(level), 0, head.size);
        if let Some(path) = TilePath::of_width(TileKind::Hashes(level), 0, width) {
            let tile = log.tile(path).await.unwrap().unwrap();
            assert_eq!(tile.len() as u64, width * 32);
        }
        let beyond = TilePath::of_width(TileKind::Hashes(level), 0, width + 1).unwrap();
        assert_eq!(log.tile(beyond).await.unwrap(), None);
    }
}

/// The proof leads to the root that the checkpoint has.
fn check_proof(log: &Log, appended: &Appended) {
    let proof = &appended.proof;
    let checkpoint = Checkpoint::parse(&appended.checkpoint).unwrap();
    assert_eq!(proof.index, appended.index);
    assert_eq!(
        (checkpoint.tree_size(), *checkpoint.root_hash()),
        (proof.size, proof.root)
    );
    log.note_key().check(&checkpoint).unwrap();
}

/// The entry is in the log, which begins with the tree that it was acknowledged under.
async fn check_kept(log: &Log, head: &Head, appended: &Appended) {
    let entry = log.entry(appended.index).await.unwrap().unwrap();
    assert_eq!(entry.at, appended.at);
    let leaf = leaf_hash(&entry.body);
    let proof = &appended.proof;
    let root = inclusion_root(&leaf, proof.index, proof.size, &proof.hashes);
    assert_eq!(root, Ok(proof.root));
    let proof = log.consistency(proof.size, head.size).await.unwrap();
    let earlier = (appended.proof.size, &appended.proof.root);
    check_consistency(earlier, (head.size, &head.root), &proof).unwrap();
    assert_eq!(log.find_leaf(&leaf).await.unwrap(), Some(appended.index));
}

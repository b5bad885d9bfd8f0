//! A memory model of the logs' store. It is strict: what a sequencer must never ask for ends the test.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use touchplate_attest::log::{
    TILE_WIDTH, TileKind, TilePath, TreeHash, append_entry, leaf_hash, width_at,
};
use touchplate_trust::log::{
    Batch, Beat, Cell, CommitError, Committed, Entry, HashTile, Holder, Lease, LogName, LogStore,
    LogStoreError, State,
};

/// Logs, in memory.
#[derive(Default)]
pub struct LogMemory {
    logs: Mutex<HashMap<LogName, Kept>>,
}

#[derive(Default)]
struct Kept {
    holder: Option<Holder>,
    epoch: u64,
    beat: u64,
    wanted: bool,
    cell: Option<Cell>,
    times: Vec<Timestamp>,
    /// Until they are in files.
    bodies: BTreeMap<u64, Bytes>,
    /// Until they are in files.
    hashes: BTreeMap<(u8, u64), Vec<TreeHash>>,
    files: BTreeMap<TilePath, Bytes>,
    exported: u64,
    leaves: HashMap<TreeHash, u64>,
    search: HashMap<u64, Vec<u64>>,
}

impl LogMemory {
    /// A store without logs.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn logs(&self) -> MutexGuard<'_, HashMap<LogName, Kept>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, log: &LogName, work: impl FnOnce(&mut Kept) -> T) -> T {
        work(self.logs().entry(log.clone()).or_default())
    }
}

impl Kept {
    fn size(&self) -> u64 {
        self.cell.as_ref().map_or(0, |cell| cell.size)
    }

    fn commit(&mut self, batch: &Batch) -> Result<Committed, CommitError> {
        if self.holder.is_none() || self.epoch != batch.epoch {
            return Err(CommitError::Fenced);
        }
        if batch.after != self.cell.as_ref().map(|cell| (cell.size, cell.root)) {
            return Err(CommitError::Moved);
        }
        let first = self.size();
        assert_eq!(first + batch.entries.len() as u64, batch.cell.size);
        for (index, row) in (first..).zip(&batch.entries) {
            assert_eq!(row.leaf, leaf_hash(&row.body));
            let before = self.leaves.insert(row.leaf, index);
            assert_eq!(before, None, "an entry is appended once");
            self.bodies.insert(index, row.body.clone());
            self.times.push(row.at);
            for key in &row.search {
                let found = self.search.entry(prefix(key)).or_default();
                // An entry may have two keys with equal beginnings.
                if found.last() != Some(&index) {
                    found.push(index);
                }
            }
        }
        for tile in &batch.tiles {
            let kept = self.hashes.entry((tile.level, tile.index)).or_default();
            assert!(tile.hashes.starts_with(kept), "hashes never change");
            kept.clone_from(&tile.hashes);
        }
        self.cell = Some(batch.cell.clone());
        self.drop_rows(batch.exported);
        self.beat += 1;
        Ok(Committed {
            wanted: self.wanted,
        })
    }

    fn drop_rows(&mut self, below: u64) {
        let gone: Vec<TilePath> = self.full_tiles().filter(|it| ends(*it) <= below).collect();
        for path in gone {
            assert!(self.files.contains_key(&path), "{path} has no file");
            match path.kind() {
                TileKind::Hashes(level) => {
                    self.hashes.remove(&(level, path.index()));
                }
                TileKind::Entries => {
                    let first = path.index() * TILE_WIDTH;
                    self.bodies
                        .retain(|at, _| !(first..first + TILE_WIDTH).contains(at));
                }
            }
        }
        self.exported = self.exported.max(below);
    }

    /// Those that are still in rows.
    fn full_tiles(&self) -> impl Iterator<Item = TilePath> {
        let hashes = self
            .hashes
            .iter()
            .filter(|(_, it)| it.len() as u64 == TILE_WIDTH);
        let hashes =
            hashes.map(|((level, index), _)| TilePath::full(TileKind::Hashes(*level), *index));
        let entries = self.exported / TILE_WIDTH..self.size() / TILE_WIDTH;
        hashes.chain(entries.map(|index| TilePath::full(TileKind::Entries, index)))
    }

    fn tile(&self, path: TilePath) -> Option<Bytes> {
        if !path.is_within(self.size()) {
            return None;
        }
        let full = TilePath::full(path.kind(), path.index());
        if let Some(file) = self.files.get(&full) {
            return Some(cut(file, path));
        }
        let first = path.index() * TILE_WIDTH;
        match path.kind() {
            TileKind::Hashes(level) => {
                let hashes = &self.hashes[&(level, path.index())][..path.width()];
                Some(hashes.concat().into())
            }
            TileKind::Entries => {
                let mut bundle = Vec::new();
                for index in first..first + path.width() as u64 {
                    assert!(append_entry(&mut bundle, &self.bodies[&index]));
                }
                Some(bundle.into())
            }
        }
    }
}

/// How many entries a log has at least that has this tile in full.
fn ends(path: TilePath) -> u64 {
    match path.kind() {
        TileKind::Entries => (path.index() + 1) * TILE_WIDTH,
        TileKind::Hashes(level) => (path.index() + 1) << (8 * (u32::from(level) + 1)),
    }
}

/// The beginning of a full tile.
fn cut(file: &Bytes, path: TilePath) -> Bytes {
    match path.kind() {
        TileKind::Hashes(_) => file.slice(..path.width() * 32),
        TileKind::Entries => {
            let mut end = 0;
            for _ in 0..path.width() {
                end += 2 + usize::from(u16::from_be_bytes([file[end], file[end + 1]]));
            }
            file.slice(..end)
        }
    }
}

fn prefix(key: &[u8; 32]) -> u64 {
    u64::from_be_bytes(*key.first_chunk().unwrap()) >> 1
}

#[async_trait]
impl LogStore for LogMemory {
    async fn take_lease(
        &self,
        log: &LogName,
        holder: &Holder,
        silent: Option<Beat>,
    ) -> Result<Lease, LogStoreError> {
        Ok(self.with(log, |kept| {
            let now = Beat {
                epoch: kept.epoch,
                beat: kept.beat,
            };
            let ours = kept.holder.as_ref() == Some(holder);
            if !ours && kept.holder.is_some() && silent != Some(now) {
                kept.wanted = true;
                return Lease::Held(now);
            }
            if !ours {
                kept.holder = Some(holder.clone());
                kept.epoch += 1;
                kept.wanted = false;
            }
            Lease::Taken { epoch: kept.epoch }
        }))
    }

    async fn release_lease(&self, log: &LogName, epoch: u64) -> Result<(), LogStoreError> {
        self.with(log, |kept| {
            if kept.epoch == epoch {
                kept.holder = None;
                kept.wanted = false;
            }
        });
        Ok(())
    }

    async fn commit(&self, log: &LogName, batch: &Batch) -> Result<Committed, CommitError> {
        self.with(log, |kept| kept.commit(batch))
    }

    async fn export(&self, log: &LogName) -> Result<u64, LogStoreError> {
        Ok(self.with(log, |kept| {
            let full: Vec<TilePath> = kept.full_tiles().collect();
            for path in full {
                let bytes = kept.tile(path).unwrap();
                kept.files.insert(path, bytes);
            }
            kept.size() / TILE_WIDTH * TILE_WIDTH
        }))
    }

    async fn state(&self, log: &LogName) -> Result<State, LogStoreError> {
        Ok(self.with(log, |kept| {
            let is_open = |(key, _): &(&(u8, u64), _)| {
                let (level, index) = **key;
                width_at(TileKind::Hashes(level), index, kept.size()) < TILE_WIDTH
            };
            let edge = kept.hashes.iter().filter(is_open);
            let edge = edge.map(|((level, index), hashes)| HashTile {
                level: *level,
                index: *index,
                hashes: hashes.clone(),
            });
            State {
                cell: kept.cell.clone(),
                edge: edge.collect(),
                exported: kept.exported,
            }
        }))
    }

    async fn cell(&self, log: &LogName) -> Result<Option<Cell>, LogStoreError> {
        Ok(self.with(log, |kept| kept.cell.clone()))
    }

    async fn tile(&self, log: &LogName, path: TilePath) -> Result<Option<Bytes>, LogStoreError> {
        Ok(self.with(log, |kept| kept.tile(path)))
    }

    async fn entry(&self, log: &LogName, index: u64) -> Result<Option<Entry>, LogStoreError> {
        Ok(self.with(log, |kept| {
            let at = *kept.times.get(usize::try_from(index).ok()?)?;
            let width = index % TILE_WIDTH + 1;
            let path = TilePath::of_width(TileKind::Entries, index / TILE_WIDTH, width)?;
            let bundle = kept.tile(path)?;
            let entries = touchplate_attest::log::EntryBundle::parse(&bundle).unwrap();
            let body = entries.entries().last()?.to_vec().into();
            Some(Entry { body, at })
        }))
    }

    async fn find_leaves(
        &self,
        log: &LogName,
        leaves: &[TreeHash],
    ) -> Result<Vec<Option<u64>>, LogStoreError> {
        Ok(self.with(log, |kept| {
            let found = leaves.iter().map(|leaf| kept.leaves.get(leaf).copied());
            found.collect()
        }))
    }

    async fn search(
        &self,
        log: &LogName,
        key: &[u8; 32],
        limit: u32,
    ) -> Result<Vec<u64>, LogStoreError> {
        Ok(self.with(log, |kept| {
            let found = kept.search.get(&prefix(key)).into_iter().flatten();
            found.rev().take(limit as usize).copied().collect()
        }))
    }
}

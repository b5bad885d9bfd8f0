//! Full tiles become files: written, flushed, named, and their folders flushed. Until a later batch says so their rows stay.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use touchplate_attest::log::{MAX_TILE_LEVEL, TILE_LEVELS, TILE_WIDTH, TileKind, TilePath};
use touchplate_trust::log::{LogName, LogStoreError};

use super::{LogFiles, blocking};

impl LogFiles {
    pub(super) async fn export_full_tiles(&self, log: &LogName) -> Result<u64, LogStoreError> {
        let Some(id) = self.id(log).await? else {
            return Ok(0);
        };
        let state = self.read_state(log).await?;
        let size = state.cell.map_or(0, |cell| cell.size);
        let full = size - size % TILE_WIDTH;
        let mut from = state.exported;
        while from < full {
            let next = from + TILE_WIDTH;
            let mut tiles = Vec::new();
            for path in completed_between(from, next) {
                let tile = self.read_tile(log, id, path).await?;
                let missing = || io::Error::other(format!("`{path}` has neither row nor file"));
                let tile = tile.ok_or_else(|| LogStoreError::new("export a tile", missing()))?;
                tiles.push((self.file(log, path.kind(), path.index()), tile));
            }
            let folder = self.tiles.join(log.as_str());
            let named = self.named.clone();
            blocking("export tiles", move || write_files(&folder, &tiles, &named)).await?;
            from = next;
        }
        self.keep_filters(id, full).await?;
        Ok(full)
    }
}

/// The tiles that become full while a log grows from one size to another.
fn completed_between(from: u64, to: u64) -> Vec<TilePath> {
    let mut paths = Vec::new();
    let level_0 = from / TILE_WIDTH..to / TILE_WIDTH;
    paths.extend(level_0.map(|index| TilePath::full(TileKind::Entries, index)));
    for level in 0..=MAX_TILE_LEVEL {
        let covers = u32::from(TILE_LEVELS) * (u32::from(level) + 1);
        let indices = (from >> covers)..(to >> covers);
        paths.extend(indices.map(|index| TilePath::full(TileKind::Hashes(level), index)));
    }
    paths
}

/// One process at a time writes a log's files: two would write the same bytes, but into one another's.
fn write_files(
    folder: &Path,
    tiles: &[(PathBuf, Bytes)],
    named: &Mutex<HashSet<PathBuf>>,
) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let mut named = named.lock().unwrap_or_else(PoisonError::into_inner);
    let mut changed = BTreeSet::new();
    for (path, bytes) in tiles {
        let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(parent)?;
        changed.insert(parent);
        if !named.contains(parent) {
            // Its name is in the folder above it, and so on up to the folder of all logs.
            let above = parent.ancestors().skip(1);
            changed.extend(above.take_while(|it| Some(*it) != folder.parent()));
            changed.extend(folder.parent());
        }
        let unfinished = path.with_extension("new");
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
    }
    for folder in &changed {
        File::open(folder)?.sync_all()?;
    }
    named.extend(changed.into_iter().map(Path::to_owned));
    Ok(())
}

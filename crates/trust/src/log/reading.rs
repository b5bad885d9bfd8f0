//! Proofs, from tiles.

use std::collections::BTreeMap;

use bytes::Bytes;
use touchplate_attest::log::{
    Plan, TILE_WIDTH, TileKind, TilePath, TileSpot, TreeHash, empty_root, width_at,
};

use super::{Head, Inclusion, LogError, LogName, LogStore};

/// Reads the tiles of the leaf's way up and of the tree's edge: two a level at most.
pub(super) async fn inclusion(
    store: &dyn LogStore,
    log: &LogName,
    head: &Head,
    index: u64,
    size: u64,
) -> Result<Inclusion, LogError> {
    let beyond = |asked| LogError::Beyond {
        asked,
        size: head.size,
    };
    if size > head.size {
        return Err(beyond(size));
    }
    let plan = Plan::inclusion(index, size).ok_or_else(|| beyond(index))?;
    let mut tiles = Tiles::new(store, log, size);
    let hashes = tiles.read(&plan).await?;
    let root = if size == head.size {
        head.root
    } else {
        tiles.root().await?
    };
    Ok(Inclusion {
        index,
        size,
        root,
        hashes,
    })
}

pub(super) async fn consistency(
    store: &dyn LogStore,
    log: &LogName,
    head: &Head,
    from: u64,
    to: u64,
) -> Result<Vec<TreeHash>, LogError> {
    let beyond = |asked| LogError::Beyond {
        asked,
        size: head.size,
    };
    if to > head.size {
        return Err(beyond(to));
    }
    let plan = Plan::consistency(from, to).ok_or_else(|| beyond(from))?;
    Tiles::new(store, log, to).read(&plan).await
}

/// The tiles of a tree of some size, each read once.
struct Tiles<'s> {
    store: &'s dyn LogStore,
    log: &'s LogName,
    size: u64,
    read: BTreeMap<(u8, u64), Bytes>,
}

impl<'s> Tiles<'s> {
    fn new(store: &'s dyn LogStore, log: &'s LogName, size: u64) -> Self {
        Self {
            store,
            log,
            size,
            read: BTreeMap::new(),
        }
    }

    async fn root(&mut self) -> Result<TreeHash, LogError> {
        if self.size == 0 {
            return Ok(empty_root());
        }
        let root = self.read(&Plan::root(self.size)).await?.pop();
        root.ok_or(LogError::Missing { what: "root" })
    }

    async fn read(&mut self, plan: &Plan) -> Result<Vec<TreeHash>, LogError> {
        for spot in plan.nodes().map(TileSpot::of) {
            let key = (spot.level, spot.index);
            if !self.read.contains_key(&key) {
                let tile = self.fetch(spot).await?;
                self.read.insert(key, tile);
            }
        }
        let hashes = plan.hashes(|node| {
            let spot = TileSpot::of(node);
            spot.hash(self.read.get(&(spot.level, spot.index))?)
        });
        hashes.ok_or(LogError::Missing { what: "tile" })
    }

    async fn fetch(&self, spot: TileSpot) -> Result<Bytes, LogError> {
        let kind = TileKind::Hashes(spot.level);
        let width = width_at(kind, spot.index, self.size).min(TILE_WIDTH);
        let path = TilePath::of_width(kind, spot.index, width);
        let path = path.ok_or(LogError::Missing { what: "tile" })?;
        let tile = self.store.tile(self.log, path).await?;
        tile.ok_or(LogError::Missing { what: "tile" })
    }
}

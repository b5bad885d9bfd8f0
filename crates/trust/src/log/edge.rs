//! The right edge of a tree: all that is needed to let it grow.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use touchplate_attest::log::{
    Node, Plan, TILE_LEVELS, TILE_WIDTH, TileSpot, TreeHash, empty_root, node_hash,
};

use super::store::{Cell, HashTile};

/// Of each level of tiles the one that is not full.
#[derive(Clone, Debug, Default)]
pub(super) struct Edge {
    size: u64,
    /// By level; the first has the hashes of leaves.
    tiles: Vec<Vec<TreeHash>>,
}

impl Edge {
    /// The edge of the tree that a head states, from its kept tiles; none where these are of another tree.
    pub(super) fn of(cell: &Cell, kept: &[HashTile]) -> Option<Self> {
        let mut edge = Self {
            size: cell.size,
            tiles: Vec::new(),
        };
        for level in 0.. {
            let hashes = hashes_at(cell.size, level);
            if hashes == 0 {
                break;
            }
            let (index, width) = (hashes / TILE_WIDTH, hashes % TILE_WIDTH);
            let tile = kept
                .iter()
                .find(|it| it.level == level && it.index == index);
            let hashes = tile.map_or(&[][..], |tile| &tile.hashes);
            edge.tiles
                .push(hashes.get(..usize::try_from(width).ok()?)?.to_vec());
        }
        (Growth::none(&edge).root(cell.size)? == cell.root).then_some(edge)
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds leaves.
    pub(super) fn grow(&mut self, leaves: impl IntoIterator<Item = TreeHash>) -> Growth {
        let mut full = BTreeMap::new();
        let mut changed = BTreeSet::new();
        for leaf in leaves {
            self.push(0, leaf, &mut full, &mut changed);
            self.size += 1;
        }
        let mut growth = Growth::none(self);
        growth.changed = changed;
        growth.tiles.extend(full);
        growth
    }

    fn push(
        &mut self,
        level: u8,
        hash: TreeHash,
        full: &mut BTreeMap<(u8, u64), Vec<TreeHash>>,
        changed: &mut BTreeSet<(u8, u64)>,
    ) {
        let at = usize::from(level);
        if self.tiles.len() == at {
            self.tiles.push(Vec::new());
        }
        let index = hashes_at(self.size, level) / TILE_WIDTH;
        changed.insert((level, index));
        // It was pushed above at the latest.
        let tile = &mut self.tiles[at];
        tile.push(hash);
        if tile.len() as u64 == TILE_WIDTH {
            let hashes = std::mem::take(tile);
            let top = TileSpot {
                level,
                index,
                first: 0,
                count: hashes.len(),
            };
            let root = top.hash(hashes.as_flattened());
            full.insert((level, index), hashes);
            self.push(level + 1, root.unwrap_or_else(empty_root), full, changed);
        }
    }
}

/// Complete subtrees of 256^level leaves in a tree of `size`.
fn hashes_at(size: u64, level: u8) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_LEVELS))
        .unwrap_or(0)
}

/// The tiles along the edge as it moved: enough for every proof of an entry that was just added.
#[derive(Debug)]
pub(super) struct Growth {
    tiles: BTreeMap<(u8, u64), Vec<TreeHash>>,
    changed: BTreeSet<(u8, u64)>,
    /// Proofs of one batch have most of their hashes in common.
    known: HashMap<Node, TreeHash>,
}

impl Growth {
    fn none(edge: &Edge) -> Self {
        let numbered = (0_u8..).zip(&edge.tiles);
        let tiles = numbered.map(|(level, hashes)| {
            let index = hashes_at(edge.size, level) / TILE_WIDTH;
            ((level, index), hashes.clone())
        });
        Self {
            tiles: tiles.collect(),
            changed: BTreeSet::new(),
            known: HashMap::new(),
        }
    }

    /// The tiles that changed.
    pub(super) fn changed(&self) -> Vec<HashTile> {
        let changed = self.changed.iter().filter_map(|key| {
            let hashes = self.tiles.get(key)?.clone();
            Some(HashTile {
                level: key.0,
                index: key.1,
                hashes,
            })
        });
        changed.collect()
    }

    pub(super) fn root(&mut self, size: u64) -> Option<TreeHash> {
        if size == 0 {
            return Some(empty_root());
        }
        Plan::root(size).hashes(|node| self.hash_of(node))?.pop()
    }

    pub(super) fn inclusion(&mut self, index: u64, size: u64) -> Option<Vec<TreeHash>> {
        Plan::inclusion(index, size)?.hashes(|node| self.hash_of(node))
    }

    fn hash_of(&mut self, node: Node) -> Option<TreeHash> {
        if let Some(hash) = self.known.get(&node) {
            return Some(*hash);
        }
        let hash = if node.level.is_multiple_of(TILE_LEVELS) {
            let spot = TileSpot::of(node);
            *self.tiles.get(&(spot.level, spot.index))?.get(spot.first)?
        } else {
            let child = |right: u64| Node {
                level: node.level - 1,
                index: node.index * 2 + right,
            };
            node_hash(&self.hash_of(child(0))?, &self.hash_of(child(1))?)
        };
        self.known.insert(node, hash);
        Some(hash)
    }
}

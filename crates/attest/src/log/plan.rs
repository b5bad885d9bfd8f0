//! Which hashes a root or a proof is made of (RFC 9162 §2.1), so that whoever keeps them reads these alone.

use super::tree::{self, TreeHash};

/// A complete subtree: the 2^level leaves from `index << level` on. Once it is there its hash never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// Its height; leaves are at level 0.
    pub level: u8,
    /// Its place among those of its level.
    pub index: u64,
}

/// What to read for a root or a proof, and how the hashes are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// For each hash of the result the complete subtrees, from left to right, that it covers.
    parts: Vec<Vec<Node>>,
}

impl Plan {
    /// The root of a tree of `size` leaves. Of an empty tree there is nothing to read: see [`tree::empty_root`].
    pub fn root(size: u64) -> Self {
        Self {
            parts: vec![covering(0, size)],
        }
    }

    /// The inclusion proof of the leaf at `index` in a tree of `size` leaves (RFC 9162 §2.1.3.1); none where the leaf is
    /// not in that tree.
    pub fn inclusion(index: u64, size: u64) -> Option<Self> {
        if index >= size {
            return None;
        }
        let (mut begin, mut end) = (0, size);
        let mut parts = Vec::new();
        while end - begin > 1 {
            let middle = begin + split(end - begin);
            if index < middle {
                parts.push(covering(middle, end));
                end = middle;
            } else {
                parts.push(covering(begin, middle));
                begin = middle;
            }
        }
        parts.reverse();
        Some(Self { parts })
    }

    /// The consistency proof between the trees of `from` and of `to` leaves (RFC 9162 §2.1.4.1); none where the second
    /// is the smaller.
    pub fn consistency(from: u64, to: u64) -> Option<Self> {
        if to < from {
            return None;
        }
        let mut parts = Vec::new();
        if from == 0 || from == to {
            return Some(Self { parts });
        }
        let (mut begin, mut end) = (0, to);
        // Down to the subtree that ends where the earlier tree does.
        while end != from {
            let middle = begin + split(end - begin);
            if from <= middle {
                parts.push(covering(middle, end));
                end = middle;
            } else {
                parts.push(covering(begin, middle));
                begin = middle;
            }
        }
        // The earlier tree itself is known to who asks.
        if begin > 0 {
            parts.push(covering(begin, end));
        }
        parts.reverse();
        Some(Self { parts })
    }

    /// The hashes to read.
    pub fn nodes(&self) -> impl Iterator<Item = Node> {
        self.parts.iter().flatten().copied()
    }

    /// The result, from the hashes of those nodes; none where one is missing.
    pub fn hashes(
        &self,
        mut hash_of: impl FnMut(Node) -> Option<TreeHash>,
    ) -> Option<Vec<TreeHash>> {
        let join = |part: &Vec<Node>| {
            let mut from_right = part.iter().rev();
            let mut hash = hash_of(*from_right.next()?)?;
            for node in from_right {
                hash = tree::node_hash(&hash_of(*node)?, &hash);
            }
            Some(hash)
        };
        self.parts.iter().map(join).collect()
    }
}

/// The complete subtrees of the leaves from `begin` to `end`, the largest first. `begin` is a multiple of the power of two
/// at or above their number, as it is for every part of a tree.
fn covering(mut begin: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    while begin < end {
        let level = (end - begin).ilog2();
        nodes.push(Node {
            // Below 64.
            level: level as u8,
            index: begin >> level,
        });
        begin += 1 << level;
    }
    nodes
}

/// The largest power of two below `size`, which is more than 1.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

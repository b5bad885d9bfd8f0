//! The Merkle tree of a log (RFC 6962 §2.1, RFC 9162 §2.1): hashes, and what proofs prove.

use sha2::{Digest as _, Sha256};

use crate::entry::InclusionProof;

/// The hash of a node.
pub type TreeHash = [u8; 32];

/// The hash of an entry as a leaf of its log's tree (RFC 9162 §2.1.1).
pub fn leaf_hash(body: &[u8]) -> TreeHash {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(body);
    hasher.finalize().into()
}

/// The hash of a node from those of its children (RFC 9162 §2.1.1).
pub fn node_hash(left: &TreeHash, right: &TreeHash) -> TreeHash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// The root of a tree without leaves: the hash of nothing (RFC 9162 §2.1.1).
pub fn empty_root() -> TreeHash {
    Sha256::digest([]).into()
}

/// Why an inclusion proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InclusionError {
    /// The entry is not in a tree of that size.
    #[error("the index {index} is not in a tree of {size} entries")]
    Outside {
        /// The entry's index.
        index: u64,
        /// The tree's size.
        size: u64,
    },
    /// A proof has one hash for each level on the way up.
    #[error("expected {expected} hashes for that place in the tree, found {found}")]
    Length {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The hashes lead elsewhere.
    #[error("the hashes lead to another root")]
    Root,
}

/// Whether a proof leads from a leaf to its root (RFC 9162 §2.1.3.2). Whose root it is, the checkpoint says.
pub fn check_inclusion(leaf: &TreeHash, proof: &InclusionProof) -> Result<(), InclusionError> {
    let root = inclusion_root(leaf, proof.log_index, proof.tree_size, &proof.hashes)?;
    if root == proof.root_hash {
        return Ok(());
    }
    Err(InclusionError::Root)
}

/// The root that hashes lead to, from the leaf at `index` of a tree of `size` leaves (RFC 9162 §2.1.3.2).
pub fn inclusion_root(
    leaf: &TreeHash,
    index: u64,
    size: u64,
    hashes: &[TreeHash],
) -> Result<TreeHash, InclusionError> {
    if index >= size {
        return Err(InclusionError::Outside { index, size });
    }
    let expected = proof_length(index, size);
    if hashes.len() != expected {
        return Err(InclusionError::Length {
            expected,
            found: hashes.len(),
        });
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in hashes {
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // At the right edge the levels without a sibling have no hash in the proof.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    Ok(hash)
}

/// Hashes of a proof: one for each level up to where the paths of the leaf and the last leaf meet, and above that one for
/// each left neighbour.
fn proof_length(index: u64, size: u64) -> usize {
    let (inner, border) = path_lengths(index, size);
    inner + border
}

/// How many levels lie below the node where the paths of a leaf and of the last leaf meet; and how many left neighbours
/// the path has above it.
fn path_lengths(index: u64, size: u64) -> (usize, usize) {
    let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
    let border = index.checked_shr(inner).unwrap_or(0).count_ones();
    // Both are at most 64.
    (inner as usize, border as usize)
}

/// Why a consistency proof proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsistencyError {
    /// Logs only grow.
    #[error("a log does not shrink from {from} entries to {to}")]
    Shrinks {
        /// The earlier size.
        from: u64,
        /// The later size.
        to: u64,
    },
    /// A proof has a certain number of hashes.
    #[error("expected {expected} hashes for those two sizes, found {found}")]
    Length {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// The hashes lead elsewhere.
    #[error("the hashes lead to another root of the earlier tree")]
    EarlierRoot,
    /// The hashes lead elsewhere.
    #[error("the hashes lead to another root of the later tree")]
    LaterRoot,
}

/// Whether a proof shows that the tree of the first size and root is the beginning of the second (RFC 9162 §2.1.4.2).
/// Every tree begins with the empty one, and a proof of that, or of a tree by itself, has no hashes.
pub fn check_consistency(
    (from, from_root): (u64, &TreeHash),
    (to, to_root): (u64, &TreeHash),
    hashes: &[TreeHash],
) -> Result<(), ConsistencyError> {
    use ConsistencyError as Error;
    if to < from {
        return Err(Error::Shrinks { from, to });
    }
    let length = |expected| Error::Length {
        expected,
        found: hashes.len(),
    };
    if from == 0 || from == to {
        return match hashes {
            [] if from == 0 && *from_root != empty_root() => Err(Error::EarlierRoot),
            [] if from == to && from_root != to_root => Err(Error::LaterRoot),
            [] => Ok(()),
            _ => Err(length(0)),
        };
    }
    // Where the last leaf of the earlier tree is: the proof climbs from the largest complete subtree that ends with it.
    let shift = from.trailing_zeros();
    let (inner, border) = path_lengths(from - 1, to);
    let inner = inner.saturating_sub(shift as usize);
    let whole = from.is_power_of_two();
    let expected = usize::from(!whole) + inner + border;
    if hashes.len() != expected {
        return Err(length(expected));
    }
    let (mut earlier, climb) = match hashes.split_first() {
        Some((first, rest)) if !whole => (*first, rest),
        _ => (*from_root, hashes),
    };
    let mut later = earlier;
    let mut path = (from - 1) >> shift;
    for (level, sibling) in climb.iter().enumerate() {
        if level >= inner || path & 1 == 1 {
            earlier = node_hash(sibling, &earlier);
            later = node_hash(sibling, &later);
        } else {
            later = node_hash(&later, sibling);
        }
        path >>= 1;
    }
    if earlier != *from_root {
        return Err(Error::EarlierRoot);
    }
    if later != *to_root {
        return Err(Error::LaterRoot);
    }
    Ok(())
}

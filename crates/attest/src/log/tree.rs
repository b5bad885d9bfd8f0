//! The Merkle tree of a log (RFC 6962 §2.1, RFC 9162 §2.1): hashes, and what proofs prove.

use sha2::{Digest as _, Sha256};

use crate::entry::InclusionProof;

/// The hash of an entry as a leaf of its log's tree (RFC 9162 §2.1.1).
pub fn leaf_hash(body: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update([0]);
    hasher.update(body);
    hasher.finalize().into()
}

fn node_hash(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
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
pub fn check_inclusion(leaf: &[u8; 32], proof: &InclusionProof) -> Result<(), InclusionError> {
    let (index, size) = (proof.log_index, proof.tree_size);
    if index >= size {
        return Err(InclusionError::Outside { index, size });
    }
    let expected = proof_length(index, size);
    if proof.hashes.len() != expected {
        return Err(InclusionError::Length {
            expected,
            found: proof.hashes.len(),
        });
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in &proof.hashes {
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
    if hash == proof.root_hash {
        return Ok(());
    }
    Err(InclusionError::Root)
}

/// Hashes of a proof: one for each level up to where the paths of the leaf and the last leaf meet, and above that one for
/// each left neighbour.
fn proof_length(index: u64, size: u64) -> usize {
    let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
    let border = (index >> inner.min(u64::BITS - 1)).count_ones();
    usize::try_from(inner + border).unwrap_or(usize::MAX)
}

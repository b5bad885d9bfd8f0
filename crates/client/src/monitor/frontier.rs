//! The right edge of a growing tree: one hash for each complete subtree that has no sibling yet. It is all that is needed
//! to go on.

use touchplate_attest::log::{TreeHash, empty_root, node_hash};

/// The complete subtrees that a tree of some size is made of (RFC 9162 §2.1.1), the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Frontier {
    size: u64,
    hashes: Vec<TreeHash>,
}

impl Frontier {
    /// From its hashes, the largest subtree's first; none where a tree of that size has another number of them.
    pub(super) fn new(size: u64, hashes: Vec<TreeHash>) -> Option<Self> {
        (hashes.len() == size.count_ones() as usize).then_some(Self { size, hashes })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn hashes(&self) -> &[TreeHash] {
        &self.hashes
    }

    /// The tree grows by one leaf: each subtree of the same height on its left becomes one with it.
    pub(super) fn append(&mut self, leaf: TreeHash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.hashes.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    pub(super) fn root(&self) -> TreeHash {
        let mut from_right = self.hashes.iter().rev();
        let Some(last) = from_right.next() else {
            return empty_root();
        };
        from_right.fold(*last, |right, left| node_hash(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use touchplate_attest::log::leaf_hash;

    use super::*;

    /// As RFC 9162 §2.1.1 defines it.
    fn defined(leaves: &[TreeHash]) -> TreeHash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let left = (leaves.len() - 1).ilog2();
                let (left, right) = leaves.split_at(1 << left);
                node_hash(&defined(left), &defined(right))
            }
        }
    }

    #[test]
    fn it_leads_to_the_root_at_each_size() {
        let mut frontier = Frontier::default();
        let mut leaves = Vec::new();
        for index in 0..130_u64 {
            assert_eq!(frontier.root(), defined(&leaves), "{index}");
            let kept = Frontier::new(frontier.size(), frontier.hashes().to_vec());
            assert_eq!(kept.as_ref(), Some(&frontier));
            let leaf = leaf_hash(&index.to_be_bytes());
            frontier.append(leaf);
            leaves.push(leaf);
        }
        assert_eq!(Frontier::new(3, vec![[0; 32]]), None);
    }
}

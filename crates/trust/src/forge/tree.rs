//! The Merkle tree of both logs (RFC 6962 §2.1).

use std::sync::{Mutex, PoisonError};

use touchplate_attest::Sha256;

/// A tree that threads share. Leaves are only added; each proof is for the tree as it is then.
#[derive(Default)]
pub(crate) struct Tree(Mutex<Subtrees>);

/// Where a leaf is in a tree, and the way from it to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inclusion {
    pub(crate) index: u64,
    pub(crate) size: u64,
    pub(crate) root: [u8; 32],
    pub(crate) path: Vec<[u8; 32]>,
}

/// A tree's size and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// How many leaves it has.
    pub size: u64,
    /// The hash of all of them (RFC 6962 §2.1).
    pub root: [u8; 32],
}

impl Tree {
    /// The tree as it is now.
    pub(crate) fn head(&self) -> TreeHead {
        let subtrees = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = subtrees.len();
        TreeHead {
            size: size as u64,
            root: subtrees.hash(0, size),
        }
    }

    /// Adds the leaf of these bytes.
    pub(crate) fn add(&self, bytes: &[u8]) -> Inclusion {
        // A panic elsewhere leaves the tree whole: adding a leaf cannot fail halfway.
        let mut subtrees = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        subtrees.push(leaf(bytes));
        let size = subtrees.len();
        let index = size - 1;
        Inclusion {
            index: index as u64,
            size: size as u64,
            root: subtrees.hash(0, size),
            path: subtrees.path(index),
        }
    }
}

/// The hash of every complete subtree: at level `l`, of 2^l leaves each.
#[derive(Default)]
struct Subtrees {
    levels: Vec<Vec<[u8; 32]>>,
}

impl Subtrees {
    fn len(&self) -> usize {
        self.levels.first().map_or(0, Vec::len)
    }

    fn push(&mut self, leaf: [u8; 32]) {
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let hashes = &mut self.levels[level];
            hashes.push(hash);
            match hashes.as_slice() {
                [.., left, right] if hashes.len().is_multiple_of(2) => hash = node(left, right),
                _ => return,
            }
        }
    }

    /// The hash of the `size` leaves from `start`, which is a multiple of the power of two at or above `size`.
    fn hash(&self, start: usize, size: usize) -> [u8; 32] {
        if size == 0 {
            return *Sha256::of(b"").as_bytes();
        }
        if size.is_power_of_two() {
            return self.levels[size.ilog2() as usize][start / size];
        }
        let left = split(size);
        node(
            &self.hash(start, left),
            &self.hash(start + left, size - left),
        )
    }

    /// The siblings from the leaf at `index` up to the root.
    fn path(&self, index: usize) -> Vec<[u8; 32]> {
        let (mut start, mut size) = (0, self.len());
        let mut path = Vec::new();
        while size > 1 {
            let left = split(size);
            if index - start < left {
                path.push(self.hash(start + left, size - left));
                size = left;
            } else {
                path.push(self.hash(start, left));
                start += left;
                size -= left;
            }
        }
        path.reverse();
        path
    }
}

fn leaf(bytes: &[u8]) -> [u8; 32] {
    *Sha256::of(&[&[0], bytes].concat()).as_bytes()
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    *Sha256::of(&[&[1], &left[..], &right[..]].concat()).as_bytes()
}

/// The largest power of two below `size`, which is more than 1.
fn split(size: usize) -> usize {
    1 << (size - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The leaves that Certificate Transparency's reference implementation is tested with, and the tree's root after
    /// each of them.
    const VECTORS: [(&str, &str); 8] = [
        (
            "",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        ),
        (
            "00",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        ),
        (
            "10",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        ),
        (
            "2021",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ),
        (
            "3031",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        ),
        (
            "40414243",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        ),
        (
            "5051525354555657",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        ),
        (
            "606162636465666768696a6b6c6d6e6f",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ),
    ];

    /// RFC 6962 §2.1's definition, word for word.
    fn by_definition(leaves: &[[u8; 32]]) -> [u8; 32] {
        match leaves {
            [] => *Sha256::of(b"").as_bytes(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len()));
                node(&by_definition(left), &by_definition(right))
            }
        }
    }

    /// RFC 9162 §2.1.3.2's verification: the root that a proof leads to.
    fn leads_to(index: usize, size: usize, leaf: [u8; 32], path: &[[u8; 32]]) -> [u8; 32] {
        let (mut node_at, mut last, mut hash) = (index, size - 1, leaf);
        for sibling in path {
            if node_at % 2 == 1 || node_at == last {
                hash = node(sibling, &hash);
                while node_at % 2 == 0 && node_at != 0 {
                    node_at >>= 1;
                    last >>= 1;
                }
            } else {
                hash = node(&hash, sibling);
            }
            node_at >>= 1;
            last >>= 1;
        }
        assert_eq!(last, 0);
        hash
    }

    #[test]
    fn the_published_vectors_come_out() {
        let tree = Tree::default();
        for (at, (bytes, root)) in VECTORS.iter().enumerate() {
            let inclusion = tree.add(&hex::decode(bytes).unwrap());
            assert_eq!(
                (inclusion.index, inclusion.size),
                (at as u64, at as u64 + 1)
            );
            assert_eq!(hex::encode(inclusion.root), *root);
        }
        let empty = hex::encode(Subtrees::default().hash(0, 0));
        assert_eq!(
            empty,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn the_last_proof_of_seven_leaves_is_the_one_in_the_standard() {
        // RFC 6962 §2.1.3: the audit path of d6 is [i, k], of d0 [b, h, l].
        let leaves: Vec<_> = (0_u8..7).map(|byte| leaf(&[byte])).collect();
        let mut subtrees = Subtrees::default();
        leaves.iter().for_each(|leaf| subtrees.push(*leaf));
        let i = node(&leaves[4], &leaves[5]);
        let k = by_definition(&leaves[..4]);
        assert_eq!(subtrees.path(6), [i, k]);
        let h = node(&leaves[2], &leaves[3]);
        let l = by_definition(&leaves[4..]);
        assert_eq!(subtrees.path(0), [leaves[1], h, l]);
    }

    #[test]
    fn every_proof_of_every_small_tree_leads_to_the_root_of_the_definition() {
        let mut subtrees = Subtrees::default();
        let mut leaves = Vec::new();
        for size in 1..=70_usize {
            let hash = leaf(&size.to_be_bytes());
            subtrees.push(hash);
            leaves.push(hash);
            let root = by_definition(&leaves);
            assert_eq!(subtrees.hash(0, size), root);
            for (index, leaf) in leaves.iter().enumerate() {
                assert_eq!(
                    leads_to(index, size, *leaf, &subtrees.path(index)),
                    root,
                    "{index} of {size}"
                );
            }
        }
    }

    #[test]
    fn threads_that_add_at_once_each_get_a_place_of_their_own() {
        let tree = Tree::default();
        let mut places: Vec<_> = std::thread::scope(|scope| {
            let add = || {
                let added = (0..50_u8).map(|byte| (byte, tree.add(&[byte])));
                added.collect::<Vec<_>>()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(add)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        places.sort_by_key(|(_, at)| at.index);
        for (expected, (byte, at)) in places.iter().enumerate() {
            assert_eq!(at.index, expected as u64);
            let (index, size) = (at.index as usize, at.size as usize);
            assert_eq!(leads_to(index, size, leaf(&[*byte]), &at.path), at.root);
        }
    }
}

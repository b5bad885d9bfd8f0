//! A transparency log in memory, of the shape of Rekor's version 1.

use std::sync::Mutex;

use aws_lc_rs::error::Unspecified;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use touchplate_attest::Sha256;

use crate::keys::SigningKey;

/// A log with its key. Entries are only added; each proof is for the tree as it is then.
pub(crate) struct Log {
    pub(crate) key: SigningKey,
    /// Its address without the scheme, which is what it calls itself.
    pub(crate) name: String,
    tree: Mutex<Tree>,
}

/// Where an entry is in a log.
pub(crate) struct Inclusion {
    pub(crate) index: u64,
    pub(crate) size: u64,
    pub(crate) root: [u8; 32],
    pub(crate) path: Vec<[u8; 32]>,
}

impl Log {
    pub(crate) fn new(key: SigningKey, name: String) -> Self {
        Self {
            key,
            name,
            tree: Mutex::new(Tree::default()),
        }
    }

    /// Takes an entry's body.
    pub(crate) fn add(&self, body: &[u8]) -> Inclusion {
        // A panic elsewhere leaves the tree whole: adding a leaf cannot fail halfway.
        let mut tree = self
            .tree
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        tree.push(leaf(body));
        let size = tree.len();
        let index = size - 1;
        Inclusion {
            index: index as u64,
            size: size as u64,
            root: tree.hash(0, size),
            path: tree.path(index),
        }
    }

    /// A checkpoint's first line: the log's name and the number of its one shard.
    pub(crate) fn origin(&self) -> String {
        format!("{} - 1", self.name)
    }

    /// `text` as a signed note (C2SP signed-note), signed by `key` under `name`.
    pub(crate) fn note(text: &str, name: &str, key: &SigningKey) -> Result<String, Unspecified> {
        let mut signature = key.id()[..4].to_vec();
        signature.extend(key.sign(text.as_bytes())?);
        Ok(format!(
            "{text}\n\u{2014} {name} {}\n",
            STANDARD.encode(signature)
        ))
    }
}

fn leaf(body: &[u8]) -> [u8; 32] {
    *Sha256::of(&[&[0], body].concat()).as_bytes()
}

fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    *Sha256::of(&[&[1], &left[..], &right[..]].concat()).as_bytes()
}

/// A Merkle tree (RFC 6962 §2.1) that keeps the hash of every complete subtree: at level `l`, of 2^l leaves each.
#[derive(Default)]
struct Tree {
    levels: Vec<Vec<[u8; 32]>>,
}

impl Tree {
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
        if size.is_power_of_two() {
            return self.levels[size.ilog2() as usize][start / size];
        }
        if size == 0 {
            return *Sha256::of(b"").as_bytes();
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

/// The largest power of two below `size`, which is more than 1.
fn split(size: usize) -> usize {
    1 << (size - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// RFC 9162 §2.1.3.2's verification.
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
    fn every_proof_of_every_small_tree_leads_to_the_root_of_the_definition() {
        let mut tree = Tree::default();
        let mut leaves = Vec::new();
        assert_eq!(tree.hash(0, 0), by_definition(&[]));
        for size in 1..=70_usize {
            let hash = leaf(&size.to_be_bytes());
            tree.push(hash);
            leaves.push(hash);
            let root = by_definition(&leaves);
            assert_eq!(tree.hash(0, size), root);
            for (index, leaf) in leaves.iter().enumerate() {
                assert_eq!(
                    leads_to(index, size, *leaf, &tree.path(index)),
                    root,
                    "{index} of {size}"
                );
            }
        }
    }
}

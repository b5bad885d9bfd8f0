//! How Rekor v1 names entries: the tree's number and the leaf's hash, in hex.

use std::fmt;
use std::str::FromStr;

use touchplate_attest::Sha256;
use touchplate_attest::log::TreeHash;

/// The number of the one tree of a log. Clients of Rekor that shards its log tell its trees apart by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeId(i64);

impl TreeId {
    /// The number of the log with this origin: positive, and the same for good.
    pub(super) fn of(origin: &str) -> Self {
        let digest = Sha256::of(origin.as_bytes());
        let first = digest.as_bytes().first_chunk().copied().unwrap_or_default();
        Self(i64::from_be_bytes(first) & i64::MAX)
    }
}

/// In decimal, as in a log's info.
impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An entry's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid {
    tree: Option<TreeId>,
    leaf: TreeHash,
}

/// A text names no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "UUID must be a 64-character hexadecimal string, or 80 characters with the tree's number in front"
)]
pub struct InvalidUuid;

impl Uuid {
    pub(super) fn new(tree: TreeId, leaf: TreeHash) -> Self {
        Self {
            tree: Some(tree),
            leaf,
        }
    }

    /// The leaf's hash.
    pub(super) fn leaf(&self) -> &TreeHash {
        &self.leaf
    }

    /// Whether it may name an entry of that tree.
    pub(super) fn is_of(&self, tree: TreeId) -> bool {
        self.tree.is_none_or(|named| named == tree)
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(TreeId(tree)) = self.tree {
            write!(f, "{tree:016x}")?;
        }
        f.write_str(&hex::encode(self.leaf))
    }
}

impl FromStr for Uuid {
    type Err = InvalidUuid;

    fn from_str(given: &str) -> Result<Self, InvalidUuid> {
        const LEAF: usize = 64;
        const TREE: usize = 16;
        let start = match given.len() {
            LEAF => 0,
            length if length == TREE + LEAF => TREE,
            _ => return Err(InvalidUuid),
        };
        let (tree, leaf) = given.split_at_checked(start).ok_or(InvalidUuid)?;
        let mut hash = TreeHash::default();
        hex::decode_to_slice(leaf, &mut hash).map_err(|_| InvalidUuid)?;
        let tree = if tree.is_empty() {
            None
        } else {
            let mut number = [0; 8];
            hex::decode_to_slice(tree, &mut number).map_err(|_| InvalidUuid)?;
            Some(TreeId(i64::from_be_bytes(number)))
        };
        Ok(Self { tree, leaf: hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_with_and_without_its_tree() {
        let tree = TreeId::of("log.example/trust/rekor1");
        let uuid = Uuid::new(tree, [7; 32]);
        let text = uuid.to_string();
        assert_eq!(text.len(), 80);
        assert_eq!(text.parse(), Ok(uuid));
        assert_eq!(text.to_uppercase().parse(), Ok(uuid));
        let bare: Uuid = text[16..].parse().unwrap();
        assert!(bare.is_of(tree) && bare.leaf() == uuid.leaf());
        assert!(!uuid.is_of(TreeId::of("another.example")));
        for other in [
            "",
            "07",
            &text[1..],
            &text.replace('7', "g"),
            &"é".repeat(40),
        ] {
            assert_eq!(other.parse::<Uuid>(), Err(InvalidUuid), "{other}");
        }
    }

    #[test]
    fn a_tree_has_a_positive_number() {
        for origin in ["a", "b", "c", "d", "localhost:8740/trust/rekor1"] {
            assert!(TreeId::of(origin).0 >= 0);
        }
    }
}

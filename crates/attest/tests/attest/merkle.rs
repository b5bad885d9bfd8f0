//! The tree of logs: other people's proofs, and our own against the definition.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use touchplate_attest::log::{
    ConsistencyError, InclusionError, Node, Plan, TILE_WIDTH, TileSpot, TreeHash,
    check_consistency, empty_root, inclusion_root, leaf_hash, node_hash,
};

/// Made longer than a tile is wide, and than two levels of tiles need at the right edge.
const LEAVES: u64 = 600;

fn hash(value: &Value) -> Option<TreeHash> {
    STANDARD.decode(value.as_str()?).ok()?.try_into().ok()
}

fn hashes(value: &Value) -> Option<Vec<TreeHash>> {
    let listed = value.as_array().map_or(&[][..], Vec::as_slice);
    listed.iter().map(hash).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

/// Whether the vector's proof holds; what is no hash proves nothing.
fn holds(vector: &Value) -> bool {
    let Some(proof) = hashes(&vector["proof"]) else {
        return false;
    };
    if vector.get("leafIdx").is_some() {
        let (Some(leaf), Some(root)) = (hash(&vector["leafHash"]), hash(&vector["root"])) else {
            return false;
        };
        let (index, size) = (number(&vector["leafIdx"]), number(&vector["treeSize"]));
        return inclusion_root(&leaf, index, size, &proof) == Ok(root);
    }
    let (Some(from), Some(to)) = (hash(&vector["root1"]), hash(&vector["root2"])) else {
        return false;
    };
    let (earlier, later) = (number(&vector["size1"]), number(&vector["size2"]));
    check_consistency((earlier, &from), (later, &to), &proof).is_ok()
}

#[test]
fn the_vectors_of_others_are_judged_as_they_say() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../vectors/merkle.json")).unwrap();
    assert_eq!(vectors.len(), 195);
    // Right in their own library, which compares roots as bytes of any length; ours has no such roots.
    let no_hash = |vector: &Value| vector.get("root1").is_some_and(|root| hash(root).is_none());
    let mut left_out = 0;
    for vector in vectors {
        if no_hash(&vector) && vector["wantErr"] == false {
            left_out += 1;
            continue;
        }
        let expected = vector["wantErr"] == false;
        assert_eq!(holds(&vector), expected, "{}", vector["name"]);
    }
    assert_eq!(left_out, 2);
}

/// The hash of every complete subtree.
struct Tree {
    levels: Vec<Vec<TreeHash>>,
}

impl Tree {
    fn of(leaves: u64) -> Self {
        let mut levels = vec![(0..leaves).map(|n| leaf_hash(&n.to_be_bytes())).collect()];
        while let Some(below) = levels
            .last()
            .filter(|level: &&Vec<TreeHash>| level.len() > 1)
        {
            let pairs = below.as_chunks::<2>().0.iter();
            levels.push(pairs.map(|[left, right]| node_hash(left, right)).collect());
        }
        Self { levels }
    }

    fn hash_of(&self, node: Node) -> Option<TreeHash> {
        let level = self.levels.get(usize::from(node.level))?;
        level.get(usize::try_from(node.index).ok()?).copied()
    }

    /// As a log's tiles have it.
    fn tile(&self, level: u8, index: u64) -> Vec<u8> {
        let hashes = self.levels.get(usize::from(level) * 8);
        let start = usize::try_from(index * TILE_WIDTH).unwrap();
        let hashes = hashes.map_or(&[][..], |hashes| hashes.get(start..).unwrap_or_default());
        hashes.iter().take(256).flatten().copied().collect()
    }

    fn root(&self, size: u64) -> TreeHash {
        self.read(&Plan::root(size))
            .pop()
            .unwrap_or_else(empty_root)
    }

    fn read(&self, plan: &Plan) -> Vec<TreeHash> {
        let hashes = plan.hashes(|node| self.hash_of(node));
        // An empty tree has no part to read.
        hashes.unwrap_or_default()
    }
}

/// RFC 6962 §2.1's definition, word for word.
fn by_definition(leaves: &[TreeHash]) -> TreeHash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
            node_hash(&by_definition(left), &by_definition(right))
        }
    }
}

#[test]
fn every_inclusion_proof_leads_to_the_root_of_the_definition() {
    let tree = Tree::of(LEAVES);
    for size in (0..=70).chain([255, 256, 257, 511, 512, 513, LEAVES]) {
        let root = tree.root(size);
        let leaves = &tree.levels[0][..usize::try_from(size).unwrap()];
        assert_eq!(root, by_definition(leaves), "{size}");
        assert_eq!(Plan::inclusion(size, size), None);
        for (index, leaf) in (0..size).zip(leaves) {
            let proof = tree.read(&Plan::inclusion(index, size).unwrap());
            let led = inclusion_root(leaf, index, size, &proof);
            assert_eq!(led, Ok(root), "{index} of {size}");
        }
    }
}

#[test]
fn every_consistency_proof_holds_and_no_other_does() {
    let tree = Tree::of(LEAVES);
    for to in (0..=40).chain([256, 300, LEAVES]) {
        for from in 0..=to {
            let proof = tree.read(&Plan::consistency(from, to).unwrap());
            let (earlier, later) = (tree.root(from), tree.root(to));
            let check =
                |proof: &[TreeHash]| check_consistency((from, &earlier), (to, &later), proof);
            assert_eq!(check(&proof), Ok(()), "{from} to {to}");
            let other = leaf_hash(b"other");
            let forged = check_consistency((from, &other), (to, &later), &proof);
            assert!(forged.is_err(), "{from} to {to}");
            if from > 0 {
                let forged = check_consistency((from, &earlier), (to, &other), &proof);
                assert!(forged.is_err(), "{from} to {to}");
            }
            let longer = [&proof[..], &[other]].concat();
            assert!(matches!(
                check(&longer),
                Err(ConsistencyError::Length { .. })
            ));
            for place in 0..proof.len() {
                let mut changed = proof.clone();
                changed[place][0] ^= 1;
                assert!(check(&changed).is_err(), "{place} of {from} to {to}");
            }
        }
        assert_eq!(Plan::consistency(to + 1, to), None);
    }
    let root = empty_root();
    let shrunk = check_consistency((2, &root), (1, &root), &[]);
    assert_eq!(shrunk, Err(ConsistencyError::Shrinks { from: 2, to: 1 }));
}

#[test]
fn sizes_at_the_end_of_the_numbers_are_no_trouble() {
    let leaf = leaf_hash(b"");
    let last = u64::MAX - 1;
    let plan = Plan::inclusion(last, u64::MAX).unwrap();
    let hashes = plan.hashes(|_| Some(leaf)).unwrap();
    assert!(inclusion_root(&leaf, last, u64::MAX, &hashes).is_ok());
    let outside = inclusion_root(&leaf, u64::MAX, u64::MAX, &hashes);
    assert!(matches!(outside, Err(InclusionError::Outside { .. })));
    let plan = Plan::consistency(1, u64::MAX).unwrap();
    let hashes = plan.hashes(|_| Some(leaf)).unwrap();
    let led = check_consistency((1, &leaf), (u64::MAX, &leaf), &hashes);
    assert_eq!(led, Err(ConsistencyError::LaterRoot));
}

#[test]
fn the_hash_of_every_node_is_in_a_tile() {
    let tree = Tree::of(LEAVES);
    for (level, hashes) in (0..).zip(&tree.levels) {
        for (index, hash) in (0..).zip(hashes) {
            let spot = TileSpot::of(Node { level, index });
            let tile = tree.tile(spot.level, spot.index);
            assert_eq!(spot.hash(&tile), Some(*hash), "{level} {index}");
            let needed = (spot.first + spot.count) * 32;
            assert_eq!(spot.hash(&tile[..needed - 1]), None, "{level} {index}");
        }
    }
}

#[test]
fn a_proof_in_a_log_of_ten_million_reads_two_tiles_a_level_at_most() {
    const SIZE: u64 = 10_000_000;
    for index in (0..SIZE).step_by(99_991).chain([0, SIZE - 1]) {
        let plan = Plan::inclusion(index, SIZE).unwrap();
        let mut tiles: Vec<_> = plan
            .nodes()
            .map(TileSpot::of)
            .map(|spot| (spot.level, spot.index))
            .collect();
        tiles.sort_unstable();
        tiles.dedup();
        // ⌈log₂₅₆ 10⁷⌉ is 3.
        assert!(tiles.len() <= 6, "{index}: {tiles:?}");
    }
}

//! Tiles: a log as files that never change (C2SP `tlog-tiles`).

use std::fmt;
use std::str::FromStr;

use super::plan::Node;
use super::tree::{self, TreeHash};
use crate::encoding;

/// Levels of the tree that one tile holds.
pub const TILE_LEVELS: u8 = 8;

/// Hashes, or entries, of a full tile: 2^8.
pub const TILE_WIDTH: u64 = 1 << TILE_LEVELS;

/// The highest level of tiles, by the specification: a log of 2^48 entries.
pub const MAX_TILE_LEVEL: u8 = 5;

/// The longest entry: a bundle gives its length in two bytes.
pub const MAX_ENTRY_BYTES: usize = u16::MAX as usize;

/// The longest path that is read: `tile/entries/`, seven groups of three digits with their signs, and `.p/255`.
const MAX_PATH_BYTES: usize = 64;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TileKind {
    /// Entries.
    Entries,
    /// Hashes of the complete subtrees at level 8·L.
    Hashes(u8),
}

/// Which tile, and how much of it. Its text is the path that logs serve it under, such as `tile/0/x001/234.p/17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    width: u16,
}

/// A text is no tile's path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a tile's path such as `tile/0/x001/234.p/17` or `tile/entries/000`, found {found:?}"
)]
pub struct TilePathError {
    found: String,
}

impl TilePath {
    /// A full tile.
    pub fn full(kind: TileKind, index: u64) -> Self {
        Self {
            kind,
            index,
            width: TILE_WIDTH as u16,
        }
    }

    /// The first `width` of a tile; none where that is nothing or more than a tile has.
    pub fn of_width(kind: TileKind, index: u64, width: u64) -> Option<Self> {
        let width = u16::try_from(width).ok()?;
        let within = (1..=TILE_WIDTH).contains(&u64::from(width));
        within.then_some(Self { kind, index, width })
    }

    /// What it holds.
    pub fn kind(&self) -> TileKind {
        self.kind
    }

    /// Its place among those of its kind.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries; [`TILE_WIDTH`] where it is full.
    pub fn width(&self) -> usize {
        usize::from(self.width)
    }

    /// Whether it is full: only then does it never change.
    pub fn is_full(&self) -> bool {
        u64::from(self.width) == TILE_WIDTH
    }

    /// Whether a log of `size` entries has it.
    pub fn is_within(&self, size: u64) -> bool {
        let there = width_at(self.kind, self.index, size);
        u64::from(self.width) <= there
    }
}

/// How much of a tile a log of `size` entries has.
pub fn width_at(kind: TileKind, index: u64, size: u64) -> u64 {
    let level = match kind {
        TileKind::Entries => 0,
        TileKind::Hashes(level) => u32::from(level),
    };
    let hashes = size
        .checked_shr(level * u32::from(TILE_LEVELS))
        .unwrap_or(0);
    let before = index.saturating_mul(TILE_WIDTH);
    hashes.saturating_sub(before).min(TILE_WIDTH)
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Entries => f.write_str("tile/entries/")?,
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        // Groups of three digits, each but the last with an x.
        let digits = format!("{:03}", self.index);
        let padded = format!(
            "{digits:0>width$}",
            width = digits.len().next_multiple_of(3)
        );
        let groups = padded.len() / 3;
        for (number, start) in (0..padded.len()).step_by(3).enumerate() {
            let group = padded.get(start..start + 3).unwrap_or_default();
            if number + 1 < groups {
                write!(f, "x{group}/")?;
            } else {
                f.write_str(group)?;
            }
        }
        if !self.is_full() {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl FromStr for TilePath {
    type Err = TilePathError;

    fn from_str(given: &str) -> Result<Self, TilePathError> {
        read(given).ok_or_else(|| TilePathError {
            found: crate::json::shown(given),
        })
    }
}

fn read(given: &str) -> Option<TilePath> {
    if given.len() > MAX_PATH_BYTES {
        return None;
    }
    let (kind, rest) = given.strip_prefix("tile/")?.split_once('/')?;
    let kind = match kind {
        "entries" => TileKind::Entries,
        level => {
            let level = u8::try_from(encoding::decimal(level)?).ok()?;
            (level <= MAX_TILE_LEVEL).then_some(TileKind::Hashes(level))?
        }
    };
    let (index, width) = match rest.split_once(".p/") {
        None => (rest, TILE_WIDTH),
        Some((index, width)) => {
            let width = encoding::decimal(width)?;
            // A full tile has one name.
            (width < TILE_WIDTH).then_some((index, width))?
        }
    };
    let path = TilePath::of_width(kind, read_index(index)?, width)?;
    // One spelling: no group of zeros in front, no sign missing.
    (path.to_string() == given).then_some(path)
}

fn read_index(given: &str) -> Option<u64> {
    let mut index = 0_u64;
    for group in given.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    Some(index)
}

/// Where the hash of a node is: the hashes of a tile that it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileSpot {
    /// The tile's level.
    pub level: u8,
    /// The tile's index.
    pub index: u64,
    /// The first of the hashes.
    pub first: usize,
    /// How many hashes: a power of two.
    pub count: usize,
}

impl TileSpot {
    /// Where the hash of a complete subtree is.
    pub fn of(node: Node) -> Self {
        let within = node.level % TILE_LEVELS;
        let first = node.index << within;
        Self {
            level: node.level / TILE_LEVELS,
            index: first / TILE_WIDTH,
            // Below 256.
            first: (first % TILE_WIDTH) as usize,
            count: 1 << within,
        }
    }

    /// The node's hash, from the tile's bytes; none where the tile is shorter.
    pub fn hash(&self, tile: &[u8]) -> Option<TreeHash> {
        let (hashes, _) = tile.as_chunks::<32>();
        let hashes = hashes.get(self.first..self.first + self.count)?;
        Some(complete_root(hashes))
    }
}

/// The root of a complete tree of these hashes, a power of two of them.
fn complete_root(hashes: &[TreeHash]) -> TreeHash {
    match hashes {
        [] => tree::empty_root(),
        [hash] => *hash,
        _ => {
            let (left, right) = hashes.split_at(hashes.len() / 2);
            tree::node_hash(&complete_root(left), &complete_root(right))
        }
    }
}

/// The entries of a tile: each with its length in two bytes in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryBundle<'b> {
    entries: Vec<&'b [u8]>,
}

/// Bytes are no bundle of entries.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryBundleError {
    /// An entry is cut off.
    #[error("entry {position} of the bundle is cut off")]
    Cut {
        /// Which, counted from 0.
        position: usize,
    },
    /// More than a tile has.
    #[error("expected at most {TILE_WIDTH} entries in a bundle, found more")]
    TooMany,
}

impl<'b> EntryBundle<'b> {
    /// Reads a bundle, to its end.
    pub fn parse(mut bytes: &'b [u8]) -> Result<Self, EntryBundleError> {
        let mut entries = Vec::new();
        while !bytes.is_empty() {
            let position = entries.len();
            if position as u64 == TILE_WIDTH {
                return Err(EntryBundleError::TooMany);
            }
            let cut = EntryBundleError::Cut { position };
            let (length, rest) = bytes.split_first_chunk().ok_or(cut.clone())?;
            let length = usize::from(u16::from_be_bytes(*length));
            let (entry, rest) = rest.split_at_checked(length).ok_or(cut)?;
            entries.push(entry);
            bytes = rest;
        }
        Ok(Self { entries })
    }

    /// The entries, in order.
    pub fn entries(&self) -> &[&'b [u8]] {
        &self.entries
    }
}

/// Appends an entry to a bundle; false, and nothing is appended, where it is longer than [`MAX_ENTRY_BYTES`].
pub fn append_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Ok(length) = u16::try_from(entry.len()) else {
        return false;
    };
    bundle.extend(length.to_be_bytes());
    bundle.extend(entry);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_has_one_path() {
        for (path, kind, index, width) in [
            ("tile/0/000", TileKind::Hashes(0), 0, 256),
            ("tile/0/x001/234.p/17", TileKind::Hashes(0), 1234, 17),
            ("tile/5/x001/x234/067", TileKind::Hashes(5), 1_234_067, 256),
            ("tile/entries/999", TileKind::Entries, 999, 256),
            ("tile/entries/x001/000.p/255", TileKind::Entries, 1000, 255),
        ] {
            let read: TilePath = path.parse().unwrap();
            assert_eq!(
                (read.kind(), read.index(), read.width()),
                (kind, index, width)
            );
            assert_eq!(read.to_string(), path);
        }
        let most = TilePath::full(TileKind::Hashes(0), u64::MAX).to_string();
        assert_eq!(most.parse::<TilePath>().unwrap().index(), u64::MAX);
    }

    #[test]
    fn other_paths_are_refused() {
        for path in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/00/000",
            "tile/6/000",
            "tile/-1/000",
            "tile/+1/000",
            "tile/data/000",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/0/000.p/1/",
            "tile/0/000.p/1.p/1",
            "tile/0/000/",
            "tile/0//000",
            "/tile/0/000",
            "tile/0/../000",
            "tile/0/%30",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/\u{ff10}\u{ff10}\u{ff10}",
            "tile/entries/../../stack.toml",
        ] {
            assert!(path.parse::<TilePath>().is_err(), "{path:?}");
        }
        assert!(TilePath::of_width(TileKind::Entries, 0, 0).is_none());
        assert!(TilePath::of_width(TileKind::Entries, 0, 257).is_none());
    }

    #[test]
    fn a_log_has_the_tiles_that_its_size_gives_it() {
        assert_eq!(width_at(TileKind::Hashes(0), 0, 0), 0);
        assert_eq!(width_at(TileKind::Entries, 3, 1000), 232);
        assert_eq!(width_at(TileKind::Hashes(1), 0, 1000), 3);
        assert_eq!(width_at(TileKind::Hashes(2), 0, 65_535), 0);
        assert_eq!(width_at(TileKind::Hashes(2), 0, 65_536), 1);
        assert_eq!(width_at(TileKind::Hashes(0), u64::MAX, u64::MAX), 0);
        let last: TilePath = "tile/0/003.p/232".parse().unwrap();
        assert!(last.is_within(1000) && last.is_within(1024) && !last.is_within(999));
    }

    #[test]
    fn a_bundle_gives_its_entries_back() {
        let mut bundle = Vec::new();
        for entry in [&b""[..], b"one", &[7; 65_535]] {
            assert!(append_entry(&mut bundle, entry));
        }
        assert!(!append_entry(&mut bundle, &[7; 65_536]));
        let read = EntryBundle::parse(&bundle).unwrap();
        assert_eq!(read.entries(), [&b""[..], b"one", &[7; 65_535]]);
        let cut = EntryBundle::parse(&bundle[..bundle.len() - 1]);
        assert_eq!(cut, Err(EntryBundleError::Cut { position: 2 }));
        let cut = EntryBundle::parse(&bundle[..3]);
        assert_eq!(cut, Err(EntryBundleError::Cut { position: 1 }));
        let many = [0; 2 * 257];
        assert_eq!(EntryBundle::parse(&many), Err(EntryBundleError::TooMany));
    }
}

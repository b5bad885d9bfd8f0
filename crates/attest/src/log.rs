//! Transparency logs: checkpoints, which are signed notes; the Merkle tree, its proofs, and its tiles; the facts of an
//! entry in a log.
//!
//! Formats: C2SP `signed-note`, `tlog-checkpoint` and `tlog-tiles`; RFC 6962 and RFC 9162 for the tree.

mod checkpoint;
mod facts;
mod note;
mod plan;
mod tile;
mod tree;

pub use checkpoint::{
    Checkpoint, CheckpointError, MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES, NoteSignature,
};
pub use facts::{LogEntryFacts, SignedTime, TimeSource};
pub use note::{NoteError, NoteKey, NoteKeyError, checkpoint_text};
pub use plan::{Node, Plan};
pub use tile::{
    EntryBundle, EntryBundleError, MAX_ENTRY_BYTES, MAX_TILE_LEVEL, TILE_LEVELS, TILE_WIDTH,
    TileKind, TilePath, TilePathError, TileSpot, append_entry, width_at,
};
pub use tree::{
    ConsistencyError, InclusionError, TreeHash, check_consistency, check_inclusion, empty_root,
    inclusion_root, leaf_hash, node_hash,
};

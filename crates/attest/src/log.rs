//! What a transparency log says: checkpoints, which are signed notes, and the facts of an entry in the log.
//!
//! Formats: C2SP `signed-note` and `tlog-checkpoint`.

mod checkpoint;
mod facts;
mod tree;

pub use checkpoint::{
    Checkpoint, CheckpointError, MAX_NOTE_BYTES, MAX_NOTE_SIGNATURES, NoteSignature,
};
pub use facts::{LogEntryFacts, SignedTime, TimeSource};
pub use tree::{InclusionError, check_inclusion, leaf_hash};

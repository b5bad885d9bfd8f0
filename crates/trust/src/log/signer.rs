//! Who signs a log's checkpoints, and whose are believed.

use std::sync::Arc;

use touchplate_attest::log::{Checkpoint, NoteKey, TreeHash, checkpoint_text};

use super::store::Cell;
use super::{LogError, LogSettings};
use crate::keys::SigningKey;

pub(super) struct Signer {
    key: Arc<SigningKey>,
    current: NoteKey,
    former: Vec<NoteKey>,
}

impl Signer {
    pub(super) fn new(settings: &LogSettings) -> Result<Self, LogError> {
        let note_key = |spki: &[u8]| NoteKey::new(&settings.origin, spki).map_err(LogError::Key);
        let former = settings.former_keys.iter().map(|spki| note_key(spki));
        Ok(Self {
            current: note_key(settings.key.public())?,
            former: former.collect::<Result<_, _>>()?,
            key: settings.key.clone(),
        })
    }

    pub(super) fn note_key(&self) -> &NoteKey {
        &self.current
    }

    /// A head with its checkpoint. It promises nothing until it is shown.
    pub(super) fn cell(&self, size: u64, root: TreeHash) -> Result<Cell, LogError> {
        let text = checkpoint_text(self.current.name(), size, &root);
        let signature = self.key.sign(text.as_bytes());
        let signature = signature.map_err(|_| LogError::Signing)?;
        Ok(Cell {
            size,
            root,
            note: self.current.note(&text, &signature),
        })
    }

    /// Whether a kept head is this log's, and was signed by the key of today.
    pub(super) fn check(&self, cell: &Cell) -> Result<bool, LogError> {
        let checkpoint = Checkpoint::parse(&cell.note).map_err(LogError::Note)?;
        if checkpoint.origin() != self.current.name() {
            return Err(LogError::OtherLog {
                expected: self.current.name().to_owned(),
                found: checkpoint.origin().to_owned(),
            });
        }
        if (checkpoint.tree_size(), *checkpoint.root_hash()) != (cell.size, cell.root) {
            return Err(LogError::Damaged { size: cell.size });
        }
        match self.current.check(&checkpoint) {
            Ok(()) => Ok(true),
            Err(_) if self.former.iter().any(|key| key.check(&checkpoint).is_ok()) => Ok(false),
            Err(error) => Err(LogError::OtherKey(error)),
        }
    }
}

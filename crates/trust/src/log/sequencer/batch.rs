//! Where each entry of a batch goes, and what its appender is told.

use std::collections::HashMap;
use std::sync::Arc;

use touchplate_attest::log::TreeHash;

use super::Request;
use super::lease::Held;
use crate::log::edge::Growth;
use crate::log::store::{Cell, LogStoreError, NewRow};
use crate::log::{AppendError, Appended, Head, Inclusion, LogError, Shared, reading};

/// Where the entries of a batch are, or will be.
pub(super) struct Places {
    /// By request: the entry's index.
    indices: Vec<u64>,
    /// The requests whose entries are new, in their order in the log.
    pub(super) new: Vec<usize>,
    /// The index that the first of them gets.
    first: u64,
}

impl Places {
    /// An entry that is in the log keeps its place, and of equal ones in a batch the first gets one.
    pub(super) async fn of(
        requests: &[Request],
        held: &Held,
        log: &Shared,
    ) -> Result<Self, LogStoreError> {
        let leaves: Vec<TreeHash> = requests.iter().map(|request| request.leaf).collect();
        let found = log.store.find_leaves(&log.name, &leaves).await?;
        let first = held.edge.size();
        let mut places = Self {
            indices: Vec::with_capacity(requests.len()),
            new: Vec::new(),
            first,
        };
        let mut fresh: HashMap<TreeHash, u64> = HashMap::new();
        for (at, leaf) in leaves.iter().enumerate() {
            let known = found.get(at).copied().flatten();
            let known = known.or_else(|| fresh.get(leaf).copied());
            let index = known.unwrap_or_else(|| {
                let index = first + places.new.len() as u64;
                places.new.push(at);
                fresh.insert(*leaf, index);
                index
            });
            places.indices.push(index);
        }
        Ok(places)
    }

    pub(super) fn rows(&self, requests: &[Request]) -> Vec<NewRow> {
        let rows = self.new.iter().map(|&at| {
            let Request { leaf, entry, .. } = &requests[at];
            NewRow {
                leaf: *leaf,
                body: entry.body.clone(),
                at: entry.at,
                search: entry.search.clone(),
            }
        });
        rows.collect()
    }

    /// Nothing was new.
    pub(super) fn unchanged(self, cell: Cell) -> Placed {
        Placed {
            places: self,
            growth: None,
            cell,
        }
    }

    pub(super) fn grown(self, growth: Growth, cell: Cell) -> Placed {
        Placed {
            places: self,
            growth: Some(growth),
            cell,
        }
    }
}

/// A batch that is in the log.
pub(super) struct Placed {
    places: Places,
    growth: Option<Growth>,
    cell: Cell,
}

impl Placed {
    /// What the appender of the request at `at` is told.
    pub(super) async fn answer(
        &mut self,
        at: usize,
        request: &Request,
        log: &Shared,
    ) -> Result<Appended, AppendError> {
        let unavailable = |error: LogError| AppendError::Unavailable(Arc::new(error));
        let missing = || unavailable(LogError::Missing { what: "entry" });
        let index = *self.places.indices.get(at).ok_or_else(missing)?;
        let place = index.checked_sub(self.places.first);
        let place = place.and_then(|place| usize::try_from(place).ok());
        let appender = place.and_then(|place| self.places.new.get(place).copied());
        let duplicate = appender != Some(at);
        let proof = self.proof(index, log).await.map_err(unavailable)?;
        let first_at = if duplicate {
            let entry = log.store.entry(&log.name, index).await;
            let entry = entry.map_err(|error| unavailable(error.into()))?;
            entry.ok_or_else(missing)?.at
        } else {
            request.entry.at
        };
        Ok(Appended {
            index,
            at: first_at,
            duplicate,
            proof,
            checkpoint: self.cell.note.clone(),
        })
    }

    async fn proof(&mut self, index: u64, log: &Shared) -> Result<Inclusion, LogError> {
        let Cell { size, root, note } = &self.cell;
        // What is not in the batch's own tiles is an older entry's.
        let growth = self.growth.as_mut();
        if let Some(hashes) = growth.and_then(|growth| growth.inclusion(index, *size)) {
            return Ok(Inclusion {
                index,
                size: *size,
                root: *root,
                hashes,
            });
        }
        let head = Head {
            size: *size,
            root: *root,
            note: note.clone(),
        };
        reading::inclusion(&*log.store, &log.name, &head, index, *size).await
    }
}

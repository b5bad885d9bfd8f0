//! Failures of ours: whose, and whether they may pass.

use std::error::Error;

use touchplate_index::ports::{BlobError, NoWrites, StoreError, Unavailable};

/// Whether an engine said that it may answer later.
pub(crate) fn is_unavailable(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<Unavailable>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// Why nothing is taken, where that is why it failed.
pub(super) fn no_writes(error: &(dyn Error + 'static)) -> Option<NoWrites> {
    let mut next = Some(error);
    while let Some(error) = next {
        let by_engine = error
            .downcast_ref::<Unavailable>()
            .map(Unavailable::no_writes);
        let by_disk = error.downcast_ref().map(NoWrites::of_a_disk);
        if let Some(Some(why)) = by_engine.or(by_disk) {
            return Some(why);
        }
        next = error.source();
    }
    None
}

/// The engine that failed, as `/metrics` names it; none: something else of ours.
pub(super) fn engine(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<StoreError>() {
            return Some("database");
        }
        if error.is::<BlobError>() {
            return Some("blobs");
        }
        if error.is::<std::io::Error>() {
            return Some("disk");
        }
        next = error.source();
    }
    None
}

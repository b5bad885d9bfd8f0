//! Failures of ours: whose, and whether they may pass.

use std::error::Error;

use touchplate_index::ports::{BlobError, StoreError, Unavailable};

/// Whether an engine said that it may answer later: whether it may be gone in a while.
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

/// The engine that failed, as `/metrics` names it.
pub(super) fn engine(error: &(dyn Error + 'static)) -> &'static str {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<StoreError>() {
            return "database";
        }
        if error.is::<BlobError>() {
            return "blobs";
        }
        if error.is::<std::io::Error>() {
            return "disk";
        }
        next = error.source();
    }
    "none"
}

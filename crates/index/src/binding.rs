//! Attestations that name the index that they are for: whether that is this one.
//!
//! PyPI's publish attestation names no index, so that one made for a test index, or for somebody else's, holds here as well.
//! Ours ([`PredicateType::IndexPublish`](touchplate_attest::PredicateType::IndexPublish)) names one. It is kept with the
//! others and served at `/api/v1` alone, since readers of provenance objects refuse a whole object for a type that they do
//! not know.

use touchplate_attest::{Proven, Verified};

use crate::Index;
use crate::ports::Project;
use crate::trusted_publishing::{RatchetKind, Ratchets};

/// An attestation names another index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it was made for the index `{found}`, and this one is {}: sign the file for this index",
    expected.as_ref().map_or("known under no URL".to_owned(), |url| format!("`{url}`"))
)]
pub struct OtherIndex {
    /// This index's base URL; none where it is not known.
    pub expected: Option<String>,
    /// The one that the attestation names.
    pub found: String,
}

/// Whether an attestation is for the index with this base URL, or for none in particular.
pub(crate) fn check(proven: &Proven, url: Option<&str>) -> Result<(), OtherIndex> {
    match proven.index() {
        Some(found) if url != Some(found) => Err(OtherIndex {
            expected: url.map(str::to_owned),
            found: found.to_owned(),
        }),
        Some(_) | None => Ok(()),
    }
}

impl Index {
    /// Whether the operator, or the project, takes files alone that come with an attestation which names this index, and
    /// none did. Those that name another were refused before.
    pub(crate) fn lacks_binding(
        &self,
        project: Option<(&Project, &Ratchets)>,
        attestations: &[Verified],
    ) -> bool {
        let turned =
            project.is_some_and(|(_, ratchets)| ratchets.has(RatchetKind::IndexBindingRequired));
        let mut names = attestations.iter().map(|it| it.proven().index().is_some());
        (turned || self.settings.index_binding_required) && !names.any(|named| named)
    }
}

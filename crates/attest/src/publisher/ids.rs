//! The numbers of a publisher's repository and owner, pinned at first sight.
//!
//! A name can come to mean somebody else: an account is deleted and its name registered anew, a repository is deleted and
//! made again. The numbers that GitHub and GitLab give to both do not come back.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ClaimMatch, Publisher};
use crate::identity::Claims;
use crate::verify::Verified;

/// The numbers of a repository and its owner, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PinnedIds {
    /// The repository's (`source_repository_id`, OID .1.15).
    pub repository_id: Option<String>,
    /// Its owner's (`source_repository_owner_id`, OID .1.17).
    pub owner_id: Option<String>,
}

/// A certificate has the right names and other numbers: the names have come to mean somebody else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected {pinned}, as when it was first seen, found {found}: the name means another account or repository now"
)]
pub struct OtherIds {
    /// What was pinned.
    pub pinned: PinnedIds,
    /// What the certificate says.
    pub found: PinnedIds,
}

impl PinnedIds {
    /// Whether nothing is pinned.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Holds the numbers of a certificate against these. Each that is pinned must be there and the same; returns these
    /// with the ones that were not known before.
    pub fn check_ids(&self, found: &Self) -> Result<Self, OtherIds> {
        let held =
            |pinned: &Option<String>, found: &Option<String>| pinned.is_none() || pinned == found;
        if held(&self.repository_id, &found.repository_id) && held(&self.owner_id, &found.owner_id)
        {
            return Ok(found.clone());
        }
        Err(OtherIds {
            pinned: self.clone(),
            found: found.clone(),
        })
    }
}

impl fmt::Display for PinnedIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |id: &Option<String>| id.clone().unwrap_or_else(|| "none".to_owned());
        write!(
            f,
            "repository id {} of owner id {}",
            shown(&self.repository_id),
            shown(&self.owner_id)
        )
    }
}

impl Verified {
    /// The numbers that tell its publisher from a later one of the same name; empty for kinds whose certificates have
    /// none, or whose publishers are several repositories.
    pub fn ids(&self) -> PinnedIds {
        self.publisher().ids(self.proven().claims())
    }
}

impl Publisher {
    pub(super) fn ids(&self, claims: &Claims) -> PinnedIds {
        let names = |name: &str| match self {
            Self::GitHub { .. }
            | Self::GitLab { .. }
            | Self::GitHubEnterprise { .. }
            | Self::GitLabSelfManaged { .. } => true,
            // A pattern is for several repositories, whose numbers differ.
            Self::OIDC { claims, .. } => {
                matches!(claims.get(name), Some(ClaimMatch::Exact(_)))
            }
            Self::Google { .. }
            | Self::ActiveState { .. }
            | Self::CircleCI { .. }
            | Self::Email { .. }
            | Self::Buildkite { .. }
            | Self::Kubernetes { .. } => false,
        };
        let repository = names("source_repository_uri") || names("build_config_uri");
        let owner = repository || names("source_repository_owner_uri");
        // Fulcio writes an empty text where the token has none.
        let id =
            |wanted: bool, id: &Option<String>| id.clone().filter(|id| wanted && !id.is_empty());
        PinnedIds {
            repository_id: id(repository, &claims.source_repository_id),
            owner_id: id(owner, &claims.source_repository_owner_id),
        }
    }
}

//! The numbers of a publisher's repository and owner, pinned at first sight.
//!
//! A name can come to mean somebody else: an account is deleted and its name registered anew, a repository is deleted and
//! made again. The numbers that GitHub and GitLab give to both do not come back.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::lookup::folded;
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

/// The claims by which an OIDC publisher names a repository, or its owner.
const NAMING: [&str; 3] = [
    "source_repository_uri",
    "build_config_uri",
    "source_repository_owner_uri",
];

impl Verified {
    /// The numbers that tell its publisher from a later one of the same name; empty for kinds whose certificates have
    /// none, or whose publishers are several repositories.
    pub fn ids(&self) -> PinnedIds {
        self.publisher().ids(self.proven().claims())
    }
}

impl Publisher {
    /// What its numbers are behind: the issuer and the URL of the repository, or of the owner, whatever its case. Equal for
    /// every publisher of one repository; none where certificates have no numbers.
    pub fn numbered(&self) -> Option<String> {
        let url = match self {
            Self::GitHub { repository, .. }
            | Self::GitLab { repository, .. }
            | Self::GitHubEnterprise { repository, .. }
            | Self::GitLabSelfManaged { repository, .. } => {
                let server = self.server().unwrap_or_default();
                format!("{server}/{repository}")
            }
            Self::OIDC { claims, .. } => {
                NAMING
                    .into_iter()
                    .find_map(|name| match claims.get(name)? {
                        ClaimMatch::Exact(url) => Some(url.clone()),
                        ClaimMatch::Prefix(_) | ClaimMatch::Glob(_) => None,
                    })?
            }
            Self::Google { .. }
            | Self::ActiveState { .. }
            | Self::CircleCI { .. }
            | Self::Email { .. }
            | Self::Buildkite { .. }
            | Self::Kubernetes { .. } => return None,
        };
        Some(format!("{} {}", self.issuer(), folded(&url)))
    }

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
        let [of_repository, of_build, of_owner] = NAMING;
        let repository = names(of_repository) || names(of_build);
        let owner = repository || names(of_owner);
        // Fulcio writes an empty text where the token has none.
        let id =
            |wanted: bool, id: &Option<String>| id.clone().filter(|id| wanted && !id.is_empty());
        PinnedIds {
            repository_id: id(repository, &claims.source_repository_id),
            owner_id: id(owner, &claims.source_repository_owner_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(json: &str) -> Option<String> {
        Publisher::parse(json.as_bytes()).unwrap().numbered()
    }

    #[test]
    fn publishers_of_one_repository_have_their_numbers_in_common() {
        let of = |fields: &str| numbered(&format!(r#"{{"kind":"GitHub",{fields}}}"#));
        let one = of(r#""repository":"Acme/Demo","workflow":"a.yml""#).unwrap();
        let other = r#""repository":"acme/demo","workflow":"b.yml","environment":"release""#;
        assert_eq!(of(other).unwrap(), one);
        let claims = r#"{"source_repository_uri":"https://github.com/acme/demo","sub":"x"}"#;
        let issuer = "https://token.actions.githubusercontent.com";
        let oidc = format!(r#"{{"kind":"OIDC","issuer":"{issuer}","claims":{claims}}}"#);
        assert_eq!(numbered(&oidc).unwrap(), one);
        let elsewhere = oidc.replace("githubusercontent.com", "acme.ghe.com");
        assert_ne!(numbered(&elsewhere).unwrap(), one);
        let pattern = oidc.replace(
            r#""https://github.com/acme/demo""#,
            r#"{"prefix":"https://github.com/acme/"}"#,
        );
        assert_eq!(numbered(&pattern), None);
        assert_eq!(numbered(r#"{"kind":"Google","email":"a@b.example"}"#), None);
    }
}

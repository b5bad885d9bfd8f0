//! Keys by which a database finds the publishers that could match, without looking at the others.

use std::collections::BTreeMap;

use super::{
    BUILDKITE_ISSUER, CIRCLECI_ISSUER, ClaimMatch, GITHUB_ISSUER, GITLAB_ISSUER, GOOGLE_ISSUER,
    Publisher,
};
use super::{form, matching};
use crate::identity::{Claims, Identity, SubjectName};

impl Publisher {
    /// Equal for a publisher and every proof that it could match ([`lookup_keys`](crate::Proven::lookup_keys)), so a
    /// database finds the candidates by an index. Repositories of GitHub and GitLab in lower case: those are found whatever
    /// the case, and the match says whether it may differ.
    pub fn lookup_key(&self) -> String {
        match self {
            Self::GitHub {
                repository,
                workflow,
                ..
            } => format!("github:{}:{workflow}", folded(repository)),
            Self::GitLab {
                repository,
                workflow_filepath,
                ..
            } => format!("gitlab:{}:{workflow_filepath}", folded(repository)),
            Self::Google { email } => format!("google:{email}"),
            Self::ActiveState {
                organization,
                project,
                actor,
            } => format!("activestate:{organization}/{project}:{actor}"),
            Self::CircleCI {
                project_id,
                pipeline_definition_id,
                ..
            } => {
                format!("circleci:{project_id}:{pipeline_definition_id}")
            }
            Self::Email { email, issuer } => format!("email:{email}:{issuer}"),
            Self::Buildkite {
                organization,
                pipeline,
            } => format!("buildkite:{organization}/{pipeline}"),
            Self::Kubernetes {
                issuer,
                namespace,
                service_account,
            } => format!("kubernetes:{namespace}/{service_account}:{issuer}"),
            Self::OIDC { issuer, claims } => oidc_key(issuer, claims),
            Self::GitHubEnterprise {
                issuer,
                repository,
                workflow,
                ..
            } => format!(
                "github-enterprise:{}:{workflow}:{issuer}",
                folded(repository)
            ),
            Self::GitLabSelfManaged {
                issuer,
                repository,
                workflow_filepath,
                ..
            } => format!(
                "gitlab-self-managed:{}:{workflow_filepath}:{issuer}",
                folded(repository)
            ),
        }
    }
}

/// Repositories are spelled in any case: GitHub and GitLab know no two that differ in case alone.
pub(super) fn folded(repository: &str) -> String {
    repository.to_ascii_lowercase()
}

/// One claim is enough to find it by: an exact one, or else the pattern whose beginning says most, by as much of that as
/// [`oidc_keys`] cuts. The map is in order, so it is always the same one.
fn oidc_key(issuer: &str, claims: &BTreeMap<String, ClaimMatch>) -> String {
    let exact = claims.iter().find_map(|(name, value)| match value {
        ClaimMatch::Exact(value) => Some(exact_key(issuer, name, value)),
        ClaimMatch::Prefix(_) | ClaimMatch::Glob(_) => None,
    });
    let begins = || {
        let longest = claims.iter().max_by_key(|(_, value)| value.literal().len());
        let (name, value) = longest.map_or(("", ""), |(name, value)| (name, value.literal()));
        let cut = CUTS
            .into_iter()
            .filter_map(|cut| value.get(..cut))
            .next_back();
        beginning_key(issuer, name, cut.unwrap_or_default())
    };
    exact.unwrap_or_else(begins)
}

/// How much of a pattern's beginning is looked up: a few lengths, so that a claim has a few keys.
const CUTS: [usize; 9] = [0, 1, 2, 4, 8, 16, 32, 64, 128];

/// Every key that a claim could be found by.
pub(super) fn oidc_keys<'k>(
    issuer: &'k str,
    name: &'k str,
    value: &'k str,
) -> impl Iterator<Item = String> + 'k {
    let cuts = CUTS.into_iter().filter_map(move |cut| value.get(..cut));
    let beginnings = cuts.map(move |cut| beginning_key(issuer, name, cut));
    beginnings.chain(std::iter::once(exact_key(issuer, name, value)))
}

fn exact_key(issuer: &str, name: &str, value: &str) -> String {
    format!("oidc:{issuer}:{name}={value}")
}

fn beginning_key(issuer: &str, name: &str, beginning: &str) -> String {
    format!("oidc:{issuer}:{name}^{beginning}")
}

/// The lookup key of every publisher that could match this holder.
pub(crate) fn lookup_keys(identity: &Identity, claims: &Claims) -> Vec<String> {
    let issuer = identity.issuer();
    let mut keys = pipelines(issuer, claims);
    if issuer == CIRCLECI_ISSUER {
        let signer = claims.build_signer_uri.as_deref();
        let ids = signer.and_then(matching::circleci_ids);
        keys.extend(ids.map(|(project, definition)| format!("circleci:{project}:{definition}")));
    }
    match identity.only_san() {
        Some(SubjectName::Email(email)) => {
            keys.push(format!("email:{email}:{issuer}"));
            if issuer == GOOGLE_ISSUER {
                keys.push(format!("google:{email}"));
            }
        }
        Some(SubjectName::Uri(uri)) => {
            let account = matching::kubernetes_account(uri);
            keys.extend(
                account.map(|(namespace, account)| {
                    format!("kubernetes:{namespace}/{account}:{issuer}")
                }),
            );
            let pipeline = uri.strip_prefix(matching::BUILDKITE_PIPELINES);
            let pipeline = pipeline.filter(|_| issuer == BUILDKITE_ISSUER);
            keys.extend(pipeline.map(|pipeline| format!("buildkite:{pipeline}")));
        }
        Some(SubjectName::Username(_)) | None => {}
    }
    keys.extend(
        matching::asked_claims(identity, claims)
            .flat_map(|(name, value)| oidc_keys(issuer, name, value)),
    );
    keys
}

/// The keys of GitHub's and GitLab's kinds: repository and file, out of the build config URI.
fn pipelines(issuer: &str, claims: &Claims) -> Vec<String> {
    const WORKFLOWS: &str = "/.github/workflows/";
    const PIPELINES: &str = "//";
    let mut hosts = Vec::new();
    match issuer {
        GITHUB_ISSUER => hosts.push(("github", "https://github.com".to_owned(), WORKFLOWS, "")),
        GITLAB_ISSUER => hosts.push(("gitlab", "https://gitlab.com".to_owned(), PIPELINES, "")),
        _ => {
            let github = form::github_server(issuer);
            hosts.extend(github.map(|host| ("github-enterprise", host, WORKFLOWS, issuer)));
            hosts.push(("gitlab-self-managed", issuer.to_owned(), PIPELINES, issuer));
        }
    }
    let mut keys = Vec::new();
    for (kind, host, folder, issuer) in hosts {
        let config = claims.build_config_uri.as_deref();
        let path = config.and_then(|config| config.strip_prefix(&host)?.strip_prefix('/'));
        let Some((repository, file)) = path.and_then(|path| path.split_once(folder)) else {
            continue;
        };
        let versions = [
            &claims.source_repository_digest,
            &claims.source_repository_ref,
        ];
        for version in versions.into_iter().flatten() {
            let file = file.strip_suffix(version.as_str());
            let Some(file) = file.and_then(|file| file.strip_suffix('@')) else {
                continue;
            };
            let of = if issuer.is_empty() { "" } else { ":" };
            keys.push(format!("{kind}:{}:{file}{of}{issuer}", folded(repository)));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PEP 740 certificates name no username, so this cannot come in by `verify`.
    #[test]
    fn a_username_is_asked_for_by_san_alone() {
        let issuer = "https://issuer.example";
        let username = SubjectName::Username("alice!issuer.example".to_owned());
        let identity = Identity::new(username, Vec::new(), issuer.to_owned());
        let claims = Claims::default();
        let oidc = |san: &str| Publisher::OIDC {
            issuer: issuer.to_owned(),
            claims: [("san".to_owned(), san.into())].into(),
        };
        let alice = oidc("alice!issuer.example");
        assert!(lookup_keys(&identity, &claims).contains(&alice.lookup_key()));
        assert!(alice.check(&identity, &claims).is_ok());
        assert!(oidc("alice").check(&identity, &claims).is_err());
        let email = Publisher::Email {
            email: "alice!issuer.example".to_owned(),
            issuer: issuer.to_owned(),
        };
        assert!(email.check(&identity, &claims).is_err());
        assert!(!lookup_keys(&identity, &claims).contains(&email.lookup_key()));
    }
}

//! Keys by which a database finds the publishers that a token could match.

use super::TokenClaims;
use super::judge::is_circleci;
use crate::publisher::lookup::{folded, oidc_keys};
use crate::publisher::{
    ACTIVESTATE_ISSUER, BUILDKITE_ISSUER, GITHUB_ISSUER, GITLAB_ISSUER, GOOGLE_ISSUER,
};

impl TokenClaims {
    /// The [`lookup_key`](crate::Publisher::lookup_key) of every publisher that could match.
    pub fn lookup_keys(&self) -> Vec<String> {
        let issuer = self.issuer();
        let mut keys = Vec::new();
        keys.extend(self.github_key());
        keys.extend(self.gitlab_key());
        keys.extend(self.other_keys());
        for (name, value) in self.all_asked() {
            keys.extend(oidc_keys(issuer, &name, &value));
        }
        keys
    }

    fn github_key(&self) -> Option<String> {
        let issuer = self.issuer();
        let (_, caller) = self.github_caller().ok()?;
        let repository = folded(self.text("repository")?);
        let file = caller.split_once("/.github/workflows/")?.1;
        let file = without_version(file, &self.versions("ref"))?;
        Some(if issuer == GITHUB_ISSUER {
            format!("github:{repository}:{file}")
        } else {
            format!("github-enterprise:{repository}:{file}:{issuer}")
        })
    }

    fn gitlab_key(&self) -> Option<String> {
        let issuer = self.issuer();
        let config = self.gitlab_pipeline().ok()?;
        let repository = folded(self.text("project_path")?);
        let file = config.split_once("//")?.1;
        let file = without_version(file, &self.versions("ref_path"))?;
        Some(if issuer == GITLAB_ISSUER {
            format!("gitlab:{repository}:{file}")
        } else {
            format!("gitlab-self-managed:{repository}:{file}:{issuer}")
        })
    }

    fn other_keys(&self) -> Vec<String> {
        let issuer = self.issuer();
        let mut keys = Vec::new();
        if let Some(email) = self.text("email") {
            keys.push(format!("email:{email}:{issuer}"));
            if issuer == GOOGLE_ISSUER {
                keys.push(format!("google:{email}"));
            }
        }
        let account = self
            .subject()
            .and_then(|it| it.strip_prefix("system:serviceaccount:"));
        if let Some((namespace, account)) = account.and_then(|it| it.split_once(':')) {
            keys.push(format!("kubernetes:{namespace}/{account}:{issuer}"));
        }
        let all = |names: [&str; 3]| {
            Some(names.map(|name| self.text(name))).filter(|it| it.iter().all(Option::is_some))
        };
        if issuer == ACTIVESTATE_ISSUER
            && let Some([Some(organization), Some(project), Some(actor)]) =
                all(["organization", "project", "actor_id"])
        {
            keys.push(format!("activestate:{organization}/{project}:{actor}"));
        }
        if issuer == BUILDKITE_ISSUER
            && let (Some(organization), Some(pipeline)) =
                (self.text("organization_slug"), self.text("pipeline_slug"))
        {
            keys.push(format!("buildkite:{organization}/{pipeline}"));
        }
        if is_circleci(issuer)
            && let (Some(project), Some(definition)) = (
                self.text("oidc.circleci.com/project-id"),
                self.text("oidc.circleci.com/pipeline-definition-id"),
            )
        {
            keys.push(format!("circleci:{project}:{definition}"));
        }
        keys
    }
}

/// `file@version` without one of the token's own versions; else up to the first `@`, so that what is there is found and
/// the match can say what differs.
fn without_version<'f>(file: &'f str, versions: &[&str]) -> Option<&'f str> {
    let exact = versions
        .iter()
        .find_map(|version| file.strip_suffix(*version)?.strip_suffix('@'));
    exact.or_else(|| Some(file.split_once('@')?.0))
}

//! The run that a token was issued to, and what certificates would say of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::TokenClaims;
use super::judge::is_circleci;
use crate::identity::Claims;
use crate::publisher::{BUILDKITE_ISSUER, GITHUB_ISSUER, PinnedIds, Publisher, form};

/// The run that asked, as far as its token tells: what lists of minted tokens and a file's page show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// Its page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The git ref.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<String>,
    /// The deployment environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// Who started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The called workflow, where the job ran in another than the calling one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
}

impl TokenClaims {
    /// The run.
    pub fn run(&self) -> Run {
        let claims = self.as_certified();
        let called = claims.build_signer_uri.as_ref();
        let called = called.filter(|it| claims.build_config_uri.as_ref() != Some(it));
        let actor = ["actor", "user_login", "user_email"];
        Run {
            url: claims.run_invocation_uri.clone(),
            commit: claims.source_repository_digest.clone(),
            git_ref: claims.source_repository_ref.clone(),
            environment: claims.deployment_environment.clone(),
            trigger: claims.build_trigger.clone(),
            actor: actor.iter().find_map(|name| self.text(name)).map(cut),
            called: called.cloned(),
        }
    }

    /// The numbers of repository and owner that this publisher is pinned to.
    pub fn ids(&self, publisher: &Publisher) -> PinnedIds {
        publisher.ids(&self.as_certified())
    }

    /// The repository as its provider spells it.
    pub fn repository(&self) -> Option<&str> {
        self.text("repository")
            .or_else(|| self.text("project_path"))
    }

    /// What a certificate for this token's holder would say, as far as the provider is known. Source: Fulcio's `oidc.md`,
    /// "Mapping OIDC token claims to Fulcio OIDs".
    fn as_certified(&self) -> Claims {
        let said = |name: &str| self.claims.get(name).and_then(as_text);
        let mut claims = Claims {
            token_subject: said("sub"),
            runner_environment: said("runner_environment"),
            deployment_environment: said("environment"),
            source_repository_digest: said("sha"),
            ..Claims::default()
        };
        if let (Some(repository), Some(server)) = (said("repository"), self.github_server()) {
            let at = |name: &str| said(name).map(|path| format!("{server}/{path}"));
            claims.source_repository_ref = said("ref");
            claims.source_repository_id = said("repository_id");
            claims.source_repository_owner_id = said("repository_owner_id");
            claims.source_repository_owner_uri = at("repository_owner");
            claims.source_repository_visibility = said("repository_visibility");
            claims.build_trigger = said("event_name");
            claims.build_config_uri = at("workflow_ref").or_else(|| at("job_workflow_ref"));
            claims.build_config_digest = said("workflow_sha");
            claims.build_signer_uri = at("job_workflow_ref");
            claims.build_signer_digest = said("job_workflow_sha");
            claims.run_invocation_uri = said("run_id").map(|run| {
                let attempt = said("run_attempt").unwrap_or_else(|| "1".to_owned());
                format!("{server}/{repository}/actions/runs/{run}/attempts/{attempt}")
            });
            claims.source_repository_uri = Some(format!("{server}/{repository}"));
        } else if let Some(project) = said("project_path") {
            let server = self.issuer();
            claims.source_repository_ref = said("ref_path");
            claims.source_repository_id = said("project_id");
            claims.source_repository_owner_id = said("namespace_id");
            claims.source_repository_owner_uri =
                said("namespace_path").map(|path| format!("{server}/{path}"));
            claims.source_repository_visibility = said("project_visibility");
            claims.build_trigger = said("pipeline_source");
            let config = said("ci_config_ref_uri").map(|config| format!("https://{config}"));
            claims.build_config_uri.clone_from(&config);
            claims.build_signer_uri = config;
            claims.run_invocation_uri =
                said("job_id").map(|job| format!("{server}/{project}/-/jobs/{job}"));
            claims.source_repository_uri = Some(format!("{server}/{project}"));
        } else if self.issuer() == BUILDKITE_ISSUER {
            claims.source_repository_digest = said("build_commit");
            claims.source_repository_ref = match (said("build_tag"), said("build_branch")) {
                (Some(tag), _) => Some(format!("refs/tags/{tag}")),
                (None, branch) => branch.map(|branch| format!("refs/heads/{branch}")),
            };
            let build = (
                said("organization_slug"),
                said("pipeline_slug"),
                said("build_number"),
            );
            if let (Some(organization), Some(pipeline), Some(number)) = build {
                claims.run_invocation_uri = Some(format!(
                    "https://buildkite.com/{organization}/{pipeline}/builds/{number}"
                ));
            }
        } else if is_circleci(self.issuer()) {
            claims.source_repository_uri = said("oidc.circleci.com/vcs-origin");
            claims.source_repository_ref = said("oidc.circleci.com/vcs-ref");
        }
        claims
    }

    fn github_server(&self) -> Option<String> {
        let is_workflow = self.text("job_workflow_ref").is_some();
        if self.issuer() == GITHUB_ISSUER {
            return Some("https://github.com".to_owned());
        }
        form::github_server(self.issuer()).filter(|_| is_workflow)
    }

    /// What an OIDC publisher may ask for: the token's own claim of that name, or what a certificate would say by it.
    pub(super) fn asked(&self, name: &str) -> Option<String> {
        if let Some(own) = self.claims.get(name).and_then(as_text) {
            return Some(own);
        }
        if name == "san" {
            // As certificate authorities choose it: an address that the provider vouches for, or the subject.
            let verified = self.claims.get("email_verified") == Some(&Value::Bool(true));
            let email = self.text("email").filter(|_| verified);
            return email.or_else(|| self.subject()).map(str::to_owned);
        }
        let claims = self.as_certified();
        let mut named = claims.named();
        let found = named.find(|(key, _, _)| *key == name);
        found.map(|(_, _, value)| value.to_owned())
    }

    /// Every claim that an OIDC publisher may ask for, under the name that it is found by first.
    pub(super) fn all_asked(&self) -> Vec<(String, String)> {
        let own = self.claims.iter();
        let own = own.filter_map(|(name, value)| Some((name.clone(), as_text(value)?)));
        let mut all: Vec<_> = own.take(MAX_ASKED).collect();
        for name in ["san"].iter().chain(Claims::NAMES) {
            if !self.claims.contains_key(*name)
                && let Some(value) = self.asked(name)
            {
                all.push(((*name).to_owned(), value));
            }
        }
        all
    }
}

/// Claims of one token that publishers are looked up by. GitHub's tokens have about 35.
const MAX_ASKED: usize = 100;

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(cut(text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// A claim is a name, a path or a URL; what is longer is nothing that a person could read, and matches nothing.
fn cut(text: &str) -> String {
    const LONGEST: usize = 4096;
    text.chars().take(LONGEST).collect()
}

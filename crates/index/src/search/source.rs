//! Who built a file, as far as search knows it: a place that builds, or a person.

use serde::{Deserialize, Serialize};
use touchplate_attest::Publisher;
use touchplate_attest::publisher::github_server;

use super::words::address;

/// Where files are built: `github.com/acme/widget`, by the workflow `release.yml`; or the address of who signs them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// Host and path of a repository or pipeline, or an e-mail address.
    pub at: String,
    /// The workflow or pipeline file, where the kind of publisher has one.
    pub workflow: Option<String>,
}

impl Source {
    /// What a verified publisher says of where files are built.
    pub fn of(publisher: &Publisher) -> Self {
        let on = |host: &str, path: &str, workflow: Option<&String>| Self {
            at: format!("{}/{path}", host_of(host)),
            workflow: workflow.cloned(),
        };
        let person = |email: &String| Self {
            at: email.clone(),
            workflow: None,
        };
        match publisher {
            Publisher::GitHub {
                repository,
                workflow,
                ..
            } => on("github.com", repository, Some(workflow)),
            Publisher::GitLab {
                repository,
                workflow_filepath,
                ..
            } => on("gitlab.com", repository, Some(workflow_filepath)),
            Publisher::GitHubEnterprise {
                issuer,
                repository,
                workflow,
                ..
            } => {
                let server = github_server(issuer);
                on(
                    server.as_ref().unwrap_or(issuer),
                    repository,
                    Some(workflow),
                )
            }
            Publisher::GitLabSelfManaged {
                issuer,
                repository,
                workflow_filepath,
                ..
            } => on(issuer, repository, Some(workflow_filepath)),
            Publisher::Google { email } | Publisher::Email { email, .. } => person(email),
            Publisher::ActiveState {
                organization,
                project,
                ..
            } => on(
                "platform.activestate.com",
                &format!("{organization}/{project}"),
                None,
            ),
            Publisher::CircleCI {
                vcs_origin: Some(origin),
                ..
            } => Self {
                at: origin.clone(),
                workflow: None,
            },
            Publisher::CircleCI { project_id, .. } => on("circleci.com", project_id, None),
            Publisher::Buildkite {
                organization,
                pipeline,
            } => on("buildkite.com", &format!("{organization}/{pipeline}"), None),
            Publisher::Kubernetes {
                issuer,
                namespace,
                service_account,
            } => on(issuer, &format!("{namespace}/{service_account}"), None),
            Publisher::OIDC { issuer, .. } => Self {
                at: host_of(issuer).to_owned(),
                workflow: None,
            },
        }
    }

    /// What it is found under: itself and all that it is part of, with the host and without; of a person, also the domain.
    pub(super) fn addresses(&self) -> Vec<String> {
        let whole = address(&self.at);
        if let Some((_, domain)) = whole.split_once('@') {
            return vec![domain.to_owned(), whole];
        }
        let Some((_, within)) = whole.split_once('/') else {
            return vec![whole];
        };
        let mut addresses = beginnings(&whole);
        addresses.extend(beginnings(within));
        addresses
    }

    /// What its workflow is found under: its path, and its name without folders.
    pub(super) fn workflows(&self) -> Vec<String> {
        let Some(path) = self.workflow.as_deref().map(address) else {
            return Vec::new();
        };
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        if name == path {
            vec![path]
        } else {
            vec![name, path]
        }
    }
}

/// `a`, `a/b` and `a/b/c` of `a/b/c`.
fn beginnings(path: &str) -> Vec<String> {
    let ends = path.match_indices('/').map(|(at, _)| at);
    let ends = ends.chain([path.len()]);
    ends.filter_map(|end| path.get(..end).map(str::to_owned))
        .filter(|beginning| !beginning.is_empty())
        .collect()
}

/// A URL without its scheme.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_found_under_its_owner_and_host() {
        let source = Source::of(&Publisher::github("Acme/Widget", "release.yml"));
        assert_eq!(source.at, "github.com/Acme/Widget");
        assert_eq!(
            source.addresses(),
            [
                "github.com",
                "github.com/acme",
                "github.com/acme/widget",
                "acme",
                "acme/widget"
            ]
        );
        assert_eq!(source.workflows(), ["release.yml"]);
    }

    #[test]
    fn every_kind_of_publisher_is_somewhere() {
        for (json, at) in [
            (
                r#"{"kind":"GitLab","repository":"g/s/p","workflow_filepath":"ci/release.yml"}"#,
                "gitlab.com/g/s/p",
            ),
            (
                r#"{"kind":"Google","email":"a@b.iam.gserviceaccount.com"}"#,
                "a@b.iam.gserviceaccount.com",
            ),
            (
                r#"{"kind":"Email","email":"a@example.org","issuer":"https://accounts.example"}"#,
                "a@example.org",
            ),
            (
                r#"{"kind":"Buildkite","organization":"o","pipeline":"p"}"#,
                "buildkite.com/o/p",
            ),
            (
                r#"{"kind":"Kubernetes","issuer":"https://k.example/x","namespace":"n","service_account":"s"}"#,
                "k.example/x/n/s",
            ),
            (
                r#"{"kind":"ActiveState","organization":"o","project":"p","actor":"a"}"#,
                "platform.activestate.com/o/p",
            ),
            (
                r#"{"kind":"OIDC","issuer":"https://id.example","claims":{"sub":"x"}}"#,
                "id.example",
            ),
            (
                r#"{"kind":"GitLabSelfManaged","issuer":"https://git.example","repository":"g/p","workflow_filepath":"x.yml"}"#,
                "git.example/g/p",
            ),
            (
                r#"{"kind":"GitHubEnterprise","issuer":"https://token.actions.acme.ghe.com","repository":"o/r","workflow":"x.yml"}"#,
                "acme.ghe.com/o/r",
            ),
        ] {
            let publisher: Publisher = serde_json::from_str(json).unwrap();
            assert_eq!(Source::of(&publisher).at, at);
        }
    }

    #[test]
    fn workflows_in_folders_are_found_by_their_name_too() {
        let publisher: Publisher = serde_json::from_str(
            r#"{"kind":"GitLab","repository":"g/p","workflow_filepath":"ci/release.yml"}"#,
        )
        .unwrap();
        let source = Source::of(&publisher);
        assert_eq!(source.workflows(), ["release.yml", "ci/release.yml"]);
    }
}

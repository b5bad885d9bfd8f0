//! Who builds: a place that releases come from, and what runs there.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use touchplate_attest::publisher::github_server;
use touchplate_attest::{Publisher, VerificationRecord};

/// Where builds come from: a repository, or an account where there is none. Kinds and issuers are kept apart: `foo/bar` on
/// GitHub is not `foo/bar` on GitLab.
#[derive(Clone, Debug)]
pub struct Source {
    kind: &'static str,
    issuer: String,
    name: String,
    /// The name as it is compared.
    folded: String,
    url: Option<String>,
}

/// What builds a file: a source and, where the kind has such, the workflow or pipeline that ran there.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Builder {
    /// Where it is.
    pub source: Source,
    /// What runs there, such as `release.yml`.
    pub workflow: Option<String>,
}

/// What the certificate shows of its holder, for publishers that leave it open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown<'c> {
    /// The subject alternative name.
    pub san: &'c str,
    /// The source repository's URI.
    pub repository: Option<&'c str>,
}

impl Source {
    /// The `kind` of the publisher's wire form.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Who vouches for it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The name for people: `github.com/pypa/sampleproject`, or an account's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is on the web, if it is a repository.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    fn key(&self) -> (&'static str, &str, &str) {
        (self.kind, &self.issuer, &self.folded)
    }
}

/// GitHub and GitLab compare the names of repositories whatever their case; nobody else does.
fn folded(kind: &str, name: &str) -> String {
    match kind {
        "GitHub" | "GitHubEnterprise" | "GitLab" | "GitLabSelfManaged" => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Source {}

impl Hash for Source {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl PartialOrd for Source {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Source {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Builder {
    /// Who built a file that `publisher` was proved to have signed, by a certificate that shows `shown`.
    pub fn new(publisher: &Publisher, shown: Shown<'_>) -> Self {
        let (name, on_the_web, workflow) = place(publisher, shown);
        let kind = publisher.kind();
        Self {
            source: Source {
                kind,
                folded: folded(kind, &name),
                issuer: publisher.issuer().to_owned(),
                url: on_the_web.then(|| format!("https://{name}")),
                name,
            },
            workflow,
        }
    }
}

/// Name, whether `https://` before it leads there, and workflow.
fn place(publisher: &Publisher, shown: Shown<'_>) -> (String, bool, Option<String>) {
    let at = |host: &str, path: &str, workflow: &str| {
        let host = host.strip_prefix("https://").unwrap_or(host);
        (format!("{host}/{path}"), true, Some(workflow.to_owned()))
    };
    match publisher {
        Publisher::GitHub {
            repository,
            workflow,
            ..
        } => at("github.com", repository, workflow),
        Publisher::GitLab {
            repository,
            workflow_filepath,
            ..
        } => at("gitlab.com", repository, workflow_filepath),
        Publisher::GitHubEnterprise {
            issuer,
            repository,
            workflow,
            ..
        } => {
            let host = github_server(issuer).unwrap_or_else(|| issuer.clone());
            at(&host, repository, workflow)
        }
        Publisher::GitLabSelfManaged {
            issuer,
            repository,
            workflow_filepath,
            ..
        } => at(issuer, repository, workflow_filepath),
        Publisher::Google { email } | Publisher::Email { email, .. } => {
            (email.clone(), false, None)
        }
        Publisher::ActiveState {
            organization,
            project,
            actor,
        } => (
            format!("ActiveState project {organization}/{project}"),
            false,
            Some(actor.clone()),
        ),
        Publisher::CircleCI {
            project_id,
            pipeline_definition_id,
            ..
        } => (
            format!("CircleCI project {project_id}"),
            false,
            Some(pipeline_definition_id.clone()),
        ),
        Publisher::Buildkite {
            organization,
            pipeline,
        } => (
            format!("buildkite.com/{organization}/{pipeline}"),
            true,
            None,
        ),
        Publisher::Kubernetes {
            issuer,
            namespace,
            service_account,
        } => (
            format!("service account {namespace}/{service_account} of {issuer}"),
            false,
            None,
        ),
        // Many may match such a publisher: who it was, the certificate says.
        Publisher::OIDC { .. } => match shown.repository {
            Some(repository) => match repository.strip_prefix("https://") {
                Some(name) => (name.to_owned(), true, None),
                None => (repository.to_owned(), false, None),
            },
            None => (shown.san.to_owned(), false, None),
        },
    }
}

impl From<&VerificationRecord> for Builder {
    fn from(record: &VerificationRecord) -> Self {
        let shown = Shown {
            san: record.identity.san().as_str(),
            repository: record.claims.source_repository_uri.as_deref(),
        };
        Self::new(&record.publisher, shown)
    }
}

impl fmt::Display for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.workflow {
            Some(workflow) => write!(f, "{workflow} of {}", self.source),
            None => self.source.fmt(f),
        }
    }
}

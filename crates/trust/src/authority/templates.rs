//! What of each kind's token stands where in a certificate. Source: Fulcio's `config/identity/config.yaml` and, for
//! Kubernetes and e-mail addresses, its `docs/oidc.md`.

use super::policy::IssuerKind;

/// A claim of the certificate, by its number below Fulcio's arc, and how it is made: `{name}` stands for the token's claim of
/// that name, `{url}` for where the issuer's repositories are.
pub(super) type Template = (u32, &'static str);

/// How a kind's certificates are made.
pub(super) struct Templates {
    /// The subject alternative name, a URI.
    pub(super) name: &'static str,
    /// The claims. One of whose parts the token lacks is left out.
    pub(super) claims: &'static [Template],
    /// The token's claims that must be there: without them nobody could say who it was.
    pub(super) required: &'static [&'static str],
    /// What the operator's `allow` is compared with.
    pub(super) source: &'static str,
}

/// A workflow. With a reusable one, name and signer are the called workflow, and source and config the caller: so
/// `allow` looks at the source, since anybody may call a public workflow.
const GITHUB: Templates = Templates {
    name: "{url}/{job_workflow_ref}",
    claims: &[
        (2, "{event_name}"),
        (3, "{sha}"),
        (4, "{workflow}"),
        (5, "{repository}"),
        (6, "{ref}"),
        (9, "{url}/{job_workflow_ref}"),
        (10, "{job_workflow_sha}"),
        (11, "{runner_environment}"),
        (12, "{url}/{repository}"),
        (13, "{sha}"),
        (14, "{ref}"),
        (15, "{repository_id}"),
        (16, "{url}/{repository_owner}"),
        (17, "{repository_owner_id}"),
        (18, "{url}/{workflow_ref}"),
        (19, "{workflow_sha}"),
        (20, "{event_name}"),
        (
            21,
            "{url}/{repository}/actions/runs/{run_id}/attempts/{run_attempt}",
        ),
        (22, "{repository_visibility}"),
        (23, "{environment}"),
    ],
    required: &[
        "job_workflow_ref",
        "repository",
        "repository_owner",
        "workflow_ref",
        "sha",
        "ref",
    ],
    source: "{url}/{repository}",
};

/// A pipeline. `{config}` is `ci_config_ref_uri` with its scheme, `{ref_path}` is made where older versions lack it.
const GITLAB: Templates = Templates {
    name: "{config}",
    claims: &[
        (9, "{config}"),
        (10, "{ci_config_sha}"),
        (11, "{runner_environment}"),
        (12, "{url}/{project_path}"),
        (13, "{sha}"),
        (14, "{ref_path}"),
        (15, "{project_id}"),
        (16, "{url}/{namespace_path}"),
        (17, "{namespace_id}"),
        (18, "{config}"),
        (19, "{ci_config_sha}"),
        (20, "{pipeline_source}"),
        (21, "{url}/{project_path}/-/jobs/{job_id}"),
        (22, "{project_visibility}"),
        (23, "{environment}"),
    ],
    required: &["ci_config_ref_uri", "project_path", "namespace_path", "sha"],
    source: "{url}/{project_path}",
};

/// A pipeline definition.
const CIRCLECI: Templates = Templates {
    name: "https://circleci.com/api/v2/projects/{oidc.circleci.com/project-id}/pipeline-definitions/{oidc.circleci.com/pipeline-definition-id}",
    claims: &[
        (
            9,
            "https://circleci.com/api/v2/projects/{oidc.circleci.com/project-id}/pipeline-definitions/{oidc.circleci.com/pipeline-definition-id}",
        ),
        (12, "{oidc.circleci.com/vcs-origin}"),
        (14, "{oidc.circleci.com/vcs-ref}"),
        (
            18,
            "https://circleci.com/api/v2/pipeline/{oidc.circleci.com/pipeline-id}/config",
        ),
        (
            21,
            "https://app.circleci.com/workflow/{oidc.circleci.com/workflow-id}/job/{oidc.circleci.com/job-id}",
        ),
    ],
    required: &[
        "oidc.circleci.com/project-id",
        "oidc.circleci.com/pipeline-definition-id",
    ],
    source: "https://circleci.com/api/v2/projects/{oidc.circleci.com/project-id}/pipeline-definitions/{oidc.circleci.com/pipeline-definition-id}",
};

/// A pipeline.
const BUILDKITE: Templates = Templates {
    name: "{url}/{organization_slug}/{pipeline_slug}",
    claims: &[
        (11, "{runner_environment}"),
        (13, "{build_commit}"),
        (20, "{build_source}"),
        (
            21,
            "{url}/{organization_slug}/{pipeline_slug}/builds/{build_number}#{job_id}",
        ),
    ],
    required: &["organization_slug", "pipeline_slug"],
    source: "{url}/{organization_slug}/{pipeline_slug}",
};

/// A service account, out of the object `kubernetes.io`.
const KUBERNETES: Templates = Templates {
    name: "https://kubernetes.io/namespaces/{namespace}/serviceaccounts/{service_account}",
    claims: &[],
    required: &["namespace", "service_account"],
    source: "https://kubernetes.io/namespaces/{namespace}/serviceaccounts/{service_account}",
};

/// Whatever the operator's `subject` says.
const GENERIC: Templates = Templates {
    name: "{iss}/{sub}",
    claims: &[],
    required: &["sub"],
    source: "",
};

impl IssuerKind {
    /// None for kinds whose name is not a URI.
    pub(super) fn templates(self) -> Option<&'static Templates> {
        match self {
            Self::GitHub => Some(&GITHUB),
            Self::GitLab => Some(&GITLAB),
            Self::CircleCI => Some(&CIRCLECI),
            Self::Buildkite => Some(&BUILDKITE),
            Self::Kubernetes => Some(&KUBERNETES),
            Self::Generic => Some(&GENERIC),
            Self::Google | Self::Email | Self::ActiveState => None,
        }
    }
}

/// The template with each `{name}` filled in, or the first name that nothing stands for.
pub(super) fn render<'v>(
    template: &str,
    value: impl Fn(&str) -> Option<&'v str>,
) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(value(name).ok_or_else(|| name.to_owned())?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

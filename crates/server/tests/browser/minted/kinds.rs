//! A project whose every release was made by another kind of publisher.

use jiff::SignedDuration;
use serde_json::{Value, json};
use touchplate_attest::SubjectName;
use touchplate_testkit::{TestServer, sample};
use touchplate_trust::Workload;

use super::{create, expect, upload};

const PROJECT: &str = "every-kind";
const CLUSTER: &str = "https://kubernetes.example.org";
const IDS: [&str; 2] = [
    "9d36c5b8-5b1a-4a5c-8d4e-2f0a8f7f1c11",
    "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
];

/// Each kind by its name in a screenshot: whom the project expects, and who signs.
fn kinds() -> Vec<(&'static str, Value, Workload)> {
    let tag = "refs/tags/v1";
    let (repository, workflow) = ("example/every-kind", "release.yml");
    let mut robot = Workload::email("unused@example.org", "https://ci.example.org");
    robot.san = SubjectName::Uri("https://ci.example.org/jobs/17".to_owned());
    robot.claims.source_repository_uri = Some("https://git.example.org/every-kind".to_owned());
    vec![
        (
            "github",
            json!({"kind": "GitHub", "repository": repository, "workflow": workflow, "environment": "release"}),
            Workload::github(repository, workflow, tag).in_environment("release"),
        ),
        (
            "reusable-workflow",
            json!({"kind": "GitHub", "repository": repository, "workflow": "call.yml",
                "callee_repository": "example/workflows", "callee_workflow": "build.yml"}),
            Workload::github(repository, "call.yml", tag).calling(
                "example/workflows",
                "build.yml",
                "refs/heads/main",
            ),
        ),
        (
            "gitlab",
            json!({"kind": "GitLab", "repository": "group/sub/every-kind", "workflow_filepath": ".gitlab-ci.yml"}),
            Workload::gitlab("group/sub/every-kind", ".gitlab-ci.yml", tag),
        ),
        (
            "google",
            json!({"kind": "Google", "email": "builder@example.iam.gserviceaccount.com"}),
            Workload::google("builder@example.iam.gserviceaccount.com"),
        ),
        (
            "circleci",
            json!({"kind": "CircleCI", "project_id": IDS[0], "pipeline_definition_id": IDS[1]}),
            Workload::circleci(IDS[0], IDS[1], "github.com/example/every-kind", tag),
        ),
        (
            "email",
            json!({"kind": "Email", "email": "alice@example.org", "issuer": "https://accounts.example.org"}),
            Workload::email("alice@example.org", "https://accounts.example.org"),
        ),
        (
            "buildkite",
            json!({"kind": "Buildkite", "organization": "example", "pipeline": "every-kind"}),
            Workload::buildkite("example", "every-kind"),
        ),
        (
            "kubernetes",
            json!({"kind": "Kubernetes", "issuer": CLUSTER, "namespace": "builds", "service_account": "release"}),
            Workload::kubernetes(CLUSTER, "builds", "release"),
        ),
        (
            "oidc",
            json!({"kind": "OIDC", "issuer": "https://ci.example.org", "claims": {"san": "https://ci.example.org/jobs/17"}}),
            robot,
        ),
        (
            "github-enterprise",
            json!({"kind": "GitHubEnterprise", "issuer": "https://github.example.org/_services/token",
                "repository": repository, "workflow": workflow}),
            Workload::github_enterprise(
                "https://github.example.org",
                "https://github.example.org/_services/token",
                repository,
                workflow,
                tag,
            ),
        ),
        (
            "gitlab-self-managed",
            json!({"kind": "GitLabSelfManaged", "issuer": "https://gitlab.example.org",
                "repository": "group/every-kind", "workflow_filepath": ".gitlab-ci.yml"}),
            Workload::gitlab_self_managed(
                "https://gitlab.example.org",
                "group/every-kind",
                ".gitlab-ci.yml",
                tag,
            ),
        ),
    ]
}

pub(super) fn pages() -> Vec<(String, String)> {
    let pages = kinds().into_iter().enumerate().map(|(number, (kind, ..))| {
        let version = number + 1;
        (
            format!("file-{kind}"),
            format!("/project/{PROJECT}/{version}.0/every_kind-{version}.0-py3-none-any.whl"),
        )
    });
    pages.collect()
}

pub(super) async fn fill(server: &TestServer) {
    let owner = server.publisher("kim").await;
    create(server, &owner, PROJECT).await;
    for (number, (_, publisher, signer)) in kinds().into_iter().enumerate() {
        expect(server, PROJECT, &publisher).await;
        let wheel = sample::wheel(PROJECT, &format!("{}.0", number + 1)).attested_by(signer);
        upload(&owner, wheel).await;
        server.clock.advance(SignedDuration::from_hours(24));
    }
}

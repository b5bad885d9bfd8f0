//! ID tokens that prove somebody who is no publisher, row 9.

use serde_json::json;
use touchplate_attest::Publisher;
use touchplate_index::trusted_publishing::Terms;

use super::{AUDIENCE, World, demo};

#[tokio::test]
async fn whoever_is_nobodys_publisher_is_told_why() {
    let world = World::new().await;
    let no = |why: &str| format!("valid token, but no corresponding publisher ({why})");
    let not_found = no("Publisher with matching claims was not found");
    world
        .refuses(&world.token(json!({})), "invalid-publisher", &not_found)
        .await;
    let release = Publisher::GitHub {
        repository: "example/demo".into(),
        workflow: "release.yml".into(),
        environment: Some("release".into()),
        callee: None,
    };
    world.project("demo", &release).await;
    for (claims, why) in [
        (
            json!({}),
            "Check failed for optional claim 'environment': expected release, found none",
        ),
        (
            json!({"environment": "staging"}),
            "Check failed for optional claim 'environment': expected release, found staging",
        ),
        (
            json!({"environment": "release", "event_name": "pull_request_target"}),
            "Publishing from a workflow invoked via 'pull_request_target' is not supported.",
        ),
        (
            json!({"environment": "release", "repository_owner": null}),
            "Missing claim 'repository_owner'",
        ),
        (
            json!({"environment": "release", "sha": "", "ref": ""}),
            "The ref and sha claims are empty",
        ),
        (
            json!({"environment": "release", "ref": "refs/heads/x"}),
            "The workflow_ref claim does not match, expecting one of ['example/demo/.github/workflows/release.yml@c0ffee', 'example/demo/.github/workflows/release.yml@refs/heads/x'], got 'example/demo/.github/workflows/release.yml@refs/tags/v1'",
        ),
        (
            json!({"environment": "release", "job_workflow_ref": ""}),
            "The job_workflow_ref claim is empty",
        ),
    ] {
        world
            .refuses(&world.token(claims), "invalid-publisher", &no(why))
            .await;
    }
    let renamed = "example/demo/.github/workflows/other.yml@refs/tags/v1";
    let renamed = world.token(json!({"workflow_ref": renamed, "job_workflow_ref": renamed}));
    world
        .refuses(&renamed, "invalid-publisher", &not_found)
        .await;
    world
        .mint(&world.token(json!({"environment": "RELEASE"})))
        .await
        .assert_ok();
    // The same claims on another issuer's word.
    let elsewhere = world.signed(&world.gitlab, AUDIENCE, json!({"environment": "release"}));
    world
        .refuses(&elsewhere, "invalid-publisher", &not_found)
        .await;
    // The name in other hands: the first mint pinned the numbers.
    let resurrected = world.token(json!({"environment": "release", "repository_owner_id": "66"}));
    let pinned = no(
        "expected repository id 123456 of owner id 654321, as when it was first seen, found repository id 123456 of owner id 66: \
                     the name means another account or repository now",
    );
    world
        .refuses(&resurrected, "invalid-publisher", &pinned)
        .await;
    // A branch where the project asks for tags.
    let tags = Terms {
        git_ref: Some("refs/tags/*".parse().unwrap()),
        ..Terms::default()
    };
    world.publisher("demo", &demo(), tags).await;
    let main = "example/demo/.github/workflows/release.yml@refs/heads/main";
    let branch = world
        .token(json!({"ref": "refs/heads/main", "workflow_ref": main, "job_workflow_ref": main}));
    let why =
        no("Check failed for optional claim 'ref': expected refs/tags/*, found refs/heads/main");
    world.refuses(&branch, "invalid-publisher", &why).await;
}

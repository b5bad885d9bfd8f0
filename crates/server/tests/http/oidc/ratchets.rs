//! What a project asks of uploads.

use insta::{assert_json_snapshot, assert_snapshot};
use jiff::SignedDuration;
use serde_json::json;
use touchplate_index::trusted_publishing::{Ratchet, RatchetKind};
use touchplate_testkit::sample;

use super::{World, demo, forbidden};

#[tokio::test]
async fn ratchets_hold_at_the_door() {
    let world = World::new().await;
    world.project("demo", &demo()).await;
    let alice = world
        .server
        .user("alice")
        .await
        .with_role("demo", touchplate_index::accounts::Role::Owner)
        .await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    world.turn(RatchetKind::TrustedPublishingOnly, None).await;
    forbidden(
        &alice.upload(sample::wheel("demo", "1.1")).await,
        "by trusted publishing alone, not with API tokens",
    );
    let token = world.minted(json!({})).await;
    world.turn(RatchetKind::AttestationsRequired, None).await;
    let bare = world.upload(&token, &sample::wheel("demo", "1.1")).await;
    assert!(
        bare.status == 400 && bare.text().contains("takes files with attestations alone"),
        "{}",
        bare.text()
    );
    world
        .upload(&token, &sample::wheel("demo", "1.0"))
        .await
        .assert_ok();
    world
        .upload(&token, &sample::wheel("demo", "1.1").attested())
        .await
        .assert_ok();
    // Recorded, shown, and refused only where the project asks for that.
    let file = "demo/1.1/demo-1.1-py3-none-any.whl";
    let page = world.server.get(&format!("/project/{file}")).await;
    assert_snapshot!(
        "the_run_on_the_files_page",
        section(&page.text(), "How it came here")
    );
    let known = world
        .server
        .get_json(&format!("/api/v1/projects/{file}/provenance"))
        .await;
    assert_json_snapshot!("the_run_at_api_v1", known["run"]);
    world.turn(RatchetKind::SameCommit, None).await;
    // Also of what comes with the same bytes once more, from whichever run.
    let commit = known["run"]["other_commits"][0].clone();
    let same = world.minted(json!({ "sha": commit })).await;
    let workload = sample::workload("demo", "1.1");
    for (token, workload) in [(&token, workload.clone()), (&same, workload)] {
        let again = sample::wheel("demo", "1.1").attested_by(workload);
        let refused = world.upload(token, &again).await;
        assert!(
            refused.status == 400 && refused.text().contains("takes both of one commit alone"),
            "{}",
            refused.text()
        );
    }
    let other = world
        .upload(&token, &sample::wheel("demo", "1.2").attested())
        .await;
    assert!(
        other.status == 400 && other.text().contains("takes both of one commit alone"),
        "{}",
        other.text()
    );
    let (origin, name) = (world.server.operator(), "demo".parse().unwrap());
    let index = &world.server.index;
    let back = index.release_ratchet(&origin, &name, RatchetKind::SameCommit, "a test");
    back.await.unwrap();
    // Late files.
    world.turn(RatchetKind::NoLateFiles, Some(14)).await;
    world
        .server
        .clock
        .advance(SignedDuration::from_hours(24 * 14 + 1));
    let token = world.minted(json!({})).await;
    let late = world
        .upload(&token, &sample::sdist("demo", "1.1").attested())
        .await;
    assert!(
        late.status == 400
            && late
                .text()
                .contains("Uploading new files to releases older than 14 days is not allowed"),
        "{}",
        late.text()
    );
    world
        .upload(&token, &sample::wheel("demo", "1.1"))
        .await
        .assert_ok();
    world
        .upload(&token, &sample::sdist("demo", "1.3").attested())
        .await
        .assert_ok();
    // Environments, for tokens and for certificates.
    world.turn(RatchetKind::EnvironmentRequired, None).await;
    let why = "valid token, but no corresponding publisher (`demo` takes tokens of publishers with an environment alone)";
    world
        .refuses(&world.token(json!({})), "invalid-publisher", why)
        .await;
    let attested = world
        .upload(&token, &sample::wheel("demo", "1.4").attested())
        .await;
    assert!(
        attested.text().contains("is no publisher of `demo`"),
        "{}",
        attested.text()
    );
    assert!(matches!(
        Ratchet::SameCommit.kind(),
        RatchetKind::SameCommit
    ));
}

/// A page's part below a heading.
fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, below) = page
        .split_once(&format!("<h2>{heading}</h2>"))
        .expect(heading);
    below.split("<h2>").next().unwrap_or(below)
}

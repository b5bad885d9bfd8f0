//! What a project's files may have together.

use touchplate_index::ports::Quota;
use touchplate_testkit::TestServer;
use touchplate_testkit::sample;

#[tokio::test]
async fn a_file_without_room_is_refused_before_it_has_come_where_that_can_be_told() {
    let server = TestServer::start_with(|config| config.max_project_bytes = Some(1 << 20)).await;
    let alice = server.publisher("alice").await.of("demo").await;
    let first = sample::wheel("demo", "1.0");
    let used = first.bytes().len();
    alice.upload(first.clone()).await.assert_ok();
    let (origin, demo) = (server.operator(), "demo".parse().unwrap());
    let set = async |quota| server.index.set_quota(&origin, &demo, quota).await.unwrap();
    set(Quota::Bytes(used as u64)).await;
    let said = format!(
        "The project `demo` has {used} of the {used} bytes that its files may have together, and no room for this one: delete files \
         that nobody needs any more, or ask whoever runs this index for more"
    );
    // It is refused as it begins: that it is no archive is never seen.
    let huge = sample::wheel("demo", "2.0").holding(vec![7; 3 << 20]);
    let refused = alice.upload(huge).await;
    assert_eq!(
        (refused.status, refused.reason.as_str()),
        (400, said.as_str())
    );
    set(Quota::AsConfigured).await;
    alice.upload(sample::wheel("demo", "2.0")).await.assert_ok();
    set(Quota::Bytes(10)).await;
    let refused = alice.upload(sample::wheel("demo", "3.0")).await;
    assert_eq!(refused.status, 400);
    assert!(
        refused.text().contains("of the 10 bytes"),
        "{}",
        refused.text()
    );
    assert!(server.spooled().is_empty());
    assert_eq!(server.stored_blobs().await.len(), 2);
    // The same file once more needs no room.
    alice.upload(first).await.assert_ok();
    let told = alice
        .get("/api/v1/projects/demo/members")
        .await
        .assert_ok()
        .json();
    assert_eq!(told["max_bytes"], 10);
    assert!(told["used_bytes"].as_u64().unwrap() > 10);
    set(Quota::Unlimited).await;
    alice.upload(sample::wheel("demo", "3.0")).await.assert_ok();
    let told = alice
        .get("/api/v1/projects/demo/members")
        .await
        .assert_ok()
        .json();
    assert_eq!(told["max_bytes"], serde_json::Value::Null);
}

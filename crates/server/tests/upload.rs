//! Uploads, from the front door to what readers see.

use insta::assert_snapshot;
use touchplate_testkit::{TestServer, sample};

#[tokio::test]
async fn an_uploaded_file_is_listed_with_its_provenance() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let answer = alice.upload(sample::wheel("demo", "1.0").attested()).await;
    assert_snapshot!(answer.whole());
    assert_snapshot!(server.get("/simple/demo/").await.whole());
    assert_snapshot!(server.get_json("/simple/demo/").await);
    assert_eq!(server.stored_blobs().len(), 1);
}

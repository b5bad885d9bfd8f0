//! The list of issuers is taken up anew when the operator changes it.

use std::time::Duration;

use serde_json::json;

use super::{AUDIENCE, World, demo, entry};

/// No change takes this long to be taken up; a test that waits for one has failed.
const PATIENCE: Duration = Duration::from_secs(30);

impl World {
    fn list(&self) -> std::path::PathBuf {
        self.folder.path().join("issuers.toml")
    }

    /// What the stranger's token is refused for: being nobody's word, or nobody's publisher.
    async fn strangers_code(&self) -> String {
        let token = self.signed(&self.stranger, AUDIENCE, json!({}));
        let refused = self.mint(&token).await.json();
        refused["errors"][0]["code"].as_str().unwrap().to_owned()
    }

    async fn comes_to_say(&self, code: &str) {
        let work = async {
            while self.strangers_code().await != code {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, work)
            .await
            .expect("the change in time");
    }
}

#[tokio::test]
async fn an_issuer_that_is_added_is_believed_and_one_that_is_removed_is_not() {
    let world = World::new().await;
    world.project("demo", &demo()).await;
    assert_eq!(world.strangers_code().await, "invalid-payload");
    let before = std::fs::read_to_string(world.list()).unwrap();
    let added = entry(world.folder.path(), "github", &world.stranger);
    std::fs::write(world.list(), format!("{before}{added}")).unwrap();
    world.comes_to_say("invalid-publisher").await;
    world.minted(json!({})).await;
    std::fs::write(world.list(), &before).unwrap();
    world.comes_to_say("invalid-payload").await;
    world.minted(json!({})).await;
}

#[tokio::test]
async fn a_list_that_cannot_be_used_leaves_the_former_one() {
    let world = World::new().await;
    world.project("demo", &demo()).await;
    let before = std::fs::read_to_string(world.list()).unwrap();
    let added = entry(world.folder.path(), "github", &world.stranger);
    for broken in [
        format!("{before}{added}algorithms = 1"),
        format!("{before}{before}"),
        format!("{before}{added}kind = \"jenkins\"\n"),
    ] {
        std::fs::write(world.list(), broken).unwrap();
        // Long enough to be looked at more than once.
        tokio::time::sleep(Duration::from_millis(2500)).await;
        assert_eq!(world.strangers_code().await, "invalid-payload");
        world.minted(json!({})).await;
    }
    // One that is gone is not an empty one, which would mean the public providers.
    std::fs::remove_file(world.list()).unwrap();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    world.minted(json!({})).await;
    std::fs::write(world.list(), format!("{before}{added}")).unwrap();
    world.comes_to_say("invalid-publisher").await;
}

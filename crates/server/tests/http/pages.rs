//! Pages for people.

use insta::assert_snapshot;
use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::sample;
use touchplate_trust::Workload;

#[tokio::test]
async fn the_front_page_says_what_this_is_and_how_to_use_it() {
    let server = TestServer::start().await;
    let page = server.get("/").await;
    assert_snapshot!(page.whole());
    for (asset, before, content_type) in [
        (
            "style",
            "<link rel=\"stylesheet\" href=\"",
            "text/css; charset=utf-8",
        ),
        (
            "script",
            "<script type=\"module\" src=\"",
            "text/javascript; charset=utf-8",
        ),
    ] {
        let text = page.text();
        let path = text.split_once(before).unwrap().1.split_once('"').unwrap();
        assert!(path.0.starts_with(&format!("/static/{asset}-")), "{path:?}");
        let asset = server.get(path.0).await.assert_ok();
        assert_eq!(
            asset.header("cache-control"),
            Some("public, max-age=31536000, immutable")
        );
        assert_eq!(asset.header("content-type"), Some(content_type));
        assert_eq!(asset.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(server.get("/static/style.css").await.status, 404);
}

/// A page without what differs in each run: the trust root and the log's key.
pub(crate) fn without_keys(server: &TestServer, page: &str) -> String {
    let root = touchplate_packaging::Sha256::of(&server.domain.trusted_root_json()).to_string();
    let page = page.replace(&root, "<root>");
    let mut parts = page.split("<dt>log id</dt><dd>");
    let mut told = parts.next().unwrap().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('<').unwrap();
        told.push_str(&format!("<dt>log id</dt><dd>(id)<{rest}"));
    }
    told
}

#[tokio::test]
async fn where_a_file_came_from_is_told_in_words() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let who = sample::workload("demo", "1.0").in_environment("release");
    alice
        .upload(sample::wheel("demo", "1.0").attested_by(who))
        .await
        .assert_ok();
    alice.upload(sample::sdist("demo", "1.0")).await.assert_ok();
    let page = server
        .get("/project/demo/1.0/demo-1.0-py3-none-any.whl")
        .await
        .assert_ok();
    assert_snapshot!("attested", without_keys(&server, &page.main()));
    assert_eq!(
        page.header("cache-control"),
        Some("public, max-age=0, must-revalidate")
    );
    let page = server
        .get("/project/demo/1.0/demo-1.0.tar.gz")
        .await
        .assert_ok();
    assert_snapshot!("unattested", page.main());
    for claim in ["safe", "trusted."] {
        assert!(!page.text().to_lowercase().contains(claim));
    }
}

#[tokio::test]
async fn a_person_who_signed_is_told_as_one() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let issuer = "https://accounts.example";
    let publisher = touchplate_attest::Publisher::Email {
        email: "alice@example.org".to_owned(),
        issuer: issuer.to_owned(),
    };
    let name = "demo".parse().unwrap();
    server
        .index
        .add_publisher(&server.operator(), &name, &publisher)
        .await
        .unwrap();
    let who = Workload::email("alice@example.org", issuer);
    alice
        .upload(sample::wheel("demo", "1.0").attested_by(who))
        .await
        .assert_ok();
    let page = server
        .get("/project/demo/1.0/demo-1.0-py3-none-any.whl")
        .await
        .assert_ok();
    assert_snapshot!(without_keys(&server, &page.main()));
}

#[tokio::test]
async fn other_spellings_of_a_file_lead_to_its_page_and_others_nowhere() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    alice
        .upload(sample::wheel("demo", "1.0+local.1"))
        .await
        .assert_ok();
    let at = "/project/demo/1.0%2Blocal.1/demo-1.0%2Blocal.1-py3-none-any.whl";
    server.get(at).await.assert_ok();
    server.get(&at.replace("%2B", "+")).await.assert_ok();
    let other = server
        .get("/project/DEMO/v1.0+local-1/demo-1.0+local.1-py3-none-any.whl")
        .await;
    assert_eq!((other.status, other.header("location")), (301, Some(at)));
    for none in [
        "/project/demo/1.0/demo-1.0.tar.gz",
        "/project/demo/1.0/x",
        "/project/none/",
        "/project/-/",
    ] {
        assert_eq!(server.get(none).await.status, 404, "{none}");
    }
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    olga.upload(sample::wheel("secret", "1.0"))
        .await
        .assert_ok();
    for path in [
        "/project/secret/",
        "/project/secret/1.0/secret-1.0-py3-none-any.whl",
    ] {
        assert_eq!(
            server.get(path).await.whole(),
            server.get("/project/none/").await.whole()
        );
        let seen = olga.get(path).await.assert_ok();
        assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    }
}

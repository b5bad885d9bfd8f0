//! Feeds, and what is told where there is nothing to tell.

use insta::assert_snapshot;
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

use crate::simple::server_sees;

#[tokio::test]
async fn feeds_tell_the_latest_releases_to_everybody() {
    let server = TestServer::start().await;
    let at = "/feeds/releases.atom";
    assert_snapshot!("feed_empty", server.get(at).await.assert_ok().text());
    let alice = server.publisher("alice").await.of("demo").await;
    let first = sample::wheel("demo", "1.0").field("summary", "A <demo> & more");
    alice.upload(first).await.assert_ok();
    let local = sample::wheel("demo", "1.1+local.1").attested();
    alice.upload(local).await.assert_ok();
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    let secret = sample::wheel("secret", "1.0");
    olga.upload(secret).await.assert_ok();
    let (origin, name) = (server.operator(), "demo".parse().unwrap());
    let version = "1.0".parse().unwrap();
    let reason = Some("it breaks".to_owned());
    let yanked = server.index.yank(&origin, &name, &version, reason).await;
    yanked.unwrap();
    server_sees(&server).await;
    let feed = server.get(at).await.assert_ok();
    assert_snapshot!("feed", feed.whole());
    let request = Request::new("GET", at);
    let known = request.header("if-none-match", feed.header("etag").unwrap());
    assert_eq!(server.client.send(&known).await.status, 304);
    let own = server.get("/project/demo/releases.atom").await.assert_ok();
    assert_snapshot!("feed_of_a_project", own.text());
    let moved = server.get("/project/Demo/releases.atom").await;
    assert_eq!(
        (moved.status, moved.header("location")),
        (301, Some("/project/demo/releases.atom"))
    );
    // A feed reader has no credentials, so a project that not everybody may see has no feed at all.
    for none in [
        "/project/secret/releases.atom",
        "/project/none/releases.atom",
    ] {
        assert_eq!(server.get(none).await.status, 404);
        assert_eq!(olga.get(none).await.status, 404);
    }
    let quarantined = ProjectStatus::Quarantined;
    let set = server.index.set_status(&origin, &name, quarantined, None);
    set.await.unwrap();
    server_sees(&server).await;
    assert!(!server.get(at).await.text().contains("<entry>"));
}

#[tokio::test]
async fn an_error_page_says_what_to_do() {
    let server = TestServer::start().await;
    let ask = |at: &str| Request::new("GET", at).accept("text/html");
    for (case, at) in [
        ("unknown_project", "/project/sampel-project/"),
        ("unknown_page", "/none"),
        ("unknown_method", "/legacy/"),
    ] {
        assert_snapshot!(case, server.client.send(&ask(at)).await.main());
    }
    let robots = server.get("/robots.txt").await.assert_ok();
    assert_eq!(
        robots.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
}

#[tokio::test]
async fn other_sites_are_told_each_pages_sentence_and_address() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0").field("summary", "A \"demo\" & more");
    alice.upload(wheel).await.assert_ok();
    let feed = "<link rel=\"alternate\" type=\"application/atom+xml\"";
    for (at, has_feed) in [
        ("/", true),
        ("/coverage", false),
        ("/project/demo/", true),
        ("/project/demo/history/", true),
        ("/project/demo/1.0/demo-1.0-py3-none-any.whl", false),
    ] {
        let page = server.get(at).await.assert_ok().text();
        let head = page.split_once("</head>").unwrap().0;
        let own = format!("<link rel=\"canonical\" href=\"https://packages.example{at}\">");
        assert!(head.contains(&own), "{at}: {head}");
        for property in ["title", "description", "url", "type", "site_name"] {
            let tag = format!("<meta property=\"og:{property}\" content=\"");
            let said = head
                .split_once(&tag)
                .map(|(_, rest)| !rest.starts_with('"'));
            assert_eq!(said, Some(true), "{at}: {property}");
        }
        assert_eq!(head.contains(feed), has_feed, "{at}");
    }
    let project = server.get("/project/demo/").await.text();
    assert!(project.contains("A &#34;demo&#34; &#38; more"));
}

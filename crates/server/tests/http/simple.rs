//! The Simple API on the wire.

use std::fmt::Write as _;

use insta::assert_snapshot;
use touchplate_index::accounts::Role;
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

const JSON: &str = "application/vnd.pypi.simple.v1+json";

#[tokio::test]
async fn the_shape_is_the_one_that_was_asked_for() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let mut told = String::new();
    for accept in [
        "*/*",
        "text/html",
        "application/*",
        "text/html;q=0, */*",
        "",
        "application/json",
        "text/plain",
        "application/vnd.pypi.simple.latest+json",
        "application/vnd.pypi.simple.v1+json;charset=utf-8",
        "application/vnd.pypi.simple.v1+json;q=0.5, */*;q=0.5",
        "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.1, text/html;q=0.01",
        "APPLICATION/VND.PYPI.SIMPLE.V1+JSON",
        "application/vnd.pypi.simple.v1+html",
        "nonsense",
    ] {
        for target in ["/simple/", "/simple/demo/"] {
            let answer = server
                .client
                .send(&Request::get(target).accept(accept))
                .await
                .assert_ok();
            let content_type = answer.header("content-type").unwrap();
            writeln!(told, "{accept:?} {target}: {content_type}").unwrap();
            assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"));
        }
    }
    assert_snapshot!(told);
}

#[tokio::test]
async fn other_spellings_lead_to_the_one_in_use() {
    let server = TestServer::start().await;
    server
        .user("alice")
        .await
        .upload(sample::wheel("foo-bar", "1.0"))
        .await
        .assert_ok();
    for (given, leads_to) in [
        ("/simple", "/simple/"),
        ("/simple?x=1", "/simple/?x=1"),
        ("/simple/foo-bar", "/simple/foo-bar/"),
        ("/simple/Foo_.Bar/", "/simple/foo-bar/"),
        ("/simple/Foo_.Bar?x=1&y", "/simple/foo-bar/?x=1&y"),
        ("/simple/NoSuch/", "/simple/nosuch/"),
        ("/project/Foo.Bar", "/project/foo-bar/"),
    ] {
        let answer = server.get(given).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, Some(leads_to)),
            "{given}"
        );
    }
    assert_snapshot!(server.get("/simple/Foo.Bar/").await.whole());
    // A double slash would lead to another host.
    for odd in [
        "/simple//evil.example/",
        "/simple/%2F%2Fevil.example/",
        "/project//evil.example",
    ] {
        let answer = server.get(odd).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (404, None),
            "{odd}"
        );
    }
}

#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let first = server
        .client
        .send(&Request::get("/simple/demo/").accept(JSON))
        .await
        .assert_ok();
    let etag = first.header("etag").unwrap();
    let ask = |value: &str| {
        Request::get("/simple/demo/")
            .accept(JSON)
            .header("if-none-match", value)
    };
    assert_snapshot!(server.client.send(&ask(etag)).await.whole());
    for same in [
        format!("W/{etag}"),
        format!("\"x\", {etag}"),
        "*".to_owned(),
    ] {
        assert_eq!(server.client.send(&ask(&same)).await.status, 304, "{same}");
    }
    for other in ["\"x\"", "", "x"] {
        assert_eq!(server.client.send(&ask(other)).await.status, 200, "{other}");
    }
    let html = server.get("/simple/demo/").await;
    assert_ne!(html.header("etag"), first.header("etag"));
    alice.upload(sample::wheel("demo", "2.0")).await.assert_ok();
    assert_eq!(server.client.send(&ask(etag)).await.status, 200);
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = TestServer::start().await;
    server
        .user("alice")
        .await
        .upload(sample::wheel("demo", "1.0"))
        .await
        .assert_ok();
    for target in [
        "/simple/",
        "/simple/demo/",
        "/simple/none/",
        "/simple/Demo/",
        "/",
        "/project/demo/",
        "/none",
    ] {
        let get = server.get(target).await;
        let head = server.client.send(&Request::new("HEAD", target)).await;
        assert_eq!(head.body, b"", "{target}");
        assert_eq!(head.head(), get.head(), "{target}");
    }
}

#[tokio::test]
async fn yanks_and_states_are_shown() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    for version in ["1.0", "2.0"] {
        alice
            .upload(sample::wheel("demo", version))
            .await
            .assert_ok();
    }
    let (origin, name) = (server.operator(), "demo".parse().unwrap());
    let version = "2.0".parse().unwrap();
    server
        .index
        .yank(&origin, &name, &version, Some("it <breaks>".to_owned()))
        .await
        .unwrap();
    let reason = Some("moved to \"other\"");
    server
        .index
        .set_status(&origin, &name, ProjectStatus::Archived, reason)
        .await
        .unwrap();
    server_sees(&server).await;
    assert_snapshot!("archived_html", server.get("/simple/demo/").await.text());
    assert_snapshot!("archived_json", server.get_json("/simple/demo/").await);
    server
        .index
        .set_status(&origin, &name, ProjectStatus::Quarantined, None)
        .await
        .unwrap();
    server_sees(&server).await;
    assert_snapshot!("quarantined_json", server.get_json("/simple/demo/").await);
    assert_eq!(
        server.get_json("/simple/").await["projects"],
        serde_json::json!([])
    );
}

/// `index` is another process's as far as the server knows: it hears of changes within a second.
pub(crate) async fn server_sees(_: &TestServer) {
    tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
}

#[tokio::test]
async fn what_a_reader_may_not_see_answers_as_an_unknown_name() {
    let server = TestServer::start().await;
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    let member = server
        .user("mia")
        .await
        .with_role("secret", Role::Maintainer)
        .await;
    let stranger = server.user("sam").await;
    let internal = server
        .publisher("ivan")
        .await
        .owning("inner", Visibility::Internal)
        .await;
    olga.upload(sample::wheel("secret", "1.0").attested())
        .await
        .assert_ok();
    internal
        .upload(sample::wheel("inner", "1.0"))
        .await
        .assert_ok();
    let other = olga.token_for("secret").await;
    assert_eq!(other.get("/simple/inner/").await.status, 404);

    let unknown = server.get("/simple/unknown/").await.whole();
    assert_snapshot!("unknown", unknown);
    assert_eq!(server.get("/simple/secret/").await.whole(), unknown);
    assert_eq!(server.get("/simple/inner/").await.whole(), unknown);
    assert_eq!(stranger.get("/simple/secret/").await.whole(), unknown);
    stranger.get("/simple/inner/").await.assert_ok();
    for account in [&olga, &member, &other] {
        let seen = account.get("/simple/secret/").await.assert_ok();
        assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    }
    assert_snapshot!("private", olga.get("/simple/secret/").await.whole());
    // As pip sends what stands in a URL: any user name, or none beside the token.
    for (user, password) in [("anybody", olga.token.as_str()), (olga.token.as_str(), "")] {
        let request = Request::get("/simple/secret/").basic(user, password);
        server.client.send(&request).await.assert_ok();
    }
    assert_eq!(
        server.get_json("/simple/").await["projects"],
        serde_json::json!([])
    );
    // What is public stays so for those who come with a token.
    server
        .user("paul")
        .await
        .upload(sample::wheel("open", "1.0"))
        .await
        .assert_ok();
    let seen = stranger.get("/simple/open/").await.assert_ok();
    assert_eq!(
        seen.header("cache-control"),
        Some("public, max-age=0, must-revalidate")
    );
    let wrong = server
        .client
        .send(&Request::get("/simple/open/").token("tp-1-wrong"))
        .await;
    assert_snapshot!("wrong_token", wrong.whole());
}

#[tokio::test]
async fn without_an_address_links_to_files_stay_relative() {
    let mut server = TestServer::start_with(|config| config.url = None).await;
    // Without one each process calls itself by where it listens; several need `url`.
    server.stay_with_one_process();
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0").attested();
    alice.upload(wheel.clone()).await.assert_ok();
    let page = server.get_json("/simple/demo/").await;
    let url = page["files"][0]["url"].as_str().unwrap();
    assert!(url.starts_with("/files/"), "{url}");
    assert_eq!(server.get(url).await.assert_ok().body, wheel.bytes());
    let provenance = page["files"][0]["provenance"].as_str().unwrap();
    let base = format!("http://{}", server.client.address);
    server
        .get(provenance.strip_prefix(&base).unwrap())
        .await
        .assert_ok();
}

#[tokio::test]
async fn an_insecure_address_gives_no_provenance_urls() {
    let server = TestServer::start_with(|config| {
        config.url = Some("http://packages.example".parse().unwrap());
        config.files_url = Some("https://files.example".parse().unwrap());
    })
    .await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice
        .upload(sample::wheel("demo", "1.0").attested())
        .await
        .assert_ok();
    let page = server.get_json("/simple/demo/").await;
    assert_eq!(page["files"][0]["provenance"], serde_json::Value::Null);
    assert!(
        page["files"][0]["url"]
            .as_str()
            .unwrap()
            .starts_with("https://files.example/files/")
    );
}

//! The JSON API on the wire.

use insta::assert_snapshot;
use serde_json::{Value, json};
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

use crate::simple::server_sees;

const SERIAL: &str = "x-pypi-last-serial";

#[tokio::test]
async fn a_project_and_a_release_are_told_with_their_provenance() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0").attested();
    alice.upload(wheel).await.assert_ok();
    let described = sample::sdist("demo", "2.0rc1")
        .field("name", "Demo")
        .field("metadata_version", "2.4")
        .field("summary", "A naïve sample")
        .field("keywords", "one,two")
        .field("project_urls", "Source, https://example.org/demo")
        .field("requires_dist", "attrs>=1")
        .field("license_expression", "MIT")
        .field("comment", "a comment");
    alice.upload(described).await.assert_ok();
    alice.upload(sample::sdist("demo", "0.9")).await.assert_ok();
    let project = server.get("/pypi/demo/json").await.assert_ok();
    assert_snapshot!("project", project.whole());
    let release = server.get("/pypi/demo/2.0rc1/json").await.assert_ok();
    assert_snapshot!("release", release.whole());
    // Other spellings of a version are the same release, and a slash at the end is as good as none.
    for same in ["/pypi/demo/v2.0-RC1/json", "/pypi/demo/2.0rc1/json/"] {
        let answer = server.get(same).await.assert_ok();
        assert_eq!(answer.body, release.body, "{same}");
    }
    let slashed = server.get("/pypi/demo/json/").await.assert_ok();
    assert_eq!(slashed.body, project.body);
}

#[tokio::test]
async fn the_latest_release_is_the_one_that_installers_take() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    for version in ["1.0", "2.0", "3.0b1"] {
        let wheel = sample::wheel("demo", version);
        alice.upload(wheel).await.assert_ok();
    }
    let latest = async || {
        let page = server.get("/pypi/demo/json").await.assert_ok().json();
        let yanked = page["info"]["yanked"].clone();
        (page["info"]["version"].clone(), yanked)
    };
    assert_eq!(latest().await, (json!("2.0"), json!(false)));
    let (origin, name) = (server.operator(), "demo".parse().unwrap());
    for version in ["2.0", "3.0b1", "1.0"] {
        let version = version.parse().unwrap();
        let reason = Some("broken".to_owned());
        let yanked = server.index.yank(&origin, &name, &version, reason).await;
        yanked.unwrap();
        server_sees(&server).await;
        let expected = match version.to_string().as_str() {
            "1.0" => ("2.0", true),
            _ => ("1.0", false),
        };
        assert_eq!(latest().await, (json!(expected.0), json!(expected.1)));
    }
    let page = server.get("/pypi/demo/2.0/json").await.json();
    let reasons = [&page["info"], &page["urls"][0]].map(|it| &it["yanked_reason"]);
    assert_eq!(reasons, [&json!("broken"); 2]);
}

#[tokio::test]
async fn other_spellings_of_a_project_lead_to_the_one_in_use() {
    let server = TestServer::start().await;
    for (given, leads_to) in [
        ("/pypi/Foo_.Bar/json", "/pypi/foo-bar/json"),
        ("/pypi/Foo.Bar/json/?x=1", "/pypi/foo-bar/json?x=1"),
        ("/pypi/Foo.Bar/1!1.0/json", "/pypi/foo-bar/1%211.0/json"),
    ] {
        let answer = server.get(given).await;
        let location = answer.header("location");
        assert_eq!((answer.status, location), (301, Some(leads_to)), "{given}");
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_for_the_reader_is_not_found() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    let secret = sample::wheel("secret", "1.0");
    olga.upload(secret).await.assert_ok();
    olga.of("empty").await;
    let unknown = server.get("/pypi/unknown/json").await.whole();
    assert_snapshot!("unknown", unknown);
    for path in [
        "/pypi/secret/json",
        "/pypi/secret/1.0/json",
        "/pypi/demo/2.0/json",
        "/pypi/demo/one/json",
        "/pypi/-/json",
        "/pypi/%ff/json",
        "/pypi/empty/json",
    ] {
        assert_eq!(server.get(path).await.whole(), unknown, "{path}");
    }
    let (origin, demo) = (server.operator(), "demo".parse().unwrap());
    let status = ProjectStatus::Quarantined;
    let set = server.index.set_status(&origin, &demo, status, None).await;
    set.unwrap();
    server_sees(&server).await;
    for path in ["/pypi/demo/json", "/pypi/demo/1.0/json"] {
        assert_eq!(server.get(path).await.whole(), unknown, "{path}");
    }
}

/// Mirrors follow it.
#[tokio::test]
async fn every_page_that_has_a_serial_at_pypi_has_one() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    let demo = sample::wheel("demo", "1.0");
    alice.upload(demo).await.assert_ok();
    let secret = sample::wheel("secret", "1.0");
    olga.upload(secret).await.assert_ok();
    let json = "application/vnd.pypi.simple.v1+json";
    let of = async |project: &str, path: &str, accept: &str| {
        let request = Request::get(path).accept(accept);
        let request = match project {
            "secret" => request.token(&olga.token),
            _ => request,
        };
        let answer = server.client.send(&request).await.assert_ok();
        let etag = answer.header("etag").unwrap().to_owned();
        let head = answer.header(SERIAL).unwrap().to_owned();
        let again = request.header("if-none-match", &etag);
        let again = server.client.send(&again).await;
        let kept = (again.status, again.header(SERIAL));
        assert_eq!(kept, (304, Some(head.as_str())), "{path}");
        (head, answer)
    };
    for project in ["demo", "secret"] {
        let simple = format!("/simple/{project}/");
        let (serial, page) = of(project, &simple, json).await;
        assert_eq!(page.json()["meta"]["_last-serial"].to_string(), serial);
        assert_eq!(of(project, &simple, "text/html").await.0, serial);
        for path in ["json", "1.0/json"] {
            let path = format!("/pypi/{project}/{path}");
            let (told, page) = of(project, &path, "*/*").await;
            assert_eq!(told, serial);
            assert_eq!(page.json()["last_serial"].to_string(), serial);
        }
    }
    let (head, index) = of("", "/simple/", json).await;
    assert_eq!(index.json()["meta"]["_last-serial"].to_string(), head);
    assert_eq!(of("", "/simple/", "text/html").await.0, head);
    let before: u64 = of("demo", "/simple/demo/", json).await.0.parse().unwrap();
    let next = sample::wheel("demo", "2.0");
    alice.upload(next).await.assert_ok();
    let (after, page) = of("demo", "/pypi/demo/json", "*/*").await;
    assert!(after.parse::<u64>().unwrap() > before);
    let page = page.json();
    let releases: Vec<&String> = page["releases"].as_object().unwrap().keys().collect();
    assert_eq!(releases, ["1.0", "2.0"]);
}

/// Scripts of other sites may read it, and what not everybody may see is kept by nobody.
#[tokio::test]
async fn who_may_keep_it_and_read_it_from_where() {
    let server = TestServer::start().await;
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    let secret = sample::wheel("secret", "1.0");
    olga.upload(secret).await.assert_ok();
    let seen = olga.get("/pypi/secret/json").await.assert_ok();
    assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    assert_eq!(seen.header("access-control-allow-origin"), Some("*"));
    let page: Value = seen.json();
    assert_eq!(page["urls"][0]["publishers"], json!([]));
    assert_eq!(page["urls"][0]["provenance"], Value::Null);
}

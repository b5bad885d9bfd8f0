//! What `/api/v1` tells of projects, releases and files.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::{Value, json};
use touchplate_index::accounts::Role;
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample;
use touchplate_testkit::server::Account;

use crate::simple::server_sees;

const V1: &str = "application/vnd.touchplate.v1+json";

/// A document as people read it.
fn pretty(answer: &Answer) -> String {
    format!("{:#}", answer.json())
}

async fn with_history(server: &TestServer) -> Account<'_> {
    let alice = server.publisher("alice").await.of("demo").await;
    let first = sample::wheel("demo", "1.0").attested();
    alice.upload(first).await.assert_ok();
    server.clock.advance(jiff::SignedDuration::from_hours(1));
    let second = sample::sdist("demo", "2.0")
        .field("project_urls", "Source, https://example.org/demo")
        .field("keywords", "one,two");
    alice.upload(second).await.assert_ok();
    let pre = sample::sdist("demo", "3.0rc1");
    alice.upload(pre).await.assert_ok();
    alice
}

#[tokio::test]
async fn a_project_its_releases_and_its_files_are_told() {
    let server = TestServer::start().await;
    with_history(&server).await;
    let project = server.get("/api/v1/projects/demo").await.assert_ok();
    assert_snapshot!("project", pretty(&project));
    let releases = server.get("/api/v1/projects/demo/releases").await;
    assert_snapshot!("releases", pretty(&releases.assert_ok()));
    let release = server.get("/api/v1/projects/demo/releases/2.0").await;
    assert_snapshot!("release", pretty(&release.assert_ok()));
    let file = "/api/v1/projects/demo/1.0/demo-1.0-py3-none-any.whl";
    assert_snapshot!("file", server.get(file).await.assert_ok().whole());
    let provenance = server.get("/api/v1/projects/demo/provenance").await;
    let provenance = provenance.assert_ok().json();
    let files = provenance["files"].as_array().unwrap();
    let told: Vec<_> = files
        .iter()
        .map(|it| {
            (
                &it["filename"],
                it["attestations"].as_array().unwrap().len(),
            )
        })
        .collect();
    let expected = [
        (&json!("demo-1.0-py3-none-any.whl"), 1),
        (&json!("demo-2.0.tar.gz"), 0),
        (&json!("demo-3.0rc1.tar.gz"), 0),
    ];
    assert_eq!(told, expected);
    // The same that is said of the file by its digest.
    let digest = &files[0]["sha256"];
    let asked = Request::new("POST", "/api/v1/provenance").body(
        "application/json",
        json!({ "sha256": [digest] }).to_string(),
    );
    let by_digest = server.client.send(&asked).await.assert_ok().json();
    assert_eq!(by_digest["results"][0]["files"][0], files[0]);
}

#[tokio::test]
async fn a_quarantined_project_is_told_and_its_files_are_nowhere() {
    let server = TestServer::start().await;
    with_history(&server).await;
    let (origin, demo) = (server.operator(), "demo".parse().unwrap());
    let (status, why) = (ProjectStatus::Quarantined, Some("looks odd"));
    let set = server.index.set_status(&origin, &demo, status, why).await;
    set.unwrap();
    server_sees(&server).await;
    let project = server.get("/api/v1/projects/demo").await.assert_ok().json();
    assert_eq!(
        (&project["status"], &project["status_reason"]),
        (&json!("quarantined"), &json!("looks odd"))
    );
    let file = "/api/v1/projects/demo/1.0/demo-1.0-py3-none-any.whl";
    let file = server.get(file).await.assert_ok().json();
    assert_eq!(
        (&file["url"], &file["integrity"]),
        (&Value::Null, &Value::Null)
    );
    let release = server.get("/api/v1/projects/demo/releases/1.0").await;
    assert_eq!(release.assert_ok().json()["files"][0]["url"], Value::Null);
}

/// Follows `Link` from page to page; the value of `key` of each item of `list`.
async fn pages(server: &TestServer, first: &str, list: &str, key: &str) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(path) = next.take() {
        let answer = server.get(&path).await.assert_ok();
        let told = answer.json();
        let items = told[list].as_array().unwrap().iter();
        pages.push(
            items
                .map(|it| it[key].as_str().unwrap().to_owned())
                .collect(),
        );
        if let Some(link) = answer.header("link") {
            let link = link.strip_prefix('<').unwrap();
            let link = link.strip_suffix(">; rel=\"next\"").unwrap();
            next = Some(link.to_owned());
        }
        assert_eq!(next.is_some(), !told["next"].is_null(), "{path}");
    }
    pages
}

#[tokio::test]
async fn lists_come_in_pages_that_lead_to_each_other() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    for project in ["a", "b", "c", "d", "e"] {
        let wheel = sample::wheel(project, "1.0");
        alice.upload(wheel).await.assert_ok();
    }
    for version in ["1.1", "1.10", "1.9+local.1", "2.0rc1"] {
        let wheel = sample::wheel("a", version);
        alice.upload(wheel).await.assert_ok();
    }
    let of = async |path: &str, list: &str, key: &str| pages(&server, path, list, key).await;
    assert_eq!(
        of("/api/v1/projects?limit=2", "projects", "project").await,
        [vec!["a", "b"], vec!["c", "d"], vec!["e"]]
    );
    let five = of("/api/v1/projects?limit=5", "projects", "project").await;
    assert_eq!(five.len(), 1);
    assert_eq!(
        of(
            "/api/v1/projects?x=%2B&cursor=c&limit=1",
            "projects",
            "project"
        )
        .await,
        [["d"], ["e"]]
    );
    assert_eq!(
        of("/api/v1/projects/A/releases?limit=2", "releases", "release").await,
        [
            vec!["2.0rc1", "1.10"],
            vec!["1.9+local.1", "1.1"],
            vec!["1.0"]
        ]
    );
    let files = of("/api/v1/projects/a/provenance?limit=4", "files", "filename").await;
    assert_eq!(files.iter().map(Vec::len).collect::<Vec<_>>(), [4, 1]);
    let link = server.get("/api/v1/projects?x=%2B&limit=1").await;
    assert_eq!(
        link.header("link"),
        Some("</api/v1/projects?x=%2B&limit=1&cursor=a>; rel=\"next\"")
    );
    // What the client has is not sent again, and still leads on.
    let etag = link.header("etag").unwrap();
    let again = Request::get("/api/v1/projects?x=%2B&limit=1").header("if-none-match", etag);
    let again = server.client.send(&again).await;
    assert_eq!(
        (again.status, again.header("link")),
        (304, link.header("link"))
    );
    for bad in [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=",
        "limit=1e2",
        "limit=%00",
    ] {
        let answer = server.get(&format!("/api/v1/projects?{bad}")).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (400, &json!("limit-malformed")),
            "{bad}"
        );
    }
    let long = "x".repeat(256);
    for (list, bad) in [
        ("projects", long.as_str()),
        ("projects/a/releases", "one"),
        ("search", "x"),
    ] {
        let answer = server
            .get(&format!("/api/v1/{list}?q=a&cursor={bad}"))
            .await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (400, &json!("cursor-malformed")),
            "{list}"
        );
    }
}

#[tokio::test]
async fn each_reader_is_told_of_what_they_may_see() {
    let server = TestServer::start().await;
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    let secret = sample::wheel("secret", "1.0").attested();
    olga.upload(secret).await.assert_ok();
    let inner = server
        .publisher("ivan")
        .await
        .owning("inner", Visibility::Internal)
        .await;
    inner
        .upload(sample::wheel("inner", "1.0"))
        .await
        .assert_ok();
    let open = server.publisher("paul").await.of("open").await;
    open.upload(sample::wheel("open", "1.0")).await.assert_ok();
    let stranger = server.user("sam").await;
    let member = server
        .user("mia")
        .await
        .with_role("secret", Role::Maintainer)
        .await;
    let narrow = olga.token_for("secret").await;
    let names = |answer: &Answer| -> Vec<String> {
        let told = answer.json();
        let projects = told["projects"].as_array().unwrap().iter();
        projects
            .map(|it| it["project"].as_str().unwrap().to_owned())
            .collect()
    };
    let anybody = server.get("/api/v1/projects").await.assert_ok();
    assert_eq!(names(&anybody), ["open"]);
    assert_eq!(
        anybody.header("cache-control"),
        Some("public, max-age=0, must-revalidate")
    );
    for (account, expected) in [
        (&stranger, &["inner", "open"][..]),
        (&member, &["inner", "open", "secret"]),
        // It reaches its own project, and what is everybody's.
        (&narrow, &["open", "secret"]),
    ] {
        let listed = account.get("/api/v1/projects").await.assert_ok();
        assert_eq!(names(&listed), expected);
        assert_eq!(listed.header("cache-control"), Some("private, no-store"));
        let first = account.get("/api/v1/projects?limit=1").await.assert_ok();
        assert_eq!(names(&first), expected[..1]);
    }
    let unknown = server.get("/api/v1/projects/unknown").await;
    assert_snapshot!("unknown", said(&unknown));
    for path in [
        "secret",
        "secret/releases",
        "secret/releases/1.0",
        "secret/provenance",
        "secret/downloads",
        "secret/1.0/secret-1.0-py3-none-any.whl",
        "secret/1.0/secret-1.0-py3-none-any.whl/downloads",
    ] {
        let path = format!("/api/v1/projects/{path}");
        assert_eq!(said(&server.get(&path).await), said(&unknown), "{path}");
        assert_eq!(said(&stranger.get(&path).await), said(&unknown), "{path}");
        let seen = member.get(&path).await.assert_ok();
        assert_eq!(
            seen.header("cache-control"),
            Some("private, no-store"),
            "{path}"
        );
    }
    for path in [
        "-",
        "%ff",
        "open/releases/one",
        "open/releases/2.0",
        "open/1.0/open-1.0.tar.gz",
        "open/2.0/open-1.0-py3-none-any.whl",
        "secret/1.0/open-1.0-py3-none-any.whl",
        "open/1.0/x.exe",
    ] {
        let path = format!("/api/v1/projects/{path}");
        assert_eq!(said(&server.get(&path).await), said(&unknown), "{path}");
    }
    let found = stranger.get("/api/v1/search?q=secret").await.assert_ok();
    assert_eq!(found.json()["hits"], json!([]));
}

/// An answer without its own id.
fn said(answer: &Answer) -> String {
    let whole = answer.whole();
    match answer.json()["request"].as_str() {
        Some(id) => whole.replace(id, "<id>"),
        None => whole,
    }
}

#[tokio::test]
async fn whatever_is_refused_below_it_is_said_in_problem_details() {
    let server = TestServer::start().await;
    let alice = with_history(&server).await;
    let html = "text/html,application/xhtml+xml,*/*;q=0.8";
    let mut told = Vec::new();
    for request in [
        Request::get("/api/v1"),
        Request::get("/api/v1/"),
        Request::get("/api/v1/nothing"),
        Request::get("/api/v1/projects/"),
        Request::get("/api/v1/projects/demo/releases/"),
        Request::get("/api/v1/projects/unknown"),
        Request::get("/api/v1/projects?limit=many"),
        Request::new("POST", "/api/v1/projects"),
        Request::new("DELETE", "/api/v1/search"),
        Request::new("BREW", "/api/v1/projects/demo"),
        Request::get("/api/v1/provenance"),
        Request::new("POST", "/api/v1/provenance").body("text/plain", "x"),
        Request::new("POST", "/api/v1/provenance").body("application/json", "{"),
        Request::get("/api/v1/projects/demo/publishers"),
        Request::get("/api/v1/projects").token("tp-1-wrong"),
    ] {
        let request = request.accept(html);
        let answer = server.client.send(&request).await;
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("application/problem+json"), "{request:?}");
        let details = answer.json();
        assert_eq!(details["status"], json!(answer.status));
        told.push(format!(
            "{} {}",
            answer.status,
            details["code"].as_str().unwrap()
        ));
    }
    let none = Request::get("/api/v1/projects").accept("application/vnd.touchplate.v2+json");
    let none = server.client.send(&none.token(&alice.token)).await;
    assert_snapshot!("no_such_version", said(&none));
    assert_snapshot!("refusals", told.join("\n"));
}

#[tokio::test]
async fn the_version_is_spoken_that_the_client_takes() {
    let server = TestServer::start().await;
    let alice = with_history(&server).await;
    let json = "application/json";
    for (accept, expected) in [
        ("*/*", json),
        ("application/*", json),
        (json, json),
        (V1, V1),
        (
            "application/json;q=0.5, application/vnd.touchplate.v1+json",
            V1,
        ),
        (
            "application/vnd.touchplate.v2+json, application/vnd.touchplate.v1+json;q=0.1",
            V1,
        ),
        ("text/html, application/json;q=0.1", json),
    ] {
        for path in [
            "/api/v1/projects",
            "/api/v1/projects/demo",
            "/api/v1/projects/demo/publishers",
        ] {
            let request = Request::get(path).accept(accept).token(&alice.token);
            let answer = server.client.send(&request).await.assert_ok();
            assert_eq!(
                answer.header("content-type"),
                Some(expected),
                "{accept} {path}"
            );
            assert_eq!(answer.header("vary"), Some("Accept, Accept-Encoding"));
            // Of an answer that is kept in memory too.
            let again = Request::get("/api/v1/projects/demo").accept(accept);
            let again = server.client.send(&again).await.assert_ok();
            assert_eq!(again.header("content-type"), Some(expected), "{accept}");
        }
    }
    for accept in [
        "text/html",
        "",
        "application/vnd.touchplate.v2+json",
        "application/json;v=1",
    ] {
        for path in [
            "/api/v1/projects",
            "/api/v1/projects/secret",
            "/api/v1/projects/demo",
        ] {
            let answer = server.client.send(&Request::get(path).accept(accept)).await;
            assert_eq!(
                (answer.status, &answer.json()["code"]),
                (406, &json!("version-unknown"))
            );
        }
    }
    // A question may say the version too.
    for given in [
        V1,
        "application/json; charset=utf-8",
        "Application/Vnd.Touchplate.V1+JSON",
    ] {
        let asked = Request::new("POST", "/api/v1/provenance").body(given, r#"{"sha256":[]}"#);
        server.client.send(&asked).await.assert_ok();
    }
}

#[tokio::test]
async fn downloads_are_told_of_a_project_and_of_a_file() {
    let mut server = TestServer::start().await;
    with_history(&server).await;
    let page = server.get_json("/simple/demo/").await;
    let url = page["files"][0]["url"].as_str().unwrap();
    let path = url.strip_prefix("https://packages.example").unwrap();
    for _ in 0..3 {
        server.get(path).await.assert_ok();
    }
    // A server that ends writes down what it counted.
    server.stop().await;
    let server = server.beside().await;
    let of_file = "/api/v1/projects/demo/1.0/demo-1.0-py3-none-any.whl/downloads";
    assert_snapshot!(
        "downloads_of_file",
        pretty(&server.get(of_file).await.assert_ok())
    );
    let of_project = server.get("/api/v1/projects/demo/downloads").await;
    assert_snapshot!("downloads", pretty(&of_project.assert_ok()));
}

#[tokio::test]
async fn search_finds_what_its_page_finds() {
    let server = TestServer::start().await;
    with_history(&server).await;
    let began = Instant::now();
    // Search hears of a change within a second, and a busy machine is given more.
    let found = loop {
        let found = server.get("/api/v1/search?q=demo").await.assert_ok();
        let latest = found.json()["hits"][0]["latest"]["release"].clone();
        if latest == "2.0" || began.elapsed() > Duration::from_secs(20) {
            break found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_snapshot!("search", pretty(&found));
    for (query, hits) in [
        ("", 0),
        ("?q=", 0),
        ("?q=nothing", 0),
        ("?q=publisher:github.com/example", 1),
    ] {
        let found = server
            .get(&format!("/api/v1/search{query}"))
            .await
            .assert_ok()
            .json();
        assert_eq!(found["hits"].as_array().unwrap().len(), hits, "{query}");
    }
}

//! Publishers by HTTP: who publishes a project's files.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::{Value, json};
use touchplate_attest::Publisher;
use touchplate_index::accounts::Role;
use touchplate_index::projects::Visibility;
use touchplate_index::trusted_publishing::Ratchet;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

const ALL: &str = "/api/v1/projects/demo/publishers";

fn gitlab() -> Value {
    json!({
        "publisher": {"kind": "GitLab", "repository": "group/demo", "workflow_filepath": ".gitlab-ci.yml"},
        "token_seconds": 3600,
        "git_ref": "refs/tags/v*",
    })
}

fn adding(token: &str, path: &str, publisher: &Value) -> Request {
    Request::new("POST", path)
        .token(token)
        .body("application/json", publisher.to_string())
}

#[tokio::test]
async fn publishers_are_added_listed_and_removed() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let first = alice.get(ALL).await.assert_ok();
    assert_eq!(
        first.header("cache-control"),
        Some("private, no-store"),
        "members alone see them"
    );
    let added = server
        .client
        .send(&adding(&alice.token, ALL, &gitlab()))
        .await;
    assert_eq!(added.status, 201, "{}", added.whole());
    let location = added.header("location").unwrap().to_owned();
    let mut expected = gitlab();
    expected["id"] = added.json()["id"].clone();
    expected["ids"] = json!({"repository_id": null, "owner_id": null});
    expected["publisher"]["environment"] = Value::Null;
    assert_eq!(added.json(), expected);
    assert_eq!(alice.get(&location).await.assert_ok().json(), expected);
    let all = alice.get(ALL).await.assert_ok();
    let mut listed = first.json();
    assert_eq!(
        listed["publishers"][0]["publisher"]["repository"],
        "example/demo"
    );
    listed["publishers"].as_array_mut().unwrap().push(expected);
    assert_eq!(all.json(), listed);
    let unchanged = Request::new("GET", ALL)
        .token(&alice.token)
        .header("if-none-match", all.header("etag").unwrap());
    assert_eq!(server.client.send(&unchanged).await.status, 304);

    let delete = Request::new("DELETE", &location).token(&alice.token);
    let gone = server.client.send(&delete).await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(
        server.client.send(&delete).await.json()["code"],
        "no-such-publisher"
    );
    assert_eq!(alice.get(ALL).await.json(), first.json());
}

#[tokio::test]
async fn added_again_it_is_pinned_as_before() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let sample = sample::wheel("demo", "1.0").attested();
    alice.upload(sample).await.assert_ok();
    let before = alice.get(ALL).await.json()["publishers"][0].clone();
    assert!(before["ids"]["repository_id"].is_string(), "{before}");
    let one = format!("{ALL}/{}", before["id"]);
    let delete = Request::new("DELETE", &one).token(&alice.token);
    assert_eq!(server.client.send(&delete).await.status, 204);
    let publisher = json!({"publisher": before["publisher"]});
    let again = server
        .client
        .send(&adding(&alice.token, ALL, &publisher))
        .await;
    assert_eq!(again.status, 201, "{}", again.whole());
    assert_ne!(again.json()["id"], before["id"]);
    assert_eq!(again.json()["ids"], before["ids"]);
}

#[tokio::test]
async fn who_may_manage_them_and_what_is_no_publisher() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let id = alice.get(ALL).await.json()["publishers"][0]["id"].clone();
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    let mike = server
        .user("mike")
        .await
        .with_role("demo", Role::Maintainer)
        .await;
    let (narrow, other) = (
        alice.token_for("demo").await,
        olga.token_for("secret").await,
    );
    // The members may look, whatever they may change.
    assert_eq!(mike.get(ALL).await.status, 200);
    assert_eq!(narrow.get(ALL).await.status, 200);
    let (one, none) = (format!("{ALL}/{id}"), format!("{ALL}/999"));
    let secret = "/api/v1/projects/secret/publishers";
    let owner = alice.token.as_str();
    let with = |key: &str, value: Value| {
        let mut publisher = gitlab();
        publisher[key] = value;
        publisher
    };
    let there = json!({"publisher": {"kind": "GitHub", "repository": "Example/Demo", "workflow": "release.yml"}});
    let misspelt = json!({"publisher": {"kind": "GitHub", "repository": "a/b", "workflow": "w.yml", "enviroment": "release"}});
    let get = |token: &str, path: &str| Request::new("GET", path).token(token);
    let delete = |token: &str, path: &str| Request::new("DELETE", path).token(token);
    let cases = [
        ("nobody looks", Request::new("GET", ALL)),
        ("a stranger looks", get(&olga.token, ALL)),
        ("a token for another project looks", get(&other.token, ALL)),
        ("an unseen project", get(owner, secret)),
        (
            "no such project",
            get(owner, "/api/v1/projects/nothing/publishers"),
        ),
        ("no such publisher", get(owner, &none)),
        ("no number", get(owner, &format!("{ALL}/x"))),
        ("a maintainer adds", adding(&mike.token, ALL, &gitlab())),
        ("a stranger adds", adding(&olga.token, ALL, &gitlab())),
        (
            "an owner's token for the project adds",
            adding(&narrow.token, ALL, &gitlab()),
        ),
        ("to an unseen project", adding(owner, secret, &gitlab())),
        ("what is there", adding(owner, ALL, &there)),
        ("nothing", adding(owner, ALL, &json!({}))),
        ("no object", adding(owner, ALL, &json!([]))),
        (
            "the same as an array",
            adding(owner, ALL, &json!([gitlab()["publisher"], 900, "refs/*"])),
        ),
        (
            "an unknown kind",
            adding(owner, ALL, &with("publisher", json!({"kind": "X"}))),
        ),
        ("a misspelt key of its", adding(owner, ALL, &misspelt)),
        ("another key", adding(owner, ALL, &with("id", json!(1)))),
        (
            "a short life",
            adding(owner, ALL, &with("token_seconds", json!(899))),
        ),
        ("no pattern", adding(owner, ALL, &with("git_ref", json!(1)))),
        ("a maintainer removes", delete(&mike.token, &one)),
        (
            "an owner's token for the project removes",
            delete(&narrow.token, &one),
        ),
        ("removes what is not there", delete(owner, &none)),
        ("removes without a token", Request::new("DELETE", &one)),
    ];
    let before = server.index.head().await.unwrap();
    let mut told = String::new();
    for (case, request) in cases {
        let answer = server.client.send(&request).await;
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{case}"
        );
        let problem = answer.json();
        let (code, detail) = (&problem["code"], &problem["detail"]);
        writeln!(
            told,
            "{case}: {} {} {}",
            answer.status,
            code.as_str().unwrap(),
            detail.as_str().unwrap()
        )
        .unwrap();
    }
    assert_snapshot!(told);
    assert_eq!(server.index.head().await.unwrap(), before);
}

#[tokio::test]
async fn where_environments_are_required_others_are_not_added() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let (origin, demo) = (server.operator(), "demo".parse().unwrap());
    let turned = server
        .index
        .turn_ratchet(&origin, &demo, Ratchet::EnvironmentRequired)
        .await;
    assert!(turned.unwrap());
    let refused = server
        .client
        .send(&adding(&alice.token, ALL, &gitlab()))
        .await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (409, &json!("publisher-without-environment"))
    );
    let mut released = gitlab();
    released["publisher"]["environment"] = json!("release");
    let added = server
        .client
        .send(&adding(&alice.token, ALL, &released))
        .await;
    assert_eq!(added.status, 201, "{}", added.whole());
}

#[tokio::test]
async fn there_is_an_end_to_them() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let (origin, demo) = (server.operator(), "demo".parse().unwrap());
    for number in 2..touchplate_index::managing::MAX_PUBLISHERS {
        let publisher = Publisher::github(format!("example/r{number}"), "release.yml");
        let added = server.index.add_publisher(&origin, &demo, &publisher).await;
        added.unwrap();
    }
    // One place is left, and two come for it at once.
    let [one, other] = ["group/one", "group/other"].map(|repository| {
        let mut publisher = gitlab();
        publisher["publisher"]["repository"] = repository.into();
        adding(&alice.token, ALL, &publisher)
    });
    let (one, other) = tokio::join!(server.client.send(&one), server.client.send(&other));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    let refused = server
        .client
        .send(&adding(&alice.token, ALL, &gitlab()))
        .await;
    assert_eq!(
        (refused.status, &refused.json()["code"]),
        (409, &json!("too-many-publishers"))
    );
}

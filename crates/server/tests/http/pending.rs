//! Pending publishers and publishers' terms by HTTP.

use std::fmt::Write as _;

use insta::assert_snapshot;
use serde_json::{Value, json};
use touchplate_index::accounts::Role;
use touchplate_index::trusted_publishing::MAX_PENDING;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;

const ALL: &str = "/api/v1/pending-publishers";

fn asked(project: &str) -> Value {
    json!({
        "project": project,
        "publisher": {"kind": "GitHub", "repository": "example/come", "workflow": "release.yml", "environment": null},
        "token_seconds": 3600,
        "git_ref": "refs/tags/v*",
    })
}

fn sending(method: &str, token: &str, path: &str, body: &Value) -> Request {
    let request = Request::new(method, path).token(token);
    request.body("application/json", body.to_string())
}

#[tokio::test]
async fn whoever_may_create_projects_says_who_does_so_for_them() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    let added = sending("POST", &alice.token, ALL, &asked("To.Come"));
    let added = server.client.send(&added).await;
    assert_eq!(added.status, 201, "{}", added.whole());
    let location = added.header("location").unwrap().to_owned();
    let mut expected = asked("To.Come");
    for key in ["id", "created_at", "expires_at"] {
        expected[key] = added.json()[key].clone();
    }
    assert_eq!(added.json(), expected);
    assert_eq!(expected["expires_at"], "2025-07-01T12:00:00Z");
    assert_eq!(alice.get(&location).await.assert_ok().json(), expected);
    let all = alice.get(ALL).await.assert_ok();
    assert_eq!(all.header("cache-control"), Some("private, no-store"));
    let listed = json!({"version": 1, "pending_publishers": [expected]});
    assert_eq!(all.json(), listed);
    // Nobody else's business.
    let none = json!({"version": 1, "pending_publishers": []});
    assert_eq!(bob.get(ALL).await.assert_ok().json(), none);
    assert_eq!(bob.get(&location).await.status, 404);
    let delete = |token: &str| Request::new("DELETE", &location).token(token);
    assert_eq!(server.client.send(&delete(&bob.token)).await.status, 404);
    assert_eq!(server.client.send(&delete(&alice.token)).await.status, 204);
    let again = server.client.send(&delete(&alice.token)).await;
    assert_eq!(again.json()["code"], "no-such-pending-publisher");
    assert_eq!(alice.get(ALL).await.json(), none);
}

#[tokio::test]
async fn what_is_no_pending_publisher() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let owner = alice.token.as_str();
    let one = alice.token_for("demo").await;
    let there = sending("POST", owner, ALL, &asked("there"));
    assert_eq!(server.client.send(&there).await.status, 201);
    let without = |key: &str| {
        let mut body = asked("come");
        body.as_object_mut().unwrap().remove(key);
        body
    };
    let with = |key: &str, value: Value| {
        let mut body = asked("come");
        body[key] = value;
        body
    };
    let misspelt = json!({"kind": "GitHub", "repository": "a/b", "workflow": "w.yml", "enviroment": "release"});
    let add = |body: &Value| sending("POST", owner, ALL, body);
    let cases = [
        ("nobody looks", Request::get(ALL)),
        (
            "a token for one project looks",
            Request::get(ALL).token(&one.token),
        ),
        (
            "a token for one project adds",
            sending("POST", &one.token, ALL, &asked("come")),
        ),
        ("no number", Request::get(&format!("{ALL}/x")).token(owner)),
        ("a list", add(&json!(["come"]))),
        ("no project", add(&without("project"))),
        (
            "a project that is no name",
            add(&with("project", json!("-"))),
        ),
        ("no publisher", add(&without("publisher"))),
        (
            "a publisher as a list",
            add(&with("publisher", json!(["GitHub"]))),
        ),
        (
            "a misspelt key of the publisher",
            add(&with("publisher", misspelt)),
        ),
        ("another key", add(&with("owner", json!("bob")))),
        ("a project that is there", add(&asked("Demo"))),
        ("a name that looks like its", add(&asked("dem0"))),
        ("a reserved name", add(&asked("requirements.txt"))),
        ("registered already", add(&asked("There"))),
    ];
    let mut told = String::new();
    for (case, request) in cases {
        let answer = server.client.send(&request).await;
        let (code, detail) = (
            answer.json()["code"].clone(),
            answer.json()["detail"].clone(),
        );
        let (code, detail) = (code.as_str().unwrap_or("-"), detail.as_str().unwrap_or("-"));
        writeln!(told, "{case}: {} {code} {detail}", answer.status).unwrap();
    }
    assert_snapshot!(told);
    assert_eq!(
        alice.get(ALL).await.json()["pending_publishers"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn one_user_has_so_many() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    let add = async |number: u32| {
        let request = sending("POST", &alice.token, ALL, &asked(&format!("p{number}")));
        server.client.send(&request).await
    };
    for number in 0..MAX_PENDING {
        assert_eq!(add(number).await.status, 201);
    }
    let more = add(MAX_PENDING).await;
    assert_eq!(more.json()["code"], "too-many-pending-publishers");
}

#[tokio::test]
async fn an_owner_sets_a_publisher_s_terms() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let mike = server
        .user("mike")
        .await
        .with_role("demo", Role::Maintainer)
        .await;
    let publishers = "/api/v1/projects/demo/publishers";
    let before = alice.get(publishers).await.json()["publishers"][0].clone();
    let one = format!("{publishers}/{}", before["id"]);
    let terms = format!("{one}/terms");
    let set = |token: &str, body: Value| sending("PUT", token, &terms, &body);
    let tags = json!({"git_ref": "refs/tags/v*", "token_seconds": 7200});
    let answer = server
        .client
        .send(&set(&alice.token, tags))
        .await
        .assert_ok();
    let mut expected = before.clone();
    expected["git_ref"] = json!("refs/tags/v*");
    expected["token_seconds"] = json!(7200);
    assert_eq!(answer.json(), expected);
    assert_eq!(alice.get(&one).await.json(), expected);
    let mut told = String::new();
    for (case, request) in [
        ("a maintainer", set(&mike.token, json!({}))),
        ("a list", set(&alice.token, json!([900, "refs/tags/*"]))),
        (
            "another key",
            set(&alice.token, json!({"git_refs": "refs/tags/*"})),
        ),
        ("a minute", set(&alice.token, json!({"token_seconds": 60}))),
        ("a day", set(&alice.token, json!({"token_seconds": 86400}))),
        (
            "no publisher",
            sending(
                "PUT",
                &alice.token,
                &format!("{publishers}/999/terms"),
                &json!({}),
            ),
        ),
        (
            "another project",
            sending(
                "PUT",
                &alice.token,
                "/api/v1/projects/other/publishers/1/terms",
                &json!({}),
            ),
        ),
    ] {
        let answer = server.client.send(&request).await;
        let (code, detail) = (
            answer.json()["code"].clone(),
            answer.json()["detail"].clone(),
        );
        let (code, detail) = (code.as_str().unwrap_or("-"), detail.as_str().unwrap_or("-"));
        writeln!(told, "{case}: {} {code} {detail}", answer.status).unwrap();
    }
    assert_snapshot!(told);
    assert_eq!(alice.get(&one).await.json(), expected);
    // None again.
    let none = server
        .client
        .send(&set(&alice.token, json!({})))
        .await
        .assert_ok();
    assert_eq!(none.json(), before);
}

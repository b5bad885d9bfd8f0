//! Attesters by HTTP: who a project expects beside its publishers.

use std::fmt::Write as _;

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};
use touchplate_index::accounts::Role;
use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};

const ALL: &str = "/api/v1/projects/demo/attesters";

fn auditor() -> Value {
    json!({"role": "auditor", "identity": {"san": "audit@example.org", "issuer": "https://id.example.org"}})
}

fn rebuilder() -> Value {
    json!({
        "role": "rebuilder",
        "publisher": {"kind": "GitHub", "repository": "re/build", "workflow": "rebuild.yml"},
        "predicate_types": ["https://slsa.dev/provenance/v1"],
    })
}

fn putting(token: &str, path: &str, attester: &Value) -> Request {
    Request::new("PUT", path)
        .token(token)
        .body("application/json", attester.to_string())
}

async fn put(server: &TestServer, token: &str, path: &str, attester: &Value) -> Answer {
    server.client.send(&putting(token, path, attester)).await
}

#[tokio::test]
async fn attesters_are_put_listed_changed_and_removed() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let page = server.get("/simple/demo/").await.whole();
    let empty = server.get(ALL).await.assert_ok();
    assert_eq!(
        empty.json(),
        json!({"version": 1, "project": "demo", "attesters": []})
    );
    let first = put(&server, &alice.token, ALL, &auditor()).await;
    assert_eq!(first.status, 201, "{}", first.whole());
    let location = first.header("location").unwrap().to_owned();
    let again = put(&server, &alice.token, ALL, &auditor()).await;
    assert_eq!((again.status, again.json()), (200, first.json()));
    assert_eq!(
        put(&server, &alice.token, ALL, &rebuilder()).await.status,
        201
    );
    let one = server.get(&location).await.assert_ok();
    assert_eq!(one.json(), first.json());

    let mut narrower = auditor();
    narrower["predicate_types"] = json!(["urn:example:audit:v1"]);
    let changed = put(&server, &alice.token, ALL, &narrower).await;
    assert_eq!(
        (changed.status, &changed.json()["id"]),
        (200, &first.json()["id"])
    );
    let mut builder = auditor();
    builder["role"] = json!("builder");
    let replaced = put(&server, &alice.token, &location, &builder).await;
    assert_eq!(replaced.status, 200, "{}", replaced.whole());
    let listed = server.get(ALL).await.assert_ok();
    assert_json_snapshot!("attesters", listed.json());
    assert_eq!(
        listed.header("cache-control"),
        Some("public, max-age=0, must-revalidate")
    );

    let delete = Request::new("DELETE", &location).token(&alice.token);
    let gone = server.client.send(&delete).await;
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(server.client.send(&delete).await.status, 404);
    assert_eq!(server.get(&location).await.status, 404);
    let left = server.get(ALL).await.assert_ok().json();
    assert_eq!(left["attesters"].as_array().unwrap().len(), 1);
    assert_eq!(server.get("/simple/demo/").await.whole(), page);
}

#[tokio::test]
async fn who_may_change_them_and_to_what() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let id = put(&server, &alice.token, ALL, &auditor()).await.json()["id"].clone();
    put(&server, &alice.token, ALL, &rebuilder()).await;
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
    let narrow = alice.token_for("demo").await;
    let secret = "/api/v1/projects/secret/attesters";
    let owner = alice.token.as_str();
    let (one, none) = (format!("{ALL}/{id}"), format!("{ALL}/999"));
    let mut builder = rebuilder();
    builder["role"] = json!("builder");
    let with = |key: &str, value: Value| {
        let mut attester = auditor();
        attester[key] = value;
        attester
    };
    let mut cases = vec![
        ("a maintainer", putting(&mike.token, ALL, &builder)),
        ("a stranger", putting(&olga.token, ALL, &builder)),
        (
            "an owner's token for the project",
            putting(&narrow.token, ALL, &builder),
        ),
        ("an unseen project", putting(owner, secret, &builder)),
        (
            "no such project",
            putting(owner, "/api/v1/projects/nothing/attesters", &builder),
        ),
        ("no such attester", putting(owner, &none, &builder)),
        ("no number", putting(owner, &format!("{ALL}/x"), &builder)),
        (
            "another's role and identity",
            putting(owner, &one, &rebuilder()),
        ),
        ("nothing", putting(owner, ALL, &json!({}))),
        (
            "no role",
            putting(owner, ALL, &json!({"role": "publisher"})),
        ),
        ("nobody", putting(owner, ALL, &json!({"role": "auditor"}))),
        (
            "two",
            putting(
                owner,
                ALL,
                &with(
                    "publisher",
                    json!({"kind": "Google", "email": "a@b.example"}),
                ),
            ),
        ),
        (
            "another key",
            putting(owner, ALL, &with("predicates", json!([]))),
        ),
        (
            "no types",
            putting(owner, ALL, &with("predicate_types", json!([]))),
        ),
        (
            "no type",
            putting(owner, ALL, &with("predicate_types", json!(["audit"]))),
        ),
        (
            "an identity as an array",
            putting(
                owner,
                ALL,
                &with("identity", json!(["a", "https://b.example"])),
            ),
        ),
        (
            "an attester as an array",
            putting(owner, ALL, &json!(["auditor", null, null, null])),
        ),
        (
            "no issuer",
            putting(
                owner,
                ALL,
                &with("identity", json!({"san": "a", "issuer": "b"})),
            ),
        ),
        (
            "unknown publisher",
            putting(
                owner,
                ALL,
                &json!({"role": "auditor", "publisher": {"kind": "X"}}),
            ),
        ),
    ];
    let delete = |token: &str, path: &str| Request::new("DELETE", path).token(token);
    cases.push(("a maintainer removes", delete(&mike.token, &one)));
    cases.push(("removes what is not there", delete(owner, &none)));
    cases.push(("removes without a token", Request::new("DELETE", &one)));
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
    assert_snapshot!(told.replace(&format!("attester {id} "), "attester <id> "));
    assert_eq!(server.index.head().await.unwrap(), before);
    // Whoever may see the project may see whom it expects.
    assert_eq!(server.get(secret).await.status, 404);
    assert_eq!(alice.get(secret).await.status, 404);
    let seen = olga.get(secret).await.assert_ok();
    assert_eq!(seen.header("cache-control"), Some("private, no-store"));
}

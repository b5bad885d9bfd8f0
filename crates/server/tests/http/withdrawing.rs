//! Yanks and statuses by HTTP.

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

const YANK: &str = "/api/v1/projects/demo/releases/1.0/yank";
const STATUS: &str = "/api/v1/projects/demo/status";

fn put(account: &Account<'_>, path: &str, body: &Value) -> Request {
    Request::new("PUT", path)
        .token(&account.token)
        .body("application/json", body.to_string())
}

fn delete(account: &Account<'_>, path: &str) -> Request {
    Request::new("DELETE", path).token(&account.token)
}

/// A status, and the code of a problem.
fn refused(answer: &Answer) -> (u16, String) {
    let code = answer.json()["code"].as_str().unwrap().to_owned();
    (answer.status, code)
}

async fn with_two_releases(server: &TestServer) -> Account<'_> {
    let alice = server.publisher("alice").await.of("demo").await;
    for version in ["1.0", "2.0"] {
        let wheel = sample::wheel("demo", version);
        alice.upload(wheel).await.assert_ok();
    }
    alice
}

#[tokio::test]
async fn a_release_is_yanked_and_that_is_taken_back() {
    let server = TestServer::start().await;
    let alice = with_two_releases(&server).await;
    let before = server.get(YANK).await.assert_ok();
    let told = |yanked: bool, reason: Value| json!({"version": 1, "project": "demo", "release": "1.0", "yanked": yanked, "yanked_reason": reason});
    assert_eq!(before.json(), told(false, Value::Null));
    let yank = put(&alice, YANK, &json!({"reason": "it <breaks>"}));
    let yanked = server.client.send(&yank).await.assert_ok();
    assert_eq!(yanked.json(), told(true, json!("it <breaks>")));
    // Whoever changes and then reads finds the change, everywhere.
    let after = server.get(YANK).await.assert_ok();
    assert_eq!(after.json(), yanked.json());
    let page = server.get_json("/simple/demo/").await;
    assert_eq!(page["files"][0]["yanked"], "it <breaks>");
    assert_eq!(page["files"][1]["yanked"], false);
    let release = server.get("/api/v1/projects/demo/releases/v1").await.json();
    assert_eq!(release["yanked_reason"], "it <breaks>");
    for (body, reason) in [("{}", Value::Null), (r#"{"reason":""}"#, Value::Null)] {
        let again = Request::new("PUT", "/api/v1/projects/Demo/releases/v1.0.0/yank")
            .token(&alice.token)
            .body("application/json", body);
        let again = server.client.send(&again).await.assert_ok();
        assert_eq!(again.json(), told(true, reason));
    }
    for _ in 0..2 {
        let back = server.client.send(&delete(&alice, YANK)).await;
        assert_eq!((back.status, back.body.len()), (204, 0));
        assert_eq!(server.get(YANK).await.json(), before.json());
    }
}

#[tokio::test]
async fn a_status_is_set_by_an_owner_and_a_quarantine_by_nobody_but_the_operator() {
    let server = TestServer::start().await;
    let alice = with_two_releases(&server).await;
    let told = |status: &str, reason: Value| json!({"version": 1, "project": "demo", "status": status, "reason": reason});
    assert_eq!(server.get(STATUS).await.json(), told("active", Value::Null));
    for (status, reason) in [
        ("archived", json!("moved to `other`")),
        ("deprecated", Value::Null),
        ("active", Value::Null),
        ("archived", Value::Null),
    ] {
        let set = put(&alice, STATUS, &json!({"status": status, "reason": reason}));
        let set = server.client.send(&set).await.assert_ok();
        assert_eq!(set.json(), told(status, reason));
        assert_eq!(server.get(STATUS).await.json(), set.json());
        let page = server.get_json("/simple/demo/").await;
        assert_eq!(page["project-status"]["status"], status);
    }
    let third = alice.upload(sample::wheel("demo", "3.0")).await;
    assert_eq!(third.status, 403, "an archived project takes no files");
    let (origin, demo) = (server.operator(), "demo".parse().unwrap());
    let status = ProjectStatus::Quarantined;
    let set = server.index.set_status(&origin, &demo, status, None).await;
    set.unwrap();
    server_sees(&server).await;
    assert_eq!(
        server.get(STATUS).await.json(),
        told("quarantined", Value::Null)
    );
    let lifted = put(&alice, STATUS, &json!({"status": "active"}));
    let lifted = server.client.send(&lifted).await;
    assert_eq!(refused(&lifted), (409, "project-quarantined".to_owned()));
}

#[tokio::test]
async fn what_is_no_yank_and_no_status_is_refused() {
    let server = TestServer::start().await;
    let alice = with_two_releases(&server).await;
    let long = format!(r#"{{"reason":"{}"}}"#, "é".repeat(1001));
    for (path, body, code) in [
        (YANK, "", "withdrawal-malformed"),
        (YANK, "null", "withdrawal-malformed"),
        (YANK, "[]", "withdrawal-malformed"),
        (YANK, r#"{"reason":1}"#, "withdrawal-malformed"),
        (YANK, r#"{"reasons":"x"}"#, "withdrawal-malformed"),
        (
            YANK,
            r#"{"reason":"x","reason":"y"}"#,
            "withdrawal-malformed",
        ),
        (YANK, r#"{"reason":"a\nb"}"#, "reason-malformed"),
        (YANK, r#"{"reason":"\u0000"}"#, "reason-malformed"),
        (YANK, &long, "reason-malformed"),
        (STATUS, "{}", "withdrawal-malformed"),
        (STATUS, r#"{"status":"quarantined"}"#, "status-unknown"),
        (STATUS, r#"{"status":"Active"}"#, "status-unknown"),
        (
            STATUS,
            r#"{"status":"active","reason":"\t"}"#,
            "reason-malformed",
        ),
    ] {
        let asked = Request::new("PUT", path)
            .token(&alice.token)
            .body("application/json", body);
        let answer = server.client.send(&asked).await;
        assert_eq!(refused(&answer), (400, code.to_owned()), "{body}");
    }
    let longest = put(&alice, YANK, &json!({"reason": "é".repeat(1000)}));
    server.client.send(&longest).await.assert_ok();
    let gone = "/api/v1/projects/demo/releases/9.0/yank";
    for answer in [
        server.get(gone).await,
        server.client.send(&put(&alice, gone, &json!({}))).await,
        server.client.send(&delete(&alice, gone)).await,
    ] {
        assert_eq!(refused(&answer), (404, "not-found".to_owned()));
    }
}

#[tokio::test]
async fn who_may_withdraw() {
    let server = TestServer::start().await;
    let alice = with_two_releases(&server).await;
    let secret = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    secret
        .upload(sample::wheel("secret", "1.0"))
        .await
        .assert_ok();
    let as_a = async |name: &str, role| server.user(name).await.with_role("demo", role).await;
    let mike = as_a("mike", Role::Maintainer).await;
    let una = as_a("una", Role::Uploader).await;
    let rita = as_a("rita", Role::Reader).await;
    let sam = server.user("sam").await;
    let narrow = alice.token_for("demo").await;
    let (yank, status) = (json!({"reason": "r"}), json!({"status": "deprecated"}));
    let mut told = String::new();
    for (who, account) in [
        ("owner", &alice),
        ("maintainer", &mike),
        ("uploader", &una),
        ("reader", &rita),
        ("stranger", &sam),
        ("owner, token for one project", &narrow),
    ] {
        let mut said = Vec::new();
        for request in [
            put(account, YANK, &yank),
            delete(account, YANK),
            put(account, STATUS, &status),
            put(account, "/api/v1/projects/secret/releases/1.0/yank", &yank),
            put(account, "/api/v1/projects/secret/status", &status),
        ] {
            let answer = server.client.send(&request).await;
            said.push(match answer.status {
                200 | 204 => answer.status.to_string(),
                _ => format!("{:?}", refused(&answer)),
            });
        }
        told.push_str(&format!("{who}: {}\n", said.join(" ")));
    }
    assert_snapshot!("who_may_withdraw", told);
    let nobody = Request::new("PUT", YANK).body("application/json", yank.to_string());
    assert_eq!(server.client.send(&nobody).await.status, 401);
    for path in ["secret/releases/1.0/yank", "secret/status"] {
        let path = format!("/api/v1/projects/{path}");
        assert_eq!(sam.get(&path).await.status, 404);
        let seen = secret.get(&path).await.assert_ok();
        assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    }
}

#[tokio::test]
async fn a_change_waits_for_what_its_caller_saw() {
    let server = TestServer::start().await;
    let alice = with_two_releases(&server).await;
    let etag = async |path: &str| {
        let answer = server.get(path).await.assert_ok();
        answer.header("etag").unwrap().to_owned()
    };
    let send = async |request: Request| server.client.send(&request).await;
    for (path, one, other) in [
        (YANK, json!({"reason": "one"}), json!({"reason": "other"})),
        (
            STATUS,
            json!({"status": "archived"}),
            json!({"status": "deprecated"}),
        ),
    ] {
        let before = etag(path).await;
        let set =
            |body: &Value, header: &str, value: &str| put(&alice, path, body).header(header, value);
        send(set(&one, "if-match", &before)).await.assert_ok();
        let after = etag(path).await;
        // Somebody else was first.
        for (header, value) in [
            ("if-match", before.as_str()),
            ("if-match", "\"x\", \"y\""),
            ("if-match", &format!("W/{after}")),
            ("if-match", ""),
            ("if-none-match", "*"),
            ("if-none-match", &after),
        ] {
            let answer = send(set(&other, header, value)).await;
            assert_eq!(
                refused(&answer),
                (412, "condition-failed".to_owned()),
                "{header}: {value}"
            );
        }
        assert_eq!(etag(path).await, after);
        for (header, value) in [
            ("if-match", "*"),
            ("if-match", &format!("\"x\", {after}")),
            ("if-none-match", &before),
        ] {
            send(set(&one, header, value)).await.assert_ok();
        }
        send(set(&other, "if-match", &after)).await.assert_ok();
        assert_ne!(etag(path).await, after);
    }
    // A long one that came coded is the same.
    let long = put(&alice, YANK, &json!({"reason": "long ".repeat(200)}));
    send(long).await.assert_ok();
    let coded = Request::get(YANK).header("accept-encoding", "gzip");
    let coded = send(coded).await.assert_ok();
    let etag = coded.header("etag").unwrap();
    assert!(etag.ends_with("-gzip\""), "{etag}");
    let back = delete(&alice, YANK).header("if-match", etag);
    assert_eq!(send(back).await.status, 204);
    let stale = delete(&alice, YANK).header("if-match", "\"x\"");
    assert_eq!(refused(&send(stale).await).0, 412);
    // Who may not is told that first, whatever they believe that stands there.
    let sam = server.user("sam").await;
    let stranger = put(&sam, YANK, &json!({})).header("if-match", "\"x\"");
    assert_eq!(refused(&send(stranger).await).0, 403);
}

/// Two who saw the same: one of them is told.
#[tokio::test]
async fn of_two_conditional_changes_one_is_made() {
    let server = TestServer::start().await;
    let alice = with_two_releases(&server).await;
    for round in 0..5 {
        let seen = server.get(YANK).await.assert_ok();
        let etag = seen.header("etag").unwrap();
        let asked = |who: &str| {
            let body = json!({"reason": format!("{who} {round}")});
            put(&alice, YANK, &body).header("if-match", etag)
        };
        let (one, two) = (asked("one"), asked("two"));
        let answers = tokio::join!(server.client.send(&one), server.client.send(&two));
        let mut statuses = [answers.0.status, answers.1.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}

//! Who may see a project, said by HTTP.

use insta::assert_snapshot;
use serde_json::{Value, json};
use touchplate_index::accounts::Role;
use touchplate_index::ports::Serial;
use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample;
use touchplate_testkit::server::Account;

const VISIBILITY: &str = "/api/v1/projects/demo/visibility";

fn put(account: &Account<'_>, path: &str, body: impl Into<Vec<u8>>) -> Request {
    Request::new("PUT", path)
        .token(&account.token)
        .body("application/json", body)
}

fn to(visibility: &str) -> String {
    json!({ "visibility": visibility }).to_string()
}

/// A status, and the code of a problem.
fn refused(answer: &Answer) -> (u16, String) {
    let code = answer.json()["code"].as_str().unwrap().to_owned();
    (answer.status, code)
}

#[tokio::test]
async fn an_owner_says_who_sees_a_project() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0");
    alice.upload(wheel.clone()).await.assert_ok();
    let sam = server.user("sam").await;
    let digest = wheel.sha256().to_string();
    let (first, second, rest) = (&digest[..2], &digest[2..4], &digest[4..]);
    let file = format!("/files/{first}/{second}/{rest}/{}", wheel.filename());
    let pages = ["/simple/demo/", "/project/demo/", VISIBILITY, &file];
    let seen = async |account: Option<&Account<'_>>| -> Vec<u16> {
        let mut statuses = Vec::new();
        for page in pages {
            let answer = match account {
                None => server.get(page).await,
                Some(account) => account.get(page).await,
            };
            statuses.push(answer.status);
        }
        statuses
    };
    let told =
        |visibility: &str| json!({"version": 1, "project": "demo", "visibility": visibility});
    let now = server.get(VISIBILITY).await.assert_ok();
    assert_eq!(now.json(), told("public"));
    assert_eq!(seen(None).await, [200; 4]);
    for (visibility, anybody, stranger) in [
        ("private", 404, 404),
        ("internal", 404, 200),
        ("public", 200, 200),
        ("private", 404, 404),
    ] {
        let set = server
            .client
            .send(&put(&alice, VISIBILITY, to(visibility)))
            .await;
        assert_eq!(set.assert_ok().json(), told(visibility));
        // At once, whatever was in memory.
        assert_eq!(seen(None).await, [anybody; 4], "{visibility}");
        assert_eq!(seen(Some(&sam)).await, [stranger; 4], "{visibility}");
        assert_eq!(seen(Some(&alice)).await, [200; 4], "{visibility}");
    }
    let changes = server.index.changes(Serial(0), 100).await.unwrap();
    let set = changes.iter().filter(|row| row.action == "set visibility");
    let by: Vec<&str> = set.map(|row| row.actor.as_str()).collect();
    assert_eq!(by, ["user:alice"; 4]);
}

#[tokio::test]
async fn who_may_say_who_sees_a_project() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    let as_a = async |name: &str, role| server.user(name).await.with_role("demo", role).await;
    let mike = as_a("mike", Role::Maintainer).await;
    let una = as_a("una", Role::Uploader).await;
    let rita = as_a("rita", Role::Reader).await;
    let sam = server.user("sam").await;
    let root = server.user("root").await;
    let operator = server.operator();
    let promoted = server.index.set_administrator(&operator, &root.user, true);
    assert!(promoted.await.unwrap());
    server.publisher("oscar").await.of("other").await;
    let alice = alice.with_role("other", Role::Owner).await;
    let one = alice.token_for("demo").await;
    let other = alice.token_for("other").await;
    let reading = alice.reading(&[]).await;
    let mut told = String::new();
    for (who, account) in [
        ("owner", &alice),
        ("maintainer", &mike),
        ("uploader", &una),
        ("reader", &rita),
        ("stranger", &sam),
        ("owner of another project", &olga),
        ("owner, token for this project", &one),
        ("owner, token for another project", &other),
        ("owner, token for reading", &reading),
        ("administrator", &root),
    ] {
        let mut said = Vec::new();
        for path in [VISIBILITY, "/api/v1/projects/secret/visibility"] {
            let answer = server
                .client
                .send(&put(account, path, to("internal")))
                .await;
            said.push(match answer.status {
                200 => answer.status.to_string(),
                _ => format!("{:?}", refused(&answer)),
            });
            // As it was, for the next.
            let back = if path == VISIBILITY { &alice } else { &olga };
            let was = if path == VISIBILITY {
                "public"
            } else {
                "private"
            };
            server
                .client
                .send(&put(back, path, to(was)))
                .await
                .assert_ok();
        }
        told.push_str(&format!("{who}: {}\n", said.join(" ")));
    }
    let nobody = Request::new("PUT", VISIBILITY).body("application/json", to("internal"));
    told.push_str(&format!(
        "nobody: {}\n",
        server.client.send(&nobody).await.status
    ));
    assert_snapshot!(told);
}

#[tokio::test]
async fn what_is_no_visibility_is_refused_and_conditions_hold() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    for (body, code) in [
        ("", "visibility-malformed"),
        ("[]", "visibility-malformed"),
        ("{}", "visibility-malformed"),
        (r#"{"visibility":null}"#, "visibility-malformed"),
        (
            r#"{"visibility":"private","reason":"x"}"#,
            "visibility-malformed",
        ),
        (
            r#"{"visibility":"private","visibility":"public"}"#,
            "visibility-malformed",
        ),
        (r#"{"visibility":"Private"}"#, "visibility-unknown"),
        (r#"{"visibility":""}"#, "visibility-unknown"),
    ] {
        let answer = server.client.send(&put(&alice, VISIBILITY, body)).await;
        assert_eq!(refused(&answer), (400, code.to_owned()), "{body}");
    }
    let etag = async || {
        let answer = alice.get(VISIBILITY).await.assert_ok();
        answer.header("etag").unwrap().to_owned()
    };
    let public = etag().await;
    let set = async |visibility: &str, header: &str, value: &str| {
        let request = put(&alice, VISIBILITY, to(visibility)).header(header, value);
        server.client.send(&request).await
    };
    set("internal", "if-match", &public).await.assert_ok();
    for (header, value) in [("if-match", public.as_str()), ("if-none-match", "*")] {
        let answer = set("private", header, value).await;
        assert_eq!(
            refused(&answer),
            (412, "condition-failed".to_owned()),
            "{header}"
        );
    }
    let now = alice.get(VISIBILITY).await.json();
    assert_eq!(now["visibility"], Value::from("internal"));
    let internal = etag().await;
    assert_ne!(internal, public);
    // Of two who saw the same, one is told.
    let asked =
        |visibility: &str| put(&alice, VISIBILITY, to(visibility)).header("if-match", &internal);
    let (one, two) = (asked("private"), asked("public"));
    let answers = tokio::join!(server.client.send(&one), server.client.send(&two));
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
}

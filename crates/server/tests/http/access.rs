//! Who may do what: roles, and tokens that read alone.

use touchplate_index::accounts::Role;
use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample;

/// An index with two private projects of Olga's.
async fn two_private_projects() -> TestServer {
    let server = TestServer::start().await;
    for project in ["secret", "hidden"] {
        let owner = server
            .user(&format!("owner-of-{project}"))
            .await
            .owning(project, Visibility::Private)
            .await;
        let uploaded = owner.upload(sample::wheel(project, "1.0").attested()).await;
        uploaded.assert_ok();
    }
    server
}

async fn sees(account: &touchplate_testkit::server::Account<'_>, project: &str) -> bool {
    let answer = account.get(&format!("/simple/{project}/")).await;
    assert!(matches!(answer.status, 200 | 404), "{}", answer.whole());
    answer.status == 200
}

#[tokio::test]
async fn a_read_token_reads_what_it_is_for_and_changes_nothing() {
    let server = two_private_projects().await;
    let rosa = server
        .user("rosa")
        .await
        .with_role("secret", Role::Owner)
        .await
        .with_role("hidden", Role::Reader)
        .await;
    let (all, one) = (rosa.reading(&[]).await, rosa.reading(&["hidden"]).await);
    assert!(sees(&all, "secret").await && sees(&all, "hidden").await);
    assert!(!sees(&one, "secret").await && sees(&one, "hidden").await);

    // An owner's token, and still: it was made for reading.
    let upload = all.upload(sample::wheel("secret", "2.0")).await;
    assert_eq!(upload.status, 403);
    assert!(
        upload.text().contains("for reading alone"),
        "{}",
        upload.text()
    );
    let created = all.upload(sample::wheel("brand-new", "1.0")).await;
    assert_eq!(created.status, 403);
    for (method, path) in [
        ("GET", "/api/v1/projects/secret/publishers"),
        ("DELETE", "/api/v1/projects/secret/publishers/1"),
        ("GET", "/api/v1/projects/secret/tokens"),
        ("GET", "/api/v1/pending-publishers"),
    ] {
        let request = Request::new(method, path).token(&all.token);
        let answer = server.client.send(&request).await;
        assert_eq!(
            (answer.status, code(&answer)),
            (403, "token-for-reading".into()),
            "{method} {path}"
        );
    }

    server
        .index
        .revoke_token(&server.operator(), &token_id(&all.token))
        .await
        .unwrap();
    let revoked = all.get("/simple/secret/").await;
    assert_eq!(revoked.status, 401, "{}", revoked.whole());
}

fn token_id(token: &str) -> touchplate_index::accounts::TokenId {
    token.split('-').nth(2).unwrap().parse().unwrap()
}

fn code(answer: &Answer) -> String {
    answer.json()["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn each_role_does_what_the_table_says() {
    let server = two_private_projects().await;
    let roles = Role::ALL.map(|role| (role.as_str(), role));
    let mut told = Vec::new();
    for (name, role) in roles {
        let user = server.user(name).await.with_role("secret", role).await;
        let version = format!("2.{}", told.len());
        let upload = user.upload(sample::wheel("secret", &version)).await.status;
        let publishers = user.get("/api/v1/projects/secret/publishers").await.status;
        let remove =
            Request::new("DELETE", "/api/v1/projects/secret/publishers/99").token(&user.token);
        let remove = server.client.send(&remove).await;
        told.push((
            name,
            sees(&user, "secret").await,
            upload,
            publishers,
            remove.status,
            code(&remove),
        ));
        assert!(!sees(&user, "hidden").await);
    }
    let expected = [
        ("reader", true, 403, 403, 403, "not-an-owner"),
        ("uploader", true, 200, 403, 403, "not-an-owner"),
        ("maintainer", true, 200, 200, 403, "not-an-owner"),
        ("owner", true, 200, 200, 404, "no-such-publisher"),
    ];
    for (told, expected) in told.iter().zip(expected) {
        let told = (told.0, told.1, told.2, told.3, told.4, told.5.as_str());
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn owners_change_members_and_one_is_always_left() {
    let server = two_private_projects().await;
    let olga = server
        .user("olga")
        .await
        .with_role("secret", Role::Owner)
        .await;
    let rosa = server.user("rosa").await;
    let members = "/api/v1/projects/secret/members";
    let send = async |method: &str, who: &str, body: Option<&str>, token: &str| {
        let request = Request::new(method, &format!("{members}/{who}")).token(token);
        let request = match body {
            Some(body) => request.body("application/json", body.as_bytes().to_vec()),
            None => request,
        };
        let answer = server.client.send(&request).await;
        let code = if answer.status >= 400 {
            code(&answer)
        } else {
            String::new()
        };
        format!("{} {code}", answer.status)
    };
    let reader = Some(r#"{"role":"reader"}"#);
    assert_eq!(
        send("PUT", "rosa", reader, &rosa.token).await,
        "404 not-found"
    );
    assert!(!sees(&rosa, "secret").await);
    assert_eq!(send("PUT", "rosa", reader, &olga.token).await, "201 ");
    // At once, at the server that changed it.
    assert!(sees(&rosa, "secret").await);
    assert_eq!(send("PUT", "rosa", reader, &olga.token).await, "200 ");
    assert_eq!(
        send("PUT", "rosa", reader, &rosa.token).await,
        "403 not-an-owner"
    );
    assert_eq!(rosa.get(members).await.status, 403);
    for (body, expected) in [
        (r#"{"role":"king"}"#, "400 role-malformed"),
        (r#"{"role":"reader","for":"ever"}"#, "400 role-malformed"),
        (r#"[]"#, "400 role-malformed"),
    ] {
        assert_eq!(send("PUT", "rosa", Some(body), &olga.token).await, expected);
    }
    assert_eq!(
        send("PUT", "nobody", reader, &olga.token).await,
        "404 no-such-user"
    );
    assert_eq!(
        send("DELETE", "nobody", None, &olga.token).await,
        "404 no-such-user"
    );
    assert_eq!(send("DELETE", "rosa", None, &olga.token).await, "204 ");
    assert_eq!(
        send("DELETE", "rosa", None, &olga.token).await,
        "404 no-such-member"
    );
    assert!(!sees(&rosa, "secret").await);
    assert_eq!(
        send("DELETE", "owner-of-secret", None, &olga.token).await,
        "204 "
    );
    assert_eq!(
        send("DELETE", "olga", None, &olga.token).await,
        "409 last-owner"
    );
    assert_eq!(
        send("PUT", "olga", reader, &olga.token).await,
        "409 last-owner"
    );
    let told = olga.get(members).await.assert_ok().json();
    let used = told["used_bytes"].as_u64().unwrap();
    assert!(used > 0);
    assert_eq!(
        told,
        serde_json::json!({"version": 1, "project": "secret", "members": [{"user": "olga", "role": "owner"}], "used_bytes": used, "max_bytes": null})
    );
}

#[tokio::test]
async fn a_user_makes_read_tokens_that_end_no_later_than_their_own() {
    let server = two_private_projects().await;
    let olga = server
        .user("olga")
        .await
        .with_role("secret", Role::Owner)
        .await;
    let url = "/api/v1/read-tokens";
    let post = async |body: &str, token: &str| {
        let request = Request::new("POST", url).token(token);
        let request = request.body("application/json", body.as_bytes().to_vec());
        server.client.send(&request).await
    };
    let made = post(r#"{"projects":["secret"]}"#, &olga.token).await;
    assert_eq!(made.status, 201, "{}", made.whole());
    assert_eq!(made.header("cache-control"), Some("private, no-store"));
    let made = made.json();
    let token = made["token"].as_str().unwrap().to_owned();
    let page = Request::get("/simple/secret/").token(&token);
    server.client.send(&page).await.assert_ok();
    let listed = olga.get(url).await.assert_ok().json();
    assert_eq!(listed["tokens"][0]["id"], made["id"]);
    assert!(listed["tokens"][0].get("token").is_none());

    // What the caller may not see is as what is not there.
    for project in ["hidden", "absent"] {
        let refused = post(&format!(r#"{{"projects":["{project}"]}}"#), &olga.token).await;
        assert_eq!(
            (refused.status, code(&refused)),
            (422, "no-such-project".into())
        );
    }
    // Neither it nor a narrowed one makes others.
    let whole: touchplate_index::accounts::Bearer = olga.token.parse().unwrap();
    let caveats = touchplate_index::accounts::Caveats {
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        ..Default::default()
    };
    for partial in [token.clone(), whole.narrow(&caveats).unwrap()] {
        let refused = post("{}", &partial).await;
        assert_eq!(
            (refused.status, code(&refused)),
            (403, "token-not-whole".into())
        );
    }
    let refused = post(r#"{"expires_at":"2001-01-01T00:00:00Z"}"#, &olga.token).await;
    assert_eq!(
        (refused.status, code(&refused)),
        (422, "end-has-passed".into())
    );
    let end = server.now() + jiff::SignedDuration::from_hours(1);
    let made_for = touchplate_index::accounts::MadeFor::Everything;
    let short = server
        .index
        .create_token(&server.operator(), &olga.user, made_for, Some(end))
        .await
        .unwrap()
        .reveal();
    let made = post("{}", &short).await.json();
    assert_eq!(made["expires_at"], end.to_string());
    let later = end + jiff::SignedDuration::from_secs(1);
    let refused = post(&format!(r#"{{"expires_at":"{later}"}}"#), &short).await;
    assert_eq!(
        (refused.status, code(&refused)),
        (403, "token-would-outlive".into())
    );

    let revoke = Request::new("DELETE", &format!("{url}/{}", token_id(&token))).token(&olga.token);
    assert_eq!(server.client.send(&revoke).await.status, 204);
    assert_eq!(server.client.send(&page).await.status, 401);
    let own =
        Request::new("DELETE", &format!("{url}/{}", token_id(&olga.token))).token(&olga.token);
    let own = server.client.send(&own).await;
    assert_eq!((own.status, code(&own)), (404, "no-such-token".into()));
}

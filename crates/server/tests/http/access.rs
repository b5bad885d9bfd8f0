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

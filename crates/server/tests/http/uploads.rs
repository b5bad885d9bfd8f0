//! Uploads that are welcome, and what readers see of them.

use insta::assert_snapshot;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Part, Request, multipart, multipart_type};
use touchplate_testkit::sample;

#[tokio::test]
async fn an_uploaded_file_is_listed_with_its_provenance() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = sample::wheel("demo", "1.0").attested();
    assert_snapshot!("stored", alice.upload(wheel.clone()).await.whole());
    assert_snapshot!("listed_html", server.get("/simple/demo/").await.whole());
    assert_snapshot!("listed_json", server.get_json("/simple/demo/").await);
    assert_eq!(server.stored_blobs().await, [wheel.sha256().to_string()]);
    assert_eq!(server.spooled(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn an_upload_creates_its_project_and_takes_sdists_too() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    let answer = alice
        .upload(sample::sdist("Fresh.Name", "1.0rc1"))
        .await
        .assert_ok();
    assert_eq!(
        answer.text(),
        "Stored fresh_name-1.0rc1.tar.gz with no attestations\n"
    );
    alice
        .upload(sample::wheel("fresh-name", "1.0rc1"))
        .await
        .assert_ok();
    assert_snapshot!(
        "fresh_project",
        server.get_json("/simple/fresh-name/").await
    );
    assert_snapshot!("index_json", server.get_json("/simple/").await);
    assert_snapshot!("index_html", server.get("/simple/").await.whole());
}

#[tokio::test]
async fn the_same_file_again_changes_nothing_but_brings_its_new_attestations() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let plain = sample::wheel("demo", "1.0");
    alice.upload(plain.clone()).await.assert_ok();
    let before = server.get_json("/simple/demo/").await;
    let again = alice.upload(plain.clone()).await.assert_ok();
    assert_eq!(
        again.text(),
        "demo-1.0-py3-none-any.whl was stored before; nothing changed\n"
    );
    assert_eq!(server.get_json("/simple/demo/").await, before);

    let added = alice.upload(plain.clone().attested()).await.assert_ok();
    assert_eq!(
        added.text(),
        "demo-1.0-py3-none-any.whl was stored before; added 1 attestation\n"
    );
    let after = server.get_json("/simple/demo/").await;
    assert_eq!(before["files"][0]["provenance"], serde_json::Value::Null);
    assert_ne!(after["files"][0]["provenance"], serde_json::Value::Null);
    // One more of the same predicate type and identity: the first stays.
    let other = alice.upload(plain.attested()).await.assert_ok();
    assert_eq!(
        other.text(),
        "demo-1.0-py3-none-any.whl was stored before; nothing changed\n"
    );
    assert_eq!(server.get_json("/simple/demo/").await, after);
}

#[tokio::test]
async fn every_way_to_the_door_is_open() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    for (number, target, scheme) in [
        (1, "/legacy/", "Bearer"),
        (2, "/legacy", "token"),
        (3, "/", "bearer"),
        (4, "/legacy/?:action=file_upload", "Bearer"),
        (5, "/legacy/?%3Aaction=file_upload&x", "Bearer"),
    ] {
        let mut wheel = sample::wheel("demo", &format!("{number}.0"));
        if number > 3 {
            wheel = wheel.without_field(":action");
        }
        let (content_type, body) = server.form(&wheel);
        let request = Request::new("POST", target)
            .header("authorization", &format!("{scheme} {}", alice.token))
            .accept("application/json;q=0.9, text/plain;q=0.8, text/html;q=0.7")
            .body(&content_type, body);
        let answer = server.client.send(&request).await.assert_ok();
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let message = format!("Stored demo-{number}.0-py3-none-any.whl with no attestations");
        assert_eq!(answer.json(), serde_json::json!({"message": message}));
    }
}

#[tokio::test]
async fn what_nobody_needs_is_dropped() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    let wheel = sample::wheel("demo", "1.0")
        .field("description_content_type", "text/markdown")
        .field("Description-Content-Type", "text/markdown")
        .field("what_is_this", "nothing that we know");
    let untyped = format!(
        "Content-Disposition: form-data; name=\"content\"; filename=\"{}\"",
        wheel.filename()
    );
    let mut parts: Vec<Part> = vec![
        // As uv sends it.
        Part::with_head(&untyped, wheel.bytes()),
        Part::file("gpg_signature", "demo.asc", "-----BEGIN PGP SIGNATURE-----"),
    ];
    parts.extend(
        wheel
            .fields()
            .into_iter()
            .map(|(name, value)| Part::text(&name, value)),
    );
    let request = Request::new("POST", "/legacy/")
        .token(&alice.token)
        .body(&multipart_type(), multipart(&parts));
    server.client.send(&request).await.assert_ok();
    assert_eq!(server.stored_blobs().await.len(), 1);
}

#[tokio::test]
async fn an_upload_may_come_in_chunks_and_is_the_last_of_its_connection() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    for version in ["1.0", "2.0"] {
        let mut stream = tokio::net::TcpStream::connect(server.client.address)
            .await
            .unwrap();
        let (content_type, body) = server.form(&sample::wheel("demo", version));
        let head = format!(
            "POST /legacy/ HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: {content_type}\r\n\
             transfer-encoding: chunked\r\n\r\n",
            alice.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        for piece in body.chunks(100) {
            stream
                .write_all(format!("{:x}\r\n", piece.len()).as_bytes())
                .await
                .unwrap();
            stream.write_all(piece).await.unwrap();
            stream.write_all(b"\r\n").await.unwrap();
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
    assert_eq!(server.stored_blobs().await.len(), 2);
}

#[tokio::test]
async fn a_project_that_the_operator_gave_to_nobody_belongs_to_the_first_who_uploads() {
    let server = TestServer::start().await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    let reserved = touchplate_index::ports::NewProject {
        display: "demo".parse().unwrap(),
        visibility: touchplate_index::projects::Visibility::Public,
        owner: None,
    };
    server
        .index
        .create_project(&server.operator(), &reserved)
        .await
        .unwrap();
    alice.upload(sample::wheel("demo", "1.0")).await.assert_ok();
    let late = bob.upload(sample::wheel("demo", "2.0")).await;
    assert_eq!(
        (late.status, late.reason.as_str()),
        (
            403,
            "The user 'bob' isn't allowed to upload to this project (project `demo`)"
        )
    );
    alice.upload(sample::wheel("demo", "2.0")).await.assert_ok();
}

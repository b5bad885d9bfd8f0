//! The Integrity API on the wire.

use insta::assert_snapshot;
use touchplate_attest::Provenance;
use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;

const PATH: &str = "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance";

#[tokio::test]
async fn provenance_is_served_as_it_was_uploaded() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let sample = sample::wheel("demo", "1.0").attested();
    let field = server.attestations(&sample).unwrap();
    alice
        .upload(sample::wheel("demo", "1.0").attestations(field.clone()))
        .await
        .assert_ok();
    let answer = server.get(PATH).await.assert_ok();
    let provenance = Provenance::parse(&answer.body).unwrap();
    let [bundle] = provenance.bundles.as_slice() else {
        panic!("one bundle")
    };
    let [attestation] = bundle.attestations.as_slice() else {
        panic!("one attestation")
    };
    let uploaded: serde_json::Value = serde_json::from_slice(&field).unwrap();
    let served: serde_json::Value = serde_json::from_str(attestation.json()).unwrap();
    assert_eq!(served, uploaded[0]);
    assert_eq!(
        bundle.publisher.to_json(),
        serde_json::json!({
            "kind": "GitHub", "repository": "example/demo", "workflow": "release.yml", "environment": null,
        })
    );
    // Keys, certificates and signatures are others in each run.
    let etag = answer.header("etag").unwrap().to_owned();
    let head = answer
        .whole()
        .split("\n\n")
        .next()
        .unwrap()
        .replace(&etag, "<etag>");
    let length = format!("content-length: {}", answer.body.len());
    assert_snapshot!(head.replace(&length, "content-length: <length>"));
    let again = Request::get(PATH).header("if-none-match", &etag);
    assert_eq!(server.client.send(&again).await.status, 304);
    // Other spellings of name and version are the same file, without a redirect.
    let other = PATH.replace("/demo/1.0/", "/Demo/v1.0.0/");
    assert_eq!(server.get(&other).await.assert_ok().body, answer.body);
}

#[tokio::test]
async fn the_type_is_negotiated() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice
        .upload(sample::wheel("demo", "1.0").attested())
        .await
        .assert_ok();
    let own = "application/vnd.pypi.integrity.v1+json";
    for (accept, expected) in [
        ("*/*", own),
        ("application/*", own),
        (own, own),
        ("application/json", "application/json"),
        (
            "application/vnd.pypi.integrity.v1+json;q=0.1, application/json",
            "application/json",
        ),
    ] {
        let answer = server
            .client
            .send(&Request::get(PATH).accept(accept))
            .await
            .assert_ok();
        assert_eq!(answer.header("content-type"), Some(expected), "{accept}");
    }
    for accept in ["text/html", "text/*", ""] {
        // Before anything is looked for.
        for path in [PATH, "/integrity/x/y/z/provenance"] {
            let answer = server.client.send(&Request::get(path).accept(accept)).await;
            assert_eq!(answer.status, 406, "{accept} {path}");
            assert_eq!(answer.text(), r#"{"message":"Request not acceptable"}"#);
        }
    }
    let head = server.client.send(&Request::new("HEAD", PATH)).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn what_is_not_there_is_said_in_json() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice
        .upload(sample::wheel("demo", "1.0").attested())
        .await
        .assert_ok();
    alice.upload(sample::sdist("demo", "1.0")).await.assert_ok();
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    olga.upload(sample::wheel("secret", "1.0").attested())
        .await
        .assert_ok();

    let none = server
        .get("/integrity/demo/1.0/demo-1.0.tar.gz/provenance")
        .await;
    assert_snapshot!("none", none.whole());
    let unknown = server
        .get("/integrity/unknown/1.0/unknown-1.0.tar.gz/provenance")
        .await
        .whole();
    assert_snapshot!("unknown", unknown);
    let secret = "/integrity/secret/1.0/secret-1.0-py3-none-any.whl/provenance";
    for path in [
        secret,
        "/integrity/demo/2.0/demo-1.0-py3-none-any.whl/provenance",
        "/integrity/other/1.0/demo-1.0-py3-none-any.whl/provenance",
        "/integrity/demo/1.0/demo-1.0-py2-none-any.whl/provenance",
        "/integrity/-/1.0/demo-1.0-py3-none-any.whl/provenance",
        "/integrity/demo/one/demo-1.0-py3-none-any.whl/provenance",
        "/integrity/demo/1.0/demo.exe/provenance",
        "/integrity/%ff/1.0/demo.exe/provenance",
    ] {
        assert_eq!(server.get(path).await.whole(), unknown, "{path}");
    }
    let seen = olga.get(secret).await.assert_ok();
    assert_eq!(seen.header("cache-control"), Some("private, no-store"));
}

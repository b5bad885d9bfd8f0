//! The Integrity API on the wire.

use insta::assert_snapshot;
use serde_json::{Value, json};
use touchplate_attest::{Provenance, Publisher};
use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;
use touchplate_trust::Workload;

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

async fn add_publisher(server: &TestServer, publisher: &Value) {
    let publisher = Publisher::parse(publisher.to_string().as_bytes()).unwrap();
    let (operator, project) = (server.operator(), "demo".parse().unwrap());
    let added = server.index.add_publisher(&operator, &project, &publisher);
    added.await.unwrap();
}

/// Each bundle's publisher, and how many attestations it has.
async fn bundles(server: &TestServer) -> Vec<(Value, usize)> {
    let provenance = server.get(PATH).await.assert_ok();
    let provenance = Provenance::parse(&provenance.body).unwrap();
    let bundles = provenance.bundles.iter();
    bundles
        .map(|bundle| (bundle.publisher.to_json(), bundle.attestations.len()))
        .collect()
}

#[tokio::test]
async fn each_publisher_of_a_project_may_attest_one_file() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let gitlab = json!({"kind": "GitLab", "repository": "group/demo", "workflow_filepath": "r.yml", "environment": null});
    let reusable = json!({"kind": "GitHub", "repository": "example/demo", "workflow": "build.yml", "environment": null,
        "callee_repository": "example/shared", "callee_workflow": "build.yml"});
    add_publisher(&server, &gitlab).await;
    add_publisher(&server, &reusable).await;
    let github = || sample::workload("demo", "1.0");
    let called = |by: &str| {
        Workload::github("example/demo", by, "refs/tags/v1.0").calling(
            "example/shared",
            "build.yml",
            "refs/heads/main",
        )
    };
    let gitlab_job = Workload::gitlab("group/demo", "r.yml", "refs/tags/v1.0");
    let two = sample::wheel("demo", "1.0")
        .attested_by(github())
        .attested_by(gitlab_job);
    alice.upload(two).await.assert_ok();
    // An upload brings two at most, as on PyPI; an equal one brings more.
    let third = sample::wheel("demo", "1.0").attested_by(called("build.yml"));
    alice.upload(third).await.assert_ok();
    let own = json!({"kind": "GitHub", "repository": "example/demo", "workflow": "release.yml", "environment": null});
    let expected = [(own, 1), (gitlab, 1), (reusable, 1)];
    assert_eq!(bundles(&server).await, expected);

    // Of one type by one identity there is one, and the first stays. The identity of a reusable workflow is the called one's,
    // whoever calls it.
    for again in [github(), called("release.yml")] {
        let wheel = sample::wheel("demo", "1.0").attested_by(again);
        alice.upload(wheel).await.assert_ok();
        assert_eq!(bundles(&server).await, expected);
    }
    let stranger = Workload::github("example/other", "build.yml", "refs/tags/v1.0");
    let stranger = stranger.calling("example/shared", "build.yml", "refs/heads/main");
    let wheel = sample::wheel("demo", "1.1").attested_by(stranger);
    assert_eq!(alice.upload(wheel).await.status, 400);
}

#[tokio::test]
async fn a_publisher_that_readers_do_not_know_stands_beside_none_that_they_know() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let buildkite = json!({"kind": "Buildkite", "organization": "acme", "pipeline": "release"});
    add_publisher(&server, &buildkite).await;
    let by_buildkite = || Workload::buildkite("acme", "release");
    let wheel = || sample::wheel("demo", "1.0");
    let page = async || {
        let page = "/project/demo/1.0/demo-1.0-py3-none-any.whl";
        server.get(page).await.assert_ok().text()
    };
    let known = "/api/v1/projects/demo/1.0/demo-1.0-py3-none-any.whl/attestations";
    let link = format!(r#"href="{known}""#);

    // Alone, it is served: no other is lost by it, and whoever knows the kind can verify.
    alice
        .upload(wheel().attested_by(by_buildkite()))
        .await
        .assert_ok();
    assert_eq!(bundles(&server).await, [(buildkite, 1)]);
    let listed = server.get_json("/simple/demo/").await;
    assert!(listed["files"][0]["provenance"].is_string());
    assert!(!page().await.contains(&link));

    let both = wheel().attested().attested_by(by_buildkite());
    alice.upload(both).await.assert_ok();
    let github = json!({"kind": "GitHub", "repository": "example/demo", "workflow": "release.yml", "environment": null});
    assert_eq!(bundles(&server).await, [(github, 1)]);
    let all = server.get(known).await.assert_ok().json();
    assert_eq!(all["attestations"].as_array().unwrap().len(), 2);
    let page = page().await;
    assert!(
        page.contains("https://buildkite.com/acme/release"),
        "people read of it"
    );
    assert!(page.contains(&link), "and are told where it is");
    assert_eq!(
        page.matches("touchplate verify ").count(),
        1,
        "what is fetched has the one"
    );
}

#[tokio::test]
async fn a_name_in_other_hands_is_refused_until_an_operator_says_otherwise() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice
        .upload(sample::wheel("demo", "1.0").attested())
        .await
        .assert_ok();
    let mut resurrected = sample::workload("demo", "1.1");
    resurrected.claims.source_repository_owner_id = Some("999".into());
    let wheel = || sample::wheel("demo", "1.1").attested_by(resurrected.clone());
    let refused = alice.upload(wheel()).await;
    assert_eq!(refused.status, 400);
    assert_snapshot!(refused.text());
    let there = server.get_json("/simple/demo/").await;
    assert_eq!(there["versions"], json!(["1.0"]));
    assert_eq!(server.stored_blobs().await.len(), 1);
    // The same file again with that attestation: no other way in.
    let mut again = sample::workload("demo", "1.0");
    again.claims.source_repository_id = Some("999".into());
    again.san = touchplate_attest::SubjectName::Uri("https://github.com/example/demo/other".into());
    let refused = alice
        .upload(sample::wheel("demo", "1.0").attested_by(again))
        .await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("repin"), "{}", refused.text());

    let project = "demo".parse().unwrap();
    let publishers = server.index.publishers(&project).await.unwrap();
    let forget = touchplate_attest::PinnedIds::default();
    let operator = server.operator();
    let repinned = server
        .index
        .repin_publisher(&operator, &project, publishers[0].id, &forget);
    repinned.await.unwrap();
    alice.upload(wheel()).await.assert_ok();
    let ids = server.index.publishers(&project).await.unwrap()[0]
        .ids
        .clone();
    assert_eq!(ids.owner_id.as_deref(), Some("999"));
    let refused = alice.upload(sample::wheel("demo", "1.2").attested()).await;
    assert_eq!(refused.status, 400, "the first owner is the stranger now");
}

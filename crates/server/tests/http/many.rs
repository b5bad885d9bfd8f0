//! `POST /api/v1/provenance` and the same of a project: everything that it takes to verify many files.

use serde_json::{Value, json};
use touchplate_testkit::TestServer;
use touchplate_testkit::sample;
use touchplate_trust::Predicate;

use super::later::{add, adding, asking, attested, auditor, demo, expect_both};

#[tokio::test]
async fn whoever_asks_for_many_can_verify_them_all() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(demo().attested()).await.assert_ok();
    expect_both(&server, "demo").await;
    let audit = attested(&server, &demo(), &auditor(), Predicate::Slsa);
    assert_eq!(add(&server, &alice, &audit).await.status, 201);
    let digest = demo().sha256().to_string();
    let answer = server.client.send(&asking(&[&digest])).await.assert_ok();
    let integrity = "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance";
    let integrity = server.get(integrity).await.assert_ok();
    // Byte for byte what the Integrity API says, and what was added later as it came.
    let whole = answer.text();
    assert!(whole.contains(&format!(r#""provenance":{},"#, integrity.text())));
    assert!(whole.contains(&format!(
        r#""attestation":{}"#,
        String::from_utf8(audit).unwrap()
    )));
    let told = answer.json()["results"][0]["files"][0].clone();
    let places: Vec<&Value> = told["attestations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["in_provenance"])
        .collect();
    assert_eq!(
        places,
        [&json!({"bundle": 0, "attestation": 0}), &Value::Null]
    );
}

#[tokio::test]
async fn long_answers_come_in_pieces_and_say_the_same() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    expect_both(&server, "demo").await;
    let mut digests = vec!["0".repeat(64)];
    for number in 0..6 {
        let version = format!("{number}.0");
        let wheel = sample::wheel("demo", &version);
        alice.upload(wheel.clone()).await.assert_ok();
        digests.extend([
            wheel.sha256().to_string(),
            format!("{number:064x}1")[1..].into(),
        ]);
        let what = Predicate::Other {
            predicate_type: "urn:example:audit:v1".to_owned(),
            body: json!({ "report": "-".repeat(600 << 10) }),
        };
        let audit = attested(&server, &wheel, &auditor(), what);
        let file = format!("/api/v1/projects/demo/{version}/demo-{version}-py3-none-any.whl");
        let added = server
            .client
            .send(&adding(&alice.token, &file, audit))
            .await;
        assert_eq!(added.status, 201, "{}", added.whole());
    }
    let all: Vec<&str> = digests.iter().map(String::as_str).collect();
    let answer = server.client.send(&asking(&all)).await.assert_ok();
    assert_eq!(answer.header("content-length"), None);
    let mut one_by_one = Vec::new();
    for digest in &all {
        let one = server.client.send(&asking(&[digest])).await.assert_ok();
        assert!(one.header("content-length").is_some());
        one_by_one.push(one.json()["results"][0].clone());
    }
    assert_eq!(answer.json()["results"], Value::Array(one_by_one.clone()));
    let known: Vec<bool> = one_by_one.iter().map(|it| it["known"] == true).collect();
    let expected: Vec<bool> = (0..13).map(|at| at % 2 == 1).collect();
    assert_eq!(known, expected);
    // A project's page ends early instead, and says where it goes on.
    let page = server.get("/api/v1/projects/demo/provenance").await;
    let page = page.assert_ok().json();
    let told = page["files"].as_array().unwrap().len();
    assert!((1..6).contains(&told), "{told}");
    let next = page["next"].as_str().unwrap();
    let rest = format!("/api/v1/projects/demo/provenance?cursor={next}");
    let rest = server.get(&rest).await.assert_ok().json();
    assert_eq!(rest["files"].as_array().unwrap().len(), 6 - told);
    assert_eq!(rest["next"], Value::Null);
}

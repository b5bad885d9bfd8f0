//! Attestations that name the index that they are for: taken here, refused elsewhere, served at `/api/v1` alone.

use serde_json::{Value, json};
use touchplate_index::trusted_publishing::{Ratchet, RatchetKind};
use touchplate_server::Config;
use touchplate_server::wiring::{self, WiringError};
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample::{self, Sample};
use touchplate_testkit::server::{Account, URL};
use touchplate_trust::Predicate;

const TYPE: &str = "urn:touchplate:attestation:publish:v1";
const FILE: &str = "/api/v1/projects/demo/1.0/demo-1.0-py3-none-any.whl";
const INTEGRITY: &str = "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance";

fn demo() -> Sample {
    sample::wheel("demo", "1.0")
}

fn naming(index: &str) -> Predicate {
    with_body(json!({"index": index}))
}

fn with_body(body: Value) -> Predicate {
    Predicate::Other {
        predicate_type: TYPE.to_owned(),
        body,
    }
}

/// The form field with these claims about the file, all by its publisher.
fn field(
    server: &TestServer,
    sample: &Sample,
    claims: impl IntoIterator<Item = Predicate>,
) -> Vec<u8> {
    let who = sample::workload("demo", "1.0");
    let (filename, sha256) = (sample.filename(), sample.sha256());
    let made = claims.into_iter().map(|claim| {
        let made = server
            .domain
            .attest(&who, &filename, &sha256, claim, server.now());
        made.unwrap()
    });
    let made: Vec<Vec<u8>> = made.collect();
    [b"[".as_slice(), &made.join(&b','), b"]"].concat()
}

async fn upload(
    server: &TestServer,
    who: &Account<'_>,
    claims: impl IntoIterator<Item = Predicate>,
) -> Answer {
    let field = field(server, &demo(), claims);
    who.upload(demo().attestations(field)).await
}

#[track_caller]
fn refused(answer: &Answer, words: &str) {
    let text = answer.text();
    assert!(
        answer.status == 400 && text.contains(words),
        "{}: {text}",
        answer.status
    );
}

/// The predicate types of a file, as `/api/v1` tells them.
async fn known(server: &TestServer) -> Vec<String> {
    let known = server.get_json(&format!("{FILE}/provenance")).await;
    let bundles = known["attestation_bundles"].as_array().unwrap().clone();
    let verifications = bundles
        .iter()
        .flat_map(|it| it["verifications"].as_array().unwrap());
    let types = verifications.map(|it| it["predicate_type"].as_str().unwrap().to_owned());
    types.collect()
}

#[tokio::test]
async fn it_is_taken_beside_the_others_and_no_reader_of_provenance_sees_it() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let claims = [Predicate::Publish, Predicate::Slsa, naming(URL)];
    upload(&server, &alice, claims).await.assert_ok();
    assert_eq!(
        known(&server).await,
        [
            "https://docs.pypi.org/attestations/publish/v1",
            "https://slsa.dev/provenance/v1",
            TYPE
        ]
    );
    let provenance = server.get_json(INTEGRITY).await;
    let served = &provenance["attestation_bundles"][0]["attestations"];
    assert_eq!(served.as_array().unwrap().len(), 2);
    let page = server
        .get("/project/demo/1.0/demo-1.0-py3-none-any.whl")
        .await;
    let page = page.assert_ok().text();
    assert!(
        page.contains("Publish attestation for this index alone"),
        "{page}"
    );
    // Once more, it is the same one.
    let claims = [naming(URL)];
    let field = field(&server, &demo(), claims);
    alice.upload(demo().attestations(field)).await.assert_ok();
    assert_eq!(known(&server).await.len(), 3);
}

#[tokio::test]
async fn a_file_with_nothing_else_has_no_provenance_object() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    upload(&server, &alice, [naming(URL)]).await.assert_ok();
    assert_eq!(known(&server).await, [TYPE]);
    assert_eq!(server.get(INTEGRITY).await.status, 404);
    let json = Request::get("/simple/demo/").accept("application/vnd.pypi.simple.v1+json");
    let page = server.client.send(&json).await.assert_ok().json();
    assert_eq!(page["files"][0]["provenance"], Value::Null);
    let page = server
        .get("/project/demo/1.0/demo-1.0-py3-none-any.whl")
        .await;
    assert!(!page.assert_ok().text().contains("/integrity/"));
    // The publish attestation comes later, and then there is one.
    upload(&server, &alice, [Predicate::Publish])
        .await
        .assert_ok();
    assert_eq!(server.get(INTEGRITY).await.status, 200);
}

#[tokio::test]
async fn what_was_made_for_one_index_is_refused_at_another() {
    let one = TestServer::start().await;
    let other = TestServer::start_with(|config| {
        config.url = Some("https://other.example".parse().unwrap());
        let root = config.trusted_root.as_ref().unwrap();
        std::fs::write(root, one.domain.trusted_root_json()).unwrap();
    })
    .await;
    let claims = [Predicate::Publish, naming(URL)];
    let field = field(&one, &demo(), claims);
    let alice = one.publisher("alice").await.of("demo").await;
    let there = other.publisher("alice").await.of("demo").await;
    let sample = || demo().attestations(field.clone());
    alice.upload(sample()).await.assert_ok();
    refused(
        &there.upload(sample()).await,
        "attestation 2 is not for this index: it was made for the index `https://packages.example`, and this one is \
         `https://other.example`",
    );
    assert_eq!(other.get("/simple/demo/").await.status, 200);
    assert!(other.stored_blobs().await.is_empty());
    // Without it, PyPI's own holds at both: what our own predicate is for.
    let publish = self::field(&one, &demo(), [Predicate::Publish]);
    there.upload(demo().attestations(publish)).await.assert_ok();
}

#[tokio::test]
async fn it_names_exactly_the_index_and_nothing_else() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    for index in [
        format!("{URL}/"),
        format!("{URL}/legacy/"),
        URL.to_uppercase(),
        URL.replace("https", "http"),
        "*".to_owned(),
    ] {
        let answer = upload(&server, &alice, [naming(&index)]).await;
        refused(&answer, "is not for this index");
    }
    for body in [
        json!({}),
        json!(null),
        json!({"index": ""}),
        json!({"index": [URL]}),
        json!({"index": URL, "more": 1}),
        json!([URL]),
    ] {
        let answer = upload(&server, &alice, [with_body(body)]).await;
        refused(&answer, "does not verify");
    }
    let other = Predicate::Other {
        predicate_type: "urn:touchplate:attestation:publish:v2".to_owned(),
        body: json!({"index": URL}),
    };
    refused(&upload(&server, &alice, [other]).await, "does not verify");
    let twice = [naming(URL), naming(URL)];
    refused(
        &upload(&server, &alice, twice).await,
        "Multiple attestations",
    );
}

#[tokio::test]
async fn a_project_may_ask_for_it() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let name = "demo".parse().unwrap();
    let turned = server
        .index
        .turn_ratchet(&server.operator(), &name, Ratchet::IndexBindingRequired)
        .await;
    assert!(turned.unwrap());
    for claims in [
        vec![],
        vec![Predicate::Publish],
        vec![Predicate::Publish, Predicate::Slsa],
    ] {
        let answer = if claims.is_empty() {
            alice.upload(demo()).await
        } else {
            upload(&server, &alice, claims).await
        };
        refused(
            &answer,
            "takes files alone with an attestation that names this index",
        );
    }
    let claims = [Predicate::Publish, naming(URL)];
    upload(&server, &alice, claims).await.assert_ok();
    // The same bytes again change nothing, and need none.
    alice.upload(demo()).await.assert_ok();
    // It is none that installers are shown, so it does not stand for one.
    let kind = Ratchet::AttestationsRequired;
    let turned = server
        .index
        .turn_ratchet(&server.operator(), &name, kind)
        .await;
    assert!(turned.unwrap());
    let sdist = sample::sdist("demo", "1.0");
    let bound = field(&server, &sdist, [naming(URL)]);
    refused(
        &alice.upload(sdist.attestations(bound)).await,
        "takes files with attestations alone",
    );
    assert_eq!(
        RatchetKind::IndexBindingRequired.as_str(),
        "index-binding-required"
    );
}

#[tokio::test]
async fn an_operator_may_ask_it_of_all() {
    let server = TestServer::start_with(|config| config.index_binding_required = true).await;
    let alice = server.publisher("alice").await.of("demo").await;
    let answer = upload(&server, &alice, [Predicate::Publish]).await;
    refused(&answer, "an attestation that names this index");
    let claims = [Predicate::Publish, naming(URL)];
    upload(&server, &alice, claims).await.assert_ok();
    let new = alice.upload(sample::wheel("new", "1.0")).await;
    refused(&new, "The project `new` takes files alone");
}

#[tokio::test]
async fn a_later_one_names_the_index_as_well() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(demo()).await.assert_ok();
    let add = async |index: &str| {
        let field = field(&server, &demo(), [naming(index)]);
        let one = field[1..field.len() - 1].to_vec();
        let request = Request::new("POST", &format!("{FILE}/attestations"))
            .header("authorization", &format!("Bearer {}", alice.token))
            .body("application/json", one);
        server.client.send(&request).await
    };
    let answer = add("https://other.example").await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.json()["type"],
        "urn:touchplate:problem:attestation-for-another-index"
    );
    assert_eq!(add(URL).await.status, 201);
}

#[tokio::test]
async fn what_no_client_would_be_told_is_not_required() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::in_folder(&folder.path().join("data"));
    config.index_binding_required = true;
    config.trusted_publishing = false;
    assert!(matches!(
        wiring::open(&config).await,
        Err(WiringError::BindingUntold)
    ));
    config.trusted_publishing = true;
    assert!(wiring::open(&config).await.is_ok());
}

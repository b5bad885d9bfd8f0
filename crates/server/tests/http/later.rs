//! Attestations that come after an upload: where they are taken, by whom, and where they show.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};
use touchplate_attest::Publisher;
use touchplate_index::accounts::Role;
use touchplate_index::attesters::{Attester, Authority};
use touchplate_index::projects::Visibility;
use touchplate_packaging::simple::ProjectStatus;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::{Answer, Request};
use touchplate_testkit::sample::{self, Sample};
use touchplate_testkit::server::Account;
use touchplate_trust::{Fault, Predicate, Workload};

const FILE: &str = "/api/v1/projects/demo/1.0/demo-1.0-py3-none-any.whl";
const ISSUER: &str = "https://id.example.org";

pub(super) fn demo() -> Sample {
    sample::wheel("demo", "1.0")
}

/// Who audits.
pub(super) fn auditor() -> Workload {
    Workload::email("audit@example.org", ISSUER)
}

/// Who rebuilds.
fn rebuilder() -> Workload {
    Workload::github("re/build", "rebuild.yml", "refs/heads/main")
}

/// An attestation of `sample` by `who`.
pub(super) fn attested(
    server: &TestServer,
    sample: &Sample,
    who: &Workload,
    what: Predicate,
) -> Vec<u8> {
    let (filename, sha256) = (sample.filename(), sample.sha256());
    let minted = server
        .domain
        .attest(who, &filename, &sha256, what, server.now());
    minted.unwrap()
}

async fn expect(server: &TestServer, project: &str, attester: &str) {
    let attester = Attester::parse(attester.as_bytes()).unwrap();
    let (operator, project) = (server.operator(), project.parse().unwrap());
    let put = server
        .index
        .put_attester(&operator, Authority::Operator, &project, &attester);
    put.await.unwrap();
}

/// The auditor, who makes two types, and the rebuilder, who makes any.
pub(super) async fn expect_both(server: &TestServer, project: &str) {
    let audit = format!(
        r#"{{"role":"auditor","identity":{{"san":"audit@example.org","issuer":"{ISSUER}"}},
            "predicate_types":["https://slsa.dev/provenance/v1","urn:example:audit:v1"]}}"#
    );
    expect(server, project, &audit).await;
    let rebuild = r#"{"role":"rebuilder","publisher":
        {"kind":"GitHub","repository":"re/build","workflow":"rebuild.yml"}}"#;
    expect(server, project, rebuild).await;
}

pub(super) fn adding(token: &str, file: &str, attestation: impl Into<Vec<u8>>) -> Request {
    Request::new("POST", &format!("{file}/attestations"))
        .header("authorization", &format!("Bearer {token}"))
        .body("application/json", attestation)
}

pub(super) async fn add(server: &TestServer, who: &Account<'_>, attestation: &[u8]) -> Answer {
    let request = adding(&who.token, FILE, attestation);
    server.client.send(&request).await
}

/// What installers and readers of PEP 740 see, byte for byte, but for the serial of the whole index.
async fn pages(server: &TestServer) -> Vec<String> {
    let mut seen = Vec::new();
    for (path, accept) in [
        ("/simple/demo/", "text/html"),
        ("/simple/demo/", "application/vnd.pypi.simple.v1+json"),
        (
            "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance",
            "*/*",
        ),
        ("/integrity/demo/1.0/demo-1.0.tar.gz/provenance", "*/*"),
        ("/project/demo/", "text/html"),
    ] {
        let answer = server.client.send(&Request::get(path).accept(accept)).await;
        seen.push(answer.whole());
    }
    seen
}

/// The answer with what differs in each run taken out: keys, certificates and signatures.
fn shape(value: &mut Value) {
    if value.get("verification_material").is_some() {
        *value = json!("<attestation>");
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(shape),
        Value::Object(fields) => {
            for (key, value) in fields {
                match key.as_str() {
                    "log_id" | "trust_root_sha256" => *value = json!("<digest>"),
                    _ => shape(value),
                }
            }
        }
        _ => {}
    }
}

fn shaped(answer: &Answer) -> Value {
    let mut value = answer.json();
    shape(&mut value);
    value
}

#[tokio::test]
async fn an_attestation_is_added_and_served_here_alone() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(demo().attested()).await.assert_ok();
    alice.upload(sample::sdist("demo", "1.0")).await.assert_ok();
    expect_both(&server, "demo").await;
    let before = pages(&server).await;
    let serial = server.index.head().await.unwrap().0;

    let audit = attested(&server, &demo(), &auditor(), Predicate::Slsa);
    let answer = add(&server, &alice, &audit).await;
    assert_eq!(answer.status, 201, "{}", answer.whole());
    let location = answer.header("location").unwrap().to_owned();
    assert_eq!(location, format!("{FILE}/attestations"));
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    assert_json_snapshot!("added", shaped(&answer));
    // The same once more, however it is spelled, changes nothing.
    let spelled = [b" \n".as_slice(), &audit, b"\n"].concat();
    let again = add(&server, &alice, &spelled).await;
    assert_eq!((again.status, again.json()), (200, answer.json()));
    assert_eq!(server.index.head().await.unwrap().0, serial + 1);
    for what in [Predicate::Publish, Predicate::Slsa] {
        let rebuilt = attested(&server, &demo(), &rebuilder(), what);
        assert_eq!(add(&server, &alice, &rebuilt).await.status, 201);
    }
    // A publisher may say more, too: its provenance object stays what it was.
    let publisher = sample::workload("demo", "1.0");
    let more = attested(&server, &demo(), &publisher, Predicate::Slsa);
    assert_eq!(add(&server, &alice, &more).await.status, 201);
    assert_eq!(pages(&server).await, before);

    let listed = server.get(&location).await.assert_ok();
    assert_eq!(listed.header("content-type"), Some("application/json"));
    assert_eq!(
        listed.header("cache-control"),
        Some("public, max-age=0, must-revalidate")
    );
    let whole = listed.json();
    let served: Value = serde_json::from_slice(&audit).unwrap();
    assert_eq!(whole["attestations"][1]["attestation"], served);
    assert_json_snapshot!("listed", shaped(&listed));
    let etag = listed.header("etag").unwrap();
    let held = Request::get(&location).header("if-none-match", etag);
    assert_eq!(server.client.send(&held).await.status, 304);
    let spelled = location.replace("/demo/1.0/", "/Demo/v1.0.0/");
    assert_eq!(server.get(&spelled).await.assert_ok().body, listed.body);

    let journal = server
        .index
        .changes(touchplate_index::ports::Serial(serial), 10)
        .await
        .unwrap();
    let actions: Vec<_> = journal
        .iter()
        .map(|row| (row.actor.as_str(), row.action.as_str()))
        .collect();
    assert_eq!(actions, [("user:alice", "add later attestation"); 4]);
}

#[tokio::test]
async fn everything_known_of_a_file_is_told_in_bundles() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let sample = demo().attested();
    let field = server.attestations(&sample).unwrap();
    alice
        .upload(demo().attestations(field.clone()))
        .await
        .assert_ok();
    expect_both(&server, "demo").await;
    for (who, what) in [
        (auditor(), Predicate::Slsa),
        (rebuilder(), Predicate::Slsa),
        (rebuilder(), Predicate::Publish),
    ] {
        let attestation = attested(&server, &demo(), &who, what);
        assert_eq!(add(&server, &alice, &attestation).await.status, 201);
    }
    let answer = server.get(&format!("{FILE}/provenance")).await.assert_ok();
    let whole = answer.json();
    let bundles = whole["attestation_bundles"].as_array().unwrap();
    let roles: Vec<_> = bundles.iter().map(|bundle| &bundle["role"]).collect();
    assert_eq!(roles, ["publisher", "auditor", "rebuilder"]);
    let counts: Vec<_> = bundles
        .iter()
        .map(|bundle| {
            let count = |key: &str| bundle[key].as_array().unwrap().len();
            (count("attestations"), count("verifications"))
        })
        .collect();
    assert_eq!(counts, [(1, 1), (1, 1), (2, 2)]);
    // The publishers' part is the Integrity API's.
    let integrity = server
        .get("/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance")
        .await
        .assert_ok()
        .json();
    let theirs = &integrity["attestation_bundles"][0];
    assert_eq!(bundles[0]["publisher"], theirs["publisher"]);
    assert_eq!(bundles[0]["attestations"], theirs["attestations"]);
    let mut told = shaped(&answer);
    for bundle in told["attestation_bundles"].as_array_mut().unwrap() {
        for attestation in bundle["attestations"].as_array_mut().unwrap() {
            *attestation = json!("<attestation>");
        }
    }
    assert_json_snapshot!("provenance", told);

    // A file without any is told as well.
    alice.upload(sample::sdist("demo", "1.0")).await.assert_ok();
    let sdist = "/api/v1/projects/demo/1.0/demo-1.0.tar.gz/provenance";
    let bare = server.get(sdist).await.assert_ok();
    assert_json_snapshot!("bare", bare.json());
}

/// Sends a request that is refused with problem details, and must leave nothing.
async fn refused(server: &TestServer, told: &mut String, case: &str, request: &Request) {
    use std::fmt::Write as _;
    let before = server.index.head().await.unwrap();
    let answer = server.client.send(request).await;
    let problem = answer.json();
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{case}"
    );
    assert_eq!(problem["status"], answer.status, "{case}");
    assert_eq!(
        problem["request"].as_str(),
        answer.header("x-request-id"),
        "{case}"
    );
    let (code, kind) = (problem["code"].as_str().unwrap(), &problem["type"]);
    if kind != "about:blank" {
        assert_eq!(*kind, format!("urn:touchplate:problem:{code}"), "{case}");
    }
    writeln!(
        told,
        "== {case}\n{} {code} ({})",
        answer.status, problem["title"]
    )
    .unwrap();
    writeln!(told, "{}", problem["detail"].as_str().unwrap()).unwrap();
    for cause in problem["causes"].as_array().unwrap() {
        writeln!(told, "  {}", cause.as_str().unwrap()).unwrap();
    }
    assert_eq!(
        server.index.head().await.unwrap(),
        before,
        "{case} left something"
    );
}

#[tokio::test]
async fn attestations_that_do_not_hold() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(demo().attested()).await.assert_ok();
    alice.upload(sample::sdist("demo", "1.0")).await.assert_ok();
    expect_both(&server, "demo").await;
    let audit = attested(&server, &demo(), &auditor(), Predicate::Slsa);
    assert_eq!(add(&server, &alice, &audit).await.status, 201);
    let minted = |who: &Workload, what| attested(&server, &demo(), who, what);
    let wrongly = |fault: &Fault| {
        let (filename, sha256, now) = (demo().filename(), demo().sha256(), server.now());
        let minted = server.domain.attest_wrongly(
            &rebuilder(),
            &filename,
            &sha256,
            Predicate::Slsa,
            now,
            fault,
        );
        minted.unwrap()
    };
    let stranger = Workload::github("o/r", "w.yml", "refs/heads/main");
    let other_workflow = Workload::github("re/build", "other.yml", "refs/heads/main");
    let other_issuer = Workload::email("audit@example.org", "https://id.example.com");
    let large = vec![b' '; touchplate_attest::attestation::MAX_ATTESTATION_BYTES + 1];
    let several = [b"[".as_slice(), &audit, b"]"].concat();
    let uploaded_again = minted(&sample::workload("demo", "1.0"), Predicate::Publish);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", b"".to_vec()),
        ("no JSON", b"{".to_vec()),
        ("a key twice", br#"{"version":1,"version":1}"#.to_vec()),
        ("no attestation", b"{}".to_vec()),
        ("an array", several),
        ("too large", large),
        (
            "of another file",
            attested(
                &server,
                &sample::sdist("demo", "1.0"),
                &rebuilder(),
                Predicate::Slsa,
            ),
        ),
        ("without a proof", wrongly(&Fault::NoProof)),
        ("without a version", wrongly(&Fault::OtherVersion(2))),
        ("by a stranger", minted(&stranger, Predicate::Slsa)),
        (
            "by another workflow",
            minted(&other_workflow, Predicate::Slsa),
        ),
        (
            "by another issuer's",
            minted(&other_issuer, Predicate::Slsa),
        ),
        (
            "of a type that they do not make",
            minted(&auditor(), Predicate::Publish),
        ),
        ("another in its place", minted(&auditor(), Predicate::Slsa)),
        ("another in an upload's place", uploaded_again),
    ];
    let mut told = String::new();
    for (case, body) in cases {
        refused(&server, &mut told, case, &adding(&alice.token, FILE, body)).await;
    }
    // In whose words the signature's own cause is told is not ours to say.
    let forged = add(&server, &alice, &wrongly(&Fault::OtherKey)).await;
    let causes = forged.json()["causes"].clone();
    let first = "the statement is not signed by the certificate's key";
    assert_eq!((forged.status, &causes[0]), (422, &json!(first)));
    let untyped = Request::new("POST", &format!("{FILE}/attestations")).token(&alice.token);
    refused(&server, &mut told, "no type", &untyped).await;
    let text = untyped.body("text/plain; charset=utf-8", audit.clone());
    refused(&server, &mut told, "another type", &text).await;
    // Times and digests of this run.
    let sha256 = demo().sha256().to_string();
    assert_snapshot!(told.replace(&sha256, "<the wheel's>"));
    let listed = server.get(&format!("{FILE}/attestations")).await.json();
    assert_eq!(listed["attestations"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_project_that_expects_nobody_says_so() {
    let server = TestServer::start().await;
    let alice = server.user("alice").await;
    alice.upload(demo()).await.assert_ok();
    let attestation = attested(&server, &demo(), &auditor(), Predicate::Slsa);
    let mut told = String::new();
    let request = adding(&alice.token, FILE, attestation.clone());
    refused(&server, &mut told, "nobody", &request).await;
    // Six who have nothing to do with it: five are named.
    for number in 0..6 {
        let attester = format!(
            r#"{{"role":"builder","identity":{{"san":"b{number}@x.example","issuer":"{ISSUER}"}}}}"#
        );
        expect(&server, "demo", &attester).await;
    }
    refused(&server, &mut told, "six others", &request).await;
    assert_snapshot!(told);
    // Whoever is removed is expected no more; what they said before stays.
    expect_both(&server, "demo").await;
    assert_eq!(add(&server, &alice, &attestation).await.status, 201);
    let name = "demo".parse().unwrap();
    let (_, attesters) = server
        .index
        .attesters(&touchplate_index::Reader::Anonymous, &name)
        .await
        .unwrap();
    for stored in attesters {
        server
            .index
            .remove_attester(&server.operator(), Authority::Operator, &name, stored.id)
            .await
            .unwrap();
    }
    let listed = server.get(&format!("{FILE}/attestations")).await.json();
    assert_eq!(listed["attestations"][0]["role"], "auditor");
    let more = attested(&server, &demo(), &rebuilder(), Predicate::Slsa);
    assert_eq!(add(&server, &alice, &more).await.status, 422);
}

#[tokio::test]
async fn who_may_add_and_who_may_not() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(demo()).await.assert_ok();
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    olga.upload(sample::wheel("secret", "1.0"))
        .await
        .assert_ok();
    expect_both(&server, "demo").await;
    expect_both(&server, "secret").await;
    let secret = "/api/v1/projects/secret/1.0/secret-1.0-py3-none-any.whl";
    let unknown = "/api/v1/projects/nothing/1.0/nothing-1.0-py3-none-any.whl";
    let attestation = attested(&server, &demo(), &auditor(), Predicate::Slsa);
    let mut told = String::new();
    let anonymous = Request::new("POST", &format!("{FILE}/attestations"))
        .body("application/json", attestation.clone());
    refused(&server, &mut told, "without a token", &anonymous).await;
    for (case, token, file) in [
        ("with a wrong token", "tp-1-x", FILE),
        ("as a stranger", olga.token.as_str(), FILE),
        (
            "with a token for another",
            &olga.token_for("secret").await.token,
            FILE,
        ),
        ("to what they may not see", &alice.token, secret),
        ("to what is not there", &alice.token, unknown),
        (
            "to another version",
            &alice.token,
            &FILE.replace("1.0/", "2.0/"),
        ),
        ("to no name", &alice.token, &FILE.replace("demo/", "-/")),
    ] {
        let request = adding(token, file, attestation.clone());
        refused(&server, &mut told, case, &request).await;
    }
    assert_snapshot!(told);
    // What is not theirs to see answers as what is not there.
    let blind = |file: &'static str| {
        let request = adding(&alice.token, file, attestation.clone());
        let server = &server;
        async move { server.client.send(&request).await }
    };
    let (one, other) = (blind(secret).await, blind(unknown).await);
    let told = |answer: &Answer| {
        let mut problem = answer.json();
        problem["request"] = json!("<id>");
        (answer.status, problem)
    };
    assert_eq!(told(&one), told(&other));

    let mike = server
        .user("mike")
        .await
        .with_role("demo", Role::Maintainer)
        .await;
    let token = mike.token_for("demo").await;
    let name = "demo".parse().unwrap();
    let archived = ProjectStatus::Archived;
    server
        .index
        .set_status(&server.operator(), &name, archived, None)
        .await
        .unwrap();
    // A maintainer's token for the project, and a project that takes no more uploads: an audit is welcome.
    assert_eq!(add(&server, &token, &attestation).await.status, 201);
    assert_eq!(add(&server, &mike, &attestation).await.status, 200);
    let basic = Request::new("POST", &format!("{FILE}/attestations"))
        .token(&alice.token)
        .body("application/json; charset=utf-8", attestation.clone());
    assert_eq!(server.client.send(&basic).await.status, 200);

    // A private project's are its members' alone.
    let sample = sample::wheel("secret", "1.0");
    let attestation = attested(&server, &sample, &auditor(), Predicate::Slsa);
    let request = adding(&olga.token, secret, attestation);
    assert_eq!(server.client.send(&request).await.status, 201);
    for what in ["attestations", "provenance"] {
        let path = format!("{secret}/{what}");
        assert_eq!(server.get(&path).await.status, 404);
        assert_eq!(alice.get(&path).await.status, 404);
        let seen = olga.get(&path).await.assert_ok();
        assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    }
}

#[tokio::test]
async fn a_file_takes_so_many_and_no_more() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(demo()).await.assert_ok();
    let any = r#"{"role":"rebuilder","publisher":{"kind":"Google","email":"NAME@x.example"}}"#;
    let mut last = 0;
    for number in 0..=touchplate_index::attesters::MAX_LATE {
        let name = format!("r{number}");
        expect(&server, "demo", &any.replace("NAME", &name)).await;
        let who = Workload::google(&format!("{name}@x.example"));
        let attestation = attested(&server, &demo(), &who, Predicate::Publish);
        let answer = add(&server, &alice, &attestation).await;
        last = answer.status;
        if number < touchplate_index::attesters::MAX_LATE {
            assert_eq!(last, 201, "{}", answer.whole());
        } else {
            assert_eq!(answer.json()["code"], "too-many-attestations");
        }
    }
    assert_eq!(last, 409);
}

#[tokio::test]
async fn an_upload_that_comes_after_leaves_the_first_one() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(demo()).await.assert_ok();
    let publisher = sample::workload("demo", "1.0");
    let attestation = attested(&server, &demo(), &publisher, Predicate::Publish);
    assert_eq!(add(&server, &alice, &attestation).await.status, 201);
    let integrity = "/integrity/demo/1.0/demo-1.0-py3-none-any.whl/provenance";
    assert_eq!(server.get(integrity).await.status, 404);
    let field = [b"[".as_slice(), &attestation, b"]"].concat();
    alice.upload(demo().attestations(field)).await.assert_ok();
    alice.upload(demo().attested()).await.assert_ok();
    assert_eq!(server.get(integrity).await.status, 404);
    let listed = server.get(&format!("{FILE}/attestations")).await.json();
    assert_eq!(listed["attestations"].as_array().unwrap().len(), 1);
    assert_eq!(listed["attestations"][0]["role"], "publisher");
    assert_eq!(listed["attestations"][0]["added"]["by"], "user:alice");
}

pub(super) fn asking(digests: &[&str]) -> Request {
    let question = json!({ "sha256": digests });
    Request::new("POST", "/api/v1/provenance").body("application/json", question.to_string())
}

#[tokio::test]
async fn many_files_are_told_at_once() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(demo().attested()).await.assert_ok();
    alice.upload(sample::sdist("demo", "1.0")).await.assert_ok();
    expect_both(&server, "demo").await;
    let audit = attested(&server, &demo(), &auditor(), Predicate::Slsa);
    assert_eq!(add(&server, &alice, &audit).await.status, 201);
    let olga = server
        .publisher("olga")
        .await
        .owning("secret", Visibility::Private)
        .await;
    let secret = sample::wheel("secret", "1.0");
    olga.upload(secret.clone().attested()).await.assert_ok();
    let inner = server
        .publisher("ines")
        .await
        .owning("inner", Visibility::Internal)
        .await;
    inner
        .upload(sample::wheel("inner", "1.0"))
        .await
        .assert_ok();

    let digest = |sample: Sample| sample.sha256().to_string();
    let (wheel, sdist) = (digest(demo()), digest(sample::sdist("demo", "1.0")));
    let (secret, inner) = (digest(secret), digest(sample::wheel("inner", "1.0")));
    let nothing = "0".repeat(64);
    let question = asking(&[&wheel, &nothing, &sdist, &secret, &inner, &wheel]);
    let answer = server.client.send(&question).await.assert_ok();
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_json_snapshot!("many", shaped(&answer));

    let known = async |token: &str| -> Vec<bool> {
        let answer = server.client.send(&question.clone().token(token)).await;
        let results = answer.assert_ok().json()["results"]
            .as_array()
            .unwrap()
            .clone();
        results
            .iter()
            .map(|result| result["known"].as_bool().unwrap())
            .collect()
    };
    assert_eq!(known(&olga.token).await, [true, false, true, true, true]);
    assert_eq!(known(&alice.token).await, [true, false, true, false, true]);
    // A token for one project sees what is public, and that project.
    let one = olga.token_for("secret").await;
    assert_eq!(known(&one.token).await, [true, false, true, true, false]);
    let none = server.client.send(&asking(&[])).await.assert_ok();
    assert_eq!(none.json(), json!({"version": 1, "results": []}));
    let most: Vec<String> = (0..1000).map(|number| format!("{number:064x}")).collect();
    let most: Vec<&str> = most.iter().map(String::as_str).collect();
    let most = server.client.send(&asking(&most)).await.assert_ok().json();
    assert_eq!(most["results"].as_array().unwrap().len(), 1000);
}

#[tokio::test]
async fn questions_that_are_none() {
    let server = TestServer::start().await;
    let mut told = String::new();
    let ask =
        |body: &str| Request::new("POST", "/api/v1/provenance").body("application/json", body);
    let many: Vec<String> = (0..1001).map(|number| format!("{number:064x}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (case, request) in [
        ("no JSON", ask("[")),
        ("no list", ask("{}")),
        ("an array of one", ask("[[]]")),
        ("another key", ask(r#"{"sha256":[],"md5":[]}"#)),
        ("no digest", ask(r#"{"sha256":["00"]}"#)),
        ("no text", ask(r#"{"sha256":[1]}"#)),
        ("too many", asking(&many)),
        ("too long", ask(&" ".repeat(200_000))),
    ] {
        refused(&server, &mut told, case, &request).await;
    }
    assert_snapshot!(told);
    let closed = TestServer::start_with(|config| config.anonymous_read = false).await;
    let answer = closed.client.send(&asking(&[])).await;
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").is_some());
    let sam = closed.user("sam").await;
    let asked = asking(&[]).token(&sam.token);
    closed.client.send(&asked).await.assert_ok();
}

#[tokio::test]
async fn a_publisher_in_another_role_speaks_as_publisher() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(demo()).await.assert_ok();
    let publisher = Publisher::github("example/demo", "release.yml").to_json();
    let attester = json!({"role": "builder", "publisher": publisher});
    expect(&server, "demo", &attester.to_string()).await;
    let workload = sample::workload("demo", "1.0");
    let attestation = attested(&server, &demo(), &workload, Predicate::Slsa);
    let answer = add(&server, &alice, &attestation).await;
    assert_eq!(
        (answer.status, &answer.json()["role"]),
        (201, &json!("publisher"))
    );
}

#[tokio::test]
async fn a_statement_of_any_type_that_a_uri_names_is_taken_here() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice.upload(demo().attested()).await.assert_ok();
    expect_both(&server, "demo").await;
    let other = |predicate_type: &str| Predicate::Other {
        predicate_type: predicate_type.to_owned(),
        body: json!({"finding": "none"}),
    };
    let before = pages(&server).await;

    let audit = attested(&server, &demo(), &auditor(), other("urn:example:audit:v1"));
    let answer = add(&server, &alice, &audit).await;
    assert_eq!(answer.status, 201, "{}", answer.whole());
    assert_eq!(answer.json()["predicate_type"], "urn:example:audit:v1");
    let rebuilt = other("https://example.org/rebuild/v1");
    let rebuilt = attested(&server, &demo(), &rebuilder(), rebuilt);
    assert_eq!(add(&server, &alice, &rebuilt).await.status, 201);
    assert_eq!(pages(&server).await, before, "only the API tells of it");

    // A type that this attester may not make, and what is no URI.
    let review = attested(&server, &demo(), &auditor(), other("urn:example:review:v1"));
    let refused = add(&server, &alice, &review).await;
    assert_eq!(refused.status, 422, "{}", refused.whole());
    for none in ["", "audit", "urn:", "urn:an audit", ":x"] {
        let nameless = attested(&server, &demo(), &rebuilder(), other(none));
        let refused = add(&server, &alice, &nameless).await;
        assert!((400..500).contains(&refused.status), "{none:?}");
    }
    let listed = server.get(&format!("{FILE}/attestations")).await.json();
    assert_eq!(listed["attestations"].as_array().unwrap().len(), 3);
    // An upload's own attestations stay those that every reader knows.
    let uploaded = attested(
        &server,
        &demo(),
        &sample::workload("demo", "1.0"),
        other("urn:example:audit:v1"),
    );
    let uploaded = format!("[{}]", String::from_utf8(uploaded).unwrap());
    let refused = alice.upload(demo().attestations(uploaded)).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn a_file_s_page_tells_each_by_itself() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let both = [Predicate::Publish, Predicate::Slsa].map(|what| {
        let who = sample::workload("demo", "1.0");
        String::from_utf8(attested(&server, &demo(), &who, what)).unwrap()
    });
    let field = format!("[{}]", both.join(","));
    alice.upload(demo().attestations(field)).await.assert_ok();
    expect_both(&server, "demo").await;
    let audit = Predicate::Other {
        predicate_type: "urn:example:audit:v1".to_owned(),
        body: json!({"found": "nothing"}),
    };
    for (who, what) in [(auditor(), audit), (rebuilder(), Predicate::Slsa)] {
        let attestation = attested(&server, &demo(), &who, what);
        assert_eq!(add(&server, &alice, &attestation).await.status, 201);
    }
    let page = server
        .get("/project/demo/1.0/demo-1.0-py3-none-any.whl")
        .await
        .assert_ok()
        .main();
    for told in [
        "SLSA build provenance",
        "What others say of it",
        "Built once more and compared by the workflow",
        "Signed by <b class=\"said\">audit@example.org</b>",
        "an attester of this project, its rebuilder",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert_eq!(page.matches("14 of 14 hold").count(), 4);
}

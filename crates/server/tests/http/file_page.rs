//! A file's page: the sentence, and the checks one by one, which follow what is stored.

use serde_json::Value;
use touchplate_attest::Publisher;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Answer;
use touchplate_testkit::sample;
use touchplate_trust::Workload;

const PAGE: &str = "/project/demo/1.0/demo-1.0-py3-none-any.whl";

macro_rules! entry {
    ($field:literal) => {
        concat!("/verification_material/transparency_entries/0", $field)
    };
}

/// The checks on a page, each with its result.
fn checks(page: &Answer) -> Vec<(String, String)> {
    let text = page.text();
    let lines = text.split("<li data-check=\"").skip(1);
    let read = lines.map(|line| {
        let (name, rest) = line.split_once("\" data-result=\"").unwrap();
        let (result, _) = rest.split_once('"').unwrap();
        (name.to_owned(), result.to_owned())
    });
    read.collect()
}

/// Names of those checks on a page that came out so.
fn with_result(page: &Answer, wanted: &str) -> Vec<String> {
    let all = checks(page).into_iter();
    all.filter(|(_, result)| result == wanted)
        .map(|(name, _)| name)
        .collect()
}

/// The first sentence of a page, without its markup.
pub(crate) fn lede(page: &Answer) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("<p class=\"lede\">").unwrap();
    let (sentence, _) = rest.split_once("</p>").unwrap();
    let mut plain = String::new();
    let mut inside = false;
    for c in sentence.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => plain.push(c),
            _ => {}
        }
    }
    plain
}

/// A server with one attested file.
async fn attested() -> TestServer {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    alice
        .upload(sample::wheel("demo", "1.0").attested())
        .await
        .assert_ok();
    server
}

/// The page as a server tells it that reads the database anew.
async fn told_anew(server: &TestServer) -> Answer {
    server.beside().await.get(PAGE).await.assert_ok()
}

/// Which byte of what is stored in base64.
#[derive(Clone, Copy)]
enum At {
    Byte(usize),
    Last,
    /// The last of these bytes, or the one behind them where they end with a quotation mark.
    Found(&'static [u8]),
}

impl At {
    fn within(self, bytes: &[u8]) -> usize {
        match self {
            Self::Byte(at) => at,
            Self::Last => bytes.len() - 1,
            Self::Found(wanted) => {
                let mut windows = bytes.windows(wanted.len());
                let end = windows.position(|it| it == wanted).unwrap() + wanted.len();
                if wanted.ends_with(b"\"") {
                    end
                } else {
                    end - 1
                }
            }
        }
    }
}

const CERTIFICATE: &str = "/verification_material/certificate";

fn damaged_at(pointer: &'static str, at: At) -> impl Fn(&str) -> String {
    move |json| {
        use base64::Engine as _;
        let base64 = base64::engine::general_purpose::STANDARD;
        let mut value: Value = serde_json::from_str(json).unwrap();
        let field = value.pointer_mut(pointer).unwrap();
        let mut bytes = base64.decode(field.as_str().unwrap()).unwrap();
        let at = at.within(&bytes);
        bytes[at] ^= 1;
        *field = base64.encode(bytes).into();
        value.to_string()
    }
}

#[tokio::test]
async fn every_check_of_what_is_stored_holds() {
    let server = attested().await;
    let page = server.get(PAGE).await.assert_ok();
    assert_eq!(checks(&page).len(), 14);
    assert_eq!(with_result(&page, "held").len(), 14);
    assert!(page.text().contains("14 of 14 hold"));
}

/// One bit of what is stored: where, which byte, and the checks that it turns. What is left when a check is not reached
/// stands on one of these.
const DAMAGES: [(&str, At, &[&str]); 10] = [
    (
        "/envelope/signature",
        At::Byte(40),
        &["signature", "logged"],
    ),
    (
        "/envelope/statement",
        At::Found(b"demo-1.0"),
        &["subject", "signature", "logged"],
    ),
    (
        "/envelope/statement",
        At::Found(b"sha256\":\""),
        &["digest", "signature", "logged"],
    ),
    ("/envelope/statement", At::Found(b"{\"_type"), &["format"]),
    // Code signing, in the certificate's extended key usage.
    (
        CERTIFICATE,
        At::Found(&[0x2b, 6, 1, 5, 5, 7, 3, 3]),
        &["profile", "logged"],
    ),
    // The authority's signature.
    (CERTIFICATE, At::Last, &["authority", "logged"]),
    (
        CERTIFICATE,
        At::Found(b"/actions/runs/"),
        &["authority", "certificate-log", "logged"],
    ),
    (
        entry!("/inclusionPromise/signedEntryTimestamp"),
        At::Byte(40),
        &["time"],
    ),
    (
        entry!("/inclusionProof/rootHash"),
        At::Byte(3),
        &["inclusion"],
    ),
    (entry!("/logId/keyId"), At::Byte(3), &["logged"]),
];

/// Each damage turns the lines that it is about, and the page says nothing of the file as if it were proved.
#[tokio::test]
async fn one_flipped_bit_in_the_store_turns_its_line() {
    for (pointer, at, failing) in DAMAGES {
        let server = attested().await;
        server
            .damage("attestations", "json", damaged_at(pointer, at))
            .await;
        let page = told_anew(&server).await;
        assert_eq!(with_result(&page, "failed"), failing, "{pointer}");
        assert!(lede(&page).contains("does not hold today"));
        assert!(!lede(&page).contains("Built by"));
        assert!(page.text().contains("badge-inconsistent"));
    }
}

#[tokio::test]
async fn what_was_noted_is_held_against_the_evidence() {
    let server = attested().await;
    let other = |json: &str| json.replacen("5d1c5a6", "5d1c5a7", 1);
    server.damage("attestations", "record", other).await;
    let page = told_anew(&server).await;
    assert_eq!(with_result(&page, "failed"), ["record"]);
    let server = attested().await;
    // The publisher stands before the identity.
    let other = |json: &str| json.replacen("release.yml", "release.yll", 1);
    server.damage("attestations", "record", other).await;
    assert_eq!(with_result(&told_anew(&server).await, "failed"), ["holder"]);
}

#[tokio::test]
async fn what_can_not_be_read_says_nothing() {
    let server = attested().await;
    let readable = |json: &str| json.replacen("\"version\":1", "\"version\":3", 1);
    server.damage("attestations", "json", readable).await;
    let page = told_anew(&server).await;
    assert_eq!(with_result(&page, "failed"), ["format"]);
    assert_eq!(with_result(&page, "absent").len(), 13);
}

/// Everybody whom a publisher can be, and the sentence that a page begins with.
#[tokio::test]
async fn each_kind_of_publisher_is_told_in_its_own_words() {
    let circle = (
        "2c1b8b3a-1d2e-4f5a-8b6c-7d8e9f0a1b2c",
        "5e6f7a8b-9c0d-4e1f-a2b3-c4d5e6f7a8b9",
    );
    let kinds = [
        (
            Workload::github("example/demo", "release.yml", "refs/heads/main"),
            Publisher::github("example/demo", "release.yml"),
        ),
        (
            Workload::github("example/demo", "release.yml", "refs/tags/v1.0").calling(
                "example/shared",
                "build.yml",
                "refs/tags/v3",
            ),
            Publisher::github("example/demo", "release.yml"),
        ),
        (
            Workload::gitlab("group/sub/demo", ".gitlab-ci.yml", "refs/tags/v1.0"),
            Publisher::GitLab {
                repository: "group/sub/demo".to_owned(),
                workflow_filepath: ".gitlab-ci.yml".to_owned(),
                environment: None,
            },
        ),
        (
            Workload::google("release@acme.iam.gserviceaccount.com"),
            Publisher::Google {
                email: "release@acme.iam.gserviceaccount.com".to_owned(),
            },
        ),
        (
            Workload::email("alice@example.org", "https://github.com/login/oauth"),
            Publisher::Email {
                email: "alice@example.org".to_owned(),
                issuer: "https://github.com/login/oauth".to_owned(),
            },
        ),
        (
            Workload::buildkite("acme", "demo"),
            Publisher::Buildkite {
                organization: "acme".to_owned(),
                pipeline: "demo".to_owned(),
            },
        ),
        (
            Workload::circleci(
                circle.0,
                circle.1,
                "github.com/acme/demo",
                "refs/heads/main",
            ),
            Publisher::CircleCI {
                project_id: circle.0.to_owned(),
                pipeline_definition_id: circle.1.to_owned(),
                vcs_origin: None,
                vcs_ref: None,
            },
        ),
        (
            Workload::kubernetes("https://k8s.acme.example", "release", "publisher"),
            Publisher::Kubernetes {
                issuer: "https://k8s.acme.example".to_owned(),
                namespace: "release".to_owned(),
                service_account: "publisher".to_owned(),
            },
        ),
        (
            Workload::github_enterprise(
                "https://github.acme.example",
                "https://github.acme.example/_services/token",
                "acme/demo",
                "release.yml",
                "refs/heads/main",
            ),
            Publisher::GitHubEnterprise {
                issuer: "https://github.acme.example/_services/token".to_owned(),
                repository: "acme/demo".to_owned(),
                workflow: "release.yml".to_owned(),
                environment: None,
                callee: None,
            },
        ),
        (
            Workload::gitlab_self_managed(
                "https://gitlab.acme.example",
                "acme/demo",
                "ci/release.yml",
                "refs/heads/main",
            ),
            Publisher::GitLabSelfManaged {
                issuer: "https://gitlab.acme.example".to_owned(),
                repository: "acme/demo".to_owned(),
                workflow_filepath: "ci/release.yml".to_owned(),
                environment: None,
            },
        ),
        (
            Workload {
                san: touchplate_attest::SubjectName::Uri("spiffe://acme/release".to_owned()),
                ..Workload::email("", "https://oidc.acme.example")
            },
            Publisher::OIDC {
                issuer: "https://oidc.acme.example".to_owned(),
                claims: [(
                    "san".to_owned(),
                    touchplate_attest::ClaimMatch::Exact("spiffe://acme/release".to_owned()),
                )]
                .into(),
            },
        ),
    ];
    let server = TestServer::start().await;
    let mut told = String::new();
    for (number, (who, publisher)) in kinds.into_iter().enumerate() {
        let name = format!("kind{number}");
        let alice = server.publisher(&format!("alice{number}")).await;
        let alice = alice.of(&name).await;
        let project = name.parse().unwrap();
        let origin = server.operator();
        // The first is there already.
        drop(
            server
                .index
                .add_publisher(&origin, &project, &publisher)
                .await,
        );
        alice
            .upload(sample::wheel(&name, "1.0").attested_by(who))
            .await
            .assert_ok();
        let page = server
            .get(&format!("/project/{name}/1.0/{name}-1.0-py3-none-any.whl"))
            .await
            .assert_ok();
        assert_eq!(with_result(&page, "held").len(), 14, "{}", publisher.kind());
        told.push_str(&format!("{}: {}\n\n", publisher.kind(), lede(&page)));
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn the_evidence_is_offered_as_it_is() {
    let server = attested().await;
    let raw = async |name: &str| server.get(&format!("{PAGE}/attestations/{name}")).await;
    let bundle = raw("1.sigstore.json").await.assert_ok();
    assert_eq!(
        bundle.header("content-disposition"),
        Some("attachment; filename=\"1.sigstore.json\"")
    );
    assert_eq!(
        bundle.header("content-security-policy"),
        Some("default-src 'none'; sandbox; frame-ancestors 'none'")
    );
    let parsed = touchplate_attest::Bundle::parse(bundle.text().as_bytes()).unwrap();
    let root = raw("trusted_root.json").await.assert_ok();
    assert_eq!(root.text().as_bytes(), server.domain.trusted_root_json());
    let root = touchplate_attest::TrustRoot::from_json(root.text().as_bytes()).unwrap();
    let file = sample::wheel("demo", "1.0");
    let artifact = touchplate_attest::Artifact::of(&file.bytes());
    let proven =
        touchplate_attest::verify_bundle(&artifact, &parsed, None, &root, server.now()).unwrap();
    assert!(proven.identity().is_some());
    let config = raw("trust_config.json").await.assert_ok().json();
    assert!(config["trustedRoot"]["tlogs"].is_array());
    let statement = raw("1.statement.json").await.assert_ok().json();
    assert_eq!(statement["subject"][0]["name"], "demo-1.0-py3-none-any.whl");
    let pem = raw("1.pem").await.assert_ok().text();
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"));
    let attestation = raw("1.json").await.assert_ok().json();
    assert_eq!(attestation["version"], 1);
    for none in ["2.json", "0.json", "1.txt", "1", "x"] {
        assert_eq!(raw(none).await.status, 404, "{none}");
    }
}

/// Members of an archive, with names that look like something else.
fn with_members(sample: sample::Sample) -> sample::Sample {
    sample
        .member("demo/__init__.py", b"print('<script>')\n")
        .member("demo/<img src=x>.txt", "\u{202e}gpj.exe\n".as_bytes())
        .member("demo/data.bin", b"\x00\x01\x02")
        .member("demo/long.txt", "x".repeat(200_000).as_bytes())
}

#[tokio::test]
async fn what_is_in_a_file_is_listed_and_shown() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let wheel = with_members(sample::wheel("demo", "1.0"));
    alice.upload(wheel).await.assert_ok();
    alice.upload(sample::sdist("demo", "1.0")).await.assert_ok();
    let contents = format!("{PAGE}/contents");
    let page = server.get(&contents).await.assert_ok();
    insta::assert_snapshot!("wheel", page.main());
    let sdist = "/project/demo/1.0/demo-1.0.tar.gz/contents";
    insta::assert_snapshot!("sdist", server.get(sdist).await.assert_ok().main());
    let member = async |path: &str| server.get(&format!("{contents}/{path}")).await;
    let code = member("demo/__init__.py").await.assert_ok().main();
    assert!(code.contains("print(&#39;&#60;script&#62;&#39;)"), "{code}");
    let odd = member("demo/%3Cimg%20src=x%3E.txt")
        .await
        .assert_ok()
        .main();
    assert!(
        odd.contains("\u{27e8}U+202E\u{27e9}gpj.exe") && !odd.contains("<img"),
        "{odd}"
    );
    let binary = member("demo/data.bin").await.assert_ok().main();
    assert!(binary.contains("It is no text"), "{binary}");
    let long = member("demo/long.txt").await.assert_ok();
    assert!(long.main().contains("Only its beginning is shown"));
    assert!(long.text().len() < 110_000);
    for none in [
        "demo",
        "demo/none.py",
        "../x",
        "demo/..%2f..%2fetc/passwd",
        "%00",
        "RECORD",
    ] {
        assert_eq!(member(none).await.status, 404, "{none}");
    }
    for part in ["0", "2", "-1", "x", "99999999999999999999"] {
        let there = server.get(&format!("{contents}?page={part}")).await;
        assert_eq!(there.status, 404, "{part}");
    }
}

#[tokio::test]
async fn what_belongs_to_a_hidden_file_is_hidden_with_it() {
    use touchplate_index::projects::Visibility;
    let server = TestServer::start().await;
    let olga = server.publisher("olga").await;
    let olga = olga.owning("secret", Visibility::Private).await;
    olga.upload(sample::wheel("secret", "1.0").attested())
        .await
        .assert_ok();
    let page = "/project/secret/1.0/secret-1.0-py3-none-any.whl";
    for below in [
        "attestations/1.json",
        "attestations/trusted_root.json",
        "contents",
        "contents/secret-1.0.dist-info/METADATA",
    ] {
        let path = format!("{page}/{below}");
        assert_eq!(server.get(&path).await.status, 404, "{path}");
        let seen = olga.get(&path).await.assert_ok();
        assert_eq!(seen.header("cache-control"), Some("private, no-store"));
    }
}

/// Who builds a project, from release to release.
#[tokio::test]
async fn what_changed_since_the_release_before_is_told() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let project = "demo".parse().unwrap();
    let other = Publisher::github("example/fork", "build.yml");
    let origin = server.operator();
    server
        .index
        .add_publisher(&origin, &project, &other)
        .await
        .unwrap();
    let fork = Workload::github("example/fork", "build.yml", "refs/tags/v3");
    let mut told = String::new();
    for (version, sample) in [
        ("0.9", sample::wheel("demo", "0.9")),
        ("1.0", sample::wheel("demo", "1.0").attested()),
        ("2.0", sample::wheel("demo", "2.0").attested()),
        ("3.0", sample::wheel("demo", "3.0").attested_by(fork)),
        ("4.0", sample::wheel("demo", "4.0")),
    ] {
        alice.upload(sample).await.assert_ok();
        server.clock.advance(jiff::SignedDuration::from_hours(1));
        crate::simple::server_sees(&server).await;
        let page = format!("/project/demo/{version}/demo-{version}-py3-none-any.whl");
        let page = server.get(&page).await.assert_ok().main();
        let (_, after) = page.split_once("<p class=\"lede\">").unwrap();
        let (_, after) = after.split_once("</p>\n<p>").unwrap();
        let (sentence, _) = after.split_once("</p>").unwrap();
        told.push_str(&format!("{version}: {sentence}\n"));
    }
    insta::assert_snapshot!("changes", told);
}

#[tokio::test]
async fn what_was_odd_about_a_file_is_told_to_people_and_programs() {
    let server = TestServer::start().await;
    let alice = server.publisher("alice").await.of("demo").await;
    let odd = sample::wheel("demo", "1.0")
        .field("summary", "from the <form>")
        .archive_says("Summary", "from the file");
    alice.upload(odd).await.assert_ok();
    let page = server.get(PAGE).await.assert_ok();
    for sentence in [
        "files have no digest in RECORD that proves anything: ",
        "The upload&#39;s form has “from the &#60;form&#62;” for summary, and the metadata in the file “from the file”.",
    ] {
        assert!(page.text().contains(sentence), "{}", page.text());
    }
    let provenance = "/api/v1/projects/demo/1.0/demo-1.0-py3-none-any.whl/provenance";
    let findings = server.get(provenance).await.assert_ok().json()["findings"].clone();
    assert_eq!(findings["notes"][0]["kind"], "no-digest-in-record");
    let difference = serde_json::json!({
        "field": "summary", "form": ["from the <form>"], "archive": ["from the file"]
    });
    assert_eq!(findings["differences"], serde_json::json!([difference]));
    // Of a file about which nothing was odd nothing is said.
    alice.upload(sample::sdist("demo", "1.0")).await.assert_ok();
    let page = server.get("/project/demo/1.0/demo-1.0.tar.gz").await;
    assert!(!page.assert_ok().text().contains("What is odd about it"));
}

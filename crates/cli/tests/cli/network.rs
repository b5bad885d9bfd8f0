//! `verify` of releases and URLs, against the real server on loopback.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use touchplate_index::projects::Visibility;
use touchplate_testkit::TestServer;
use touchplate_testkit::sample::{sdist, wheel};

use crate::run::{Run, touchplate_in, touchplate_with};

const PUBLISHER: &str = r#"{"kind":"GitHub","repository":"example/demo","workflow":"release.yml"}"#;
const OTHER: &str = r#"{"kind":"GitHub","repository":"example/other","workflow":"release.yml"}"#;

/// A server whose links are those of its loopback address, and a folder with its trust root.
struct Case {
    server: TestServer,
    folder: TempDir,
}

impl Case {
    async fn new() -> Self {
        let server = TestServer::start_with(|config| config.url = None).await;
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("root.json");
        fs::write(root, server.domain.trusted_root_json()).unwrap();
        Self { server, folder }
    }

    /// With `demo` 1.0, an attested wheel and sdist, and 2.0, whose sdist is not attested.
    async fn with_demo() -> Self {
        let case = Self::new().await;
        let alice = case.server.publisher("alice").await.of("demo").await;
        for sample in [
            wheel("demo", "1.0").attested(),
            sdist("demo", "1.0").attested(),
            wheel("demo", "2.0").attested(),
            sdist("demo", "2.0"),
        ] {
            alice.upload(sample).await.assert_ok();
        }
        case
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn origin(&self) -> String {
        format!("http://{}", self.server.client.address)
    }

    fn index(&self) -> String {
        format!("{}/simple/", self.origin())
    }

    fn verify(&self, arguments: &[&str]) -> Run {
        touchplate_in(
            self.path(),
            &[&["verify", "--trusted-root", "root.json"], arguments].concat(),
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_verified_file_by_file() {
    let case = Case::with_demo().await;
    let index = case.index();
    case.verify(&["Demo==1", "--index", &index, "--publisher", PUBLISHER])
        .ended(0)
        .says(&[
            "✓ demo-1.0.tar.gz: verified",
            "✓ demo-1.0-py3-none-any.whl: verified",
            &format!(
                "{}/integrity/demo/1.0/demo-1.0.tar.gz/provenance",
                case.origin()
            ),
            &format!("{index} (from --index)"),
        ]);
    case.verify(&["demo==1.0", "--index", &index, "--publisher", OTHER])
        .ended(1)
        .says(&[
            "✗ demo-1.0.tar.gz: not verified",
            "https://github.com/example/other",
        ]);
    // One file without an attestation: it is not fetched, and the answer is no.
    let run = case
        .verify(&[
            "demo==2.0",
            "--index",
            &index,
            "--publisher",
            PUBLISHER,
            "--format",
            "json",
        ])
        .ended(1);
    let files = run.json()["files"].clone();
    let attested: Vec<_> = files
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            (
                file["filename"].as_str().unwrap(),
                file["fetched"].as_bool().unwrap(),
            )
        })
        .collect();
    assert!(
        attested.contains(&("demo-2.0.tar.gz", false)),
        "{attested:?}"
    );
    assert!(
        attested.contains(&("demo-2.0-py3-none-any.whl", true)),
        "{attested:?}"
    );
    // The index is found where pip is told of it.
    touchplate_with(
        case.path(),
        &[("PIP_INDEX_URL", &index)],
        &[
            "verify",
            "--trusted-root",
            "root.json",
            "demo==1.0",
            "--publisher",
            PUBLISHER,
        ],
    )
    .ended(0)
    .says(&["(from PIP_INDEX_URL)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_no_failure_of_the_network() {
    let case = Case::with_demo().await;
    let index = case.index();
    case.verify(&["other==1.0", "--index", &index])
        .ended(1)
        .complains(&["has no project `other`"]);
    case.verify(&["demo==3.0", "--index", &index])
        .ended(1)
        .complains(&["has no release 3.0 of `demo`; it has 2.0, 1.0"]);
    let gone = format!("{}/files/aa/bb/demo-1.0.tar.gz", case.origin());
    case.verify(&[&gone])
        .ended(1)
        .complains(&["does not exist: the server answered 404"]);
    // One that is not there does not hide those that are.
    let run = case
        .verify(&[
            "demo==1.0",
            "other==1.0",
            "--index",
            &index,
            "--publisher",
            PUBLISHER,
            "--format",
            "json",
        ])
        .ended(1)
        .complains(&["has no project `other`"]);
    let report = run.json();
    assert_eq!(report["files"].as_array().unwrap().len(), 2);
    assert_eq!(report["failures"][0]["target"], "other==1.0");
    assert_eq!(report["failures"][0]["kind"], "no");
    assert_eq!(report["verified"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_is_verified_with_the_provenance_of_its_host() {
    let case = Case::with_demo().await;
    let page = case.server.get_json("/simple/demo/").await;
    let file = &page["files"][0];
    let link = file["url"].as_str().unwrap();
    let url = if link.starts_with("http") {
        link.to_owned()
    } else {
        format!(
            "{}/{}",
            case.origin(),
            link.trim_start_matches("../").trim_start_matches('/')
        )
    };
    let sha256 = file["hashes"]["sha256"].as_str().unwrap();
    case.verify(&[&url, "--publisher", PUBLISHER]).ended(0);
    case.verify(&[&format!("{url}#sha256={sha256}"), "--publisher", PUBLISHER])
        .ended(0);
    case.verify(&[&url, "--index", &case.index(), "--publisher", PUBLISHER])
        .ended(0);
    let lie = "0".repeat(64);
    case.verify(&[&format!("{url}#sha256={lie}"), "--publisher", PUBLISHER])
        .ended(1)
        .complains(&["is not the file that was announced", &lie]);
    case.verify(&[&format!("{url}#sha256={lie}"), "--index", &case.index()])
        .ended(1)
        .complains(&["with the sha256", &lie]);
    case.verify(&[&format!("{url}#sha256=x"), "--publisher", PUBLISHER])
        .ended(2)
        .complains(&["is not a digest"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_and_without_an_index_it_says_what_to_do() {
    let case = Case::new().await;
    case.verify(&["demo==1.0"]).ended(2).complains(&[
        "no index is configured",
        "--index URL",
        "PIP_INDEX_URL",
    ]);
    case.verify(&["demo==1.0", "--index", &case.index(), "--offline"])
        .ended(2)
        .complains(&["needs the network, and --offline forbids that", "hint:"]);
    case.verify(&["https://packages.example/demo-1.0.tar.gz", "--offline"])
        .ended(2)
        .complains(&["needs the network"]);
    case.verify(&["demo==1.0", "--index", "ftp://u:secret@packages.example/"])
        .ended(2)
        .complains(&["the index URL from --index cannot be used"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_and_wrong_credentials_are_told_apart() {
    let case = Case::new().await;
    // Port 1 of the loopback: nobody listens there.
    case.verify(&["demo==1.0", "--index", "http://127.0.0.1:1/simple/"])
        .ended(3)
        .complains(&["could not be reached", "refused"]);
    let alice = case.server.publisher("alice").await;
    let alice = alice.owning("demo", Visibility::Private).await;
    alice
        .upload(wheel("demo", "1.0").attested())
        .await
        .assert_ok();
    let index = case.index();
    let arguments =
        |index: &str| case.verify(&["demo==1.0", "--index", index, "--publisher", PUBLISHER]);
    arguments(&index)
        .ended(1)
        .complains(&["has no project `demo`"]);
    let with = index.replace("http://", &format!("http://__token__:{}@", alice.token));
    let run = arguments(&with).ended(0);
    assert!(!run.stdout.contains(&alice.token));
    // The same from a `.netrc`.
    let netrc = case.path().join("netrc");
    let line = format!("machine 127.0.0.1 login __token__ password {}", alice.token);
    fs::write(&netrc, line).unwrap();
    touchplate_with(
        case.path(),
        &[("NETRC", netrc.to_str().unwrap())],
        &[
            "verify",
            "--trusted-root",
            "root.json",
            "demo==1.0",
            "--index",
            &index,
            "--publisher",
            PUBLISHER,
        ],
    )
    .ended(0);
}

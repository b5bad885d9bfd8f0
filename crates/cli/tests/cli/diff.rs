//! `diff` of two releases, against the real server on loopback.

use std::fs;

use tempfile::TempDir;
use touchplate_testkit::TestServer;
use touchplate_testkit::sample::{Sample, sdist, wheel, workload};

use crate::run::{Run, touchplate_in};

struct Case {
    server: TestServer,
    folder: TempDir,
}

impl Case {
    async fn with(samples: impl IntoIterator<Item = Sample>) -> Self {
        let server = TestServer::start_with(|config| config.url = None).await;
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("root.json");
        fs::write(root, server.domain.trusted_root_json()).unwrap();
        let alice = server.publisher("alice").await.of("demo").await;
        for sample in samples {
            alice.upload(sample).await.assert_ok();
        }
        Self { server, folder }
    }

    fn diff(&self, arguments: &[&str]) -> Run {
        let index = format!("http://{}/simple/", self.server.client.address);
        let common = ["diff", "--trusted-root", "root.json", "--index", &index];
        touchplate_in(self.folder.path(), &[&common, arguments].concat())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_releases_by_one_builder() {
    let case = Case::with([
        wheel("demo", "1.0").attested().member("demo/old.py", b"1"),
        sdist("demo", "1.0").attested(),
        wheel("demo", "1.1")
            .attested()
            .member("demo/new.py", b"12")
            .archive_says("Requires-Dist", "requests>=2")
            .field("requires_dist", "requests>=2"),
    ])
    .await;
    let run = case.diff(&["demo", "1.0", "1.1"]).ended(0).says(&[
        "Both releases are by the same builder.",
        "2 of 2 files attested",
        "1 of 1 files attested",
        "    - refs/tags/v1.0\n    + refs/tags/v1.1",
        "  requires_dist\n    + requests>=2",
        "demo-1.0-py3-none-any.whl -> demo-1.1-py3-none-any.whl",
        "    - demo/old.py (1 bytes)",
        "    + demo/new.py (2 bytes)",
        "    ~ .dist-info/METADATA",
        "demo-1.0.tar.gz: only 1.0 has such a file",
    ]);
    assert!(!run.stdout.contains("RECORD"), "{run:?}");
    let report = case
        .diff(&["demo", "1.0", "1.1", "--format", "json"])
        .ended(0)
        .json();
    assert_eq!(report["files"][0]["added"][0]["path"], "demo/new.py");
    assert_eq!(report["files"][0]["added"][0]["size"], 2);
    assert_eq!(report["only_old"][0], "demo-1.0.tar.gz");
    assert_eq!(report["provenance"]["old"]["attested"], 2);
    assert_eq!(report["metadata"][0]["field"], "requires_dist");
    // A release against itself.
    case.diff(&["demo", "1.0", "1"])
        .ended(0)
        .says(&["No field differs but the version.", "The same bytes."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn provenance_that_is_lost_or_by_another_is_said() {
    let case = Case::with([
        wheel("demo", "1.0").attested(),
        wheel("demo", "2.0"),
        wheel("demo", "3.0"),
    ])
    .await;
    case.diff(&["demo", "1.0", "2.0"]).ended(0).says(&[
        "The old release has provenance, the new one has none: it was lost.",
        "0 of 1 files attested",
        "demo-1.0-py3-none-any.whl -> demo-2.0-py3-none-any.whl",
    ]);
    case.diff(&["demo", "2.0", "1.0"])
        .ended(0)
        .says(&["The new release has provenance, the old one has none."]);
    case.diff(&["demo", "2.0", "3.0"])
        .ended(0)
        .says(&["Neither release has provenance."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attestation_that_does_not_hold_is_a_no() {
    let case = Case::with([
        wheel("demo", "1.0").attested(),
        wheel("demo", "1.1").attested_by(workload("demo", "1.1")),
    ])
    .await;
    // Judged by a root that knows nothing of this index's signers.
    let other = TestServer::start().await;
    fs::write(
        case.folder.path().join("root.json"),
        other.domain.trusted_root_json(),
    )
    .unwrap();
    case.diff(&["demo", "1.0", "1.1"]).ended(1).says(&[
        "An attestation does not hold.",
        "demo-1.1-py3-none-any.whl: ",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_is_not_there_is_named() {
    let case = Case::with([wheel("demo", "1.0").attested()]).await;
    case.diff(&["demo", "1.0", "9"])
        .ended(1)
        .complains(&["has no release 9 of `demo`; it has 1.0"]);
    case.diff(&["demo", "1.0", "x"]).ended(2);
    touchplate_in(
        case.folder.path(),
        &["diff", "demo", "1.0", "1.1", "--offline"],
    )
    .ended(2)
    .complains(&["needs the network"]);
}

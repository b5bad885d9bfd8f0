//! An index in which there is some of everything, and the commands of its operator.

use std::path::PathBuf;

use touchplate_index::attesters::{Attester, Authority};
use touchplate_index::projects::Visibility;
use touchplate_server::Config;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_testkit::sample;
use touchplate_trust::{Predicate, Workload};

use crate::run::{Run, touchplate};

const ISSUER: &str = "https://id.example.org";

/// The index, served.
pub(crate) struct Stored {
    pub(crate) server: TestServer,
}

impl Stored {
    /// A public project with a wheel that came attested, and was attested once more since, and an sdist; and a private project.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same, with a changed configuration.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let server = TestServer::start_with(change).await;
        let alice = server.publisher("alice").await.of("demo").await;
        let wheel = sample::wheel("demo", "1.0").attested();
        alice.upload(wheel.clone()).await.assert_ok();
        alice.upload(sample::sdist("demo", "1.0")).await.assert_ok();
        let alice = alice.owning("hidden", Visibility::Private).await;
        alice
            .upload(sample::wheel("hidden", "2.0").attested())
            .await
            .assert_ok();
        let audit = format!(
            r#"{{"role":"auditor","identity":{{"san":"audit@example.org","issuer":"{ISSUER}"}},"predicate_types":null}}"#
        );
        let (operator, demo) = (server.operator(), "demo".parse().unwrap());
        let attester = Attester::parse(audit.as_bytes()).unwrap();
        let put = server
            .index
            .put_attester(&operator, Authority::Operator, &demo, &attester);
        put.await.unwrap();
        let auditor = Workload::email("audit@example.org", ISSUER);
        let (name, sha256, now) = (wheel.filename(), wheel.sha256(), server.now());
        let audited = server
            .domain
            .attest(&auditor, &name, &sha256, Predicate::Slsa, now);
        let adding = format!("/api/v1/projects/demo/1.0/{name}/attestations");
        let adding = Request::new("POST", &adding)
            .header("authorization", &format!("Bearer {}", alice.token))
            .body("application/json", audited.unwrap());
        let added = server.client.send(&adding).await;
        assert_eq!(added.status, 201, "{}", added.whole());
        drop(alice);
        Self { server }
    }

    /// `touchplate admin …` on it.
    pub(crate) fn admin(&self, words: &[&str]) -> Run {
        admin(self.server.config(), words)
    }

    /// Where a blob of it lies.
    pub(crate) fn blob(&self, digest: &str) -> PathBuf {
        let (first, rest) = digest.split_at(2);
        self.server
            .folder_of_blobs()
            .unwrap()
            .join(first)
            .join(rest)
    }
}

/// `touchplate admin …` on what a configuration names.
pub(crate) fn admin(config: &Config, words: &[&str]) -> Run {
    let mut all = vec![
        "admin".to_owned(),
        "--data".to_owned(),
        config.data.display().to_string(),
        "--database".to_owned(),
        config.location.database.to_string(),
        "--blobs".to_owned(),
        config.location.blobs.to_string(),
    ];
    if let Some(root) = &config.trusted_root {
        all.extend(["--trusted-root".to_owned(), root.display().to_string()]);
    }
    all.extend(words.iter().map(|&word| word.to_owned()));
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    touchplate(&all)
}

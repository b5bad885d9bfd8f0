//! Trust domains at the door: a project's attestations are checked by the domain of its name.

use std::path::PathBuf;

use touchplate_attest::domain::{Scope, TrustConfig};
use touchplate_client::trust_store::{
    Origin, StoredDomain, StoredDomains, TrustStore, TrustStoreError,
};
use touchplate_server::Config;
use touchplate_server::wiring::{self, WiringError};
use touchplate_testkit::TestServer;
use touchplate_testkit::sample;

/// Moves the configuration from the one root to domains: that root is `acme`'s, for `acme-*` alone.
fn scoped(config: &mut Config) {
    let root = config.trusted_root.take().unwrap();
    let folder = root.with_file_name("trust");
    let json = std::fs::read(root).unwrap();
    let acme = StoredDomain {
        name: "acme".parse().unwrap(),
        config: TrustConfig::parse(&json).unwrap(),
        scope: Scope::new(vec!["acme-*".parse().unwrap()], Vec::new()),
        origin: Origin::File,
        as_of: "2026-11-25T00:00:00Z".parse().unwrap(),
    };
    let put = |domains: &mut StoredDomains| {
        domains.put(acme);
        Ok::<_, TrustStoreError>(())
    };
    TrustStore::at(&folder).edit(put).unwrap();
    config.trust = Some(folder);
}

#[tokio::test]
async fn the_domain_of_a_projects_name_decides_about_its_uploads() {
    let server = TestServer::start_with(scoped).await;
    let alice = server.publisher("alice").await.of("acme-tools").await;
    let alice = alice.of("requests").await;
    let private = sample::wheel("acme-tools", "1.0").attested();
    alice.upload(private.clone()).await.assert_ok();
    let page = format!("/project/acme-tools/1.0/{}", private.filename());
    assert!(
        server
            .get(&page)
            .await
            .assert_ok()
            .text()
            .contains("--trusted-root")
    );

    let refused = alice
        .upload(sample::wheel("requests", "1.0").attested())
        .await;
    assert_eq!(refused.status, 400);
    let told = refused.text();
    let expected = "the trust domain acme vouches for it, and may not speak for the project requests: \
                    that name belongs to public-good";
    assert!(told.contains(expected), "{told}");
}

#[tokio::test]
async fn a_server_does_not_start_with_a_trust_that_is_not_clear() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::in_folder(&folder.path().join("data"));
    config.trust = Some(folder.path().join("absent"));
    assert!(matches!(
        wiring::open(&config).await,
        Err(WiringError::NoTrustStore { .. })
    ));
    config.trusted_root = Some(PathBuf::from("root.json"));
    assert!(matches!(
        wiring::open(&config).await,
        Err(WiringError::TwoTrusts)
    ));
    let trust = folder.path().join("trust");
    std::fs::create_dir(&trust).unwrap();
    std::fs::write(trust.join("domains.toml"), "version = 2").unwrap();
    config.trusted_root = None;
    config.trust = Some(trust);
    assert!(matches!(
        wiring::open(&config).await,
        Err(WiringError::TrustStore(TrustStoreError::Version { .. }))
    ));
}

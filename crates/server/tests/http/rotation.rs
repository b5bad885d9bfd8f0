//! New keys in a private stack: what the old ones signed goes on verifying, and the logs go on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use touchplate_attest::id_token::TokenAlgorithm;
use touchplate_attest::{
    Attestation, FileFacts, Proven, Sha256, TrustRoot, VerifyError, verify_any_predicate,
};
use touchplate_client::fetch::{Agent, Credentials, Proxies, Settings};
use touchplate_client::identity::IdentityToken;
use touchplate_client::sign::{Claim, RekorVersion, SignError, Signer, SigningConfig};
use touchplate_server::Clock as _;
use touchplate_server::config::TrustClock;
use touchplate_testkit::TestServer;
use touchplate_testkit::http::Request;
use touchplate_trust::layout::{Founding, Layout, Rotated, Rotation, SecretFile};
use touchplate_trust::{LocalIssuer, github_claims};

const ISSUER: &str = "https://token.actions.githubusercontent.com";
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A server with a stack, and who may sign there.
struct World {
    server: TestServer,
    issuer: Arc<LocalIssuer>,
    trust: PathBuf,
}

impl World {
    async fn new() -> Self {
        let issuer = LocalIssuer::new(ISSUER, "test", TokenAlgorithm::RS256).unwrap();
        let mut trust = PathBuf::new();
        let server = TestServer::start_with(|config| {
            // The logs are named after an address that clients reach.
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            config.listen = free.local_addr().unwrap();
            let url = format!("http://{}", config.listen);
            config.url = Some(url.parse().unwrap());
            config.trusted_root = None;
            config.trust_clock = TrustClock::Unchecked;
            trust = config.data.join("trust");
            found(&trust, &url);
            std::fs::write(trust.join("keys.json"), issuer.key_set().unwrap()).unwrap();
            let list = format!(
                "[[issuer]]\nissuer = \"{ISSUER}\"\nkind = \"github\"\njwks_file = \"keys.json\"\nallow = [\"*\"]\n"
            );
            std::fs::write(trust.join("issuers.toml"), list).unwrap();
        })
        .await;
        Self {
            server,
            issuer: Arc::new(issuer),
            trust,
        }
    }

    fn now(&self) -> Timestamp {
        self.server.clock.now()
    }

    fn root(&self) -> TrustRoot {
        TrustRoot::from_json(&std::fs::read(self.trust.join("root.json")).unwrap()).unwrap()
    }

    /// Signs a statement about `file`; it verifies under the root of now, or there is none.
    async fn sign(&self, file: &FileFacts, version: RekorVersion) -> String {
        self.try_to_sign(file, version).await.unwrap()
    }

    async fn try_to_sign(
        &self,
        file: &FileFacts,
        version: RekorVersion,
    ) -> Result<String, SignError> {
        let config = std::fs::read(self.trust.join("signing_config.json")).unwrap();
        let services = SigningConfig::parse(&config)
            .unwrap()
            .services(version, self.now());
        let services = services.unwrap();
        let claims = github_claims("example/demo", "release.yml", "refs/heads/main");
        let subject = "repo:example/demo:ref:refs/heads/main";
        let token = self
            .issuer
            .token(subject, "sigstore", claims, self.now())
            .unwrap();
        let (root, now, file) = (self.root(), self.now(), file.clone());
        let signing = move || {
            let agent = Agent::new(Settings {
                user_agent: "test".to_owned(),
                credentials: Credentials::default(),
                proxies: Proxies::default(),
            });
            let token = IdentityToken::parse(&token).unwrap();
            let clock = || now;
            let signer = Signer::new(&agent, services, root, &token, &clock).unwrap();
            let signed = signer.attest(&file, &Claim::publish());
            signed.map(|signed| signed.json)
        };
        tokio::task::spawn_blocking(signing).await.unwrap()
    }

    /// New keys for everything, and the server started anew.
    async fn rotate(&mut self) {
        self.server.stop().await;
        let layout = Layout::open(&self.trust).unwrap().unwrap();
        let secret = layout.secret(None).unwrap();
        for what in [Rotation::Root, Rotation::Log, Rotation::Ct, Rotation::Tsa] {
            let how = Rotated {
                what,
                secret: &secret,
                root_key: None,
                overlap: SignedDuration::ZERO,
            };
            Layout::rotate(&self.trust, &how, self.now()).unwrap();
        }
        // The old ones' time includes the second in which it ends.
        self.server.clock.advance(DAY);
        self.server = self.server.beside().await;
    }

    /// What the log of version 1 says of its first entry today.
    async fn first_entry(&self) -> Value {
        let request = Request::get("/trust/rekor1/api/v1/log/entries?logIndex=0");
        let answer = self.server.client.send(&request).await.assert_ok().json();
        let mut entries = answer.as_object().unwrap().values();
        entries.next().unwrap().clone()
    }
}

fn found(trust: &Path, url: &str) {
    let founding = Founding {
        folder: trust.to_owned(),
        url: url.parse().unwrap(),
        operator: "Example".parse().unwrap(),
        domain: "example".parse().unwrap(),
        projects: vec!["*".parse().unwrap()],
        sign_in: None,
        secret: SecretFile::Beside,
        root_key: None,
    };
    founding
        .found(touchplate_testkit::FixedClock::default().now())
        .unwrap();
}

fn file(name: &str) -> FileFacts {
    FileFacts {
        filename: name.parse().unwrap(),
        sha256: Sha256::of(name.as_bytes()),
    }
}

fn verify(
    file: &FileFacts,
    attestation: &str,
    root: &TrustRoot,
    now: Timestamp,
) -> Result<Proven, VerifyError> {
    let attestation = Attestation::parse(attestation.as_bytes()).unwrap();
    verify_any_predicate(file, &attestation, root, now)
}

/// The attestation with what the log says of its entry now.
fn with_entry(attestation: &str, told: &Value) -> String {
    let base64 = |value: &Value| STANDARD.encode(hex::decode(value.as_str().unwrap()).unwrap());
    let proof = &told["verification"]["inclusionProof"];
    let hashes = proof["hashes"].as_array().unwrap().iter().map(base64);
    let mut json: Value = serde_json::from_str(attestation).unwrap();
    let entry = &mut json["verification_material"]["transparency_entries"][0];
    entry["inclusionPromise"] =
        json!({"signedEntryTimestamp": told["verification"]["signedEntryTimestamp"]});
    entry["inclusionProof"] = json!({
        "logIndex": proof["logIndex"].to_string(),
        "rootHash": base64(&proof["rootHash"]),
        "treeSize": proof["treeSize"].to_string(),
        "hashes": hashes.collect::<Vec<_>>(),
        "checkpoint": {"envelope": proof["checkpoint"]},
    });
    json.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_old_keys_signed_goes_on_verifying() {
    let mut world = World::new().await;
    let (one, two) = (file("demo-1.0.tar.gz"), file("demo-2.0.tar.gz"));
    let old_root = world.root();
    let old = [
        world.sign(&one, RekorVersion::V1).await,
        world.sign(&two, RekorVersion::V2).await,
    ];
    world.server.clock.advance(DAY);
    world.rotate().await;

    let (root, now) = (world.root(), world.now());
    for (file, attestation) in [&one, &two].into_iter().zip(&old) {
        verify(file, attestation, &root, now).unwrap();
    }
    // Signing goes on, in the same trees, and only the new root has its keys.
    let new = [
        world.sign(&one, RekorVersion::V1).await,
        world.sign(&two, RekorVersion::V2).await,
    ];
    for (file, attestation) in [&one, &two].into_iter().zip(&new) {
        let proven = verify(file, attestation, &root, now).unwrap();
        assert_eq!(proven.log_entries()[0].log_index, 1);
        assert!(verify(file, attestation, &old_root, now).is_err());
    }
    // The old entry as the log tells it today: in a larger tree, by the key of its time.
    let told = world.first_entry().await;
    assert_eq!(told["verification"]["inclusionProof"]["treeSize"], 2);
    verify(&one, &with_entry(&old[0], &told), &root, now).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_not_started_anew_signs_nothing_that_verifies() {
    let world = World::new().await;
    let demo = file("demo-1.0.tar.gz");
    let before = world.sign(&demo, RekorVersion::V1).await;
    world.server.clock.advance(DAY);
    let layout = Layout::open(&world.trust).unwrap().unwrap();
    let how = Rotated {
        what: Rotation::Log,
        secret: &layout.secret(None).unwrap(),
        root_key: None,
        overlap: SignedDuration::ZERO,
    };
    Layout::rotate(&world.trust, &how, world.now()).unwrap();
    let root = world.root();
    verify(&demo, &before, &root, world.now()).unwrap();
    // Clients learn of the new keys at once.
    let request = Request::get("/trust/root.json");
    let served = world.server.client.send(&request).await.assert_ok();
    let served = TrustRoot::from_json(&served.body).unwrap();
    assert_eq!(served.digest(), root.digest());
    world.server.clock.advance(DAY);
    for version in [RekorVersion::V1, RekorVersion::V2] {
        let refused = world.try_to_sign(&demo, version).await;
        assert!(matches!(refused, Err(SignError::Verify(_))), "{refused:?}");
    }
}

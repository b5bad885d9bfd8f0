//! New keys in a private stack: what the old ones signed goes on verifying, and the logs go on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

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
use touchplate_testkit::http::{Answer, Part, Request, multipart, multipart_type};
use touchplate_testkit::sample::{self, Sample};
use touchplate_trust::layout::{Founding, Layout, Rotated, Rotation, SecretFile};
use touchplate_trust::{LocalIssuer, github_claims};

const ISSUER: &str = "https://token.actions.githubusercontent.com";
/// No change takes this long to be taken up; a test that waits for one has failed.
const PATIENCE: Duration = Duration::from_secs(60);
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

/// New keys for everything, while the server runs.
fn rotate_beside(world: &World) {
    let layout = Layout::open(&world.trust).unwrap().unwrap();
    let secret = layout.secret(None).unwrap();
    for what in [Rotation::Root, Rotation::Log, Rotation::Ct, Rotation::Tsa] {
        let how = Rotated {
            what,
            secret: &secret,
            root_key: None,
            overlap: DAY,
        };
        Layout::rotate(&world.trust, &how, world.now()).unwrap();
    }
}

impl World {
    /// Signs until the server does so with the keys of the time after `before`; what it signs meanwhile verifies as well.
    async fn signs_with_new_keys(
        &self,
        file: &FileFacts,
        version: RekorVersion,
        before: &TrustRoot,
    ) -> String {
        let work = async {
            loop {
                // Every signing is refused by the client itself where it does not verify under the root of now.
                let signed = self.sign(file, version).await;
                if verify(file, &signed, before, self.now()).is_err() {
                    return signed;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, work)
            .await
            .expect("new keys in time")
    }

    /// Uploads a wheel with an attestation.
    async fn upload(&self, token: &str, sample: &Sample, attestation: &str) -> Answer {
        let fields = sample.fields().into_iter();
        let mut parts: Vec<Part> = fields
            .map(|(name, value)| Part::text(&name, value))
            .collect();
        parts.push(Part::file("content", &sample.filename(), sample.bytes()));
        parts.push(Part::text("attestations", format!("[{attestation}]")));
        let request = Request::new("POST", "/legacy/")
            .token(token)
            .body(&multipart_type(), multipart(&parts));
        self.server.client.send(&request).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_takes_up_new_keys_while_it_runs_and_believes_them() {
    let world = World::new().await;
    let alice = world.server.user("alice").await.of("demo").await;
    let [old, new] = ["1.0", "1.1"].map(|version| sample::wheel("demo", version));
    let facts = |sample: &Sample| FileFacts {
        filename: sample.filename().parse().unwrap(),
        sha256: sample.sha256(),
    };
    let first = world.sign(&facts(&old), RekorVersion::V1).await;
    world.upload(&alice.token, &old, &first).await.assert_ok();
    let before = world.root();
    world.server.clock.advance(DAY);
    rotate_beside(&world);
    // Clients learn of the new keys at once.
    let served = world.server.get("/trust/root.json").await.assert_ok();
    let served = TrustRoot::from_json(&served.body).unwrap();
    assert_eq!(served.digest(), world.root().digest());
    // Whoever signs in between is served, several at a time.
    let busy = (0..4).map(async |number| {
        for round in 0..10 {
            let some = file(&format!("demo-{number}.{round}.tar.gz"));
            world.sign(&some, RekorVersion::V1).await;
        }
    });
    futures_util::future::join_all(busy).await;
    for version in [RekorVersion::V2, RekorVersion::V1] {
        let signed = world
            .signs_with_new_keys(&facts(&new), version, &before)
            .await;
        verify(&facts(&new), &signed, &world.root(), world.now()).unwrap();
        if matches!(version, RekorVersion::V1) {
            world.upload(&alice.token, &new, &signed).await.assert_ok();
        }
    }
    // What the old keys signed goes on verifying, and the index goes on taking it.
    verify(&facts(&old), &first, &world.root(), world.now()).unwrap();
    let page = world.server.get_json("/simple/demo/").await;
    assert_eq!(page["files"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_be_used_leave_the_former_ones() {
    let world = World::new().await;
    let demo = file("demo-1.0.tar.gz");
    world.sign(&demo, RekorVersion::V1).await;
    let description = world.trust.join("stack.toml");
    let good = std::fs::read_to_string(&description).unwrap();
    let other_url = good.replacen("http://127.0.0.1", "http://127.0.0.2", 1);
    assert_ne!(good, other_url);
    for broken in ["", "version = 1\n", other_url.as_str()] {
        std::fs::write(&description, broken).unwrap();
        // Long enough to be looked at more than once.
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            world.sign(&demo, RekorVersion::V1).await;
        }
    }
    std::fs::write(&description, good).unwrap();
    let before = world.root();
    world.server.clock.advance(DAY);
    rotate_beside(&world);
    world
        .signs_with_new_keys(&demo, RekorVersion::V1, &before)
        .await;
}

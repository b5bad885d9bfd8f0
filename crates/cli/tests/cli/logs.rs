//! The stack's transparency logs on a port, with signers of a domain in memory: for tests about logs alone.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use touchplate_attest::Sha256;
use touchplate_attest::log::NoteKey;
use touchplate_client::fetch::Proxies;
use touchplate_index::files::Links;
use touchplate_index::spool::SpoolRoom;
use touchplate_index::{Index, Settings};
use touchplate_server::app::{App, Shared};
use touchplate_server::cache::Cache;
use touchplate_server::outbound::{Issuers, Outbound};
use touchplate_server::trust::ca::Ca;
use touchplate_server::trust::limits::{ADDRESS_LIMIT, IDENTITY_LIMIT, Limits};
use touchplate_server::trust::{Services, TrustStack};
use touchplate_server::{SystemClock, wiring};
use touchplate_testkit::memory::{LogMemory, Memory};
use touchplate_trust::authority::{Authority, Signers};
use touchplate_trust::layout::{Founding, SecretFile};
use touchplate_trust::log::{Log, LogSettings};
use touchplate_trust::rekor::{Rekor1, Rekor2};
use touchplate_trust::{Domain, KeyKind, Predicate, SigningKey, Workload};

/// The logs, whose keys outlive a server.
pub(crate) struct Logs {
    address: SocketAddr,
    domain: Arc<Domain>,
    keys: [Arc<SigningKey>; 3],
    stop: Option<oneshot::Sender<()>>,
    running: Option<thread::JoinHandle<()>>,
}

const NAMES: [&str; 3] = ["rekor1", "rekor2", "ct"];

impl Logs {
    /// Empty logs.
    pub(crate) fn start() -> Self {
        let kinds = [KeyKind::P256, KeyKind::Ed25519, KeyKind::P256];
        let keys = kinds.map(|kind| Arc::new(SigningKey::generate(kind).unwrap()));
        let domain = Domain::new("trust.example", jiff::Timestamp::now()).unwrap();
        let any = "127.0.0.1:0".parse().unwrap();
        Self::serve(any, Arc::new(domain), keys)
    }

    /// The same logs by the same keys at the same address, having forgotten everything.
    pub(crate) fn forgetful(mut self) -> Self {
        self.end();
        Self::serve(self.address, self.domain.clone(), self.keys.clone())
    }

    fn serve(address: SocketAddr, domain: Arc<Domain>, keys: [Arc<SigningKey>; 3]) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let of_server = keys.clone();
        let running = thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async move {
                let spool = tempfile::tempdir().unwrap();
                let app = app(spool.path(), address, &of_server).await;
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let serving = axum::serve(listener, wiring::router(app));
                let ended = async { drop(stopped.await) };
                serving.with_graceful_shutdown(ended).await.unwrap();
            });
        });
        Self {
            address,
            domain,
            keys,
            stop: Some(stop),
            running: Some(running),
        }
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(running) = self.running.take() {
            running.join().unwrap();
        }
    }

    /// The address of one of them.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}/trust/{name}", self.address)
    }

    /// The root of domain and logs.
    pub(crate) fn root(&self) -> Vec<u8> {
        let log = |at: usize, details: &str| {
            let name = NAMES[at];
            let spki = self.keys[at].public();
            let key = NoteKey::new(&format!("{}/trust/{name}", self.address), spki).unwrap();
            json!({
                "baseUrl": self.url(name),
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(spki),
                    "keyDetails": details,
                    "validFor": {"start": "2020-01-01T00:00:00Z"},
                },
                "logId": {"keyId": STANDARD.encode(key.id())},
            })
        };
        let mut root: Value = serde_json::from_slice(&self.domain.trusted_root_json()).unwrap();
        root["tlogs"] = json!([log(0, "PKIX_ECDSA_P256_SHA_256"), log(1, "PKIX_ED25519"),]);
        let mut certificates = root["ctlogs"].as_array().unwrap().clone();
        certificates.push(log(2, "PKIX_ECDSA_P256_SHA_256"));
        root["ctlogs"] = certificates.into();
        root.to_string().into_bytes()
    }

    /// Signs a file as a workflow of this repository and logs it in Rekor v1: the attestation.
    pub(crate) fn attest(&self, repository: &str, filename: &str, bytes: &[u8]) -> Vec<u8> {
        self.attest_by(repository, filename, bytes, false)
    }

    /// The same, by a certificate of the domain's authority or of somebody else's.
    pub(crate) fn attest_by(
        &self,
        repository: &str,
        filename: &str,
        bytes: &[u8],
        foreign: bool,
    ) -> Vec<u8> {
        let who = Workload::github(repository, "release.yml", "refs/tags/v1.0");
        let digest = Sha256::of(bytes);
        let now = jiff::Timestamp::now();
        let mut recipe = self
            .domain
            .recipe(&who, filename, &digest, Predicate::Publish, now);
        recipe.certificate.by_foreign_authority = foreign;
        let minted = self.domain.mint(&recipe).unwrap();
        let mut attestation: Value = serde_json::from_slice(&minted).unwrap();
        let pem = {
            let der = attestation["verification_material"]["certificate"]
                .as_str()
                .unwrap();
            let lines: Vec<&str> = der
                .as_bytes()
                .chunks(64)
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                lines.join("\n")
            )
        };
        let envelope = json!({
            "payload": attestation["envelope"]["statement"],
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": attestation["envelope"]["signature"]}],
        });
        let answer = self.post(
            "rekor1/api/v1/log/entries",
            &json!({
                "kind": "dsse",
                "apiVersion": "0.0.1",
                "spec": {"proposedContent": {
                    "envelope": envelope.to_string(),
                    "verifiers": [STANDARD.encode(pem)],
                }},
            }),
        );
        let entry = answer.as_object().unwrap().values().next().unwrap();
        attestation["verification_material"]["transparency_entries"] = json!([taken_over(entry)]);
        attestation.to_string().into_bytes()
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let agent = ureq::Agent::from(ureq::Agent::config_builder().proxy(None).build());
        let mut answer = agent
            .post(format!("http://{}/trust/{path}", self.address))
            .header("content-type", "application/json")
            .send(body.to_string())
            .unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.end();
    }
}

async fn app(spool: &std::path::Path, address: SocketAddr, keys: &[Arc<SigningKey>; 3]) -> App {
    let ports = Memory::ports();
    let room = SpoolRoom::open(spool).unwrap();
    let root = Arc::new(touchplate_attest::TrustDomains::public_good());
    let index = Index::new(ports.clone(), Settings::default(), root, room);
    let store = LogMemory::new();
    let mut logs = Vec::new();
    for (name, key) in NAMES.iter().zip(keys) {
        let settings = LogSettings {
            name: name.parse().unwrap(),
            origin: format!("{address}/trust/{name}"),
            key: key.clone(),
            former_keys: Vec::new(),
        };
        logs.push(Log::open(settings, store.clone()).await.unwrap());
    }
    App::new(Shared {
        cache: Cache::open(index.clone()).await.unwrap(),
        index,
        blobs: ports.blobs,
        clock: Arc::new(SystemClock),
        links: Links {
            files: String::new(),
            provenance: None,
        },
        url: format!("http://{address}"),
        anonymous_read: true,
        forwarded_from: Vec::new(),
        drains: Default::default(),
        trust: Some(TrustStack::new(Services {
            rekor1: Rekor1::new(logs[0].clone(), keys[0].clone()).unwrap(),
            rekor2: Rekor2::new(logs[1].clone()),
            ct: logs[2].clone(),
            ca: authority(spool, &logs[2]),
            limits: Limits::new(IDENTITY_LIMIT, ADDRESS_LIMIT),
        })),
    })
}

/// An authority that believes nobody: these tests do without one.
fn authority(folder: &std::path::Path, ct: &Log) -> Ca {
    let now = jiff::Timestamp::now();
    let founding = Founding {
        folder: folder.join("trust"),
        url: "https://packages.example".parse().unwrap(),
        operator: "Example".parse().unwrap(),
        domain: "example".parse().unwrap(),
        projects: Vec::new(),
        sign_in: None,
        secret: SecretFile::Beside,
        root_key: None,
    };
    let layout = founding.found(now).unwrap();
    let keys = layout.unlock(&layout.secret(None).unwrap(), now).unwrap();
    let signers = Signers {
        authority: keys.authority.clone(),
        ct: keys.ct.clone(),
        log: Arc::new(ct.clone()),
    };
    let list = folder.join("issuers.toml");
    std::fs::write(&list, "").unwrap();
    let issuers = Issuers::load(&list, &Outbound::through(Proxies::default())).unwrap();
    Ca::new(Authority::new(signers).unwrap(), Arc::new(issuers)).unwrap()
}

/// Rekor v1's answer as an attestation has it.
fn taken_over(entry: &Value) -> Value {
    let base64 = |text: &Value| {
        let text = text.as_str().unwrap();
        let bytes: Vec<u8> = (0..text.len() / 2)
            .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
            .collect();
        STANDARD.encode(bytes)
    };
    let proof = &entry["verification"]["inclusionProof"];
    let hashes = proof["hashes"].as_array().unwrap().iter().map(base64);
    json!({
        "logIndex": entry["logIndex"].to_string(),
        "logId": {"keyId": base64(&entry["logID"])},
        "kindVersion": {"kind": "dsse", "version": "0.0.1"},
        "integratedTime": entry["integratedTime"].to_string(),
        "inclusionPromise": {"signedEntryTimestamp": entry["verification"]["signedEntryTimestamp"]},
        "inclusionProof": {
            "logIndex": proof["logIndex"].to_string(),
            "rootHash": base64(&proof["rootHash"]),
            "treeSize": proof["treeSize"].to_string(),
            "hashes": hashes.collect::<Vec<_>>(),
            "checkpoint": {"envelope": proof["checkpoint"]},
        },
        "canonicalizedBody": entry["body"],
    })
}

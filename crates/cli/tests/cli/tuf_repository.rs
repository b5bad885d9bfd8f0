//! A TUF repository on the loopback, made for a test: keys, signed metadata, and each way in which it can be wrong.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use sigstore_tuf::canonical_json::to_canonical_bytes;
use tempfile::TempDir;
use touchplate_attest::Sha256;

const LATER: &str = "2999-01-01T00:00:00Z";
const PAST: &str = "2001-01-01T00:00:00Z";

/// What the repository says, to be changed before [`publish`](TufRepository::publish).
pub(crate) struct TufRepository {
    folder: TempDir,
    root_key: Key,
    /// Signs the other three roles.
    pub(crate) key: Key,
    /// Of timestamp, snapshot and targets alike.
    pub(crate) version: u64,
    /// When the timestamp expires.
    pub(crate) expires: String,
    /// The target.
    pub(crate) trusted_root: Vec<u8>,
    /// Whether there is a signing configuration too.
    pub(crate) signing_config: Option<Vec<u8>>,
    pub(crate) url: String,
}

pub(crate) struct Key {
    pair: Ed25519KeyPair,
    id: String,
}

impl Key {
    pub(crate) fn new() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let id = Sha256::of(pair.public_key().as_ref()).to_string();
        Self { pair, id }
    }

    fn json(&self) -> Value {
        let public = hex(self.pair.public_key().as_ref());
        json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}})
    }

    fn signature(&self, signed: &Value) -> Value {
        let bytes = to_canonical_bytes(signed).unwrap();
        json!({"keyid": self.id, "sig": hex(self.pair.sign(&bytes).as_ref())})
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn meta(version: u64, bytes: &[u8]) -> Value {
    let sha256 = Sha256::of(bytes).to_string();
    json!({"version": version, "length": bytes.len(), "hashes": {"sha256": sha256}})
}

impl TufRepository {
    /// A repository with everything in order, served until the process ends.
    pub(crate) fn new(trusted_root: &[u8]) -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("targets")).unwrap();
        let url = serve(folder.path().to_owned());
        let repository = Self {
            folder,
            root_key: Key::new(),
            key: Key::new(),
            version: 1,
            expires: LATER.to_owned(),
            trusted_root: trusted_root.to_vec(),
            signing_config: None,
            url,
        };
        repository.publish_root(1, &repository.key, &[&repository.root_key]);
        repository.publish();
        repository
    }

    /// The first root, which a client must be given.
    pub(crate) fn first_root(&self) -> PathBuf {
        self.folder.path().join("1.root.json")
    }

    fn publish_root(&self, version: u64, key: &Key, signers: &[&Key]) {
        let role = |key: &Key| json!({"keyids": [key.id], "threshold": 1});
        let signed = json!({
            "_type": "root",
            "spec_version": "1.0.31",
            "consistent_snapshot": true,
            "version": version,
            "expires": LATER,
            "keys": {self.root_key.id.clone(): self.root_key.json(), key.id.clone(): key.json()},
            "roles": {
                "root": role(&self.root_key),
                "timestamp": role(key),
                "snapshot": role(key),
                "targets": role(key),
            },
        });
        let signatures: Vec<_> = signers.iter().map(|key| key.signature(&signed)).collect();
        let name = format!("{version}.root.json");
        self.put(&name, &json!({"signed": signed, "signatures": signatures}));
    }

    /// Another key for the other roles, in root `version`: signed as it must be, or by the new key alone.
    pub(crate) fn rotate(&mut self, version: u64, rightly: bool) {
        let key = Key::new();
        let signer = if rightly { &self.root_key } else { &key };
        self.publish_root(version, &key, &[signer]);
        self.key = key;
    }

    /// Writes all metadata anew.
    pub(crate) fn publish(&self) {
        let version = self.version;
        let mut targets = json!({});
        let signing = self.signing_config.as_ref();
        let files = [("trusted_root.json", Some(&self.trusted_root))];
        let files = files
            .into_iter()
            .chain([("signing_config.v0.2.json", signing)]);
        for (name, bytes) in files {
            let Some(bytes) = bytes else { continue };
            let sha256 = Sha256::of(bytes).to_string();
            targets[name] = json!({"length": bytes.len(), "hashes": {"sha256": sha256}});
            self.write(&format!("targets/{sha256}.{name}"), bytes);
        }
        let targets = self.signed("targets", LATER, "targets", targets);
        let targets = self.put(&format!("{version}.targets.json"), &targets);
        let snapshot = json!({"targets.json": meta(version, &targets)});
        let snapshot = self.signed("snapshot", LATER, "meta", snapshot);
        let snapshot = self.put(&format!("{version}.snapshot.json"), &snapshot);
        let timestamp = json!({"snapshot.json": meta(version, &snapshot)});
        let timestamp = self.signed("timestamp", &self.expires, "meta", timestamp);
        self.put("timestamp.json", &timestamp);
    }

    fn signed(&self, kind: &str, expires: &str, field: &str, value: Value) -> Value {
        let mut signed = json!({
            "_type": kind,
            "spec_version": "1.0.31",
            "version": self.version,
            "expires": expires,
        });
        signed[field] = value;
        let signature = self.key.signature(&signed);
        json!({"signed": signed, "signatures": [signature]})
    }

    fn put(&self, name: &str, value: &Value) -> Vec<u8> {
        let bytes = value.to_string().into_bytes();
        self.write(name, &bytes);
        bytes
    }

    /// Puts any bytes in the place of a file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    /// A file's bytes.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap()
    }

    /// Takes a file away.
    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.folder.path().join(name)).unwrap();
    }

    /// Lets what is published next be out of date.
    pub(crate) fn expire(&mut self) {
        self.expires = PAST.to_owned();
    }

    /// The one file of the target.
    pub(crate) fn target_file(&self) -> String {
        format!(
            "targets/{}.trusted_root.json",
            Sha256::of(&self.trusted_root)
        )
    }
}

/// Serves the files of a folder on a free port of the loopback.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is no matter of the test's.
            let _ = answer(stream, &folder);
        }
    });
    url
}

fn answer(mut stream: TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, body) = match fs::read(folder.join(path.trim_start_matches('/'))) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(&body)
}

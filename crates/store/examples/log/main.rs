//! A log in a folder, for `bench/log` and `tests/log_crash`: filled without the engine, appended to, read, killed, examined.
//!
//! `log generate FOLDER ENTRIES`, `append FOLDER CLIENTS ENTRIES FIRST`, `prove FOLDER PROOFS`, `start FOLDER`,
//! `load FOLDER CLIENTS FIRST`, `examine FOLDER`. Each answers in lines of JSON.

// What an example prints is its result, and it may end where a program may not.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic)]

mod counting;
mod examine;
mod generate;
mod load;
mod prove;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use touchplate_attest::log::leaf_hash;
use touchplate_store::open_logs;
use touchplate_trust::log::{Log, LogName, LogSettings, LogStore, NewEntry};
use touchplate_trust::{KeyKind, Secret, SigningKey};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const ORIGIN: &str = "log.example/trust/rekor2";

/// Bytes of an entry: Rekor's are of that order, and the issue asks for less than 400.
const BODY_BYTES: usize = 360;

/// Where a log is.
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
}

impl Place {
    fn new(folder: &str) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    pub(crate) fn name() -> LogName {
        "rekor2".parse().unwrap()
    }

    /// In the folder, or in the database that the environment names, with its full tiles in the folder.
    pub(crate) async fn store(&self) -> Outcome<Arc<dyn LogStore>> {
        let database = match std::env::var("TOUCHPLATE_DATABASE") {
            Ok(named) => named,
            Err(_) => format!("sqlite:{}", self.database().display()),
        };
        Ok(open_logs(&database.parse()?, &self.folder).await?)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("log.sqlite")
    }

    pub(crate) fn tiles(&self) -> PathBuf {
        self.folder.join("tiles")
    }

    /// The log's key, made where there is none.
    pub(crate) fn key(&self) -> Outcome<Arc<SigningKey>> {
        let (key, secret) = (self.folder.join("key.pem"), self.folder.join("secret"));
        if !secret.exists() {
            fs::create_dir_all(&self.folder)?;
            let made = Secret::random().map_err(|_| "no randomness")?;
            let sealed = SigningKey::generate(KeyKind::Ed25519).map_err(|_| "no key")?;
            fs::write(&key, sealed.seal(&made)?)?;
            fs::write(&secret, made.to_file())?;
        }
        let secret = Secret::from_file(&fs::read(&secret)?)?;
        let key = SigningKey::unseal(&fs::read_to_string(&key)?, &secret)?;
        Ok(Arc::new(key))
    }

    pub(crate) fn settings(&self) -> Outcome<LogSettings> {
        Ok(LogSettings {
            name: Self::name(),
            origin: ORIGIN.to_owned(),
            key: self.key()?,
            former_keys: Vec::new(),
        })
    }

    pub(crate) async fn open(&self, store: Arc<dyn LogStore>) -> Outcome<Log> {
        Ok(Log::open(self.settings()?, store).await?)
    }
}

/// The entry number `n`, which no other number has.
pub(crate) fn entry(n: u64) -> NewEntry {
    let digest = |kind: &str, of: u64| leaf_hash(format!("{kind} {of}").as_bytes());
    NewEntry {
        body: body(n).into(),
        // An artifact of its own, and one of ten thousand signers.
        search: vec![digest("artifact", n), digest("signer", n % 10_000)],
        at: Timestamp::from_second(1_735_689_600 + i64::try_from(n / 100).unwrap()).unwrap(),
    }
}

/// Incompressible, as digests and signatures are.
pub(crate) fn body(n: u64) -> Vec<u8> {
    let mut body = format!("{{\"entry\":{n},\"filler\":\"").into_bytes();
    let mut state = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    while body.len() < BODY_BYTES - 2 {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        body.push(b"0123456789abcdef"[(state % 16) as usize]);
    }
    body.extend(b"\"}");
    body
}

fn main() -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["generate", folder, entries] => generate::run(&Place::new(folder), entries.parse()?).await,
        ["append", folder, clients, entries, first] => {
            let place = Place::new(folder);
            load::append(&place, clients.parse()?, entries.parse()?, first.parse()?).await
        }
        ["prove", folder, proofs] => prove::run(&Place::new(folder), proofs.parse()?).await,
        ["start", folder] => prove::start(&Place::new(folder)).await,
        ["load", folder, clients, first] => {
            load::for_ever(&Place::new(folder), clients.parse()?, first.parse()?).await
        }
        ["examine", folder] => examine::run(&Place::new(folder)).await,
        _ => Err("usage: log generate|append|prove|start|load|examine FOLDER …".into()),
    }
}

/// Lets the sequencer free its lease, so that the next process need not wait until this one looks dead.
pub(crate) async fn leave(log: Log) {
    drop(log);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
}

/// Bytes to hex digits.
pub(crate) fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Outcome {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, bytes)?)
}
